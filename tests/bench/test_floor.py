"""The yardstick relays without an error, and the report says what the samples say."""

import json
import re
import subprocess
import xml.etree.ElementTree as tree

import pytest

from bench import figures, report, rows, svg, syscalls
from support.process import ServerProcess, binary


@pytest.fixture
def floor():
    server = ServerProcess([binary("smcp-floor"), "--port", "0"])
    yield server, "http://" + server.wait_line(r"^smcp-floor ready listen=(\S+)$")[1]
    assert server.running, "the yardstick ended by itself"
    server.kill()


def load(floor, *arguments: str) -> dict:
    server, url = floor
    done = subprocess.run(
        [binary("smcp-bench"), *arguments, "--url", url, "--server-pid", str(server.process.pid),
         "--json", "--quiet"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("size", [200, 70_000])
def test_yardstick_relays_every_byte(floor, size):
    result = load(floor, "relay", "--offices", "5", "--outstanding", "3", "--bytes", str(size),
                  "--operations", "500", "--warmup", "0")
    assert result["operations"] >= 500
    for name in ("losses", "misroutes", "mismatches", "refused"):
        assert result[name] == 0, result


def test_yardstick_tells_an_office_its_news(floor):
    result = load(floor, "fanout", "--members", "30", "--operations", "5")
    assert (result["operations"], result["losses"]) == (5, 0)


def test_yardstick_survives_comings_and_goings(floor):
    result = load(floor, "churn", "--concurrency", "8", "--operations", "100")
    assert (result["operations"], result["losses"], result["refused"]) == (100, 0, 0)


# ---------------------------------------------------------------- the report


def sample(server: str, run: int, cpu: float, p50: float = 100.0, workload: str = "wide",
           **more: object) -> dict:
    result = {"operations": 1000, "rate": 500.0, "client": {"cpu_share": 0.5},
              "latency_us": {"p50": p50, "p90": 2 * p50, "p99": 3 * p50, "p99_9": 4 * p50},
              "server_process": {"cpu_us_per_op": cpu, "rss_per_connection": 500.0}}
    return {"workload": workload, "server": server, "run": run, "result": {**result, **more}}


SAMPLES = [
    sample("gateway", 0, 10.0), sample("gateway", 1, 15.0), sample("gateway", 2, 30.0),
    sample("floor", 0, 10.0), sample("floor", 1, 10.0), sample("floor", 2, 15.0),
    sample("node", 0, 70.0, losses=3),
    {"workload": "wide", "server": "python", "run": 0, "error": "not finished after 9 s"},
]
RESULTS = {
    "machine": {"processor": "some processor", "commit": "abc1234"},
    "settings": {"runs": 3, "seconds": 1.0},
    "samples": SAMPLES,
    "curves": {"payload": [{"server": "gateway", "value": size, **sample("gateway", 0, size / 100)}
                           for size in (160, 1024, 4096)]},
}
WIDE = next(row for row in rows.ROWS if row.key == "wide-cpu")


def line_of(key: str) -> list[str]:
    title = next(row.title for row in rows.ROWS if row.key == key)
    return next(line for line in report.lines_of(RESULTS) if line[0] == title)


def test_ratio_is_the_median_of_ratios_within_a_run():
    found = figures.ratio(SAMPLES, WIDE, "gateway")
    assert (found.median, found.least, found.most, found.runs) == (1.5, 1.0, 2.0, 3)


def test_table_shows_medians_spread_ratio_and_verdict():
    head = report.lines_of(RESULTS)[0]
    assert head[1:5] == ["smcp-gateway", "yardstick", "Node socket.io", "Python reference"]
    assert line_of("wide-cpu")[1:] == ["15.0 us ±67%", "10.0 us ±25%", "70.0 us", "failed",
                                       "1.50 (1.00 to 2.00)", "<= 1.30", "not met"]
    assert line_of("wide-p999")[-3:] == ["1.00 (1.00 to 1.00)", "<= 1.50", "met"]


def test_a_run_in_which_nothing_came_through_has_no_value():
    nothing = sample("gateway", 0, 0.0)
    nothing["result"]["operations"] = 0
    assert figures.values([nothing, sample("gateway", 1, 7.0)], WIDE, "gateway") == {1: 7.0}


def test_rows_that_were_not_measured_are_left_out():
    assert len(report.lines_of(RESULTS)) == 1 + 2


def test_a_limit_is_judged_by_itself():
    storm = next(row for row in rows.ROWS if row.key == "storm")
    slow = [sample("gateway", 0, 1.0, workload="fanout", join_storm_s=2.1)]
    fast = [sample("gateway", 0, 1.0, workload="fanout", join_storm_s=1.9)]
    assert figures.verdict(slow, storm) == "not met"
    assert figures.verdict(fast, storm) == "met"
    assert figures.verdict([], storm) == ""


def test_remarks_name_what_was_lost_and_what_failed():
    notes = "\n".join(report.remarks(RESULTS))
    assert "Node socket.io, wide: losses: 3" in notes
    assert "Python reference, wide: no result (not finished after 9 s): 1" in notes


def test_readme_keeps_its_words_and_replaces_its_figures(tmp_path, monkeypatch):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    monkeypatch.setattr(report, "README", readme)
    monkeypatch.setattr(report, "PLOTS", tmp_path / "plots")
    for _ in range(2):
        report.write(RESULTS, ["### Growth\n\nfigures"])
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert text.count("| smcp-gateway |") == 1 and "### Growth" in text and "abc1234" in text
    for name in re.findall(r"\(plots/(\S+)\)", text):
        tree.parse(tmp_path / "plots" / name)
    assert (tmp_path / "plots" / "latency.svg").exists()
    assert (tmp_path / "plots" / "cpu-over-payload.svg").exists()


def test_chart_puts_larger_values_higher_and_to_the_right():
    drawing = svg.chart("t <", "x", "y", [svg.Line("a", [(1, 1), (10, 100)])])
    tree.fromstring(drawing)
    (x1, y1), (x2, y2) = [(float(x), float(y)) for x, y in
                          re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawing)]
    assert x1 < x2 and y1 > y2


def test_tracers_are_read():
    perf = " smcp (12), 9 events\n   sendto   5  0   0.1  0.0  0.0  0.0  0.00%\n" \
           " smcp (13), 9 events\n   sendto   2  1   0.1  0.0  0.0  0.0  0.00%\n"
    assert syscalls.perf_counts(perf) == {"sendto": 7}
    strace = "% time     seconds  usecs/call     calls    errors syscall\n" \
             " 60.00    0.000100           1        44         3 recvfrom\n" \
             " 40.00    0.000100           1        22           sendto\n" \
             "100.00    0.000200           1        66         3 total\n"
    assert syscalls.strace_counts(strace) == {"recvfrom": 44, "sendto": 22}
