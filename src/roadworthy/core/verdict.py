"""What the judge says: PASS, FAIL or INCONCLUSIVE, cell by cell and for the product."""

from __future__ import annotations

from dataclasses import dataclass, field

from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import ExitCode
from roadworthy.core.evidence import Evidence, Withheld
from roadworthy.core.need import Need
from roadworthy.core.outcome import Outcome
from roadworthy.core.path import Path
from roadworthy.core.picture import Pictures
from roadworthy.core.requirement import Limit, Slice, Tier, Whose
from roadworthy.core.shown import Shown
from roadworthy.core.subject import Subject
from roadworthy.core.ways import Way

__all__ = ["NOT_YET", "Judgement", "Outcome", "Population", "Verdict"]

NOT_YET = "NOT YET"
"""What a look that tells one bit says where it does not say PASS."""


@dataclass(frozen=True)
class Verdict:
    """One requirement on one slice: the outcome, its evidence, and what more would settle it.

    ``of`` says whose calls it is about. ``hypothetical`` says why the number is no observation but
    what would follow if people acted as assumed; empty for what was observed.
    """

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
    of: Whose = Whose.PRODUCT
    hypothetical: str = ""

    @property
    def word(self) -> str:
        """The outcome in words: where no number is told, no PASS is "not yet"."""
        if not isinstance(self.evidence, Withheld) or self.outcome is Outcome.PASS:
            return str(self.outcome)
        return NOT_YET if self.tier is Tier.CRITICAL else "NOT TOLD"


@dataclass(frozen=True)
class Population:
    """How many cases were judged, and where the others went; None: that is not told.

    ``rejected`` of those ``outside`` are no cases for the product at all; ``turned_away`` are those
    that the scope's rules let in and the guard did not (None: there is no guard).
    """

    cases: int
    units: int | None
    inside: int | None
    referred: int | None
    positives: int | None = None
    outside: tuple[tuple[str, int], ...] = ()
    rejected: int = 0
    turned_away: int | None = None

    @property
    def looked_at(self) -> int:
        """The cases that the scope's rules let in, at which a guard looks."""
        return (self.inside or 0) + (self.turned_away or 0)


@dataclass(frozen=True)
class Judgement(Shown):
    """The answer: every verdict, the worst of the gating ones, and what it was measured on.

    ``pictures`` is what else was counted on the same cases; None: nothing was. A triage product has
    a ``certificate`` too, and is never better than it. ``withheld`` says why no number is told:
    then the outcome is PASS or INCONCLUSIVE, which is "not yet".
    """

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
    pictures: Pictures | None = None
    certificate: Certificate | None = None
    ways: tuple[Way, ...] = ()
    withheld: str = ""

    def __repr__(self) -> str:
        judged_on = f"on {self.set!r}, {self.population.cases:,} cases"
        return f"<Judgement of {self.product!r}: {self.answer} {judged_on}>"

    @property
    def answer(self) -> str:
        """The outcome in words: what rests on people acting as assumed says so beside the word."""
        if self.withheld and self.outcome is not Outcome.PASS:
            return NOT_YET
        return f"{self.outcome}{' (hypothetical)' if self.hypothetical else ''}"

    @property
    def exit_code(self) -> ExitCode:
        """What the shell sees: a PASS that nobody has seen happen is no proof, so it is not 0."""
        if self.outcome is Outcome.PASS and self.hypothetical:
            return ExitCode.INCONCLUSIVE
        return self.outcome.exit_code

    @property
    def hypothetical(self) -> str:
        """Why the outcome rests on what nobody has seen; empty when it does not.

        Only a PASS leans on its hypothetical cells: one cell that was observed to fail is enough,
        and so is a certificate that is missing.
        """
        found = [v.hypothetical for v in self.where(gating=True) if v.hypothetical]
        if self.outcome is Outcome.PASS:
            return found[0] if found else ""
        deciding = [v for v in self.where(gating=True) if v.outcome is self.outcome]
        uncertified = self.certificate is not None and self.certificate.outcome is self.outcome
        leans = not uncertified and all(v.hypothetical for v in deciding)
        return deciding[0].hypothetical if deciding and leans else ""

    def where(self, *, gating: bool) -> tuple[Verdict, ...]:
        """The verdicts that gate the product, or those that are shown only."""
        return tuple(v for v in self.verdicts if (v.tier is Tier.CRITICAL) is gating)
