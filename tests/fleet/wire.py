"""One WebSocket of the fleet, framed here: 700 clients in one process leave no room for a library."""

import asyncio
import base64
import os

from support.ws import BINARY, CLOSE, PING, PONG, TEXT, frame

REQUEST = (
    "GET /socket.io/?EIO=4&transport=websocket{version} HTTP/1.1\r\nHost: {host}:{port}\r\n"
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\n"
    "Sec-WebSocket-Version: 13\r\n\r\n"
)


class Wire(asyncio.Protocol):
    """Hands whole messages to `owner` until `cut`; from then on it is deaf."""

    def __init__(self, owner, host: str, port: int, version: str | None):
        self.owner = owner
        self.is_cut = False
        self.closed = asyncio.get_running_loop().create_future()
        query = f"&a2c_version={version}" if version else ""
        nonce = base64.b64encode(os.urandom(16)).decode()
        self._request = REQUEST.format(version=query, host=host, port=port, nonce=nonce).encode()
        self._buffer = bytearray()
        self._upgraded = False

    def connection_made(self, transport) -> None:
        self.transport = transport
        transport.write(self._request)

    def connection_lost(self, error) -> None:
        if not self.is_cut:
            self.owner.wrong(f"connection lost: {error}")
            self.is_cut = True
            self.owner.on_lost()
        self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self.is_cut:
            return
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101 "):
                self.owner.wrong(f"no upgrade: {bytes(self._buffer[:200])}")
                self.transport.close()
                return
            del self._buffer[: end + 4]
            self._upgraded = True
        self._read_frames()

    def _read_frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2 and not self.is_cut:
            size, start = buffer[at + 1], at + 2
            if size == 126:
                start += 2
                size = int.from_bytes(buffer[at + 2 : start], "big")
            elif size == 127:
                start += 8
                size = int.from_bytes(buffer[at + 2 : start], "big")
            if len(buffer) < start + size:
                break
            self._on_frame(buffer[at], bytes(buffer[start : start + size]))
            at = start + size
        del buffer[:at]

    def _on_frame(self, first: int, payload: bytes) -> None:
        if first in (0x80 | TEXT, 0x80 | BINARY):
            try:
                if first == 0x80 | TEXT:
                    self.owner.on_text(payload.decode())
                else:
                    self.owner.on_binary(payload)
            except (ValueError, LookupError, TypeError) as error:
                self.owner.wrong(f"cannot make sense of {payload[:200]}: {error!r}")
        elif first == 0x80 | PING:
            self.transport.write(frame(PONG, payload))
        else:
            self.owner.wrong(f"unexpected frame {first:#x} {payload[:80]}")
            self.transport.close()

    def say(self, *messages: str | bytes) -> None:
        """The messages in one write."""
        if not self.is_cut:
            self.transport.write(b"".join(
                frame(TEXT, m.encode()) if isinstance(m, str) else frame(BINARY, m)
                for m in messages))

    def cut(self, way: str) -> None:
        """Four ways to go; whatever comes back is not looked at any more."""
        if way == "namespace":
            self.say("41/smcp,")
        elif way == "engine":
            self.say("1")
        self.is_cut = True
        if way == "abort":
            self.transport.abort()
        else:
            self.transport.write(frame(CLOSE, b"\x03\xe8"))
            self.transport.close()
