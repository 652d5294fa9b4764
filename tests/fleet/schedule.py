"""What each client of the fleet does and when: a function of the seed and the client's number alone.

Nothing that happens in a run changes a schedule. Where a step depends on the state of its client
(the name of a Computer in "the office I am in"), it carries the numbers from which the client finds
it.
"""

import random
from dataclasses import dataclass, replace

GENERATIONS = ("G1", "G2", "G3", "G4")
OFFICES = 200
# Names are few, so that they collide: within an office (refused) and over offices (kept apart).
NAMES = 4
ANCHOR, NOBODY = NAMES, NAMES + 1

# How a Computer answers a call that says so.
BEHAVIOURS = (("object", 50), ("two", 8), ("none", 5), ("binary", 8), ("error", 8), ("slow", 12),
              ("twice", 6), ("silent", 3))  # fmt: skip
WAYS_OUT = ("abort", "close", "namespace", "engine")

AGENT_VERBS = (("call", 52), ("burst", 4), ("cancel", 9), ("list", 6), ("list_other", 3),
               ("leave", 3), ("join", 5), ("join_and_call", 4), ("rejoin", 2), ("rename", 2),
               ("intrude", 4), ("drop", 3), ("unknown", 2), ("wrong_role", 1))  # fmt: skip
COMPUTER_VERBS = (("update", 22), ("join", 24), ("leave", 4), ("rename", 7), ("rejoin", 3),
                  ("list", 7), ("list_other", 3), ("intrude", 8), ("drop", 7), ("unknown", 3),
                  ("wrong_role", 5))  # fmt: skip
ANCHOR_VERBS = (("update", 60), ("list", 20), ("rejoin", 10), ("list_other", 10))


@dataclass(frozen=True)
class Office:
    number: int
    held: bool  # an anchor of its generation is in it from the start to the end

    @property
    def id(self) -> str:
        return f"fleet-{self.number}"

    @property
    def gen(self) -> str:
        return GENERATIONS[self.number % len(GENERATIONS)]


@dataclass(frozen=True)
class Step:
    at: float  # seconds after the start
    verb: str
    office: int  # a number of an office; what for is the verb's business
    name: int  # 0 to NAMES - 1; for targets also ANCHOR and NOBODY
    plain: bool  # a name that other offices use too, or one that names its office
    behaviour: str
    way: str
    dice: float  # 0 to 1, for choices among things that the client finds


@dataclass(frozen=True)
class Script:
    number: int
    gen: str
    role: str
    home: int
    anchor: bool
    steps: tuple[Step, ...]


def offices() -> list[Office]:
    return [Office(number, number % 8 < 4) for number in range(OFFICES)]


def _pick(rng: random.Random, weighted) -> str:
    return rng.choices([word for word, _ in weighted], [weight for _, weight in weighted])[0]


def _office_for(rng: random.Random, verb: str, home: int) -> int:
    """Home, one of the same generation, or (to intrude) one of another that is usually held."""
    kinds = len(GENERATIONS)
    if verb == "intrude":
        number = rng.randrange(OFFICES // 8) * 8 + rng.randrange(kinds)
        if number % kinds == home % kinds:
            number += 1 if home % kinds < kinds - 1 else -1
        return number if rng.random() < 0.8 else number + kinds
    if rng.random() < 0.5:
        return home
    return rng.randrange(OFFICES // kinds) * kinds + home % kinds


def _step(rng: random.Random, at: float, verb: str, home: int) -> Step:
    office, name, plain = _office_for(rng, verb, home), rng.randrange(NAMES + 2), rng.random() < 0.3
    return Step(at, verb, office, name, plain, _pick(rng, BEHAVIOURS), rng.choice(WAYS_OUT),
                rng.random())  # fmt: skip


def _steps(rng: random.Random, verbs, home: int, seconds: float, gap: float):
    at = rng.uniform(0.0, min(2.0, seconds / 4))
    yield replace(_step(rng, at, "join", home), office=home)
    while True:
        at += rng.expovariate(1.0 / gap)
        if at >= seconds:
            return
        verb = _pick(rng, verbs)
        yield _step(rng, at, verb, home)
        if verb == "drop" or (verb == "leave" and rng.random() < 0.7):
            at += rng.expovariate(1.0 / gap)
            yield _step(rng, at, "join", home)


def script(seed: int, number: int, role: str, home: Office, anchor: bool, seconds: float,
           gap: float) -> Script:  # fmt: skip
    rng = random.Random(f"{seed}/{number}")
    verbs = AGENT_VERBS if role == "agent" else ANCHOR_VERBS if anchor else COMPUTER_VERBS
    # An anchor speaks less: it is there to be called, and to keep its office.
    steps = tuple(_steps(rng, verbs, home.number, seconds, gap * (4 if anchor else 1)))
    return Script(number, home.gen, role, home.number, anchor, steps)


def fleet(seed: int, seconds: float, gap: float) -> list[Script]:
    """An Agent and two Computers for each office, and an anchor for every second one."""
    scripts: list[Script] = []
    for office in offices():
        crew = [("agent", False), ("computer", False), ("computer", False)]
        for role, anchor in crew + ([("computer", True)] if office.held else []):
            scripts.append(script(seed, len(scripts), role, office, anchor, seconds, gap))
    return scripts
