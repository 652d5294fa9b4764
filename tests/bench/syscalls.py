"""System calls per relayed message: counted by `perf trace`, or by strace where perf may not.

Two runs that differ only in the number of calls; the difference of the counts over the difference
of the calls leaves out connecting and joining. A call is two relayed messages: request and answer.
"""

import argparse
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import generator
from bench.servers import Server

SERVERS = ("gateway", "floor")
LOADS = {"1 office x 1": {"offices": 1, "outstanding": 1},
         "200 offices x 1": {"offices": 200, "outstanding": 1},
         "50 offices x 4": {"offices": 50, "outstanding": 4}}
ATTACH_WITHIN = 20.0


def perf_counts(text: str) -> dict[str, int]:
    """Lines of `perf trace -s`: name, calls, errors, times. Threads are added up."""
    found: dict[str, int] = {}
    for name, calls in re.findall(r"^\s+([a-z]\w*)\s+(\d+)\s+\d+\s+[\d.]+", text, re.M):
        found[name] = found.get(name, 0) + int(calls)
    return found


def strace_counts(text: str) -> dict[str, int]:
    """Lines of `strace -c`: share, seconds, us per call, calls, errors (may be absent), name."""
    lines = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+([a-z]\w*)$", text, re.M)
    return {name: int(calls) for calls, name in lines if name != "total"}


def perf_works() -> bool:
    if shutil.which("perf") is None:
        return False
    done = subprocess.run(["perf", "trace", "-s", "true"], capture_output=True, text=True)
    return done.returncode == 0 and bool(perf_counts(done.stderr + done.stdout))


def attached(server: Server, tracer: subprocess.Popen, perf: bool) -> bool:
    if tracer.poll() is not None:
        raise generator.RunFailed(f"the tracer ended: {tracer.returncode}")
    if perf:  # it shows itself by its open event descriptors
        links = Path(f"/proc/{tracer.pid}/fd").iterdir()
        return any("perf_event" in str(link.readlink()) for link in links if link.is_symlink())
    status = Path(f"/proc/{server.pid}/status").read_text()
    return not re.search(r"^TracerPid:\s+0$", status, re.M)


def count(server: Server, load: dict[str, object], operations: int, perf: bool) -> dict[str, int]:
    from bench import process

    with tempfile.NamedTemporaryFile("r", suffix=".counts") as out:
        command = ["perf", "trace", "-s", "-o", out.name, "-p", str(server.pid)] if perf else \
            ["strace", "-c", "-f", "-o", out.name, "-p", str(server.pid)]
        tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait_until("the tracer is attached", lambda: attached(server, tracer, perf),
                               ATTACH_WITHIN, every=0.05)
            result = generator.run(server, "relay", {**load, "bytes": 200, "warmup": 0,
                                                     "operations": operations})
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait(ATTACH_WITHIN)
        counts = perf_counts(out.read()) if perf else strace_counts(out.read())
    counts["operations"] = result["operations"]
    return counts


def measure(args: argparse.Namespace, say: Callable[[str], None]) -> dict:
    few, many = (500, 2_500) if args.quick else (5_000, 45_000)
    perf = perf_works()
    if not perf and shutil.which("strace") is None:
        raise SystemExit("bench: neither perf nor strace can count here")
    lines = []
    for title, load in LOADS.items():
        for name in SERVERS:
            counts = []
            for operations in (few, many):
                with Server.start(name) as server:
                    counts.append(count(server, load, operations, perf))
            calls = counts[1].pop("operations") - counts[0].pop("operations")
            per_call = {call: (counts[1][call] - counts[0].get(call, 0)) / calls
                        for call in counts[1]}
            lines.append({"load": title, "server": name, "per_call": per_call})
            say(f"{title}, {name}: {sum(per_call.values()) / 2:.2f} system calls per message")
    return {"tracer": "perf trace" if perf else "strace", "lines": lines}


def section(results: dict) -> str:
    from bench.report import markdown

    table = [["relay of 200 B", "server", "system calls per message", "of which"]]
    for line in results["lines"]:
        parts = sorted(((n / 2, name) for name, n in line["per_call"].items()), reverse=True)
        table.append([line["load"], line["server"], f"{sum(n for n, _ in parts):.2f}",
                      ", ".join(f"{name} {n:.2f}" for n, name in parts if n >= 0.005)])
    return (f"### System calls\n\nCounted with {results['tracer']}, whose own cost makes batches a "
            "little larger than in the table.\n\n" + markdown(table))
