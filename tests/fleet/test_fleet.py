"""A mixed fleet on one gateway: 4 generations, 200 offices, random life; nothing leaks or is lost."""

import json
import os
import random
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.schedule import GENERATIONS, fleet
from support.deadlines import SANITIZER, STEP, scaled

TESTS = Path(__file__).resolve().parent.parent
SECONDS = 60.0 if SANITIZER else 10.0
GAP = 0.5  # mean seconds between two steps of a client
# A tool call of this test asks for one second; `calls.timeout_slack` makes up the rest.
CALL_LIMIT = int(scaled(3.0))
WITHIN = scaled(20.0)
FILES = 4096

# What a run must have met, or it has shown nothing. Every one is frequent in ten seconds.
MUST_HAPPEN = (
    "served", "calls of somebody who is there", "calls of somebody who moves", "call out of reach",
    "call: 404", "call: 408", "call: answer object", "call: answer slow", "call: answer two",
    "call: answer none", "call: answer binary", "call: answer error", "call: answer twice", "join",
    "switch", "rename", "rejoin", "leave", "list", "list refused", "notified",
    "notified of a cancel", "wrong role", "unknown event", "empty answer", "drop abort",
    "drop close", "drop namespace", "drop engine", "join refused: Protocol version mismatch",
    "join refused: Room already has an agent", "join refused: Agent already in another room",
    "join refused: Computer")  # fmt: skip


@pytest.fixture
def many_files():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] != resource.RLIM_INFINITY and before[1] < FILES:
        pytest.fail(f"the hard limit of open files is {before[1]}, this test needs {FILES}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], FILES), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_schedule_is_a_function_of_the_seed():
    first, again, other = fleet(1, 10.0, GAP), fleet(1, 10.0, GAP), fleet(2, 10.0, GAP)
    assert first == again
    assert all(a.steps != b.steps for a, b in zip(first, other))
    assert {script.gen for script in first} == set(GENERATIONS)


@pytest.mark.timeout(int(SECONDS + 6 * WITHIN + 60))
def test_mixed_fleet(many_files, start_gateway):
    seed = int(os.environ.get("SMCP_FLEET_SEED") or random.SystemRandom().randrange(1 << 32))
    preset = SANITIZER or "release"
    replay = f"SMCP_FLEET_SEED={seed} ./dev test --preset {preset} --filter mixed_fleet"
    gateway = start_gateway({
        "threads": "4", "limits.connections_per_ip": "0", "log.level": "warn",
        "calls.default_timeout": f"{CALL_LIMIT}s", "calls.timeout_slack": f"{CALL_LIMIT - 1}s"})
    _, port = gateway.address
    command = [sys.executable, "-m", "fleet.client", "--port", str(port), "--seed", str(seed),
               "--seconds", str(SECONDS), "--gap", str(GAP), "--limit", str(CALL_LIMIT),
               "--within", str(WITHIN)]  # fmt: skip
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True,
                          timeout=SECONDS + 5 * WITHIN)
    assert done.stdout, f"{done.stderr}\nreplay: {replay}"
    result = json.loads(done.stdout)
    print(f"seed {seed}, seconds {result['seconds']}, did {result['did']}")
    problems = "\n".join(result["problems"])
    wrong = result["wrong"]
    assert not wrong, f"{wrong} things were wrong:\n{problems}\nreplay: {replay}"
    assert done.returncode == 0, f"{done.stderr}\nreplay: {replay}"
    missing = [what for what in MUST_HAPPEN if not result["did"].get(what)]
    assert not missing, f"never happened: {missing}\nreplay: {replay}"
    try:
        gateway.wait_empty(4 * STEP)
    except AssertionError as error:
        raise AssertionError(f"{error}\nreplay: {replay}") from None
