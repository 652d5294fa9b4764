"""The control interface as a Python client sees it: stubs made from proto/ once per session, and a
channel to a gateway's control port.

    with Control(gateway) as control:
        control.config.GetConfig(control.pb.GetConfigRequest())

Every call has a time limit; `reason_of(error)` is the ErrorInfo reason of a refusal.
"""

import importlib
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import grpc

from .deadlines import scaled
from .process import ROOT

PROTO = ROOT / "proto"
SERVICES = {
    "offices": ("office_service", "OfficeService"),
    "sessions": ("session_service", "SessionService"),
    "calls": ("tool_call_service", "ToolCallService"),
    "config": ("config_service", "ConfigService"),
    "node": ("node_service", "NodeService"),
    "events": ("event_service", "EventService"),
    "audit": ("event_service", "AuditService"),
}
WITHIN = scaled(10.0)


@cache
def generated() -> SimpleNamespace:
    """`pb`: all messages of smcp.control.v1; `types`: smcp.type.v1; `stubs`: name -> stub class."""
    # The folder lives as long as the process; each worker of the tests makes its own.
    folder = tempfile.TemporaryDirectory(prefix="smcp-stubs-")
    files = sorted(str(path.relative_to(PROTO)) for kind in ("control", "type")
                   for path in (PROTO / "smcp" / kind).rglob("*.proto"))
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={PROTO}",
         f"--python_out={folder.name}", f"--grpc_python_out={folder.name}", *files],
        check=True, cwd=PROTO)
    sys.path.insert(0, folder.name)
    messages = SimpleNamespace(folder=folder)
    stubs = {}
    for name in ("common", *sorted({module for module, _ in SERVICES.values()})):
        module = importlib.import_module(f"smcp.control.v1.{name}_pb2")
        for word in dir(module):
            if not word.startswith("_"):
                setattr(messages, word, getattr(module, word))
    for name, (module, service) in SERVICES.items():
        made = importlib.import_module(f"smcp.control.v1.{module}_pb2_grpc")
        stubs[name] = getattr(made, f"{service}Stub")
    types = importlib.import_module("smcp.type.v1.types_pb2")
    return SimpleNamespace(pb=messages, types=types, stubs=stubs)


class _Limited:
    """A stub whose unary calls have a time limit and the credential; streams have the credential."""

    def __init__(self, stub, metadata):
        self._stub, self._metadata = stub, metadata

    def __getattr__(self, method):
        call = getattr(self._stub, method)
        streams = isinstance(call, grpc.UnaryStreamMultiCallable)

        def limited(request, timeout=None if streams else WITHIN, **options):
            options.setdefault("metadata", self._metadata)
            return call(request, timeout=timeout, **options)

        return limited


class Control:
    """A channel with a stub per service: offices, sessions, calls, config, node, events, audit."""

    def __init__(self, gateway, token: str | None = None, credentials=None,
                 address: str | None = None):
        made = generated()
        self.pb, self.types = made.pb, made.types
        self.address = address or "%s:%d" % gateway.control
        options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
        if credentials is None:
            self.channel = grpc.insecure_channel(self.address, options)
        else:
            self.channel = grpc.secure_channel(self.address, credentials, options)
        metadata = [("authorization", f"Bearer {token}")] if token else []
        for name, stub in made.stubs.items():
            setattr(self, name, _Limited(stub(self.channel), metadata))

    def __enter__(self) -> "Control":
        return self

    def __exit__(self, *_) -> None:
        self.channel.close()


def status_of(error: grpc.RpcError):
    """The google.rpc.Status of a refusal."""
    from google.rpc import status_pb2

    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            return status_pb2.Status.FromString(value)
    return status_pb2.Status()


def detail_of(error: grpc.RpcError, kind):
    """The detail of that message type (such as error_details_pb2.ErrorInfo), or None."""
    for packed in status_of(error).details:
        if packed.Is(kind.DESCRIPTOR):
            found = kind()
            packed.Unpack(found)
            return found
    return None


def reason_of(error: grpc.RpcError) -> str:
    from google.rpc import error_details_pb2

    info = detail_of(error, error_details_pb2.ErrorInfo)
    return info.reason if info else ""
