"""Agents and Computers of the fleet: what each verb of a schedule means."""

import asyncio
import json
import time

from support.generation import EXTRA_FIELDS, TOOL_CALL, routed_events, update_events
from support.sio import dump_args, dumps

from fleet.member import Member, refusal
from fleet.model import Call
from fleet.schedule import ANCHOR, NOBODY, Step

SLOW_SECONDS = 0.3
BURST = 8
RACES = 5
UPDATE_WITH_ACK = 0.2  # share of the updates and cancels that ask for the empty answer


def seat_name(role: str, office: str, number: int, plain: bool) -> str:
    if number == ANCHOR:
        return f"anchor@{office}"
    if number == NOBODY:
        return f"nobody-{office}"
    stem = f"{'bot' if role == 'agent' else 'pc'}-{number}"
    return stem if plain else f"{stem}@{office}"


class Crew(Member):
    """Steps that both roles have."""

    def __init__(self, *arguments, script):
        super().__init__(*arguments)
        self.script = script

    async def run(self, begin: float, end: float) -> None:
        for step in self.script.steps:
            if begin + step.at >= end:
                return
            await asyncio.sleep(begin + step.at - time.monotonic())
            if time.monotonic() >= end:
                return
            try:
                if not self.connected:
                    await self.connect()
                await getattr(self, f"do_{step.verb}")(step)
            except (ConnectionError, OSError, asyncio.TimeoutError) as error:
                self.wrong(f"step {step.verb} failed: {error!r}")
            self.model.count("steps")

    def name_for(self, step: Step, office: str) -> str:
        if self.script.anchor:
            return f"anchor@{office}"
        return seat_name(self.role, office, step.name % ANCHOR, step.plain)

    async def do_join(self, step: Step, behind=None) -> None:
        office = f"fleet-{step.office}"
        behind = behind or self.as_it_moves(step)
        if await self.join(office, self.name_for(step, office), behind):
            self.list_room()

    def as_it_moves(self, step: Step):
        """What to do between asking for another seat and being answered."""
        return None

    async def do_intrude(self, step: Step) -> None:
        """Another generation's office. One that is held must refuse, and show nothing of itself."""
        office = f"fleet-{step.office}"
        joined = await self.join(office, self.name_for(step, office))
        if joined and self.model.offices[office].held:
            self.wrong(f"intruded into {office}")
        self.list_room(office)
        self.ask_something(office, step)

    async def do_rejoin(self, step: Step) -> None:
        if self.claim:
            await self.join(self.claim.office, self.claim.name)

    async def do_rename(self, step: Step) -> None:
        if self.claim:
            name = self.name_for(step, self.claim.office)
            await self.join(self.claim.office, name, self.as_it_moves(step))

    async def do_leave(self, step: Step) -> None:
        await self.leave()

    async def do_list(self, step: Step) -> None:
        self.list_room()

    async def do_list_other(self, step: Step) -> None:
        self.list_room(f"fleet-{step.office}")

    async def do_drop(self, step: Step) -> None:
        self.drop(step.way)

    async def do_unknown(self, step: Step) -> None:
        """A request that no generation has, or only a later one than this client's."""
        later = [event for event in EXTRA_FIELDS if event not in routed_events(self.gen)]
        events = ["client:nothing", "client:"] + later
        event = events[int(step.dice * len(events))]
        payload = self.request_payload(event, "anchor", f"{self.office}/unknown")
        self.expect(event, payload, refusal("G2", event, 400, "Unknown event"), "unknown event")
        self.expect("server:nothing", payload, "[]", "unknown event")

    def expect(self, event: str, payload: dict, expected: str, what: str) -> None:
        def check(text: str, attachments) -> None:
            if text != expected or attachments:
                self.wrong(f"{event} was answered {text} instead of {expected}")
            self.model.count(what)

        self.ask(event, dump_args((event, payload)), check)

    def request_payload(self, event: str, computer: str, req_id: str) -> dict:
        payload = {"agent": f"a{self.number}", "req_id": req_id, "computer": computer,
                   **EXTRA_FIELDS.get(event, {})}  # fmt: skip
        if event == TOOL_CALL:
            payload["timeout"] = 1
        return payload

    def ask_something(self, office: str, step: Step) -> None:
        """A request that cannot reach anybody in `office`, because the caller is not in it."""

    def news(self, event: str, payload: dict, step: Step) -> None:
        if step.dice < UPDATE_WITH_ACK:
            self.expect(event, payload, "[]", "empty answer")
        else:
            self.wire.say(f"42/smcp,{dump_args((event, payload))}")
        self.model.count(event)


class Agent(Crew):
    role = "agent"

    def __init__(self, *arguments, script, limit: float):
        super().__init__(*arguments, script=script)
        self.limit = limit  # seconds until the gateway gives up a call
        self.calls = 0
        self.last_req_id = ""

    def pick_event(self, dice: float) -> str:
        events = routed_events(self.gen)
        return TOOL_CALL if dice < 0.5 else events[int((dice - 0.5) * 2 * len(events))]

    def call(self, event: str, office: str, name: str, behaviour: str, joining=None) -> None:
        self.calls += 1
        nonce = f"{self.number}-{self.calls}"
        self.last_req_id = f"{office}/{nonce}"
        payload = self.request_payload(event, name, self.last_req_id)
        payload["fleet"] = {"office": office, "nonce": nonce, "behaviour": behaviour}
        call = Call(nonce, event, office, name, behaviour, dump_args((event, payload)),
                    time.monotonic(), self.limit)
        seat = self.model.seat(office, "computer", name)
        # Known to the gateway's roster for sure: the Agent has heard of it, or it was there first.
        if seat and self.claim and (self.view.get(("computer", name)) or
                                    seat.settled_at < self.claim.sent_at):
            call.target, call.target_moves = seat, seat.moves
            self.model.count("calls of somebody who is there")
        self.model.calls[nonce] = call
        self.ask(event, call.text, lambda text, attachments: self._on_answer(
            call, text, attachments, joining))

    def _on_answer(self, call: Call, text: str, attachments: list[bytes], joining) -> None:
        now = time.monotonic()
        self.model.count("answers")
        if call.answer is not None and (text, attachments) == call.answer:
            call.outcome = f"answer {call.behaviour}"
        elif joining is not None and not joining.acked:
            # Sent behind a join that was refused; before it the Agent was in no office.
            call.outcome = "4103"
            if text != refusal(self.gen, call.event, 4103, "Not in any room"):
                self.wrong(f"call {call.nonce} from no office was answered {text}")
        elif text == refusal(self.gen, call.event, 404,
                             f"Computer with name '{call.computer}' not found",
                             {"computer_name": call.computer}):
            call.outcome = "404"
            if not self.model.may_be_404(call):
                self.wrong(f"call {call.nonce} of {call.computer}, who was there: {text}")
        elif text == refusal(self.gen, call.event, 408, "Request timed out"):
            call.outcome = "408" if call.behaviour == "silent" else "overdue"
            if not self.model.may_be_408(call, now):
                self.wrong(f"call {call.nonce} was given up after {now - call.sent_at:.4f} s")
        else:
            self.wrong(f"call {call.nonce} was answered {text[:300]}, not {call.answer}")
        self.model.count(f"call: {call.outcome}")
        del self.model.calls[call.nonce]

    def on_lost(self) -> None:
        for nonce in [n for n, call in self.model.calls.items() if n.startswith(f"{self.number}-")]:
            self.model.calls[nonce].outcome = "caller gone"
        super().on_lost()

    async def do_call(self, step: Step) -> None:
        event = self.pick_event(step.dice)
        if self.claim is None:
            return self.ask_something(f"fleet-{step.office}", step)
        name = seat_name("computer", self.office, step.name, step.plain)
        heard = sorted(self.listed | {name for (role, name), here in self.view.items()
                                      if here and role == "computer"})
        if heard and step.dice * 100 % 1 < 0.6:
            name = heard[int(step.dice * 1000) % len(heard)]
        self.call(event, self.office, name, step.behaviour)

    def ask_something(self, office: str, step: Step) -> None:
        if self.office is not None and self.office == office:
            return
        event = self.pick_event(step.dice)
        name = seat_name("computer", office, step.name, False)
        payload = self.request_payload(event, name, f"{office}/none")
        if self.claim is None:
            expected = refusal(self.gen, event, 4103, "Not in any room")
        else:  # the name says another office than the caller's: nobody here has it
            expected = refusal(self.gen, event, 404, f"Computer with name '{name}' not found",
                               {"computer_name": name})
        self.expect(event, payload, expected, "call out of reach")

    async def do_burst(self, step: Step) -> None:
        for number in range(BURST):
            if self.claim:
                name = seat_name("computer", self.office, number % (ANCHOR + 1), step.plain)
                self.call(self.pick_event(number / BURST), self.office, name, step.behaviour)

    async def do_join_and_call(self, step: Step) -> None:
        """The call goes out before the join is answered, as 0.1 Agents do."""
        office = f"fleet-{step.office}"
        if self.claim:
            return await self.do_join(step)

        def behind() -> None:
            name = seat_name("computer", office, step.name, step.plain)
            self.call(self.pick_event(step.dice), office, name, step.behaviour, self.joining)

        await self.do_join(step, behind)

    async def do_cancel(self, step: Step) -> None:
        # Of an office it has left meanwhile: what it says must not name that one.
        office = self.office or "nowhere"
        req_id = self.last_req_id if self.last_req_id.startswith(f"{office}/") else f"{office}/x"
        self.news("server:tool_call_cancel", {"agent": "any", "req_id": req_id}, step)

    async def do_wrong_role(self, step: Step) -> None:
        """An Agent has nothing to update: nobody may hear of this."""
        self.news("server:update_config", {"computer": "forged@nowhere"}, step)


class Computer(Crew):
    role = "computer"

    def on_call(self, digits: str, event: str, args: list, array: str) -> None:
        marks = args[0].get("fleet", {}) if args and isinstance(args[0], dict) else {}
        call = self.model.calls.get(marks.get("nonce"))
        if marks.get("office") != self.office or not digits:
            return self.wrong(f"got {array[:300]}")
        if call is None:  # its caller has its answer already: right only if that was a 408
            return self.model.count("served too late")
        if call.text != array or call.server is not None:
            self.wrong(f"got {array[:300]}, which was sent as {call.text[:300]}")
        if args[0]["computer"] != self.claim.name:
            self.wrong(f"is {self.claim.name} and got a call for {args[0]['computer']}")
        call.server = self.wire
        self.model.count("served")
        if call.behaviour == "slow":
            loop = asyncio.get_running_loop()
            loop.call_later(SLOW_SECONDS, self._answer, self.wire, digits, call)
        elif call.behaviour != "silent":
            self._answer(self.wire, digits, call)

    def _answer(self, wire, digits: str, call: Call) -> None:
        if wire.is_cut or self.wire is not wire:
            return
        body = {"office": call.office, "nonce": call.nonce, "by": self.number}
        arrays = {
            "two": dump_args((body, 1.5)),
            "none": "[]",
            "binary": dump_args((body, {"_placeholder": True, "num": 0})),
            "error": dump_args(({"code": 4014, "message": "no such server", **body},)),
        }
        array = arrays.get(call.behaviour, f'[{dumps(body)[:-1]},"n":1.0}}]')
        attachments = [f"bin/{call.nonce}".encode()] if call.behaviour == "binary" else []
        call.answer = (array, attachments)
        kind = f"46{len(attachments)}-" if attachments else "43"
        wire.say(f"{kind}/smcp,{digits}{array}", *attachments)
        if call.behaviour == "twice":
            wire.say(f'43/smcp,{digits}["a second answer"]')

    def as_it_moves(self, step: Step):
        """Its Agent calls it in the very moment: the call must not follow it into another office,
        nor find it under a name that it has no more."""
        seats = self.model.certain(self.office) if self.claim else []
        agent = next((seat.owner for seat in seats if seat.role == "agent"), None)
        if agent is None or step.dice < 0.3:
            return None
        office, name = self.claim.office, self.claim.name

        def call() -> None:
            for number in range(1 + int(step.dice * RACES)):
                agent.call(agent.pick_event(number / RACES), office, name, "object")
            self.model.count("calls of somebody who moves")

        return call

    async def do_update(self, step: Step) -> None:
        events = update_events(self.gen)
        event = f"server:{events[int(step.dice * len(events))]}"
        # The payload's name is another's: the gateway must say the session's.
        self.news(event, {"computer": "forged@nowhere"}, step)

    async def do_wrong_role(self, step: Step) -> None:
        self.news("server:tool_call_cancel", {"agent": "forged", "req_id": "nowhere/x"}, step)
        events = routed_events(self.gen)
        event = events[int(step.dice * len(events))]
        payload = self.request_payload(event, self.claim.name if self.claim else "x", "r")
        code, message = (403, "Permission denied") if self.claim else (4103, "Not in any room")
        self.expect(event, payload, refusal(self.gen, event, code, message), "wrong role")

