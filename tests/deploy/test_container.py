"""deploy/Dockerfile and deploy/compose.yaml, as far as they can be proved without a container."""

import json
import os
import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from deploy.files import DEPLOY, ROOT, default, default_port, drain_seconds, key_of_variable, seconds
from support.gateway import Gateway
from support.process import binary

DOCKERFILE = DEPLOY / "Dockerfile"
COMPOSE = DEPLOY / "compose.yaml"
IN_THE_BASE_IMAGE = {"libc6", "libgcc-s1", "libstdc++6", "zlib1g"}


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage: (INSTRUCTION, arguments)."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
    found: list[list[tuple[str, str]]] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            if word == "FROM":
                found.append([])
            found[-1].append((word, rest.strip()))
    return found


def arguments(word: str) -> list[str]:
    """Of the last stage, the one that runs."""
    return [rest for name, rest in stages()[-1] if name == word]


def compose() -> dict:
    return yaml.safe_load(COMPOSE.read_text())["services"]["gateway"]


def health_command() -> list[str]:
    return json.loads(arguments("HEALTHCHECK")[0].partition("CMD ")[2])


def test_image_is_built_from_one_debian_and_runs_on_its_slim_form():
    first, last = (stage[0][1] for stage in stages())
    assert first == "debian:12 AS build"
    assert last == "debian:12-slim"


def test_build_context_holds_what_the_build_reads():
    let_in = re.findall(r"^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    named = set(re.findall(r"add_subdirectory\((\w+)\)", (ROOT / "CMakeLists.txt").read_text()))
    assert {"dev", "CMakeLists.txt", "CMakePresets.json"} | (named - {"tests"}) <= set(let_in)
    copied = [rest.split()[0] for stage in stages() for word, rest in stage if word == "COPY"]
    for source in copied:
        assert source == "." or source.startswith("--from=") or source in let_in


def test_runs_as_a_numbered_user_that_is_not_root():
    assert arguments("USER")[-1] == "65532:65532"
    names = [word for word, _ in stages()[-1]]
    assert names.index("USER") < names.index("ENTRYPOINT")


def test_ports_are_those_of_the_configuration():
    port = default_port("listen.address")
    assert arguments("EXPOSE") == [str(port)]
    assert f"SMCP_LISTEN__ADDRESS=0.0.0.0:{port}" in arguments("ENV")
    assert f"/dev/tcp/127.0.0.1/{default_port('admin.address')} " in health_command()[2]
    assert compose()["ports"] == [f"{port}:{port}"]


def test_environment_variables_are_keys():
    variables = [rest.partition("=")[0] for rest in arguments("ENV")] + list(compose()["environment"])
    for variable in variables:
        default(key_of_variable(variable))  # fails on a key that the schema does not have


def test_compose_secret_is_a_file_and_where_the_gateway_looks():
    (secret,) = compose()["secrets"]
    assert yaml.safe_load(COMPOSE.read_text())["secrets"][secret]["file"]
    where = compose()["environment"]["SMCP_AUTH__API_KEY__ADMIN_SECRET_FILE"]
    assert where == f"/run/secrets/{secret}"


def test_compose_builds_this_dockerfile():
    build = compose()["build"]
    context = (DEPLOY / build["context"]).resolve()
    assert context == ROOT
    assert context / build["dockerfile"] == DOCKERFILE


def test_compose_confines_and_waits_for_the_drain():
    service = compose()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert seconds(service["stop_grace_period"]) > drain_seconds()


@pytest.mark.skipif(
    bool(os.environ.get("SMCP_SANITIZER")), reason="the image holds a release build, not this one"
)
@pytest.mark.skipif(not shutil.which("dpkg"), reason="package names are Debian's")
def test_image_installs_the_libraries_that_the_program_needs_and_no_others():
    linked = subprocess.run(
        ["readelf", "-d", binary("smcp-gateway")], capture_output=True, text=True, check=True
    ).stdout
    needed = set()
    for library in re.findall(r"\(NEEDED\).*\[(\S+)\]", linked):
        owners = subprocess.run(
            ["dpkg", "-S", f"*/{library}"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        # A machine may have the libraries of other architectures beside its own.
        own = [line for line in owners if not re.search(r"/lib(x?32)/", line)]
        needed.add(re.split("[:,]", own[0])[0])
    installed = arguments("RUN")[0].partition("--no-install-recommends")[2].partition("&&")[0]
    assert set(shlex.split(installed)) == needed - IN_THE_BASE_IMAGE


def test_health_command_says_yes_to_a_ready_gateway_and_no_to_none():
    gateway = Gateway.start()
    try:
        host, port = gateway.admin
        assert host == "127.0.0.1"
        shell, option, script = health_command()
        script = script.replace(f"/{default_port('admin.address')} ", f"/{port} ")
        asked = subprocess.run(
            [shell, option, script], capture_output=True, text=True, timeout=30, check=False
        )
        assert asked.returncode == 0, asked.stderr
        missing = script.replace("/readyz", "/no-such-page")
        assert subprocess.run([shell, option, missing], timeout=30, check=False).returncode != 0
    finally:
        gateway.stop()
    gone = subprocess.run([shell, option, script], stderr=subprocess.DEVNULL, timeout=30, check=False)
    assert gone.returncode != 0
