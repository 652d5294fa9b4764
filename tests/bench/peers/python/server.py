"""The Python reference server (a2c-smcp 0.1) on uvicorn: `server.py PORT TOKEN`.

Everything is as the packages ship it: the SDK's namespace, its own check of the secret (in the
header `access_token`), its log. The port must be given.
"""

import sys

import socketio
import uvicorn
from a2c_smcp.server import DefaultAuthenticationProvider, SMCPNamespace


def main() -> None:
    port, token = int(sys.argv[1]), sys.argv[2]
    server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")
    server.register_namespace(SMCPNamespace(DefaultAuthenticationProvider(admin_secret=token)))
    uvicorn.run(socketio.ASGIApp(server), host="127.0.0.1", port=port)


if __name__ == "__main__":
    main()
