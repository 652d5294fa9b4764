"""ToolCallService over the real gateway: calls in flight and those that ended, cancelling,
calling a tool as an administrator, asking for tools."""

import asyncio
import uuid

import grpc
import pytest

from support.control import Control, reason_of
from support.deadlines import scaled
from support.generation import TOOL_CALL
from support.world import World

ALLOW = {"control.allow_invoke": "true"}


def calls_of(control, **fields):
    return list(control.calls.ListToolCalls(control.pb.ListToolCallsRequest(**fields)).calls)


async def test_a_call_in_flight_and_its_end(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office, agent, computer = await world.pair()
    with Control(gateway) as control:
        states = control.types.ToolCall
        waiting = agent.start_call(TOOL_CALL, world.payload(TOOL_CALL, req_id="one"))
        request = await computer.request(TOOL_CALL)
        call, = calls_of(control)
        assert (call.office_id, call.agent_name, call.computer_name, call.req_id) == (
            office, "bot", "pc", "one")
        assert call.event == TOOL_CALL and call.state == states.SENT
        assert call.tool_name == world.payload(TOOL_CALL)["tool_name"]
        assert call.request_bytes > 0 and call.response_bytes == 0
        assert call.HasField("deadline") and not call.HasField("end_time")
        assert call.phases.HasField("to_computer") and not call.phases.HasField("computer")
        assert calls_of(control, filter="age > 1h") == []
        await request.reply({"content": [], "isError": True})
        await waiting
        assert calls_of(control) == []
        done, = calls_of(control, include_recent=True)
        assert done.state == states.TOOL_ERROR and done.response_bytes > 0
        assert done.HasField("end_time") and done.phases.HasField("to_agent")
        key = control.pb.CallKey(office_id=office, agent_name="bot", req_id="one")
        assert control.calls.GetToolCall(control.pb.GetToolCallRequest(key=key)) == done
        with pytest.raises(grpc.RpcError) as error:
            control.calls.CancelToolCall(control.pb.CancelToolCallRequest(key=key))
        assert reason_of(error.value) == "CALL_ALREADY_FINISHED"
        key.req_id = "other"
        with pytest.raises(grpc.RpcError) as error:
            control.calls.GetToolCall(control.pb.GetToolCallRequest(key=key))
        assert reason_of(error.value) == "CALL_NOT_FOUND"


async def test_cancel_tells_the_computer(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office, agent, computer = await world.pair()
    waiting = agent.start_call(TOOL_CALL, world.payload(TOOL_CALL, req_id="one"))
    request = await computer.request(TOOL_CALL)
    with Control(gateway) as control:
        key = control.pb.CallKey(office_id=office, agent_name="bot", req_id="one")
        cancel = control.pb.CancelToolCallRequest(key=key, validate_only=True)
        assert not control.calls.CancelToolCall(cancel).cancel_requested
        cancel.validate_only = False
        cancelled = control.calls.CancelToolCall(cancel)
        assert cancelled.cancel_requested and cancelled.cancelled_by == "anonymous"
        told = await computer.expect("notify:tool_call_cancel")
        assert told.payload["req_id"] == "one"
        await request.reply({"content": [], "isError": True})
        await waiting
        done, = calls_of(control, include_recent=True)
        assert done.state == control.types.ToolCall.CANCELLED


async def test_watch(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    _, agent, computer = await world.pair()
    with Control(gateway) as control:
        stream = control.calls.WatchToolCalls(control.pb.WatchToolCallsRequest(),
                                              timeout=scaled(30))
        assert next(stream).bookmark.initial_set_complete
        waiting = agent.start_call(TOOL_CALL, world.payload(TOOL_CALL, req_id="one"))
        request = await computer.request(TOOL_CALL)
        assert (await asyncio.to_thread(next, stream)).added.req_id == "one"
        await request.reply({"content": [], "isError": False})
        await waiting
        while (change := await asyncio.to_thread(next, stream)).WhichOneof("change") == "modified":
            pass
        assert change.removed.state == control.types.ToolCall.DONE
        stream.cancel()


def invoke_of(control, office, **fields):
    request = control.pb.InvokeToolRequest(office_id=office, computer_name="pc", tool_name="dig",
                                           **fields)
    request.arguments.update({"deep": True, "n": 3})
    return request


async def test_invoke_is_off_unless_allowed(start_gateway):
    gateway = start_gateway()
    with Control(gateway) as control:
        with pytest.raises(grpc.RpcError) as error:
            next(control.calls.InvokeTool(invoke_of(control, "x"), timeout=scaled(10)))
        assert error.value.code() == grpc.StatusCode.FAILED_PRECONDITION
        assert reason_of(error.value) == "FEATURE_DISABLED"


async def test_invoke_works_like_an_agents_call(start_gateway):
    gateway = start_gateway(ALLOW)
    world = World(gateway)
    office = world.office()
    computer = await world.computer(office)
    with Control(gateway) as control:
        request = invoke_of(control, office, request_id=str(uuid.uuid4()), reason="a test")
        stream = control.calls.InvokeTool(request, timeout=scaled(20))
        asked = await computer.request(TOOL_CALL)
        assert asked.payload["tool_name"] == "dig"
        assert asked.payload["params"] == {"deep": True, "n": 3}
        await asked.reply({"content": [{"type": "text", "text": "done"}], "isError": False})
        events = await asyncio.to_thread(list, stream)
        states = control.types.ToolCall
        assert [event.call.state for event in events] == [states.SENT, states.DONE]
        assert '"text":"done"' in events[-1].result_json.replace(" ", "")
        again = await asyncio.to_thread(
            list, control.calls.InvokeTool(request, timeout=scaled(20)))
        assert again == events
        computer.assert_nothing_unread()
        entry = control.audit.ListAuditEntries(control.pb.ListAuditEntriesRequest()).entries[0]
        assert entry.method.endswith("InvokeTool") and entry.reason == "a test"
        assert "deep" not in str(entry), "arguments are nowhere"


async def test_tools_of_an_office(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office = world.office()
    for name in ("one", "two"):
        computer = await world.computer(office, name)
        computer.on_request("client:get_tools", lambda event: (
            {"tools": [{"name": "dig"}], "req_id": event.payload["req_id"]},))
    with Control(gateway) as control:
        answer = await asyncio.to_thread(
            control.calls.ListTools, control.pb.ListToolsRequest(office_id=office))
        assert [item.call.computer_name for item in answer.answers] == ["one", "two"]
        assert all('"dig"' in item.result_json for item in answer.answers)
        nobody = await asyncio.to_thread(control.calls.ListTools, control.pb.ListToolsRequest(
            office_id=office, computer_name="three"))
        assert nobody.answers[0].call.state != control.types.ToolCall.DONE
        with pytest.raises(grpc.RpcError) as error:
            control.calls.ListTools(control.pb.ListToolsRequest(office_id="nowhere"))
        assert reason_of(error.value) == "OFFICE_NOT_FOUND"
