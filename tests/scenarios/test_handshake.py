"""Scenarios 1 to 13: handshake and transport."""

import asyncio
import json

import pytest

from support.generation import DECLARED, EVERY_VERSION, GENERATIONS, TOOL_CALL
from support.raw import HandshakeRefused, HttpConnection, Peer, WebSocket, eventually, fetch, target
from support.scenario import scenario

OPEN_KEYS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
MISSING = b'{"code": 400, "message": "Missing a2c_version query parameter"}'


def refused(version: str, lowest: str = "0.1", highest: str = "0.4") -> bytes:
    """The whole answer to a version that a gateway does not serve, byte for byte."""
    body = ('{"code": 4008, "message": "Protocol version mismatch", '
            f'"server_version": "{highest}.0", "client_version": "{version}", '
            f'"min_supported": "{lowest}.0", "max_supported": "{highest}.999"}}')
    return ("HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nx-a2c-error-code: 4008\r\n\r\n{body}").encode()


# What the gateways of this run say no with: 0.5 is served alone.
REFUSED_090 = {gen: refused("0.9.0", *(("0.5", "0.5") if gen == "G5" else ()))
               for gen in GENERATIONS}
NOT_SERVED = [("a2c_version", "0.9.0")]


async def handshake(w, path="/socket.io/", query=()):
    return await fetch(*w.address, "GET", target(path, "polling", query))


def assert_open(response) -> dict:
    assert response.status == 200
    assert response.body.startswith(b"0")
    packet = json.loads(response.body[1:])
    assert set(packet) == OPEN_KEYS
    return packet


@scenario(1, "G1")
async def test_scenario_001_unversioned_polling_handshake_is_served(w):
    response = await handshake(w)
    packet = assert_open(response)
    assert packet["upgrades"] == ["websocket"]
    assert packet["pingInterval"] == 25_000
    assert packet["pingTimeout"] == 20_000
    assert packet["maxPayload"] == 1_000_000
    assert len(packet["sid"]) >= 20
    assert response.header("Content-Type").lower() == "text/plain; charset=utf-8"
    assert response.header("Content-Length") == str(len(response.body))
    session = await HttpConnection.open(*w.address)
    closed = await session.request("POST", target("/socket.io/", "polling", sid=packet["sid"]),
                                   body=b"1")
    assert (closed.status, closed.body) == (200, b"ok")
    session.abort()


@scenario(2, "G1")
async def test_scenario_002_both_paths_with_and_without_slash(w):
    for path in ("/smcp/", "/smcp", "/socket.io", "/socket.io/"):
        packet = assert_open(await handshake(w, path))
        await fetch(*w.address, "POST", target(path, "polling", sid=packet["sid"]), body=b"1")
    for path in ("/socket.iox/", "/socket.iox", "/smcpx/", "/", "/socket.i"):
        assert (await handshake(w, path)).status == 404, path


@scenario(3, "G1", protocol__allow_unversioned="false")
async def test_scenario_003_unversioned_client_refused_when_not_allowed(w):
    response = await handshake(w)
    assert response.status == 400
    assert response.body == MISSING
    assert response.header("Content-Type") == "application/json"
    assert response.header("Content-Length") == str(len(MISSING))
    assert not response.has("x-a2c-error-code")
    with pytest.raises(HandshakeRefused) as raised:
        await WebSocket.connect(*w.address, target("/socket.io/", "websocket"))
    assert raised.value.response.status == 400
    assert raised.value.response.body == MISSING
    accepted = await handshake(w, query=[("a2c_version", "0.1.5")])
    packet = assert_open(accepted)
    await fetch(*w.address, "POST", target("/socket.io/", "polling", sid=packet["sid"]), body=b"1")


@scenario(4, "G2+", protocol__allow_unversioned="false")
async def test_scenario_004_empty_version_counts_as_absent(w):
    response = await handshake(w, query=[("a2c_version", "")])
    assert (response.status, response.body) == (400, MISSING)
    assert not response.has("x-a2c-error-code")


@scenario(4, "G2-4")
async def test_scenario_004_empty_version_is_served_as_absent_by_default(w):
    office = w.office()
    agent = await w.peer(query_items=[("a2c_version", "")])
    assert (await agent.join("agent", "bot", office)).text == "[true,null]"
    assert "a2c_version" not in (await agent.list_room(office)).only["sessions"][0]
    # It speaks as 0.1 does: a failed tool call is a tool's result.
    assert "isError" in (await w.ask(agent, TOOL_CALL, "ghost")).only


@scenario(5, "G2+")
async def test_scenario_005_version_that_does_not_parse(w):
    for version in ("abc", "1.2", "0.2.0.1", "0.5.0-dev", "0.x.1", "+0.2.0", " 0.2.0", "0.2.0 ",
                    "0..2", ".", "0.2.", "0.2.0000000001", "\u0660.2.0"):
        response = await handshake(w, query=[("a2c_version", version)])
        assert response.status == 400
        assert response.header("Content-Type") == "application/json"
        assert response.json()["code"] == 400
        assert response.json()["message"].startswith("Invalid a2c_version: "), version
        assert not response.has("x-a2c-error-code")
    response = await handshake(w, query=[("a2c_version", "abc")])
    assert response.body == (
        b'{"code": 400, "message": "Invalid a2c_version: Invalid version: abc"}')


async def answer_bytes(w, url: str, headers=()) -> bytes:
    connection = await HttpConnection.open(*w.address)
    response = await connection.request("GET", url, headers)
    connection.abort()
    return response.head + response.body


@scenario(6, "G2+")
async def test_scenario_006_incompatible_version_over_polling(w):
    response = await handshake(w, query=NOT_SERVED)
    assert response.status == 400
    assert len(response.json()) == 6
    assert response.header("X-A2C-Error-Code") == "4008"
    assert response.header("Content-Type") == "application/json"
    assert response.header("Content-Length") == str(len(response.body))
    for path in ("/socket.io/", "/socket.io", "/smcp/", "/smcp"):
        assert await answer_bytes(w, target(path, "polling", NOT_SERVED)) == REFUSED_090[w.gen]


@scenario(7, "G2+")
async def test_scenario_007_incompatible_version_on_direct_websocket(w):
    with pytest.raises(HandshakeRefused) as raised:
        await WebSocket.connect(*w.address, target("/socket.io/", "websocket", NOT_SERVED))
    response = raised.value.response
    assert response.head + response.body == REFUSED_090[w.gen]
    assert await answer_bytes(w, target("/socket.io/", "polling", NOT_SERVED)) == (
        REFUSED_090[w.gen])


@scenario(8, "G2-4")
async def test_scenario_008_served_versions_are_accepted(w):
    for version in ("0.2.0", "0.2.7", "0.3.99", "0.4.1"):
        await (await w.peer(query_items=[("a2c_version", version)])).barrier()
    for version in ("1.0.0", "0.0.1", "0.5.0"):
        response = await handshake(w, query=[("a2c_version", version)])
        assert (response.status, response.json()["code"]) == (400, 4008)


@scenario(8, "G5", protocol__versions=EVERY_VERSION)
async def test_scenario_008_served_versions_are_accepted_with_0_5_among_them(w):
    for version in ("0.2.0", "0.2.7", "0.3.99", "0.4.1", "0.5.0", "0.5.999999999"):
        await (await w.peer(query_items=[("a2c_version", version)])).barrier()
    for version in ("1.0.0", "0.6.0"):
        response = await handshake(w, query=[("a2c_version", version)])
        assert response.head + response.body == refused(version, "0.1", "0.5")


@scenario(9, "G2+")
async def test_scenario_009_first_of_repeated_versions_decides(w):
    good_first = [("a2c_version", DECLARED[w.gen]), ("a2c_version", "0.9.0")]
    assert (await w.peer(query_items=good_first)).sid
    response = await handshake(w, query=list(reversed(good_first)))
    assert (response.status, response.json()["code"]) == (400, 4008)


@scenario(10, "G2+", auth__provider="api_key", auth__api_key__admin_secret="k")
async def test_scenario_010_version_gate_comes_before_everything_else(w):
    url = target("/socket.io/", "polling", NOT_SERVED)
    assert await answer_bytes(w, url) == REFUSED_090[w.gen]
    # Before the checks of Engine.IO too: its transport, its version, its method.
    for bad in (url.replace("polling", "pigeon"), url.replace("EIO=4", "EIO=3")):
        assert await answer_bytes(w, bad) == REFUSED_090[w.gen]
    response = await fetch(*w.address, "POST", url, body=b"40/smcp,{}")
    assert (response.status, response.json()["code"]) == (400, 4008)


@scenario(11, "G2+")
async def test_scenario_011_later_requests_need_no_version(w):
    packet = assert_open(await handshake(w, query=[("a2c_version", DECLARED[w.gen])]))
    url = target("/socket.io/", "polling", sid=packet["sid"])
    assert (await fetch(*w.address, "POST", url, body=b"40/smcp,{}")).body == b"ok"
    connected = await fetch(*w.address, "GET", url)
    assert connected.body.startswith(b'40/smcp,{"sid":"')
    assert (await fetch(*w.address, "POST", url, body=b"1")).body == b"ok"


@scenario(12, "all", ("ws", "upgrade"))
async def test_scenario_012_websocket_works_end_to_end(w):
    office, agent, computer = await w.pair()
    if w.transport == "ws":
        assert agent.session.open_packet["upgrades"] == []
    assert agent.session.transport == "websocket"
    call = agent.start_call(TOOL_CALL, w.payload(TOOL_CALL))
    request = await computer.request(TOOL_CALL)
    result = {"content": [{"type": "text", "text": "hi"}], "isError": False}
    await request.reply(result)
    assert (await call).only == result


@scenario(12, "G1")
async def test_scenario_012_declared_0_1_is_served_as_0_1(w):
    office = w.office()
    await w.agent(office, query_items=[("a2c_version", "0.1.2")])
    second = await w.peer(query_items=[("a2c_version", "0.1.99")])
    assert (await second.join("agent", "other", office)).text == (
        '[false,"Room already has an agent"]')


async def call_in_turn(w, agent: Peer, first: int, count: int, window: int) -> list[int]:
    """Calls numbered from `first`, at most `window` outstanding; returns the numbers answered."""
    slots = asyncio.Semaphore(window)
    answered = []

    async def one(number: int):
        try:
            payload = w.payload("client:get_tools", req_id=str(number))
            ack = await agent.call("client:get_tools", payload)
            assert ack.only == {"tools": [], "req_id": str(number)}
            answered.append(number)
        finally:
            slots.release()

    calls = []
    for number in range(first, first + count):
        await slots.acquire()
        calls.append(asyncio.create_task(one(number)))
    await asyncio.gather(*calls)
    return answered


@scenario(13, "all")
async def test_scenario_013_upgrade_keeps_the_sid_and_loses_nothing(w):
    office = w.office()
    agent = await w.agent(office)
    for attempt in range(5):
        computer = await w.computer(office, "pc", transport="polling")
        await agent.expect("notify:enter_office")
        seen = []

        def answer(event):
            seen.append(int(event.payload["req_id"]))
            return ({"tools": [], "req_id": event.payload["req_id"]},)

        computer.on_request("client:get_tools", answer)
        sids = (computer.session.sid, computer.sid)
        calls = asyncio.create_task(call_in_turn(w, agent, 0, 200, 8))
        await eventually(lambda: len(seen) >= 10, "requests over polling")
        await computer.session.upgrade()
        answered = await calls
        assert sorted(answered) == list(range(200))
        assert seen == list(range(200)), "a request was lost, doubled or overtaken"
        assert (computer.session.sid, computer.sid) == sids
        sessions = (await computer.list_room(office)).only["sessions"]
        assert sids[1] in [session["sid"] for session in sessions]
        used_up = await fetch(*w.address, "GET",
                              target("/socket.io/", "polling", sid=computer.session.sid))
        assert (used_up.status, used_up.json()) == (400, {"code": 3, "message": "Bad request"})
        await computer.close()
        await agent.expect("notify:leave_office")
