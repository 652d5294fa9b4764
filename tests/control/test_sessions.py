"""SessionService over the real gateway: what a session shows, lists while others come and go,
watches, and sending sessions away."""

import asyncio

import grpc
import pytest

from support.control import Control, reason_of
from support.deadlines import scaled
from support.generation import TOOL_CALL
from support.raw import eventually
from support.world import World


def reason(call, request) -> str:
    with pytest.raises(grpc.RpcError) as error:
        call(request)
    return reason_of(error.value)


def listing(control, **fields):
    sessions, token = [], ""
    while True:
        page = control.sessions.ListSessions(
            control.pb.ListSessionsRequest(page_token=token, **fields))
        sessions += page.sessions
        token = page.next_page_token
        if not token:
            return sessions


async def test_what_a_session_shows(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office, agent, computer = await world.pair()
    call = agent.start_call(TOOL_CALL, world.payload(TOOL_CALL))
    request = await computer.request(TOOL_CALL)
    with Control(gateway) as control:
        types = control.types
        member = control.pb.MemberKey(office_id=office, role=types.AGENT, name="bot")
        session = control.sessions.GetSession(control.pb.GetSessionRequest(member=member))
        assert session.role == types.AGENT and session.state == types.JOINED
        assert session.transport.kind == "websocket" and session.transport.eio == 4
        assert session.peer.address == "127.0.0.1" and session.peer.port > 0
        assert session.generation == "0.1" and session.inflight_calls == 1
        assert session.counters.events_in >= 2 and session.counters.bytes_in > 50
        assert session.counters.bytes_out > 0
        assert session.connect_time.ToMilliseconds() <= session.join_time.ToMilliseconds()
        assert session.join_time.ToMilliseconds() <= session.last_activity_time.ToMilliseconds()
        same = control.sessions.GetSession(control.pb.GetSessionRequest(sid=session.sid))
        assert same.sid == session.sid and same.node_id
        batch = control.sessions.BatchGetSessions(
            control.pb.BatchGetSessionsRequest(sids=["nobody", session.sid]))
        assert [found.sid for found in batch.sessions] == [session.sid]
        assert list(batch.missing) == ["nobody"]
        assert reason(control.sessions.GetSession,
                      control.pb.GetSessionRequest(sid="nobody")) == "SESSION_NOT_FOUND"
    await request.reply({"content": [], "isError": False})
    await call


async def test_lists(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office = world.office()
    await world.agent(office)
    for number in range(12):
        await world.computer(office, f"c{number:02}")
    await world.peer()
    with Control(gateway) as control:
        types = control.types
        assert len(listing(control, page_size=5)) == 14
        assert len(listing(control, office_id=office)) == 13
        computers = listing(control, office_id=office, role=types.COMPUTER, order_by="name desc",
                            page_size=5)
        assert [session.name for session in computers] == [f"c{n:02}" for n in range(11, -1, -1)]
        assert len(listing(control, filter="state = CONNECTED")) == 1
        assert len(listing(control, filter="name:c0* AND NOT name = c03")) == 9
        request = control.pb.ListSessionsRequest(page_size=1)
        request.read_mask.paths.append("sid")
        assert control.sessions.ListSessions(request).sessions[0].peer.address == ""


async def test_pages_while_others_come_and_go(start_gateway):
    gateway = start_gateway({"limits.connections_per_ip": "0"})
    world = World(gateway)
    office = world.office()
    for number in range(40):
        await world.computer(office, f"stays{number}")
    with Control(gateway) as control:
        for order in ("", "name"):
            seen, token, comers = [], "", []
            while True:
                page = await asyncio.to_thread(
                    control.sessions.ListSessions,
                    control.pb.ListSessionsRequest(page_size=7, page_token=token, order_by=order))
                seen += [session.sid for session in page.sessions
                         if session.name.startswith("stays")]
                token = page.next_page_token
                if not token:
                    break
                comers.append(await world.computer(office, f"comes{order}{len(comers)}"))
                if len(comers) > 1:
                    await comers[-2].close()
            assert len(seen) == len(set(seen)) == 40


async def test_sending_one_away(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office, agent, computer = await world.pair()
    with Control(gateway) as control:
        pb = control.pb

        def sid_of(name):
            return next(s.sid for s in listing(control, office_id=office) if s.name == name)

        computer_sid = sid_of("pc")
        left = control.sessions.RemoveFromOffice(pb.RemoveFromOfficeRequest(sid=computer_sid))
        assert left.office_id == office
        await agent.expect("notify:leave_office")
        await computer.barrier()
        assert reason(control.sessions.RemoveFromOffice,
                      pb.RemoveFromOfficeRequest(sid=computer_sid)) == "NOT_JOINED"
        agent_sid = sid_of("bot")
        request = pb.DisconnectSessionRequest(sid=agent_sid, validate_only=True)
        assert control.sessions.DisconnectSession(request).session.name == "bot"
        await agent.barrier()
        request.validate_only = False
        control.sessions.DisconnectSession(request)
        await agent.session.wait_end()
        assert agent.disconnect_packet is None, "SDK clients come back"
        assert reason(control.sessions.DisconnectSession, request) == "SESSION_NOT_FOUND"
        control.sessions.DisconnectSession(
            pb.DisconnectSessionRequest(sid=computer_sid, terminal=True))
        await eventually(lambda: computer.disconnect_packet is not None,
                         "it is told not to come back")
        await gateway.settle(sessions=0)


async def test_sending_many_away(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office = world.office()
    agent = await world.agent(office)
    for number in range(10):
        await world.computer(office, f"c{number}")
    lonely = await world.peer()
    with Control(gateway) as control:
        pb = control.pb
        request = pb.DisconnectSessionsRequest(filter="role = COMPUTER")
        counted = control.sessions.DisconnectSessions(request)
        assert (counted.matched, counted.disconnected) == (10, 0)
        assert len(counted.sample_sids) == 10
        request.force, request.max_affected = True, 9
        assert reason(control.sessions.DisconnectSessions, request) == "MAX_AFFECTED_EXCEEDED"
        assert gateway.counts()["members"] == 11
        request.max_affected, request.pace_per_second = 10, 20
        done = await asyncio.to_thread(control.sessions.DisconnectSessions, request)
        assert done.disconnected == 10
        await gateway.settle(members=1)
        assert reason(control.sessions.DisconnectSessions,
                      pb.DisconnectSessionsRequest(force=True)) == "FILTER_INVALID"
    await agent.barrier()
    await lonely.barrier()


async def test_watch(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office = world.office()
    with Control(gateway) as control:
        stream = control.sessions.WatchSessions(control.pb.WatchSessionsRequest(),
                                                timeout=scaled(30))

        async def following():
            change = await asyncio.to_thread(next, stream)
            kind = change.WhichOneof("change")
            return kind, getattr(change, kind)

        kind, bookmark = await following()
        assert kind == "bookmark" and bookmark.initial_set_complete
        peer = await world.peer()
        kind, added = await following()
        assert kind == "added" and added.office_id == ""
        await peer.join("computer", "pc", office)
        kind, modified = await following()
        assert (kind, modified.sid, modified.name) == ("modified", added.sid, "pc")
        await peer.close()
        kind, removed = await following()
        assert (kind, removed.sid) == ("removed", added.sid) and removed.cause
        again = control.sessions.WatchSessions(
            control.pb.WatchSessionsRequest(resume_token=bookmark.resume_token),
            timeout=scaled(30))
        kinds = [(await asyncio.to_thread(next, again)).WhichOneof("change") for _ in range(4)]
        assert kinds == ["added", "modified", "removed", "bookmark"]
        expired = control.sessions.WatchSessions(
            control.pb.WatchSessionsRequest(resume_token="old"), timeout=scaled(30))
        with pytest.raises(grpc.RpcError) as error:
            next(expired)
        assert error.value.code() == grpc.StatusCode.OUT_OF_RANGE
        assert reason_of(error.value) == "RESUME_TOKEN_EXPIRED"
        stream.cancel()
        again.cancel()
