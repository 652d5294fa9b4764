"""What reloads does reload, by SIGHUP and by push, and nobody is disconnected for it.

Each test keeps an Agent and a Computer that joined before the change and still work after it.
"""

import asyncio
import copy
import hashlib
import json
import re
import signal
import time

import grpc
import pytest
import yaml

from support.control import Control, reason_of
from support.generation import TOOL_CALL, error_result
from support.raw import ConnectRefused, HandshakeRefused, eventually, fetch, scaled, target
from support.world import World

BASE = {"auth": {"provider": "none"}, "threads": 3}
SECRETS = ({"provider": "api_key", "api_key": {"admin_secret": "secret-before-1"}},
           {"provider": "api_key", "api_key": {"admin_secret": "secret-after-22"}})


def merged(base: dict, change: dict) -> dict:
    out = copy.deepcopy(base)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = merged(out[key], value) if both else value
    return out


class Live:
    """A gateway with a pair of members, whose configuration is changed under them."""

    def __init__(self, gateway, way: str, file, base: dict):
        self.gateway, self.way, self.file, self.base = gateway, way, file, base
        self.control = Control(gateway)
        self.pb = self.control.pb
        self.world = World(gateway)

    def applied(self) -> int:
        return self.control.config.GetConfig(
            self.pb.GetConfigRequest(keys=["threads"])).applied_time.ToMilliseconds()

    async def change(self, tree: dict) -> None:
        if self.way == "push":
            document = self.pb.ConfigDocument(yaml=yaml.safe_dump(tree))
            await asyncio.to_thread(self.control.config.ApplyConfig, self.pb.ApplyConfigRequest(
                document=document, any_base=True, reason="a test"))
            return
        before = self.applied()
        # Times are whole milliseconds, and the next one has to differ.
        await eventually(lambda: time.time() * 1000 > before + 1, "the clock goes on")
        self.file.write_text(yaml.safe_dump(merged(self.base, tree)))
        self.gateway.process.send_signal(signal.SIGHUP)
        await eventually(lambda: self.applied() != before, "the reload is done")

    async def pair(self, **options):
        office = self.world.office()
        agent = await self.world.agent(office, **options)
        computer = await self.world.computer(office, **options)
        await agent.expect("notify:enter_office")
        return agent, computer

    async def end(self, agent, computer) -> None:
        """The old members are there and work."""
        assert not agent.session.ended.is_set() and not computer.session.ended.is_set()
        await self.world.assert_routable(agent, computer)
        self.control.channel.close()


@pytest.fixture(params=["push", "sighup"])
def live(request, start_gateway, tmp_path):
    def start(base: dict | None = None) -> Live:
        file = tmp_path / "gateway.yaml"
        tree = merged(BASE, base or {})
        file.write_text(yaml.safe_dump(tree))
        return Live(start_gateway(config_file=file), request.param, file, tree)
    return start


async def refused(connecting) -> str:
    with pytest.raises(ConnectRefused) as error:
        await connecting
    return error.value.text


async def test_secret_and_provider(live):
    at = live({"auth": SECRETS[0]})
    old, new = ([("x-api-key", auth["api_key"]["admin_secret"])] for auth in SECRETS)
    agent, computer = await at.pair(headers=old)
    await refused(at.world.peer(headers=new))
    await at.change({"auth": SECRETS[1]})
    await refused(at.world.peer(headers=old))
    await (await at.world.peer(headers=new)).barrier()
    await at.change({"auth": {**SECRETS[1], "explain_refusals": True}})
    assert '"code":401' in await refused(at.world.peer())
    await at.change({"auth": merged(SECRETS[1], {"api_key": {
        "header_names": ["x-other"], "auth_fields": []}})})
    await refused(at.world.peer(headers=new))
    await (await at.world.peer(headers=[("x-other", new[0][1])])).barrier()
    await at.change({"auth": {"provider": "none"}})
    await (await at.world.peer()).barrier()
    await at.end(agent, computer)


async def test_secret_file_is_read_again(live, tmp_path):
    path = tmp_path / "secret"
    path.write_text("from-the-file-1\n")
    auth = {"auth": {"provider": "api_key", "api_key": {"admin_secret_file": str(path)}}}
    at = live(auth)
    agent, computer = await at.pair(headers=[("x-api-key", "from-the-file-1")])
    path.write_text("from-the-file-2\n")
    await at.change(auth)
    await refused(at.world.peer(headers=[("x-api-key", "from-the-file-1")]))
    await (await at.world.peer(headers=[("x-api-key", "from-the-file-2")])).barrier()
    await at.end(agent, computer)


async def handshake(at, headers=()):
    """The answer to a polling handshake, whose session is ended at once."""
    where = target("/socket.io/", "polling")
    response = await fetch(*at.gateway.address, "GET", where, headers)
    assert response.status == 200
    sid = json.loads(response.text[1:])["sid"]
    await fetch(*at.gateway.address, "POST", f"{where}&sid={sid}", body=b"1")
    return response


async def open_packet(at) -> str:
    return (await handshake(at)).text


async def test_engineio(live):
    at = live()
    agent, computer = await at.pair()
    assert '"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000' in await open_packet(at)
    await at.change({"engineio": {"ping_interval": "0.2s", "ping_timeout": "19s",
                                  "max_payload": 5000, "connect_timeout": "0.3s"}})
    assert '"pingInterval":200,"pingTimeout":19000,"maxPayload":5000' in await open_packet(at)
    # A new session that joins no namespace is closed sooner.
    idle = await at.world.bare()
    await idle.session.wait_end()
    # The limit holds for a session that was there before.
    big = await at.world.peer()
    await big.send('42/smcp,["x","' + "y" * 6000 + '"]')
    await big.session.wait_end()
    assert big.session.close_code == 1009
    await at.end(agent, computer)


async def test_a_longer_ping_interval_is_for_new_sessions(live):
    """A client counts on the interval that it was told: told 0.2 s, it would give up after a second."""
    at = live({"engineio": {"ping_interval": "0.2s"}})
    agent, computer = await at.pair()
    await at.change({"engineio": {"ping_interval": "30s"}})
    assert '"pingInterval":30000' in await open_packet(at)
    pings = agent.session.pings
    await eventually(lambda: agent.session.pings >= pings + 3, "pings go on as the client was told")
    await at.end(agent, computer)


async def test_protocol(live):
    at = live()
    agent, computer = await at.pair()
    old = World(at.gateway, "G4")
    await (await old.peer()).barrier()
    ack = await agent.call("client:my_event", at.world.payload(TOOL_CALL))
    await at.change({"protocol": {"versions": ["0.1"], "allow_unversioned": False,
                                  "ack_notifications": False,
                                  "passthrough_events": ["client:my_event"]}})
    with pytest.raises(HandshakeRefused):
        await old.peer()
    with pytest.raises(HandshakeRefused):
        await at.world.peer(query_items=[])
    call = agent.start_call("client:my_event", at.world.payload(TOOL_CALL))
    request = await computer.request("client:my_event")
    await request.reply({"mine": 1})
    assert (await call).only == {"mine": 1} != ack
    await at.change({})
    await (await old.peer()).barrier()
    await at.end(agent, computer)


async def test_mixed_offices(live):
    at = live()
    agent, computer = await at.pair()
    office = at.world.office()
    await at.world.agent(office)
    other = World(at.gateway, "G3")
    with pytest.raises(AssertionError):
        await other.computer(office)
    await at.change({"protocol": {"mixed_offices": "allow"}})
    await other.computer(office, "pc2")
    await at.end(agent, computer)


async def test_calls(live):
    at = live()
    agent, computer = await at.pair()
    await at.change({"calls": {"default_timeout": "0.2s", "max_timeout": "0.4s"}})
    started = time.monotonic()
    answer = await at.world.ask(agent, "client:get_tools")
    assert answer.only["code"] == 408
    await computer.request("client:get_tools")
    answer = await at.world.ask(agent, TOOL_CALL, timeout=60)
    await computer.request(TOOL_CALL)
    assert time.monotonic() - started < scaled(5)
    assert "isError" in answer.text
    await at.change({"calls": {}})
    await at.end(agent, computer)


async def test_limits(live):
    at = live()
    agent, computer = await at.pair()
    extra = await at.world.peer()
    await at.change({"limits": {"connections": 3, "office_members": 2, "name_bytes": 20,
                                "json_depth": 8, "attachments": 1, "calls_in_flight": 1}})
    with pytest.raises(HandshakeRefused) as error:
        await at.world.peer()
    assert error.value.response.status == 503
    assert (await extra.join("computer", "n" * 21, "o")).text == '[false,"Invalid request"]'
    call = agent.start_call(TOOL_CALL, at.world.payload(TOOL_CALL))
    request = await computer.request(TOOL_CALL)
    assert (await at.world.ask(agent, TOOL_CALL)).text == \
        f'[{error_result("Too many pending requests")}]'
    await request.reply({"content": []})
    await call
    await extra.send(f'42/smcp,["x",{"[" * 9}{"]" * 9}]')
    await extra.session.wait_end()
    await at.gateway.settle(connections=2)
    await at.change({"limits": {"connections_per_ip": 2}})
    with pytest.raises(HandshakeRefused):
        await at.world.peer()
    await at.change({"limits": {"office_members": 2}})
    office = at.world.office()
    await at.world.agent(office)
    await at.world.computer(office)
    late = await at.world.peer()
    assert (await late.join("computer", "c3", office)).args[0] is False
    await at.end(agent, computer)


async def test_rate_of_events(live):
    """A rate that is turned off while a client waits for it lets that client go on."""
    at = live({"limits": {"events_per_second": 10}})
    agent, computer = await at.pair()
    calls = [agent.start_call("server:list_room", {"agent": "a", "req_id": str(n),
                                                   "office_id": "x"}, timeout=scaled(20.0))
             for n in range(60)]
    await calls[5]
    started = time.monotonic()
    await at.change({"limits": {"events_per_second": 0}})
    for call in calls:
        await call
    assert time.monotonic() - started < scaled(3.0), "60 events at 10 a second take four seconds"
    await at.end(agent, computer)


async def test_outbox(live):
    at = live()
    agent, computer = await at.pair()
    slow = await at.world.computer(agent_office := at.world.office(), "slow", receive_buffer=4096)
    caller = await at.world.agent(agent_office)
    await at.change({"limits": {"outbox_bytes": 300_000}})
    slow.session.pause_reading()
    payload = at.world.payload(TOOL_CALL, "slow", params={"blob": "x" * 100_000}, timeout=60)
    refusal = f"[{error_result('Computer is not reading')}]"
    pending = []
    for _ in range(200):
        call = caller.start_call(TOOL_CALL, payload, timeout=scaled(30.0))
        await caller.barrier()
        await asyncio.wait([call], timeout=scaled(0.1))
        if call.done():
            break
        pending.append(call)
    assert call.done() and (await call).text == refusal
    slow.abort()
    for call in pending:
        await call
    await at.end(agent, computer)


async def test_cors_origins(live):
    at = live()
    agent, computer = await at.pair()

    async def allowed() -> str | None:
        response = await handshake(at, [("Origin", "https://app.example.com")])
        return response.header("access-control-allow-origin")

    assert await allowed() is None
    await at.change({"listen": {"cors_origins": ["https://app.example.com"]}})
    # Each connection may be taken by another shard.
    for _ in range(8):
        assert await allowed() == "https://app.example.com"
    await at.end(agent, computer)


async def test_log(live):
    at = live()
    agent, computer = await at.pair()
    await at.change({"log": {"level": "warn"}})
    before = len(at.gateway.stderr)
    await (await at.world.agent("not-logged-91")).close()
    await at.change({"log": {"level": "info", "format": "json"}})
    await (await at.world.agent("logged-92")).close()
    await eventually(lambda: "logged-92" in at.gateway.stderr, "the line is written")
    written = at.gateway.stderr[before:]
    assert "not-logged-91" not in written
    assert re.search(r'^\{"ts":.*"component":"smcp","level":"info","msg":"joined".*logged-92',
                     written, re.MULTILINE), written
    await at.end(agent, computer)


async def test_drain(live):
    at = live()
    agent, computer = await at.pair()
    await at.change({"drain": {"timeout": "0.3s", "propagation_delay": "0.1s"}})
    agent.start_call(TOOL_CALL, at.world.payload(TOOL_CALL))
    await computer.request(TOOL_CALL)
    at.control.channel.close()
    started = time.monotonic()
    at.gateway.terminate()
    assert await asyncio.to_thread(at.gateway.wait, scaled(10.0)) == 0
    assert 0.35 <= time.monotonic() - started <= 0.4 + scaled(2.5)
    at.gateway.finish()


async def test_control_tokens_and_allow_invoke(live):
    at = live()
    agent, computer = await at.pair()
    invoke = at.pb.InvokeToolRequest(office_id="nowhere", computer_name="pc", tool_name="t")
    with pytest.raises(grpc.RpcError) as error:
        list(at.control.calls.InvokeTool(invoke, timeout=scaled(5)))
    assert reason_of(error.value) == "FEATURE_DISABLED"
    await at.change({"control": {"allow_invoke": True}})
    with pytest.raises(grpc.RpcError) as error:
        list(at.control.calls.InvokeTool(invoke, timeout=scaled(5)))
    assert reason_of(error.value) != "FEATURE_DISABLED"
    digest = hashlib.sha256(b"viewer-token-1").hexdigest()
    change = {"control": {"tokens": [f"look:viewer:sha256={digest}"]}}
    if at.way == "push":
        await at.change(change)
    else:
        at.file.write_text(yaml.safe_dump(merged(at.base, change)))
        at.gateway.process.send_signal(signal.SIGHUP)

    def locked() -> bool:
        try:
            at.control.node.GetNode(at.pb.GetNodeRequest())
        except grpc.RpcError as refusal:
            return refusal.code() == grpc.StatusCode.UNAUTHENTICATED
        return False

    await eventually(lambda: asyncio.to_thread(locked), "strangers are refused")
    with Control(at.gateway, token="viewer-token-1") as viewer:
        viewer.node.GetNode(viewer.pb.GetNodeRequest())
        with pytest.raises(grpc.RpcError) as error:
            viewer.config.ApplyConfig(viewer.pb.ApplyConfigRequest(
                document=viewer.pb.ConfigDocument(yaml=""), any_base=True))
        assert reason_of(error.value) == "ROLE_REQUIRED"
    await at.end(agent, computer)


async def test_a_bad_file_keeps_the_old_configuration(start_gateway, tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.safe_dump(BASE))
    gateway = start_gateway(config_file=file)
    world = World(gateway)
    _, agent, computer = await world.pair()
    file.write_text("auth: {provider: none}\nlimits: {connections: 1}\ncalls: {timeout: 3s}\n")
    gateway.process.send_signal(signal.SIGHUP)
    await eventually(lambda: "the old one stays" in gateway.stderr, "it says so")
    line = next(line for line in gateway.stderr.splitlines() if "the old one stays" in line)
    assert f"{file}:3" in line and "calls.timeout" in line, line
    await (await world.peer()).barrier()
    await world.assert_routable(agent, computer)
    # A key that does not reload is accepted, with a warning, and waits.
    file.write_text(yaml.safe_dump({**BASE, "listen": {"paths": ["/other"]}}))
    gateway.process.send_signal(signal.SIGHUP)
    await eventually(lambda: "listen.paths takes effect with the next start" in gateway.stderr, "warns")
    with Control(gateway) as control:
        config = control.config.GetConfig(control.pb.GetConfigRequest(keys=["listen.paths"]))
        assert config.values[0].value == "/socket.io,/smcp"
    await world.assert_routable(agent, computer)
