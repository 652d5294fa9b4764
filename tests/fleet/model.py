"""What is known of the whole fleet, and which outcomes its random history allows.

All clients live in one event loop, so "before" and "after" are facts here. A claim is a seat that a
client holds or may hold: from the moment its join is sent until its end is certain. A refusal must
have a claim that explains it; a success must not meet another client's certain seat.
"""

import collections
import math
import time
from dataclasses import dataclass, field

from support.deadlines import scaled

from fleet.schedule import Office, offices

# How long the gateway may take to notice that a connection is gone.
ZOMBIE_SECONDS = scaled(20.0)
PROBLEMS_SHOWN = 20


@dataclass(eq=False)
class Claim:
    owner: object
    office: str
    role: str
    name: str
    gen: str
    sent_at: float
    acked: bool = False
    departing: bool = False  # something is on its way that may end it
    moves: int = 0  # how often that was so
    settled_at: float = math.inf  # the whole office has heard of it
    until: float = math.inf

    @property
    def certain(self) -> bool:
        return self.acked and not self.departing and self.until == math.inf


@dataclass(eq=False)
class Call:
    """One `client:*` request of an Agent in an office, and what may come of it."""

    nonce: str
    event: str
    office: str
    computer: str
    behaviour: str
    text: str  # the array as it was sent
    sent_at: float
    limit: float  # seconds until the gateway may say 408
    target: Claim | None = None  # a seat that the gateway must find as long as it is not moved
    target_moves: int = 0
    server: object = None  # the wire of the Computer that got it
    answer: tuple[str, list[bytes]] | None = None  # what that Computer sent
    outcome: str = ""


@dataclass
class Totals:
    did: collections.Counter = field(default_factory=collections.Counter)
    problems: list[str] = field(default_factory=list)
    problem_count: int = 0


class Model:
    def __init__(self):
        self.offices: dict[str, Office] = {office.id: office for office in offices()}
        self.claims: dict[str, list[Claim]] = {office: [] for office in self.offices}
        self.calls: dict[str, Call] = {}
        self.totals = Totals()

    def wrong(self, what: str) -> None:
        self.totals.problem_count += 1
        if len(self.totals.problems) < PROBLEMS_SHOWN:
            self.totals.problems.append(what)

    def count(self, what: str) -> None:
        self.totals.did[what] += 1

    # -- seats ----------------------------------------------------------------------------------

    def claim(self, owner, office: str, role: str, name: str, gen: str) -> Claim:
        now = time.monotonic()
        known = self.claims[office]
        known[:] = [claim for claim in known if claim.until >= now - ZOMBIE_SECONDS]
        known.append(Claim(owner, office, role, name, gen, now))
        return known[-1]

    def release(self, claim: Claim) -> None:
        claim.until = time.monotonic()

    def depart(self, claim: Claim) -> None:
        claim.departing = True
        claim.moves += 1

    def abandon(self, claim: Claim) -> None:
        """Its connection was cut: it ends when the gateway notices."""
        self.depart(claim)
        claim.until = time.monotonic() + ZOMBIE_SECONDS

    def others(self, claim: Claim) -> list[Claim]:
        """Claims of others in the same office that may have been there since `claim` was sent."""
        return [other for other in self.claims[claim.office]
                if other.owner is not claim.owner and other.until >= claim.sent_at]

    def explains_refusal(self, claim: Claim, text: str, elsewhere: bool) -> bool:
        others = self.others(claim)
        if text == "Protocol version mismatch":
            return any(other.gen != claim.gen for other in others)
        if text == "Room already has an agent":
            return claim.role == "agent" and any(other.role == "agent" for other in others)
        if text == "Agent already in another room":
            return claim.role == "agent" and elsewhere
        if text == f"Computer with name '{claim.name}' already exists in room '{claim.office}'":
            return claim.role == "computer" and any(
                (other.role, other.name) == (claim.role, claim.name) for other in others)
        return False

    def must_refuse(self, claim: Claim) -> str:
        """Why a join that succeeded must not have: "" if nothing speaks against it."""
        for other in self.others(claim):
            if not other.certain:
                continue
            if other.gen != claim.gen:
                return f"{other.gen} is in the office"
            if other.role == claim.role and (claim.role == "agent" or other.name == claim.name):
                return f"{other.role} {other.name} is in the office"
        return ""

    def certain(self, office: str) -> list[Claim]:
        return [claim for claim in self.claims[office] if claim.certain]

    def seat(self, office: str, role: str, name: str) -> Claim | None:
        for claim in self.certain(office):
            if (claim.role, claim.name) == (role, name):
                return claim
        return None

    # -- calls ----------------------------------------------------------------------------------

    def may_be_404(self, call: Call) -> bool:
        if call.server is not None and not call.server.is_cut:
            return False  # the Computer has it and is connected: the call runs to its end
        target = call.target
        return target is None or target.departing or target.moves != call.target_moves

    def may_be_408(self, call: Call, now: float) -> bool:
        # The gateway counts in whole milliseconds, so its clock may be one ahead of itself.
        return now - call.sent_at >= call.limit - 0.001
