"""Engine.IO v4 sessions: WebSocket, long-polling, and polling that upgrades.

A session reads by itself in a task and hands every packet to `on_packet`, or to `recv()` when
none is set. It answers pings unless `answer_pings` is false, and can stop reading altogether.
"""

import asyncio
import base64
import json
from urllib.parse import urlencode

from .deadlines import STEP
from .http1 import ConnectionEnded, HttpConnection, Response
from .recorder import RECORDER
from .ws import WebSocket

SEPARATOR = "\x1e"
BROKEN = (ConnectionEnded, ConnectionError, OSError, asyncio.IncompleteReadError)


class OpenRefused(Exception):
    """The handshake was answered with something else than an open packet."""

    def __init__(self, response: Response):
        super().__init__(f"{response.status} {response.body!r}")
        self.response = response


def target(path: str, transport: str, query=(), sid: str | None = None) -> str:
    items = [("EIO", "4"), ("transport", transport)] + list(query)
    if sid:
        items.append(("sid", sid))
    return f"{path}?{urlencode(items)}"


def encode(packet: str | bytes) -> str:
    if isinstance(packet, bytes):
        return "b" + base64.b64encode(packet).decode()
    return packet


def decode(text: str) -> str | bytes:
    if text.startswith("b"):
        return base64.b64decode(text[1:], validate=True)
    return text


class Session:
    """What both transports share. `ended` is set once, by whatever ends the session."""

    def __init__(self, address: tuple[str, int]):
        self.address = address
        self.sid = ""
        self.open_packet: dict = {}
        self.answer_pings = True
        self.pings = 0
        self.ended = asyncio.Event()
        self.close_code: int | None = None
        self.end_response: Response | None = None
        self.saw_close_packet = False
        self.error: Exception | None = None
        self.on_packet = None
        self.on_end = None
        self._inbox: asyncio.Queue = asyncio.Queue()
        self._tasks: set[asyncio.Task] = set()

    def _accept_open(self, text: str) -> None:
        assert text.startswith("0"), f"not an open packet: {text!r}"
        self.open_packet = json.loads(text[1:])
        self.sid = self.open_packet["sid"]
        RECORDER.learn(self.sid)

    def start(self) -> None:
        self._spawn(self._guard(self._run()))

    def _spawn(self, coroutine) -> asyncio.Task:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _pong(self) -> None:
        try:
            await self.send("3")
        except BROKEN:
            pass

    async def _guard(self, run) -> None:
        """A check that fails in a reading task must fail the test, not vanish with the task."""
        try:
            await run
        except Exception as error:
            self.error = error

    async def _dispatch(self, packet: str | bytes) -> None:
        if packet == "2":
            self.pings += 1
            if self.answer_pings:
                # In a task of its own: the sender may be waiting for this very reader (upgrade).
                self._spawn(self._pong())
            return
        if packet == "1":
            self.saw_close_packet = True
        if self.on_packet:
            self.on_packet(packet)
        else:
            self._inbox.put_nowait(packet)

    def _finish(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self._inbox.put_nowait(None)
            if self.on_end:
                self.on_end()

    async def recv(self, timeout: float = STEP) -> str | bytes | None:
        """The next packet that is not a ping; None when the session has ended."""
        return await asyncio.wait_for(self._inbox.get(), timeout)

    async def wait_end(self, timeout: float = STEP) -> None:
        try:
            await asyncio.wait_for(self.ended.wait(), timeout)
        except asyncio.TimeoutError:
            raise AssertionError(f"the session did not end within {timeout:.1f} s") from None

    def pause_reading(self) -> None:
        """Stops reading for good, as a hung process would; the socket stays open."""
        for task in list(self._tasks):
            task.cancel()

    async def send(self, packet: str | bytes) -> None:
        await self.send_many([packet])


class WsSession(Session):
    transport = "websocket"

    @classmethod
    async def open(cls, address, path="/socket.io/", query=(), headers=(), source_ip=None,
                   receive_buffer=None, connection=None) -> "WsSession":
        self = cls(address)
        self.ws = await WebSocket.connect(
            *address, target(path, "websocket", query), headers, source_ip, connection,
            receive_buffer)
        try:
            first = await self.ws.recv()
            assert first.kind == "text", f"closed before the open packet: {first}"
            self._accept_open(first.data)
        except BaseException:
            self.ws.abort()
            raise
        return self

    async def _run(self) -> None:
        try:
            while True:
                message = await self.ws.recv(timeout=None)
                if message.kind == "close":
                    self.close_code = message.code
                    self.ws.connection.writer.close()
                    break
                await self._dispatch(message.data)
        finally:
            self._finish()

    async def send_many(self, packets: list[str | bytes]) -> None:
        await self.ws.send_messages(packets)

    def abort(self) -> None:
        self.ws.abort()
        self.pause_reading()
        self._finish()

    async def close(self) -> None:
        await self.ws.close()
        self.pause_reading()
        self._finish()


class PollingSession(Session):
    """GETs on one kept-alive connection, POSTs on another, as python-engineio does."""

    transport = "polling"

    @classmethod
    async def open(cls, address, path="/socket.io/", query=(), headers=(), source_ip=None,
                   receive_buffer=None) -> "PollingSession":
        self = cls(address)
        self.path, self.query, self.headers = path, list(query), list(headers)
        self.source_ip, self.receive_buffer = source_ip, receive_buffer
        self._get = await HttpConnection.open(*address, source_ip, receive_buffer)
        self._post: HttpConnection | None = None
        self._send_lock = asyncio.Lock()
        self.ws: WebSocket | None = None
        self._stop_polling = False
        self._poll_idle = asyncio.Event()
        self.last_post: Response | None = None
        try:
            response = await self._get.request("GET", target(path, "polling", query), headers)
            if response.status != 200:
                raise OpenRefused(response)
            self._accept_open(response.text)
        except BaseException:
            self._get.abort()
            raise
        return self

    def _url(self) -> str:
        return target(self.path, "polling", self.query, self.sid)

    async def _run(self) -> None:
        try:
            while not self._stop_polling:
                if not await self._poll_once():
                    return
        except BROKEN:
            pass
        finally:
            self._poll_idle.set()
            if not self._stop_polling:
                self._finish()

    async def _poll_once(self) -> bool:
        self._get = await self._fresh(self._get)
        await self._get.send(self._get.request_bytes("GET", self._url(), self.headers))
        # A poll may stay parked for a whole ping interval: no deadline here, the tests have theirs.
        response = await self._get.read_response(timeout=None)
        if response.status != 200:
            self.end_response = response
            return False
        packets = [decode(text) for text in response.text.split(SEPARATOR)]
        assert len(packets) <= 16, "more than 16 packets in one poll break python-engineio"
        for packet in packets:
            await self._dispatch(packet)
        return not self.saw_close_packet

    async def _fresh(self, connection: HttpConnection | None) -> HttpConnection:
        if connection is None or connection.reader.at_eof() or connection.writer.is_closing():
            return await HttpConnection.open(*self.address, self.source_ip, self.receive_buffer)
        return connection

    async def post(self, body: bytes) -> Response:
        self._post = await self._fresh(self._post)
        self.last_post = await self._post.request(
            "POST", self._url(), [("Content-Type", "text/plain;charset=UTF-8")] + self.headers,
            body)
        return self.last_post

    async def send_many(self, packets: list[str | bytes]) -> None:
        async with self._send_lock:
            if self.ws:
                await self.ws.send_messages(packets)
                return
            response = await self.post(SEPARATOR.join(map(encode, packets)).encode())
            if response.status != 200:
                raise ConnectionEnded(f"POST answered {response.status} {response.body!r}")
            assert response.body == b"ok"

    async def upgrade(self) -> None:
        """Probe, let the parked poll come home, then switch: no packet can fall between."""
        ws = await WebSocket.connect(
            *self.address, target(self.path, "websocket", self.query, self.sid), self.headers,
            self.source_ip)
        await ws.send_text("2probe")
        reply = await ws.recv()
        assert (reply.kind, reply.data) == ("text", "3probe"), f"probe answered {reply}"
        self._stop_polling = True
        async with self._send_lock:
            try:
                await asyncio.wait_for(self._poll_idle.wait(), STEP)
            except asyncio.TimeoutError:
                raise AssertionError("the parked poll was not released by the probe") from None
            await ws.send_text("5")
            self.ws = ws
        self.transport = "websocket"
        self._spawn(self._guard(self._run_ws()))

    async def _run_ws(self) -> None:
        try:
            while True:
                message = await self.ws.recv(timeout=None)
                if message.kind == "close":
                    self.close_code = message.code
                    self.ws.connection.writer.close()
                    break
                assert message.data != "6", "a noop came over the WebSocket"
                await self._dispatch(message.data)
        finally:
            self._finish()

    def abort(self) -> None:
        for carrier in (self._get, self._post, self.ws):
            if carrier:
                carrier.abort()
        self.pause_reading()
        self._finish()

    async def close(self) -> None:
        try:
            if self.ws:
                await self.ws.close()
            elif not self.ended.is_set():
                self._post = await self._fresh(self._post)
                await asyncio.wait_for(self.post(b"1"), STEP)
        except BROKEN:
            pass
        self.abort()


async def open_session(transport: str, address, **options) -> Session:
    """`transport`: ws, polling, or upgrade (polling that the caller upgrades once started)."""
    carrier = WsSession if transport == "ws" else PollingSession
    return await carrier.open(address, **options)
