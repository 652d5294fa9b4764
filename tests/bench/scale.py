"""19,000 connections in one process: joined, held, counted, dropped; and what that would mean for a
large machine, on paper."""

import argparse
import http.client
import json
from collections.abc import Callable

from bench import generator, process
from bench.rows import CONNECTIONS_MAX
from bench.servers import Server

HOLD = 180.0
SETTLE_WITHIN = 30.0
MEMBERS = 10
PAPER_CORES, PAPER_GIB = 32, 64
CORE_MAX, MEMORY_MAX, BACK_MAX, RATE_MIN, RSS_MAX = 0.03, 0.8, 0.20, 8_000, 2_048


def counts(server: Server) -> dict[str, int]:
    connection = http.client.HTTPConnection("127.0.0.1", server.admin_port, timeout=10)
    try:
        connection.request("GET", "/readyz?verbose")
        return json.loads(connection.getresponse().read())["counts"]
    finally:
        connection.close()


def measure(args: argparse.Namespace, say: Callable[[str], None]) -> dict:
    wanted = 1_000 if args.quick else CONNECTIONS_MAX
    hold = 5.0 if args.quick else HOLD
    with Server.start("gateway") as server:
        rss_empty, tcp_empty = process.rss_bytes(server.pid), process.kernel_tcp_bytes()
        crowd = generator.start(server, "idle", {
            "connections": wanted, "hold": hold, "sources": 20, "members": MEMBERS,
            "concurrency": 100, "drop-all": True, "deadline": hold + 300})
        process.wait_until("all have joined", lambda: ended(crowd) or
                           counts(server)["members"] >= wanted, hold + 240)
        rss_full, tcp_full = process.rss_bytes(server.pid), process.kernel_tcp_bytes()
        say(f"{wanted:,} joined, {(rss_full - rss_empty) / wanted:.0f} B each; held for {hold:g} s")
        least = wanted
        result = None
        while result is None:  # the generator gives the rhythm; the server is asked beside it
            try:
                crowd.wait(min(5.0, hold / 5))
                result = generator.finish(crowd)
            except generator.subprocess.TimeoutExpired:
                members = counts(server)["members"]
                if members:  # none: they were just dropped
                    least = min(least, members)
        process.wait_until("the tables are empty", lambda: counts(server)["members"] == 0,
                           SETTLE_WITHIN)
        empty = counts(server)
        rss_after = settled_rss(server.pid)
    return {"wanted": wanted, "hold": hold, "result": result, "least_alive": least,
            "rss_empty": rss_empty, "rss_full": rss_full, "rss_after": rss_after,
            "tcp_bytes": tcp_full - tcp_empty, "counts_after": empty}


def settled_rss(pid: int) -> int:
    """Resident memory once two readings a second apart agree."""
    def rests() -> bool:
        nonlocal last
        before, last = last, process.rss_bytes(pid)
        return before == last

    last = -1
    process.wait_until("memory has come to rest", rests, SETTLE_WITHIN, every=1.0)
    return last


def ended(crowd) -> bool:
    if crowd.poll() is not None:
        raise generator.RunFailed("the generator ended before all had joined")
    return False


def paper(rss: float, share: float, connections: int) -> dict[str, float]:
    """What the measured figures mean for the large machine: memory and heartbeats, at 80 % of each."""
    return {"by_memory": MEMORY_MAX * PAPER_GIB * 2**30 / rss,
            "by_heartbeats": MEMORY_MAX * PAPER_CORES / (share / connections)}


def section(results: dict) -> str:
    from bench.report import markdown

    result, wanted = results["result"], results["wanted"]
    share = result["server_process"]["cpu_share"]
    each = (results["rss_full"] - results["rss_empty"]) / wanted
    kept = results["rss_after"] / results["rss_empty"] - 1
    rate = result.get("connect_rate", 0)
    unclean = generator.faults(result)
    left = {name: count for name, count in results["counts_after"].items() if count}
    kernel = max(results["tcp_bytes"], 0) / wanted

    def met(holds: bool) -> str:
        return "met" if holds else "not met"

    table = [["one process, " + f"{wanted:,} joined connections", "measured", "goal", ""],
             [f"alive after {results['hold']:g} s (least seen)", f"{results['least_alive']:,}",
              f"{wanted:,}", met(results["least_alive"] == wanted and not unclean)],
             ["share of a core while held, heartbeats at defaults", f"{share:.2%}",
              f"<= {CORE_MAX:.0%}", met(share <= CORE_MAX)],
             ["RSS for each", f"{each:,.0f} B", f"<= {RSS_MAX:,} B", met(each <= RSS_MAX)],
             ["connects and joins a second", f"{rate:,.0f}", f">= {RATE_MIN:,}",
              met(rate >= RATE_MIN)],
             ["all dropped at once: left in the tables", str(left or "nothing"), "nothing",
              met(not left)],
             ["RSS afterwards above that of the empty process", f"{kept:.0%}",
              f"<= {BACK_MAX:.0%}", met(kept <= BACK_MAX)]]
    bound = paper(each + kernel, share, wanted)
    return ("### Scale\n\n" + markdown(table) + "\n\nOn paper, one machine of "
            f"{PAPER_CORES} cores and {PAPER_GIB} GiB, with {MEMORY_MAX:.0%} of each in use: "
            f"{bound['by_memory'] / 1e6:,.1f} million idle connections by memory ({each:,.0f} B of "
            f"the process and {kernel:,.0f} B of socket buffers each, without the kernel's own "
            f"objects), {bound['by_heartbeats'] / 1e6:,.1f} million by the CPU of their heartbeats.")
