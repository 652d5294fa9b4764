"""deploy/proxy/: the examples are run as they are, but for their ports, with real clients through them.

Agent and Computer are python-socketio clients that send their key as `access_token`, the name that a
proxy drops unless it is told not to.
"""

import asyncio
import http.client
import os
import re
import shutil
import socket
import time

import pytest
import socketio

from deploy.files import DEPLOY, default, default_port, seconds
from support.deadlines import STEP
from support.process import ServerProcess

SECRET = "proxy-test-secret"
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
HAPROXY = shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin")
SETTINGS = {
    "auth.provider": "api_key",
    "auth.api_key.admin_secret": SECRET,
    "limits.connections_per_ip": "0",  # as the examples ask for
}
ARGUMENT_BYTES = 300_000  # more than any buffer of a proxy, less than engineio.max_payload


def replace(text: str, pattern: str, by: str) -> str:
    changed, count = re.subn(pattern, by, text, flags=re.MULTILINE)
    assert count >= 1, f"the example has no {pattern!r}"
    return changed


def nginx_command(folder, port: int, gateway) -> list[str]:
    text = (DEPLOY / "proxy" / "nginx.conf").read_text()
    text = replace(text, r"\blisten 80;", f"listen 127.0.0.1:{port};")
    text = replace(text, rf"127\.0\.0\.1:{default_port('listen.address')}", "%s:%d" % gateway.address)
    text = replace(text, r"^worker_processes auto;", "worker_processes 1;")
    folders = "".join(
        f" {name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = replace(text, r"^http \{", "http { access_log off;" + folders)
    (folder / "nginx.conf").write_text(text)
    options = f"daemon off; pid {folder}/nginx.pid;" + (" user root;" if os.geteuid() == 0 else "")
    return [NGINX, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", options]


def haproxy_command(folder, port: int, gateway) -> list[str]:
    text = (DEPLOY / "proxy" / "haproxy.cfg").read_text()
    text = replace(text, r"^    bind :80$", f"    bind 127.0.0.1:{port}")
    text = replace(text, rf"127\.0\.0\.1:{default_port('listen.address')}", "%s:%d" % gateway.address)
    text = replace(text, rf"check port {default_port('admin.address')}", f"check port {gateway.admin[1]}")
    (folder / "haproxy.cfg").write_text(text)
    return [HAPROXY, "-db", "-n", "1000", "-f", str(folder / "haproxy.cfg")]


PROXIES = [
    pytest.param(nginx_command, id="nginx",
                 marks=pytest.mark.skipif(not NGINX, reason="no nginx here")),
    pytest.param(haproxy_command, id="haproxy",
                 marks=pytest.mark.skipif(not HAPROXY, reason="no haproxy here")),
]  # fmt: skip


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def start_proxy(command_of, folder, gateway) -> tuple[ServerProcess, int]:
    """Neither proxy can be given port 0, so a free one is picked; if it is lost meanwhile, another."""
    for _ in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = ServerProcess(command_of(folder, port, gateway))
        end = time.monotonic() + STEP
        while process.running and time.monotonic() < end:
            if accepts(port):
                return process, port
            time.sleep(0.01)
        log = process.tail()
        process.kill()
    raise AssertionError(f"the proxy does not start: {log}")


@pytest.fixture(params=PROXIES)
def proxied(request, tmp_path, start_gateway):
    """The port of a proxy, and the gateway behind it."""
    gateway = start_gateway(SETTINGS)
    process, port = start_proxy(request.param, tmp_path, gateway)
    yield port, gateway
    process.kill()
    gateway.wait_empty()


async def connected(port: int, transports: list[str] | None, key: str = SECRET):
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(
        f"http://127.0.0.1:{port}", headers={"access_token": key}, namespaces=["/smcp"],
        transports=transports, wait_timeout=STEP,
    )  # fmt: skip
    return client


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], None],
                         ids=["polling", "websocket", "upgrade"])  # fmt: skip
async def test_agent_calls_a_tool_through_the_proxy(proxied, transports):
    port, _ = proxied
    agent = await connected(port, transports)
    computer = await connected(port, transports)
    try:
        expected = transports[0] if transports else "websocket"
        assert (agent.transport(), computer.transport()) == (expected, expected)

        entered = asyncio.Event()

        @agent.on("notify:enter_office", namespace="/smcp")
        async def on_enter(_data):
            entered.set()

        @computer.on("client:tool_call", namespace="/smcp")
        async def on_call(data):
            return {"content": [{"type": "text", "text": data["params"]["x"]}], "isError": False}

        async def join(client, role, name):
            office = {"office_id": "o", "role": role, "name": name}
            return await client.call("server:join_office", office, namespace="/smcp", timeout=STEP)

        assert list(await join(agent, "agent", "bot")) == [True, None]
        assert list(await join(computer, "computer", "pc")) == [True, None]
        await asyncio.wait_for(entered.wait(), STEP)

        argument = "x" * ARGUMENT_BYTES
        call = {"agent": "bot", "computer": "pc", "req_id": "r1", "tool_name": "echo",
                "params": {"x": argument}, "timeout": int(STEP)}  # fmt: skip
        answer = await agent.call("client:tool_call", call, namespace="/smcp", timeout=STEP)
        assert answer == {"content": [{"type": "text", "text": argument}], "isError": False}
    finally:
        await agent.disconnect()
        await computer.disconnect()


async def test_wrong_key_is_refused_through_the_proxy(proxied):
    port, _ = proxied
    with pytest.raises(socketio.exceptions.ConnectionError):
        await connected(port, None, key="wrong")


def request(port: int, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STEP)
    try:
        connection.request(method, target, body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_health_is_not_served_to_the_outside(proxied):
    port, gateway = proxied
    assert gateway.admin_get("/readyz")[0] == 200
    for target in ("/readyz", "/livez", "/", "/socket.iox/"):
        assert request(port, "GET", target)[0] == 404


def test_body_that_is_too_large_is_refused_by_the_gateway_and_not_by_the_proxy(proxied):
    port, _ = proxied
    status, opened = request(port, "GET", "/socket.io/?EIO=4&transport=polling")
    assert status == 200
    sid = re.search(rb'"sid":"([^"]+)"', opened).group(1).decode()
    target = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
    large = b"4" + b"x" * int(default("engineio.max_payload"))
    status, body = request(port, "POST", target, large)
    assert status == 413
    assert b"<html>" not in body.lower()
    # The session has survived that; its client says good-bye.
    assert request(port, "POST", target, b"1")[0] == 200


@pytest.mark.parametrize(
    ("file", "directive"),
    [("nginx.conf", "proxy_read_timeout"), ("nginx.conf", "proxy_send_timeout"),
     ("haproxy.cfg", "timeout client"), ("haproxy.cfg", "timeout server"),
     ("haproxy.cfg", "timeout tunnel")],
)  # fmt: skip
def test_proxy_is_more_patient_than_the_heartbeat(file, directive):
    text = (DEPLOY / "proxy" / file).read_text()
    limit = re.search(rf"^\s*{directive} (\w+);?$", text, re.MULTILINE).group(1)
    silence = seconds(default("engineio.ping_interval")) + seconds(default("engineio.ping_timeout"))
    assert seconds(limit) > silence


def test_paths_are_those_of_the_configuration():
    paths = [re.escape(path.removeprefix("/")) for path in default("listen.paths").split(",")]
    expected = rf"^/({'|'.join(paths)})(/|$)"
    assert f"location ~ {expected} {{" in (DEPLOY / "proxy" / "nginx.conf").read_text()
    assert f"path_reg {expected}\n" in (DEPLOY / "proxy" / "haproxy.cfg").read_text()
