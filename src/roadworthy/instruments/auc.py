"""AUC: how well the score ranks positives above negatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, Regime
from roadworthy.core.instrument import About, Statistic
from roadworthy.core.need import Need
from roadworthy.core.parameters import NoParameters
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats import auc
from roadworthy.stats.evidence import always_met, planned, ranking
from roadworthy.stats.gathered import Ranking


class Auc:
    """The chance that a random positive scores above a random negative."""

    about = About(
        title="AUC",
        definition="The chance that a random positive scores higher than a random negative "
        "(a tie counts half).",
        formula="P(score+ > score-) + P(score+ = score-) / 2",
        source="Hanley & McNeil 1982, Radiology 143:29; bound: exact binomial on min(n+, n-) "
        "independent pairs (Hoeffding 1963; Birnbaum & Klose 1957)",
        tasks=frozenset({Task.BINARY}),
        pitfalls=(
            "It judges the ranking over all thresholds, not the decision made at one of them.",
            "Its bound needs about 1.4 times the positives that Hanley and McNeil would ask for.",
        ),
    )
    parameters = NoParameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """The ranks of all cases in scope."""
        return {"ranks": Ranking(pl.col(columns.SCORE), pl.col(columns.POSITIVE))}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """A score test inverted."""
        return ranking(gathered["ranks"], requirement.limit, regime)

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """Positives, with as many negatives."""
        limit = requirement.limit
        at = limit.threshold
        if always_met(limit, 0.0, 1.0):
            return Need("positives", at_target=1, at_observed=1, without_error=1)
        if not 0.0 < at < 1.0:
            return Need("positives", never=f"no number of cases can show an AUC of {limit}")

        def size(truth: float | None) -> int | None:
            if truth is None or truth == at or not limit.met_by(truth):
                return None
            return planned(lambda: auc.sample_size(at, truth, 1.0, regime.alpha, power))

        return Need(
            "positives",
            at_target=size(requirement.target),
            at_observed=size(seen.estimate if seen else None),
            assumed=("there is a negative or more for each positive",),
        )
