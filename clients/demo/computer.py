"""The demo's Computer: hosts mcp_server.py with the a2c-smcp package and lends its tools to an office.

Usage: computer.py URL OFFICE NAME, credential in SMCP_DEMO_KEY. Runs until SIGTERM or SIGINT.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

os.environ.setdefault("A2C_SMCP_LOG_SILENT", "1")

from a2c_smcp.computer.computer import Computer  # noqa: E402
from a2c_smcp.computer.mcp_clients.model import StdioServerConfig, ToolMeta  # noqa: E402
from a2c_smcp.computer.socketio.client import SMCPComputerClient  # noqa: E402
from a2c_smcp.smcp import CANCEL_TOOL_CALL_NOTIFICATION, SMCP_NAMESPACE  # noqa: E402
from mcp import StdioServerParameters  # noqa: E402

MCP_SERVER = Path(__file__).with_name("mcp_server.py")


def say(text: str) -> None:
    print(text, flush=True)


class CancellableComputer(SMCPComputerClient):
    """SMCPComputerClient 0.1.x hears no cancel notices; the protocol leaves the answer to a cancelled
    call to the Computer, so this one stops waiting for the tool and answers with a2c_cancelled."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.running: dict[str, asyncio.Task] = {}
        self.on(CANCEL_TOOL_CALL_NOTIFICATION, self.on_cancel, namespace=SMCP_NAMESPACE)

    async def on_tool_call(self, data):
        call = asyncio.ensure_future(super().on_tool_call(data))
        self.running[data["req_id"]] = call
        say(f"runs {data['tool_name']} {data['params']}")
        try:
            return await call
        except asyncio.CancelledError:
            text = {"type": "text", "text": "cancelled by the Agent"}
            return {"content": [text], "isError": True, "meta": {"a2c_cancelled": True}}
        finally:
            del self.running[data["req_id"]]

    async def on_cancel(self, data):
        call = self.running.get(data["req_id"])
        say(f"cancel notice from {data['agent']}, call {data['req_id']}")
        if call:
            call.cancel()


async def main(url: str, office: str, name: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    tools = StdioServerConfig(
        name="demo-tools",
        server_parameters=StdioServerParameters(command=sys.executable, args=[str(MCP_SERVER)]),
        default_tool_meta=ToolMeta(auto_apply=True),
    )
    computer = Computer(name=name, mcp_servers={tools})
    await computer.boot_up()
    say("MCP server started")
    client = CancellableComputer(computer=computer)
    try:
        headers = {"x-api-key": os.environ["SMCP_DEMO_KEY"]}
        await client.connect(url, headers=headers, namespaces=[SMCP_NAMESPACE])
        await client.join_office(office)
        say(f"joined office {office} as {name} over {client.transport()}")
        await stop.wait()
        await client.leave_office(office)
    finally:
        # Computer.shutdown() of a2c-smcp 0.1.6 can wait for ever when it ends a session (its closed
        # event is skipped when the session's task is cancelled), so asyncio.run ends that task instead.
        await client.disconnect()
    say("left and closed")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
