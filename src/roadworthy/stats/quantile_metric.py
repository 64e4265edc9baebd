"""What all quantiles share: distribution-free bounds from order statistics."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import polars as pl

from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Statistic
from roadworthy.core.need import Need
from roadworthy.core.requirement import Requirement
from roadworthy.stats import quantiles
from roadworthy.stats.evidence import Bounds, measured
from roadworthy.stats.gathered import Raw


class Quantile:
    """An instrument for the ``q``-quantile of a column of times or sizes."""

    about: About
    parameters: type[Any]
    q: float
    column = "ms"
    assumption = (
        "timed cases are like those to come, on a machine like the product's own, and how long one "
        "takes says nothing of the next that was noted"
    )

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """The values themselves."""
        return {"values": Raw(pl.col(self.column))}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Exact bounds from the ranks of the values."""
        values, limit = gathered["values"], requirement.limit
        if len(values) == 0:
            return NotMeasured(f"the {self.about.table} table is empty")
        if float(values.min()) < 0.0:
            return NotMeasured(
                f"a value of {float(values.min()):g} is negative, and no {self.column} is"
            )
        if regime.anytime:
            return NotMeasured("no bound on a quantile is known here that stays valid at any look")
        estimate = quantiles.estimate(values, self.q)
        if not isfinite(estimate):
            return NotMeasured(f"the {self.q:g} quantile is a case that never answered")
        bounds = Bounds(
            quantiles.lower(values, self.q, regime.alpha),
            quantiles.upper(values, self.q, regime.alpha),
            # a value at the limit meets it, so it speaks for PASS and never for FAIL
            quantiles.p_above(values, self.q, limit.threshold, inclusive=limit.wants_high),
            quantiles.p_below(values, self.q, limit.threshold, inclusive=not limit.wants_high),
        )
        return measured(
            limit,
            bounds,
            estimate=estimate,
            n=len(values),
            of=self.about.table,
            method="order statistics (exact binomial on ranks)",
            assumptions=(self.assumption,),
        )

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """The fewest values with which a bound exists at all."""
        q = self.q if not requirement.limit.wants_high else 1.0 - self.q
        least = quantiles.smallest_n(q, 1.0 - regime.alpha)
        return Need(self.about.table, without_error=least)
