"""1,000 offices of three, and 20,000 calls through them over four shards: nothing lost, wrong or left."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.keys import GATEWAY_SETTINGS, KEY
from support.deadlines import STEP, scaled

CLIENT = Path(__file__).resolve().parent / "load" / "client.py"
OFFICES, CALLS, OUTSTANDING = 1000, 20, 16
PHASE_WITHIN = scaled(60.0)
FILES = 3 * OFFICES + 1024
# Sixteen thousand calls are asked for at once, and a ping waits behind them in the one process that
# plays all clients: with the short heartbeat of the other tests a busy machine loses Agents to it.
SETTINGS = {**GATEWAY_SETTINGS, "engineio.ping_timeout": "120s", "threads": "4",
            "limits.connections_per_ip": "0"}


@pytest.fixture
def many_files():
    """Both ends need a descriptor per connection; the gateway inherits the limit."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] != resource.RLIM_INFINITY and before[1] < FILES:
        pytest.fail(f"the hard limit of open files is {before[1]}, this test needs {FILES}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], FILES), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


# Above what the three phases may take together, so that it is the client that says what was slow.
@pytest.mark.timeout(int(3 * PHASE_WITHIN + 120))
def test_20000_calls_in_1000_offices(many_files, start_gateway):
    gateway = start_gateway(SETTINGS)
    _, port = gateway.address
    command = [
        sys.executable,
        str(CLIENT),
        "--port",
        str(port),
        "--key",
        KEY,
        "--offices",
        str(OFFICES),
        "--calls",
        str(CALLS),
        "--outstanding",
        str(OUTSTANDING),
        "--within",
        str(PHASE_WITHIN),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3 * PHASE_WITHIN + 60)
    assert done.stdout, done.stderr
    result = json.loads(done.stdout)
    print(f"seconds: {result['seconds']}")
    assert result["problems"] == []
    assert (result["answers"], result["lost"], result["wrong"]) == (OFFICES * CALLS, 0, 0)
    assert done.returncode == 0, done.stderr
    gateway.wait_empty(4 * STEP)
