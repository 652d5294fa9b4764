"""ConfigService: layers and origins, checks, pushes, generations, restarts, notifications."""

import asyncio
import random
import threading
import uuid

import grpc
import pytest
import yaml
from google.protobuf import struct_pb2
from google.rpc import error_details_pb2

from support.control import Control, detail_of, reason_of
from support.deadlines import scaled
from support.gateway import BASE_SETTINGS, Gateway, set_arguments
from support.process import ServerProcess, binary
from support.world import World

MASK = "********"


@pytest.fixture
def control(start_gateway, tmp_path):
    with Control(start_gateway({"state_dir": str(tmp_path)})) as made:
        yield made


def push(control, text: str, mask: list | None = None, **fields):
    request = control.pb.ApplyConfigRequest(document=control.pb.ConfigDocument(yaml=text), **fields)
    if mask is not None:
        request.update_mask.paths.extend(mask)
    if "base_generation" not in fields:
        request.any_base = True
    return control.config.ApplyConfig(request)


def value(control, key: str):
    config = control.config.GetConfig(control.pb.GetConfigRequest(keys=[key]))
    assert [item.key for item in config.values] == [key]
    return config.values[0]


def refusal(call, *args, **options) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as error:
        call(*args, **options)
    return error.value


def test_every_value_has_its_origin_and_secrets_are_masked(start_gateway, tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.safe_dump({"auth": {"provider": "api_key", "api_key": {
        "admin_secret": "geheim-5512"}}, "calls": {"default_timeout": "7s"}}))
    gateway = start_gateway({"calls.max_timeout": "90s"}, config_file=file,
                            env={"SMCP_CALLS__TIMEOUT_SLACK": "2s"})
    with Control(gateway) as control:
        push(control, "limits: {connections: 77}")
        config = control.config.GetConfig(control.pb.GetConfigRequest())
        origin = {item.key: control.pb.ConfigOrigin.Name(item.origin) for item in config.values}
        assert origin["calls.default_timeout"] == "ORIGIN_FILE"
        assert origin["calls.timeout_slack"] == "ORIGIN_ENVIRONMENT"
        assert origin["calls.max_timeout"] == "ORIGIN_FLAG"
        assert origin["limits.connections"] == "ORIGIN_PUSHED"
        assert origin["limits.name_bytes"] == "ORIGIN_DEFAULT"
        assert len(origin) > 40 and config.generation == 1 and config.node_id
        secret = value(control, "auth.api_key.admin_secret")
        assert secret.secret and secret.value == MASK and secret.reloadable
        assert value(control, "listen.address").reloadable is False
        assert value(control, "limits.connections").default_value == "100000"
        section = control.config.GetConfig(control.pb.GetConfigRequest(keys=["drain"]))
        assert [item.key for item in section.values] == ["drain.timeout", "drain.propagation_delay"]
        assert "geheim-5512" not in str(config)


def test_validate_tells_all_faults_with_key_and_line(control):
    pb = control.pb

    def validate(text: str):
        return control.config.ValidateConfig(
            pb.ValidateConfigRequest(document=pb.ConfigDocument(yaml=text)))

    answer = validate("limits:\n  connections: many\n  nam_bytes: 3\nlog:\n  level: loud\n")
    assert not answer.valid
    found = {(item.key, item.line) for item in answer.findings}
    assert found == {("limits.connections", 2), ("limits.nam_bytes", 3), ("log.level", 5)}
    assert all(item.severity == pb.ConfigFinding.ERROR for item in answer.findings)
    assert "did you mean limits.name_bytes" in str(answer)
    assert validate("limits: {connections: 5}").valid
    warned = validate("threads: 7")
    assert warned.valid
    assert [(item.key, item.severity) for item in warned.findings][0] == \
        ("threads", pb.ConfigFinding.WARNING)
    assert not validate("listen: [").valid
    missing = refusal(control.config.ValidateConfig, pb.ValidateConfigRequest())
    assert reason_of(missing) == "FIELD_INVALID"


def test_apply_and_roll_back(control):
    pb = control.pb
    first = push(control, "limits: {connections: 50, name_bytes: 99}", reason="begin")
    assert first.generation == 1
    assert set(first.changed_keys) == {"limits.connections", "limits.name_bytes"}
    assert not first.findings
    second = push(control, "limits: {connections: 60}", mask=["limits.connections"],
                  base_generation=1)
    assert second.changed_keys == ["limits.connections"]
    assert value(control, "limits.name_bytes").value == "99"
    # In the mask and not in the document: no longer pushed.
    push(control, "", mask=["limits.name_bytes"])
    assert value(control, "limits.name_bytes").value == "256"
    stale = refusal(push, control, "limits: {connections: 70}", base_generation=1)
    assert stale.code() == grpc.StatusCode.ABORTED
    assert reason_of(stale) == "GENERATION_MISMATCH"
    back = control.config.RollbackConfig(pb.RollbackConfigRequest(generation=1, any_base=True))
    assert back.generation == 4
    assert value(control, "limits.connections").value == "50"
    control.config.RollbackConfig(pb.RollbackConfigRequest(generation=0, base_generation=4))
    assert value(control, "limits.connections").origin == pb.ORIGIN_DEFAULT
    gone = refusal(control.config.RollbackConfig,
                   pb.RollbackConfigRequest(generation=99, any_base=True))
    assert reason_of(gone) == "GENERATION_NOT_FOUND"
    listed = []
    token = ""
    while True:
        page = control.config.ListConfigGenerations(
            pb.ListConfigGenerationsRequest(page_size=2, page_token=token))
        listed += page.generations
        token = page.next_page_token
        if not token:
            break
    assert [item.generation for item in listed] == [5, 4, 3, 2, 1]
    assert [item.active for item in listed] == [True, False, False, False, False]
    assert listed[-1].reason == "begin" and listed[-1].author
    assert yaml.safe_load(listed[-1].yaml) == {"limits": {"connections": 50, "name_bytes": 99}}
    bad = refusal(control.config.ListConfigGenerations,
                  pb.ListConfigGenerationsRequest(page_token="x"))
    assert reason_of(bad) == "PAGE_TOKEN_INVALID"


def test_refusals_name_keys_and_lines(control):
    error = refusal(push, control, "log:\n  level: loud\nlimits: {connections: -1}\n")
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(error) == "CONFIG_INVALID"
    violations = detail_of(error, error_details_pb2.BadRequest).field_violations
    assert {item.field for item in violations} == {"log.level", "limits.connections"}
    assert "line 2" in violations[0].description
    fixed = refusal(push, control, "listen: {address: '127.0.0.1:1'}")
    assert reason_of(fixed) == "NOT_RELOADABLE" and "listen.address" in fixed.details()
    mask = refusal(push, control, "", mask=["limits.conections"])
    assert reason_of(mask) == "MASK_INVALID" and "limits.connections" in mask.details()
    assert control.config.GetConfig(control.pb.GetConfigRequest()).generation == 0


def test_validate_only_and_request_id(control):
    assert push(control, "limits: {connections: 5}", validate_only=True).changed_keys
    assert value(control, "limits.connections").value == "100000"
    name = str(uuid.uuid4())
    first = push(control, "limits: {connections: 500}", request_id=name)
    again = push(control, "limits: {connections: 500}", request_id=name)
    assert first.generation == again.generation == 1
    other = refusal(push, control, "limits: {connections: 600}", request_id=name)
    assert reason_of(other) == "REQUEST_ID_REUSED"


def test_a_tree_is_a_document_too(control):
    tree = struct_pb2.Struct()
    tree.update({"limits": {"outbox_bytes": 5_000_000}, "listen": {"cors_origins": ["*"]},
                 "protocol": {"versions": ["0.1", "0.2"], "allow_unversioned": False}})
    control.config.ApplyConfig(control.pb.ApplyConfigRequest(
        document=control.pb.ConfigDocument(tree=tree), any_base=True))
    assert value(control, "limits.outbox_bytes").value == "5000000"
    assert value(control, "protocol.versions").value == "0.1,0.2"
    assert value(control, "protocol.allow_unversioned").value == "false"


def test_a_watch_begins_with_what_is_and_tells_what_comes(control):
    pb = control.pb
    push(control, "limits: {connections: 50}")
    watch = control.config.WatchConfig(pb.WatchConfigRequest(), timeout=scaled(30))
    assert next(watch).current.generation == 1
    assert next(watch).bookmark.initial_set_complete
    push(control, "limits: {connections: 60}", reason="more")
    applied = next(watch).applied
    assert (applied.generation, applied.reason) == (2, "more")
    assert applied.changed_keys == ["limits.connections"]
    # Valid, but it cannot be brought into force.
    error = refusal(push, control,
                    "auth: {provider: api_key, api_key: {admin_secret_file: /no/such/file}}")
    assert reason_of(error) == "CONFIG_INVALID"
    assert "/no/such/file" in next(watch).rejected
    assert control.config.GetConfig(pb.GetConfigRequest()).generation == 2
    watch.cancel()


def test_generations_survive_a_restart(start_gateway, tmp_path):
    settings = {"state_dir": str(tmp_path)}
    gateway = start_gateway(settings)
    with Control(gateway) as control:
        push(control, "limits: {connections: 50}")
        push(control, "limits: {connections: 60}\nauth: {explain_refusals: true}")
    gateway.stop()
    with Control(start_gateway(settings)) as control:
        assert value(control, "limits.connections").value == "60"
        assert value(control, "limits.connections").origin == control.pb.ORIGIN_PUSHED
        config = control.config.GetConfig(control.pb.GetConfigRequest())
        assert config.generation == 2
        control.config.RollbackConfig(control.pb.RollbackConfigRequest(
            generation=1, any_base=True))
        assert value(control, "limits.connections").value == "50"


def test_without_a_state_dir_a_push_says_that_it_will_be_lost(start_gateway):
    with Control(start_gateway()) as control:
        answer = push(control, "limits: {connections: 50}")
        assert [item.key for item in answer.findings] == ["state_dir"]


def ends_with_one_line(settings: dict) -> str:
    process = ServerProcess([binary("smcp-gateway"), *set_arguments({**BASE_SETTINGS, **settings})])
    try:
        assert process.wait() == 2
        (line,) = process.stderr.splitlines()
        return line
    finally:
        process.kill()


def test_a_damaged_or_shared_state_dir_is_one_clear_line(start_gateway, tmp_path):
    settings = {"state_dir": str(tmp_path)}
    gateway = start_gateway(settings)
    with Control(gateway) as control:
        push(control, "limits: {connections: 50}")
    assert "another gateway" in ends_with_one_line(settings)
    gateway.stop()
    (file,) = tmp_path.glob("*.json")
    text = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text(text.replace("50", "51"))
    assert f"{file}: is damaged" in ends_with_one_line(settings)
    assert "mkdir" in ends_with_one_line({"state_dir": str(tmp_path / "none")})


@pytest.mark.within(120)
def test_a_kill_at_any_moment_leaves_a_known_generation(tmp_path):
    """Killed in the middle of pushes, it comes back with what was acknowledged last, or the next."""
    seed = random.Random(20_251_122)
    settings = {"state_dir": str(tmp_path), "threads": "1"}
    acknowledged = 0
    for _ in range(8):
        gateway = Gateway.start(settings)
        try:
            with Control(gateway) as control:
                config = control.config.GetConfig(control.pb.GetConfigRequest())
                assert config.generation in (acknowledged, acknowledged + 1)
                acknowledged = config.generation
                if acknowledged:
                    assert value(control, "limits.connections").value == str(acknowledged + 1000)
                killer = threading.Timer(seed.uniform(0.001, 0.15), gateway.process.kill)
                killer.start()
                try:
                    while True:
                        number = acknowledged + 1 + 1000
                        acknowledged = push(
                            control, f"limits: {{connections: {number}}}").generation
                except grpc.RpcError:
                    pass  # that was the end of it
                killer.join()
        finally:
            gateway.kill()
    assert acknowledged > 8, "it came to push something"


async def test_notify_speaks_for_a_computer(start_gateway):
    gateway = start_gateway()
    world = World(gateway)
    office, agent, computer = await world.pair()
    with Control(gateway) as control:
        pb = control.pb

        async def notify(kind, **fields):
            request = pb.NotifyConfigUpdateRequest(**{"office_id": office, "kind": kind, **fields})
            return await asyncio.to_thread(control.config.NotifyConfigUpdate, request)

        kinds = pb.NotifyConfigUpdateRequest
        for kind, event in ((kinds.CONFIG, "notify:update_config"),
                            (kinds.TOOL_LIST, "notify:update_tool_list"),
                            (kinds.DESKTOP, "notify:update_desktop")):
            answer = await notify(kind)
            assert (answer.members_told, list(answer.computers)) == (1, ["pc"])
            news = await agent.expect(event)
            assert news.payload == {"computer": "pc"}
        preview = await notify(kinds.CONFIG, validate_only=True)
        assert list(preview.computers) == ["pc"] and preview.members_told == 0
        await agent.expect_nothing(after=(computer,))
        for fields, reason in (({"office_id": "none"}, "OFFICE_NOT_FOUND"),
                               ({"computer_name": "none"}, "SESSION_NOT_FOUND"),
                               ({"office_id": ""}, "FIELD_INVALID")):
            with pytest.raises(grpc.RpcError) as error:
                await notify(kinds.CONFIG, **fields)
            assert reason_of(error.value) == reason, fields
        with pytest.raises(grpc.RpcError) as error:
            await notify(kinds.KIND_UNSPECIFIED)
        assert reason_of(error.value) == "FIELD_INVALID"


def test_changes_are_audited(start_gateway, tmp_path):
    audit = tmp_path / "audit.log"
    with Control(start_gateway({"control.audit_file": str(audit)})) as control:
        push(control, "limits: {connections: 50}", reason="for the audit")
        refusal(push, control, "limits: {connections: none}")
        push(control, "limits: {connections: 51}", validate_only=True)
        entries = [yaml.safe_load(line) for line in audit.read_text().splitlines()]
    assert [entry["outcome"] for entry in entries] == ["OK", "INVALID_ARGUMENT"]
    assert entries[0]["method"].endswith("ConfigService.ApplyConfig")
    assert entries[0]["reason"] == "for the audit"
    assert "generation 1" in entries[0]["detail"] and "limits.connections" in entries[0]["detail"]


def test_without_an_audit_file_the_main_log_has_it(start_gateway):
    gateway = start_gateway({"log.level": "off"})
    with Control(gateway) as control:
        push(control, "limits: {connections: 50}", reason="for the audit")
    gateway.stop()
    lines = [line for line in gateway.stderr.splitlines() if " audit info {" in line]
    assert len(lines) == 1 and "for the audit" in lines[0]
