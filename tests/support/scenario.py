"""Marks a test as a scenario of section 7 of the protocol reference."""

from dataclasses import dataclass, field

from .generation import TAGS

# The scenarios that matter most also run over long-polling.
BOTH = ("ws", "polling")

# The tag of every scenario as the reference gives it: the generations it must hold for.
_REFERENCE = """
    1-3 G1, 4-11 G2+, 12-14 all, 15 G1, 16 G1-2, 17 G3+, 18-22 all,
    23 G1-4, 24 G5, 25-28 all, 29 G1-4, 30 G5, 31 G1-4, 32 G5, 33-34 all, 35-36 G1-4, 37 G5,
    38-39 all, 40 G1-4, 41-42 all, 43 G5, 44 all, 45 G5, 46-48 G1-4, 49-53 all, 54 G2+,
    55 G1-4, 56 G5, 57-66 all, 67-68 all, 69 G1, 70 G2+, 71-85 all, 86 G2+, 87 all,
    88-94 all, 95 all, 96 G2+, 97-98 all, 99-104 all
"""


def _reference_tags() -> dict[int, str]:
    tags = {}
    for entry in _REFERENCE.split(","):
        numbers, tag = entry.split()
        first, _, last = numbers.partition("-")
        for number in range(int(first), int(last or first) + 1):
            assert number not in tags, number
            tags[number] = tag
    return tags


REFERENCE_TAGS = _reference_tags()


def covered(number: int) -> tuple[str, ...]:
    """The generations that scenario `number` must be run for."""
    return TAGS[REFERENCE_TAGS[number]]


@dataclass
class Scenario:
    number: int
    generations: tuple[str, ...]
    transports: tuple[str, ...] = ("ws",)
    settings: dict = field(default_factory=dict)


def scenario(number: int, tag: str, transports: tuple[str, ...] = ("ws",), **settings):
    """`tag`: the generations this test is for, which may be more or fewer than the scenario's.
    `settings` name gateway keys with a double underscore for the dot."""
    keys = {key.replace("__", "."): value for key, value in settings.items()}

    def mark(function):
        assert f"_{number:03d}_" in function.__name__, f"{function.__name__} is not {number}"
        function.scenario = Scenario(number, TAGS[tag], transports, keys)
        return function

    return mark
