"""False negative rate: of the positives, the share that the product misses."""

from __future__ import annotations

from typing import Any

import polars as pl

from roadworthy.core.instrument import About
from roadworthy.core.parameters import NoParameters
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats.rate_metric import POSITIVE, Rate


class FalseNegativeRate(Rate):
    """Positives that are not flagged, of all positives."""

    about = About(
        title="False negative rate",
        definition="Of the positive cases, the share that the product misses.",
        formula="FN / (TP + FN)",
        source="Altman & Bland 1994, BMJ 308:1552",
        better="lower",
        tasks=frozenset({Task.BINARY}),
        referral_counts=True,
        comparable=True,
        pitfalls=(
            "Only positives count, not all cleared cases: 0 of 68 missed still allows 4.3 %.",
            "Flagging everything reaches 0: limit the false alarms too.",
        ),
    )
    parameters = NoParameters
    of = "positives"

    def among(self, requirement: Requirement[Any]) -> pl.Expr:
        return POSITIVE

    def right(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        return call
