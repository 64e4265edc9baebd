"""How near to yes a set of verdicts is: what lets two policies or scopes be compared."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.requirement import Slice, Tier
from roadworthy.core.verdict import Outcome, Verdict


@dataclass(frozen=True, order=True)
class Standing:
    """Less is nearer, in this order.

    ``missed`` gating cells were not measured, or their very estimate misses the limit; ``open``
    ones are no PASS; ``worst`` is the largest p-value against PASS, ``sum`` all of them together.
    """

    missed: int
    open: int
    worst: float
    sum: float

    @property
    def settled(self) -> bool:
        """Whether every gating cell is a PASS."""
        return self.open == 0

    def meets_more_than(self, other: Standing) -> bool:
        """Whether more cells are shown, or more estimates meet their limits, and neither fewer."""
        fewer = self.missed < other.missed or self.open < other.open
        return fewer and self.missed <= other.missed and self.open <= other.open


Cell: TypeAlias = tuple[str, Slice]


def out_of_reach(verdicts: Iterable[Verdict]) -> frozenset[Cell]:
    """The cells that no other policy or scope can help: not measured, or never to be shown."""
    return frozenset(
        (verdict.requirement, verdict.slice)
        for verdict in verdicts
        if isinstance(verdict.evidence, NotMeasured) or (verdict.need and verdict.need.never)
    )


def standing(verdicts: Sequence[Verdict], apart: Collection[Cell] = ()) -> Standing:
    """The standing of the gating verdicts.

    Those of ``apart`` count only where they PASS now, or where their estimate misses the limit: no
    change may sacrifice what merely cannot be shown yet.
    """
    gating = [
        verdict
        for verdict in verdicts
        if verdict.tier is Tier.CRITICAL
        and ((verdict.requirement, verdict.slice) not in apart or _tells(verdict))
    ]
    p = [v.evidence.p_pass if isinstance(v.evidence, Measured) else 1.0 for v in gating]
    return Standing(
        missed=sum(not _met(verdict) for verdict in gating),
        open=sum(verdict.outcome is not Outcome.PASS for verdict in gating),
        worst=max(p, default=1.0),
        sum=sum(p),
    )


def _tells(verdict: Verdict) -> bool:
    measured = isinstance(verdict.evidence, Measured)
    return measured and (verdict.outcome is Outcome.PASS or not _met(verdict))


def _met(verdict: Verdict) -> bool:
    found = verdict.evidence
    return isinstance(found, Measured) and verdict.limit.met_by(found.estimate)
