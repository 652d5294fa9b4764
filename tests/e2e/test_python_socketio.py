"""The newest python-socketio, async and sync, over each transport, on a gateway."""

import asyncio

import pytest
import socketio

from e2e.keys import GATEWAY_SETTINGS, KEY, NAMESPACE, TRANSPORTS
from e2e.psio import KINDS, Peer, peers
from support.deadlines import STEP

pytestmark = [
    pytest.mark.parametrize("kind", KINDS),
    pytest.mark.parametrize("transport", TRANSPORTS),
]

TOOL_CALL = "client:tool_call"


def tool_call(params, **more) -> dict:
    return {
        "agent": "bot",
        "req_id": "r1",
        "computer": "pc",
        "tool_name": "t",
        "params": params,
        "timeout": int(STEP),
        **more,
    }


async def join_both(agent: Peer, computer: Peer, office: str) -> None:
    assert await agent.join("agent", "bot", office) == (True, None)
    assert await computer.join("computer", "pc", office) == (True, None)
    assert await agent.next() == ("notify:enter_office", ({"office_id": office, "computer": "pc"},))


async def test_connects_with_the_key_in_auth(url, kind, transport):
    peer = await Peer(kind, transport).connect(url, headers={}, auth={"token": KEY})
    try:
        assert peer.sid and peer.sid != peer.client.eio.sid
        assert peer.client.transport() == ("polling" if transport == "polling" else "websocket")
    finally:
        await peer.disconnect()


async def test_is_refused_with_a_wrong_key(url, kind, transport):
    peer = Peer(kind, transport, reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await peer.connect(url, headers={"x-api-key": "wrong"}, auth={"token": "wrong"})
    assert peer.refusals == [{"message": "Connection refused by server"}]
    assert peer.sid is None


async def test_is_refused_in_an_unknown_namespace(url, kind, transport):
    peer = Peer(kind, transport, reconnection=False)
    refusals = []
    peer.client.on("connect_error", peer._handler(refusals.append), namespace="/nowhere")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await peer.connect(url, namespaces=["/nowhere"])
    assert refusals == [{"message": "Invalid namespace"}]


async def test_a_call_goes_to_the_computer_and_back(url, office, kind, transport):
    async with peers(url, kind, transport) as (agent, computer):
        await join_both(agent, computer, office)
        request = tool_call(
            {"big": 2**53 - 1, "text": 'ü\U0001f600"\\\n', "list": [1, 2.5, None, True]},
            unknown={"kept": [1]},
        )
        computer.answers[TOOL_CALL] = lambda data: {"content": [data["params"]], "isError": False}
        answer = await agent.call(TOOL_CALL, request)
        assert answer == {"content": [request["params"]], "isError": False}
        assert await computer.next() == (TOOL_CALL, (request,))


async def test_acks_of_several_arguments(url, office, kind, transport):
    async with peers(url, kind, transport) as (agent, computer):
        await join_both(agent, computer, office)
        computer.answers[TOOL_CALL] = lambda data: ("first", {"second": 2}, [3, None])
        assert await agent.call(TOOL_CALL, tool_call({})) == ("first", {"second": 2}, [3, None])


async def test_binary_goes_both_ways(url, office, kind, transport):
    async with peers(url, kind, transport) as (agent, computer):
        await join_both(agent, computer, office)
        blob = bytes(range(256)) * 64
        computer.answers[TOOL_CALL] = lambda data: {
            "reversed": data["params"]["a"][::-1],
            "again": [data["params"]["b"]],
            "empty": b"",
        }
        answer = await agent.call(TOOL_CALL, tool_call({"a": blob, "b": b"\x00\xff"}))
        assert answer == {"reversed": blob[::-1], "again": [b"\x00\xff"], "empty": b""}


async def test_a_message_of_900_kB(url, office, kind, transport):
    async with peers(url, kind, transport) as (agent, computer):
        await join_both(agent, computer, office)
        text = "0123456789" * 90_000
        computer.answers[TOOL_CALL] = lambda data: {"text": data["params"]["text"], "n": 1}
        answer = await agent.call(TOOL_CALL, tool_call({"text": text}), timeout=3 * STEP)
        assert answer == {"text": text, "n": 1}


async def test_many_calls_at_once_keep_their_answers(url, office, kind, transport):
    async with peers(url, kind, transport) as (agent, computer):
        await join_both(agent, computer, office)
        computer.answers[TOOL_CALL] = lambda data: data["params"]
        answers = await asyncio.gather(
            *(
                agent.call(TOOL_CALL, tool_call({"number": number}), timeout=3 * STEP)
                for number in range(32)
            )
        )
        assert answers == [{"number": number} for number in range(32)]


async def test_the_peer_sees_a_disconnect(url, office, kind, transport):
    async with peers(url, kind, transport) as (agent, computer):
        await join_both(agent, computer, office)
        await computer.disconnect()
        assert await agent.next() == (
            "notify:leave_office",
            ({"office_id": office, "computer": "pc"},),
        )


async def test_a_disconnect_ends_the_call(url, office, kind, transport):
    async with peers(url, kind, transport) as (agent, computer):
        await join_both(agent, computer, office)
        if kind == "async":
            # The handler never answers; the Computer leaves while it runs.
            async def never(event, *args):
                computer.seen.put_nowait((event, args))
                await asyncio.Event().wait()

            computer.client.on("*", never, namespace=NAMESPACE)
        else:
            # A handler that never answers would keep a thread: this one leaves by itself.
            computer.answers[TOOL_CALL] = lambda data: computer.client.disconnect()
        call = asyncio.create_task(agent.call(TOOL_CALL, tool_call({}), timeout=2 * STEP))
        if kind == "async":
            assert (await computer.next())[0] == TOOL_CALL
            await computer.disconnect()
        answer = await call
        assert (
            answer["isError"]
            and answer["content"][0]["text"] == "Computer with name 'pc' not found"
        )


async def test_comes_back_after_a_restart(start_gateway, office, kind, transport):
    gateway = start_gateway(GATEWAY_SETTINGS)
    host, port = gateway.address
    url = f"http://{host}:{port}"
    async with peers(url, kind, transport) as (agent, computer):
        await join_both(agent, computer, office)
        old = {peer: peer.sid for peer in (agent, computer)}
        await asyncio.to_thread(gateway.stop)
        again = start_gateway({**GATEWAY_SETTINGS, "listen.address": f"{host}:{port}"})
        for peer in (agent, computer):
            await peer.came_back(url, old[peer])
            while not peer.seen.empty():  # what the old gateway said while it closed
                peer.seen.get_nowait()
        await join_both(agent, computer, office)
        computer.answers[TOOL_CALL] = lambda data: data["params"]
        assert await agent.call(TOOL_CALL, tool_call({"after": 1})) == {"after": 1}
    await again.settle_empty()
