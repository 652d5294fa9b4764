"""The table for people and for README.md, and the plots, from the results of a run.

Results are what run.py keeps as JSON: {"machine": {..}, "settings": {..}, "samples": [{"workload",
"server", "run", "result" or "error"}], "curves": {name: [{"server", "value", "result"}]}}.
"""

from pathlib import Path

from bench import figures, generator, svg
from bench.rows import CURVES, ROWS, Row, cpu
from bench.servers import KINDS

README = Path(__file__).with_name("README.md")
PLOTS = Path(__file__).with_name("plots")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
ORDER = ["gateway", "floor", "node", "python", "socketioxide", "rust-sdk"]
SHARES = {"p50": 0.5, "p90": 0.1, "p99": 0.01, "p99_9": 0.001}


def measured_servers(results: dict) -> list[str]:
    seen = {sample["server"] for sample in results["samples"]}
    return [name for name in ORDER if name in seen]


def cell(samples: list[dict], row: Row, server: str) -> str:
    found = figures.figure(list(figures.values(samples, row, server).values()))
    if found is None:
        failed = any(s["workload"] == row.workload and s["server"] == server for s in samples)
        return "failed" if failed else ""
    text = figures.short(found.median, row.unit)
    return f"{text} ±{found.spread / 2:.0%}" if found.runs > 1 else text


def lines_of(results: dict) -> list[list[str]]:
    """Header and body of the table."""
    samples, servers = results["samples"], measured_servers(results)
    head = ["workload", *(KINDS[name].title for name in servers), "ours / yardstick", "goal", ""]
    body = []
    for row in ROWS:
        if not any(sample["workload"] == row.workload for sample in samples):
            continue
        relative = figures.ratio(samples, row, "gateway")
        between = f" ({relative.least:.2f} to {relative.most:.2f})" \
            if relative and relative.runs > 1 else ""
        body.append([row.title, *(cell(samples, row, name) for name in servers),
                     f"{relative.median:.2f}{between}" if relative else "",
                     figures.goal(row), figures.verdict(samples, row)])
    return [head, *body]


def markdown(table: list[list[str]]) -> str:
    rule = ["---"] * len(table[0])
    return "\n".join("| " + " | ".join(line) + " |" for line in [table[0], rule, *table[1:]])


def plain(table: list[list[str]]) -> str:
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    return "\n".join("  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip()
                     for line in table)


def remarks(results: dict) -> list[str]:
    """Runs that failed or were not clean, and those in which the generator was the bottleneck."""
    notes: dict[str, int] = {}
    for sample in results["samples"]:
        where = f"{KINDS[sample['server']].title}, {sample['workload']}"
        if "error" in sample:
            notes[f"{where}: no result ({sample['error']})"] = 1 + notes.get(
                f"{where}: no result ({sample['error']})", 0)
            continue
        for name, count in generator.faults(sample["result"]).items():
            key = f"{where}: {name}"
            notes[key] = notes.get(key, 0) + count
        if sample["result"].get("client", {}).get("cpu_share", 0) > 0.97:
            key = f"{where}: runs in which the generator had no CPU left"
            notes[key] = notes.get(key, 0) + 1
    return [f"{text}: {count}" for text, count in sorted(notes.items())]


def latency_chart(results: dict, workload: str) -> str:
    lines = []
    for name in measured_servers(results):
        runs = [s["result"]["latency_us"] for s in results["samples"]
                if s["workload"] == workload and s["server"] == name and "result" in s]
        points = []
        for key, share in SHARES.items():
            middle = figures.figure([run[key] for run in runs if run.get(key)])
            if middle:
                points.append((1 / share, middle.median))
        lines.append(svg.Line(KINDS[name].title, points))
    ticks = [(1 / share, key.replace("_", ".")) for key, share in SHARES.items()]
    return svg.chart("Latency of a call (200 offices x 1 outstanding, 200 bytes)",
                     "share of calls that are faster", "us", lines, ticks)


def curve_chart(results: dict, curve: str, title: str, across: str) -> str:
    lines = []
    for name in ORDER:
        by_value: dict[float, list[float]] = {}
        for sample in results["curves"][curve]:
            if sample["server"] == name and "result" in sample:
                by_value.setdefault(sample["value"], []).append(cpu(sample["result"]))
        points = [(value, figures.figure(found).median) for value, found in by_value.items()]
        lines.append(svg.Line(KINDS[name].title, points))
    values = sorted({sample["value"] for sample in results["curves"][curve]})
    return svg.chart(title, across, "us of server CPU per call", lines,
                     [(value, f"{value:,}") for value in values])


def plots(results: dict) -> dict[str, str]:
    made = {}
    if any(s["workload"] == "wide" and "result" in s for s in results["samples"]):
        made["latency.svg"] = latency_chart(results, "wide")
    titles = {
        "payload": ("CPU per call over payload size (50 offices x 4 outstanding)",
                    "bytes each way"),
        "offices": ("CPU per call over number of offices (1 outstanding each, 200 bytes)",
                    "offices"),
    }
    for curve in CURVES:
        if any("result" in sample for sample in results.get("curves", {}).get(curve, [])):
            made[f"cpu-over-{curve}.svg"] = curve_chart(results, curve, *titles[curve])
    return made


def section(results: dict, more: list[str]) -> str:
    """What goes between the marks of README.md."""
    settings = results["settings"]
    peer_runs = settings.get("peer_runs", settings["runs"])
    fewer = f" ({peer_runs} of the servers that no goal compares with)" \
        if peer_runs != settings["runs"] else ""
    parts = [f"Medians of {settings['runs']} runs{fewer}, relays of {settings['seconds']:g} s each; "
             "± is half the distance between the extremes. Ratios are taken within a run, then "
             "their median.", markdown(lines_of(results))]
    if notes := remarks(results):
        parts.append("Not clean, over all runs:\n\n" + "\n".join(f"- {note}" for note in notes))
    parts += more
    parts += [f"![{name}](plots/{name})" for name in plots(results)]
    about = [["what", "measured with"]] + [[k, v] for k, v in results["machine"].items() if v]
    parts.append(markdown(about))
    return "\n\n".join(parts)


def write(results: dict, more: list[str]) -> None:
    PLOTS.mkdir(exist_ok=True)
    for name, drawing in plots(results).items():
        (PLOTS / name).write_text(drawing)
    text = README.read_text()
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    README.write_text(f"{before}{BEGIN}\n\n{section(results, more)}\n\n{END}{after}")
