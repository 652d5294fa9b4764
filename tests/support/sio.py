"""Socket.IO v5 packets as text, with the raw JSON of every argument kept.

"Unchanged" is a promise about bytes, so arguments are cut out of the packet and never printed
again from parsed values.
"""

import json
import re
from dataclasses import dataclass, field

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK = range(7)
_HEAD = re.compile(r"([0-6])(?:(\d+)-)?(?:(/[^,]*),)?(\d+)?(.*)", re.S)
_DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"


class Raw(str):
    """JSON text to be sent as it is."""


def dumps(value) -> str:
    """Compact JSON, the form both reference implementations send; `Raw` passes through."""
    if isinstance(value, Raw):
        return str(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def dump_args(args) -> str:
    return "[" + ",".join(map(dumps, args)) + "]"


def split_array(text: str) -> list[str]:
    """The raw text of each element of a JSON array."""
    assert text.startswith("["), f"not an array: {text[:80]!r}"
    parts, at = [], 1
    while True:
        while text[at] in _BLANK:
            at += 1
        if text[at] == "]":
            return parts
        if text[at] == ",":
            at += 1
            while text[at] in _BLANK:
                at += 1
        _, end = _DECODER.raw_decode(text, at)
        parts.append(text[at:end])
        at = end


@dataclass
class Packet:
    type: int
    namespace: str = "/"
    ack_id: int | None = None
    data: str = ""  # raw JSON text behind the head
    attachments_due: int = 0
    attachments: list[bytes] = field(default_factory=list)

    @property
    def raw_args(self) -> list[str]:
        return split_array(self.data)

    @property
    def args(self) -> list:
        return json.loads(self.data)


def parse(text: str) -> Packet:
    """`text` is the data of an Engine.IO message packet, without its leading 4."""
    match = _HEAD.fullmatch(text)
    assert match, f"not a Socket.IO packet: {text[:80]!r}"
    kind, count, namespace, ack_id, data = match.groups()
    return Packet(int(kind), namespace or "/", None if ack_id is None else int(ack_id), data,
                  int(count or 0))


def encode(kind: int, namespace: str, data: str = "", ack_id: int | None = None,
           attachments: int | None = None) -> str:
    """An Engine.IO message packet."""
    count = "" if attachments is None else f"{attachments}-"
    place = "" if namespace == "/" else f"{namespace},"
    return f"4{kind}{count}{place}{'' if ack_id is None else ack_id}{data}"
