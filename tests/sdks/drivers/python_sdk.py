"""Agents and Computers of one a2c-smcp release, led by lines of JSON.

Runs in a Python environment that has that release, and imports nothing of the tests. A command on
stdin is {"id", "op", "client", ...}; its answer on stdout {"id", "ok": value} or {"id", "error":
{"type", "text", "fields"?}}; what a client is told meanwhile {"event", "client", "data"}. The error
type "Missing" means that this release has no such function.
"""

import asyncio
import base64
import hashlib
import inspect
import json
import os
import sys
import threading
from importlib import metadata
from pathlib import Path

os.environ.setdefault("A2C_SMCP_LOG_SILENT", "1")

from a2c_smcp.agent import (  # noqa: E402
    AsyncSMCPAgentClient,
    DefaultAgentAuthProvider,
    SMCPAgentClient,
)
from a2c_smcp.computer.computer import Computer  # noqa: E402
from a2c_smcp.computer.mcp_clients.model import StdioServerConfig, ToolMeta  # noqa: E402
from a2c_smcp.computer.socketio.client import SMCPComputerClient  # noqa: E402
from a2c_smcp.smcp import CANCEL_TOOL_CALL_NOTIFICATION, SMCP_NAMESPACE  # noqa: E402
from mcp import StdioServerParameters  # noqa: E402

VERSION = metadata.version("a2c-smcp")
GENERATION = ".".join(VERSION.split(".")[:2])
TRANSPORTS = {"default": None, "polling": ["polling"], "websocket": ["websocket"]}
VERSION_FIELDS = ("client_version", "server_version", "min_supported", "max_supported")
BLOB_CHUNK = 128 * 1024
_printing = threading.Lock()  # sync Agents speak from threads of their own


class Missing(Exception):
    """This release of the SDK has no such function."""


def say(line: dict) -> None:
    with _printing:
        print(json.dumps(line, default=str), flush=True)


def plain(value):
    """Long lists are reported by their length."""
    return len(value) if isinstance(value, list) else value


class Recorder:
    """An event handler: whatever the SDK calls becomes an event line."""

    def __init__(self, client: str, sync: bool):
        self._client = client
        self._sync = sync

    def __getattr__(self, name: str):
        if not name.startswith("on_"):
            raise AttributeError(name)

        def called(*arguments):
            data = [plain(argument) for argument in arguments[:-1]]  # the last one is the Agent
            say({"event": name, "client": self._client, "data": data})

        async def called_async(*arguments):
            called(*arguments)

        return called if self._sync else called_async


def connect_options(command: dict) -> dict:
    options = {"wait_timeout": command["within"]}
    if command["transport"] == "websocket" and GENERATION != "0.1":
        raise Missing("websocket only: since 0.2 the SDK turns it into polling first")
    if TRANSPORTS[command["transport"]]:
        options["transports"] = TRANSPORTS[command["transport"]]
    return options


def watch(sdk, client: str, sync: bool) -> None:
    """Says when the client is connected to the namespace, the first time and after a loss."""

    def connected():
        say({"event": "connect", "client": client, "data": None})

    async def connected_async():
        connected()

    sdk.on("connect", connected if sync else connected_async, namespace=SMCP_NAMESPACE)


class Agent:
    def __init__(self, command: dict):
        self.client = command["client"]
        self.sync = command["kind"] == "sync"
        self.name = command["name"]
        provider = DefaultAgentAuthProvider(
            agent_id=self.name, office_id=command["office"], api_key=command["key"]
        )
        made = SMCPAgentClient if self.sync else AsyncSMCPAgentClient
        self.sdk = made(provider, event_handler=Recorder(self.client, self.sync))
        watch(self.sdk, self.client, self.sync)

    async def run(self, name: str, *arguments, **options):
        function = getattr(self.sdk, name, None)
        if function is None:
            raise Missing(name)
        if self.sync:
            return await asyncio.to_thread(function, *arguments, **options)
        return await function(*arguments, **options)

    async def connect(self, command):
        await self.run("connect_to_server", command["url"], **connect_options(command))
        return self.sdk.transport()

    async def transport(self, command):
        return self.sdk.transport()

    async def disconnect(self, command):
        await self.run("disconnect")

    async def join(self, command):
        await self.run("join_office", command["office"], self.name, namespace=SMCP_NAMESPACE)
        await self.members(command)  # answered after the join, which itself is not waited for

    async def leave(self, command):
        await self.run("leave_office", command["office"], namespace=SMCP_NAMESPACE)

    async def members(self, command):
        listed = await self.run("get_computers_in_office", command["office"])
        return sorted(member["name"] for member in listed)

    async def tools(self, command):
        answer = await self.run("get_tools_from_computer", command["computer"])
        return sorted(tool["name"] for tool in answer["tools"])

    async def call(self, command):
        result = await self.run(
            "emit_tool_call",
            command["computer"],
            command["tool"],
            command["params"],
            command["timeout"],
        )
        return result.model_dump(mode="json", by_alias=True)

    async def desktop(self, command):
        return (await self.run("get_desktop_from_computer", command["computer"]))["desktops"]

    async def config(self, command):
        if hasattr(self.sdk, "get_config_from_computer"):
            answer = await self.run("get_config_from_computer", command["computer"])
        else:  # before 0.3 only through the SDK's general call
            request = {"agent": self.name, "req_id": "config", "computer": command["computer"]}
            answer = await self.run("call", "client:get_config", request, namespace=SMCP_NAMESPACE)
        return sorted(answer["servers"])

    async def resources(self, command):
        answer = await self.run("get_resources", command["computer"], command["server"])
        return [resource["uri"] for resource in answer["resources"]]

    async def skills(self, command):
        listed = await self.run("get_skills", command["computer"])
        skill = await self.run("get_skill", command["computer"], command["skill"])
        return {"names": [ref["name"] for ref in listed["skills"]], "body": skill.get("body")}

    async def get_blob(self, command):
        skill = await self.run(
            "get_skill", command["computer"], command["skill"], command["rel_path"]
        )
        digest, offset, chunks = hashlib.sha256(), 0, 0
        while True:
            chunk = await self.run(
                "get_blob",
                command["computer"],
                skill["blob_handle"],
                chunk_offset=offset,
                max_chunk_bytes=BLOB_CHUNK,
            )
            data = base64.b64decode(chunk["blob"], validate=True)
            digest.update(data)
            offset += len(data)
            chunks += 1
            if chunk["eof"]:
                return {"size": offset, "sha256": digest.hexdigest(), "chunks": chunks}

    async def put_blob(self, command):
        data = bytes(index % 251 for index in range(command["size"]))
        result = await self.run(
            "put_blob", command["computer"], data, name_hint="upload.bin", chunk_size=BLOB_CHUNK
        )
        return str(field(result, "landing_path"))

    async def cancel(self, command):
        """Starts `slow`, waits for a call behind it, cancels; returns what `slow` answered."""
        loop = asyncio.get_running_loop()
        answer = loop.create_future()

        def answered(data):
            loop.call_soon_threadsafe(answer.set_result, data)

        request = self.sdk.create_tool_call_request(
            command["computer"], command["tool"], command["params"], command["timeout"]
        )
        options = {"namespace": SMCP_NAMESPACE, "callback": answered}
        await self.run("emit", "client:tool_call", request, **options)
        await self.call({**command, "tool": command["echo"], "params": {"text": "x"}})
        notice = {"agent": self.name, "req_id": request["req_id"]}
        await self.run("emit", "server:tool_call_cancel", notice, namespace=SMCP_NAMESPACE)
        done = await asyncio.wait_for(answer, command["timeout"])
        return {"req_id": request["req_id"], "answer": done}


def field(result, name: str):
    return result[name] if isinstance(result, dict) else getattr(result, name)


def own_parameters(function, **values) -> dict:
    """Those of the values that this release's function has a parameter for."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in values.items() if name in known}


class ComputerSide:
    def __init__(self, command: dict):
        self.client = command["client"]
        self.key = command["key"]
        servers = set()
        if command.get("mcp_server"):
            servers.add(
                StdioServerConfig(
                    name="demo-tools",
                    server_parameters=StdioServerParameters(
                        command=sys.executable, args=[command["mcp_server"]]
                    ),
                    default_tool_meta=ToolMeta(auto_apply=True),
                )
            )
        options = own_parameters(
            Computer.__init__,
            skill_home=Path(command["skill_home"]),
            blob_cache_root=Path(command["cache"]),
            flag_settings_path=Path(command["settings"]),
            project_root=Path(command["cache"]),
        )
        self.computer = Computer(name=command["name"], mcp_servers=servers, **options)
        self.sdk = SMCPComputerClient(computer=self.computer)
        watch(self.sdk, self.client, sync=False)
        self.sdk.on(CANCEL_TOOL_CALL_NOTIFICATION, self.on_cancel, namespace=SMCP_NAMESPACE)

    async def on_cancel(self, data):
        """Tells of the notice, then does what this release does with it: nothing before 0.2."""
        say({"event": "cancel", "client": self.client, "data": data})
        own = getattr(self.sdk, "on_tool_call_cancel", None)
        if own:
            await own(data)

    def credential(self) -> dict:
        if GENERATION == "0.1":
            return {"headers": {"x-api-key": self.key}}
        if GENERATION == "0.2":
            return {"headers": {"access_token": self.key}}
        return {"auth": {"token": self.key}}

    async def boot(self, command):
        await self.computer.boot_up()
        return len(await self.computer.aget_available_tools())

    async def connect(self, command):
        await self.sdk.connect(
            command["url"],
            namespaces=[SMCP_NAMESPACE],
            **self.credential(),
            **connect_options(command),
        )
        return self.sdk.transport()

    async def transport(self, command):
        return self.sdk.transport()

    async def disconnect(self, command):
        await self.sdk.disconnect()

    async def join(self, command):
        await self.sdk.join_office(command["office"])

    async def leave(self, command):
        await self.sdk.leave_office(command["office"])

    async def update(self, command):
        await self.sdk.emit_update_config()


def describe(error: BaseException) -> dict:
    told = {"type": type(error).__name__, "text": str(error)[:500]}
    if hasattr(error, "client_version"):
        told["fields"] = {name: getattr(error, name, None) for name in VERSION_FIELDS}
    return told


async def obey(clients: dict, command: dict) -> None:
    try:
        if command["op"] == "hello":
            value = VERSION
        elif command["op"] == "new":
            made = ComputerSide if command["kind"] == "computer" else Agent
            clients[command["client"]] = made(command)
            value = None
        else:
            function = getattr(clients[command["client"]], command["op"], None)
            if function is None:
                raise Missing(command["op"])
            value = await function(command)
        say({"id": command["id"], "ok": value})
    except Exception as error:
        say({"id": command["id"], "error": describe(error)})


async def main() -> None:
    clients: dict = {}
    tasks = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        task = asyncio.create_task(obey(clients, json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    # Nothing waits for the SDK's own shutdown: releases differ in whether it ends.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
