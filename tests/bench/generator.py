"""One run of smcp-bench, pinned to the generator's CPU, bounded in time."""

import json
import subprocess

from bench import machine
from bench.servers import Server, prepare

DEADLINE = 400.0  # the slowest peer's join storm takes minutes
RUN_WITHIN = DEADLINE + 30.0


class RunFailed(Exception):
    """The run gave no result: what the generator, or the clock, said."""


def command(server: Server, workload: str, options: dict[str, object]) -> list[str]:
    line = [str(machine.binary("smcp-bench")), workload, "--url", server.url,
            "--server-pid", str(server.pid), "--server-name", server.name,
            *server.arguments, "--json", "--quiet"]
    for name, value in {"deadline": DEADLINE, **options}.items():
        line += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return line


def start(server: Server, workload: str, options: dict[str, object]) -> subprocess.Popen:
    cpu = machine.cpus()[1]
    return subprocess.Popen(
        command(server, workload, options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, preexec_fn=lambda: prepare({cpu}))


def finish(process: subprocess.Popen, within: float = RUN_WITHIN) -> dict:
    """The JSON line. A run that lost, misrouted or changed a message is a result, with its counts."""
    try:
        out, err = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise RunFailed(f"not finished after {within:.0f} s") from None
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if not lines:
        reason = (err or out).strip().splitlines()
        raise RunFailed(reason[-1] if reason else f"exit code {process.returncode}")
    return json.loads(lines[-1])


def run(server: Server, workload: str, options: dict[str, object],
        within: float = RUN_WITHIN) -> dict:
    return finish(start(server, workload, options), within)


def faults(result: dict) -> dict[str, int]:
    """What must be zero in an honest result."""
    names = ("losses", "misroutes", "mismatches", "duplicates", "refused", "disconnects")
    return {name: result[name] for name in names if result.get(name)}
