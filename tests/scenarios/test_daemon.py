"""The daemon: command line, configuration, secrets, log, health, shutdown and limits."""

import asyncio
import re
import signal
import socket
import subprocess
import time

import pytest
import yaml

from support.gateway import BASE_SETTINGS, set_arguments
from support.generation import TOOL_CALL, error_result
from support.process import ServerProcess, binary, clean_environment
from support.raw import (BROKEN, ConnectRefused, HandshakeRefused, Peer, eventually, fetch, scaled,
                         target)
from support.world import World

REFUSED = '44/smcp,{"message":"Connection refused by server"}'
NOT_FOUND = "Computer with name 'pc' not found"
RESULT = {"content": [{"type": "text", "text": "done"}], "isError": False}


def run(*arguments: str, env: dict | None = None, settings: dict | None = None):
    """Runs the daemon to its end. One that serves instead is stopped and fails the test."""
    command = [binary("smcp-gateway"), *arguments, *set_arguments(settings or {})]
    return subprocess.run(command, capture_output=True, text=True, timeout=scaled(10.0),
                          env=clean_environment(env), stdin=subprocess.DEVNULL)


def assert_one_line_and_code_2(done, *words: str) -> str:
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr, (word, done.stderr)
    return done.stderr


# -- command line and configuration -------------------------------------------------------------


def test_version_is_printed():
    done = run("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"smcp-gateway \d+\.\d+\.\d+\S*", done.stdout.strip()), done.stdout


@pytest.mark.parametrize("setting, key", [
    ("listen.address=127.0.0.1:99999", "listen.address"),
    ("listen.address=127.0.0.1:http", "listen.address"),
    ("listen.address=nonsense", "listen.address"),
    ("admin.address=127.0.0.1:-1", "admin.address"),
    ("no.such.key=1", "no.such.key"),
    ("listen.adress=127.0.0.1:0", "listen.adress"),
    ("threads=many", "threads"),
    ("threads=-1", "threads"),
    ("engineio.ping_interval=fast", "engineio.ping_interval"),
    ("engineio.ping_interval=-1s", "engineio.ping_interval"),
    ("limits.json_depth=1.5", "limits.json_depth"),
    ("protocol.allow_unversioned=perhaps", "protocol.allow_unversioned"),
    ("auth.provider=magic", "auth.provider"),
    ("log.level=loud", "log.level"),
    ("log.format=xml", "log.format"),
])
def test_bad_setting_ends_with_one_line(setting, key):
    base = [f"{name}={value}" for name, value in BASE_SETTINGS.items() if name != key]
    arguments = [part for item in base + [setting] for part in ("--set", item)]
    assert_one_line_and_code_2(run(*arguments), key)
    assert_one_line_and_code_2(run("--check", *arguments), key)


def test_busy_port_ends_with_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for key in ("listen.address", "admin.address"):
            settings = {**BASE_SETTINGS, key: f"127.0.0.1:{port}"}
            assert_one_line_and_code_2(run(settings=settings), str(port))


def test_unreadable_config_ends_with_one_line(tmp_path):
    missing = str(tmp_path / "missing.yaml")
    assert_one_line_and_code_2(run("--config", missing), missing)
    assert_one_line_and_code_2(run("--config", str(tmp_path)), str(tmp_path))


@pytest.mark.parametrize("text, line, key", [
    ("listen:\n  address: 127.0.0.1:0\n  port: 1\n", 3, "port"),
    ("admin:\n  address: 127.0.0.1:0\nengineio:\n  ping_interval: soon\n", 4, "ping_interval"),
    ("threads: 2\nlimits:\n  connections: many\n", 3, "connections"),
    ("threads: 2\nthread: 2\n", 2, "thread"),
    ("auth:\n  provider: [api_key]\n", 2, "provider"),
    ("listen: {address: '127.0.0.1:0'\nadmin: 3\n", None, ""),
])
def test_bad_config_file_is_refused_with_file_line_and_key(tmp_path, text, line, key):
    path = tmp_path / "gateway.yaml"
    path.write_text(text)
    for extra in ([], ["--check"]):
        message = assert_one_line_and_code_2(run("--config", str(path), *extra), str(path), key)
        if line:
            place = message.split(str(path), 1)[1]
            assert re.search(rf"\b{line}\b", place), f"line {line} not named: {message}"


def test_unknown_option_is_refused():
    done = run("--no-such-option")
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert "no-such-option" in done.stderr


def test_check_accepts_a_good_configuration_and_serves_nothing(tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text("listen:\n  address: 127.0.0.1:0\nengineio:\n  ping_interval: 0.3s\n")
    done = run("--check", "--config", str(path))
    assert done.returncode == 0, done.stderr
    assert "ready" not in done.stdout


def printed(*arguments: str, **options) -> dict:
    done = run("--print-config", *arguments, **options)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def value_of(config: dict, key: str):
    for part in key.split("."):
        config = config[part]
    return config


def test_precedence_is_default_file_environment_set(tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text("engineio:\n  ping_interval: 7s\n")
    key, variable = "engineio.ping_interval", {"SMCP_ENGINEIO__PING_INTERVAL": "8s"}
    file = ("--config", str(path))
    assert value_of(printed(), key) == "25s"
    assert value_of(printed(*file), key) == "7s"
    assert value_of(printed(*file, env=variable), key) == "8s"
    assert value_of(printed(*file, "--set", f"{key}=9s", env=variable), key) == "9s"
    assert value_of(printed(env=variable), key) == "8s"


@pytest.mark.parametrize("key, value", [
    ("listen.address", "127.0.0.1:8000"), ("admin.address", "127.0.0.1:8001"),
    ("listen.paths", ["/socket.io", "/smcp"]), ("auth.provider", "api_key"),
    ("auth.api_key.header_names", ["x-api-key", "access_token"]),
    ("auth.api_key.auth_fields", ["token"]), ("engineio.ping_interval", "25s"),
    ("engineio.ping_timeout", "20s"), ("engineio.max_payload", 1_000_000),
    ("engineio.upgrade_timeout", "10s"), ("engineio.connect_timeout", "45s"),
    ("calls.default_timeout", "60s"), ("calls.timeout_slack", "5s"),
    ("calls.max_timeout", "3600s"), ("limits.connections_per_ip", 100),
    ("limits.events_per_second", 1000), ("limits.calls_in_flight", 1000),
    ("limits.office_members", 256), ("limits.name_bytes", 256), ("limits.json_depth", 64),
    ("limits.attachments", 10), ("drain.timeout", "30s"), ("drain.propagation_delay", "0s"),
    ("threads", 0), ("protocol.allow_unversioned", True),
])
def test_default_is_what_the_documents_say(key, value):
    assert value_of(printed(), key) == value


def test_printed_configuration_reads_back_the_same(tmp_path):
    first = run("--print-config", "--set", "engineio.ping_interval=0.3s",
                "--set", "listen.paths=/a,/b", "--set", "protocol.allow_unversioned=false",
                "--set", "limits.connections=7")
    path = tmp_path / "printed.yaml"
    path.write_text(first.stdout)
    config = printed("--config", str(path))
    assert config == yaml.safe_load(first.stdout)
    assert value_of(config, "engineio.ping_interval") == "0.3s"
    assert value_of(config, "listen.paths") == ["/a", "/b"]
    assert value_of(config, "protocol.allow_unversioned") is False


def test_print_config_keeps_secrets_to_itself():
    secret = "printed-secret-77aa"
    done = run("--print-config", settings={"auth.api_key.admin_secret": secret})
    assert done.returncode == 0
    assert secret not in done.stdout + done.stderr


def test_json_config_file_is_read(tmp_path):
    path = tmp_path / "gateway.json"
    path.write_text('{"engineio": {"ping_interval": "7s"}, "listen": {"paths": ["/x"]}}')
    config = printed("--config", str(path))
    assert value_of(config, "engineio.ping_interval") == "7s"
    assert value_of(config, "listen.paths") == ["/x"]


async def test_environment_and_file_reach_the_wire(start_gateway):
    gateway = start_gateway({}, config="engineio:\n  ping_interval: 7s\n  ping_timeout: 6s\n",
                            env={"SMCP_ENGINEIO__PING_TIMEOUT": "5s"})
    world = World(gateway)
    session = await world.session()
    assert session.open_packet["pingInterval"] == 7000
    assert session.open_packet["pingTimeout"] == 5000


async def test_paths_are_configurable(start_gateway):
    world = World(start_gateway({"listen.paths": "/a,/b/c"}))
    for path in ("/a/", "/a", "/b/c/", "/b/c"):
        await (await world.peer(path=path)).barrier()
    for path in ("/socket.io/", "/smcp/", "/b/"):
        response = await fetch(*world.address, "GET", target(path, "polling"))
        assert response.status == 404


# -- secrets and the log --------------------------------------------------------------------------


def random_secret(gateway) -> str:
    """The secret that the daemon made up and printed."""
    text = gateway.stdout + gateway.stderr
    words = re.findall(r"[A-Za-z0-9_\-]{32,}", text)
    assert len(words) == 1, f"not one secret, once, in {text!r}"
    return words[0]


async def test_random_secret_is_printed_once_and_works(start_gateway):
    gateways = [start_gateway({"auth.provider": "api_key"}) for _ in range(2)]
    secrets = [random_secret(gateway) for gateway in gateways]
    assert secrets[0] != secrets[1]
    for gateway, secret in zip(gateways, secrets):
        world = World(gateway)
        await (await world.peer(headers=[("x-api-key", secret)])).barrier()
        await (await world.peer(auth={"token": secret})).barrier()
        stranger = await world.bare()
        with pytest.raises(ConnectRefused) as refused:
            await stranger.join_namespace({"token": secret[::-1]})
        assert refused.value.text == REFUSED
        await world.close_and_check_empty()
        assert (gateway.stdout + gateway.stderr).count(secret) == 1


async def test_secret_may_come_from_a_file(start_gateway, tmp_path):
    path = tmp_path / "secret"
    path.write_text("from-a-file-5512\n")
    world = World(start_gateway({"auth.provider": "api_key",
                                 "auth.api_key.admin_secret_file": str(path)}))
    await (await world.peer(headers=[("x-api-key", "from-a-file-5512")])).barrier()


def test_missing_secret_file_ends_with_one_line(tmp_path):
    missing = str(tmp_path / "missing")
    settings = {**BASE_SETTINGS, "auth.provider": "api_key",
                "auth.api_key.admin_secret_file": missing}
    assert_one_line_and_code_2(run(settings=settings), missing)


async def test_log_holds_no_credential_and_no_payload(start_gateway):
    secret = "cred-secret-9b7d"
    gateway = start_gateway({"auth.provider": "api_key", "auth.api_key.admin_secret": secret})
    world = World(gateway)
    header = [("x-api-key", secret)]
    office = world.office()
    agent = await world.agent(office, headers=header)
    computer = await world.computer(office, headers=header)
    await agent.expect("notify:enter_office")
    for number in range(3):
        call = agent.start_call(TOOL_CALL, world.payload(
            TOOL_CALL, params={"text": "mark-params-1f"}, tool_name="mark-tool-2e"))
        request = await computer.request(TOOL_CALL)
        await request.reply({"content": [{"type": "text", "text": "mark-result-3d"}]})
        await call
    await agent.call("client:mark-event-7", {"x": "mark-unknown-4c"})
    await agent.call(TOOL_CALL, {"agent": "a", "params": "mark-invalid-5b"})
    for auth in ({"token": "wrong-token-8a"}, {"mark-auth-6a": "x"}):
        stranger = await world.bare(headers=[("x-api-key", "wrong-header-9f"),
                                             ("cookie", "mark-cookie-1")])
        with pytest.raises(ConnectRefused):
            await stranger.join_namespace(auth)
    broken = await world.peer(headers=header)
    await broken.send('42/smcp,["server:join_office",{"mark-broken-0":')
    await broken.session.wait_end()
    await world.close_and_check_empty()
    gateway.stop()
    log = gateway.stdout + gateway.stderr
    for marker in (secret, "mark-params", "mark-tool", "mark-result", "mark-unknown",
                   "mark-invalid", "wrong-token", "mark-auth", "wrong-header", "mark-cookie",
                   "mark-broken"):
        assert marker not in log, marker
    # One line per connection life, and there is one.
    assert len(log.splitlines()) >= 4


async def test_log_does_not_grow_with_messages(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    _, agent, computer = await world.pair()
    computer.on_request("client:get_tools", lambda event: ({"tools": []},))
    for _ in range(10):
        await world.ask(agent, "client:get_tools")
    # What the log writes of a life so far may still lie in its buffer; a message's line would, too.
    # So the last thing to happen is one that is logged, and everything before it stands above it.
    for _ in range(200):
        await world.ask(agent, "client:get_tools")
    await world.close_and_check_empty()
    gateway.stop()
    assert len(gateway.stderr.splitlines()) <= 10, gateway.stderr


# -- health and shutdown --------------------------------------------------------------------------


async def test_health_endpoints(start_gateway):
    gateway = start_gateway()
    for path in ("/livez", "/readyz"):
        status, body, headers = gateway.admin_get(path)
        assert status == 200
        assert isinstance(body, dict) and isinstance(body["status"], str)
        assert headers["Content-Type"].startswith("application/json")
    assert gateway.admin_get("/readyz")[1]["status"] == "ready"
    counts = gateway.counts()
    assert all(isinstance(number, int) and number == 0 for number in counts.values()), counts
    world = World(gateway)
    office, agent, _ = await world.pair()
    call = agent.start_call(TOOL_CALL, world.payload(TOOL_CALL))
    await gateway.settle(connections=2, sessions=2, members=2, offices=1, calls_in_flight=1)
    call.cancel()
    # Health is nothing for the public: its listener does not serve it, nor the other way round.
    assert (await fetch(*gateway.address, "GET", "/readyz")).status == 404
    other = await fetch(*gateway.admin, "GET", target("/socket.io/", "polling"))
    assert other.status == 404


async def assert_draining(gateway) -> None:
    def not_ready():
        try:
            return gateway.admin_get("/readyz")[0] == 503
        except OSError:
            return False
    await eventually(lambda: asyncio.to_thread(not_ready), "/readyz answers 503")
    assert gateway.admin_get("/livez")[0] == 200


async def test_sigterm_lets_a_call_in_flight_finish(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office, agent, computer = await world.pair()
    poller = await world.computer(world.office(), transport="polling")
    call = agent.start_call(TOOL_CALL, world.payload(TOOL_CALL), timeout=scaled(10.0))
    request = await computer.request(TOOL_CALL)
    gateway.terminate()
    await assert_draining(gateway)
    with pytest.raises((HandshakeRefused, *BROKEN)):
        await Peer.connect(gateway.address)
    assert gateway.running and not call.done()
    await request.reply(RESULT)
    assert (await call).only == RESULT
    for peer in (agent, computer, poller):
        await peer.session.wait_end(scaled(5.0))
        assert peer.disconnect_packet is None, "a JavaScript client would not come back"
    assert agent.session.close_code == 1001
    assert computer.session.close_code == 1001
    assert poller.session.saw_close_packet
    gateway.finish()


@pytest.mark.parametrize("clients", [0, 20])
async def test_sigterm_without_calls_ends_within_two_seconds(start_gateway, clients):
    gateway = start_gateway()
    world = World(gateway)
    peers = [await world.computer(world.office(), transport=("ws", "polling")[n % 2])
             for n in range(clients)]
    started = time.monotonic()
    gateway.terminate()
    await asyncio.to_thread(gateway.wait, scaled(5.0))
    assert time.monotonic() - started <= scaled(2.0)
    for peer in peers:
        await peer.session.wait_end()
    gateway.finish()


async def test_drain_is_bounded(start_gateway):
    gateway = start_gateway({"drain.timeout": "1s"})
    world = World(gateway)
    _, agent, computer = await world.pair()
    agent.start_call(TOOL_CALL, world.payload(TOOL_CALL))
    await computer.request(TOOL_CALL)
    started = time.monotonic()
    gateway.terminate()
    code = await asyncio.to_thread(gateway.wait, scaled(10.0))
    assert code == 0
    assert 0.9 <= time.monotonic() - started <= 1.0 + scaled(2.0)
    gateway.finish()


async def test_second_sigterm_ends_at_once(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    _, agent, computer = await world.pair()
    agent.start_call(TOOL_CALL, world.payload(TOOL_CALL))
    await computer.request(TOOL_CALL)
    gateway.terminate()
    await assert_draining(gateway)
    started = time.monotonic()
    gateway.terminate()
    code = await asyncio.to_thread(gateway.wait, scaled(5.0))
    assert time.monotonic() - started <= scaled(1.0)
    gateway.assert_clean()
    assert code not in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGKILL), code
    gateway.finish(code=code)


# -- limits ---------------------------------------------------------------------------------------


async def test_event_rate_is_held_by_not_reading(start_gateway):
    """100 a second with a burst of 200: 500 events take three seconds, and none is refused."""
    world = World(start_gateway({"limits.events_per_second": "100"}))
    office = world.office()
    fast = await world.agent(office)
    calm = await world.peer()
    started = time.monotonic()
    calls = [fast.start_call("server:list_room",
                             {"agent": "a", "req_id": str(n), "office_id": office},
                             timeout=scaled(20.0)) for n in range(500)]
    for number in range(5):
        before = time.monotonic()
        await calm.barrier()
        assert time.monotonic() - before < scaled(0.5), "one client's rate slows another"
    for number, call in enumerate(calls):
        assert (await call).only["req_id"] == str(number)
    elapsed = time.monotonic() - started
    assert 2.5 <= elapsed <= 3.0 + scaled(2.0), f"{elapsed:.2f} s"
    assert not fast.session.ended.is_set()


async def test_calls_in_flight_are_limited(start_gateway):
    world = World(start_gateway({"limits.calls_in_flight": "5"}))
    _, agent, computer = await world.pair()
    calls = [agent.start_call(TOOL_CALL, world.payload(TOOL_CALL, req_id=str(n)))
             for n in range(5)]
    requests = [await computer.request(TOOL_CALL) for _ in calls]
    text = "Too many pending requests"
    assert (await world.ask(agent, TOOL_CALL)).text == f"[{error_result(text)}]"
    refused = (await world.ask(agent, "client:get_tools")).only
    assert (refused["code"], refused["message"]) == (500, text)
    await computer.expect_nothing(after=(agent,))
    # Others have a count of their own.
    _, other_agent, other = await world.pair()
    await world.assert_routable(other_agent, other)
    await requests[0].reply(RESULT)
    assert (await calls[0]).only == RESULT
    await world.assert_routable(agent, computer)
    for request, call in zip(requests[1:], calls[1:]):
        await request.reply(RESULT)
        assert (await call).only == RESULT


async def test_computer_that_does_not_read_is_refused_at_once(start_gateway):
    world = World(start_gateway({"limits.outbox_bytes": "300000"}))
    office = world.office()
    agent = await world.agent(office)
    computer = await world.computer(office, receive_buffer=4096)
    await agent.expect("notify:enter_office")
    _, other_agent, other = await world.pair()
    computer.session.pause_reading()
    expected = f"[{error_result('Computer is not reading')}]"
    payload = world.payload(TOOL_CALL, params={"blob": "x" * 100_000}, timeout=60)
    pending: list = []
    # The kernel takes a few megabytes before the gateway's own bound is felt.
    for _ in range(200):
        call = agent.start_call(TOOL_CALL, payload, timeout=scaled(30.0))
        started = time.monotonic()
        await agent.barrier()
        await asyncio.wait([call], timeout=scaled(0.1))
        if call.done():
            break
        pending.append(call)
    assert call.done(), "no call was refused"
    assert time.monotonic() - started < scaled(1.0)
    assert (await call).text == expected
    flat = await agent.call("client:get_tools", world.payload(
        "client:get_tools", pad="x" * 400_000))
    assert flat.only["code"] == 500 and flat.only["message"] == "Computer is not reading"
    await world.assert_routable(other_agent, other)
    # What was accepted before is answered, not forgotten, when the Computer goes.
    computer.abort()
    for call in pending:
        assert (await call).text == f"[{error_result(NOT_FOUND)}]"


async def test_total_connections_are_limited(start_gateway):
    world = World(start_gateway({"limits.connections": "3"}))
    peers = [await world.peer() for _ in range(3)]
    with pytest.raises(HandshakeRefused) as refused:
        await world.peer()
    assert refused.value.response.status == 503
    await peers[0].close()
    await world.gateway.settle(connections=2)
    await (await world.peer()).barrier()


async def test_office_members_and_name_lengths_are_limited(start_gateway):
    world = World(start_gateway({"limits.office_members": "3", "limits.name_bytes": "20"}))
    office = "o" * 20
    await world.agent(office, "a" * 20)
    await world.computer(office, "c1")
    await world.computer(office, "c2")
    late = await world.peer()
    ack = await late.join("computer", "c3", office)
    assert ack.args[0] is False and isinstance(ack.args[1], str) and ack.args[1]
    assert (await late.join("computer", "n" * 21, "o2")).text == '[false,"Invalid request"]'
    assert (await late.join("computer", "n", "o" * 21)).text == '[false,"Invalid request"]'
    assert (await late.join("computer", "n", "o2")).text == "[true,null]"


async def test_limits_of_attachments_and_depth_are_settings(start_gateway):
    world = World(start_gateway({"limits.attachments": "2", "limits.json_depth": "8"}))
    _, agent, computer = await world.pair()
    call = agent.start_call(TOOL_CALL, world.payload(TOOL_CALL))
    request = await computer.request(TOOL_CALL)
    await request.reply_raw('[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
                            [b"a", b"b"])
    assert (await call).attachments == [b"a", b"b"]
    for packet in ('463-/smcp,1[{"_placeholder":true,"num":0}]',
                   f'42/smcp,["x",{"[" * 9}{"]" * 9}]'):
        offender = await world.peer()
        await offender.send(packet)
        await offender.session.wait_end()
    await world.assert_routable(agent, computer)


def test_process_runs_in_the_foreground():
    """The ready line is the first thing on stdout that a script can wait for."""
    process = ServerProcess([binary("smcp-gateway"), *set_arguments(BASE_SETTINGS)])
    try:
        process.wait_line(r"^smcp-gateway ready listen=127\.0\.0\.1:\d+ admin=127\.0\.0\.1:\d+")
        process.stop()
    finally:
        process.kill()
