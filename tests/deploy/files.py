"""What the tests of deploy/ share: where the files lie, and the defaults they have to agree with."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
SCHEMA = ROOT / "proto" / "smcp" / "config" / "v1" / "config.proto"

_SECTIONS = {"engineio": "EngineIo", "api_key": "ApiKey"}  # where the message is not just capitalised


def default(key: str) -> str:
    """The default text of a key such as "listen.address", read from the schema."""
    text = SCHEMA.read_text()
    *sections, field = key.split(".")
    for section in sections:
        name = _SECTIONS.get(section, section.capitalize())
        found = re.search(rf"^\s*message {name} \{{", text, re.MULTILINE)
        assert found, f"no section {section} in {SCHEMA.name}"
        text = text[found.end() :]
    rule = re.search(rf"\b{field} = \d+ \[\(key\) = \{{(.*?)\}}\];", text, re.DOTALL)
    assert rule, f"no key {key} in {SCHEMA.name}"
    return re.search(r'default_text:\s*"([^"]*)"', rule.group(1)).group(1)


def default_port(key: str) -> int:
    return int(default(key).rpartition(":")[2])


def seconds(text: str) -> float:
    """`30s`, `300ms`, `2m` as the configuration and the proxies write durations; bare numbers are seconds."""
    number, unit = re.fullmatch(r"([\d.]+)(ms|s|m|h)?", text).groups()
    return float(number) * {"ms": 0.001, "s": 1, None: 1, "m": 60, "h": 3600}[unit]


def drain_seconds() -> float:
    return seconds(default("drain.timeout")) + seconds(default("drain.propagation_delay"))


def key_of_variable(variable: str) -> str:
    """SMCP_LISTEN__ADDRESS is the key listen.address."""
    return variable.removeprefix("SMCP_").replace("__", ".").lower()
