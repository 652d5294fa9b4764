"""Counts the instructions of the hot path with callgrind and compares them with instructions.json.

    python3 tests/guard/guard.py --binary build/release/bin/smcp-hot-path [--update]

A count is what one call of a workload costs inside the gateway: COUNT_HIGH runs of it less COUNT_LOW
runs, so that what happens once cancels out; only what runs below the functions named Guarded*; and
without libc, whose memcpy differs from CPU to CPU. simdjson is pinned, one figure for each
implementation, because valgrind shows the program the CPU of its host. Exit status 1: a figure has
grown by more than TOLERANCE, or has none to compare with.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
FIGURES = HERE / "instructions.json"
TOLERANCE = 0.05
WORKLOADS = ["codec_200", "codec_16k", "route_200", "relay_200", "relay_16k", "watched_200"]
# Best first. `icelake` is not among them: valgrind knows no AVX-512.
IMPLEMENTATIONS = ["haswell", "westmere"]
COUNT_LOW, COUNT_HIGH = 40, 140
NOT_OURS = re.compile(r"/(libc|ld-linux|libm|libpthread)[.-]")


def parse_costs(text: str) -> collections.Counter[str]:
    """Self cost by function, of all objects but libc, from a callgrind.out file."""
    names: dict[tuple[str, str], str] = {}
    costs: collections.Counter[str] = collections.Counter()
    ours, function, called = True, "", False

    def name_of(kind: str, value: str) -> str:
        number, _, name = value.partition(" ")
        if name:
            names[kind, number] = name
        return names[kind, number]

    for line in text.splitlines():
        if called:  # the line behind `calls=` is the callee's inclusive cost
            called = False
        elif line.startswith("ob="):
            ours = not NOT_OURS.search(name_of("ob", line[3:]))
        elif line.startswith("fn="):
            function = name_of("fn", line[3:])
        elif line.startswith("cfn="):
            name_of("fn", line[4:])
        elif line.startswith("cob="):
            name_of("ob", line[4:])
        elif line.startswith("calls="):
            called = True
        elif ours and re.match(r"[+\-*\d]\S* \d+$", line):
            costs[function] += int(line.rsplit(" ", 1)[1])
    return costs


def run(binary: pathlib.Path, workload: str, count: int, implementation: str) -> collections.Counter[str]:
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=Guarded*", "--dump-line=no",
             "--compress-pos=no", f"--callgrind-out-file={out}", binary, workload, str(count),
             implementation],
            check=True, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return parse_costs(out.read_text())


def measure(binary: pathlib.Path, workload: str, implementation: str) -> collections.Counter[str]:
    """Instructions per call, by function."""
    low = run(binary, workload, COUNT_LOW, implementation)
    high = run(binary, workload, COUNT_HIGH, implementation)
    high.subtract(low)
    return collections.Counter(
        {name: cost / (COUNT_HIGH - COUNT_LOW) for name, cost in high.items() if cost}
    )


def available(binary: pathlib.Path) -> list[str]:
    return [name for name in IMPLEMENTATIONS
            if subprocess.run([binary, "codec_200", "1", name], capture_output=True).returncode == 0]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--update", action="store_true", help="write the figures instead")
    parser.add_argument("--top", type=int, default=0, help="show the most expensive functions")
    parser.add_argument("--only", help="one workload")
    options = parser.parse_args()

    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    implementations = available(options.binary)
    if not implementations:
        print("none of the implementations runs here:", *IMPLEMENTATIONS)
        return 1
    if not options.update and options.top == 0:
        implementations = implementations[:1]
    jobs = [(i, w) for i in implementations for w in WORKLOADS if options.only in (None, w)]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda job: measure(options.binary, job[1], job[0]), jobs))
    bad = 0
    for (implementation, workload), costs in zip(jobs, results):
        count = round(sum(costs.values()))
        before = known.get(implementation, {}).get(workload)
        change = f"{100 * (count / before - 1):+6.1f} %" if before else "  no figure"
        grown = before is None or count > before * (1 + TOLERANCE)
        verdict = "GROWN" if grown and not options.update else ""
        print(f"{implementation:9} {workload:11} {count:9} instructions {change} {verdict}")
        for name, cost in costs.most_common(options.top):
            print(f"    {cost:10.1f}  {name[:150]}")
        bad += bool(verdict)
        known.setdefault(implementation, {})[workload] = count
    if options.update:
        FIGURES.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
        return 0
    if bad:
        print("a figure is changed on purpose only: ./dev guard --update, in the commit that says why")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
