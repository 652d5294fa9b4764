"""A test peer: a raw Socket.IO client on one namespace that can play Agent or Computer.

It keeps everything it receives (`log`, in order), hands notifications and requests to the test
one by one, and can prove that nothing else came by a round trip instead of a pause (`barrier`).
"""

import asyncio
import itertools
import json
from collections import deque
from dataclasses import dataclass

from . import sio
from .deadlines import STEP
from .eio import BROKEN, Session, open_session
from .recorder import RECORDER
from .sio import Raw, dump_args, dumps

LIST_ROOM = "server:list_room"


class ConnectRefused(Exception):
    def __init__(self, text: str):
        super().__init__(text)
        self.text = text  # the whole CONNECT_ERROR packet


class Disconnected(Exception):
    pass


@dataclass
class Ack:
    text: str  # raw JSON array
    args: list
    raw_args: list[str]
    attachments: list[bytes]

    @property
    def only(self):
        assert len(self.args) == 1, f"one ack argument expected: {self.text}"
        return self.args[0]


@dataclass
class Event:
    name: str
    args: list  # without the name
    raw_args: list[str]
    ack_id: int | None
    attachments: list[bytes]
    packet: str  # the whole text packet
    peer: "Peer"

    @property
    def payload(self):
        assert len(self.args) == 1, f"one argument expected: {self.packet[:200]}"
        return self.args[0]

    async def reply(self, *args) -> None:
        await self.reply_raw(dump_args(args))

    async def reply_raw(self, array: str, attachments: list[bytes] = ()) -> None:
        await self.peer.send_ack(self.ack_id, array, attachments)


class Peer:
    def __init__(self, session: Session, namespace: str = "/smcp"):
        self.session = session
        self.namespace = namespace
        self.sid: str | None = None
        self.log: list[str] = []
        self.handlers: dict = {}
        self.disconnected = asyncio.Event()
        self.disconnect_packet: str | None = None
        self._ids = itertools.count(1)
        self._acks: dict[int, asyncio.Future] = {}
        self._list_room_ids: set[int] = set()
        self._connect_reply: asyncio.Future | None = None
        self._news: deque[Event] = deque()
        self._requests: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._partial: sio.Packet | None = None
        self._partial_text = ""
        self._tasks: set[asyncio.Task] = set()
        session.on_packet = self._on_packet
        session.on_end = self._on_end

    # -- life ---------------------------------------------------------------------------------

    @classmethod
    async def open(cls, address, transport: str = "ws", namespace: str = "/smcp",
                   **options) -> "Peer":
        """An Engine.IO session without a namespace. Options: path, query, headers, source_ip."""
        session = await open_session(transport, address, **options)
        peer = cls(session, namespace)
        session.start()
        return peer

    @classmethod
    async def connect(cls, address, transport: str = "ws", auth=None, namespace: str = "/smcp",
                      **options) -> "Peer":
        """`transport` is ws, polling, or upgrade (polling, then WebSocket)."""
        peer = await cls.open(address, transport, namespace, **options)
        try:
            if transport == "upgrade":
                await peer.session.upgrade()
            await peer.join_namespace({} if auth is None else auth)
        except BaseException:
            peer.abort()
            raise
        return peer

    async def join_namespace(self, auth=None, packet: str | None = None) -> str:
        """Sends CONNECT (`packet` replaces its text) and returns the sid, or ConnectRefused."""
        self._connect_reply = asyncio.get_running_loop().create_future()
        data = "" if auth is None else dumps(auth)
        await self.send(packet or sio.encode(sio.CONNECT, self.namespace, data))
        self.sid = await asyncio.wait_for(self._connect_reply, STEP)
        return self.sid

    def abort(self) -> None:
        self._stop_tasks()
        self.session.abort()

    async def close(self) -> None:
        self._stop_tasks()
        await self.session.close()

    def _stop_tasks(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    # -- sending ------------------------------------------------------------------------------

    async def send(self, packet: str | bytes) -> None:
        await self.session.send(packet)

    async def emit(self, event: str, *args) -> None:
        """An event without an ack id."""
        await self.emit_raw(dump_args((event,) + args))

    async def emit_raw(self, array: str, attachments: list[bytes] = ()) -> None:
        await self._send_event(array, None, list(attachments))

    async def call(self, event: str, *args, timeout: float = STEP) -> Ack:
        return await self.call_raw(dump_args((event,) + args), timeout=timeout)

    def start_call(self, event: str, *args, timeout: float = STEP) -> asyncio.Task:
        """A call whose answer is awaited later; calls go out in the order they were started."""
        return self._spawn(self.call(event, *args, timeout=timeout))

    async def call_raw(self, array: str, attachments: list[bytes] = (),
                       timeout: float = STEP) -> Ack:
        ack_id = next(self._ids)
        future = asyncio.get_running_loop().create_future()
        self._acks[ack_id] = future
        if array.startswith(f'["{LIST_ROOM}"'):
            self._list_room_ids.add(ack_id)
        try:
            await self._send_event(array, ack_id, list(attachments))
            return await asyncio.wait_for(future, timeout)
        except asyncio.TimeoutError:
            raise AssertionError(f"no ack within {timeout:.1f} s: {array[:120]}") from None
        finally:
            self._acks.pop(ack_id, None)

    def start_call_raw(self, array: str, attachments: list[bytes] = (),
                       timeout: float = STEP) -> asyncio.Task:
        return self._spawn(self.call_raw(array, attachments, timeout))

    async def _send_event(self, array: str, ack_id, attachments: list[bytes]) -> None:
        kind, count = (sio.BINARY_EVENT, len(attachments)) if attachments else (sio.EVENT, None)
        head = sio.encode(kind, self.namespace, array, ack_id, count)
        await self.session.send_many([head] + attachments)

    async def send_ack(self, ack_id: int, array: str, attachments=()) -> None:
        kind, count = (sio.BINARY_ACK, len(attachments)) if attachments else (sio.ACK, None)
        head = sio.encode(kind, self.namespace, array, ack_id, count)
        await self.session.send_many([head] + list(attachments))

    # -- the protocol's own verbs ----------------------------------------------------------------

    async def join(self, role: str, name: str, office: str) -> Ack:
        return await self.call("server:join_office",
                               {"office_id": office, "role": role, "name": name})

    async def leave(self, office: str) -> Ack:
        return await self.call("server:leave_office", {"office_id": office})

    async def list_room(self, office: str, req_id: str = "list", agent: str = "any") -> Ack:
        return await self.call(LIST_ROOM,
                               {"agent": agent, "req_id": req_id, "office_id": office})

    async def barrier(self) -> None:
        """Everything this peer sent before has been processed, and what it caused for this peer
        has arrived: the answer of a list_room stands in the same queues behind it."""
        await self.list_room("barrier", "barrier")

    # -- receiving ----------------------------------------------------------------------------

    async def expect(self, name: str, timeout: float = STEP) -> Event:
        """The next notification, which must be `name`."""
        event = await self._next(self._news, f"{name}", timeout)
        assert event.name == name, f"expected {name}, got {event.packet[:200]}"
        return event

    async def request(self, name: str, timeout: float = STEP) -> Event:
        """The next request (an event that wants an answer), which must be `name`."""
        event = await self._next(self._requests, name, timeout)
        assert event.name == name, f"expected {name}, got {event.packet[:200]}"
        return event

    async def _next(self, queue: deque, what: str, timeout: float) -> Event:
        async def wait():
            while not queue:
                if self.session.ended.is_set():
                    raise Disconnected(f"session ended while waiting for {what}")
                self._arrived.clear()
                await self._arrived.wait()
            return queue.popleft()
        try:
            return await asyncio.wait_for(wait(), timeout)
        except asyncio.TimeoutError:
            raise AssertionError(f"{what} did not arrive within {timeout:.1f} s; "
                                 f"last packets: {self.log[-5:]}") from None

    async def expect_nothing(self, after: "tuple[Peer, ...]" = ()) -> None:
        """Nothing unread is here once everybody in `after`, and then this peer, did a barrier."""
        for peer in after:
            await peer.barrier()
        await self.barrier()
        await self.barrier()
        self.assert_nothing_unread()

    def assert_nothing_unread(self) -> None:
        unread = [event.packet[:200] for event in list(self._news) + list(self._requests)]
        assert not unread, f"unexpected: {unread}"

    def on_request(self, name: str, handler) -> None:
        """`handler(event)` answers requests named `name`: it returns the tuple of ack arguments,
        or None when it answers by itself or not at all. It may be a coroutine function."""
        self.handlers[name] = handler

    # -- from the session ------------------------------------------------------------------------

    def _on_packet(self, packet: str | bytes) -> None:
        if isinstance(packet, bytes):
            self._on_attachment(packet)
        elif packet.startswith("4"):
            self._on_message(packet)
        elif packet not in ("6", "1"):
            raise AssertionError(f"unexpected Engine.IO packet {packet[:80]!r}")

    def _on_message(self, text: str) -> None:
        assert self._partial is None, "a text packet between a header and its attachments"
        self.log.append(text)
        RECORDER.check_codes(text)
        packet = sio.parse(text[1:])
        packet_is_list = packet.type == sio.ACK and packet.ack_id in self._list_room_ids
        if packet.type != sio.CONNECT and not packet_is_list:
            RECORDER.check(text)
        if packet.attachments_due:
            self._partial, self._partial_text = packet, text
        else:
            self._on_sio(packet, text)

    def _on_attachment(self, data: bytes) -> None:
        packet = self._partial
        assert packet is not None, "binary data that no header announced"
        packet.attachments.append(data)
        if len(packet.attachments) == packet.attachments_due:
            self._partial = None
            self._on_sio(packet, self._partial_text)

    def _on_sio(self, packet: sio.Packet, text: str) -> None:
        if packet.type == sio.CONNECT:
            sid = json.loads(packet.data)["sid"]
            RECORDER.learn(sid)
            self._settle_connect(lambda future: future.set_result(sid))
        elif packet.type == sio.CONNECT_ERROR:
            self._settle_connect(lambda future: future.set_exception(ConnectRefused(text)))
        elif packet.type == sio.DISCONNECT:
            self.disconnect_packet = text
            self.disconnected.set()
        elif packet.type in (sio.EVENT, sio.BINARY_EVENT):
            self._on_event(packet, text)
        else:
            future = self._acks.get(packet.ack_id)
            if future and not future.done():
                future.set_result(
                    Ack(packet.data, packet.args, packet.raw_args, packet.attachments))

    def _settle_connect(self, settle) -> None:
        if self._connect_reply and not self._connect_reply.done():
            settle(self._connect_reply)

    def _on_event(self, packet: sio.Packet, text: str) -> None:
        args, raw = packet.args, packet.raw_args
        event = Event(args[0], args[1:], raw[1:], packet.ack_id, packet.attachments, text, self)
        if event.name in self.handlers:
            self._spawn(self._handle(self.handlers[event.name], event))
            return
        # A request is known by its prefix: one sent without an ack id arrives without one.
        is_request = event.name.startswith("client:")
        (self._requests if is_request else self._news).append(event)
        self._arrived.set()

    async def _handle(self, handler, event: Event) -> None:
        try:
            answer = handler(event)
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer is not None and event.ack_id is not None:
                await event.reply(*answer)
        except BROKEN:
            pass
        except Exception as error:
            self.session.error = error

    def _on_end(self) -> None:
        self._arrived.set()
        for future in self._acks.values():
            if not future.done():
                future.set_exception(Disconnected("the session ended before the ack"))
                future.exception()  # retrieved: the caller may be gone already
        self._settle_connect(lambda future: future.set_exception(Disconnected("no CONNECT reply")))

    def _spawn(self, coroutine) -> asyncio.Task:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task) -> None:
        self._tasks.discard(task)
        # Retrieved here too: a call that a failed test never awaits must not be reported later.
        _ = task.cancelled() or task.exception()


__all__ = ["Ack", "ConnectRefused", "Disconnected", "Event", "Peer", "Raw"]
