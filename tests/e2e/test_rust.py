"""Rust clients on a gateway: rust_socketio over each transport. The Rust SDK is tests/sdks'."""

import json
import os
import subprocess

import pytest

from e2e.keys import KEY
from e2e.rust_build import BUILD_WITHIN, build_clients
from support.deadlines import STEP, scaled

RUN_WITHIN = scaled(60.0)

# A first build counts into the first test's time.
pytestmark = pytest.mark.timeout(int(BUILD_WITHIN + RUN_WITHIN))


@pytest.fixture(scope="session")
def client() -> str:
    return str(build_clients() / "smcp-e2e-rust")


def run(arguments: list[str], checks: int) -> None:
    env = {**os.environ, "SMCP_E2E_STEP_MS": str(int(STEP * 1000))}
    done = subprocess.run(arguments, env=env, timeout=RUN_WITHIN, capture_output=True, text=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    wrong = [f"{result['check']}: {result['error']}" for result in results if not result["ok"]]
    assert not wrong, "\n".join(wrong) + done.stderr[-2000:]
    assert (len(results), done.returncode) == (checks, 0), done.stderr[-2000:]


@pytest.mark.parametrize("transport", ["any", "websocket", "upgrade", "polling"])
def test_rust_socketio(client, url, office, transport):
    run([client, "socketio", url, KEY, office, transport], checks=4)
