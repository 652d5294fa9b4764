"""NodeService: the node's state, its drain, its log levels."""

import asyncio
import time

import grpc
import pytest
from google.protobuf import duration_pb2

from support.control import Control, reason_of
from support.generation import TOOL_CALL
from support.raw import HandshakeRefused, eventually, scaled
from support.world import World


def duration(seconds: float) -> duration_pb2.Duration:
    made = duration_pb2.Duration()
    made.FromMilliseconds(round(seconds * 1000))
    return made


def node_of(control):
    return control.node.GetNode(control.pb.GetNodeRequest())


async def undrain(control):
    return await asyncio.to_thread(control.node.UndrainNode, control.pb.UndrainNodeRequest())


async def drain(control, **fields):
    return await asyncio.to_thread(control.node.DrainNode, control.pb.DrainNodeRequest(**fields))


async def test_the_node_tells_its_state(start_gateway):
    started = time.time()
    gateway = start_gateway()
    world = World(gateway)
    _, agent, computer = await world.pair()
    await world.peer()
    call = agent.start_call(TOOL_CALL, world.payload(TOOL_CALL))
    request = await computer.request(TOOL_CALL)
    with Control(gateway) as control:
        node = node_of(control)
        assert (node.sessions, node.members, node.offices, node.calls_in_flight) == (3, 2, 1, 1)
        assert node.shards == 3 and node.config_generation == 0
        assert node.version and node.build and node.node_id
        assert started - 1 <= node.start_time.ToSeconds() <= time.time()
        assert 0 < node.uptime.ToMilliseconds() < 60_000 * scaled(1)
        assert 1 << 20 < node.rss_bytes < 4 << 30
        assert 3 < node.fds_open < node.fds_max
        assert node.cpu_time.ToMicroseconds() > 0
        assert node.drain_state == control.pb.SERVING and not node.HasField("drain_deadline")
        watch = control.config.WatchConfig(control.pb.WatchConfigRequest(), timeout=scaled(30))
        next(watch)
        assert node_of(control).watchers == 1
        watch.cancel()
        await eventually(lambda: node_of(control).watchers == 0, "the watcher is forgotten")
    await request.reply({"content": []})
    await call


async def test_a_forecast_changes_nothing(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office = world.office()
    for number in range(10):
        await world.computer(office, f"c{number}")
    with Control(gateway) as control:
        forecast = await drain(control, pace_per_second=2, deadline=duration(60),
                               wait_for_calls=True, validate_only=True)
        assert forecast.sessions_to_close == 10 and forecast.calls_to_wait_for == 0
        assert forecast.expected_duration.ToMilliseconds() == 5000
        assert forecast.node.drain_state == control.pb.SERVING
        capped = await drain(control, pace_per_second=2, deadline=duration(1), validate_only=True)
        assert capped.expected_duration.ToMilliseconds() == 1000
        assert node_of(control).sessions == 10
    assert gateway.admin_get("/readyz")[0] == 200
    await (await world.peer()).barrier()


async def test_a_drain_is_paced_and_can_be_taken_back(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office = world.office()
    peers = [await world.computer(office, f"c{number}") for number in range(30)]
    with Control(gateway) as control:
        started = time.monotonic()
        answer = await drain(control, pace_per_second=20, deadline=duration(60))
        assert answer.sessions_to_close == 30
        assert answer.node.drain_state == control.pb.DRAINING
        assert answer.node.HasField("drain_deadline")
        assert gateway.admin_get("/readyz")[0] == 503
        with pytest.raises(HandshakeRefused) as refused:
            await world.peer()
        assert refused.value.response.status == 503

        def gone() -> int:
            return sum(peer.session.ended.is_set() for peer in peers)

        await eventually(lambda: gone() >= 10, "a third has gone")
        assert time.monotonic() - started >= 0.35
        assert gone() < 30
        node = await undrain(control)
        assert node.drain_state == control.pb.SERVING
        await (await world.peer()).barrier()
        assert gateway.admin_get("/readyz")[0] == 200
        left = [peer for peer in peers if not peer.session.ended.is_set()]
        assert left
        for peer in left:
            await peer.barrier()
        for peer in peers:
            assert peer.disconnect_packet is None, "a JavaScript client would not come back"
        await drain(control, pace_per_second=1000)
        await eventually(lambda: node_of(control).drain_state == control.pb.DRAINED, "it is empty")
        assert node_of(control).sessions == 0
        assert gateway.running, "the process goes on until it is told to stop"
        await undrain(control)


async def test_a_drain_waits_for_calls(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    _, agent, computer = await world.pair()
    idle = await world.peer()
    call = agent.start_call(TOOL_CALL, world.payload(TOOL_CALL), timeout=scaled(20))
    request = await computer.request(TOOL_CALL)
    with Control(gateway) as control:
        answer = await drain(control, pace_per_second=1000, deadline=duration(scaled(30)),
                             wait_for_calls=True)
        assert answer.calls_to_wait_for == 1
        await idle.session.wait_end()
        node = node_of(control)
        assert node.drain_state == control.pb.DRAINING and node.sessions == 2
        await request.reply({"content": [], "isError": False})
        assert (await call).only["isError"] is False
        await agent.session.wait_end()
        await computer.session.wait_end()
        await eventually(lambda: node_of(control).drain_state == control.pb.DRAINED, "it is empty")
        await undrain(control)
    # Calls are served again.
    await world.assert_routable(*(await world.pair())[1:])


async def test_at_the_deadline_nobody_is_waited_for(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    _, agent, computer = await world.pair()
    agent.start_call(TOOL_CALL, world.payload(TOOL_CALL), timeout=scaled(20))
    await computer.request(TOOL_CALL)
    with Control(gateway) as control:
        started = time.monotonic()
        await drain(control, deadline=duration(0.5), wait_for_calls=True)
        await computer.session.wait_end()
        assert 0.45 <= time.monotonic() - started <= 0.5 + scaled(2)
        await agent.session.wait_end()
        for fields in ({"pace_per_second": -1}, {"pace_per_second": float("nan")},
                       {"deadline": duration(-1)}):
            with pytest.raises(grpc.RpcError) as error:
                await drain(control, **fields)
            assert reason_of(error.value) == "FIELD_INVALID", fields
        await undrain(control)


async def test_log_levels_of_a_component_with_expiry(start_gateway):
    gateway = start_gateway({"log.level": "warn"})
    world = World(gateway)
    with Control(gateway) as control:
        pb = control.pb

        def level(component: str, word: str, ttl: float = 0):
            answer = control.node.SetLogLevel(pb.SetLogLevelRequest(
                component=component, level=word, ttl=duration(ttl)))
            return {item.component: item for item in answer.log_levels}

        async def joins(name: str) -> None:
            await (await world.agent(world.office(), name)).close()

        await joins("before-1")
        levels = level("smcp", "info", ttl=2)
        assert set(levels) == {"", "daemon", "net", "smcp", "auth", "control"}
        assert levels["smcp"].level == "info" and levels["smcp"].HasField("expire_time")
        assert levels["net"].level == "warn" and not levels["net"].HasField("expire_time")
        await joins("during-2")
        await eventually(lambda: "during-2" in gateway.stderr, "it is logged")

        def now() -> dict:
            return {item.component: item.level for item in node_of(control).log_levels}

        await eventually(lambda: now()["smcp"] == "warn", "it has expired", scaled(10))
        await joins("after-3")
        level("net", "info")
        await joins("net-4")
        await eventually(lambda: "connection ended" in gateway.stderr, "the component net is heard")
        assert level("net", "")["net"].level == "warn"
        assert level("", "error")["smcp"].level == "error"
        for component, word in (("gateway", "info"), ("net", "loud")):
            with pytest.raises(grpc.RpcError) as error:
                level(component, word)
            assert reason_of(error.value) == "FIELD_INVALID"
    log = gateway.stderr
    assert "before-1" not in log and "after-3" not in log and 'name="net-4"' not in log
