"""What the judge says: PASS, FAIL or INCONCLUSIVE, cell by cell and for the product."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from roadworthy.core.errors import ExitCode
from roadworthy.core.evidence import Evidence
from roadworthy.core.need import Need
from roadworthy.core.path import Path
from roadworthy.core.requirement import Limit, Slice, Tier
from roadworthy.core.subject import Subject


class Outcome(StrEnum):
    """PASS < INCONCLUSIVE < FAIL: the worst gating cell is the product's."""

    PASS = "PASS"
    INCONCLUSIVE = "INCONCLUSIVE"
    FAIL = "FAIL"

    @property
    def severity(self) -> int:
        return list(Outcome).index(self)

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode[self.name]

    @staticmethod
    def worst(outcomes: Iterable[Outcome]) -> Outcome:
        """The worst of them; of nothing, INCONCLUSIVE: no evidence is never a PASS."""
        return max(outcomes, key=lambda o: o.severity, default=Outcome.INCONCLUSIVE)


@dataclass(frozen=True)
class Verdict:
    """One requirement on one slice: the outcome, its evidence, and what more would settle it."""

    requirement: str
    metric: str
    slice: Slice
    tier: Tier
    limit: Limit
    outcome: Outcome
    evidence: Evidence
    confidence: float
    effective_confidence: float
    reason: str
    need: Need | None = None
    target: float | None = None


@dataclass(frozen=True)
class Population:
    """How many cases were judged, and where the others went.

    ``rejected`` of those ``outside`` are no cases for the product at all; ``turned_away`` are those
    that the scope's rules let in and the guard did not (None: there is no guard).
    """

    cases: int
    units: int | None
    inside: int
    referred: int
    positives: int | None = None
    outside: tuple[tuple[str, int], ...] = ()
    rejected: int = 0
    turned_away: int | None = None

    @property
    def looked_at(self) -> int:
        """The cases that the scope's rules let in, at which a guard looks."""
        return self.inside + (self.turned_away or 0)


@dataclass(frozen=True)
class Judgement:
    """The answer: every verdict, the worst of the gating ones, and what it was measured on."""

    product: str
    outcome: Outcome
    set: str
    subject: Subject
    version: str
    verdicts: tuple[Verdict, ...]
    population: Population
    fingerprints: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()

    def where(self, *, gating: bool) -> tuple[Verdict, ...]:
        """The verdicts that gate the product, or those that are shown only."""
        return tuple(v for v in self.verdicts if (v.tier is Tier.CRITICAL) is gating)
