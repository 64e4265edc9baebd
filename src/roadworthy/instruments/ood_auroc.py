"""OOD AUROC: how well the guard, or the model's own doubt, tells a declared set from the scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.guard import STRANGENESS
from roadworthy.core.instrument import About, Statistic
from roadworthy.core.need import Need
from roadworthy.core.requirement import Requirement
from roadworthy.stats import auc
from roadworthy.stats.evidence import always_met, planned, ranking
from roadworthy.stats.separation import Separated, Separation


@dataclass(frozen=True)
class Parameters:
    """``set`` is the name of one of the sets in ``guard: {must_detect: }``; ``by`` ranks cases.

    ``guard`` is the guard's score, ``entropy`` how unsure the model is, ``mutual_information`` how
    much of that its members disagree on.
    """

    set: str
    by: Literal["guard", "entropy", "mutual_information"] = "guard"


class OodAuroc:
    """The chance that a case of the set looks stranger than a case in scope."""

    about = About(
        title="OOD AUROC",
        definition="The chance that a random case of a named set has a higher score of strangeness "
        "than a random validation case in scope (a tie counts half).",
        formula="P(score set > score in scope) + P(score set = score in scope) / 2",
        source="Hendrycks & Gimpel 2017, ICLR (the task); bound: exact binomial on min(n set, "
        "n scope) independent pairs (Hoeffding 1963; Birnbaum & Klose 1957)",
        table=STRANGENESS,
        per_unit=False,
        judges_calls=False,
        sliceable=False,
        pitfalls=(
            "It judges the ranking over all thresholds; `must_detect` judges the one that is used.",
            "A model's own doubt is no guard: on turned digits its AUROC is far below .5.",
            "It speaks of cases like those of the set; another kind of strange case may pass.",
            "These cases are open: keep a set back, if guards are tried until it is detected.",
        ),
    )
    parameters = Parameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """The ranks of cases of the set among those in scope."""
        words: Parameters = requirement.parameters
        here, scope = pl.col("set").eq(pl.lit(words.set)), pl.col("set").eq(pl.lit(""))
        return {"ranks": Separation(pl.col(words.by), here, here | scope)}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """As an AUC of two independent samples."""
        found, words = gathered["ranks"], requirement.parameters
        assert isinstance(found, Separated)
        if found.unknown:
            return NotMeasured(
                f"{found.unknown} cases have no {words.by.replace('_', ' ')}: the model tells "
                "none, or a table lacks what it reads"
            )
        if not found.ranks.positives:
            return NotMeasured(f"there are no cases of {words.set} to measure it on")
        return ranking(found.ranks, requirement.limit, regime)

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """Cases of the set, with as many in scope."""
        limit, of = requirement.limit, f"cases of {requirement.parameters.set}"
        if always_met(limit, 0.0, 1.0):
            return Need(of, at_target=1, at_observed=1, without_error=1)
        if not 0.0 < limit.threshold < 1.0:
            return Need(of, never=f"no number of cases can show an AUROC of {limit}")

        def size(truth: float | None) -> int | None:
            if truth is None or truth == limit.threshold or not limit.met_by(truth):
                return None
            return planned(
                lambda: auc.sample_size(limit.threshold, truth, 1.0, regime.alpha, power)
            )

        return Need(
            of,
            at_target=size(requirement.target),
            at_observed=size(seen.estimate if seen else None),
            assumed=("there is a validation case in scope or more for each of them",),
        )
