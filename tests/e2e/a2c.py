"""Agents and Computers of the a2c-smcp package, unchanged, with what they were told collected."""

import asyncio
import contextlib
import os
import queue
import sys

os.environ.setdefault("A2C_SMCP_LOG_SILENT", "1")

from a2c_smcp.agent import (  # noqa: E402
    AsyncSMCPAgentClient,
    DefaultAgentAuthProvider,
    SMCPAgentClient,
)
from a2c_smcp.computer.computer import Computer  # noqa: E402
from a2c_smcp.computer.mcp_clients.model import StdioServerConfig, ToolMeta  # noqa: E402
from a2c_smcp.computer.socketio.client import SMCPComputerClient  # noqa: E402
from mcp import StdioServerParameters  # noqa: E402

from e2e.keys import HEADERS, KEY, NAMESPACE, transport_options  # noqa: E402
from support.deadlines import STEP  # noqa: E402
from support.process import ROOT  # noqa: E402

MCP_SERVER = ROOT / "clients" / "demo" / "mcp_server.py"
TOOLS = ["add", "echo", "slow"]
CALL_WITHIN = int(STEP)


class AsyncEvents:
    """What an async Agent's handler was called with, in order: (kind, argument)."""

    def __init__(self):
        self.seen: asyncio.Queue = asyncio.Queue()

    async def on_computer_enter_office(self, data, client):
        await self.seen.put(("enter", data))

    async def on_computer_leave_office(self, data, client):
        await self.seen.put(("leave", data))

    async def on_computer_update_config(self, data, client):
        await self.seen.put(("config", data))

    async def on_tools_received(self, computer, tools, client):
        await self.seen.put(("tools", (computer, sorted(tool["name"] for tool in tools))))

    async def next(self) -> tuple:
        return await asyncio.wait_for(self.seen.get(), STEP)


class SyncEvents:
    """The same for the sync Agent, whose handlers run in threads of the client."""

    def __init__(self):
        self.seen: queue.Queue = queue.Queue()

    def on_computer_enter_office(self, data, client):
        self.seen.put(("enter", data))

    def on_computer_leave_office(self, data, client):
        self.seen.put(("leave", data))

    def on_computer_update_config(self, data, client):
        self.seen.put(("config", data))

    def on_tools_received(self, computer, tools, client):
        self.seen.put(("tools", (computer, sorted(tool["name"] for tool in tools))))

    def next(self) -> tuple:
        return self.seen.get(timeout=STEP)


def provider(name: str, office: str, key: str | None = KEY, **options) -> DefaultAgentAuthProvider:
    return DefaultAgentAuthProvider(agent_id=name, office_id=office, api_key=key, **options)


@contextlib.asynccontextmanager
async def agent_in(url: str, office: str, transport: str = "default", name: str = "agent"):
    """An async Agent in the office, with its events as `agent.events`."""
    events = AsyncEvents()
    agent = AsyncSMCPAgentClient(auth_provider=provider(name, office), event_handler=events)
    agent.events = events
    await agent.connect_to_server(url, **transport_options(transport))
    try:
        await agent.join_office(office, name, namespace=NAMESPACE)
        # join_office does not wait; the gateway answers in order, so this answer follows the join.
        await agent.get_computers_in_office(office)
        yield agent
    finally:
        await agent.disconnect()


@contextlib.contextmanager
def sync_agent_in(url: str, office: str, transport: str = "default", name: str = "agent"):
    events = SyncEvents()
    agent = SMCPAgentClient(auth_provider=provider(name, office), event_handler=events)
    agent.events = events
    agent.connect_to_server(url, **transport_options(transport))
    try:
        agent.join_office(office, name, namespace=NAMESPACE)
        agent.get_computers_in_office(office)
        yield agent
    finally:
        agent.disconnect()


async def boot_computer(name: str = "pc") -> Computer:
    """A Computer with a real MCP server. Its session's task is ended by asyncio.run: shutdown() of
    0.1.6 can wait for ever for an event that is skipped when that task is cancelled."""
    tools = StdioServerConfig(
        name="demo-tools",
        server_parameters=StdioServerParameters(command=sys.executable, args=[str(MCP_SERVER)]),
        default_tool_meta=ToolMeta(auto_apply=True),
    )
    computer = Computer(name=name, mcp_servers={tools})
    await computer.boot_up()
    return computer


@contextlib.asynccontextmanager
async def computer_connected(url: str, transport: str = "default", name: str = "pc"):
    computer = await boot_computer(name)
    client = SMCPComputerClient(computer=computer)
    await client.connect(
        url, headers=HEADERS, namespaces=[NAMESPACE], **transport_options(transport)
    )
    try:
        yield client
    finally:
        await client.disconnect()


@contextlib.asynccontextmanager
async def computer_in(url: str, office: str, transport: str = "default", name: str = "pc"):
    async with computer_connected(url, transport, name) as client:
        await client.join_office(office)
        yield client
