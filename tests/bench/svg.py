"""Line charts as SVG: logarithmic axes, a legend, nothing else."""

import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 44, 52
COLOURS = ["#1668b8", "#222222", "#2d8a3e", "#c2410c", "#7c3aed", "#b0226a", "#0e7c86"]


@dataclass(frozen=True)
class Line:
    name: str
    points: list[tuple[float, float]]  # both above zero


def decades(low: float, high: float) -> list[float]:
    """Ticks at 1, 2 and 5 of every decade, or at the decades alone when there are many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if last - first <= 3 else (1,)
    ticks = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    return [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]


def number(value: float) -> str:
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{suffix}"
    return f"{value:g}"


class Axis:
    """Maps values to pixels on a logarithmic scale that ends a little outside the data."""

    def __init__(self, values: list[float], start: float, end: float):
        self.low, self.high = min(values) / 1.15, max(values) * 1.15
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)


def text(x: float, y: float, words: str, anchor: str = "middle", more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(words)}</text>'


def grid(across: Axis, up: Axis, ticks: list[tuple[float, str]]) -> list[str]:
    shapes = []
    for value, label in ticks:
        x = across(value)
        shapes.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        shapes.append(text(x, HEIGHT - BOTTOM + 18, label))
    for value in decades(up.low, up.high):
        y = up(value)
        shapes.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        shapes.append(text(LEFT - 8, y + 4, number(value), "end"))
    return shapes


def curve(line: Line, colour: str, across: Axis, up: Axis, place: int) -> list[str]:
    at = [(across(x), up(y)) for x, y in sorted(line.points)]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at)
    shapes = [f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    shapes += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in at]
    y = TOP + 12 + 20 * place
    shapes.append(f'<path d="M{WIDTH - RIGHT + 12} {y - 4}h18" stroke="{colour}" stroke-width="3"/>')
    shapes.append(text(WIDTH - RIGHT + 36, y, line.name, "start"))
    return shapes


def chart(title: str, across_title: str, up_title: str, lines: list[Line],
          ticks: list[tuple[float, str]] | None = None) -> str:
    """`ticks` of the horizontal axis, where they are not plain numbers."""
    lines = [Line(line.name, [(x, y) for x, y in line.points if x > 0 and y > 0])
             for line in lines]
    lines = [line for line in lines if line.points]
    if not lines:
        raise ValueError(f"nothing to draw: {title}")
    across = Axis([x for line in lines for x, _ in line.points], LEFT, WIDTH - RIGHT)
    up = Axis([y for line in lines for _, y in line.points], HEIGHT - BOTTOM, TOP)
    marks = ticks or [(tick, number(tick)) for tick in decades(across.low, across.high)]
    shapes = grid(across, up, marks)
    for place, line in enumerate(lines):
        shapes += curve(line, COLOURS[place % len(COLOURS)], across, up, place)
    middle = (LEFT + WIDTH - RIGHT) / 2
    half = (TOP + HEIGHT - BOTTOM) / 2
    shapes += [
        text(middle, 22, title, more=' font-size="15" font-weight="bold"'),
        text(middle, HEIGHT - 12, across_title),
        text(0, 0, up_title, more=f' transform="translate(18 {half:.1f}) rotate(-90)"'),
    ]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'font-family="sans-serif" font-size="12">\n'
            "<style>.grid{stroke:#dddddd;stroke-width:1;fill:none}</style>\n"
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n'
            + "\n".join(shapes) + "\n</svg>\n")
