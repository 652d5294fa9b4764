"""Fixtures shared by all Python tests: gateways, worlds, generations, and async test functions."""

import asyncio
import inspect

import pytest

from support.deadlines import scaled
from support.gateway import Gateway
from support.generation import SETTINGS
from support.scenario_table import WORD, ScenarioTable
from support.world import World

# Several shards even on a small machine, so that members of an office usually sit on different
# ones; not a divisor of anything, so that placement patterns do not repeat.
POOL_SETTINGS = {"threads": "3"}
TEST_WITHIN = scaled(60.0)


def pytest_configure(config):
    if config.option.keyword == WORD:
        config.pluginmanager.register(ScenarioTable(), "scenario-table")


class GatewayPool:
    """Gateways that tests of one worker share, one per set of settings."""

    def __init__(self):
        self._gateways: dict[tuple, Gateway] = {}

    def get(self, settings: dict | None = None) -> Gateway:
        wanted = {**POOL_SETTINGS, **(settings or {})}
        key = tuple(sorted(wanted.items()))
        gateway = self._gateways.get(key)
        if gateway is None or not gateway.running:
            gateway = self._gateways[key] = Gateway.start(wanted)
        return gateway

    def discard(self, gateway: Gateway) -> None:
        """One test's damage stays with that test: the next one gets a new process."""
        for key, known in list(self._gateways.items()):
            if known is gateway:
                del self._gateways[key]
        gateway.kill()

    def stop_all(self) -> None:
        gateways, self._gateways = list(self._gateways.values()), {}
        problems = []
        for gateway in gateways:
            try:
                gateway.wait_empty()
                gateway.stop()
            except Exception as error:
                problems.append(error)
                gateway.kill()
        if problems:
            raise problems[0]


@pytest.fixture(scope="session")
def gateway_pool():
    pool = GatewayPool()
    yield pool
    pool.stop_all()


@pytest.fixture
def start_gateway(gen):
    """Starts gateways of the test's own that serve its generation; those still running are stopped
    and checked."""
    started: list[Gateway] = []

    def start(settings: dict | None = None, **options) -> Gateway:
        wanted = {**POOL_SETTINGS, **SETTINGS.get(gen, {}), **(settings or {})}
        started.append(Gateway.start(wanted, **options))
        return started[-1]

    yield start
    problems = []
    for gateway in started:
        try:
            gateway.stop()
        except Exception as error:
            problems.append(error)
            gateway.kill()
    if problems:
        raise problems[0]


@pytest.fixture
def gen():
    return "G1"


@pytest.fixture
def transport():
    return "ws"


@pytest.fixture
def w(request, gateway_pool, gen, transport):
    """A World on the shared gateway. Scenario settings choose which one."""
    scenario = getattr(request.function, "scenario", None)
    settings = {**SETTINGS.get(gen, {}), **(scenario.settings if scenario else {})}
    return World(gateway_pool.get(settings), gen, transport, gateway_pool)


def pytest_generate_tests(metafunc):
    scenario = getattr(metafunc.function, "scenario", None)
    if scenario is not None and "w" in metafunc.fixturenames:
        metafunc.parametrize("gen", scenario.generations)
        metafunc.parametrize("transport", scenario.transports)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Runs `async def` tests; the worlds they use end in the same event loop."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(_run(pyfuncitem.obj(**arguments), _limit(pyfuncitem)))
    return True


def _limit(item) -> float:
    mark = item.get_closest_marker("within")
    return scaled(mark.args[0]) if mark else TEST_WITHIN


async def _run(test, within: float) -> None:
    try:
        await asyncio.wait_for(test, within)
        # All of them first: several may share one gateway.
        for world in World.living:
            await world.close()
        for world in World.living:
            await world.check_empty()
    except BaseException:
        for world in World.living:
            await world.abandon()
        raise
    finally:
        World.living.clear()
