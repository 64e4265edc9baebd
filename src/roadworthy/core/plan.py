"""What a test must look like before it can show anything: how many cases, of which kind."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.core.certificate import Risk
from roadworthy.core.need import Need
from roadworthy.core.path import Amount
from roadworthy.core.requirement import Limit, Slice, Tier, Whose
from roadworthy.core.shown import Shown


@dataclass(frozen=True)
class PlannedCell:
    """One requirement on one slice: what it needs, and what is there.

    ``needed`` is how many of ``need.of`` a fresh set must hold; ``cases`` how many cases that is
    at the share seen in open data (None: not known). ``have`` counts them in the set that will
    judge (None: unknown before a model answers).
    """

    requirement: str
    metric: str
    slice: Slice
    tier: Tier
    limit: Limit
    target: float | None
    need: Need
    needed: int | None
    cases: int | None
    have: int | None
    of: Whose = Whose.PRODUCT

    @property
    def enough(self) -> bool | None:
        """Whether the judging set holds what is needed; None: cannot be said."""
        if self.have is None or self.needed is None:
            return None
        return self.have >= self.needed


@dataclass(frozen=True)
class PlannedLook:
    """A group-sequential design: how many hits among how many end the test with PASS."""

    looks: int
    sizes: tuple[int, ...]
    hits: tuple[int | None, ...]
    expected: float
    of: str
    requirement: str


@dataclass(frozen=True)
class PlannedRisk:
    """What it takes to certify one risk of a triage product.

    ``counts`` are pairs of errors and how many ``of`` this kind certify the risk with them;
    ``have`` is what the calibration set holds (None: not known before a model answers). ``audits``
    cleared cases, read by a person without a miss, would show the same of the product at work, at
    ``prevalence`` and a ``cleared`` share (None: no prevalence is known); ``traffic`` is how many
    cases bring so many at the declared share of audits (None: none is declared).
    """

    risk: Risk
    at_most: float
    delta: float
    of: str
    counts: tuple[tuple[int, int], ...]
    have: int | None
    audits: int | None = None
    prevalence: float | None = None
    cleared: float | None = None
    traffic: int | None = None


@dataclass(frozen=True)
class PlannedAudit:
    """What shows one requirement of a product at work, where nobody sees most cleared cases.

    ``audits`` cleared cases, read by a person without a miss; of ``traffic`` cases the product
    clears the share ``cleared``, of which the share ``share`` is audited. ``prevalence`` is that of
    the traffic (None: it does not matter).
    """

    requirement: str
    metric: str
    limit: Limit
    audits: int
    traffic: int
    share: float
    cleared: float
    prevalence: float | None


@dataclass(frozen=True)
class Plan(Shown):
    """The test that would show every requirement at once, with the declared power."""

    product: str
    confidence: float
    power: float
    cells: tuple[PlannedCell, ...]
    cases: int | None
    cost: Amount | None
    judging_set: str
    have: int | None
    looks: tuple[PlannedLook, ...] = ()
    notes: tuple[str, ...] = ()
    certificate: tuple[PlannedRisk, ...] = ()
    audits: tuple[PlannedAudit, ...] = ()

    def __repr__(self) -> str:
        told = "never" if self.never else "?" if self.cases is None else f"{self.cases:,}"
        return f"<Plan of {self.product!r}: cases needed: {told}>"

    @property
    def never(self) -> tuple[PlannedCell, ...]:
        """The gating cells that no test can ever show."""
        return tuple(c for c in self.cells if c.need.never and c.tier is Tier.CRITICAL)
