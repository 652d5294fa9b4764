"""The servers that are measured, each a process of its own, pinned and stopped alike.

    with Server.start("gateway") as server:
        ... server.url, server.pid, server.arguments (what smcp-bench needs to be let in) ...

Logs go to files under build/results/bench/logs: logging stays as shipped, and a talkative server
never blocks on a pipe.
"""

import os
import re
import resource
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine

TOKEN = "bench-secret-0123456789"
READY_WITHIN = 30.0
STOP_WITHIN = 20.0

# Production defaults, except for limits that the workloads themselves are above: they come from one
# address, put 2,001 members into one office, and one Agent makes more than 1,000 calls a second.
GATEWAY_SETTINGS = {
    "listen.address": "127.0.0.1:0",
    "admin.address": "127.0.0.1:0",
    "control.address": "127.0.0.1:0",
    "auth.api_key.admin_secret": TOKEN,
    "limits.connections_per_ip": "50000",
    "limits.office_members": "5000",
    "limits.events_per_second": "1000000",
}


def gateway_command(settings: dict[str, str]) -> list[str]:
    command = [str(machine.binary("smcp-gateway"))]
    for key, value in {**GATEWAY_SETTINGS, **settings}.items():
        command += ["--set", f"{key}={value}"]
    return command


def rust_binary(name: str) -> Path:
    return machine.ROOT / "build" / "rust-bench" / "release" / name


@dataclass(frozen=True)
class Kind:
    """One server: how it starts on a port ("0": its own choice), and how a client is let in."""

    title: str
    command: Callable[[str, dict[str, str]], list[str]]
    program: Callable[[], Path]
    ready: str | None = r"ready listen=\S+:(\d+)"  # None: it is told its port
    arguments: tuple[str, ...] = ()


KINDS = {
    "gateway": Kind(
        "smcp-gateway", lambda port, settings: gateway_command(settings),
        lambda: machine.binary("smcp-gateway"),
        arguments=("--token", TOKEN, "--a2c-version", "0.4.0")),
    "floor": Kind(
        "yardstick", lambda port, settings: [str(machine.binary("smcp-floor")), "--port", port],
        lambda: machine.binary("smcp-floor")),
    "node": Kind(
        "Node socket.io",
        lambda port, settings: ["node", str(machine.PEERS / "node" / "server.js"), port, TOKEN],
        lambda: machine.PEERS / "node" / "node_modules" / "socket.io",
        arguments=("--token", TOKEN)),
    "python": Kind(
        "Python reference",
        lambda port, settings: [str(machine.REFERENCE_PYTHON),
                                str(machine.PEERS / "python" / "server.py"), port, TOKEN],
        lambda: machine.REFERENCE_PYTHON, ready=None,
        arguments=("--header", f"access_token: {TOKEN}")),
    "socketioxide": Kind(
        "socketioxide",
        lambda port, settings: [str(rust_binary("socketioxide-relay")), port, TOKEN],
        lambda: rust_binary("socketioxide-relay"), arguments=("--token", TOKEN)),
    "rust-sdk": Kind(
        "Rust SDK server",
        lambda port, settings: [str(rust_binary("rust-sdk-server")), port, TOKEN],
        lambda: rust_binary("rust-sdk-server"), ready=None,
        arguments=("--token", TOKEN, "--a2c-version", "0.4.0")),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def available(name: str) -> bool:
    return KINDS[name].program().exists()


@dataclass
class Server:
    name: str
    process: subprocess.Popen
    log: Path
    port: int = 0
    arguments: list[str] = field(default_factory=list)

    @classmethod
    def start(cls, name: str, settings: dict[str, str] | None = None,
              on: set[int] | None = None) -> "Server":
        """`settings` are the gateway's own; `on` the CPUs, by default the server's one."""
        kind = KINDS[name]
        affinity = on or {machine.cpus()[0]}
        port = "0" if kind.ready else str(free_port())
        logs = machine.RESULTS / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        log = logs / f"{name}.log"
        # Inherited configuration would make it another server than the one that is described.
        env = {k: v for k, v in os.environ.items() if not k.startswith("SMCP_")}
        with log.open("wb") as out:
            process = subprocess.Popen(
                kind.command(port, settings or {}), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=env, preexec_fn=lambda: prepare(affinity))
        server = cls(name, process, log, int(port), list(kind.arguments))
        try:
            server.wait_ready(kind.ready)
        except BaseException:
            server.stop()
            raise
        return server

    def wait_ready(self, pattern: str | None) -> None:
        end = time.monotonic() + READY_WITHIN
        while True:
            if pattern and (found := re.search(pattern, self.text())):
                self.port = int(found[1])
                return
            if not pattern and answers(self.port):
                return
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{self.name} did not become ready:\n{self.text()[-2000:]}")
            time.sleep(0.01)

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def admin_port(self) -> int:
        found = re.search(r"admin=\S+:(\d+)", self.text())
        if found is None:
            raise RuntimeError(f"{self.name} has no admin listener")
        return int(found[1])

    @property
    def control_port(self) -> int:
        found = re.search(r"control=\S+:(\d+)", self.text())
        if found is None:
            raise RuntimeError(f"{self.name} has no control listener")
        return int(found[1])

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def prepare(affinity: set[int]) -> None:
    """In the child, before it starts: its CPUs, and as many descriptors as it may have."""
    os.sched_setaffinity(0, affinity)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
