"""deploy/smcp-gateway.service: sandboxed, drains, and starts the gateway the way it says."""

import os
import shutil
import subprocess
from collections import defaultdict

import pytest

from deploy.files import DEPLOY, default, drain_seconds, key_of_variable, seconds
from support.process import binary

UNIT = DEPLOY / "smcp-gateway.service"
PROGRAM = "/usr/local/bin/smcp-gateway"
CONFIG = "/etc/smcp-gateway/config.yaml"
EXPOSURE_MAX = 15  # of 100, as systemd-analyze rates it; an unconfined service has 96

HARDENING = {
    "CapabilityBoundingSet": "", "DynamicUser": "yes", "LimitNOFILE": "1048576",
    "MemoryDenyWriteExecute": "yes", "NoNewPrivileges": "yes", "PrivateDevices": "yes",
    "PrivateTmp": "yes", "ProtectHome": "yes", "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes", "ProtectKernelTunables": "yes", "ProtectSystem": "strict",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "KillMode": "mixed",
}  # fmt: skip


def unit() -> dict[str, list[str]]:
    """The directives of [Service]; one may be given several times."""
    service, section = defaultdict(list), ""
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and not line.startswith("#") and section == "Service":
            name, _, value = line.partition("=")
            service[name].append(value)
    return service


@pytest.mark.parametrize("name", HARDENING)
def test_is_confined(name):
    assert unit()[name] == [HARDENING[name]]


def test_system_calls_are_a_list_of_allowed_ones():
    assert unit()["SystemCallFilter"][0] == "@system-service"
    assert unit()["SystemCallFilter"][1].startswith("~@privileged")


def test_stop_waits_longer_than_a_drain():
    assert seconds(unit()["TimeoutStopSec"][0]) > drain_seconds()


def test_secret_comes_as_a_credential():
    credential = unit()["LoadCredential"][0].partition(":")[0]
    variable, _, value = unit()["Environment"][0].partition("=")
    assert value == f"%d/{credential}"
    assert default(key_of_variable(variable)) == ""  # the key exists


def test_configuration_is_checked_before_the_start():
    assert unit()["ExecStartPre"] == [unit()["ExecStart"][0] + " --check"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_accepts_it(tmp_path):
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace(PROGRAM, shutil.which("true")))
    verify = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, check=False
    )
    # Complaints about other units of this machine are not ours.
    about_us = [line for line in verify.stderr.splitlines() if UNIT.name in line]
    assert not about_us, verify.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_rates_it_as_confined():
    rating = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", UNIT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert rating.returncode == 0, rating.stdout + rating.stderr


@pytest.mark.parametrize(("secret", "code"), [("s3cret\n", 0), (None, 2)])
def test_start_command_takes_the_example_configuration(tmp_path, secret, code):
    if secret is not None:
        (tmp_path / "admin_secret").write_text(secret)
    variable, _, value = unit()["Environment"][0].partition("=")
    example = str(DEPLOY / "config.example.yaml")
    command = [
        {PROGRAM: binary("smcp-gateway"), CONFIG: example}.get(word, word)
        for word in unit()["ExecStartPre"][0].split()
    ]
    environment = {**os.environ, variable: value.replace("%d", str(tmp_path))}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
