"""socket.io-client from npm, over each transport, on a gateway: js/client.mjs prints a line per check."""

import fcntl
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from e2e.keys import GATEWAY_SETTINGS, KEY, TRANSPORTS
from support.deadlines import STEP, scaled

JS = Path(__file__).resolve().parent / "js"
CHECKS = 11
RUN_WITHIN = scaled(120.0)


@pytest.fixture(scope="session")
def node() -> str:
    path = shutil.which("node")
    if not path or not shutil.which("npm"):
        pytest.skip("Node.js and npm are not installed")
    with open(JS / "package-lock.json") as lock:  # one of the test workers installs
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = JS / "node_modules" / ".package-lock.json"
        if (
            not installed.exists()
            or installed.stat().st_mtime < (JS / "package-lock.json").stat().st_mtime
        ):
            subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund"], cwd=JS, check=True, timeout=300
            )
    return path


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_socket_io_client(node, start_gateway, office, transport):
    gateway = start_gateway(GATEWAY_SETTINGS)
    host, port = gateway.address
    command = [node, "client.mjs", f"http://{host}:{port}", KEY, transport, office]
    env = {**os.environ, "SMCP_E2E_STEP_MS": str(int(STEP * 1000))}
    child = subprocess.Popen(
        command, cwd=JS, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    watchdog = threading.Timer(RUN_WITHIN, child.kill)
    watchdog.start()
    results = []
    try:
        for line in child.stdout:
            said = json.loads(line)
            if "restart" in said:
                gateway.stop()
                gateway = start_gateway({**GATEWAY_SETTINGS, "listen.address": f"{host}:{port}"})
                child.stdin.write("\n")
                child.stdin.flush()
            else:
                results.append(said)
        code = child.wait()
    finally:
        watchdog.cancel()
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
    wrong = [f"{result['check']}: {result['error']}" for result in results if not result["ok"]]
    assert not wrong, "\n".join(wrong)
    assert (len(results), code) == (CHECKS, 0)
    gateway.wait_empty()
