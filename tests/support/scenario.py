"""Marks a test as a scenario of section 7 of the protocol reference."""

from dataclasses import dataclass, field

from .generation import active

# The scenarios that matter most also run over long-polling.
BOTH = ("ws", "polling")


@dataclass
class Scenario:
    number: int
    tag: str
    generations: list[str]
    transports: tuple[str, ...] = ("ws",)
    settings: dict = field(default_factory=dict)


def scenario(number: int, tag: str, transports: tuple[str, ...] = ("ws",), **settings):
    """`settings` name gateway keys with a double underscore for the dot."""
    keys = {key.replace("__", "."): value for key, value in settings.items()}

    def mark(function):
        assert f"_{number:03d}_" in function.__name__, f"{function.__name__} is not {number}"
        function.scenario = Scenario(number, tag, active(tag), transports, keys)
        return function

    return mark
