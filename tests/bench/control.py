"""The control plane: listings of 50,000 sessions, a hundred watchers while clients come and go, and
what both cost the relay.

Sessions of the first part are long-polling ones that nobody polls for: they take no descriptor, of
which a process has 20,000 here.
"""

import argparse
import http.client
import json
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import figures, generator, machine, process
from bench.servers import TOKEN, Server, prepare

SESSIONS, PAGE, PAGES_OF = 50_000, 100, 1_000
FIRST_PAGE_MAX, WHOLE_MAX, RELAY_MAX = 0.020, 3.0, 1.05
WATCHERS, LIVES, CROWD = 100, 1_000, 18_000
PATIENT = {"engineio.ping_interval": "1h", "engineio.ping_timeout": "1h",
           "engineio.connect_timeout": "1h"}


def client(server: Server):
    """Stubs are made from proto/, so only the runs that need them wait for that."""
    from support.control import Control

    return Control(None, address=f"127.0.0.1:{server.control_port}")


def open_sessions(port: int, count: int) -> None:
    """`count` joined sessions, ten to an office, each by three requests."""
    def some(numbers: range) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

        def ask(method: str, path: str, body: str | None = None) -> str:
            connection.request(method, path, body, {"x-api-key": TOKEN})
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status != 200:
                raise RuntimeError(f"{method} answered {answer.status}: {text[:200]}")
            return text

        base = "/socket.io/?EIO=4&transport=polling&a2c_version=0.4.0"
        for number in numbers:
            sid = json.loads(ask("GET", base)[1:])["sid"]
            join = {"role": "agent" if number % 10 == 0 else "computer", "name": f"n-{number}",
                    "office_id": f"office-{number // 10}"}
            ask("POST", f"{base}&sid={sid}", f"40/smcp,\x1e42/smcp,0"
                f"[\"server:join_office\",{json.dumps(join)}]")
        connection.close()

    share = count // 8
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(some, [range(i * share, (i + 1) * share) for i in range(8)]))


def members(server: Server) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.admin_port, timeout=10)
    connection.request("GET", "/readyz?verbose")
    return json.loads(connection.getresponse().read())["counts"]["members"]


def listing(args: argparse.Namespace, say: Callable[[str], None]) -> dict:
    wanted = 1_000 if args.quick else SESSIONS
    with Server.start("gateway", PATIENT) as server:
        say(f"opening {wanted:,} sessions")
        open_sessions(server.port, wanted)
        process.wait_until("all have joined", lambda: members(server) == wanted, 60)
        with client(server) as control:
            service, request = control.sessions, control.pb.ListSessionsRequest
            service.ListSessions(request(page_size=PAGE))  # connects
            first = []
            for _ in range(20):
                begin = time.perf_counter()
                service.ListSessions(request(page_size=PAGE))
                first.append(time.perf_counter() - begin)
            begin, token, seen = time.perf_counter(), "", set()
            while True:
                page = service.ListSessions(request(page_size=PAGES_OF, page_token=token))
                seen.update(session.sid for session in page.sessions)
                token = page.next_page_token
                if not token:
                    break
            whole = time.perf_counter() - begin
    say(f"first page {statistics.median(first) * 1e3:.1f} ms, all of {len(seen):,} in {whole:.2f} s")
    return {"sessions": wanted, "seen": len(seen), "first_page": statistics.median(first),
            "first_page_worst": max(first), "whole": whole}


class Watching:
    """smcp-watchers beside whatever happens in the block; `told` is what it reports afterwards."""

    def __init__(self, server: Server, watchers: int, slow: int = 0):
        cpu = machine.cpus()[1]
        self.told: dict = {}
        self.process = subprocess.Popen(
            [str(machine.binary("smcp-watchers")), "--address", f"127.0.0.1:{server.control_port}",
             "--watchers", str(watchers), "--slow", str(slow)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: prepare({cpu}))

    def __enter__(self) -> "Watching":
        assert self.process.stdout.readline() == "watching\n"
        return self

    def __exit__(self, *error: object) -> None:
        try:
            out, _ = self.process.communicate(timeout=120)
            self.told = json.loads(out)
        finally:
            if self.process.poll() is None:
                self.process.kill()


def lives(args: argparse.Namespace, say: Callable[[str], None]) -> dict:
    """Clients come, join, leave and go at a steady rate while a hundred watch."""
    seconds = 5 if args.quick else 30
    rss = []
    with Server.start("gateway") as server:
        with Watching(server, 10 if args.quick else WATCHERS) as watching:
            churn = generator.start(server, "churn", {
                "operations": LIVES * seconds, "rate": LIVES, "seconds": 2 * seconds})
            while churn.poll() is None:
                rss.append(process.rss_bytes(server.pid))
                time.sleep(0.5)
            result = generator.finish(churn)
    told = watching.told
    say(f"{told['watchers']} watchers, {result['rate']:,.0f} lives a second: {told}")
    return {**told, "lives_per_second": result["rate"], "faults": generator.faults(result),
            "rss_first": rss[len(rss) // 4], "rss_last": rss[-1]}


def crowd(args: argparse.Namespace, say: Callable[[str], None]) -> dict:
    """A crowd comes and goes at once: more than the journals keep, and than is kept for the two who
    do not read. All may be told to begin anew; nobody may be left with a wrong picture."""
    with Server.start("gateway") as server:
        with Watching(server, 10, slow=2) as watching:
            generator.run(server, "idle", {"connections": CROWD, "hold": 1, "drop-all": True})
    say(f"a crowd of {CROWD:,}: {watching.told}")
    return watching.told


def shard_seconds(pid: int) -> float:
    """CPU of the threads that relay."""
    ticks = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().startswith("shard"):
            ticks += int((task / "schedstat").read_text().split()[0]) / 1e9
    return ticks


def relay_cost(args: argparse.Namespace, say: Callable[[str], None]) -> dict:
    """CPU per call of the relaying threads, without and with watchers and listings, taken in turn."""
    ratios, alone_us, beside_us = [], [], []
    with Server.start("gateway") as server:
        def once() -> float:
            before = shard_seconds(server.pid)
            result = generator.run(server, "relay", {"seconds": args.seconds, "warmup": 0.5,
                                                     "offices": 50, "outstanding": 4, "bytes": 200,
                                                     "rate": 10_000})
            if unclean := generator.faults(result):
                raise generator.RunFailed(f"{unclean}")
            return (shard_seconds(server.pid) - before) / result["operations"] * 1e6

        for _ in range(args.runs):
            alone = once()
            stop = threading.Event()
            with client(server) as control:
                def list_on() -> None:
                    while not stop.wait(0.2):
                        control.sessions.ListSessions(control.pb.ListSessionsRequest(page_size=1000))

                lister = threading.Thread(target=list_on)
                lister.start()
                try:
                    with Watching(server, 20):
                        beside = once()
                finally:
                    stop.set()
                    lister.join()
            alone_us.append(alone)
            beside_us.append(beside)
            ratios.append(beside / alone)
    ratio = figures.figure(ratios)
    say(f"relay CPU per call {figures.figure(alone_us).median:.2f} us alone, "
        f"{figures.figure(beside_us).median:.2f} us beside 20 watchers and 5 listings a second: "
        f"{ratio.median:.3f}")
    return {"alone": figures.figure(alone_us).median, "beside": figures.figure(beside_us).median,
            "ratio": ratio.median, "least": ratio.least, "most": ratio.most}


def measure(args: argparse.Namespace, say: Callable[[str], None]) -> dict:
    return {"listing": listing(args, say), "lives": lives(args, say), "crowd": crowd(args, say),
            "relay": relay_cost(args, say)}


def section(results: dict) -> str:
    from bench.report import markdown

    def met(holds: bool) -> str:
        return "met" if holds else "not met"

    lists, seen, relay = results["listing"], results["lives"], results["relay"]
    crowd_seen = results["crowd"]
    clean = not seen["wrong"] and not seen["resets"] and not seen["error"]
    grown = seen["rss_last"] / seen["rss_first"] - 1
    table = [
        ["control plane", "measured", "goal", ""],
        [f"`ListSessions` of {lists['sessions']:,}: first page of {PAGE}",
         f"{lists['first_page'] * 1e3:.1f} ms (worst {lists['first_page_worst'] * 1e3:.1f})",
         f"<= {FIRST_PAGE_MAX * 1e3:.0f} ms", met(lists["first_page"] <= FIRST_PAGE_MAX)],
        [f"the same, all of it by pages of {PAGES_OF:,}", f"{lists['whole']:.2f} s",
         f"<= {WHOLE_MAX:.0f} s",
         met(lists["whole"] <= WHOLE_MAX and lists["seen"] == lists["sessions"])],
        [f"{seen['watchers']} watchers, {seen['lives_per_second']:,.0f} joins and as many leaves a "
         "second: pictures that are wrong, resets", f"{seen['wrong']}, {seen['resets']}", "0, 0",
         met(clean)],
        ["growth of RSS meanwhile", f"{grown:+.0%}", "", ""],
        [f"a crowd of {CROWD:,} comes and is dropped at once: wrong pictures; resets of 10 watchers, "
         "and of 2 that do not read", f"{crowd_seen['wrong']}; {crowd_seen['resets']}, "
         f"{crowd_seen['slow_resets']}", "0", met(not crowd_seen["wrong"])],
        ["relay CPU per call with 20 watchers and 5 listings a second, to that without",
         f"{relay['ratio']:.3f} ({relay['least']:.3f} to {relay['most']:.3f})",
         f"<= {RELAY_MAX}", met(relay["ratio"] <= RELAY_MAX)]]
    return "### Control plane\n\n" + markdown(table)
