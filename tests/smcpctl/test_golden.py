"""Every command once against a real gateway with real peers: what it prints, to the letter.

SMCPCTL_UPDATE_GOLDEN=1 writes the files instead; read the difference before you keep it.
"""

import asyncio
import json
import os
import shlex
import unicodedata
from pathlib import Path

import pytest

from smcpctl.ctl import Ctl, Done, normalised
from support.deadlines import STEP
from support.generation import TOOL_CALL
from support.world import World

GOLDEN = Path(__file__).parent / "golden"
UPDATE = bool(os.environ.get("SMCPCTL_UPDATE_GOLDEN"))
RESULT = {"content": [{"type": "text", "text": "hello from pc-1"}], "isError": False}
TOOLS = {"tools": [
    {"name": "echo", "description": "Says what it is told.", "params_schema": {}, "return_schema": None},
    {"name": "reboot", "description": "Starts the machine anew.\nAsk first.", "params_schema": {},
     "return_schema": None}], "req_id": "r"}


class Stage:
    """One gateway, its peers, and the words that stand for their ids."""

    def __init__(self, gateway, home: Path):
        self.gateway = gateway
        self.world = World(gateway)
        self.ctl = Ctl(home, gateway)
        self.home = home
        self.replaced: dict[str, str] = {}
        self.tasks: list[asyncio.Task] = []
        self.transcript = ""

    async def join(self, role: str, name: str, office: str):
        peer = await self.world.member(role, office, name)
        found = json.loads(await self.ctl.ok("sessions", "ls", "--name", name, "--office", office,
                                             "--role", role, "-o", "json"))
        self.replaced[found["sessions"][0]["sid"]] = f"SID-{name}"
        return peer

    async def lab(self) -> None:
        """Office lab: bot, pc-1, pc-2. Office den: fox, pc-1."""
        self.agent = await self.join("agent", "bot", "lab")
        self.computer = await self.join("computer", "pc-1", "lab")
        self.second = await self.join("computer", "pc-2", "lab")
        await self.join("agent", "fox", "den")
        await self.join("computer", "pc-1", "den")

    def call(self, req_id: str) -> asyncio.Task:
        payload = self.world.payload(TOOL_CALL, "pc-1", req_id)
        task = self.agent.start_call(TOOL_CALL, payload, timeout=60)
        self.tasks.append(task)
        return task

    async def calls(self) -> None:
        """In lab: r0 has ended, r1 is in flight."""
        await self.lab()
        done = self.call("r0")
        await (await self.computer.request(TOOL_CALL)).reply(RESULT)
        await done
        self.call("r1")
        self.open = await self.computer.request(TOOL_CALL)

    async def tools(self) -> None:
        await self.lab()
        for peer in (self.computer, self.second):
            peer.on_request("client:get_tools", lambda event: event.reply(TOOLS))
            peer.on_request(TOOL_CALL, lambda event: event.reply(RESULT))

    async def locked(self) -> None:
        await self.lab()
        await self.ctl.ok("offices", "lock", "den", "--reason", "test")

    async def pushed(self) -> None:
        for seconds in (20, 30):
            await self.ctl.ok("config", "apply", "--set", f"calls.default_timeout={seconds}s",
                              "--reason", f"to {seconds}")

    async def nothing(self) -> None:
        pass

    async def end(self) -> None:
        if getattr(self, "open", None) is not None:
            await self.open.reply(RESULT)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def begin(self, line: str):
        process = await self.ctl.start(*shlex.split(line))
        self.first = (await asyncio.wait_for(process.stdout.readline(), STEP)).decode()
        assert "BOOKMARK" in self.first
        return process

    async def finish(self, line: str, process) -> None:
        out, err = await asyncio.wait_for(process.communicate(), STEP)
        self.tell(line, Done(process.returncode, self.first + out.decode(), err.decode()))

    async def run(self, line: str) -> None:
        done = await self.ctl.run(*shlex.split(line))
        fits(line, done.out)
        self.tell(line, done)

    def tell(self, line: str, done: Done) -> None:
        """Adds the command line and all it said to the transcript."""
        text = normalised(done.out, self.replaced)
        err = normalised(done.err, {**self.replaced, str(self.home): "HOME"})
        self.transcript += f"$ smcpctl {line}\n{text}"
        self.transcript += "".join(f"! {said}\n" for said in err.splitlines())
        self.transcript += f"[exit {done.code}]\n\n"


def columns(line: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in line)
    return len(line) + wide - sum(unicodedata.combining(char) > 0 for char in line)


def fits(command: str, out: str) -> None:
    words = shlex.split(command)
    whole = ("-o" in words and "table" not in words) or words[0] in ("raw", "completion")
    if whole or {"watch", "-w", "tail"} & set(words):
        return
    for line in out.splitlines():
        assert columns(line) <= 80, f"{command}: {line!r}"


# name: (what is set up, command lines)
CASES = {
    "status": ("locked", ["status", "status -o json"]),
    "health": ("nothing", ["health", "health smcp.control.v1.OfficeService -o json",
                           "health no.such.Service"]),
    "version": ("nothing", ["version --client", "version -o name"]),
    "offices-ls": ("locked", ["offices ls", "offices ls -o wide --office lab", "offices ls -o name",
                              "offices ls -o json --office den", "offices ls --admission locked",
                              "offices ls --sort-by -computers --no-headers",
                              "offices ls --filter 'nonsense = 1'"]),
    "offices-get": ("lab", ["offices get lab", "offices get lab -o yaml", "offices get nowhere"]),
    "offices-watch": ("lab", ["offices watch --limit 2", "offices ls -w --office den --limit 1",
                              "offices watch --limit 2 -o name"]),
    "offices-lock": ("lab", ["offices lock lab --dry-run", "offices lock lab --reason drill",
                             "offices lock den --admit computers", "offices lock new"]),
    "offices-unlock": ("locked", ["offices unlock den"]),
    "offices-label": ("lab", ["offices label lab team=search tier=gold", "offices label lab tier-",
                              "offices label lab nonsense"]),
    "offices-policy": ("lab", [
        "offices policy lab --max-call-timeout 30s --max-computers 4 --allow pc-1:* --deny *:rm*",
        "offices policy lab", "offices policy lab --max-computers none --clear-rules",
        "offices policy lab --clear", "offices policy lab --deny nocolon"]),
    "offices-close": ("lab", ["offices close lab", "offices close lab --dry-run",
                              "offices close lab --yes", "offices close den --disconnect --yes"]),
    "sessions-ls": ("lab", ["sessions ls --sort-by name", "sessions ls --office lab --role computer "
                            "-o wide --sort-by name", "sessions ls --name bot -o json",
                            "sessions ls --name bot -o jsonl", "sessions ls --name bot -o yaml",
                            "sessions ls --limit 2 --sort-by name -o name",
                            "sessions ls --name pc-* --filter 'office_id = den'"]),
    "sessions-get": ("lab", ["sessions get bot", "sessions get pc-1 --office lab -o name",
                             "sessions get pc-1", "sessions get nobody"]),
    "sessions-find": ("lab", ["sessions find pc-1 --sort-by office", "sessions find pc-* --office lab "
                              "--sort-by name"]),
    "sessions-watch": ("lab", ["sessions watch --office lab --role agent --limit 1"]),
    "sessions-kick": ("lab", ["sessions kick pc-1", "sessions kick pc-2 --dry-run",
                              "sessions kick pc-2", "sessions kick pc-2 --terminal --yes",
                              "sessions kick --office den", "sessions kick",
                              "sessions kick --office den --force --yes"]),
    "sessions-remove": ("lab", ["sessions remove pc-2 --dry-run", "sessions remove pc-2 bot --yes",
                                "sessions remove bot --yes"]),
    "agents-ls": ("lab", ["agents ls --sort-by name"]),
    "computers-ls": ("lab", ["computers ls --office lab --sort-by name"]),
    "calls-ls": ("calls", ["calls ls", "calls ls --recent --sort-by req-id", "calls ls -o wide",
                           "calls ls --state done -o json", "calls ls --computer pc-2"]),
    "calls-get": ("calls", ["calls get r0", "calls get r1 --office lab --agent bot -o yaml",
                            "calls get r9"]),
    "calls-watch": ("calls", ["calls watch --limit 1"]),
    "calls-top": ("calls", ["calls top", "calls top --by computer -o jsonl"]),
    "calls-slow": ("calls", ["calls slow --over 0s --filter 'state = DONE'", "calls slow --over 1h"]),
    "calls-cancel": ("calls", ["calls cancel r1", "calls cancel r1 --yes --reason stuck",
                               "calls cancel r0 --yes"]),
    "tools-ls": ("tools", ["tools ls --office lab", "tools ls --office lab --computer pc-2 -o name",
                           "tools ls --office nowhere"]),
    "tools-call": ("tools", [
        "tools call echo --office lab --computer pc-1 --arg text=hello --arg n=5",
        "tools call echo --office lab --computer pc-1 -d '{\"a\": [1]}' --dry-run",
        "tools call echo --office lab --computer pc-9", "tools call echo --office lab --computer pc-1 "
        "--arg nonsense"]),
    "notify-config": ("lab", ["notify config --office lab --computer pc-1"]),
    "notify-tools": ("lab", ["notify tools --office lab", "notify tools --office nowhere"]),
    "notify-desktop": ("lab", ["notify desktop --office lab --computer pc-2 -o json"]),
    "notify-skills": ("lab", ["notify skills --office lab --computer pc-1 --dry-run"]),
    "config-get": ("pushed", ["config get calls", "config get calls.default_timeout -o json",
                              "config get calls -o wide", "config get no.such.key"]),
    "config-diff": ("pushed", ["config diff --set calls.default_timeout=45s",
                               "config diff --unset calls.default_timeout -o json",
                               "config diff --set calls.default_timeout=30s"]),
    "config-validate": ("nothing", ["config validate -f good.yaml", "config validate -f bad.yaml",
                                    "config validate -f missing.yaml"]),
    "config-apply": ("nothing", ["config apply -f good.yaml --reason test",
                                 "config apply --set calls.default_timeout=50s --dry-run",
                                 "config apply --set calls.default_timeout=50s --base 7",
                                 "config apply -f bad.yaml", "config apply"]),
    "config-rollback": ("pushed", ["config rollback 1", "config rollback 1 --yes",
                                   "config rollback 99 --yes"]),
    "config-history": ("pushed", ["config history", "config history -o name --limit 1"]),
    "config-watch": ("pushed", ["config watch --limit 1"]),
    "node-get": ("lab", ["node get", "node get -o json"]),
    "node-drain": ("lab", ["node drain", "node drain --dry-run",
                           "node drain --pace 100 --wait --yes", "node undrain -o name"]),
    "node-undrain": ("lab", ["node undrain"]),
    "node-loglevel": ("nothing", ["node loglevel", "node loglevel debug --for 10m",
                                  "node loglevel --reset", "node loglevel loud"]),
    "events-tail": ("lab", ["events tail --limit 1 --kind refused --timeout 100ms"]),
    "audit-ls": ("locked", ["audit ls", "audit ls -o json", "audit ls --actor nobody-else"]),
    "context": ("nothing", [
        "context add lab --token env://LAB_TOKEN", "context add prod --tls --token secret",
        "context ls", "context show", "context show prod -o json", "context use prod",
        "context rm prod", "context use prod", "context show"]),
    "raw": ("lab", ["raw", "raw OfficeService/ListOffices -d '{\"pageSize\": 1}'",
                    "raw grpc.health.v1.Health/Check", "raw OfficeService/ListOffices -d '{\"x\": 1}'",
                    "raw NoService/None"]),
    "completion-bash": ("nothing", ["completion bash"]),
    "completion-zsh": ("nothing", ["completion zsh"]),
    "completion-fish": ("nothing", ["completion fish", "completion csh"]),
}


# What runs from before the set-up until it ends by itself.
MEANWHILE = {"events-tail": "events tail --kind joined --office lab --limit 3"}


@pytest.mark.parametrize("name", CASES)
async def test_golden(name, start_gateway, tmp_path):
    setup, lines = CASES[name]
    settings = {"control.allow_invoke": "true"} if name == "tools-call" else {}
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "good.yaml").write_text("calls:\n  default_timeout: 40s\n")
    (tmp_path / "bad.yaml").write_text("calls:\n  default_timeout: soon\n  no_such_key: 1\n")
    stage = Stage(start_gateway({"state_dir": str(state), **settings}), tmp_path)
    if meanwhile := MEANWHILE.get(name):
        running = await stage.begin(meanwhile)
    await getattr(stage, setup)()
    try:
        if meanwhile:
            await stage.finish(meanwhile, running)
        for line in lines:
            await stage.run(line)
    finally:
        await stage.end()
    path = GOLDEN / f"{name}.txt"
    if UPDATE:
        path.write_text(stage.transcript)
    assert path.exists(), "no golden file: SMCPCTL_UPDATE_GOLDEN=1 writes it"
    assert stage.transcript == path.read_text()


def test_no_golden_file_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)
