"""HTTP/1.1 over a plain socket, byte by byte.

No library stands between the test and the wire: what is asserted is what the server wrote.
"""

import asyncio
import json
import socket
from dataclasses import dataclass, field

from .deadlines import STEP


class ConnectionEnded(Exception):
    """The server closed the connection where more bytes were due."""


@dataclass
class Response:
    version: str
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    head: bytes = field(repr=False, default=b"")

    def header(self, name: str) -> str | None:
        """First value; names are compared without case."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    def has(self, name: str) -> bool:
        return self.header(name) is not None

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self):
        return json.loads(self.body)


async def open_socket(host: str, port: int, source_ip: str | None = None,
                      receive_buffer: int | None = None):
    """A connected (reader, writer). With a small `receive_buffer` a stalled reader is felt soon."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source_ip:
            sock.bind((source_ip, 0))
        await asyncio.wait_for(asyncio.get_running_loop().sock_connect(sock, (host, port)), STEP)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        limit = receive_buffer or 1 << 16
        return await asyncio.open_connection(sock=sock, limit=limit)
    except BaseException:
        sock.close()
        raise


class HttpConnection:
    """One TCP connection; requests go out and responses come in strictly in order."""

    def __init__(self, reader, writer, host: str, port: int):
        self.reader = reader
        self.writer = writer
        self.host = host
        self.port = port

    @classmethod
    async def open(cls, host: str, port: int, source_ip: str | None = None,
                   receive_buffer: int | None = None) -> "HttpConnection":
        reader, writer = await open_socket(host, port, source_ip, receive_buffer)
        return cls(reader, writer, host, port)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def request_bytes(self, method: str, target: str, headers=(), body: bytes | None = None,
                      chunks: list[bytes] | None = None) -> bytes:
        lines = [f"{method} {target} HTTP/1.1"]
        names = {name.lower() for name, _ in headers}
        if "host" not in names:
            lines.append(f"Host: {self.host}:{self.port}")
        lines += [f"{name}: {value}" for name, value in headers]
        if chunks is not None:
            lines.append("Transfer-Encoding: chunked")
            parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
            payload = b"".join(parts) + b"0\r\n\r\n"
        else:
            payload = body or b""
            if body is not None and "content-length" not in names:
                lines.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + payload

    async def request(self, method: str, target: str, headers=(), body: bytes | None = None,
                      chunks: list[bytes] | None = None, timeout: float = STEP) -> Response:
        await self.send(self.request_bytes(method, target, headers, body, chunks))
        return await self.read_response(method == "HEAD", timeout)

    async def read_response(self, head_only: bool = False, timeout: float = STEP) -> Response:
        return await asyncio.wait_for(self._read_response(head_only), timeout)

    async def _read_response(self, head_only: bool) -> Response:
        try:
            head = await self._read_head()
            lines = head[:-4].decode("latin-1").split("\r\n")
            version, status, reason = (lines[0].split(" ", 2) + [""])[:3]
            headers = []
            for line in lines[1:]:
                name, _, value = line.partition(":")
                headers.append((name, value.strip()))
            response = Response(version, int(status), reason, headers, b"", head)
            if not head_only:
                response.body = await self._read_body(response)
            return response
        except asyncio.IncompleteReadError as error:
            raise ConnectionEnded(f"after {error.partial!r}") from None

    async def _read_head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def _read_body(self, response: Response) -> bytes:
        if response.status in (101, 204, 304) or response.status < 200:
            return b""
        if (response.header("transfer-encoding") or "").lower() == "chunked":
            body = b""
            while True:
                size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
                chunk = await self.reader.readexactly(size + 2)
                if size == 0:
                    return body
                body += chunk[:-2]
        length = response.header("content-length")
        if length is None:
            return await self.reader.read(-1)
        return await self.reader.readexactly(int(length))

    async def at_end(self, timeout: float = STEP) -> bool:
        """True when the server closes the connection without sending another byte."""
        try:
            return await asyncio.wait_for(self.reader.read(1), timeout) == b""
        except ConnectionError:
            return True

    def abort(self) -> None:
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (ConnectionError, OSError):
            pass


async def fetch(host: str, port: int, method: str, target: str, headers=(),
                body: bytes | None = None, source_ip: str | None = None) -> Response:
    """One request on a connection of its own."""
    connection = await HttpConnection.open(host, port, source_ip)
    try:
        return await connection.request(method, target, headers, body)
    finally:
        connection.abort()
