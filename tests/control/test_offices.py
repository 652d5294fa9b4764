"""OfficeService over the real gateway: lists, views, watches, settings that take effect, closing."""

import asyncio

import grpc
import pytest

from support.control import Control, reason_of
from support.deadlines import scaled
from support.generation import TOOL_CALL
from support.raw import eventually
from support.world import World


def refusal(call, request) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as error:
        call(request)
    return error.value.code(), reason_of(error.value)


@pytest.fixture
def update(start_gateway):
    """update(control, office_id, *paths, **fields of the office)"""

    def run(control, office_id, *paths, etag="", validate_only=False, **fields):
        office = control.types.Office(office_id=office_id, **fields)
        request = control.pb.UpdateOfficeRequest(office=office, etag=etag,
                                                 validate_only=validate_only)
        request.update_mask.paths.extend(paths)
        return control.offices.UpdateOffice(request)

    return run


async def test_lists_and_views(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    offices = sorted([world.office() for _ in range(5)])
    for number, office in enumerate(offices):
        await world.agent(office)
        for computer in range(number):
            await world.computer(office, f"c{computer}")
    with Control(gateway) as control:
        pb = control.pb

        def ids(**fields):
            found, token = [], ""
            while True:
                page = control.offices.ListOffices(
                    pb.ListOfficesRequest(page_size=2, page_token=token, **fields))
                found += [office.office_id for office in page.offices]
                token = page.next_page_token
                if not token:
                    return found

        assert ids() == offices
        assert ids(order_by="computer_count desc") == offices[::-1]
        assert ids(filter="computer_count >= 3") == offices[3:]
        assert ids(filter=f'office_id = "{offices[1]}" OR computer_count = 0') == offices[:2]
        page = control.offices.ListOffices(pb.ListOfficesRequest(view=pb.FULL))
        assert page.total_size_estimate == 5 and page.coverage.complete
        assert [len(office.members) for office in page.offices] == [1, 2, 3, 4, 5]
        office = control.offices.GetOffice(
            pb.GetOfficeRequest(office_id=offices[2], view=pb.FULL))
        assert [member.name for member in office.members] == ["bot", "c0", "c1"]
        assert office.agent.name == "bot" and office.agent.peer.address == "127.0.0.1"
        assert office.generation == "0.1" and office.HasField("create_time")
        assert refusal(control.offices.GetOffice, pb.GetOfficeRequest(office_id="nowhere")) == (
            grpc.StatusCode.NOT_FOUND, "OFFICE_NOT_FOUND")
        assert refusal(control.offices.ListOffices, pb.ListOfficesRequest(filter="nmae=1")) == (
            grpc.StatusCode.INVALID_ARGUMENT, "FILTER_INVALID")
        assert refusal(control.offices.ListOffices, pb.ListOfficesRequest(order_by="nmae")) == (
            grpc.StatusCode.INVALID_ARGUMENT, "ORDER_INVALID")
    await world.close_and_check_empty()


async def test_a_locked_office_lets_nobody_in(start_gateway, update):
    gateway = start_gateway()
    world = World(gateway)
    office = world.office()
    await world.agent(office)
    with Control(gateway) as control:
        types = control.types
        locked = update(control, office, "admission", admission=types.LOCKED)
        assert locked.admission == types.LOCKED and locked.agent_count == 1
        refused = await (await world.peer()).join("computer", "pc", office)
        assert "pc" not in str(control.offices.GetOffice(
            control.pb.GetOfficeRequest(office_id=office, view=control.pb.FULL)))
        update(control, office, "admission", admission=types.OPEN)
        await world.computer(office)
        assert refused.raw_args


async def test_settings_wait_for_their_office(start_gateway, update):
    gateway = start_gateway()
    world = World(gateway)
    office = world.office()
    with Control(gateway) as control:
        kept = update(control, office, "labels", "policy.max_computers", labels={"team": "blue"},
                      policy=control.types.OfficePolicy(max_computers=1))
        assert not kept.HasField("create_time")
        await world.agent(office)
        await world.computer(office, "one")
        await (await world.peer()).join("computer", "two", office)
        now = control.offices.GetOffice(control.pb.GetOfficeRequest(office_id=office))
        assert now.computer_count == 1 and now.labels["team"] == "blue"
        assert now.etag == kept.etag
        found = control.offices.ListOffices(
            control.pb.ListOfficesRequest(filter='labels.team = "blue"'))
        assert [item.office_id for item in found.offices] == [office]


async def test_a_tool_rule_denies(start_gateway, update):
    gateway = start_gateway()
    world = World(gateway)
    office, agent, computer = await world.pair()
    computer.on_request(TOOL_CALL, lambda event: ({"content": [], "isError": False},))
    with Control(gateway) as control:
        rule = control.types.ToolRule(tool="*", effect=control.types.ToolRule.DENY, id="none")
        update(control, office, "policy.tool_rules",
               policy=control.types.OfficePolicy(tool_rules=[rule]))
        await world.ask(agent, TOOL_CALL)
        calls = control.calls.ListToolCalls(
            control.pb.ListToolCallsRequest(include_recent=True)).calls
        assert [call.state for call in calls] == [control.types.ToolCall.DENIED]
        update(control, office, "policy")
        await world.ask(agent, TOOL_CALL)
        calls = control.calls.ListToolCalls(
            control.pb.ListToolCallsRequest(include_recent=True, filter="state = DONE")).calls
        assert len(calls) == 1


async def test_etags_and_dry_runs(start_gateway, update):
    gateway = start_gateway()
    with Control(gateway) as control:
        types = control.types
        first = update(control, "x", "admission", admission=types.LOCKED)
        seen = update(control, "x", "admission", admission=types.OPEN, validate_only=True)
        assert seen.admission == types.OPEN
        now = control.offices.GetOffice(control.pb.GetOfficeRequest(office_id="x"))
        assert now.admission == types.LOCKED and now.etag == first.etag
        update(control, "x", "labels", labels={"a": "b"}, etag=first.etag)
        with pytest.raises(grpc.RpcError) as error:
            update(control, "x", "labels", labels={"a": "c"}, etag=first.etag)
        assert error.value.code() == grpc.StatusCode.ABORTED
        assert reason_of(error.value) == "ETAG_MISMATCH"
        with pytest.raises(grpc.RpcError) as error:
            update(control, "x", "name")
        assert reason_of(error.value) == "MASK_INVALID"


async def test_closing_sends_everybody_out(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office, agent, computer = await world.pair()
    with Control(gateway) as control:
        request = control.pb.CloseOfficeRequest(office_id=office, validate_only=True)
        assert control.offices.CloseOffice(request).members_removed == 2
        assert gateway.counts()["members"] == 2
        request.validate_only = False
        assert control.offices.CloseOffice(request).members_removed == 2
        await gateway.settle(members=0, offices=0, sessions=2)
        assert refusal(control.offices.CloseOffice, request)[1] == "OFFICE_NOT_FOUND"
        for peer in (agent, computer):
            await peer.barrier()
    await world.close()


async def test_watch(start_gateway, update):
    gateway = start_gateway()
    world = World(gateway)
    office = world.office()
    await world.agent(office)
    with Control(gateway) as control:
        stream = control.offices.WatchOffices(
            control.pb.WatchOfficesRequest(filter=f'office_id = "{office}"'), timeout=scaled(30))

        async def following():
            change = await asyncio.to_thread(next, stream)
            kind = change.WhichOneof("change")
            return kind, getattr(change, kind)

        assert (await following())[0] == "added"
        kind, bookmark = await following()
        assert kind == "bookmark" and bookmark.initial_set_complete
        computer = await world.computer(office)
        kind, changed = await following()
        assert kind == "modified" and changed.computer_count == 1
        update(control, office, "admission", admission=control.types.LOCKED)
        kind, changed = await following()
        assert kind == "modified" and changed.admission == control.types.LOCKED
        update(control, office, "admission")
        assert (await following())[1].admission == control.types.OPEN
        await computer.close()
        assert (await following())[1].computer_count == 0
        await world.close()
        kind, removed = await following()
        assert kind == "removed" and removed.office_id == office
        assert bookmark.resume_token
        again = control.offices.WatchOffices(
            control.pb.WatchOfficesRequest(filter=f'office_id = "{office}"',
                                           resume_token=bookmark.resume_token), timeout=scaled(30))
        kinds = [(await asyncio.to_thread(next, again)).WhichOneof("change") for _ in range(5)]
        assert kinds == ["modified", "modified", "modified", "modified", "removed"]
        stream.cancel()
        again.cancel()
        await eventually(lambda: control.node.GetNode(control.pb.GetNodeRequest()).watchers == 0,
                         "watchers that went are forgotten")
