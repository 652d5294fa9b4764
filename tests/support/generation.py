"""What differs between client generations: what they declare, and the shape of refusals.

Tests name a situation ("refused with 404"); the tables 2.0 and 2.1 of the protocol reference,
which turn that into bytes for the generation at hand, live here and nowhere else.
"""

from .peer import Ack
from .sio import dumps

GENERATIONS = ("G1", "G2", "G3", "G4", "G5")
DECLARED = {"G1": None, "G2": "0.2.0", "G3": "0.3.0", "G4": "0.4.0", "G5": "0.5.0"}
TAGS = {"all": GENERATIONS, "G1": ("G1",), "G1-2": GENERATIONS[:2], "G1-4": GENERATIONS[:4],
        "G2+": GENERATIONS[1:], "G2-4": GENERATIONS[1:4], "G3+": GENERATIONS[2:],
        "G4+": GENERATIONS[3:], "G5": ("G5",)}
# Generations 0.1 to 0.4 are served by default, 0.5 only when asked for.
SETTINGS = {"G5": {"protocol.versions": "0.5"}}
EVERY_VERSION = "0.1,0.2,0.3,0.4,0.5"

TOOL_CALL = "client:tool_call"
JOIN = "server:join_office"
LEAVE = "server:leave_office"

# Minimal good payloads of the routed requests beyond agent, req_id and computer (table 2.6).
EXTRA_FIELDS = {
    "client:tool_call": {"tool_name": "echo", "params": {}, "timeout": 30},
    "client:get_tools": {}, "client:get_desktop": {}, "client:get_config": {},
    "client:get_resources": {"mcp_server": "m"},
    "client:get_skills": {}, "client:get_skill": {"name": "s"},
    "client:get_blob": {"blob_handle": "b"},
    "client:put_blob": {"chunk_offset": 0, "eof": True, "blob": "QQ=="},
}
_ROUTED_SINCE = {"client:get_resources": "G2", "client:get_skills": "G2", "client:get_skill": "G2",
                 "client:get_blob": "G2", "client:put_blob": "G4"}


def routed_events(gen: str) -> list[str]:
    number = GENERATIONS.index(gen)
    return [event for event in EXTRA_FIELDS
            if GENERATIONS.index(_ROUTED_SINCE.get(event, "G1")) <= number]


def update_events(gen: str) -> list[str]:
    base = ["update_config", "update_tool_list", "update_desktop"]
    return base + (["update_skills"] if gen != "G1" else [])


def query(gen: str) -> list[tuple[str, str]]:
    declared = DECLARED[gen]
    return [("a2c_version", declared)] if declared else []


def ok_ack(gen: str) -> str:
    """The ack array of a join or leave that succeeded."""
    return "[]" if gen == "G5" else "[true,null]"


def assert_ok(gen: str, ack: Ack) -> None:
    assert ack.text == ok_ack(gen), f"join or leave refused: {ack.text}"


def flat(code: int, message: str, details: dict | None = None) -> str:
    body = {"code": code, "message": message}
    if details is not None:
        body["details"] = details
    return dumps(body)


def error_result(message: str) -> str:
    """How 0.1 clients get a failed tool call: an MCP result that says so."""
    return dumps({"content": [{"type": "text", "text": message}], "isError": True})


def assert_join_refused(gen: str, ack: Ack, code: int, text: str, details: dict | None = None,
                        legacy_text: str | None = None) -> None:
    """A refused join or leave. `text` is the message of both shapes unless the older clients
    are told something else."""
    if gen == "G5":
        assert ack.only["code"] == code, ack.text
        assert ack.only["message"], ack.text
        if details is not None:
            assert ack.text == f"[{flat(code, text, details)}]"
    else:
        assert ack.text == dumps([False, legacy_text or text])


def assert_refused(gen: str, event: str, ack: Ack, code: int, message: str | None = None,
                   details: dict | None = None) -> None:
    """A refused client:* or list_room. Without `message` any text that is not empty will do."""
    assert not ack.attachments
    if gen == "G1" and event == TOOL_CALL:
        text = ack.only["content"][0]["text"]
        assert text and isinstance(text, str), ack.text
        assert ack.text == f"[{error_result(message or text)}]"
        return
    body = ack.only
    assert body["code"] == code and isinstance(body["code"], int), ack.text
    assert isinstance(body["message"], str) and body["message"], ack.text
    assert set(body) <= {"code", "message", "details"}, ack.text
    if message is not None:
        assert ack.text == f"[{flat(code, message, details)}]"


def assert_not_found(gen: str, event: str, ack: Ack, name: str) -> None:
    """The one answer for a Computer that the caller cannot reach, whatever the reason."""
    assert_refused(gen, event, ack, 404, f"Computer with name '{name}' not found",
                   {"computer_name": name})
