"""A script's stage: raw clients on one server, and what each of them received in each step.

Traces hold the bytes of the wire except what differs from run to run: session ids become
`<sid:NAME>` (their first six characters `<sid6:NAME>`), ack ids `#`. The order between clients is
fixed by the steps: after each one every client makes round trips, so that what the step caused has
arrived everywhere.
"""

import asyncio
import json

from support import sio
from support.deadlines import STEP, eventually
from support.eio import SEPARATOR, PollingSession, WsSession, encode
from support.peer import ConnectRefused, Peer
from support.recorder import RECORDER
from support.sio import dump_args, dumps

KEY = "differential-secret"
HEADERS = (("x-api-key", KEY),)
# An event that neither server knows: both answer it, empty, at once.
BARRIER = dump_args(("barrier",))
ROUNDS = 3
# For answers that the reference does not give; everything else waits for a condition.
MUTE_SECONDS = 0.2
NO_ANSWER = "no answer"


class Polling(PollingSession):
    """Says what POSTs are answered with, where the tests' own session insists on one form."""

    said = ""

    async def send_many(self, packets: list[str | bytes]) -> None:
        async with self._send_lock:
            if self.ws:
                await self.ws.send_messages(packets)
                return
            response = await self.post(SEPARATOR.join(map(encode, packets)).encode())
            assert response.status == 200, f"POST answered {response.status} {response.body!r}"
            self.said = response.text


class Client(Peer):
    """Records every packet as it comes, and answers requests as the script told it."""

    def __init__(self, session, namespace="/smcp"):
        super().__init__(session, namespace)
        self.name = ""
        self.trace: list[str] = []
        self.answers: dict[str, tuple[str, list[bytes]]] = {}
        self.held: list[int] = []  # ack ids of requests nobody answered yet
        self.asked: dict[int, asyncio.Future] = {}
        self.sids: list[str] = []
        self._barriers: set[int] = set()

    async def ask(self, array: str, attachments=(), barrier: bool = False) -> asyncio.Future:
        ack_id = next(self._ids)
        future = self.asked[ack_id] = asyncio.get_running_loop().create_future()
        if barrier:
            self._barriers.add(ack_id)
        await self._send_event(array, ack_id, list(attachments))
        return future

    def _on_sio(self, packet: sio.Packet, text: str) -> None:
        if packet.type in (sio.ACK, sio.BINARY_ACK) and packet.ack_id in self._barriers:
            self.asked[packet.ack_id].set_result(None)
            return
        if packet.type == sio.CONNECT:
            self.sids.append(json.loads(packet.data)["sid"])
        head = sio.encode(packet.type, packet.namespace)[1:]
        mark = "" if packet.ack_id is None else "#"
        self.trace.append(head + mark + packet.data + "".join(f" +{a.hex()}"
                                                              for a in packet.attachments))
        super()._on_sio(packet, text)
        if packet.type in (sio.ACK, sio.BINARY_ACK):
            future = self.asked.get(packet.ack_id)
            if future and not future.done():
                future.set_result(None)
        elif packet.type in (sio.EVENT, sio.BINARY_EVENT) and packet.ack_id is not None:
            answer = self.answers.get(packet.args[0])
            if answer:
                self._spawn(self.send_ack(packet.ack_id, *answer))
            else:
                self.held.append(packet.ack_id)


class Stage:
    def __init__(self, address: tuple[str, int], is_reference: bool):
        self.address = address
        self.is_reference = is_reference
        self.clients: dict[str, Client] = {}
        self.living: list[Client] = []
        # (step, client) -> what the client received in that step
        self.traces: dict[tuple[str, str], list[str]] = {}
        self._labels: set[str] = set()

    # -- steps ----------------------------------------------------------------------------------

    async def open(self, name: str, transport: str = "ws", headers=HEADERS) -> Client:
        """An Engine.IO session that has not asked for a namespace."""
        carrier = WsSession if transport == "ws" else Polling
        client = Client(await carrier.open(self.address, headers=list(headers)))
        client.session.start()
        if transport == "upgrade":
            await client.session.upgrade()
        client.name = name
        self.clients[name] = client
        packet = {key: value for key, value in client.session.open_packet.items() if key != "sid"}
        # The order of the members is that of the servers' dictionaries and means nothing.
        client.trace.append(f"open {dumps(dict(sorted(packet.items())))}")
        await self._end(f"{name} opens")
        return client

    async def connect(self, name: str, transport: str = "ws", headers=HEADERS, auth=None,
                      packet: str | None = None, step: str = "") -> Client:
        client = self.clients.get(name) or await self.open(name, transport, headers)
        try:
            await client.join_namespace({} if auth is None else auth, packet)
            self.living.append(client)
        except ConnectRefused:
            pass
        if isinstance(client.session, Polling) and client.session.said:
            client.trace.append(f"POST answered {client.session.said}")
        await self._end(step or f"{name} connects")
        return client

    async def ask(self, client: Client, step: str, event: str, *args, mute: bool = False,
                  attachments=()) -> None:
        """An event with an ack id. `mute`: the reference never answers this one."""
        future = await client.ask(dump_args((event, *args)), attachments)
        await self._answered(client, future, mute)
        await self._end(step)

    async def start(self, client: Client, step: str, event: str, *args,
                    to: Client) -> asyncio.Future:  # fmt: skip
        """A request that `to` gets and holds; its answer is awaited in a later step."""
        before = len(to.held)
        future = await client.ask(dump_args((event, *args)))
        await eventually(lambda: len(to.held) > before, f"{event} at {to.name}")
        await self._end(step)
        return future

    async def reply(self, client: Client, step: str, array: str, to: Client, future,
                    attachments=()) -> None:
        """`client` answers the oldest request it holds; `future` is what `start` returned."""
        await client.send_ack(client.held.pop(0), array, attachments)
        await self._answered(to, future, False)
        await self._end(step)

    async def late(self, client: Client, step: str, future, seconds: float) -> None:
        """The answer to what was started, which the server gives by itself; the reference gives up
        within `seconds` and says nothing."""
        await self._answered(client, future, mute=True, mute_seconds=seconds)
        await self._end(step)

    async def say(self, client: Client, step: str, event: str, *args) -> None:
        await client.emit(event, *args)
        await self._end(step)

    async def raw(self, client: Client, step: str, *packets: str | bytes, answers: int = 0) -> None:
        """Packets as they are; so many packets are awaited in answer."""
        before = len(client.trace)
        await client.session.send_many(list(packets))
        await eventually(lambda: len(client.trace) >= before + answers, f"answers to {packets}")
        await self._end(step)

    async def quit(self, client: Client, step: str, way: str, seen_by: tuple = ()) -> None:
        """`seen_by` are those who hear of it: when it is noticed is the server's affair."""
        before = [len(other.trace) for other in seen_by]
        self.living.remove(client)
        if way == "namespace":
            await client.send("41/smcp,")
        elif way == "abort":
            client.abort()
        else:
            await client.close()
        for other, count in zip(seen_by, before):
            await eventually(lambda o=other, c=count: len(o.trace) > c, f"{step} at {other.name}")
        await self._end(step)

    # -- the way of a step ------------------------------------------------------------------------

    async def _answered(self, client: Client, future, mute: bool,
                        mute_seconds: float = MUTE_SECONDS) -> None:
        seconds = mute_seconds if mute and self.is_reference else STEP
        try:
            await asyncio.wait_for(asyncio.shield(future), seconds)
        except asyncio.TimeoutError:
            client.trace.append(NO_ANSWER)

    async def _settle(self) -> None:
        for _ in range(ROUNDS):
            barriers = [await client.ask(BARRIER, barrier=True) for client in self.living]
            await asyncio.wait_for(asyncio.gather(*barriers), STEP)

    async def _end(self, step: str) -> None:
        assert step not in self._labels, f"two steps are called {step}"
        self._labels.add(step)
        await self._settle()
        for name, client in self.clients.items():
            received, client.trace = client.trace, []
            self.traces[(step, name)] = received

    def result(self) -> dict[tuple[str, str], list[str]]:
        """The traces, made the same for every run."""
        marks = [mark for name, client in self.clients.items() for sid in client.sids
                 for mark in ((sid, f"<sid:{name}>"), (sid[:6], f"<sid6:{name}>"))]

        def normal(text: str) -> str:
            for what, mark in marks:
                text = text.replace(what, mark)
            return text

        return {place: [normal(text) for text in trace] for place, trace in self.traces.items()}

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for client in self.clients.values()),
                             return_exceptions=True)
        RECORDER.take_leaks()  # the reference does tell session ids (P2); traces show where
