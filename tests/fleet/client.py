"""The fleet: 700 clients of four generations in 200 offices, for some seconds of random life.

Usage: python -m fleet.client --port PORT --seed SEED --seconds S [--gap G] [--limit L] [--within W]
Prints one JSON object: what was done, and what was wrong. Exits with 1 if anything was.

When time is up, the world stands still: every open call must get its answer, every office must list
exactly the members the clients think it has, every Agent calls every Computer of its office, every
Computer's news reach every other member once. Then all go, in all the ways there are.
"""

import argparse
import asyncio
import json
import random
import sys
import time

from support.recorder import RECORDER

from fleet.crew import Agent, Computer, Crew
from fleet.model import Model
from fleet.schedule import WAYS_OUT, fleet

CONNECTING_AT_ONCE = 100


class Fleet:
    def __init__(self, options):
        self.options = options
        self.model = Model()
        self.crew: list[Crew] = []
        for script in fleet(options.seed, options.seconds, options.gap):
            arguments = (self.model, (options.host, options.port), script.number, script.gen,
                         options.within)
            if script.role == "agent":
                self.crew.append(Agent(*arguments, script=script, limit=options.limit))
            else:
                self.crew.append(Computer(*arguments, script=script))

    async def until(self, condition, what: str) -> None:
        end = time.monotonic() + self.options.within
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(what)
            await asyncio.sleep(0.05)

    async def hold(self) -> None:
        """The anchors are in before anybody else comes."""
        gate = asyncio.Semaphore(CONNECTING_AT_ONCE)

        async def enter(anchor: Crew) -> None:
            async with gate:
                await anchor.connect()
                await anchor.do_join(anchor.script.steps[0])

        await asyncio.gather(*(enter(one) for one in self.crew if one.script.anchor))
        for one in self.crew:
            if one.script.anchor and one.office != f"fleet-{one.script.home}":
                one.wrong("is not where it belongs")

    async def live(self) -> None:
        begin = time.monotonic()
        end = begin + self.options.seconds
        await asyncio.gather(*(one.run(begin, end) for one in self.crew))

    async def answered(self) -> None:
        def waiting() -> list[str]:
            return [f"client {one.number}: {sorted({p.what for p in one.pending.values()})}"
                    for one in self.crew if one.pending]

        try:
            await self.until(lambda: not waiting(), "answers")
        except TimeoutError:
            self.model.wrong(f"no answer at the end: {waiting()[:5]}")

    def members(self) -> dict[str, list[Crew]]:
        found: dict[str, list[Crew]] = {}
        for one in self.crew:
            if one.claim:
                found.setdefault(one.claim.office, []).append(one)
        return found

    async def standing(self) -> None:
        """What the offices list is what their members think, once the last zombies are gone."""
        members = self.members()
        right: set[str] = set()

        def check(office: str, sessions: list[dict]) -> None:
            listed = sorted((s["role"], s["name"], s["sid"]) for s in sessions)
            if listed == sorted((m.role, m.claim.name, m.sid) for m in members[office]):
                right.add(office)

        async def converge() -> None:
            while len(right) < len(members):
                for office in members.keys() - right:
                    members[office][0].list_room(then=lambda s, o=office: check(o, s))
                await self.until(lambda: not any(m[0].pending for m in members.values()), "lists")

        try:
            await asyncio.wait_for(converge(), self.options.within)
        except TimeoutError:
            wrong = sorted(members.keys() - right)
            self.model.wrong(f"{len(wrong)} offices list others than their members: {wrong[:5]}")
        self.model.totals.did["offices at the end"] = len(members)

    async def meeting(self) -> None:
        """Every Agent reaches every Computer, and every Computer's news every other member."""
        members = self.members()
        for one in self.crew:
            one.updates.clear()
            if isinstance(one, Computer) and one.claim:
                one.wire.say('42/smcp,["server:update_tool_list",{"computer":"x"}]')
                one.list_room()
        await self.until(lambda: not any(one.pending for one in self.crew), "updates")
        for crew in members.values():
            for one in crew:
                one.list_room()  # behind the news that are on the way to this member
            names = [one.claim.name for one in crew if isinstance(one, Computer)]
            for one in crew:
                for name in names if isinstance(one, Agent) else []:
                    one.call("client:get_tools", one.office, name, "object")
        await self.until(lambda: not any(one.pending for one in self.crew), "meeting")
        for office, crew in members.items():
            for one in crew:
                wanted = [m.claim.name for m in crew if isinstance(m, Computer) and m is not one]
                if sorted(one.updates) != sorted(wanted):
                    one.wrong(f"heard of {one.updates} in {office} instead of {wanted}")

    async def leave(self) -> None:
        rng = random.Random(self.options.seed)
        for one in self.crew:
            if one.connected:
                if rng.random() < 0.3:
                    await one.leave()
                one.drop(rng.choice(WAYS_OUT))
        wires = [wire for one in self.crew for wire in one.old_wires]
        await self.until(lambda: all(wire.closed.done() for wire in wires), "ends of connections")

    async def run(self) -> dict:
        seconds = {}
        for phase in (self.hold, self.live, self.answered, self.standing, self.meeting, self.leave):
            begin = time.monotonic()
            try:
                await phase()
            except Exception as error:
                self.model.wrong(f"{phase.__name__} did not end well: {error!r}")
                break
            finally:
                seconds[phase.__name__] = round(time.monotonic() - begin, 2)
        for sid, text in RECORDER.take_leaks():
            self.model.wrong(f"the session id {sid} was told: {text}")
        totals = self.model.totals
        return {"seed": self.options.seed, "wrong": totals.problem_count,
                "problems": totals.problems, "seconds": seconds, "scanned": RECORDER.checked,
                "clients": len(self.crew), "did": dict(sorted(totals.did.items()))}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--gap", type=float, default=1.0, help="mean seconds between two steps")
    parser.add_argument("--limit", type=float, default=3.0, help="the gateway's limit of a call")
    parser.add_argument("--within", type=float, default=30.0, help="seconds for any one answer")
    result = asyncio.run(Fleet(parser.parse_args()).run())
    print(json.dumps(result))
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
