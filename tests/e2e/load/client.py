"""Load client: many offices of one Agent and two Computers on one gateway, every answer checked.

Usage: client.py --port PORT [--offices 1000] [--calls 20] [--outstanding 16] [--within SECONDS]
Prints one JSON object: what was done, how long each phase took, and what was wrong. Exits with 1 if
anything was.

WebSocket only, framed here: 3,000 clients in one Python process leave no room for a library. Every
payload names its office, Computer and call; the Computer adds who it is, so that an answer that took
another way than its request cannot look right.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import resource
import sys
import time

CONNECTING_AT_ONCE = 200
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
NAMESPACE = "/smcp"
REQUEST = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}:{port}\r\n"
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\n"
    "Sec-WebSocket-Version: 13\r\n{key}\r\n"
)


def frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((0x80 | opcode, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0xFF)) + size.to_bytes(8, "big")
    mask = os.urandom(4)
    pattern = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(pattern, "big")
    return head + mask + masked.to_bytes(size, "big")


class Totals:
    """What went wrong, and what the offices were told."""

    def __init__(self):
        self.problems: list[str] = []
        self.problem_count = 0
        self.enters = 0
        self.answers = 0
        self.served = 0

    def wrong(self, what: str) -> None:
        self.problem_count += 1
        if len(self.problems) < 20:
            self.problems.append(what)


class Member(asyncio.Protocol):
    """One WebSocket connection that joins an office. Subclasses say what they do with events."""

    role = ""

    def __init__(self, load: "Load", office: int, name: str):
        self.load = load
        self.office = office
        self.name = name
        self.office_id = f"office-{office}"
        self.joined = asyncio.get_running_loop().create_future()
        self.closed = asyncio.get_running_loop().create_future()
        self.closing = False
        self._buffer = bytearray()
        self._upgraded = False

    def connection_made(self, transport) -> None:
        self.transport = transport
        nonce = base64.b64encode(os.urandom(16)).decode()
        key = f"x-api-key: {self.load.key}\r\n" if self.load.key else ""
        host, port = self.load.host, self.load.port
        transport.write(REQUEST.format(host=host, port=port, nonce=nonce, key=key).encode())

    def connection_lost(self, error) -> None:
        if not self.closing:
            self.wrong(f"connection lost: {error}")
        if not self.joined.done():
            self.joined.set_exception(ConnectionError("closed before it had joined"))
        if not self.closed.done():
            self.closed.set_result(None)

    def wrong(self, what: str) -> None:
        self.load.totals.wrong(f"{self.office_id} {self.name}: {what}")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101 "):
                self.wrong(f"no upgrade: {bytes(self._buffer[:200])}")
                self.transport.close()
                return
            del self._buffer[: end + 4]
            self._upgraded = True
        self._read_frames()

    def _read_frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            size, start = buffer[at + 1], at + 2
            if size == 126:
                start += 2
                size = int.from_bytes(buffer[at + 2 : start], "big")
            elif size == 127:
                start += 8
                size = int.from_bytes(buffer[at + 2 : start], "big")
            if len(buffer) < start + size:
                break
            self._on_frame(buffer[at], bytes(buffer[start : start + size]))
            at = start + size
        del buffer[:at]

    def _on_frame(self, first: int, payload: bytes) -> None:
        opcode = first & 0x0F
        if opcode == TEXT and first & 0x80:
            self._on_message(payload.decode())
        elif opcode == PING:
            self.transport.write(frame(PONG, payload))
        elif opcode == CLOSE:
            if not self.closing:
                self.wrong(f"closed by the gateway: {payload[:2].hex()} {payload[2:]}")
            self.transport.close()
        else:
            self.wrong(f"unexpected frame {first:#x}")

    def say(self, text: str) -> None:
        self.transport.write(frame(TEXT, text.encode()))

    def _on_message(self, text: str) -> None:
        if text.startswith("42/smcp,"):
            at = text.index("[")
            self.on_event(text[8:at], json.loads(text[at:]))
        elif text.startswith("43/smcp,"):
            at = text.index("[")
            self._on_ack(int(text[8:at]), text[at:])
        elif text == "2":
            self.say("3")
        elif text.startswith("0{"):
            self.say(f"40{NAMESPACE},{{}}")
        elif text.startswith("40/smcp,"):
            join = {"role": self.role, "name": self.name, "office_id": self.office_id}
            self.say(f'42{NAMESPACE},0["server:join_office",{json.dumps(join)}]')
        else:
            self.wrong(f"unexpected message {text[:100]}")

    def _on_ack(self, number: int, arguments: str) -> None:
        if number > 0:
            self.on_answer(number, json.loads(arguments))
        elif arguments == "[true,null]" and not self.joined.done():
            self.joined.set_result(None)
        else:
            self.wrong(f"join answered {arguments}")

    def on_event(self, ack: str, event: list) -> None:
        """An office hears only of its own Computers, and only once each."""
        name, data = event
        if name == "notify:enter_office" and data["office_id"] == self.office_id:
            self.load.totals.enters += 1
        elif name != "notify:leave_office" or data["office_id"] != self.office_id:
            self.wrong(f"unexpected event {event}")

    def on_answer(self, number: int, arguments: list) -> None:
        self.wrong(f"unexpected answer {number} {arguments}")

    def leave(self, way: int) -> None:
        """Three ways to go: in order, with the transport's close only, and without a word."""
        self.closing = True
        if way == 0:
            leave = json.dumps({"office_id": self.office_id})
            self.say(f'42{NAMESPACE},["server:leave_office",{leave}]')
            self.say(f"41{NAMESPACE},")
        if way <= 1:
            self.transport.write(frame(CLOSE, b"\x03\xe8"))
        else:
            self.transport.abort()


class Computer(Member):
    role = "computer"

    def on_event(self, ack: str, event: list) -> None:
        if event[0] != "client:tool_call":
            super().on_event(ack, event)
            return
        data = event[1]
        params = data["params"]
        if data["computer"] != self.name or params["office"] != self.office:
            self.wrong(f"got a call of another: {data}")
        self.load.totals.served += 1
        text = f"{self.office}/{self.name}/{params['call']}/{params['salt']}"
        answer = {"content": [{"type": "text", "text": text}], "isError": False}
        self.say(f"43{NAMESPACE},{ack}[{json.dumps(answer)}]")


class Agent(Member):
    role = "agent"

    def __init__(self, load: "Load", office: int, computers: list[Computer]):
        super().__init__(load, office, f"agent-{office}")
        self.computers = computers
        self.next_call = 1
        self.expected: dict[int, str] = {}
        self.done = asyncio.get_running_loop().create_future()

    def connection_lost(self, error) -> None:
        super().connection_lost(error)
        if not self.done.done():  # its calls will never be answered, so nobody waits for them
            self.done.set_result(None)

    def start(self) -> None:
        for _ in range(min(self.load.outstanding, self.load.calls)):
            self._call()

    def _call(self) -> None:
        number = self.next_call
        self.next_call += 1
        computer = self.computers[random.randrange(len(self.computers))].name
        salt = f"{random.getrandbits(64):x}"
        self.expected[number] = f"{self.office}/{computer}/{number}/{salt}"
        request = {
            "agent": self.name,
            "req_id": f"{self.office}-{number}",
            "computer": computer,
            "tool_name": "load",
            "timeout": int(self.load.within),
            "params": {"office": self.office, "call": number, "salt": salt},
        }
        self.say(f'42{NAMESPACE},{number}["client:tool_call",{json.dumps(request)}]')

    def on_answer(self, number: int, arguments: list) -> None:
        expected = self.expected.pop(number, None)
        if expected is None:
            self.wrong(f"call {number} answered twice or never made: {arguments}")
            return
        right = [{"content": [{"type": "text", "text": expected}], "isError": False}]
        if arguments != right:
            self.wrong(f"call {number}: {arguments} instead of {expected}")
        self.load.totals.answers += 1
        if self.next_call <= self.load.calls:
            self._call()
        elif not self.expected and not self.done.done():
            self.done.set_result(None)


class Load:
    def __init__(self, options):
        self.host, self.port, self.key = options.host, options.port, options.key
        self.offices, self.calls = options.offices, options.calls
        self.outstanding, self.within = options.outstanding, options.within
        self.totals = Totals()
        self.seconds: dict[str, float] = {}
        self.members: list[Member] = []
        self.agents: list[Agent] = []

    async def _join(self, member: Member) -> None:
        await asyncio.get_running_loop().create_connection(lambda: member, self.host, self.port)
        self.members.append(member)
        await member.joined

    async def _open_office(self, office: int, gate: asyncio.Semaphore) -> None:
        async with gate:
            computers = [
                Computer(self, office, f"computer-{office}-{number}") for number in range(2)
            ]
            agent = Agent(self, office, computers)
            # The Agent first, so that it hears of both Computers, and the first of the second.
            for member in (agent, *computers):
                await self._join(member)
            self.agents.append(agent)

    async def connect(self) -> None:
        gate = asyncio.Semaphore(CONNECTING_AT_ONCE)
        await asyncio.gather(*(self._open_office(office, gate) for office in range(self.offices)))

    async def call(self) -> None:
        for agent in self.agents:
            agent.start()
        await asyncio.gather(*(agent.done for agent in self.agents))

    async def leave(self) -> None:
        for number, member in enumerate(self.members):
            member.leave(number % 3)
        await asyncio.gather(*(member.closed for member in self.members))

    async def run(self) -> dict:
        for phase in (self.connect, self.call, self.leave):
            begin = time.monotonic()
            try:
                await asyncio.wait_for(phase(), self.within)
            except (TimeoutError, OSError) as error:
                self.totals.wrong(f"{phase.__name__} did not end well: {error!r}")
                break
            finally:
                self.seconds[phase.__name__] = round(time.monotonic() - begin, 2)
        return self.report()

    def report(self) -> dict:
        totals = self.totals
        wanted = {
            "members": 3 * self.offices,
            "enters": 3 * self.offices,
            "answers": self.offices * self.calls,
            "served": self.offices * self.calls,
        }
        got = {
            "members": len(self.members),
            "enters": totals.enters,
            "answers": totals.answers,
            "served": totals.served,
        }
        for name, number in wanted.items():
            if got[name] != number:
                totals.wrong(f"{name}: {got[name]} instead of {number}")
        lost = sum(len(agent.expected) for agent in self.agents)
        return {
            **got,
            "lost": lost,
            "wrong": totals.problem_count,
            "problems": totals.problems,
            "seconds": self.seconds,
        }


def raise_file_limit(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", default="", help="sent as x-api-key")
    parser.add_argument("--offices", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=20, help="calls of each Agent")
    parser.add_argument("--outstanding", type=int, default=16, help="of each Agent at a time")
    parser.add_argument("--within", type=float, default=120.0, help="seconds for each phase")
    options = parser.parse_args()
    raise_file_limit(3 * options.offices + 256)
    result = asyncio.run(Load(options).run())
    print(json.dumps(result))
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
