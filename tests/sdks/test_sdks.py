"""The SDKs of every generation against one gateway process, all at the same time.

The run fills the matrix of sdks/matrix.py, which README.md carries. SMCP_WRITE_MATRIX=1 writes it
there; otherwise the two are compared.
"""

import asyncio
import json
import os
import shutil
import sys
import uuid
from pathlib import Path

import pytest

from e2e.keys import KEY
from e2e.rust_build import BUILD_WITHIN, build_clients
from sdks import matrix
from sdks.driver import Client, Driver
from sdks.expected import COLUMNS, GENERATIONS, STEPS, expected
from sdks.pairs import CALL_SECONDS, Book, Pair, write_skill
from support.deadlines import STEP, scaled
from support.gateway import Gateway
from support.process import ROOT, clean_environment

HERE = Path(__file__).resolve().parent
JS = ROOT / "tests" / "e2e" / "js"
MCP_SERVER = ROOT / "clients" / "demo" / "mcp_server.py"
RUN_WITHIN = 280.0
START_WITHIN = scaled(60.0)  # an SDK reads some hundred files before its first word
SETTINGS = {"threads": "2", "auth.provider": "api_key", "auth.api_key.admin_secret": KEY}
# A server of one version only, and of one that no release speaks: it refuses every one of them.
STRICT = {**SETTINGS, "protocol.versions": "0.5", "protocol.allow_unversioned": "false"}

# Who meets whom in an office: (Agent, Computer, whose cells this pair fills). Agents of the SDKs
# meet the SDK's Computer with a real MCP server; the JS Agent looks at the other Computers.
PAIRS = (
    ("py-async", "py-computer", ("py-async", "py-computer")),
    ("py-sync", "py-computer", ("py-sync",)),
    ("rust-agent", "py-computer", ("rust-agent",)),
    ("js-agent", "rust-computer", ("rust-computer",)),
    ("js-agent", "js-computer", ("js-agent", "js-computer")),
)
KINDS = {"py-async": "async", "py-sync": "sync"}


class Fleet:
    """The drivers of every SDK, and the pairs of their clients."""

    def __init__(self, folder: Path, rust: Path | None):
        self.folder = folder
        self.rust = rust
        self.book = Book()
        self.drivers: dict[tuple[str, str], Driver] = {}
        self.skills = folder / "skills"
        write_skill(self.skills)

    async def start(self) -> None:
        for generation in GENERATIONS:
            python = ROOT / "build" / f"venv-a2c-{generation}" / "bin" / "python"
            script = str(HERE / "drivers" / "python_sdk.py")
            await self._start("py", generation, [str(python), script])
            await self._start("js", generation, [shutil.which("node"), str(JS / "sdk.mjs")])
            if self.rust:
                name = f"smcp-sdk-gen{generation.replace('.', '')}"
                await self._start("rust", generation, [str(self.rust / name)])
        said = await asyncio.gather(*(
            driver.ask("hello", "", deadline=START_WITHIN) for driver in self.drivers.values()))
        for (sdk, generation), version in zip(self.drivers, said):
            assert sdk != "py" or version == matrix.python_version(generation), "run ./dev setup test"

    async def _start(self, sdk: str, generation: str, command: list[str]) -> None:
        """With a home of its own: an SDK's settings on this machine are none of the test's."""
        home = self.folder / f"{sdk}-{generation}"
        home.mkdir()
        env = {key: value for key, value in clean_environment().items() if "XDG_" not in key}
        env |= {"HOME": str(home), "RUST_LOG": "off"}
        name = f"{sdk} {generation}"
        log = str(home / "stderr.log")
        self.drivers[sdk, generation] = await Driver.start(name, command, log, env, str(home))

    def client(self, column: str, generation: str, name: str, office: str) -> Client:
        sdk, role = column.split("-")
        own = self.folder / office / name
        landing = own / "landing"
        landing.mkdir(parents=True)
        settings = own / "settings.json"
        settings.write_text(json.dumps({"landingRoot": str(landing)}))
        fields = {
            "name": name, "office": office, "key": KEY, "within": STEP,
            "call_timeout": CALL_SECONDS, "python": sys.executable, "mcp_server": str(MCP_SERVER),
            "skill_home": str(self.skills_of(own)), "cache": str(own / "cache"),
            "landing": str(landing), "settings": str(settings),
        }
        kind = KINDS.get(column, "computer" if role == "computer" else "agent")
        return Client(self.drivers[sdk, generation], column, kind, generation, fields)

    def skills_of(self, own: Path) -> Path:
        """A copy each: Computers write into the folder of their skills."""
        return Path(shutil.copytree(self.skills, own / "skills"))

    def pairs(self) -> list[Pair]:
        made = []
        for generation in GENERATIONS:
            for number, (agent, computer, measured) in enumerate(PAIRS):
                if not self.rust and "rust" in agent + computer:
                    continue
                office = f"office-{generation}-{number}-{uuid.uuid4().hex[:8]}"
                clients = [self.client(agent, generation, f"bot-{number}", office),
                           self.client(computer, generation, f"pc-{number}", office)]
                counted = [client for client in clients if client.column in measured]
                made.append(Pair(self.book, *clients, counted))
        return made

    async def stop(self) -> None:
        await asyncio.gather(*(driver.stop() for driver in self.drivers.values()))


def restarted(gateway: Gateway) -> Gateway:
    host, port = gateway.address
    gateway.stop()
    return Gateway.start({**SETTINGS, "listen.address": f"{host}:{port}"})


async def run_fleet(folder: Path, rust: Path | None) -> Book:
    gateway, strict = Gateway.start(SETTINGS), Gateway.start(STRICT)
    fleet = Fleet(folder, rust)
    try:
        await fleet.start()
        urls = ["http://{}:{}".format(*server.address) for server in (gateway, strict)]
        pairs = fleet.pairs()
        await asyncio.gather(*(pair.connect_and_work(*urls) for pair in pairs))
        for pair in pairs:
            pair.forget_events()
        gateway = await asyncio.to_thread(restarted, gateway)
        await asyncio.gather(*(pair.come_back() for pair in pairs))
        await fleet.stop()
        await gateway.settle_empty(scaled(60.0))  # a client killed on polling ends by heartbeat
        await asyncio.to_thread(gateway.stop)
        await asyncio.to_thread(strict.stop)
    finally:
        await fleet.stop()
        gateway.kill()
        strict.kill()
    return fleet.book


def surprises(book: Book) -> list[str]:
    found = []
    for column in COLUMNS:
        for generation in GENERATIONS:
            for step in STEPS:
                wanted = expected(column, generation, step)
                got, why = book.cells.get((column, generation, step), ("n/a", "not tried"))
                if got != wanted:
                    found.append(f"{column} {generation} {step}: {got}, expected {wanted}: {why}")
    return found


@pytest.fixture(scope="module")
def rust() -> Path | None:
    return build_clients() if shutil.which("cargo") else None


@pytest.mark.timeout(int(BUILD_WITHIN + scaled(RUN_WITHIN)))
@pytest.mark.within(RUN_WITHIN)
async def test_every_sdk_of_every_generation(rust, tmp_path):
    book = await run_fleet(tmp_path, rust)
    matrix.RESULT.parent.mkdir(parents=True, exist_ok=True)
    matrix.RESULT.write_text(matrix.render(book.cells) + "\n")
    wrong = surprises(book)
    if not rust:
        wrong = [line for line in wrong if not line.startswith("rust-")]
    assert not wrong, "\n".join(wrong)
    text = matrix.render(book.cells, assume=not rust)
    if os.environ.get("SMCP_WRITE_MATRIX") and rust:
        matrix.write_readme(text)
    assert matrix.section_of_readme() == text, (
        f"README.md does not carry the matrix of this run ({matrix.RESULT}): "
        "run this test with SMCP_WRITE_MATRIX=1")


def test_rust_columns_were_run(rust):
    if not rust:
        pytest.skip("cargo is not installed: the Rust columns of the matrix are not run")
