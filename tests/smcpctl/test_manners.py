"""How smcpctl behaves whatever the command: exit codes, precedence, credentials, terminals."""

import asyncio
import fcntl
import hashlib
import json
import os
import pty
import signal
import socket
import stat
import struct
import subprocess
import termios

import pytest

from smcpctl.ctl import Ctl, environment
from support.deadlines import STEP
from support.generation import TOOL_CALL
from support.raw import eventually
from support.world import World

TOKENS = {"viewer": "see-no-evil", "admin": "do-no-evil"}


def token_settings() -> dict:
    entries = [f"{name}:{name}:sha256={hashlib.sha256(token.encode()).hexdigest()}"
               for name, token in TOKENS.items()]
    return {"control.tokens": ",".join(entries)}


def one_line(text: str) -> str:
    assert text.startswith("smcpctl: ") and len(text.splitlines()) == 1, text
    return text


# -- exit codes -----------------------------------------------------------------------------------


async def test_0_and_3_and_2_and_1(start_gateway, tmp_path):
    ctl = Ctl(tmp_path, start_gateway())
    assert (await ctl.run("offices", "ls")).code == 0
    done = await ctl.run("offices", "get", "nowhere")
    assert done.code == 3 and "OFFICE_NOT_FOUND" in one_line(done.err) and done.out == ""
    for wrong in (["offices"], ["offices", "get"], ["offices", "ls", "--dry-run"], ["nosuch"],
                  ["offices", "ls", "-o", "xml"], ["offices", "ls", "--filter", "=("],
                  ["offices", "ls", "--timeout", "soon"], ["offices", "ls", "--sort-by", "nothing"],
                  ["offices", "ls", "--limit", "0"], ["--tls", "--plaintext", "status"]):
        done = await ctl.run(*wrong)
        assert done.code == 2 and done.out == "", (wrong, done)
        one_line(done.err)
    assert (await ctl.run("config", "validate", "-f", "missing")).code == 1


async def test_4_when_nobody_is_there(tmp_path):
    ctl = Ctl(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ctl.endpoint = "127.0.0.1:%d" % taken.getsockname()[1]  # bound, but nobody listens
        done = await ctl.run("status")
    assert done.code == 4
    assert ctl.endpoint in one_line(done.err) and "--endpoint" in done.err


async def test_the_first_endpoint_that_answers_is_used(start_gateway, tmp_path):
    ctl = Ctl(tmp_path, start_gateway())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        dead = "127.0.0.1:%d" % taken.getsockname()[1]
        ctl.endpoint = f"{dead},{ctl.endpoint}"
        assert json.loads(await ctl.ok("status", "-o", "json"))["health"] == "SERVING"


async def test_5_without_and_with_the_wrong_credential(start_gateway, tmp_path):
    ctl = Ctl(tmp_path, start_gateway(token_settings()))
    done = await ctl.run("offices", "ls")
    assert done.code == 5 and "CREDENTIAL_REQUIRED" in one_line(done.err)
    done = await ctl.run("offices", "ls", "--token", "guess")
    assert done.code == 5 and "CREDENTIAL_INVALID" in one_line(done.err)
    done = await ctl.run("node", "loglevel", "debug", "--token", TOKENS["viewer"])
    assert done.code == 5 and "ROLE_REQUIRED" in one_line(done.err)
    await ctl.ok("node", "loglevel", "info", "--token", TOKENS["admin"])


async def test_6_when_something_changed_meanwhile(start_gateway, tmp_path):
    (tmp_path / "state").mkdir()
    ctl = Ctl(tmp_path, start_gateway({"state_dir": str(tmp_path / "state")}))
    await ctl.ok("config", "apply", "--set", "calls.default_timeout=20s", "--base", "0")
    done = await ctl.run("config", "apply", "--set", "calls.default_timeout=30s", "--base", "0")
    assert done.code == 6 and "GENERATION_MISMATCH" in one_line(done.err)


async def test_7_when_time_is_up(start_gateway, tmp_path):
    ctl = Ctl(tmp_path, start_gateway())
    done = await ctl.run("offices", "watch", "--timeout", "300ms", "-o", "jsonl")
    assert done.code == 7
    assert "goes on from here" in done.err  # the bookmark of the first set came


async def test_8_when_a_part_failed(start_gateway, tmp_path):
    gateway = start_gateway()
    world, ctl = World(gateway), Ctl(tmp_path, gateway)
    await world.member("agent", "lab", "bot")
    await world.peer()
    found = json.loads(await ctl.ok("sessions", "ls", "-o", "json"))["sessions"]
    alone = next(s["sid"] for s in found if not s["officeId"])
    done = await ctl.run("sessions", "remove", alone, "bot", "--yes")
    assert done.code == 8 and "NOT_JOINED" in done.err and "bot" in done.out


async def test_9_for_a_configuration_that_is_none(start_gateway, tmp_path):
    ctl = Ctl(tmp_path, start_gateway())
    (tmp_path / "bad.yaml").write_text("calls: {default_timeout: soon}\n")
    done = await ctl.run("config", "validate", "-f", "bad.yaml")
    assert done.code == 9 and "calls.default_timeout" in done.out
    assert (await ctl.run("config", "apply", "-f", "bad.yaml")).code == 9


async def test_130_when_interrupted(start_gateway, tmp_path):
    gateway = start_gateway()
    ctl = Ctl(tmp_path, gateway)
    process = await ctl.start("sessions", "watch")
    first = await asyncio.wait_for(process.stdout.readline(), STEP)
    assert json.loads(first)["bookmark"]["initialSetComplete"]
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), STEP) == 130


# -- settings -------------------------------------------------------------------------------------


async def test_flag_over_environment_over_context(start_gateway, tmp_path):
    gateway = start_gateway()
    real, ctl = "%s:%d" % gateway.control, Ctl(tmp_path)
    await ctl.ok("context", "add", "here", "--endpoint", real, "-o", "name")
    await ctl.ok("context", "add", "gone", "--endpoint", "127.0.0.1:1")
    assert (await ctl.run("health")).out == "SERVING\n"  # the first one added is in use
    assert (await ctl.run("health", "--context", "gone")).code == 4
    assert (await ctl.run("health", env={"SMCPCTL_CONTEXT": "gone"})).code == 4
    assert (await ctl.run("health", env={"SMCPCTL_CONTEXT": "gone", "SMCPCTL_ENDPOINT": real})).code == 0
    env = {"SMCPCTL_ENDPOINT": "127.0.0.1:1"}
    assert (await ctl.run("health", env=env)).code == 4
    assert (await ctl.run("health", "--endpoint", real, env=env)).code == 0
    assert json.loads((await ctl.run("health", "-o", "json")).out)[0]["status"] == "SERVING"
    done = await ctl.run("health", "--context", "nowhere")
    assert done.code == 2 and "gone, here" in one_line(done.err)


async def test_the_context_file_is_its_owners_alone(tmp_path):
    ctl = Ctl(tmp_path)
    await ctl.ok("context", "add", "lab", "--endpoint", "gw:1", "--token", "secret")
    file = tmp_path / ".config" / "smcpctl" / "config.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "secret" not in await ctl.ok("context", "show") + await ctl.ok("context", "ls")
    file.chmod(0o644)
    done = await ctl.run("status")
    assert done.code == 1 and "chmod 600" in one_line(done.err)


@pytest.mark.parametrize("how", ["flag", "file", "env", "exec", "variable", "variable-file", "context"])
async def test_a_token_comes_from(how, start_gateway, tmp_path):
    ctl = Ctl(tmp_path, start_gateway(token_settings()))
    secret = tmp_path / "token"
    secret.write_text(TOKENS["viewer"] + "\n")
    env = {"HERE": TOKENS["viewer"]}
    arguments = {"flag": ["--token", TOKENS["viewer"]], "file": ["--token-file", str(secret)],
                 "env": ["--token", "env://HERE"], "exec": ["--token", f"exec://cat {secret}"]}.get(how, [])
    if how == "variable":
        env["SMCPCTL_TOKEN"] = TOKENS["viewer"]
    elif how == "variable-file":
        env["SMCPCTL_TOKEN_FILE"] = str(secret)
    elif how == "context":
        await ctl.ok("context", "add", "x", "--token-file", str(secret))
    done = await ctl.run("offices", "ls", "-v", *arguments, env=env)
    assert done.code == 0, done
    assert "OfficeService/ListOffices" in done.err and "********" in done.err
    assert TOKENS["viewer"] not in done.err + done.out


# -- TLS ------------------------------------------------------------------------------------------


def certificate(folder) -> tuple[str, str]:
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=gw.test",
                    "-addext", "subjectAltName=DNS:gw.test"], check=True, capture_output=True)
    return cert, key


async def test_tls(start_gateway, tmp_path):
    cert, key = certificate(tmp_path)
    gateway = start_gateway({"control.tls.cert_file": cert, "control.tls.key_file": key,
                             **token_settings()})
    ctl = Ctl(tmp_path, gateway)
    token = ["--token", TOKENS["viewer"]]
    assert (await ctl.run("offices", "ls", "--cacert", cert, "--server-name", "gw.test", *token)).code == 0
    assert (await ctl.run("offices", "ls", "--tls", "--insecure-skip-verify", *token)).code == 0
    wrong_name = await ctl.run("offices", "ls", "--cacert", cert, "--server-name", "other.test", *token)
    assert wrong_name.code == 4, wrong_name
    assert (await ctl.run("offices", "ls", "--tls", *token)).code == 4  # an authority nobody knows
    assert (await ctl.run("offices", "ls", *token, "--timeout", "3s")).code == 4  # no TLS


# -- terminals ------------------------------------------------------------------------------------


class Terminal:
    """smcpctl with a terminal of 100 columns for stdin, stdout and stderr."""

    def __init__(self, ctl: Ctl, *arguments: str, env: dict | None = None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 100, 0, 0))
        self.process = subprocess.Popen(ctl.command(*arguments), stdin=slave, stdout=slave,
                                        stderr=slave, env=environment(ctl.home, env), cwd=ctl.home)
        os.close(slave)
        os.set_blocking(self.master, False)
        self.text = ""

    def read(self) -> str:
        try:
            self.text += os.read(self.master, 65536).decode()
        except (BlockingIOError, OSError):
            pass  # nothing yet, or the other side is closed
        return self.text

    async def expect(self, words: str) -> None:
        await eventually(lambda: words in self.read(), f"{words!r} in {self.text!r}")

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    async def end(self) -> int:
        try:
            return await asyncio.wait_for(asyncio.to_thread(self.process.wait), STEP)
        finally:
            self.process.kill()
            self.read()
            os.close(self.master)


async def test_10_when_the_answer_is_no(start_gateway, tmp_path):
    gateway = start_gateway()
    world, ctl = World(gateway), Ctl(tmp_path, gateway)
    await world.member("agent", "lab", "bot")
    for answer, code in (("n\n", 10), ("\n", 10), ("y\n", 0)):
        terminal = Terminal(ctl, "offices", "close", "lab")
        await terminal.expect("[y/N]")
        assert gateway.counts()["members"] == 1
        terminal.type(answer)
        assert await terminal.end() == code, terminal.text
    assert gateway.counts()["members"] == 0


async def test_without_a_terminal_nobody_is_asked(start_gateway, tmp_path):
    gateway = start_gateway()
    world, ctl = World(gateway), Ctl(tmp_path, gateway)
    await world.member("agent", "lab", "bot")
    done = await ctl.run("offices", "close", "lab", stdin="y\n")
    assert done.code == 2 and "--yes" in one_line(done.err)
    assert gateway.counts()["members"] == 1


async def test_a_watch_redraws_on_a_terminal(start_gateway, tmp_path):
    gateway = start_gateway()
    world, ctl = World(gateway), Ctl(tmp_path, gateway)
    terminal = Terminal(ctl, "sessions", "watch", "--office", "lab")
    await terminal.expect("0 rows")
    await world.member("computer", "lab", "pc-1")
    await terminal.expect("pc-1")
    assert "\x1b[H\x1b[J" in terminal.text and "{" not in terminal.text
    terminal.process.send_signal(signal.SIGINT)
    assert await terminal.end() == 130


async def test_colors_are_for_terminals_that_want_them(start_gateway, tmp_path):
    ctl = Ctl(tmp_path, start_gateway())
    await ctl.ok("offices", "lock", "lab")
    colored = "\x1b[33mlocked"
    assert colored not in await ctl.ok("offices", "ls")
    assert colored in await ctl.ok("offices", "ls", "--color", "always")
    for env, expected in ((None, True), ({"NO_COLOR": "1"}, False)):
        terminal = Terminal(ctl, "offices", "ls", env=env)
        await terminal.expect("locked")
        assert await terminal.end() == 0
        assert (colored in terminal.text) == expected


async def test_text_of_clients_cannot_move_the_cursor(start_gateway, tmp_path):
    gateway = start_gateway()
    world, ctl = World(gateway), Ctl(tmp_path, gateway)
    evil = "\x1b[2J\u202eevil\n"
    await world.member("agent", evil, evil)
    for arguments in (["sessions", "ls"], ["sessions", "ls", "-o", "wide"], ["offices", "ls"],
                      ["sessions", "get", evil], ["sessions", "ls", "-o", "name"]):
        out = await ctl.ok(*arguments)
        assert "\x1b" not in out and "\u202e" not in out, out
    found = json.loads(await ctl.ok("sessions", "ls", "-o", "json"))["sessions"]
    assert found[0]["name"] == evil


# -- lists ----------------------------------------------------------------------------------------


async def test_pages_limits_and_sorting(start_gateway, tmp_path):
    gateway = start_gateway({"limits.connections_per_ip": "0"})
    world, ctl = World(gateway), Ctl(tmp_path, gateway)
    await asyncio.gather(*(world.member("computer", "lab", f"pc-{i:03}") for i in range(90)))
    await asyncio.gather(*(world.member("computer", "den", f"pc-{i:03}") for i in range(30)))
    assert len((await ctl.ok("sessions", "ls", "--all", "-o", "name")).split()) == 120
    default = await ctl.run("sessions", "ls")
    assert len(default.out.splitlines()) == 101 and "--all" in one_line(default.err)
    ordered = json.loads(await ctl.ok("sessions", "ls", "--sort-by", "-name", "--limit", "3", "-o", "json",
                                      "--office", "lab"))
    assert [s["name"] for s in ordered["sessions"]] == ["pc-089", "pc-088", "pc-087"]


async def test_json_has_what_a_call_has(start_gateway, tmp_path):
    gateway = start_gateway()
    world, ctl = World(gateway), Ctl(tmp_path, gateway)
    office, agent, computer = await world.pair()
    call = agent.start_call(TOOL_CALL, world.payload(TOOL_CALL, req_id="r7"))
    await (await computer.request(TOOL_CALL)).reply({"content": []})
    await call
    got = json.loads(await ctl.ok("calls", "get", "r7", "-o", "json"))
    assert (got["officeId"], got["agentName"], got["computerName"], got["toolName"]) == (
        office, "bot", "pc", "echo")
    assert got["state"] == "DONE" and set(got["phases"]) == {"toComputer", "computer", "toAgent"}
