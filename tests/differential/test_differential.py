"""The same scripted traffic against the Python reference server and the gateway, traces compared.

Every difference has a row in README.md, with both traces and the reason. A difference without a row
fails, and so does a row whose difference does not occur; the message holds the row as it would be.
"""

import asyncio
import inspect
import re
from pathlib import Path

import pytest

from differential import scripts
from differential.stage import KEY, Stage
from support.gateway import Gateway
from support.process import ROOT, ServerProcess

README = Path(__file__).with_name("README.md")
PYTHON = ROOT / "build" / "venv-reference" / "bin" / "python"
SERVER = Path(__file__).with_name("reference_server.py")
ALL = {name: script for name, script in vars(scripts).items()
       if inspect.iscoroutinefunction(script) and list(inspect.signature(script).parameters) == ["s"]
       }  # fmt: skip
# One shard, so that a round trip is behind everything that was caused before it. A short slack, so
# that an unanswered call costs two seconds; everything else is as it is by default.
SETTINGS = {"auth.provider": "api_key", "auth.api_key.admin_secret": KEY, "threads": "1",
            "calls.timeout_slack": "1s"}  # fmt: skip
NOTHING = "nothing"


def rows() -> dict[str, tuple[str, str]]:
    """place -> (reference, gateway), from the table of the README."""
    found = {}
    for line in README.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            place, reference, gateway, reason = split_row(line)
            assert place not in found, f"two rows for {place}"
            assert len(reason) > 10 and reason != "?", f"no reason: {place}"
            found[place] = (reference, gateway)
    return found


def split_row(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
    assert len(cells) == 4, f"four columns expected: {line}"
    return [cell.strip().strip("`").replace("\\|", "|") for cell in cells]


def row(place: str, reference: str, gateway: str) -> str:
    cells = [f"`{text}`".replace("|", "\\|") for text in (place, reference, gateway)]
    return f"| {' | '.join(cells)} | ? |"


def show(trace: list[str]) -> str:
    return "   ".join(trace) or NOTHING


@pytest.fixture(scope="module")
def reference():
    assert PYTHON.exists(), "no reference server here: ./dev setup test makes build/venv-reference"
    server = ServerProcess([str(PYTHON), str(SERVER), KEY])
    match = server.wait_line(r"^reference ready listen=(\S+):(\d+)$")
    yield match[1], int(match[2])
    server.kill()


@pytest.fixture(scope="module")
def gateway():
    server = Gateway.start(SETTINGS)
    yield server
    try:
        server.wait_empty()
        server.stop()
    except BaseException:
        server.kill()
        raise


async def play(script, address: tuple[str, int], is_reference: bool) -> dict:
    stage = Stage(address, is_reference)
    try:
        await script(stage)
        return stage.result()
    finally:
        await stage.close()


async def play_both(script, reference, gateway):
    return await asyncio.gather(play(script, reference, True), play(script, gateway.address, False))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ALL)
def test_traces_differ_only_as_listed(name, reference, gateway):
    theirs, ours = asyncio.run(play_both(ALL[name], reference, gateway))
    assert list(theirs) == list(ours), "the script took different steps"
    assert any(theirs.values()) and any(ours.values())
    found = {f"{name}/{step}/{client}": (show(theirs[step, client]), show(ours[step, client]))
             for step, client in theirs if theirs[step, client] != ours[step, client]}
    listed = {place: pair for place, pair in rows().items() if place.split("/")[0] == name}
    new = [row(place, *pair) for place, pair in found.items() if listed.get(place) != pair]
    gone = [place for place in listed if place not in found]
    assert not new, "differences that README.md does not list like this:\n" + "\n".join(new)
    assert not gone, "listed in README.md, but both servers do the same:\n" + "\n".join(gone)


def test_rows_belong_to_scripts():
    strangers = [place for place in rows() if place.split("/")[0] not in ALL]
    assert not strangers
