"""Medians, spreads and ratios of repeated runs."""

import statistics
from dataclasses import dataclass

from bench.rows import Row


@dataclass(frozen=True)
class Figure:
    median: float
    least: float
    most: float
    runs: int

    @property
    def spread(self) -> float:
        """Distance of the extremes, as a share of the median."""
        return (self.most - self.least) / self.median if self.median else 0.0


def figure(values: list[float]) -> Figure | None:
    if not values:
        return None
    return Figure(statistics.median(values), min(values), max(values), len(values))


def values(samples: list[dict], row: Row, server: str) -> dict[int, float]:
    """The row's value of every run that gave one, by number of the run."""
    found = {}
    for sample in samples:
        if sample["workload"] != row.workload or sample["server"] != server:
            continue
        if not sample.get("result", {}).get("operations"):
            continue  # it failed, or nothing came through: no value, which shows
        try:
            found[sample["run"]] = float(row.read(sample["result"]))
        except (KeyError, TypeError):
            continue  # a result without this field
    return found


def ratio(samples: list[dict], row: Row, server: str, base: str = "floor") -> Figure | None:
    """The ratio to the yardstick, taken within each run: both met the same machine."""
    mine, base_values = values(samples, row, server), values(samples, row, base)
    return figure([mine[run] / base_values[run] for run in sorted(mine)
                   if base_values.get(run)])


def verdict(samples: list[dict], row: Row, server: str = "gateway") -> str:
    """"met", "not met", or empty when it was not measured."""
    if row.limit is not None:
        own = figure(list(values(samples, row, server).values()))
        return "" if own is None else "met" if own.median <= row.limit else "not met"
    relative = ratio(samples, row, server)
    if relative is None or row.ratio_max is None:
        return ""
    return "met" if relative.median <= row.ratio_max else "not met"


def goal(row: Row) -> str:
    if row.limit is not None:
        return f"<= {row.limit:,.0f} {row.unit}"
    return f"<= {row.ratio_max:.2f}"


def short(value: float, unit: str) -> str:
    """Three digits that mean something."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}"
