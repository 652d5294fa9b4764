"""The benchmark: `./dev bench [table|growth|scale|syscalls|control|report] [options]`.

Servers are run interleaved (every server meets the same minutes of the machine), each run with a
fresh process, server and generator pinned to one CPU each. Results are kept as JSON under
build/results/bench/; a full run of the table also writes tests/bench/README.md and its plots.
"""

import argparse
import json
import sys

from bench import control, generator, growth, machine, report, rows, scale, syscalls
from bench.servers import KINDS, Server, available

TABLE = machine.RESULTS / "table.json"


def say(text: str) -> None:
    print(text, flush=True)


def measure(server: str, verb: str, options: dict[str, object]) -> dict:
    """{"result"} or {"error"}: one server's failure must not end the others' comparison."""
    try:
        with Server.start(server) as running:
            return {"result": generator.run(running, verb, options)}
    except (generator.RunFailed, RuntimeError) as error:
        return {"error": str(error).splitlines()[0]}


def outcome(sample: dict) -> str:
    if "error" in sample:
        return f"no result: {sample['error']}"
    result = sample["result"]
    unclean = "".join(f", {count} {name}" for name, count in generator.faults(result).items())
    if unclean:
        unclean += f" ({result.get('first_problem', '')[:100]})"
    return (f"{result['operations']:,} operations, {rows.cpu(result):.2f} us CPU each, generator at "
            f"{result['client']['cpu_share']:.0%}{unclean}")


def take_samples(args: argparse.Namespace, servers: list[str], wanted: list[str], run: int,
                 samples: list[dict]) -> None:
    """One run: appends to `samples`."""
    turn = servers[run % len(servers):] + servers[:run % len(servers)]
    if run >= args.peer_runs:
        turn = [server for server in turn if server in rows.COMPARED]
    for name in wanted:
        workload = rows.WORKLOADS[name]
        for server in turn:
            sample = measure(server, workload.verb, workload.arguments(args.quick, args.seconds))
            samples.append({"workload": name, "server": server, "run": run, **sample})
            say(f"run {run + 1}, {name}, {server}: {outcome(sample)}")


def take_curves(args: argparse.Namespace, servers: list[str],
                curves: dict[str, list[dict]]) -> None:
    for curve, (option, steps, fixed) in rows.CURVES.items():
        curves[curve] = []
        for value in steps[1::2] if args.quick else steps:
            for server in servers:
                options = {**fixed, option: value, "seconds": args.seconds, "warmup": 0.5}
                sample = measure(server, "relay", options)
                curves[curve].append({"server": server, "value": value, **sample})
                say(f"{curve} {value}, {server}: {outcome(sample)}")


def choose(asked: str | None, known: list[str], what: str) -> list[str]:
    names = asked.split(",") if asked else known
    if wrong := [name for name in names if name not in known]:
        sys.exit(f"bench: unknown {what} {', '.join(wrong)} (known: {', '.join(known)})")
    return names


def choose_servers(args: argparse.Namespace) -> list[str]:
    servers = choose(args.servers, list(KINDS), "server")
    missing = [name for name in servers if not available(name)]
    if missing:
        say(f"bench: not installed, so not measured: {', '.join(missing)} (./dev setup bench)")
    return [name for name in servers if name not in missing]


def keep(path: "machine.Path", results: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")


def kept(name: str) -> dict | None:
    path = machine.RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def further_sections() -> list[str]:
    """What the other verbs measured last."""
    modules = {"growth": growth, "scale": scale, "syscalls": syscalls, "control": control}
    found = {name: kept(name) for name in modules}
    return [modules[name].section(results) for name, results in found.items()
            if results and not results["quick"]]


def verb_table(args: argparse.Namespace) -> None:
    servers = choose_servers(args)
    wanted = choose(args.rows, list(rows.WORKLOADS), "row")
    results: dict = {"quick": args.quick, "machine": machine.describe(), "samples": [],
                     "curves": {}, "settings": {"runs": args.runs, "peer_runs": args.peer_runs,
                                                "seconds": args.seconds}}
    path = TABLE.with_stem("table-quick") if args.quick else TABLE
    for run in range(args.runs):
        take_samples(args, servers, wanted, run, results["samples"])
        keep(path, results)  # what has been measured is not lost when a later run is broken off
    if args.curves:
        take_curves(args, servers, results["curves"])
    keep(path, results)
    say("\n" + report.plain(report.lines_of(results)))
    for note in report.remarks(results):
        say(f"not clean: {note}")
    if not args.quick and not args.rows and not args.servers:
        report.write(results, further_sections())
        say("written: tests/bench/README.md, tests/bench/plots/")


def verb_report(args: argparse.Namespace) -> None:
    results = kept("table")
    if results is None:
        sys.exit("bench: no full run of the table is kept yet: ./dev bench")
    report.write(results, further_sections())
    say("written: tests/bench/README.md, tests/bench/plots/")


def further(module) -> "callable":
    def verb(args: argparse.Namespace) -> None:
        results = {"quick": args.quick, "machine": machine.describe(), **module.measure(args, say)}
        name = module.__name__.split(".")[-1]
        keep(machine.RESULTS / (f"{name}-quick.json" if args.quick else f"{name}.json"), results)
        say("\n" + module.section(results))
    return verb


VERBS = {"table": verb_table, "report": verb_report, "growth": further(growth),
         "scale": further(scale), "syscalls": further(syscalls), "control": further(control)}


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n\n")[0])
    parser.add_argument("verb", nargs="?", default="table", choices=VERBS)
    parser.add_argument("--rows", help=f"workloads of the table: {','.join(rows.WORKLOADS)}")
    parser.add_argument("--servers", help=f"servers: {','.join(KINDS)}")
    parser.add_argument("--runs", type=int, help="runs of each (3; quick: 1)")
    parser.add_argument("--peer-runs", type=int,
                        help="runs of the servers that no goal compares with (as --runs)")
    parser.add_argument("--seconds", type=float, help="length of a relay run (5; quick: 1)")
    parser.add_argument("--quick", action="store_true", help="small and short: a smoke test")
    parser.add_argument("--no-curves", dest="curves", action="store_false",
                        help="without the runs for the plots")
    args = parser.parse_args(arguments)
    args.runs = args.runs or (1 if args.quick else 3)
    args.peer_runs = args.peer_runs or args.runs
    args.seconds = args.seconds or (1.0 if args.quick else 5.0)
    return args


if __name__ == "__main__":
    parsed = parse(sys.argv[1:])
    VERBS[parsed.verb](parsed)
