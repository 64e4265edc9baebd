"""A metric under a verification design: the same limit, from cases whose truth was drawn for.

It stands in for the instrument itself, so that gathering, judging and planning need not know. Only
what counts hits among cases has an exact bound here; everything else that reads the truth is not
measured: a number from the verified cases alone would flatter the product.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Instrument, Statistic
from roadworthy.core.need import Need
from roadworthy.core.requirement import Requirement, Whose
from roadworthy.stats.gathered import Share
from roadworthy.stats.verified_share import DesignedShare, DesignedTally


class UnderDesign:
    """An instrument where truth is known by a declared verification design."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.about: About = instrument.about
        self.parameters: type[Any] = instrument.parameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """The instrument's own, each share of the truth by design; none where no bound is known."""
        own = self.instrument.statistics(requirement)
        if self._why_not(requirement, own):
            return {}
        return {
            name: DesignedShare(one) if isinstance(one, Share) and reads_truth(one) else one
            for name, one in own.items()
        }

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Evidence by design, or why there is none."""
        why = self._why_not(requirement, self.instrument.statistics(requirement))
        if why:
            return NotMeasured(why)
        told = [tally for tally in gathered.values() if isinstance(tally, DesignedTally)]
        if told and regime.anytime:
            return NotMeasured("no bound under a verification design is known that is anytime")
        problem = next((tally.problem for tally in told if tally.problem), "")
        if problem:
            return NotMeasured(problem)
        return self.instrument.measure(requirement, gathered, regime)

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """The kind alone where truth is read: how many it takes hangs on how they are drawn.

        ``workflow.plan_audits`` tells that, of the traffic at work.
        """
        found = self.instrument.need(requirement, seen, regime, power)
        reading = map(reads_truth, self.instrument.statistics(requirement).values())
        return Need(found.of, never=found.never) if any(reading) else found

    def _why_not(
        self, requirement: Requirement[Any], own: Mapping[str, Statistic[Any]]
    ) -> str | None:
        reading = [one for one in own.values() if reads_truth(one)]
        if not reading:
            return None
        exact = getattr(self.instrument, "by_design", False)
        told = exact and all(isinstance(one, Share) for one in reading)
        if told and requirement.of is Whose.PRODUCT and not requirement.per_unit:
            return None
        what = "a comparison" if requirement.limit.against else requirement.metric
        what = "a rate of the team" if requirement.of is not Whose.PRODUCT else what
        what = "a rate per unit" if requirement.per_unit else what
        return (
            f"truth is known of verified cases only, and {what} has no bound here under a "
            "verification design; the verified cases alone would flatter it"
        )


def reads_truth(statistic: Statistic[Any]) -> bool:
    """Whether a statistic cannot be told without the truth of each case."""
    roots = {r for e in statistic.columns().values() for r in e.meta.root_names()}
    return columns.POSITIVE in roots
