"""Youden's J: how much better than a coin a test tells positives from negatives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from scipy.stats import norm

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Statistic
from roadworthy.core.need import Need
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats import predictive
from roadworthy.stats.evidence import CLUSTERED, INDEPENDENT, effective, from_bounds
from roadworthy.stats.gathered import Share, Tally

FLAGGED, POSITIVE = pl.col(columns.FLAGGED), pl.col(columns.POSITIVE)


@dataclass(frozen=True)
class Parameters:
    """``weight`` of sensitivity, from 0 to 1; at 0.5 it is Youden's own index."""

    weight: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 < self.weight < 1.0:
            raise ValueError(f"weight must lie between 0 and 1, not {self.weight}")


class YoudenJ:
    """Twice the weighted mean of sensitivity and specificity, minus 1."""

    about = About(
        title="Youden's J",
        definition="How much better than a coin the product tells positives from negatives: 0 is "
        "a coin, 1 is without error.",
        formula="2 * (w * sensitivity + (1 - w) * specificity) - 1",
        source="Youden 1950, Cancer 3:32; weighted: Li, Shen, Yin & Shang 2013; bound: "
        "Clopper-Pearson on both rates (Bonferroni)",
        lowest=-1.0,
        highest=1.0,
        tasks=frozenset({Task.BINARY}),
        referral_counts=True,
    )
    parameters = Parameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """Both rates."""
        return {
            "positives": Share(FLAGGED, POSITIVE),
            "negatives": Share(~FLAGGED, ~POSITIVE),
        }

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Exact bounds of both rates at half of alpha each, added up."""
        if regime.anytime:
            return NotMeasured("no bound on Youden's J is known here that is valid at every look")
        rates: dict[str, Tally] = {name: gathered[name] for name in ("positives", "negatives")}
        sizes = []
        for name, tally in rates.items():
            if tally.n == 0:
                return NotMeasured(f"there are no {name} to measure it on")
            found = effective(tally, regime.alpha / 2)
            if isinstance(found, NotMeasured):
                return found
            sizes.append(found)
        weight = requirement.parameters.weight
        weights = [weight, 1.0 - weight]
        k, n = zip(*sizes, strict=True)
        seen = sum(w * tally.estimate for w, tally in zip(weights, rates.values(), strict=True))
        dependent = any(tally.units is not None for tally in rates.values())
        return from_bounds(
            requirement.limit,
            regime,
            lambda alpha: 2.0 * predictive.weighted_lower(k, n, weights, alpha) - 1.0,
            lambda alpha: 2.0 * predictive.weighted_upper(k, n, weights, alpha) - 1.0,
            estimate=2.0 * seen - 1.0,
            n=sum(tally.n for tally in rates.values()),
            of="cases",
            method="sum of exact bounds on sensitivity and specificity (Bonferroni)",
            assumptions=(CLUSTERED if dependent else INDEPENDENT,),
        )

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """A normal approximation at rates of one half, where they vary most."""
        limit, of = requirement.limit, "cases of each class"
        if limit.threshold >= 1.0:
            return Need(of, never="no number of cases can show a product without error")
        reach = float(norm.isf(regime.alpha / 2) + norm.isf(1.0 - power))
        spread = math.hypot(requirement.parameters.weight, 1.0 - requirement.parameters.weight)

        def size(truth: float | None) -> int | None:
            if truth is None or truth - limit.threshold < 1e-3 or not limit.wants_high:
                return None
            return math.ceil((reach * spread / (truth - limit.threshold)) ** 2)

        return Need(
            of,
            at_target=size(requirement.target),
            at_observed=size(seen.estimate if seen else None),
            assumed=("rates near one half; fewer cases do for better ones",),
        )
