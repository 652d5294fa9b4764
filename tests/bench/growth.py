"""How the cost of a call grows: with offices, shards, idle connections, bytes, and load.

Every pair is measured interleaved, `--runs` times, and its ratio taken within a run. The yardstick
goes along where the comparison means something for it: what grows there too is the kernel's.
"""

import argparse
from collections.abc import Callable

from bench import figures, generator, machine, process
from bench.rows import cpu
from bench.servers import Server

GATEWAYS = ("gateway", "floor")
BASE = {"offices": 50, "outstanding": 4, "bytes": 200}
CONNECT_WITHIN = 120.0
REACHED_MIN = 0.97  # of the rate that was asked for
SIZES = [1024, 4096, 16384, 65536, 262144]


def relay(server: Server, args: argparse.Namespace, **options: object) -> dict:
    result = generator.run(server, "relay", {"seconds": args.seconds, "warmup": args.seconds / 5,
                                             **BASE, **options})
    if unclean := generator.faults(result):
        raise generator.RunFailed(f"{server.name}: {unclean}")
    return result


def compare(first: list[float], second: list[float]) -> dict:
    ratios = figures.figure([b / a for a, b in zip(first, second)])
    return {"first": figures.figure(first).median, "second": figures.figure(second).median,
            "ratio": ratios.median, "least": ratios.least, "most": ratios.most}


def offices(args: argparse.Namespace, say: Callable[[str], None]) -> list[dict]:
    """The same load over many offices and over few: closed loop with one call each, and a fixed rate."""
    many = 500 if args.quick else 5_000
    lines = []
    for name in GATEWAYS:
        for title, options in (("1 outstanding each", {"outstanding": 1}),
                               ("5,000 calls a second", {"outstanding": 4, "rate": 5_000})):
            few_us, many_us = [], []
            for _ in range(args.runs):
                with Server.start(name) as server:
                    few_us.append(cpu(relay(server, args, **options)))
                with Server.start(name) as server:
                    many_us.append(cpu(relay(server, args, **options, offices=many)))
            lines.append({"title": f"{many:,} offices against 50, {title}", "server": name,
                          "goal": 1.15, **compare(few_us, many_us)})
            say(f"{lines[-1]['title']}, {name}: {lines[-1]['ratio']:.2f}")
    return lines


def shards(args: argparse.Namespace, say: Callable[[str], None]) -> list[dict]:
    lines = []
    server_cpu, generator_cpu = machine.cpus()
    for title, on in (("on one core", {server_cpu}), ("on both cores", {server_cpu, generator_cpu})):
        one_us, four_us = [], []
        for _ in range(args.runs):
            for threads, found in (("1", one_us), ("4", four_us)):
                with Server.start("gateway", {"threads": threads}, on) as server:
                    found.append(cpu(relay(server, args)))
        lines.append({"title": f"4 shards against 1, {title}", "server": "gateway", "goal": 1.25,
                      **compare(one_us, four_us)})
        say(f"{lines[-1]['title']}: {lines[-1]['ratio']:.2f}")
    return lines


def idle_beside(args: argparse.Namespace, say: Callable[[str], None]) -> list[dict]:
    """The relay beside connections that only sit there. Their heartbeats are part of the cost."""
    count = 1_000 if args.quick else 15_000
    hold = 2 * args.seconds + 40
    lines = []
    for name in GATEWAYS:
        alone_us, beside_us = [], []
        for _ in range(args.runs):
            with Server.start(name) as server:
                alone_us.append(cpu(relay(server, args)))
                crowd = generator.start(server, "idle", {
                    "connections": count, "sources": 20, "members": 10, "hold": hold})
                try:
                    wait_for_crowd(server, crowd, count)
                    beside_us.append(cpu(relay(server, args)))
                finally:
                    crowd.terminate()
                    crowd.communicate()
        lines.append({"title": f"with {count:,} idle connections beside", "server": name,
                      "goal": 1.10, **compare(alone_us, beside_us)})
        say(f"{lines[-1]['title']}, {name}: {lines[-1]['ratio']:.2f}")
    return lines


def wait_for_crowd(server: Server, crowd, count: int) -> None:
    """All are connected, and the server has come to rest: joins take CPU, sitting there does not."""
    def connected() -> bool:
        if crowd.poll() is not None:
            raise generator.RunFailed("the idle connections did not come up")
        return process.descriptors(server.pid) >= count

    def at_rest() -> bool:
        nonlocal before
        used, before = process.cpu_seconds(server.pid) - before, process.cpu_seconds(server.pid)
        return used < 0.02

    process.wait_until("all are connected", connected, CONNECT_WITHIN)
    before = process.cpu_seconds(server.pid)
    process.wait_until("the server is at rest", at_rest, CONNECT_WITHIN, every=0.5)


def linear(args: argparse.Namespace, say: Callable[[str], None]) -> list[dict]:
    """CPU per call over bytes each way. Linear: a further KiB costs no more at the end than before."""
    sizes = SIZES[:4] if args.quick else SIZES
    lines = []
    for name in GATEWAYS:
        costs = {size: [] for size in sizes}
        for _ in range(args.runs):
            for size in sizes:
                with Server.start(name) as server:
                    costs[size].append(cpu(relay(server, args, bytes=size)))
        middle = {size: figures.figure(found).median for size, found in costs.items()}
        steps = [(middle[b] - middle[a]) / (b - a) * 1024 for a, b in zip(sizes, sizes[1:])]
        lines.append({"server": name, "cost": middle, "per_kib": steps})
        say(f"bytes, {name}: " + ", ".join(f"{size} B {us:.1f} us" for size, us in middle.items()))
    return lines


def tail(args: argparse.Namespace, say: Callable[[str], None]) -> list[dict]:
    """Latency at 70 % of the rate that the server reaches in a closed loop."""
    lines = []
    for name in GATEWAYS:
        p50, p99, rates, reached = [], [], [], []
        for _ in range(args.runs):
            with Server.start(name) as server:
                rate = 0.7 * relay(server, args)["rate"]
                open_loop = relay(server, args, rate=round(rate))
            rates.append(rate)
            reached.append(open_loop["rate"] / rate)
            p50.append(open_loop["latency_us"]["p50"])
            p99.append(open_loop["latency_us"]["p99"])
        lines.append({"title": f"p99 against p50 at 70 % load ({figures.figure(rates).median:,.0f} "
                               "calls a second)", "server": name, "goal": 3.0,
                      "reached": figures.figure(reached).median, **compare(p50, p99)})
        say(f"{lines[-1]['title']}, {name}: {lines[-1]['ratio']:.2f}")
    return lines


def measure(args: argparse.Namespace, say: Callable[[str], None]) -> dict:
    found: dict[str, list] = {"ratios": [], "bytes": [], "failed": []}
    for part in (offices, shards, idle_beside, tail, linear):
        try:
            found["bytes" if part is linear else "ratios"] += part(args, say)
        except (generator.RunFailed, RuntimeError) as error:
            found["failed"].append(f"{part.__name__}: {error}".splitlines()[0])
            say(f"no result: {found['failed'][-1]}")
    return {"runs": args.runs, "seconds": args.seconds, **found}


def verdict(line: dict) -> str:
    if line["server"] != "gateway":
        return ""
    if line.get("reached", 1.0) < REACHED_MIN:  # latencies of an overload say nothing about 70 %
        return f"load not reached ({line['reached']:.0%})"
    return "met" if line["ratio"] <= line["goal"] else "not met"


def section(results: dict) -> str:
    from bench.report import markdown

    table = [["growth", "server", "first, us", "second, us", "ratio", "goal", ""]]
    for line in results["ratios"]:
        table.append([line["title"], line["server"], f"{line['first']:.2f}", f"{line['second']:.2f}",
                      f"{line['ratio']:.2f} ({line['least']:.2f} to {line['most']:.2f})",
                      f"<= {line['goal']:.2f}", verdict(line)])
    parts = [f"### Growth\n\nMedians of {results['runs']} runs of {results['seconds']:g} s.",
             markdown(table)]
    if results["bytes"]:
        parts.append(markdown(bytes_table(results["bytes"])))
    parts += [f"No result: {text}" for text in results["failed"]]
    return "\n\n".join(parts)


def bytes_table(lines: list[dict]) -> list[list[str]]:
    costs = [["CPU per call over bytes each way, us", *(f"{int(size):,} B" for size in lines[0]["cost"]),
              "us for a further KiB"]]
    for line in lines:
        costs.append([line["server"], *(f"{us:.1f}" for us in line["cost"].values()),
                      ", ".join(f"{us:.2f}" for us in line["per_kib"])])
    return costs
