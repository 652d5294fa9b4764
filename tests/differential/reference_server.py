"""The Python reference server, as its documentation sets it up, on a free port of loopback.

Runs in the environment of requirements.txt, not in that of the tests.
Usage: reference_server.py KEY. Says "reference ready listen=HOST:PORT" when it accepts connections.
"""

import asyncio
import socket
import sys

import socketio
import uvicorn
from a2c_smcp.server import DefaultAuthenticationProvider, SMCPNamespace


async def serve(key: str) -> None:
    server = socketio.AsyncServer(async_mode="asgi")
    server.register_namespace(SMCPNamespace(DefaultAuthenticationProvider(key, "x-api-key")))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    host, port = listener.getsockname()
    config = uvicorn.Config(socketio.ASGIApp(server), log_level="critical", ws="wsproto")
    print(f"reference ready listen={host}:{port}", flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
