"""Selective accuracy: how many are right among the cases of which the product is most certain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Statistic
from roadworthy.core.need import Need
from roadworthy.core.parameters import Prevalence, column, inherited
from roadworthy.core.product import Task
from roadworthy.core.requirement import Limit, Requirement, Side
from roadworthy.stats import selective
from roadworthy.stats.evidence import from_bounds
from roadworthy.stats.rate_metric import cases_needed
from roadworthy.stats.selective import ByCertainty, Ordered


@dataclass(frozen=True)
class Parameters:
    """``at_coverage`` is the share of cases that counts; ``certainty`` a column, more is surer."""

    at_coverage: float = 0.8
    certainty: str | None = column("how certain the product is of its answer", default=None)
    prevalence: Prevalence | None = inherited("prevalence")
    task: Task | None = inherited("task")

    def __post_init__(self) -> None:
        if not 0.0 < self.at_coverage <= 1.0:
            raise ValueError(
                f"at_coverage must be above 0 and at most 1, not {self.at_coverage:g}: it is the "
                "share of cases, the most certain ones, among which answers are counted."
            )


class SelectiveAccuracy:
    """Cases called right, of the most certain share of all cases.

    The claim is about the most certain share of the cohort, wherever it would be cut there; the
    sample is not taken for it (``roadworthy.stats.selective``).
    """

    about = About(
        title="Selective accuracy",
        definition="Of the most certain share of cases (`at_coverage`), how many are called right. "
        "Certainty is the probability that the model gives to its own call, or a column; what is "
        "referred is least certain of all.",
        formula="right among the most certain c * n / (c * n)",
        source="El-Yaniv & Wiener 2010, JMLR 11:1605; Geifman & El-Yaniv 2017, NeurIPS (risk at a "
        "coverage); bound: Clopper-Pearson with the binomial number of cases within the cohort's "
        "share",
        tasks=frozenset({Task.BINARY, Task.MULTICLASS}),
        follows_prevalence=True,
        referral_counts=True,
        pitfalls=(
            "It says what answering fewer cases would be worth; it refers none: `decision:` does.",
            "A model that is right by the majority alone reaches it: require sensitivity too.",
            "Certainty on strange cases means nothing: a guard is for those.",
        ),
    )
    parameters = Parameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """All rated cases in the order of certainty."""
        words: Parameters = requirement.parameters
        several = words.task is Task.MULTICLASS
        ours, theirs = (
            (columns.PREDICTED, columns.TRUTH) if several else (columns.FLAGGED, columns.POSITIVE)
        )
        right = pl.col(ours) == pl.col(theirs)
        if words.certainty is not None:
            return {"cases": ByCertainty(pl.col(words.certainty), right)}
        if several:
            said = pl.col(columns.CERTAINTY)
            return {"cases": ByCertainty(said.fill_null(0.0), right, said.is_not_null())}
        score = pl.col(columns.SCORE).fill_null(0.5)
        said = pl.when(columns.FLAGGED).then(score).otherwise(1.0 - score)
        # a referred case is called as `referred:` says, which the model does not know
        return {"cases": ByCertainty(pl.when(columns.REFERRED).then(0.0).otherwise(said), right)}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Exact bounds on wrong cases within a share that holds, or is within, the cohort's."""
        found: Ordered = gathered["cases"]
        n, coverage = len(found.right), requirement.parameters.at_coverage
        if n == 0:
            return NotMeasured("there are no cases to measure it on")
        if not found.known:
            return NotMeasured(
                "the model does not say how certain it is of each answer; name a column that does, "
                "`certainty:`"
            )
        if regime.anytime:
            return NotMeasured("no bound on it is known here that stays valid at every look")
        if found.dependent:
            return NotMeasured(
                "cases of one unit depend on each other, and their number within the share is not "
                "binomial then; say `per: unit`"
            )
        if isinstance(requirement.parameters.prevalence, float):
            return NotMeasured(
                "another prevalence moves which cases are the most certain share, and no bound is "
                "known here; say `prevalence: as_sampled` where it is"
            )
        return from_bounds(
            requirement.limit,
            regime,
            lambda alpha: selective.lower(found.right, coverage, alpha),
            lambda alpha: selective.upper(found.right, coverage, alpha),
            estimate=selective.estimate(found.right, coverage),
            n=n,
            of="cases",
            method=f"exact bound on wrong cases within the most certain {coverage:.0%} of the "
            "cohort, wherever it is cut",
        )

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """As for the share of all cases that are within the most certain ones and wrong."""
        coverage, limit = float(requirement.parameters.at_coverage), requirement.limit

        def wrong(accuracy: float) -> float:
            return round((1.0 - accuracy) * coverage, 12)

        side = Side.AT_MOST if limit.wants_high else Side.AT_LEAST
        target = None if requirement.target is None else wrong(requirement.target)
        there = None if seen is None else replace(seen, estimate=wrong(seen.estimate))
        spent = replace(regime, alpha=(1.0 - selective.EDGE) * regime.alpha)
        found = cases_needed(
            Limit(side, wrong(limit.threshold)), target, there, spent, power, "cases"
        )
        return replace(found, assumed=("few cases lie where the most certain share is cut",))
