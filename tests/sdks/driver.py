"""A process that holds SDK clients, led by lines of JSON, and a handle for each of its clients."""

import asyncio
import collections
import itertools
import json

from support.deadlines import STEP

WITHIN = 6 * STEP  # one command; many clients share few cores
LINE_BYTES_MAX = 4 * 1024 * 1024


class Refused(Exception):
    """The client answered a command with an error."""

    def __init__(self, error: dict):
        super().__init__(f"{error['type']}: {error['text']}")
        self.type = error["type"]
        self.fields = error.get("fields") or {}


class Driver:
    def __init__(self, process: asyncio.subprocess.Process, name: str, log: str):
        self.name = name
        self._process = process
        self._log = log
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future] = {}
        self._events = collections.defaultdict(asyncio.Queue)
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, name: str, command: list[str], log: str, env: dict, cwd: str) -> "Driver":
        with open(log, "wb") as stderr:  # a talkative SDK must not block on a pipe
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                env=env,
                cwd=cwd,
                limit=LINE_BYTES_MAX,
            )
        return cls(process, name, log)

    async def _read(self) -> None:
        while line := await self._process.stdout.readline():
            if not line.startswith(b"{"):
                continue  # an SDK's own words
            told = json.loads(line)
            if "event" in told:
                self._events[told["client"]].put_nowait((told["event"], told["data"]))
            elif waiting := self._waiting.pop(told["id"], None):
                if not waiting.done():
                    waiting.set_result(told)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(AssertionError(f"{self.name} ended, see {self._log}"))

    async def ask(self, op: str, client: str, deadline: float = WITHIN, **fields):
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "op": op, "client": client, **fields})
        self._process.stdin.write(line.encode() + b"\n")
        try:
            told = await asyncio.wait_for(answer, deadline)
        except TimeoutError:
            raise AssertionError(f"{op}: no answer within {deadline:.0f} s") from None
        finally:
            self._waiting.pop(number, None)
        if "error" in told:
            raise Refused(told["error"])
        return told["ok"]

    async def told(self, client: str, event: str, matches, within: float):
        """The data of the next such event; those before it are passed over."""
        end = asyncio.get_running_loop().time() + within
        while True:
            left = end - asyncio.get_running_loop().time()
            try:
                name, data = await asyncio.wait_for(self._events[client].get(), max(left, 0))
            except TimeoutError:
                raise AssertionError(f"no {event} within {within:.0f} s") from None
            if name == event and matches(data):
                return data

    def forget_events(self, client: str) -> None:
        self._events[client] = asyncio.Queue()

    async def stop(self) -> None:
        """The end of its stdin ends a driver, and its MCP servers with it."""
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), STEP)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader


class Client:
    """One Agent or Computer inside a driver."""

    def __init__(self, driver: Driver, column: str, kind: str, generation: str, fields: dict):
        self.driver = driver
        self.column = column
        self.generation = generation
        self.kind = kind
        self.fields = fields
        self.name = fields["name"]
        self.id = f"{column}-{generation}-{fields['name']}"

    async def make(self, **changes) -> None:
        fields = {**self.fields, "kind": self.kind, "generation": self.generation, **changes}
        await self.driver.ask("new", self.id, **fields)

    def another(self, tag: str) -> "Client":
        """The same kind of client under another id: for attempts that must not disturb this one."""
        copy = Client(self.driver, self.column, self.kind, self.generation, self.fields)
        copy.id = f"{self.id}-{tag}"
        return copy

    async def do(self, op: str, **fields):
        return await self.driver.ask(op, self.id, **{**self.fields, **fields})

    async def told(self, event: str, matches=lambda data: True, within: float = WITHIN):
        return await self.driver.told(self.id, event, matches, within)

    def forget_events(self) -> None:
        self.driver.forget_events(self.id)
