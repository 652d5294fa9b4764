"""One face for the async and the sync client of python-socketio, so that a test is written once."""

import asyncio
import contextlib

import socketio

from e2e.keys import HEADERS, NAMESPACE, transport_options
from support.deadlines import STEP, eventually

KINDS = ["async", "sync"]
RECONNECT = {"reconnection_delay": 0.05, "reconnection_delay_max": 0.2}


class Peer:
    """A client on /smcp. `seen` holds the events it got as (event, arguments), in order; `answers`
    maps an event to a function of its arguments whose value is the ack."""

    def __init__(self, kind: str, transport: str, **options):
        self.kind = kind
        self.transport_name = transport
        make = socketio.AsyncClient if kind == "async" else socketio.Client
        self.client = make(**{**RECONNECT, **options})
        self.seen: asyncio.Queue = asyncio.Queue()
        self.refusals: list = []
        self.answers: dict = {}
        self._loop = asyncio.get_running_loop()
        self.client.on(
            "connect_error",
            self._handler(lambda data=None: self.refusals.append(data)),
            namespace=NAMESPACE,
        )
        self.client.on("*", self._handler(self._on_event), namespace=NAMESPACE)
        self.gave_up = False  # told by the server that it is over: the client will not reconnect
        self.client.on("__disconnect_final", self._handler(self._on_final), namespace=NAMESPACE)

    def _handler(self, function):
        if self.kind == "sync":
            return function

        async def run(*args):
            return function(*args)

        return run

    def _on_event(self, event, *args):
        self._loop.call_soon_threadsafe(self.seen.put_nowait, (event, args))
        return self.answers[event](*args) if event in self.answers else None

    def _on_final(self, *args):
        self.gave_up = True

    async def _do(self, method, *args, **options):
        if self.kind == "async":
            return await method(*args, **options)
        return await asyncio.to_thread(method, *args, **options)

    async def connect(
        self, url: str, headers=HEADERS, auth=None, namespaces=(NAMESPACE,)
    ) -> "Peer":
        await self._do(
            self.client.connect,
            url,
            headers=headers,
            auth=auth,
            namespaces=list(namespaces),
            **transport_options(self.transport_name),
        )
        return self

    async def call(self, event: str, data, timeout: float = STEP):
        return await self._do(self.client.call, event, data, namespace=NAMESPACE, timeout=timeout)

    async def emit(self, event: str, data) -> None:
        await self._do(self.client.emit, event, data, namespace=NAMESPACE)

    async def join(self, role: str, name: str, office: str):
        return await self.call(
            "server:join_office", {"role": role, "name": name, "office_id": office}
        )

    async def next(self) -> tuple:
        return await asyncio.wait_for(self.seen.get(), STEP)

    async def disconnect(self) -> None:
        await self._do(self.client.disconnect)

    @property
    def sid(self) -> str | None:
        return self.client.namespaces.get(NAMESPACE)

    async def came_back(self, url: str, old_sid: str) -> None:
        """Connected again after the gateway went. python-engineio takes the CLOSE packet that a polling
        client gets for the end and leaves coming back to its user; otherwise it reconnects itself."""
        within = 2 * STEP
        await eventually(
            lambda: self.gave_up or self.sid not in (None, old_sid), "came back", within
        )
        if self.gave_up:
            assert self.transport_name == "polling"
            self.gave_up = False
            await self.connect(url)


@contextlib.asynccontextmanager
async def peers(url: str, kind: str, transport: str, count: int = 2, **options):
    """That many connected clients; all are disconnected at the end."""
    made = []
    try:
        for _ in range(count):
            made.append(Peer(kind, transport, **options))
            await made[-1].connect(url)
        yield made
    finally:
        for peer in made:
            await peer.disconnect()
