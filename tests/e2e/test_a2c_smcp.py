"""The a2c-smcp package 0.1.x, unchanged, on a gateway: what its users do all day."""

import asyncio

import pytest
import socketio
from a2c_smcp.agent import AsyncSMCPAgentClient, SMCPAgentClient
from a2c_smcp.computer.socketio.client import SMCPComputerClient

from e2e.a2c import (
    CALL_WITHIN,
    TOOLS,
    agent_in,
    boot_computer,
    computer_connected,
    computer_in,
    provider,
    sync_agent_in,
)
from e2e.keys import GATEWAY_SETTINGS, HEADERS, KEY, NAMESPACE, TRANSPORTS
from support.deadlines import STEP, eventually

every_transport = pytest.mark.parametrize("transport", TRANSPORTS)
CANCEL = "server:tool_call_cancel"
CANCEL_NOTICE = "notify:tool_call_cancel"
WINDOW = "window://demo.smcp/status?priority=50"


def text_of(result) -> str:
    return result.content[0].text


def expected_transport(transport: str) -> str:
    return "polling" if transport == "polling" else "websocket"


@every_transport
async def test_async_agent_works_with_a_computer(url, office, transport):
    async with (
        computer_in(url, office, transport) as computer,
        agent_in(url, office, transport) as agent,
    ):
        assert agent.transport() == expected_transport(transport)
        assert computer.transport() == expected_transport(transport)

        listed = await agent.get_computers_in_office(office)
        assert [(item["name"], item["role"], item["office_id"]) for item in listed] == [
            ("pc", "computer", office)
        ]
        tools = (await agent.get_tools_from_computer("pc"))["tools"]
        assert sorted(tool["name"] for tool in tools) == TOOLS
        assert next(tool for tool in tools if tool["name"] == "add")["params_schema"]["properties"]

        result = await agent.emit_tool_call("pc", "add", {"a": 40, "b": 2}, CALL_WITHIN)
        assert (result.isError, text_of(result)) == (False, "42")
        words = 'grüße, 你好, \U0001f600, "quoted" \\ \u2028 done'
        result = await agent.emit_tool_call("pc", "echo", {"text": words}, CALL_WITHIN)
        assert (result.isError, text_of(result)) == (False, words)

        desktop = await agent.get_desktop_from_computer("pc", size=3, window=WINDOW)
        assert len(desktop["desktops"]) == 1 and desktop["desktops"][0].startswith(WINDOW)
        config = await agent.call(
            "client:get_config",
            {"agent": "agent", "req_id": "c1", "computer": "pc"},
            namespace=NAMESPACE,
            timeout=CALL_WITHIN,
        )
        assert list(config["servers"]) == ["demo-tools"]


@every_transport
async def test_agent_is_told_what_the_computer_does(url, office, transport):
    async with agent_in(url, office, transport) as agent:
        lists, desktops = asyncio.Queue(), asyncio.Queue()
        agent.on("notify:update_tool_list", lists.put, namespace=NAMESPACE)
        agent.process_desktop_response = lambda ret, name: desktops.put_nowait(
            (name, len(ret["desktops"]))
        )
        async with computer_connected(url, transport) as computer:
            await computer.join_office(office)
            assert await agent.events.next() == ("enter", {"office_id": office, "computer": "pc"})
            assert await agent.events.next() == ("tools", ("pc", TOOLS))

            await computer.emit_update_config()
            assert await agent.events.next() == ("config", {"computer": "pc"})
            assert await agent.events.next() == ("tools", ("pc", TOOLS))
            await computer.emit_update_tool_list()
            assert await asyncio.wait_for(lists.get(), STEP) == {"computer": "pc"}
            await computer.emit_refresh_desktop()
            assert await asyncio.wait_for(desktops.get(), STEP) == ("pc", 1)

            await computer.leave_office(office)
            assert await agent.events.next() == ("leave", {"office_id": office, "computer": "pc"})
            assert await agent.get_computers_in_office(office) == []
            await computer.join_office(office)
            assert await agent.events.next() == ("enter", {"office_id": office, "computer": "pc"})
            assert await agent.events.next() == ("tools", ("pc", TOOLS))
        assert await agent.events.next() == ("leave", {"office_id": office, "computer": "pc"})


@every_transport
async def test_sync_agent_works_with_a_computer(url, office, transport):
    async with computer_connected(url, transport) as computer:
        loop = asyncio.get_running_loop()

        def on_computer(coroutine):
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result(STEP)

        def scenario():
            with sync_agent_in(url, office, transport) as agent:
                assert agent.transport() == expected_transport(transport)
                on_computer(computer.join_office(office))
                assert agent.events.next() == ("enter", {"office_id": office, "computer": "pc"})
                assert agent.events.next() == ("tools", ("pc", TOOLS))

                tools = agent.get_tools_from_computer("pc")["tools"]
                assert sorted(tool["name"] for tool in tools) == TOOLS
                result = agent.emit_tool_call("pc", "add", {"a": 40, "b": 2}, CALL_WITHIN)
                assert (result.isError, text_of(result)) == (False, "42")
                assert len(agent.get_desktop_from_computer("pc")["desktops"]) == 1
                assert [item["name"] for item in agent.get_computers_in_office(office)] == ["pc"]

                on_computer(computer.emit_update_config())
                assert agent.events.next() == ("config", {"computer": "pc"})
                assert agent.events.next() == ("tools", ("pc", TOOLS))
                on_computer(computer.leave_office(office))
                assert agent.events.next() == ("leave", {"office_id": office, "computer": "pc"})
                agent.leave_office(office, namespace=NAMESPACE)

        await asyncio.to_thread(scenario)


async def test_many_calls_at_once(url, office):
    async with computer_in(url, office), agent_in(url, office) as agent:
        words = [f"{number}-{'x' * number}" for number in range(64)]
        results = await asyncio.gather(
            *(agent.emit_tool_call("pc", "echo", {"text": word}, CALL_WITHIN) for word in words)
        )
        assert [text_of(result) for result in results] == words


async def test_cancel_reaches_the_computer_and_the_call_still_answers(url, office):
    async with computer_in(url, office) as computer, agent_in(url, office) as agent:
        notices = asyncio.Queue()
        computer.on(CANCEL_NOTICE, notices.put, namespace=NAMESPACE)
        request = agent.create_tool_call_request("pc", "slow", {"seconds": 1.0}, CALL_WITHIN)
        call = asyncio.create_task(
            agent.call("client:tool_call", request, namespace=NAMESPACE, timeout=CALL_WITHIN)
        )
        await asyncio.sleep(0)  # the task sends its request first
        # The Computer starts calls in the order they come: with this answer the slow one runs.
        assert text_of(await agent.emit_tool_call("pc", "echo", {"text": "x"}, CALL_WITHIN)) == "x"
        notice = {"agent": "agent", "req_id": request["req_id"]}
        await agent.emit(CANCEL, notice, namespace=NAMESPACE)
        assert await asyncio.wait_for(notices.get(), STEP) == notice
        # A 0.1.x Computer does not act on it; the gateway must not have ended the call either.
        assert (await call)["content"][0]["text"] == "slept 1.0 s"


async def test_an_answer_that_comes_too_late_disturbs_nothing(url, office):
    late = socketio.AsyncClient()
    answer = asyncio.Event()

    async def on_tool_call(data):
        if data["tool_name"] == "late":
            await answer.wait()
        return {"content": [{"type": "text", "text": data["tool_name"]}], "isError": False}

    late.on("client:tool_call", on_tool_call, namespace=NAMESPACE)
    await late.connect(url, headers=HEADERS, namespaces=[NAMESPACE])
    try:
        join = {"role": "computer", "name": "pc", "office_id": office}
        assert await late.call("server:join_office", join, namespace=NAMESPACE) == (True, None)
        async with agent_in(url, office) as agent:
            # The agent waits exactly its timeout, the gateway a little longer: the agent is first.
            assert (await agent.emit_tool_call("pc", "late", {}, 1)).isError
            answer.set()
            for number in range(8):
                result = await agent.emit_tool_call("pc", f"tool-{number}", {}, CALL_WITHIN)
                assert text_of(result) == f"tool-{number}"
    finally:
        await late.disconnect()


async def test_computer_switches_office(url, office):
    other = office + "-b"
    async with agent_in(url, office) as first, agent_in(url, other, name="agent-b") as second:
        async with computer_connected(url) as computer:
            await computer.join_office(office)
            assert (await first.events.next())[0] == "enter"
            assert (await first.events.next())[0] == "tools"
            await computer.join_office(other)
            assert await first.events.next() == ("leave", {"office_id": office, "computer": "pc"})
            assert await second.events.next() == ("enter", {"office_id": other, "computer": "pc"})
            assert await second.events.next() == ("tools", ("pc", TOOLS))
            result = await second.emit_tool_call("pc", "add", {"a": 1, "b": 1}, CALL_WITHIN)
            assert text_of(result) == "2"
            gone = await first.emit_tool_call("pc", "add", {"a": 1, "b": 1}, CALL_WITHIN)
            assert gone.isError and text_of(gone) == "Computer with name 'pc' not found"
        assert await second.events.next() == ("leave", {"office_id": other, "computer": "pc"})
        assert first.events.seen.empty()


async def test_two_computers_in_one_office_are_told_apart(url, office):
    async with (
        computer_in(url, office, name="pc-1") as first,
        computer_in(url, office, name="pc-2") as second,
    ):
        calls = {"pc-1": 0, "pc-2": 0}
        for client in (first, second):
            inner = client.computer.aexecute_tool

            async def count(*args, _inner=inner, _name=client.computer.name, **kwargs):
                calls[_name] += 1
                return await _inner(*args, **kwargs)

            client.computer.aexecute_tool = count
        async with agent_in(url, office) as agent:
            for name in ("pc-1", "pc-2", "pc-2"):
                assert (
                    text_of(await agent.emit_tool_call(name, "echo", {"text": name}, CALL_WITHIN))
                    == name
                )
        assert calls == {"pc-1": 1, "pc-2": 2}


async def test_a_taken_computer_name_is_refused(url, office):
    async with computer_in(url, office):
        async with computer_connected(url) as twin:
            with pytest.raises(
                RuntimeError, match=f"Computer with name 'pc' already exists in room '{office}'"
            ):
                await twin.join_office(office)
            assert twin.office_id is None


async def test_a_second_agent_stays_outside(url, office):
    async with agent_in(url, office) as agent:
        other = AsyncSMCPAgentClient(auth_provider=provider("other", office))
        await other.connect_to_server(url)
        try:
            await other.join_office(office, "other", namespace=NAMESPACE)
            answer = await other.call(
                "server:list_room",
                {"agent": "other", "req_id": "r1", "office_id": office},
                namespace=NAMESPACE,
            )
            assert answer["code"] == 4103
        finally:
            await other.disconnect()
        assert agent.events.seen.empty()


async def test_unknown_computer_is_an_error_result(url, office):
    async with agent_in(url, office) as agent:
        result = await agent.emit_tool_call("nobody", "add", {}, CALL_WITHIN)
        assert result.isError and text_of(result) == "Computer with name 'nobody' not found"
        with pytest.raises(ValueError, match="mismatched req_id"):
            await agent.get_tools_from_computer("nobody", timeout=CALL_WITHIN)


async def test_computer_lost_in_a_call_is_an_error_result(url, office):
    async with agent_in(url, office) as agent:
        async with computer_in(url, office) as computer:
            started = asyncio.Event()
            inner = computer.computer.aexecute_tool

            async def run(*args, **kwargs):
                started.set()
                return await inner(*args, **kwargs)

            computer.computer.aexecute_tool = run
            call = asyncio.create_task(agent.emit_tool_call("pc", "slow", {"seconds": 30.0}, 60))
            await asyncio.wait_for(started.wait(), STEP)
        result = await asyncio.wait_for(call, STEP)
        assert result.isError and text_of(result) == "Computer with name 'pc' not found"


@pytest.mark.parametrize("key", ["wrong", KEY + "x", KEY[:-1], None])
@every_transport
async def test_agent_with_a_wrong_key_is_refused(url, office, transport, key):
    agent = AsyncSMCPAgentClient(auth_provider=provider("agent", office, key), reconnection=False)
    refusals = []
    agent.on("connect_error", refusals.append, namespace=NAMESPACE)
    options = {"transports": TRANSPORTS[transport]} if TRANSPORTS[transport] else {}
    with pytest.raises(socketio.exceptions.ConnectionError):
        await agent.connect_to_server(url, **options)
    assert refusals == [{"message": "Connection refused by server"}]
    assert not agent.connected


async def test_sync_agent_and_computer_with_a_wrong_key_are_refused(url, office):
    def sync_agent():
        agent = SMCPAgentClient(
            auth_provider=provider("agent", office, "wrong"), reconnection=False
        )
        with pytest.raises(socketio.exceptions.ConnectionError):
            agent.connect_to_server(url)

    await asyncio.to_thread(sync_agent)
    client = SMCPComputerClient(computer=await boot_computer(), reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(url, headers={"x-api-key": "wrong"}, namespaces=[NAMESPACE])


@pytest.mark.parametrize(
    "options",
    [
        {"api_key_header": "access_token"},
        {"api_key_header": "x-api-key"},
        {"key": None, "auth_data": {"token": KEY}},
    ],
    ids=["access_token", "x-api-key", "auth-token"],
)
async def test_each_place_for_the_key_works(url, office, options):
    agent = AsyncSMCPAgentClient(auth_provider=provider("agent", office, **options))
    await agent.connect_to_server(url)
    try:
        await agent.join_office(office, "agent", namespace=NAMESPACE)
        assert await agent.get_computers_in_office(office) == []
    finally:
        await agent.disconnect()


@every_transport
async def test_clients_come_back_after_a_restart(start_gateway, office, transport):
    gateway = start_gateway(GATEWAY_SETTINGS)
    host, port = gateway.address
    url = f"http://{host}:{port}"
    async with (
        computer_in(url, office, transport) as computer,
        agent_in(url, office, transport) as agent,
    ):
        sids = {client: client.get_sid(NAMESPACE) for client in (computer, agent)}
        gave_up = set()
        for client in sids:
            client.reconnection_delay = 0.05
            client.reconnection_delay_max = 0.2
            # python-engineio takes the CLOSE packet that a polling client gets for the end.
            client.on(
                "__disconnect_final",
                lambda *args, client=client: gave_up.add(client),
                namespace=NAMESPACE,
            )
        await asyncio.to_thread(gateway.stop)
        again = start_gateway({**GATEWAY_SETTINGS, "listen.address": f"{host}:{port}"})

        def back(client):
            sid = client.namespaces.get(NAMESPACE)
            return client in gave_up or (sid is not None and sid != sids[client])

        for client in sids:
            await eventually(lambda client=client: back(client), "came back", within=2 * STEP)
        if transport == "polling":
            for client in gave_up:
                await client.connect(
                    url, headers=HEADERS, namespaces=[NAMESPACE], transports=TRANSPORTS[transport]
                )
        else:
            assert not gave_up
        # 0.1.x leaves joining again to its user.
        assert (await asyncio.to_thread(again.counts))["members"] == 0
        await agent.join_office(office, "agent", namespace=NAMESPACE)
        await computer.join_office(office)
        result = await agent.emit_tool_call("pc", "add", {"a": 20, "b": 3}, CALL_WITHIN)
        assert text_of(result) == "23"
    await again.settle_empty()
