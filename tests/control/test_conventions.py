"""What holds for every method, over the real gateway: who may, repetitions, audit, events, health,
reflection, and the tools people use (grpcurl, grpc_health_probe)."""

import asyncio
import hashlib
import json
import shutil
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from support.control import Control, detail_of, reason_of
from support.deadlines import scaled
from support.process import ROOT
from support.world import World

ROLES = {"see": "viewer", "ops": "operator", "boss": "admin"}
TOKENS = ",".join([f"{name}:{role}:sha256={hashlib.sha256(f'{name}-secret-token'.encode()).hexdigest()}"
                   for name, role in ROLES.items()])
SERVICES = ["AuditService", "ConfigService", "EventService", "NodeService", "OfficeService",
            "SessionService", "ToolCallService"]


def as_caller(gateway, name):
    return Control(gateway, token=f"{name}-secret-token")


def reason(call, request) -> str:
    with pytest.raises(grpc.RpcError) as error:
        call(request)
    return reason_of(error.value)


async def test_roles(start_gateway):
    gateway = start_gateway({"control.tokens": TOKENS})
    with as_caller(gateway, "see") as control:
        pb = control.pb
        control.offices.ListOffices(pb.ListOfficesRequest())
        close = pb.CloseOfficeRequest(office_id="x")
        with pytest.raises(grpc.RpcError) as error:
            control.offices.CloseOffice(close)
        assert error.value.code() == grpc.StatusCode.PERMISSION_DENIED
        assert reason_of(error.value) == "ROLE_REQUIRED"
        assert reason(control.audit.ListAuditEntries,
                      pb.ListAuditEntriesRequest()) == "ROLE_REQUIRED"
    with as_caller(gateway, "ops") as control:
        assert reason(control.offices.CloseOffice, close) == "OFFICE_NOT_FOUND"
        assert reason(control.node.DrainNode, pb.DrainNodeRequest()) == "ROLE_REQUIRED"
    for token, expected in ((None, "CREDENTIAL_REQUIRED"), ("guess", "CREDENTIAL_INVALID")):
        with Control(gateway, token=token) as control:
            with pytest.raises(grpc.RpcError) as error:
                control.offices.ListOffices(pb.ListOfficesRequest())
            assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
            assert reason_of(error.value) == expected
    with as_caller(gateway, "boss") as control:
        entries = control.audit.ListAuditEntries(pb.ListAuditEntriesRequest()).entries
        assert [(entry.actor, entry.outcome) for entry in entries] == [
            ("ops", "PERMISSION_DENIED"), ("ops", "NOT_FOUND"), ("see", "PERMISSION_DENIED")]
        assert all(entry.actor_address for entry in entries)
    assert "secret-token" not in gateway.stdout + gateway.stderr


async def test_a_repetition_changes_nothing(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office, _, _ = await world.pair()
    with Control(gateway) as control:
        close = control.pb.CloseOfficeRequest(office_id=office, request_id=str(uuid.uuid4()))
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: control.offices.CloseOffice(close).members_removed,
                                    range(8)))
        assert answers == [2] * 8
        entries = control.audit.ListAuditEntries(control.pb.ListAuditEntriesRequest()).entries
        assert len(entries) == 1
        close.office_id = "another"
        assert reason(control.offices.CloseOffice, close) == "REQUEST_ID_REUSED"
        close.request_id = "no uuid"
        assert reason(control.offices.CloseOffice, close) == "REQUEST_ID_INVALID"


async def test_errors_have_details(start_gateway):
    from google.rpc import error_details_pb2

    gateway = start_gateway()
    with Control(gateway) as control:
        with pytest.raises(grpc.RpcError) as error:
            control.sessions.ListSessions(control.pb.ListSessionsRequest(filter="nmae = x"))
        info = detail_of(error.value, error_details_pb2.ErrorInfo)
        assert (info.reason, info.domain) == ("FILTER_INVALID", "gateway.a2c-smcp")
        bad = detail_of(error.value, error_details_pb2.BadRequest)
        assert bad.field_violations[0].field == "filter"
        assert "office_id" in error.value.details()


async def test_events_and_their_resumption(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office = world.office()
    with Control(gateway) as control:
        pb = control.pb
        stream = control.events.WatchEvents(pb.WatchEventsRequest(), timeout=scaled(30))
        assert next(stream).kind == pb.Event.BOOKMARK
        await (await world.agent(office, "bot")).close()
        events = [await asyncio.to_thread(next, stream) for _ in range(4)]
        kinds = [pb.Event.Kind.Name(event.kind) for event in events]
        assert kinds == ["CONNECTED", "JOINED", "LEFT", "DISCONNECTED"]
        assert [event.seq for event in events] == list(range(events[0].seq, events[0].seq + 4))
        assert (events[1].office_id, events[1].name) == (office, "bot")
        assert events[3].cause
        stream.cancel()
        again = control.events.WatchEvents(
            pb.WatchEventsRequest(resume_token=events[1].resume_token,
                                  kinds=[pb.Event.LEFT, pb.Event.OFFICE_CHANGED]),
            timeout=scaled(30))
        assert (await asyncio.to_thread(next, again)).seq == events[2].seq
        request = pb.UpdateOfficeRequest(office=control.types.Office(
            office_id=office, admission=control.types.LOCKED))
        request.update_mask.paths.append("admission")
        control.offices.UpdateOffice(request)
        while (event := await asyncio.to_thread(next, again)).kind == pb.Event.BOOKMARK:
            pass
        assert (event.kind, event.office_id) == (pb.Event.OFFICE_CHANGED, office)
        again.cancel()


async def test_health_and_reflection(start_gateway):
    gateway = start_gateway()
    with Control(gateway) as control:
        health = health_pb2_grpc.HealthStub(control.channel)
        for service in ["", *(f"smcp.control.v1.{name}" for name in SERVICES)]:
            answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=scaled(10))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING, service
        with pytest.raises(grpc.RpcError) as error:
            health.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=scaled(10))
        assert error.value.code() == grpc.StatusCode.NOT_FOUND
        reflection = ProtoReflectionDescriptorDatabase(control.channel)
        assert {f"smcp.control.v1.{name}" for name in SERVICES} <= set(reflection.get_services())
        control.node.DrainNode(control.pb.DrainNodeRequest())
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=scaled(10))
        assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_watches_end_with_the_gateway(start_gateway):
    gateway = start_gateway()
    with Control(gateway) as control:
        stream = control.events.WatchEvents(control.pb.WatchEventsRequest(), timeout=scaled(60))
        next(stream)
        ending = asyncio.create_task(asyncio.to_thread(gateway.stop))
        with pytest.raises(grpc.RpcError) as error:
            await asyncio.to_thread(lambda: list(stream))
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE
        await ending


def tool(name: str) -> str:
    """Built by ./dev where there is a Go compiler, or somebody's own."""
    found = shutil.which(name, path=str(ROOT / "build" / "go")) or shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not here")
    return found


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(arguments, capture_output=True, text=True, timeout=scaled(30.0),
                          check=False)


async def test_grpcurl(start_gateway):
    grpcurl = tool("grpcurl")
    gateway = start_gateway({"control.tokens": TOKENS})
    world = World(gateway)
    office, _, _ = await world.pair()
    address = "%s:%d" % gateway.control
    common = [grpcurl, "-plaintext", "-H", "authorization: Bearer see-secret-token"]

    async def curl(*arguments):
        return await asyncio.to_thread(run, *common, *arguments)

    listed = await curl(address, "list")
    assert {f"smcp.control.v1.{name}" for name in SERVICES} <= set(listed.stdout.split())
    described = await curl(address, "describe", "smcp.control.v1.OfficeService.CloseOffice")
    assert "required_role" in described.stdout and "OPERATOR" in described.stdout
    got = await curl("-d", json.dumps({"office_id": office}), address,
                     "smcp.control.v1.OfficeService/GetOffice")
    assert json.loads(got.stdout).get("computerCount") == 1, (got.stdout, got.stderr)
    refused = await curl("-d", json.dumps({"office_id": office}), address,
                         "smcp.control.v1.OfficeService/CloseOffice")
    assert refused.returncode == 64 + grpc.StatusCode.PERMISSION_DENIED.value[0]
    assert "ROLE_REQUIRED" in refused.stderr


async def test_grpc_health_probe(start_gateway):
    probe = tool("grpc-health-probe")
    gateway = start_gateway()
    address = f"-addr=%s:%d" % gateway.control
    for service in ("", "smcp.control.v1.OfficeService"):
        done = await asyncio.to_thread(run, probe, address, f"-service={service}")
        assert done.returncode == 0, done.stderr
    done = await asyncio.to_thread(run, probe, address, "-service=nobody")
    assert done.returncode != 0
