"""What all mean losses share: a value per case between declared ends, and its mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, Regime
from roadworthy.core.instrument import About, Rows, Statistic
from roadworthy.core.need import Need
from roadworthy.core.requirement import Requirement
from roadworthy.stats import means
from roadworthy.stats.evidence import always_met, average, outside, planned, weighed_average
from roadworthy.stats.gathered import Mean

POSITIVE = pl.col(columns.POSITIVE)


class MeanLoss:
    """An instrument whose observations are losses; less is better, unless ``about`` says more is.

    A subclass gives the loss of the product's own output (``loss``), the loss of somebody else's
    call where comparisons make sense (``loss_of``), and the declared ends of a loss (``ends``).
    """

    about: About
    parameters: type[Any]
    rows = Rows.INSIDE

    def loss(self, requirement: Requirement[Any]) -> pl.Expr:
        """The loss of each case."""
        raise NotImplementedError(f"{type(self).__name__} must say what a case's loss is")

    def loss_of(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        """The loss of each case, had somebody else's call been followed."""
        raise NotImplementedError(f"{type(self).__name__} offers no comparison")

    def ends(self, requirement: Requirement[Any]) -> tuple[float, float]:
        """The least and the greatest loss that a case can have."""
        return 0.0, 1.0

    def _span(self, requirement: Requirement[Any]) -> tuple[float, float]:
        lo, hi = self.ends(requirement)
        return (lo - hi, hi - lo) if requirement.limit.against else (lo, hi)

    def _weights(self, requirement: Requirement[Any]) -> Mapping[str, float] | None:
        prevalence = getattr(requirement.parameters, "prevalence", None)
        if not isinstance(prevalence, float):
            return None
        return {"positives": prevalence, "negatives": 1.0 - prevalence}

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """One mean; one a class when classes are weighed by a declared prevalence."""
        value, sides = self.loss(requirement), {}
        if against := requirement.limit.against:
            theirs = self.loss_of(requirement, pl.col(columns.call(against)))
            sides = {"ours": Mean(value, rows=self.rows), "theirs": Mean(theirs, rows=self.rows)}
            value = value - theirs if self.about.better == "higher" else theirs - value
        if self._weights(requirement) is None:
            return {"losses": Mean(value, rows=self.rows), **sides}
        return {
            "positives": Mean(value, POSITIVE, self.rows),
            "negatives": Mean(value, ~POSITIVE, self.rows),
            **sides,
        }

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Betting bounds, which hold for every distribution between the declared ends."""
        weights, (lo, hi) = self._weights(requirement), self._span(requirement)
        # a difference can lie within its ends although both losses lie beyond theirs
        for side in ("ours", "theirs"):
            if side in gathered and (wrong := outside(gathered[side], *self.ends(requirement))):
                return wrong
        if weights is None:
            return average(gathered["losses"], requirement.limit, regime, "cases", lo, hi)
        return weighed_average(gathered, weights, requirement.limit, regime, lo, hi)

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """A planning figure, at the spread that was seen or declared."""
        among = "losses" if "losses" in self.statistics(requirement) else None
        span = self._span(requirement)
        return losses_needed(requirement, seen, regime, power, span, among)


def losses_needed(
    requirement: Requirement[Any],
    seen: Measured | None,
    regime: Regime,
    power: float,
    ends: tuple[float, float],
    among: str | None,
) -> Need:
    """Cases for a bounded mean, at the spread seen or declared.

    Without either, every loss is taken to be at one end or the other: the greatest spread.
    """
    lo, hi = ends
    limit = requirement.limit
    declared = seen.spread if seen else getattr(requirement.parameters, "spread", None)

    def size(truth: float | None) -> int | None:
        met = truth is not None and truth != limit.threshold and limit.met_by(truth)
        if truth is None or not met or not lo <= truth <= hi:
            return None
        widest = max((truth - lo) * (hi - truth), 0.0) ** 0.5
        spread = widest if declared is None else min(declared, widest)
        return planned(
            lambda: means.sample_size(limit.threshold, truth, spread, lo, hi, regime.alpha, power)
        )

    if always_met(limit, lo, hi):
        return Need("cases", at_target=1, at_observed=1, without_error=1, among=among)
    if not lo < limit.threshold < hi:
        return Need("cases", never=f"a mean of {limit} lies at the end of what is possible")
    return Need(
        "cases",
        at_target=size(requirement.target),
        at_observed=size(seen.estimate if seen else None),
        among=among,
        assumed=(
            "losses are as spread as their mean allows; fewer cases may do"
            if declared is None
            else f"losses have a standard deviation of {declared:.3g}",
        ),
    )
