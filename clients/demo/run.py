"""Runs the whole demo: a gateway, a Computer with a real MCP server and an Agent, each its own process.

Usage: run.py [--gateway PATH]. Needs a Python with a2c-smcp[cli] 0.1.x. Exits with 0 only if every step was right.
"""

import argparse
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFAULT_GATEWAY = HERE.parent.parent / "build" / "release" / "bin" / "smcp-gateway"
OFFICE = "demo-office"
DEADLINE = 90  # seconds for any one step


class Failure(Exception):
    pass


class Process:
    """A child whose output lines are shown under its name and can be waited for."""

    def __init__(self, name: str, command: list[str], env: dict[str, str]):
        self.name = name
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._child = subprocess.Popen(
            command,
            env={**os.environ, **env},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._child.stdout:
            print(f"{self.name:>8} | {line.rstrip()}", flush=True)
            with self._changed:
                self._lines.append(line.rstrip())
                self._changed.notify_all()
        with self._changed:
            self._lines.append("")
            self._changed.notify_all()

    def wait_line(self, pattern: str) -> re.Match:
        end = time.monotonic() + DEADLINE
        with self._changed:
            while True:
                for line in self._lines:
                    if match := re.search(pattern, line):
                        return match
                if self._child.poll() is not None and not self._reader.is_alive():
                    raise Failure(
                        f"{self.name} ended with {self._child.returncode} before '{pattern}'"
                    )
                if time.monotonic() > end:
                    raise Failure(f"{self.name} did not say '{pattern}' within {DEADLINE} s")
                self._changed.wait(0.2)

    def wait_exit(self) -> None:
        try:
            code = self._child.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {DEADLINE} s") from None
        self._reader.join(5)
        if code != 0:
            raise Failure(f"{self.name} ended with exit code {code}")

    def terminate(self) -> None:
        if self._child.poll() is None:
            self._child.terminate()

    def kill(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()


def start_gateway(path: Path, key: str) -> tuple[Process, str]:
    command = [str(path)]
    for address in ("listen", "admin", "control"):
        command += ["--set", f"{address}.address=127.0.0.1:0"]
    gateway = Process("gateway", command, {"SMCP_AUTH__API_KEY__ADMIN_SECRET": key})
    return gateway, gateway.wait_line(r"smcp-gateway ready listen=(\S+)").group(1)


def run(path: Path, started: list[Process]) -> None:
    key = secrets.token_urlsafe(24)
    env = {"SMCP_DEMO_KEY": key}
    gateway, address = start_gateway(path, key)
    started.append(gateway)
    url = f"http://{address}"

    agent = Process(
        "agent", [sys.executable, str(HERE / "agent.py"), url, OFFICE, "demo-agent"], env
    )
    started.append(agent)
    agent.wait_line("joined office")
    computer = Process(
        "computer", [sys.executable, str(HERE / "computer.py"), url, OFFICE, "demo-computer"], env
    )
    started.append(computer)
    computer.wait_line("joined office")

    call = agent.wait_line(r"called slow.* call (\S+)").group(1)
    agent.wait_exit()
    computer.wait_line(rf"cancel notice from demo-agent, call {call}$")
    computer.terminate()
    computer.wait_exit()
    gateway.terminate()
    gateway.wait_exit()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--gateway", type=Path, default=DEFAULT_GATEWAY, help="the smcp-gateway binary"
    )
    path = parser.parse_args().gateway
    if not path.is_file():
        print(f"no gateway at {path}: build it first or give --gateway", file=sys.stderr)
        return 2
    started: list[Process] = []
    try:
        run(path, started)
    except Failure as failure:
        print(f"demo failed: {failure}", file=sys.stderr)
        return 1
    finally:
        for process in reversed(started):
            process.terminate()
        for process in reversed(started):
            process.kill()
    print("demo passed: every process ended with exit code 0")
    return 0


if __name__ == "__main__":
    sys.exit(main())
