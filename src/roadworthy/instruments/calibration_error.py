"""Calibration error: how far scores are from the frequencies they claim."""

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
from roadworthy.core.parameters import Prevalence, inherited
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats import calibration
from roadworthy.stats.evidence import from_bounds
from roadworthy.stats.gathered import Binned, Reliability


@dataclass(frozen=True)
class Parameters:
    """``bins`` of equal width; ``prevalence`` must be ``as_sampled``."""

    bins: int = 10
    prevalence: Prevalence | None = inherited("prevalence")

    def __post_init__(self) -> None:
        if self.bins < 1:
            raise ValueError(f"bins must be at least 1, not {self.bins}: scores fall into bins.")


class CalibrationError:
    """The mean distance, over bins of the score, between what it says and what happened."""

    about = About(
        title="Calibration error",
        definition="The mean distance between the score and the share of positives, over bins of "
        "equal width, each weighed by its cases; the scores are taken as given.",
        formula="sum over bins of n_b / n * |positives_b / n_b - mean score_b|",
        source="Naeini, Cooper & Hauskrecht 2015; bound: simultaneous Clopper-Pearson per bin "
        "(Poisson-binomial tails: Hoeffding 1956)",
        better="lower",
        tasks=frozenset({Task.BINARY}),
        follows_prevalence=True,
        pitfalls=(
            "A perfectly calibrated model shows about .07 on 200 cases: judge by the bound.",
            "Always answering the share of positives is calibrated, and useless: limit auc too.",
        ),
    )
    parameters = Parameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """Cases, positives and the sum of scores per bin."""
        score, positive = pl.col(columns.SCORE), pl.col(columns.POSITIVE)
        return {"bins": Reliability(score, positive, requirement.parameters.bins)}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Simultaneous exact bounds of all bins, added up."""
        found: Binned = gathered["bins"]
        bins = found.bins
        n = int(bins.n.sum())
        if n == 0:
            return NotMeasured("there are no cases to measure it on")
        if regime.anytime:
            return NotMeasured("no calibration bound is known here that stays valid at every look")
        if found.dependent:
            return NotMeasured(
                "cases of one unit depend on each other and the bins' bounds do not hold then; "
                "say `per: unit`"
            )
        if isinstance(requirement.parameters.prevalence, float):
            return NotMeasured(
                "a calibration error at another prevalence than the sample's cannot be shown; "
                "recalibrate for that prevalence and say `prevalence: as_sampled`"
            )
        return from_bounds(
            requirement.limit,
            regime,
            lambda alpha: calibration.lower(bins, alpha),
            lambda alpha: calibration.upper(bins, alpha),
            estimate=calibration.estimate(bins),
            n=n,
            of="cases",
            method=f"simultaneous exact bounds over {requirement.parameters.bins} bins",
        )

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """A planning figure: evenly filled bins, each half positives, the widest they can be."""
        limit, bins = requirement.limit, requirement.parameters.bins
        if limit.threshold <= 0.0 and not limit.wants_high:
            return Need("cases", never="no number of cases can show a calibration error of zero")
        z = float(norm.isf(regime.alpha / (2 * bins)))

        def size(truth: float | None) -> int | None:
            if truth is None or truth == limit.threshold or not limit.met_by(truth):
                return None
            return math.ceil(int(bins) * (z * 0.5 / abs(limit.threshold - truth)) ** 2)

        return Need(
            "cases",
            at_target=size(requirement.target),
            at_observed=size(seen.estimate if seen else None),
            assumed=("bins are evenly filled and half positive; fewer cases may do",),
        )
