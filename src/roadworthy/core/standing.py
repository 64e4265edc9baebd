"""How near to yes a set of verdicts is: what lets two policies or scopes be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from roadworthy.core.evidence import Measured
from roadworthy.core.requirement import Tier
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


def standing(verdicts: Sequence[Verdict]) -> Standing:
    """The standing of the gating verdicts."""
    gating = [verdict for verdict in verdicts if verdict.tier is Tier.CRITICAL]
    p = [v.evidence.p_pass if isinstance(v.evidence, Measured) else 1.0 for v in gating]
    return Standing(
        missed=sum(not _met(verdict) for verdict in gating),
        open=sum(verdict.outcome is not Outcome.PASS for verdict in gating),
        worst=max(p, default=1.0),
        sum=sum(p),
    )


def _met(verdict: Verdict) -> bool:
    found = verdict.evidence
    return isinstance(found, Measured) and verdict.limit.met_by(found.estimate)
