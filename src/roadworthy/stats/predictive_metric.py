"""What PPV and NPV share: of the cases called so, the share that is so, at a prevalence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Statistic
from roadworthy.core.need import Need
from roadworthy.core.parameters import Prevalence, inherited
from roadworthy.core.requirement import Requirement
from roadworthy.stats.evidence import CLUSTERED, INDEPENDENT, effective, from_bounds, rate
from roadworthy.stats.gathered import Share, Tally
from roadworthy.stats.rate_metric import POSITIVE, cases_needed
from roadworthy.stats.verified_evidence import designed_rate, designed_value
from roadworthy.stats.verified_share import DesignedTally

FLAGGED = pl.col(columns.FLAGGED)
Bound = Callable[[float, float, float, float, float, float], float]


@dataclass(frozen=True)
class Parameters:
    """``prevalence`` is the share of positives where the claim holds."""

    prevalence: Prevalence | None = inherited("prevalence")


class Predictive:
    """A predictive value: counted at the sample's prevalence, computed at a declared one."""

    about: About
    parameters = Parameters
    called: str
    flagged: bool
    by_design = True

    def value(self, sensitivity: float, specificity: float, prevalence: float) -> float:
        """The predictive value of known rates."""
        raise NotImplementedError(f"{type(self).__name__} must compute its value")

    def bounds(self) -> tuple[Bound, Bound]:
        """The lower and the upper bound from counts of both classes, a prevalence and alpha."""
        raise NotImplementedError(f"{type(self).__name__} must name its bounds")

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """One share at the sample's prevalence, otherwise sensitivity and specificity."""
        if isinstance(requirement.parameters.prevalence, float):
            return {
                "positives": Share(FLAGGED, POSITIVE),
                "negatives": Share(~FLAGGED, ~POSITIVE),
            }
        called = FLAGGED if self.flagged else ~FLAGGED
        return {"called": Share(POSITIVE if self.flagged else ~POSITIVE, called)}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Exact; at a declared prevalence from both rates' bounds at alpha / 2 each."""
        limit = requirement.limit
        if "called" in gathered:
            called = gathered["called"]
            by_design = isinstance(called, DesignedTally)
            return (designed_rate if by_design else rate)(called, limit, regime, self.called)
        prevalence = requirement.parameters.prevalence
        if isinstance(gathered["positives"], DesignedTally):
            return designed_value(gathered, limit, regime, self._of_rates(prevalence))
        found, lost = gathered["positives"], gathered["negatives"]
        return self._at(prevalence, found, lost, requirement, regime)

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """Cases called so; at a declared prevalence this is a rough figure."""
        limit, target = requirement.limit, requirement.target
        found = cases_needed(limit, target, seen, regime, power, self.called)
        if isinstance(requirement.parameters.prevalence, float):
            rough = "the set has the declared prevalence, which is rough"
            return replace(found, assumed=(rough,))
        return replace(found, among="called")

    def _at(
        self,
        prevalence: float,
        positives: Tally,
        negatives: Tally,
        requirement: Requirement[Any],
        regime: Regime,
    ) -> Evidence:
        if regime.anytime:
            return NotMeasured("no bound at a declared prevalence is known here that is anytime")
        if positives.n == 0 or negatives.n == 0:
            return NotMeasured("both positives and negatives are needed to measure it on")
        half = regime.alpha / 2
        ours, theirs = effective(positives, half), effective(negatives, half)
        if isinstance(ours, NotMeasured):
            return ours
        if isinstance(theirs, NotMeasured):
            return theirs
        if self._none_called(positives, negatives):
            return NotMeasured(f"there are no {self.called} to measure it on")
        lower, upper = self.bounds()
        dependent = positives.units is not None or negatives.units is not None
        return from_bounds(
            requirement.limit,
            regime,
            lambda alpha: lower(*ours, *theirs, prevalence, alpha),
            lambda alpha: upper(*ours, *theirs, prevalence, alpha),
            estimate=self.value(positives.estimate, negatives.estimate, prevalence),
            n=positives.n + negatives.n,
            of="cases",
            method=f"from exact bounds on sensitivity and specificity at a prevalence of "
            f"{prevalence:g} (Bonferroni)",
            assumptions=(CLUSTERED if dependent else INDEPENDENT,),
        )

    def _of_rates(self, prevalence: float) -> Callable[[float, float], float]:
        return lambda sensitivity, specificity: self.value(sensitivity, specificity, prevalence)

    def _none_called(self, positives: Tally, negatives: Tally) -> bool:
        flagged = positives.k + negatives.n - negatives.k
        return (flagged if self.flagged else positives.n + negatives.n - flagged) == 0
