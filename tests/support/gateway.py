"""The gateway and the conformance server as black boxes.

    gateway = Gateway.start({"engineio.ping_interval": "0.3s"})
    ... gateway.address, gateway.counts() ...
    gateway.stop()          # SIGTERM, exit code 0, no sanitizer report

All listeners get free ports on loopback; the ready line on stdout names them.
"""

import asyncio
import http.client
import json
import os
import tempfile
import time
from pathlib import Path

from .deadlines import STEP
from .process import ServerProcess, binary

BASE_SETTINGS = {"listen.address": "127.0.0.1:0", "admin.address": "127.0.0.1:0",
                 "control.address": "127.0.0.1:0", "auth.provider": "none"}
COUNTS = ("connections", "sessions", "members", "offices", "calls_in_flight", "seats")


def set_arguments(settings: dict) -> list[str]:
    arguments = []
    for key, value in settings.items():
        arguments += ["--set", f"{key}={value}"]
    return arguments


class Gateway(ServerProcess):
    address: tuple[str, int]
    admin: tuple[str, int]
    control: tuple[str, int] | None  # None: off

    @classmethod
    def start(cls, settings: dict | None = None, *, env: dict | None = None,
              config: str | None = None, config_file: Path | None = None) -> "Gateway":
        """Settings come on top of the base ones; `config` is the text of a YAML file, `config_file`
        one that stays, to be read again, and says who may connect."""
        base = {key: value for key, value in BASE_SETTINGS.items()
                if config_file is None or key.endswith(".address")}
        arguments = set_arguments({**base, **(settings or {})})
        path = None
        if config_file is not None:
            arguments = ["--config", str(config_file)] + arguments
        if config is not None:
            handle, path = tempfile.mkstemp(suffix=".yaml")
            os.write(handle, config.encode())
            os.close(handle)
            arguments = ["--config", path] + arguments
        try:
            self = cls([binary("smcp-gateway")] + arguments, env)
            ready = self.wait_line(
                r"^smcp-gateway ready listen=(\S+):(\d+) admin=(\S+):(\d+)"
                r" control=(?:off|(\S+):(\d+))(?:\s.*)?$")
        finally:
            if path:
                Path(path).unlink()
        self.address = (ready[1], int(ready[2]))
        self.admin = (ready[3], int(ready[4]))
        self.control = (ready[5], int(ready[6])) if ready[5] else None
        return self

    def admin_get(self, target: str) -> tuple[int, dict, http.client.HTTPMessage]:
        """(status, JSON body, headers) of the admin listener."""
        connection = http.client.HTTPConnection(*self.admin, timeout=STEP)
        try:
            connection.request("GET", target)
            response = connection.getresponse()
            body = response.read()
            return response.status, json.loads(body), response.headers
        finally:
            connection.close()

    def counts(self) -> dict[str, int]:
        status, body, _ = self.admin_get("/readyz?verbose")
        assert status == 200, (status, body)
        assert body["status"] == "ready", body
        counts = body["counts"]
        assert set(COUNTS) <= set(counts), counts
        return counts

    def wait_counts(self, within: float = STEP, **expected: int) -> dict[str, int]:
        end = time.monotonic() + within
        while True:
            counts = self.counts()
            if all(counts[name] == number for name, number in expected.items()):
                return counts
            assert time.monotonic() < end, f"counts {counts}, expected {expected}"
            time.sleep(0.01)

    def wait_empty(self, within: float = STEP) -> None:
        """Every table of the gateway is empty again."""
        self.wait_counts(within, **{name: 0 for name in COUNTS})

    async def settle(self, within: float = STEP, **expected: int) -> dict[str, int]:
        """wait_counts for async tests: the clients keep answering pings meanwhile."""
        return await asyncio.to_thread(self.wait_counts, within, **expected)

    async def settle_empty(self, within: float = STEP) -> None:
        await asyncio.to_thread(self.wait_empty, within)


class ConformanceServer(ServerProcess):
    """`sio-conformance-server`: Engine.IO echo on /engine.io/, its app on /socket.io/."""

    address: tuple[str, int]

    @classmethod
    def start(cls, ping_interval_ms: int = 300, ping_timeout_ms: int = 200,
              max_payload: int = 1_000_000, connect_timeout_ms: int = 45_000,
              extra: tuple[str, ...] = ()) -> "ConformanceServer":
        self = cls([binary("sio-conformance-server"), "--port", "0",
                    "--ping-interval-ms", str(ping_interval_ms),
                    "--ping-timeout-ms", str(ping_timeout_ms),
                    "--max-payload", str(max_payload),
                    "--connect-timeout-ms", str(connect_timeout_ms), *extra])
        ready = self.wait_line(r"^sio-conformance-server ready listen=(\S+):(\d+)(?:\s.*)?$")
        self.address = (ready[1], int(ready[2]))
        return self
