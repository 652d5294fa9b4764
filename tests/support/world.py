"""One test's view of a gateway: peers that are closed with it, office ids nobody else uses."""

import asyncio
import uuid

from .deadlines import STEP
from .eio import open_session
from .gateway import Gateway
from .generation import EXTRA_FIELDS, assert_ok, query
from .peer import Ack, Peer
from .recorder import RECORDER
from .sio import dumps


class World:
    # Those of the running test: whoever runs it closes them in the same event loop.
    living: "list[World]" = []

    def __init__(self, gateway: Gateway, gen: str = "G1", transport: str = "ws", pool=None):
        World.living.append(self)
        self.pool = pool
        self.gateway = gateway
        self.gen = gen
        self.transport = transport
        self._closing: list = []

    @property
    def address(self) -> tuple[str, int]:
        return self.gateway.address

    def office(self, tag: str = "o") -> str:
        return f"{tag}-{uuid.uuid4().hex[:12]}"

    def keep(self, thing):
        """`thing` (a peer or a session) is closed when the test ends."""
        self._closing.append(thing)
        return thing

    # -- peers ----------------------------------------------------------------------------------

    async def peer(self, transport: str | None = None, auth=None, query_items=None,
                   **options) -> Peer:
        """Connected to /smcp, in no office."""
        items = query(self.gen) if query_items is None else query_items
        return self.keep(await Peer.connect(self.address, transport or self.transport, auth,
                                            query=items, **options))

    async def bare(self, transport: str | None = None, **options) -> Peer:
        """An Engine.IO session that has not asked for a namespace."""
        return self.keep(await Peer.open(self.address, transport or self.transport,
                                         query=query(self.gen), **options))

    async def session(self, transport: str | None = None, **options):
        """An Engine.IO session whose packets are read with recv()."""
        session = self.keep(await open_session(transport or self.transport, self.address,
                                               query=query(self.gen), **options))
        session.start()
        return session

    async def member(self, role: str, office: str, name: str, **options) -> Peer:
        peer = await self.peer(**options)
        assert_ok(self.gen, await peer.join(role, name, office))
        return peer

    async def agent(self, office: str, name: str = "bot", **options) -> Peer:
        return await self.member("agent", office, name, **options)

    async def computer(self, office: str, name: str = "pc", **options) -> Peer:
        return await self.member("computer", office, name, **options)

    async def pair(self, office: str | None = None) -> tuple[str, Peer, Peer]:
        """(office, Agent, Computer); the Agent has read that the Computer entered."""
        office = office or self.office()
        agent = await self.agent(office)
        computer = await self.computer(office)
        await agent.expect("notify:enter_office")
        return office, agent, computer

    def side(self, gen: str) -> "World":
        """The same gateway as clients of another generation see it."""
        return World(self.gateway, gen, self.transport, self.pool)

    # -- payloads -------------------------------------------------------------------------------

    def payload(self, event: str, computer: str = "pc", req_id: str = "r", **fields) -> dict:
        return {"computer": computer, "agent": "bot", "req_id": req_id, **EXTRA_FIELDS[event],
                **fields}

    async def ask(self, agent: Peer, event: str, computer: str = "pc", **fields) -> Ack:
        return await agent.call(event, self.payload(event, computer, **fields))

    async def assert_routable(self, agent: Peer, computer: Peer, name: str = "pc") -> None:
        """A request from `agent` for `name` reaches exactly `computer`, and its answer returns."""
        req_id = uuid.uuid4().hex
        payload = self.payload("client:get_tools", name, req_id)
        call = agent.start_call("client:get_tools", payload)
        request = await computer.request("client:get_tools")
        assert request.raw_args == [dumps(payload)]
        await request.reply({"tools": [], "req_id": req_id})
        assert (await call).only == {"tools": [], "req_id": req_id}

    async def assert_sessions(self, member: Peer, office: str,
                              expected: list[tuple[str, str]]) -> list[dict]:
        """The office as `member` sees it: (role, name) of each, in the order they joined."""
        sessions = (await member.list_room(office)).only["sessions"]
        assert [(s["role"], s["name"]) for s in sessions] == expected
        return sessions

    # -- end ------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Closes everything this test opened, then checks what the readers met meanwhile."""
        things, self._closing = self._closing, []
        await asyncio.gather(*(thing.close() for thing in things), return_exceptions=True)
        for thing in things:
            session = getattr(thing, "session", thing)
            if session.error:
                raise session.error
        leaks = RECORDER.take_leaks()
        assert not leaks, f"session ids told to clients (sid, packet): {leaks[:3]}"
        reserved = RECORDER.take_reserved()
        assert not reserved, f"codes that no gateway may send: {reserved[:3]}"

    async def close_and_check_empty(self) -> None:
        await self.close()
        await self.check_empty()

    async def check_empty(self) -> None:
        if not self.gateway.finished:
            assert self.gateway.running, f"the gateway died\n{self.gateway.tail()}"
            await self.gateway.settle_empty(STEP)

    async def abandon(self) -> None:
        """After a failure: close what can be closed, keep the gateway only if it is sound."""
        try:
            await self.close_and_check_empty()
        except Exception:
            print(f"gateway log:\n{self.gateway.tail()}")
            if self.pool:
                self.pool.discard(self.gateway)
            self.gateway.kill()
