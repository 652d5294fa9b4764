"""Cases 14 to 20: HTTP that is slow, too much, or wrong."""

import asyncio

import pytest

from support.deadlines import STEP, scaled
from support.http1 import ConnectionEnded

from conformance.wire import ECHO, PATH, Poller, assert_error, connect, poll_target

REQUEST = f"GET {poll_target()} HTTP/1.1\r\nHost: x\r\n"


async def send_all(connection, data: bytes) -> None:
    """Sends as much as the server takes."""
    try:
        await asyncio.wait_for(connection.send(data), STEP)
    except (ConnectionError, OSError):
        pass


async def answer_to(sut, data: bytes):
    """(status or None, connection) for raw bytes; None: cut without an answer."""
    connection = await connect(sut)
    await send_all(connection, data)
    try:
        return (await connection.read_response()).status, connection
    except (ConnectionEnded, ConnectionError):
        return None, connection


async def assert_cut(connection) -> None:
    assert await connection.at_end()
    connection.abort()


@pytest.mark.parametrize("bomb", ["one header", "many headers", "no end"])
async def test_case_14_header_bombs(sut, bomb):
    data = {"one header": REQUEST + "X: " + "a" * 100_000 + "\r\n\r\n",
            "many headers": REQUEST + "".join(f"X-{i}: {'b' * 20}\r\n" for i in range(1000)) +
            "\r\n",
            "no end": REQUEST + "X: " + "c" * 10_000_000}[bomb].encode()
    status, connection = await answer_to(sut, data)
    assert status in (431, 400) or (status is None and bomb == "no end")
    await assert_cut(connection)


async def test_case_15_slow_headers_are_cut(case):
    sut = case.serve("--header-timeout-ms", "700", "--idle-timeout-ms", "60000")
    connections = [await connect(sut) for _ in range(100)]
    # Half of them have been served once: the deadline is the same for every request.
    for connection in connections[::2]:
        assert_error(await connection.request("GET", f"{PATH}?EIO=4"), 0)

    async def drip(connection) -> None:
        for byte in REQUEST.encode():
            if connection.reader.at_eof() or connection.writer.is_closing():
                return
            try:
                await connection.send(bytes([byte]))
            except (ConnectionError, OSError):
                return
            await asyncio.sleep(0.05)
        raise AssertionError("a header of a byte at a time was waited for to its end")

    await asyncio.wait_for(asyncio.gather(*map(drip, connections)), scaled(10))
    for connection in connections:
        connection.abort()


async def test_case_16_slow_body_is_cut(case):
    sut = case.serve("--body-timeout-ms", "500")
    poller = await Poller.open(sut, ECHO)
    connection = await connect(sut)
    head = connection.request_bytes("POST", poller.url, [("Content-Length", "1000")])
    await connection.send(head + b"4")
    await asyncio.wait_for(connection.reader.read(-1), STEP)
    connection.abort()
    await poller.assert_gone()


GARBAGE = {
    "tls": bytes.fromhex("16030100a5010000a10303") + b"\x00" * 90,
    "only a word": b"GET\r\n\r\n",
    "nul": b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "nul in a header": REQUEST.encode() + b"X: a\x00b\r\n\r\n",
    "bare line feeds": REQUEST.replace("\r\n", "\n").encode() + b"\n",
    "space before colon": REQUEST.encode() + b"X : y\r\n\r\n",
    "two lengths": REQUEST.encode() + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunked": REQUEST.encode() +
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": REQUEST.encode() +
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "unknown coding": REQUEST.encode() + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "negative length": REQUEST.encode() + b"Content-Length: -1\r\n\r\n",
    "version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("kind", GARBAGE)
async def test_case_17_garbage_is_refused(sut, kind):
    status, connection = await answer_to(sut, GARBAGE[kind])
    assert status in (400, None), status
    await assert_cut(connection)


async def test_case_17_folded_header_is_one_header(sut):
    """Obsolete folding may be refused or read as a space (RFC 9112 5.2); never as two requests."""
    connection = await connect(sut)
    await connection.send(REQUEST.encode() + b"X: a\r\n b\r\n\r\n")
    response = await connection.read_response()
    assert response.status in (200, 400)
    if response.status == 200:
        await Poller(sut, response.text, PATH).post("1")
    connection.abort()


async def test_case_18_post_without_length_is_empty(sut):
    poller = await Poller.open(sut, ECHO)
    connection = await connect(sut)
    await connection.send(f"POST {poller.url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    # An empty body is one empty packet, which does not parse.
    assert (await connection.read_response()).status == 400
    assert_error(await connection.request("GET", f"{PATH}?EIO=4"), 0)
    connection.abort()
    await poller.assert_gone()


async def test_case_19_chunked_posts(case):
    sut = case.serve(max_payload=2000)
    poller = await Poller.open(sut, ECHO)
    assert (await poller.post(b"", chunks=[b"4he", b"llo"])).body == b"ok"
    assert (await poller.post(b"", chunks=[bytes([b]) for b in b"4tiny"])).body == b"ok"
    connection = await connect(sut)
    await connection.send(f"POST {poller.url} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked"
                          "\r\n\r\n3;name=value\r\n4ex\r\n1;q=\"x\"\r\nt\r\n0\r\nTrailer: 1\r\n\r\n"
                          .encode())
    assert (await connection.read_response()).body == b"ok"
    connection.abort()
    assert await poller.poll_until(3) == ["4hello", "4tiny", "4ext"]

    large = await poller.post(b"", chunks=[b"4" + b"x" * 1500, b"x" * 1500])
    assert large.status == 413
    await poller.assert_usable()

    connection = await connect(sut)
    await connection.send(f"POST {poller.url} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked"
                          "\r\n\r\nzz\r\n4x\r\n".encode())
    assert (await connection.read_response()).status == 400
    await assert_cut(connection)
    await poller.assert_gone()


async def test_case_20_expect_continue(case):
    sut = case.serve(max_payload=2000)
    poller = await Poller.open(sut, ECHO)

    async def post(length: int):
        connection = await connect(sut)
        await connection.send(connection.request_bytes("POST", poller.url, [
            ("Expect", "100-continue"), ("Content-Length", str(length))]))
        return connection, await connection.read_response()

    connection, response = await post(2001)
    assert response.status == 413, "refused before the body"
    connection.abort()
    connection, response = await post(6)
    assert response.status == 100
    await connection.send(b"4hello")
    assert (await connection.read_response()).body == b"ok"
    connection.abort()
    assert await poller.poll_until(1) == ["4hello"]
    await poller.post("1")
