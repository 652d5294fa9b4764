"""The raw clients in one place: HTTP, WebSocket, Engine.IO, Socket.IO, and the SMCP test peer."""

from .deadlines import SANITIZER, SCALE, STEP, eventually, scaled
from .eio import BROKEN, OpenRefused, PollingSession, Session, WsSession, open_session, target
from .http1 import ConnectionEnded, HttpConnection, Response, fetch
from .peer import Ack, ConnectRefused, Disconnected, Event, Peer
from .recorder import RECORDER
from .sio import Raw, dump_args, dumps
from .ws import (BINARY, CLOSE, CONT, NO_CODE, NO_FRAME, PING, PONG, TEXT, HandshakeRefused,
                 Message, WebSocket, frame)

__all__ = [
    "Ack", "BINARY", "BROKEN", "CLOSE", "CONT", "ConnectRefused", "ConnectionEnded",
    "Disconnected", "Event", "HandshakeRefused", "HttpConnection", "Message", "NO_CODE",
    "NO_FRAME", "OpenRefused", "PING", "PONG", "Peer", "PollingSession", "RECORDER", "Raw",
    "Response", "SANITIZER", "SCALE", "STEP", "Session", "TEXT", "WebSocket", "WsSession",
    "dump_args", "dumps", "eventually", "fetch", "frame", "open_session", "scaled", "target",
]
