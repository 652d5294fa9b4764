"""The demo's Agent: joins an office, waits for a Computer's tools, calls one and cancels another.

Usage: agent.py URL OFFICE NAME, credential in SMCP_DEMO_KEY. Exits with 0 only if every answer was right.
"""

import asyncio
import os
import sys

os.environ.setdefault("A2C_SMCP_LOG_SILENT", "1")

from a2c_smcp.agent import AsyncSMCPAgentClient, DefaultAgentAuthProvider  # noqa: E402
from a2c_smcp.smcp import CANCEL_TOOL_CALL_EVENT, SMCP_NAMESPACE, TOOL_CALL_EVENT  # noqa: E402
from mcp.types import CallToolResult  # noqa: E402

DEADLINE = 60  # seconds; for each step, far above what any of them needs


def say(text: str) -> None:
    print(text, flush=True)


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise SystemExit(f"wrong answer: {what}")


class Events:
    """Collects what the office tells the Agent."""

    def __init__(self):
        self.tools: asyncio.Queue = asyncio.Queue()

    async def on_computer_enter_office(self, data, client):
        say(f"Computer {data['computer']} entered office {data['office_id']}")

    async def on_computer_leave_office(self, data, client):
        say(f"Computer {data['computer']} left office {data['office_id']}")

    async def on_computer_update_config(self, data, client):
        say(f"Computer {data['computer']} changed its configuration")

    async def on_tools_received(self, computer, tools, client):
        await self.tools.put((computer, tools))


async def call_and_cancel(agent: AsyncSMCPAgentClient, computer: str) -> None:
    request = agent.create_tool_call_request(computer, "slow", {"seconds": 50.0}, DEADLINE)
    long_call = asyncio.create_task(
        agent.call(TOOL_CALL_EVENT, request, namespace=SMCP_NAMESPACE, timeout=DEADLINE)
    )
    await asyncio.sleep(0)  # lets the task send its request first
    say(f"called slow(50 s), call {request['req_id']}")

    # The Computer starts calls in the order they come: with this answer the slow one runs.
    quick = await agent.emit_tool_call(computer, "echo", {"text": "meanwhile"}, DEADLINE)
    expect(quick.content[0].text == "meanwhile", f"echo gave {quick}")
    say("echo answered meanwhile: 'meanwhile'")
    expect(not long_call.done(), "slow answered before it was cancelled")

    notice = {"agent": request["agent"], "req_id": request["req_id"]}
    await agent.emit(CANCEL_TOOL_CALL_EVENT, notice, namespace=SMCP_NAMESPACE)
    answer = CallToolResult.model_validate(await long_call, by_name=True)
    expect(
        answer.isError and (answer.meta or {}).get("a2c_cancelled") is True, f"slow gave {answer}"
    )
    say(f"cancelled slow: '{answer.content[0].text}', {answer.meta}")


async def main(url: str, office: str, name: str) -> None:
    events = Events()
    key = os.environ["SMCP_DEMO_KEY"]
    auth = DefaultAgentAuthProvider(agent_id=name, office_id=office, api_key=key)
    agent = AsyncSMCPAgentClient(auth_provider=auth, event_handler=events)
    await agent.connect_to_server(url)
    try:
        await agent.join_office(office, name, namespace=SMCP_NAMESPACE)
        await agent.get_computers_in_office(office)  # answered after the join: we are in
        say(f"joined office {office} as {name} over {agent.transport()}")

        computer, tools = await asyncio.wait_for(events.tools.get(), DEADLINE)
        names = sorted(tool["name"] for tool in tools)
        say(f"tools of {computer}: {', '.join(names)}")
        expect(names == ["add", "echo", "slow"], f"tools {names}")

        total = await agent.emit_tool_call(computer, "add", {"a": 20, "b": 22}, DEADLINE)
        say(f"add(20, 22) = {total.content[0].text}")
        expect(not total.isError and total.content[0].text == "42", f"add gave {total}")

        desktop = await agent.get_desktop_from_computer(computer)
        say(f"desktop of {computer}: {desktop['desktops']}")
        expect(len(desktop["desktops"]) == 1, f"desktop {desktop}")

        await call_and_cancel(agent, computer)
        await agent.leave_office(office, namespace=SMCP_NAMESPACE)
    finally:
        await agent.disconnect()
    say("left and closed")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
