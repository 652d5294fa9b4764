"""Short words for the cases: requests by query, sessions by hand, answers compared whole."""

import asyncio
import json

from support.deadlines import STEP
from support.eio import target
from support.http1 import HttpConnection, Response, fetch
from support.ws import WebSocket

PATH = "/socket.io/"
ECHO = "/engine.io/"  # bare Engine.IO
ERRORS = ("Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request",
          "Forbidden", "Unsupported protocol version")


def assert_error(response: Response, code: int) -> None:
    assert response.status == 400, response
    assert response.header("content-type") == "application/json"
    assert response.body == b'{"code":%d,"message":"%s"}' % (code, ERRORS[code].encode())
    assert response.header("content-length") == str(len(response.body))


def poll_target(sid: str | None = None, path: str = PATH) -> str:
    return target(path, "polling", sid=sid)


def ws_target(sid: str | None = None, path: str = PATH) -> str:
    return target(path, "websocket", sid=sid)


async def get(sut, url: str, headers=()) -> Response:
    return await fetch(*sut.address, "GET", url, headers)


async def connect(sut) -> HttpConnection:
    return await HttpConnection.open(*sut.address)


class Poller:
    """A polling session by hand: nothing is sent that the test does not send."""

    def __init__(self, sut, open_packet: str, path: str):
        self.sut, self.path = sut, path
        self.open_packet = json.loads(open_packet[1:])
        self.sid = self.open_packet["sid"]
        self.url = poll_target(self.sid, path)

    @classmethod
    async def open(cls, sut, path: str = PATH) -> "Poller":
        response = await get(sut, poll_target(path=path))
        assert response.status == 200, response
        return cls(sut, response.text, path)

    async def get(self) -> Response:
        return await get(self.sut, self.url)

    async def poll(self) -> list[str]:
        response = await self.get()
        assert response.status == 200, response
        return response.text.split("\x1e")

    async def poll_until(self, count: int) -> list[str]:
        """At least `count` packets that are not pings; pings are answered."""
        packets: list[str] = []
        while len(packets) < count:
            for packet in await self.poll():
                if packet == "2":
                    assert (await self.post("3")).status == 200
                else:
                    packets.append(packet)
        return packets

    async def post(self, body: str | bytes, headers=(), chunks=None) -> Response:
        data = body.encode() if isinstance(body, str) else body
        connection = await connect(self.sut)
        try:
            return await connection.request("POST", self.url, headers, data, chunks)
        finally:
            connection.abort()

    async def join(self, namespace: str = "") -> list[str]:
        """CONNECT; returns the packets up to `auth`."""
        assert (await self.post(f"40{namespace}")).body == b"ok"
        return await self.poll_until(2)

    async def park(self) -> HttpConnection:
        """A GET under way; that it is parked shows in what it answers to later."""
        connection = await connect(self.sut)
        await connection.send(connection.request_bytes("GET", self.url))
        return connection

    async def probe(self) -> WebSocket:
        return await WebSocket.connect(*self.sut.address, ws_target(self.sid, self.path))

    async def upgrade(self) -> WebSocket:
        ws = await self.probe()
        await ws.send_text("2probe")
        assert (await ws.recv()).data == "3probe"
        await ws.send_text("5")
        return ws

    async def assert_gone(self) -> None:
        assert_error(await self.get(), 1)

    async def assert_usable(self) -> None:
        """Echoes on both directions; only for a bare Engine.IO session."""
        assert (await self.post("4ping")).body == b"ok"
        assert "4ping" in await self.poll_until(1)


async def open_ws(sut, path: str = PATH) -> WebSocket:
    ws = await WebSocket.connect(*sut.address, ws_target(path=path))
    assert (await ws.recv()).data.startswith('0{"sid":')
    return ws


async def next_text(ws: WebSocket, timeout: float = STEP) -> str | bytes:
    """The next message; pings are answered."""
    while True:
        message = await ws.recv(timeout)
        assert message.kind != "close", f"closed with {message.code}"
        if message.data != "2":
            return message.data
        await ws.send_text("3")


async def join_ws(sut, namespace: str = "") -> WebSocket:
    ws = await open_ws(sut)
    await ws.send_text(f"40{namespace}")
    assert (await next_text(ws)).startswith("40")
    assert '["auth"' in await next_text(ws)
    return ws


async def assert_closes(ws: WebSocket, *codes: int) -> None:
    """The server closes; messages that were on their way are passed over."""
    while (message := await ws.recv()).kind != "close":
        pass
    assert not codes or message.code in codes, f"closed with {message.code}, expected {codes}"


async def echoes(ws: WebSocket, word: str = "still here") -> None:
    """For a socket in a namespace `/`: the event comes back."""
    await ws.send_text(f'42["message",{json.dumps(word)}]')
    expected = f'42["message-back",{json.dumps(word)}]'
    while await next_text(ws) != expected:
        pass


async def together(*awaitables):
    return await asyncio.gather(*awaitables)
