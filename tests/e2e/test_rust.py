"""Rust clients on a gateway: rust_socketio over each transport, and the Rust SDK of generation 0.1."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.a2c import MCP_SERVER
from e2e.keys import KEY
from support.deadlines import STEP, scaled
from support.process import ROOT

RUST = Path(__file__).resolve().parent / "rust"
TARGET = ROOT / "build" / "rust"
BUILD_WITHIN = 1200.0  # seconds; about 300 crates the first time, nothing afterwards
RUN_WITHIN = scaled(60.0)

# A first build counts into the first test's time.
pytestmark = [pytest.mark.timeout(int(BUILD_WITHIN + RUN_WITHIN)), pytest.mark.xdist_group("rust")]


@pytest.fixture(scope="session")
def client() -> str:
    cargo = shutil.which("cargo")
    if not cargo:
        pytest.skip("cargo is not installed: the Rust clients cannot be built")
    TARGET.mkdir(parents=True, exist_ok=True)
    with open(TARGET / ".tests.lock", "w") as lock:  # one of the test workers builds
        fcntl.flock(lock, fcntl.LOCK_EX)
        env = {**os.environ, "CARGO_TARGET_DIR": str(TARGET)}
        command = ["nice", cargo, "build", "--quiet", "--locked", "--jobs", "2"]
        done = subprocess.run(
            command,
            cwd=RUST,
            env=env,
            timeout=BUILD_WITHIN,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    assert done.returncode == 0, done.stdout
    return str(TARGET / "debug" / "smcp-e2e-rust")


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


def test_rust_sdk(client, url, office):
    run([client, "sdk", url, KEY, office, sys.executable, str(MCP_SERVER)], checks=2)
