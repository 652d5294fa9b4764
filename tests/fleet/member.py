"""One client of the fleet: its connection, its membership, and what it checks in all it receives.

The rule it watches is strict, without any tolerance for time: at every moment the client is in one
office or in none (changed by the acks it reads, in the order of the wire), and whatever arrives must
be of that office.
"""

import asyncio
import json
import re
import time
from dataclasses import dataclass

from support.generation import DECLARED, JOIN, LEAVE, TOOL_CALL, error_result, flat
from support.peer import LIST_ROOM
from support.recorder import RECORDER
from support.sio import dump_args

from fleet.model import Claim, Model
from fleet.wire import Wire

HEAD = re.compile(r"4(?:2|3|6(\d+)-)/smcp,(\d*)(?=\[)")
OK = "[true,null]"


def refusal(gen: str, event: str, code: int, message: str, details: dict | None = None) -> str:
    if gen == "G1" and event == TOOL_CALL:
        return f"[{error_result(message)}]"
    return f"[{flat(code, message, details)}]"


def office_of_name(name: str) -> str | None:
    """Names say their office behind an @; plain ones do not."""
    return name.partition("@")[2] or None


@dataclass
class Pending:
    what: str
    then: object  # called with (array text, attachments)


class Member:
    role = ""

    def __init__(self, model: Model, address: tuple[str, int], number: int, gen: str,
                 within: float):  # fmt: skip
        self.model = model
        self.address = address
        self.number = number
        self.gen = gen
        self.within = within
        self.wire: Wire | None = None
        self.sid = ""
        self.claim: Claim | None = None  # the seat it has; its office and name
        self.joining: Claim | None = None  # the one it asks for
        self.pending: dict[int, Pending] = {}
        self.view: dict[tuple[str, str], bool] = {}  # (role, name): entered last, or left last
        self.listed: set[str] = set()  # Computers in the last list_room of this office
        self.updates: list[str] = []  # who sent an update, while somebody counts
        self.old_wires: list[Wire] = []
        self._next_ack = 0
        self._connected: asyncio.Future | None = None
        self._header: tuple[int, str, list[bytes], int] | None = None

    @property
    def office(self) -> str | None:
        return self.claim.office if self.claim else None

    @property
    def connected(self) -> bool:
        return self.wire is not None and not self.wire.is_cut

    def wrong(self, what: str) -> None:
        self.model.wrong(f"client {self.number} ({self.gen} {self.role} in {self.office}): {what}")

    # -- life -----------------------------------------------------------------------------------

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        self._connected = loop.create_future()
        self._header = None
        wire = Wire(self, *self.address, DECLARED[self.gen])
        self.wire = wire
        await loop.create_connection(lambda: wire, *self.address)
        await asyncio.wait_for(self._connected, self.within)
        self.model.count("connect")

    def drop(self, way: str) -> None:
        """Goes away without leaving its office; its open requests will never be answered."""
        wire = self.wire
        wire.cut(way)
        self.old_wires.append(wire)
        self.on_lost()
        self.model.count(f"drop {way}")

    def on_lost(self) -> None:
        if self.claim:
            self.model.abandon(self.claim)
        self.claim = None
        self.pending.clear()
        self._forget()

    def _forget(self) -> None:
        """What it knew of an office it is not in any more."""
        self.view.clear()
        self.listed.clear()

    # -- asking ---------------------------------------------------------------------------------

    def ask(self, what: str, array: str, then) -> None:
        self._next_ack += 1
        self.pending[self._next_ack] = Pending(what, then)
        self.wire.say(f"42/smcp,{self._next_ack}{array}")

    def start(self, what: str, array: str) -> asyncio.Future:
        future = asyncio.get_running_loop().create_future()
        self.ask(what, array, lambda text, _: future.done() or future.set_result(text))
        return future

    async def finish(self, what: str, future: asyncio.Future) -> str:
        """The raw array of the answer. Without one the connection is given up, with an error."""
        wire = self.wire
        try:
            return await asyncio.wait_for(future, self.within)
        except asyncio.TimeoutError:
            self.wrong(f"no answer to {what} within {self.within:.0f} s")
            if self.wire is wire and not wire.is_cut:
                self.drop("abort")
            raise ConnectionError(what) from None

    async def join(self, office: str, name: str, behind=None) -> bool:
        """`behind` is called when the join is sent and not yet answered."""
        old = self.claim
        if old and (old.office, old.name) == (office, name):
            text = await self.finish("rejoin", self.start("rejoin", self._join_array(office, name)))
            if text != OK:
                self.wrong(f"a repeated join was answered {text}")
            self.model.count("rejoin")
            return True
        claim = self.joining = self.model.claim(self, office, self.role, name, self.gen)
        if old:  # a rename, or a switch
            self.model.depart(old)
        future = self.start("join", self._join_array(office, name))
        if behind:
            behind()
        try:
            text = await self.finish("join", future)
        except ConnectionError:
            self.model.abandon(claim)
            raise
        return self._joined(old, claim) if text == OK else self._refused(old, claim, text)

    def _join_array(self, office: str, name: str) -> str:
        return dump_args((JOIN, {"role": self.role, "name": name, "office_id": office}))

    def _enter(self, claim: Claim) -> None:
        """At the very frame of the answer: what comes behind it is of the new office."""
        claim.acked = True
        if self.office != claim.office:
            self._forget()
        self.claim = claim

    def _joined(self, old: Claim | None, claim: Claim) -> bool:
        reason = self.model.must_refuse(claim)
        if reason:
            self.wrong(f"joined {claim.office} as {claim.name} although {reason}")
        kind = "join" if old is None else "rename" if old.office == claim.office else "switch"
        self.model.count(kind)
        if old:
            self.model.release(old)
            if kind == "switch" and self.role == "agent":
                self.wrong(f"an Agent switched from {old.office}")
        return True

    def _refused(self, old: Claim | None, claim: Claim, text: str) -> bool:
        self.model.release(claim)
        if old:
            old.departing = False
        args = json.loads(text)
        reason = args[1] if len(args) == 2 and args[0] is False else None
        if not isinstance(reason, str) or not self.model.explains_refusal(
                claim, reason, elsewhere=old is not None and old.office != claim.office):
            self.wrong(f"join of {claim.office} as {claim.name} was answered {text}")
        self.model.count(f"join refused: {str(reason).partition(' with name')[0]}")
        return False

    async def leave(self) -> None:
        old = self.claim
        if old:
            self.model.depart(old)
        office = old.office if old else "fleet-0"
        text = await self.finish(
            "leave", self.start("leave", dump_args((LEAVE, {"office_id": office}))))
        if text != OK:
            self.wrong(f"leave was answered {text}")
        if old:
            self.model.release(old)
            self.model.count("leave")

    def list_room(self, office: str | None = None, then=None) -> None:
        """Of its own office unless another is named. Everything sent before has its effect then."""
        own = self.office
        asked = office or own or "fleet-0"
        req_id = f"{asked}/{self._next_ack}"
        claim = self.claim

        def check(text: str, _) -> None:
            if own is None:
                expected = refusal(self.gen, LIST_ROOM, 4103, "Not in any room")
            elif asked != own:
                expected = refusal(self.gen, LIST_ROOM, 4104, "Cross-room access denied",
                                   {"office_id": asked})
            else:
                return self._check_list(text, claim, req_id, then)
            if text != expected:
                self.wrong(f"list_room was answered {text} instead of {expected}")
            self.model.count("list refused")

        self.ask("list_room", dump_args((LIST_ROOM, {
            "agent": "any", "req_id": req_id, "office_id": asked})), check)

    def _check_list(self, text: str, claim: Claim, req_id: str, then) -> None:
        (body,) = json.loads(text)
        if set(body) != {"sessions", "req_id"} or body["req_id"] != req_id:
            return self.wrong(f"list_room was answered {text[:300]}")
        declared = DECLARED[self.gen]
        version = {"a2c_version": declared} if declared else {}
        for session in body["sessions"]:
            expected = {"sid": session.get("sid"), "name": session.get("name"),
                        "role": session.get("role"), "office_id": claim.office, **version}
            if session != expected:
                self.wrong(f"list_room of {claim.office} shows {session}")
        me = [s["name"] for s in body["sessions"] if s["sid"] == self.sid]
        if self.claim is claim and not claim.departing and me != [claim.name]:
            self.wrong(f"list_room of {claim.office} shows the caller as {me}, not {claim.name}")
        if self.office == claim.office:
            self.listed = {s["name"] for s in body["sessions"] if s["role"] == "computer"}
        if self.claim is claim and claim.settled_at > time.monotonic():
            claim.settled_at = time.monotonic()
        self.model.count("list")
        if then:
            then(body["sessions"])

    # -- receiving ------------------------------------------------------------------------------

    def on_text(self, text: str) -> None:
        if self._header is not None:
            return self.wrong(f"text between a header and its attachments: {text[:100]}")
        if text == "2":
            return self.wire.say("3")
        match = HEAD.match(text)
        if match is None:
            return self._on_greeting(text)
        digits, array = match.group(2), text[match.end():]
        attachments = int(match.group(1) or 0)
        if text[1] == "2":
            RECORDER.check(text)
            self._on_event(digits, array)
        elif attachments:
            self._header = (int(digits), array, [], attachments)
        else:
            self._on_ack(int(digits), array, [])

    def _on_greeting(self, text: str) -> None:
        if text.startswith("0{"):
            RECORDER.learn(json.loads(text[1:])["sid"])
            self.wire.say("40/smcp,{}")
        elif text.startswith("40/smcp,") and not self._connected.done():
            self.sid = json.loads(text[8:])["sid"]
            RECORDER.learn(self.sid)
            self._connected.set_result(None)
        else:
            self.wrong(f"unexpected message {text[:200]}")

    def on_binary(self, data: bytes) -> None:
        if self._header is None:
            return self.wrong("binary data that no header announced")
        number, array, attachments, due = self._header
        attachments.append(data)
        if len(attachments) == due:
            self._header = None
            self._on_ack(number, array, attachments)

    def _on_ack(self, number: int, array: str, attachments: list[bytes]) -> None:
        pending = self.pending.pop(number, None)
        if pending is None:
            return self.wrong(f"answer {number} is nobody's or a second one: {array[:200]}")
        if pending.what != "list_room" or '"sid"' not in array:
            RECORDER.check(array)
        if pending.what == "join" and array == OK:
            self._enter(self.joining)
        elif pending.what == "leave" and array == OK:
            self.claim = None
            self._forget()
        pending.then(array, attachments)

    def _on_event(self, digits: str, array: str) -> None:
        event, *args = json.loads(array)
        if event.startswith("client:"):
            return self.on_call(digits, event, args, array)
        if digits or len(args) != 1 or self.office is None:
            return self.wrong(f"got {array} with ack id '{digits}'")
        data = args[0]
        if event in ("notify:enter_office", "notify:leave_office"):
            self._on_move(event == "notify:enter_office", data)
        elif event.startswith("notify:update_") and set(data) == {"computer"}:
            self._on_news_of(data["computer"], array)
            self.updates.append(data["computer"])
        elif event == "notify:tool_call_cancel" and set(data) == {"agent", "req_id"}:
            self._on_news_of(data["agent"], array)
            if data["req_id"].partition("/")[0] != self.office or self.role == "agent":
                self.wrong(f"got {array}")
            self.model.count("notified of a cancel")
        else:
            self.wrong(f"got {array}")

    def _on_news_of(self, name: str, array: str) -> None:
        if office_of_name(name) not in (None, self.office):
            self.wrong(f"got {array}")
        self.model.count("notified")

    def _on_move(self, entered: bool, data: dict) -> None:
        role = "agent" if "agent" in data else "computer"
        name = data.get(role)
        if set(data) != {"office_id", role} or data["office_id"] != self.office:
            return self.wrong(f"got {'enter' if entered else 'leave'} {data}")
        self._on_news_of(name, str(data))
        if self.view.get((role, name)) is entered:
            self.wrong(f"heard twice in a row that {name} {'entered' if entered else 'left'}")
        self.view[(role, name)] = entered

    def on_call(self, digits: str, event: str, args: list, array: str) -> None:
        self.wrong(f"got {array[:200]}")
