"""An Agent and a Computer in an office of their own: every step of the matrix, in order.

A step that fails is written down and the next one is tried, so that one run tells everything.
"""

import asyncio
import contextlib
import hashlib
from pathlib import Path

from sdks.driver import WITHIN, Client, Refused
from sdks.expected import expected, has_step
from support.deadlines import STEP, scaled

WORDS = 'grüße, 你好, \U0001f600, "quoted" \\ done'
SKILL = "sample"
SKILL_BODY = "Words of a skill: \U0001f600."
BLOB = bytes(index * 7 % 256 for index in range(700_000))
UPLOAD_BYTES = 300_000
UPLOAD = bytes(index % 251 for index in range(UPLOAD_BYTES))
CALL_SECONDS = int(STEP)
# Longer than anybody waits: only a cancel ends it, where the Computer hears of it.
SLOW_SECONDS = scaled(60.0)
SHORT_SECONDS = 1.0
BACK_WITHIN = 12 * STEP  # clients try again after up to 5 s, some of them several times
STRICT_FIELDS = {"server_version": "0.5.0", "min_supported": "0.5.0", "max_supported": "0.5.999"}


def write_skill(home: Path) -> None:
    folder = home / "user" / SKILL
    folder.mkdir(parents=True)
    front = f"---\nname: {SKILL}\ndescription: a skill of the tests\n---\n"
    (folder / "SKILL.md").write_text(front + SKILL_BODY + "\n")
    (folder / "data.bin").write_bytes(BLOB)


class Book:
    """The cells of a run: (column, generation, step) -> (outcome, why)."""

    def __init__(self):
        self.cells: dict[tuple[str, str, str], tuple[str, str]] = {}

    def write(self, clients, step: str, outcome: str, why: str = "") -> None:
        for client in clients:
            self.cells[(client.column, client.generation, step)] = (outcome, why)

    @contextlib.asynccontextmanager
    async def cell(self, clients, step: str):
        try:
            yield
        except Refused as error:
            outcome = "n/a" if error.type == "Missing" else "no"
            self.write(clients, step, outcome, str(error))
        except (AssertionError, KeyError, TypeError, IndexError) as error:
            self.write(clients, step, "no", f"{type(error).__name__}: {error}"[:600])
        else:
            self.write(clients, step, "yes")


def result_text(result: dict) -> str:
    return result["content"][0]["text"]


def is_refusal(result) -> bool:
    """An error of either shape: flat, or an MCP result of 0.1."""
    return bool(result.get("isError")) or "code" in result


def ends_with(names: list[str], tool: str) -> str:
    """Later Computers put the server's name in front of a tool's."""
    found = [name for name in names if name == tool or name.endswith(f"__{tool}")]
    assert len(found) == 1, (tool, names)
    return found[0]


class Pair:
    """`measured`: the clients whose cells this pair fills; the other one is a known good partner."""

    def __init__(self, book: Book, agent: Client, computer: Client, measured: list[Client]):
        self.book = book
        self.agent = agent
        self.computer = computer
        self.measured = measured
        self.generation = agent.generation
        self.office = agent.fields["office"]
        self.target = {"computer": computer.name}
        self.tools = {tool: tool for tool in ("add", "echo", "slow")}

    def cell(self, step: str, *clients: Client):
        counted = [client for client in clients or self.measured if client in self.measured]
        return self.book.cell(counted, step)

    # -- before the restart ---------------------------------------------------------------------

    async def connect_and_work(self, url: str, strict_url: str) -> None:
        for client in self.measured:
            await asyncio.gather(*(self.try_transport(client, transport, url)
                                   for transport in ("default", "polling", "websocket")))
            await self.is_refused(client, url, strict_url)
        await asyncio.gather(self.agent.make(), self.computer.make())
        async with self.cell("join"):
            await asyncio.gather(self.computer.do("boot", deadline=4 * WITHIN),
                                 self.agent.do("connect", url=url, transport="default"))
            await self.computer.do("connect", url=url, transport="default")
            await self.agent.do("join")
            await self.computer.do("join")
            await self.agent.told("on_computer_enter_office", self.is_about_computer)
        await self.ask_for_everything()
        await self.move_about()

    def is_about_computer(self, data) -> bool:
        return data[0]["computer"] == self.computer.name

    async def try_transport(self, client: Client, transport: str, url: str) -> None:
        attempt = client.another(transport)
        async with self.cell(transport, client):
            await self.make_empty(attempt)
            await attempt.do("connect", url=url, transport=transport)
            if "rust" not in client.column:  # the Rust SDK does not say what it uses
                await self.uses(attempt, "polling" if transport == "polling" else "websocket")
            with contextlib.suppress(Refused):  # not every SDK can be told to go
                await attempt.do("disconnect")

    @staticmethod
    async def make_empty(client: Client, **changes) -> None:
        """A client for an attempt to connect: a Computer without MCP servers."""
        await client.make(mcp_server=None, **changes)
        if client.column == "rust-computer":  # it does not connect before
            await client.do("boot")

    async def uses(self, client: Client, transport: str) -> None:
        end = asyncio.get_running_loop().time() + STEP
        while (used := await client.do("transport")) != transport:
            assert asyncio.get_running_loop().time() < end, f"{used} instead of {transport}"
            await asyncio.sleep(0.02)

    async def is_refused(self, client: Client, url: str, strict_url: str) -> None:
        attempt = client.another("wrong-key")
        await self.make_empty(attempt, key="wrong")
        async with self.cell("secret", client):
            error = await self.refusal(attempt, url)
            assert error.type != "ProtocolVersionError", error
        attempt = client.another("wrong-version")
        await self.make_empty(attempt)
        async with self.cell("version", client):
            error = await self.refusal(attempt, strict_url)
            if self.generation != "0.1":
                assert error.type == "ProtocolVersionError", error
                declared = error.fields.pop("client_version")
                assert declared.startswith(self.generation + "."), declared
                assert error.fields == STRICT_FIELDS

    async def refusal(self, client: Client, url: str) -> Refused:
        try:
            await client.do("connect", url=url, transport="default")
        except Refused as error:
            assert error.type not in ("Missing", "Unknown"), error
            return error
        assert "rust" in client.column, "the gateway let it in"
        return await self.late_refusal(client)

    async def late_refusal(self, client: Client) -> Refused:
        """connect() of the Rust SDK may come back before the namespace has answered: then the
        refusal shows in the first request, which only a member of an office is answered."""
        try:
            await client.do("join")
            fields = {"computer": "nobody", "tool": "t", "params": {}, "timeout": CALL_SECONDS}
            answer = await client.do("call", **fields)
        except Refused as error:
            assert error.type not in ("Missing", "Unknown"), error
            return error
        assert "not found" not in str(answer), f"the gateway let it in: {answer}"
        return Refused({"type": "Unanswered", "text": str(answer)})

    async def ask_for_everything(self) -> None:
        async with self.cell("members", self.agent):
            assert await self.agent.do("members") == [self.computer.name]
        async with self.cell("tools"):
            names = await self.agent.do("tools", **self.target)
            self.tools = {tool: ends_with(names, tool) for tool in self.tools}
        async with self.cell("call"):
            assert result_text(await self.call("add", {"a": 40, "b": 2})) == "42"
            assert result_text(await self.call("echo", {"text": WORDS})) == WORDS
        async with self.cell("desktop"):
            desktop = await self.agent.do("desktop", **self.target)
            assert len(desktop) == 1 and desktop[0].startswith("window://demo.smcp/"), desktop
        async with self.cell("config"):
            assert await self.agent.do("config", **self.target) == ["demo-tools"]
        if has_step(self.generation, "resources"):
            await self.ask_for_files()

    async def ask_for_files(self) -> None:
        async with self.cell("resources"):
            uris = await self.agent.do("resources", server="demo-tools", **self.target)
            assert len(uris) == 1 and uris[0].startswith("window://demo.smcp/"), uris
        async with self.cell("skills"):
            skills = await self.agent.do("skills", skill=SKILL, **self.target)
            assert skills["names"] == [SKILL] and SKILL_BODY in skills["body"], skills
        async with self.cell("download"):
            blob = await self.agent.do("get_blob", skill=SKILL, rel_path="data.bin", **self.target)
            assert (blob["size"], blob["sha256"]) == (len(BLOB), hashlib.sha256(BLOB).hexdigest())
            assert blob["chunks"] > 1
        if not has_step(self.generation, "upload"):
            return
        async with self.cell("upload"):
            path = await self.agent.do("put_blob", size=UPLOAD_BYTES, **self.target)
            assert Path(path).read_bytes() == UPLOAD

    async def call(self, tool: str, params: dict, deadline: float = WITHIN) -> dict:
        fields = {"tool": self.tools[tool], "params": params, "timeout": CALL_SECONDS}
        return await self.agent.do("call", deadline=deadline, **fields, **self.target)

    async def move_about(self) -> None:
        async with self.cell("notice"):
            await self.computer.do("update")
            await self.agent.told("on_computer_update_config", self.is_about_computer)
        async with self.cell("cancel"):
            await self.cancel()
        self.agent.forget_events()
        async with self.cell("switch", self.computer):
            await self.computer.do("join", office=self.office + "-other")
            await self.agent.told("on_computer_leave_office", self.is_about_computer)
            await self.computer.do("join")
            await self.agent.told("on_computer_enter_office", self.is_about_computer)
            assert result_text(await self.call("echo", {"text": "back"})) == "back"
        async with self.cell("leave", self.computer):
            await self.computer.do("leave")
            await self.agent.told("on_computer_leave_office", self.is_about_computer)
            await self.computer.do("join")
            await self.agent.told("on_computer_enter_office", self.is_about_computer)

    async def cancel(self) -> None:
        finishes = self.generation == "0.1"  # its Computers do nothing with the notice
        if finishes and self.computer.column == "rust-computer":
            raise Refused({"type": "Missing", "text": "cancel"})
        by_timeout = self.agent.column == "rust-agent"
        seconds = 2.0 * CALL_SECONDS if by_timeout else SLOW_SECONDS
        if finishes and not by_timeout or hears_no_cancel(self.computer):
            seconds = SHORT_SECONDS
        answer = await self.agent.do(
            "cancel", tool=self.tools["slow"], params={"seconds": seconds},
            echo=self.tools["echo"], timeout=CALL_SECONDS, **self.target)
        if self.computer.column != "rust-computer":  # that one keeps the notice to itself
            notice = await self.computer.told("cancel")
            notice = notice[0] if isinstance(notice, list) else notice
            assert answer["req_id"] in (None, notice["req_id"])
        result = answer["answer"]
        if by_timeout:
            assert result["isError"] is True, result
        elif finishes and self.computer.column == "py-computer":
            assert result["isError"] is False, result
        else:
            meta = result.get("meta") or result.get("_meta") or {}
            marked = meta.get("a2c_cancelled") is True
            if (self.computer.column, self.generation) == ("py-computer", "0.2"):
                marked = "cancelled" in result_text(result)  # it loses the mark on the way
            assert result["isError"] is True and marked, result

    # -- after the restart ----------------------------------------------------------------------

    def forget_events(self) -> None:
        """What was told before the restart, so that a connection is seen as a new one."""
        self.agent.forget_events()
        self.computer.forget_events()

    async def come_back(self) -> None:
        """The gateway is another process now, on the same port, and knows nobody."""
        async with self.cell("restart"):
            await self.until("join", self.agent)
            await self.rejoins()
            await self.until("join", self.computer)
            await self.until_called()
        async with self.cell("leave", self.agent):
            await self.agent.do("leave")
            try:
                refused = is_refusal(await self.call("echo", {"text": "gone"}))
            except Refused:
                refused = True
            assert refused, "the Agent still reaches the office it left"
            await self.agent.do("join")
            assert result_text(await self.call("echo", {"text": "here"})) == "here"

    async def until(self, op: str, client: Client) -> None:
        """Until the client is connected again: before, a command fails at once."""
        end = asyncio.get_running_loop().time() + BACK_WITHIN
        while True:
            try:
                return await client.do(op)
            except Refused as error:
                assert asyncio.get_running_loop().time() < end, f"{op}: {error}"
                await asyncio.sleep(0.1)

    async def until_called(self) -> None:
        """Until a call arrives. An Agent whose join is not answered may have joined too early, on
        the connection that was going down: it joins again, which changes nothing if it is in."""
        end = asyncio.get_running_loop().time() + BACK_WITHIN
        while True:
            try:
                result = await self.call("echo", {"text": "again"}, deadline=2 * CALL_SECONDS)
                if not is_refusal(result):
                    assert result_text(result) == "again"
                    return
                failure = str(result)
            except (Refused, AssertionError) as error:
                failure = str(error)
            assert asyncio.get_running_loop().time() < end, f"no call arrives: {failure}"
            with contextlib.suppress(Refused, AssertionError):
                await self.agent.do("join", deadline=2 * CALL_SECONDS)
            await asyncio.sleep(0.1)

    async def rejoins(self) -> None:
        """Whether the Computer is in the office before anybody made it join."""
        self.book.write([c for c in self.measured if c is self.agent], "rejoin", "n/a")
        if self.computer not in self.measured:
            return
        automatic = expects_rejoin(self.computer)
        end = asyncio.get_running_loop().time() + BACK_WITHIN
        if not automatic and self.computer.column != "rust-computer":
            await self.computer.told("connect", within=BACK_WITHIN)
        while True:
            listed = await self.agent.do("members")
            if listed or not automatic or asyncio.get_running_loop().time() > end:
                break
            await asyncio.sleep(0.1)
        outcome = "yes" if listed else "no" if automatic else "n/a"
        self.book.write([self.computer], "rejoin", outcome, f"members: {listed}")


def hears_no_cancel(computer: Client) -> bool:
    return expected(computer.column, computer.generation, "cancel") == "no"


def expects_rejoin(computer: Client) -> bool:
    return expected(computer.column, computer.generation, "rejoin") == "yes"
