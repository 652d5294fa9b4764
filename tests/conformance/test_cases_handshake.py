"""Cases 1 to 13: the door."""

import base64
import os

import pytest

from support.eio import target
from support.http1 import fetch
from support.ws import HandshakeRefused, WebSocket

from conformance.wire import (ECHO, PATH, Poller, assert_error, connect, echoes, get, next_text,
                              poll_target, ws_target)


async def refusal(sut, url: str, headers=()):
    with pytest.raises(HandshakeRefused) as refused:
        await WebSocket.connect(*sut.address, url, headers)
    return refused.value.response


async def test_case_01_wrong_protocol_version(case):
    sut = case.serve()
    connection = await connect(sut)
    for eio in ("", "EIO=3&", "EIO=abc&", "EIO=04&", "EIO=%204&"):
        assert_error(await connection.request("GET", f"{PATH}?{eio}transport=polling"), 5)
    response = await connection.request("GET", poll_target())
    assert response.status == 200, "the connection is reusable"
    connection.abort()
    await Poller(sut, response.text, PATH).post("1")


async def test_case_02_unknown_transport_comes_first(sut):
    for query in ("EIO=4", "EIO=4&transport=abc", "EIO=4&transport=webtransport", "EIO=3",
                  "transport=abc&EIO=3", "EIO=4&transport="):
        assert_error(await get(sut, f"{PATH}?{query}"), 0)


async def test_case_03_unknown_session(sut):
    for sid in ("nope", "__proto__", "x" * 10_000, "%00", "AAAA%0d%0aX-Injected:1", "A" * 28):
        for method in ("GET", "POST"):
            url = f"{PATH}?EIO=4&transport=polling&sid={sid}"
            response = await fetch(*sut.address, method, url, body=b"4x" if method == "POST" else
                                   None)
            assert_error(response, 1)
            assert not response.has("X-Injected")
    poller = await Poller.open(sut)
    await poller.post("1")
    await poller.assert_gone()


async def test_case_04_handshake_method(sut):
    for method in ("POST", "PUT", "DELETE"):
        assert_error(await fetch(*sut.address, method, poll_target()), 2)
    connection = await connect(sut)
    head = await connection.request("HEAD", poll_target())
    assert head.status == 400 and head.body == b""
    # What follows is the next response and not a body.
    assert_error(await connection.request("GET", f"{PATH}?EIO=4"), 0)
    connection.abort()


async def test_case_05_websocket_without_upgrade(sut):
    assert_error(await get(sut, ws_target()), 3)


async def test_case_06_upgrade_refusals(sut):
    for url, code in ((f"{PATH}?EIO=4&transport=websocket&sid=nope", 1),
                      (f"{PATH}?EIO=3&transport=websocket", 5), (f"{PATH}?EIO=4", 0)):
        assert_error(await refusal(sut, url), code)

    async def handshake(*headers):
        connection = await connect(sut)
        response = await connection.request("GET", ws_target(), [
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), *headers])
        connection.abort()
        return response

    key = ("Sec-WebSocket-Key", base64.b64encode(os.urandom(16)).decode())
    old = await handshake(key, ("Sec-WebSocket-Version", "12"))
    assert old.status in (400, 426)
    assert old.header("Sec-WebSocket-Version") == "13"
    keyless = await handshake(("Sec-WebSocket-Version", "13"))
    assert keyless.status == 400


async def test_case_07_query_spellings(sut):
    for query in ("transport=polling&EIO=4", "EIO=4&EIO=3&transport=polling",
                  "EIO=4&transport=poll%69ng", "EIO=4&transport=polling&sid=",
                  "&&EIO=4&transport=polling&=&x",
                  "&".join(f"p{i}={i}" for i in range(200)) + "&EIO=4&transport=polling"):
        response = await get(sut, f"{PATH}?{query}")
        assert response.status == 200, query
        await Poller(sut, response.text, PATH).post("1")
    # Of a repeated key the first counts.
    assert_error(await get(sut, f"{PATH}?EIO=3&EIO=4&transport=polling"), 5)


async def test_case_08_paths(sut):
    absolute = f"http://{sut.address[0]}:{sut.address[1]}/socket.io/"
    for path in ("/socket.io", "/socket.io/", absolute, "/socket.io/../x"):
        response = await get(sut, target(path, "polling"))
        assert response.status == 200, path
        await Poller(sut, response.text, PATH).post("1")
    for path in ("/socket.ioX/", "/", "/socket.i", "//socket.io/", "/x/../socket.io/", "*"):
        assert (await get(sut, target(path, "polling"))).status == 404, path


async def test_case_09_cors(case):
    any_origin = case.serve("--cors-origin", "*", max_payload=1000)
    listed = case.serve("--cors-origin", "https://a.example", "--cors-credentials",
                        max_payload=1000)
    wildcard = case.serve("--cors-origin", "*", "--cors-credentials")

    async def answers(sut, origin):
        headers = [("Origin", origin)] if origin else []
        ok = await get(sut, poll_target(), headers)
        poller = Poller(sut, ok.text, PATH)
        bad = await get(sut, f"{PATH}?EIO=4", headers)
        large = await poller.post("4" * 1001, headers) if sut is not wildcard else bad
        ws = await WebSocket.connect(*sut.address, ws_target(), headers)
        await ws.close()
        await poller.post("1")
        assert [ok.status, bad.status] == [200, 400]
        assert large.status in (400, 413)
        return [ok, bad, large, ws.response]

    for origin in (None, "https://a.example", "null"):
        for response in await answers(any_origin, origin):
            assert response.header("Access-Control-Allow-Origin") == "*"
    for response in await answers(listed, "https://a.example"):
        assert response.header("Access-Control-Allow-Origin") == "https://a.example"
        assert response.header("Access-Control-Allow-Credentials") == "true"
        assert response.header("Vary") == "Origin"
    for origin in (None, "https://b.example", "null"):
        for response in await answers(listed, origin):
            assert not response.has("Access-Control-Allow-Origin")
    for response in await answers(wildcard, "https://c.example"):
        assert response.header("Access-Control-Allow-Origin") == "https://c.example"

    preflight = await fetch(*listed.address, "OPTIONS", poll_target(), [
        ("Origin", "https://a.example"), ("Access-Control-Request-Headers", "x-api-key, y")])
    assert preflight.status == 204 and preflight.body == b""
    assert preflight.header("Access-Control-Allow-Headers") == "x-api-key, y"
    assert preflight.header("Access-Control-Allow-Methods") == "GET,HEAD,PUT,PATCH,POST,DELETE"
    off = case.serve()
    assert_error(await fetch(*off.address, "OPTIONS", poll_target()), 2)
    assert not (await get(off, f"{PATH}?EIO=4", [("Origin", "https://a.example")])).has(
        "Access-Control-Allow-Origin")


async def test_case_10_cookies_are_not_set_and_not_minded(sut):
    for size in (0, 100, 8_000):
        response = await get(sut, poll_target(), [("Cookie", "io=" + "c" * size)])
        assert response.status == 200
        assert not response.has("Set-Cookie")
        await Poller(sut, response.text, PATH).post("1")


async def test_case_11_connection_and_version(sut):
    async def raw(request: str) -> tuple:
        connection = await connect(sut)
        await connection.send(request.encode())
        response = await connection.read_response()
        assert response.status == 200
        assert response.header("content-length") == str(len(response.body))
        await Poller(sut, response.text, PATH).post("1")
        return connection, response

    url = poll_target()
    for request in (f"GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                    f"GET {url} HTTP/1.0\r\n\r\n"):
        connection, response = await raw(request)
        assert (response.header("connection") or "").lower() == "close"
        assert await connection.at_end()
        connection.abort()
    for request in (f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n",
                    f"GET {url} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"):
        connection, response = await raw(request)
        assert (response.header("connection") or "").lower() != "close"
        assert_error(await connection.request("GET", f"{PATH}?EIO=4"), 0)
        connection.abort()


async def test_case_12_pipelined_handshakes(sut):
    connection = await connect(sut)
    request = connection.request_bytes("GET", poll_target())
    await connection.send(request + request)
    first, second = await connection.read_response(), await connection.read_response()
    pollers = [Poller(sut, response.text, PATH) for response in (first, second)]
    assert pollers[0].sid != pollers[1].sid
    for poller in pollers:
        await poller.post("1")
    connection.abort()


async def test_case_12_request_behind_a_parked_poll(sut):
    """Answered in order, and the end of the connection is still seen behind it."""
    poller = await Poller.open(sut, ECHO)
    connection = await connect(sut)
    await connection.send(connection.request_bytes("GET", poller.url) +
                          connection.request_bytes("GET", f"{PATH}?EIO=4"))
    assert (await poller.post("4one")).body == b"ok"
    assert (await connection.read_response()).text == "4one"
    assert_error(await connection.read_response(), 0)
    # Now in two segments, and then the client goes away.
    await connection.send(connection.request_bytes("GET", poller.url))
    assert (await poller.post("3")).body == b"ok"
    await connection.send(b"GET / HTTP/1.1\r\n")
    assert (await poller.post("3")).body == b"ok"
    await connection.close()
    await sut.settle(0)


async def test_case_13_upgrade_on_the_same_connection(case):
    sut = case.serve()
    connection = await connect(sut)
    response = await connection.request("GET", poll_target())
    poller = Poller(sut, response.text, PATH)
    ws = await WebSocket.connect(*sut.address, ws_target(poller.sid), connection=connection)
    await ws.send_text("2probe")
    assert (await ws.recv()).data == "3probe"
    await ws.send_text("5")
    await ws.send_text("40")
    assert (await next_text(ws)).startswith('40{"sid":')
    await echoes(ws)
    await ws.close()
