"""Brier score: how far probabilities are from what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.instrument import About
from roadworthy.core.parameters import Prevalence, inherited
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats.mean_metric import MeanLoss


@dataclass(frozen=True)
class Parameters:
    """``prevalence`` is the share of positives where the claim holds."""

    prevalence: Prevalence | None = inherited("prevalence")


class Brier(MeanLoss):
    """The mean squared difference between the score and the truth, 0 or 1."""

    about = About(
        title="Brier score",
        definition="The mean squared distance of the score from what was true (0 or 1).",
        formula="mean of (score - truth)^2",
        source="Brier 1950, Mon. Weather Rev. 78:1; bound: Waudby-Smith & Ramdas 2024",
        better="lower",
        tasks=frozenset({Task.BINARY}),
        follows_prevalence=True,
        pitfalls=(
            "It mixes ranking and calibration: it does not tell which of the two is wrong.",
            "Always answering the share of positives scores pi * (1 - pi): be far below that.",
        ),
    )
    parameters = Parameters

    def loss(self, requirement: Requirement[Any]) -> pl.Expr:
        return (pl.col(columns.SCORE) - pl.col(columns.POSITIVE).cast(pl.Float64)) ** 2
