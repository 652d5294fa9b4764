"""RFC 6455 client on a plain socket: own handshake, own frames, nothing hidden.

The server's frames are checked as they arrive (no mask, no RSV bits, control frames whole and
short, text is UTF-8), so every test is also a small test of the framing.
"""

import asyncio
import base64
import hashlib
import os
import struct
from dataclasses import dataclass

from .deadlines import STEP
from .http1 import ConnectionEnded, HttpConnection, Response

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
# The close "code" of a connection that ended without a close frame (RFC 6455, 7.1.5).
NO_FRAME = 1006
NO_CODE = 1005


class HandshakeRefused(Exception):
    def __init__(self, response: Response):
        super().__init__(f"{response.status} {response.body!r}")
        self.response = response


@dataclass
class Message:
    kind: str  # "text", "binary" or "close"
    data: str | bytes = ""
    code: int | None = None


def mask_bytes(data: bytes, key: bytes) -> bytes:
    size = len(data)
    stream = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")


def frame(opcode: int, payload: bytes, fin: bool = True, masked: bool = True, rsv: int = 0,
          announced: int | None = None) -> bytes:
    """One client frame. `announced` lies about the length, for tests of limits."""
    size = len(payload) if announced is None else announced
    first = (0x80 if fin else 0) | (rsv << 4) | opcode
    flag = 0x80 if masked else 0
    if size < 126:
        head = struct.pack("!BB", first, flag | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, flag | 126, size)
    else:
        head = struct.pack("!BBQ", first, flag | 127, size)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + mask_bytes(payload, key)


class WebSocket:
    def __init__(self, connection: HttpConnection, response: Response):
        self.connection = connection
        self.response = response
        self.close_code: int | None = None
        self.close_reason = b""
        self.answer_ws_pings = True
        self.pongs: list[bytes] = []
        self._fragments: list[bytes] = []
        self._fragment_kind = 0
        self._close_sent = False

    @classmethod
    async def connect(cls, host: str, port: int, target: str, headers=(),
                      source_ip: str | None = None, connection: HttpConnection | None = None,
                      receive_buffer: int | None = None, early: bytes = b"") -> "WebSocket":
        """Upgrades `connection` (a new one by default); `early` follows the request at once."""
        owned = connection is None
        connection = connection or await HttpConnection.open(host, port, source_ip, receive_buffer)
        key = base64.b64encode(os.urandom(16))
        request = [("Upgrade", "websocket"), ("Connection", "Upgrade"),
                   ("Sec-WebSocket-Key", key.decode()), ("Sec-WebSocket-Version", "13")]
        try:
            await connection.send(
                connection.request_bytes("GET", target, request + list(headers)) + early)
            response = await connection.read_response()
            if response.status != 101:
                raise HandshakeRefused(response)
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
            assert response.header("Sec-WebSocket-Accept") == accept
            assert (response.header("Upgrade") or "").lower() == "websocket"
            assert "upgrade" in (response.header("Connection") or "").lower()
            return cls(connection, response)
        except BaseException:
            if owned:
                connection.abort()
            raise

    async def send_raw(self, data: bytes) -> None:
        await self.connection.send(data)

    async def send_text(self, text: str) -> None:
        await self.send_raw(frame(TEXT, text.encode()))

    async def send_binary(self, data: bytes) -> None:
        await self.send_raw(frame(BINARY, data))

    async def send_messages(self, messages: list[str | bytes]) -> None:
        """Several messages in one write, so that they usually share a segment."""
        await self.send_raw(b"".join(
            frame(TEXT, m.encode()) if isinstance(m, str) else frame(BINARY, m) for m in messages))

    async def send_close(self, code: int | None = 1000) -> None:
        self._close_sent = True
        await self.send_raw(frame(CLOSE, b"" if code is None else struct.pack("!H", code)))

    async def recv(self, timeout: float | None = STEP) -> Message:
        """The next message; a close frame or the end of the stream is a message of kind close."""
        return await asyncio.wait_for(self._recv(), timeout)

    async def _recv(self) -> Message:
        while True:
            try:
                fin, opcode, payload = await self._read_frame()
            except (asyncio.IncompleteReadError, ConnectionError, ConnectionEnded):
                self.close_code = self.close_code or NO_FRAME
                return Message("close", b"", self.close_code)
            if opcode == CLOSE:
                return await self._on_close(payload)
            if opcode == PING:
                if self.answer_ws_pings:
                    await self.send_raw(frame(PONG, payload))
            elif opcode == PONG:
                self.pongs.append(payload)
            else:
                message = self._on_data(fin, opcode, payload)
                if message:
                    return message

    async def _read_frame(self):
        reader = self.connection.reader
        first, second = await reader.readexactly(2)
        assert first & 0x70 == 0, "the server set an RSV bit"
        assert second & 0x80 == 0, "the server masked a frame"
        size = second & 0x7F
        opcode = first & 0x0F
        fin = bool(first & 0x80)
        if opcode >= 8:
            assert fin and size < 126, "fragmented or long control frame"
        if size == 126:
            size = struct.unpack("!H", await reader.readexactly(2))[0]
            assert size >= 126, "length not minimally encoded"
        elif size == 127:
            size = struct.unpack("!Q", await reader.readexactly(8))[0]
            assert size >= 1 << 16, "length not minimally encoded"
        return fin, opcode, await reader.readexactly(size)

    async def _on_close(self, payload: bytes) -> Message:
        assert len(payload) != 1, "close frame with half a code"
        self.close_code = struct.unpack("!H", payload[:2])[0] if payload else NO_CODE
        self.close_reason = payload[2:]
        if not self._close_sent:
            try:
                await self.send_close(self.close_code if payload else None)
            except (ConnectionError, OSError):
                pass
        return Message("close", payload[2:], self.close_code)

    def _on_data(self, fin: bool, opcode: int, payload: bytes) -> Message | None:
        if opcode == CONT:
            assert self._fragments, "continuation without a start"
        else:
            assert opcode in (TEXT, BINARY), f"reserved opcode {opcode}"
            assert not self._fragments, "a message inside a fragmented message"
            self._fragment_kind = opcode
        self._fragments.append(payload)
        if not fin:
            return None
        data = b"".join(self._fragments)
        self._fragments = []
        if self._fragment_kind == TEXT:
            return Message("text", data.decode())
        return Message("binary", data)

    def abort(self) -> None:
        """Cuts the TCP connection; no close frame."""
        self.connection.abort()

    async def close(self, code: int | None = 1000) -> None:
        try:
            if not self._close_sent:
                await self.send_close(code)
        except (ConnectionError, OSError):
            pass
        self.connection.writer.close()
