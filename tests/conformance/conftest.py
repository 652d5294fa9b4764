"""Conformance servers, one per set of options and worker, and the healthy client beside a case."""

import asyncio
import time

import pytest

from support.deadlines import STEP, scaled
from support.gateway import ConformanceServer
from support.http1 import fetch
from support.peer import Peer

# A heartbeat that a loaded machine keeps; cases about the heartbeat itself ask for the suites' own.
CALM = {"ping_interval_ms": 5000, "ping_timeout_ms": 4000}
TEST_OPTIONS = ("--test-events", "--report-disconnects", "--stats")
# The healthy client's echo, unloaded; sanitizers and a shared machine are allowed for.
ALIVE_WITHIN = scaled(1.0)


class Sut:
    """The server under test and what every case checks on it."""

    def __init__(self, server: ConformanceServer):
        self.server = server
        self.address = server.address
        self._reported = 0

    async def sessions(self) -> int:
        return int((await fetch(*self.address, "GET", "/stats")).text)

    async def settle(self, count: int = 0, within: float = STEP) -> None:
        """Waits until exactly `count` sessions live."""
        end = time.monotonic() + within
        while (now := await self.sessions()) != count:
            assert time.monotonic() < end, f"{now} sessions, expected {count}"
            await asyncio.sleep(0.01)

    async def alive(self) -> None:
        """A second, healthy client completes an echo with an ack."""
        peer = await Peer.connect(self.address, "ws", namespace="/")
        try:
            started = time.monotonic()
            ack = await peer.call("message-with-ack", 1)
            took = time.monotonic() - started
            assert ack.args == [1]
            assert took < ALIVE_WITHIN, f"the echo took {took:.3f} s"
        finally:
            await peer.close()

    def mark(self) -> None:
        self._reported = len(self.server.stdout)

    def reports(self) -> list[str]:
        """Lines written since mark(): `disconnect NAMESPACE REASON` and `call cancelled`."""
        return self.server.stdout[self._reported:].splitlines()

    async def wait_reports(self, count: int, within: float = STEP) -> list[str]:
        end = time.monotonic() + within
        while len(lines := self.reports()) < count:
            assert time.monotonic() < end, f"reports {lines}, expected {count}"
            await asyncio.sleep(0.01)
        return lines


class Servers:
    def __init__(self):
        self._suts: dict[tuple, Sut] = {}

    def get(self, *extra: str, **options) -> Sut:
        key = (extra, tuple(sorted(options.items())))
        sut = self._suts.get(key)
        if sut is None or not sut.server.running:
            sut = self._suts[key] = Sut(ConformanceServer.start(
                **options, extra=TEST_OPTIONS + extra))
        sut.mark()
        return sut

    def stop_all(self) -> None:
        suts, self._suts = list(self._suts.values()), {}
        problems = []
        for sut in suts:
            try:
                sut.server.stop()
            except Exception as error:
                problems.append(error)
                sut.server.kill()
        if problems:
            raise problems[0]


@pytest.fixture(scope="session")
def _servers():
    servers = Servers()
    yield servers
    servers.stop_all()


class Case:
    """One case: servers by options; afterwards each one used must be alive and empty."""

    def __init__(self, servers: Servers):
        self._servers = servers
        self._used: list[Sut] = []
        self._closed_to_all: list[Sut] = []

    def serve(self, *extra: str, threads: int = 2, **options) -> Sut:
        sut = self._servers.get("--threads", str(threads), *extra, **{**CALM, **options})
        if sut not in self._used:
            self._used.append(sut)
        return sut

    def fast(self, *extra: str, **options) -> Sut:
        """With the suites' heartbeat of 300 and 200 ms."""
        return self.serve(*extra, ping_interval_ms=300, ping_timeout_ms=200, **options)

    def not_for_clients(self, sut: Sut) -> None:
        """A server whose options let no client in: only looked at for being empty."""
        self._closed_to_all.append(sut)

    async def finish(self) -> None:
        for sut in self._used:
            assert sut.server.running, f"the server died\n{sut.server.tail()}"
            if sut not in self._closed_to_all:
                await sut.alive()
        for sut in self._used:
            await sut.settle(0)
            sut.server.assert_clean()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Async tests with a `case`: the case is finished in the loop of the test."""
    case = pyfuncitem.funcargs.get("case")
    if case is None:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}

    async def run():
        await pyfuncitem.obj(**arguments)
        await case.finish()

    asyncio.run(asyncio.wait_for(run(), scaled(60.0)))
    return True


@pytest.fixture
def case(_servers):
    return Case(_servers)


@pytest.fixture
def sut(case):
    """The server of most cases: maxPayload 1 000 000, two shards."""
    return case.serve()


@pytest.fixture
def suite(case):
    """As the official suites are run: their heartbeat, the server's own defaults."""
    return case.fast(threads=1)


@pytest.fixture
def impatient_suite(case):
    return case.fast(connect_timeout_ms=1000)
