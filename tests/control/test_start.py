"""Where the control interface may be opened, and what is said about it."""

import hashlib
import subprocess

import grpc
import pytest

from support.control import Control, reason_of
from support.deadlines import scaled
from support.gateway import BASE_SETTINGS, set_arguments
from support.process import binary, clean_environment

TOKEN = "an-admins-token-77"
TOKENS = f"ops:admin:sha256={hashlib.sha256(TOKEN.encode()).hexdigest()}"


def refused(settings: dict, *flags: str) -> str:
    arguments = set_arguments({**BASE_SETTINGS, **settings})
    lines = []
    for extra in ([], ["--check"]):
        done = subprocess.run([binary("smcp-gateway"), *arguments, *flags, *extra],
                              capture_output=True, text=True, timeout=scaled(10.0), check=False,
                              env=clean_environment(), stdin=subprocess.DEVNULL)
        assert done.returncode == 2, (done.stdout, done.stderr)
        assert len(done.stderr.splitlines()) == 1, done.stderr
        lines.append(done.stderr)
    assert lines[0] == lines[1]
    return lines[0]


def certificate(folder, name: str = "localhost") -> dict[str, str]:
    files = {"cert": str(folder / "cert.pem"), "key": str(folder / "key.pem")}
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name}", "-keyout", files["key"],
                    "-out", files["cert"]], check=True, capture_output=True)
    return files


def test_on_loopback_without_credentials_everybody_is_admin_and_that_is_said(start_gateway):
    gateway = start_gateway()
    assert gateway.stderr.count("is an administrator") == 1
    with Control(gateway) as control:
        control.config.ApplyConfig(control.pb.ApplyConfigRequest(
            document=control.pb.ConfigDocument(yaml=""), any_base=True))


def test_other_addresses_need_tls_or_the_flag(start_gateway, tmp_path):
    everywhere = {"control.address": "0.0.0.0:0"}
    line = refused(everywhere)
    assert "control.address" in line and "0.0.0.0:0" in line and "--insecure" in line
    refused({**everywhere, "control.tokens": TOKENS})
    made = certificate(tmp_path)
    tls = {"control.tls.cert_file": made["cert"], "control.tls.key_file": made["key"]}
    assert "credential" in refused({**everywhere, **tls})
    gateway = start_gateway({**everywhere, "control.insecure": "true", "control.tokens": TOKENS})
    assert "clear text" in gateway.stderr
    with Control(gateway, token=TOKEN, address="127.0.0.1:%d" % gateway.control[1]) as control:
        control.node.GetNode(control.pb.GetNodeRequest())


def test_tls_with_a_token(start_gateway, tmp_path):
    made = certificate(tmp_path)
    gateway = start_gateway({"control.tls.cert_file": made["cert"],
                             "control.tls.key_file": made["key"], "control.tokens": TOKENS})
    trust = grpc.ssl_channel_credentials((tmp_path / "cert.pem").read_bytes())
    address = "localhost:%d" % gateway.control[1]
    with Control(gateway, TOKEN, trust, address) as control:
        control.node.GetNode(control.pb.GetNodeRequest())
    for token, reason in ((None, "CREDENTIAL_REQUIRED"), ("wrong", "CREDENTIAL_INVALID")):
        with Control(gateway, token, trust, address) as control:
            with pytest.raises(grpc.RpcError) as error:
                control.node.GetNode(control.pb.GetNodeRequest())
            assert reason_of(error.value) == reason
    assert TOKEN not in gateway.stdout + gateway.stderr


def test_a_client_certificate_has_the_role_of_its_name(start_gateway, tmp_path):
    for name in ("server", "client"):
        (tmp_path / name).mkdir()
    server = certificate(tmp_path / "server")
    client = certificate(tmp_path / "client", "ops.example.org")
    settings = {"control.tls.cert_file": server["cert"], "control.tls.key_file": server["key"],
                "control.tls.client_ca_file": client["cert"]}
    assert "control.san_roles" in refused(settings)
    gateway = start_gateway({**settings, "control.san_roles": "*.example.org=viewer"})
    read = (tmp_path / "client").joinpath
    trust = grpc.ssl_channel_credentials((tmp_path / "server" / "cert.pem").read_bytes(),
                                         read("key.pem").read_bytes(),
                                         read("cert.pem").read_bytes())
    with Control(gateway, None, trust, "localhost:%d" % gateway.control[1]) as control:
        control.node.GetNode(control.pb.GetNodeRequest())
        with pytest.raises(grpc.RpcError) as error:
            control.node.UndrainNode(control.pb.UndrainNodeRequest())
        assert reason_of(error.value) == "ROLE_REQUIRED"


@pytest.mark.parametrize("settings, word", [
    ({"control.tokens": "ops:admin:geheim-11"}, "control.tokens"),
    ({"control.tokens": "ops:admin:file=/no/such/file"}, "/no/such/file"),
    ({"control.tls.cert_file": "/no/such/file"}, "control.tls"),
    ({"control.tls.cert_file": "/no/such/c", "control.tls.key_file": "/no/such/k"}, "/no/such/c"),
    ({"control.san_roles": "x=admin"}, "control.san_roles"),
    ({"control.san_roles": "x=root"}, "control.san_roles"),
    ({"control.reflection": "perhaps"}, "control.reflection"),
])
def test_a_wrong_setting_is_one_line(settings, word):
    line = refused(settings)
    assert word in line and "geheim" not in line


def test_the_interface_can_be_off(start_gateway):
    gateway = start_gateway({"control.address": ""})
    assert gateway.control is None and "control=off" in gateway.stdout


def test_a_busy_port_is_one_line(start_gateway):
    taken = "%s:%d" % start_gateway().control
    done = subprocess.run(
        [binary("smcp-gateway"), *set_arguments({**BASE_SETTINGS, "control.address": taken})],
        capture_output=True, text=True, timeout=scaled(10.0), env=clean_environment(), check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert taken in line and "control.address" in line
