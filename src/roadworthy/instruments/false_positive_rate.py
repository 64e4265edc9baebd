"""False positive rate: of the negatives, the share that the product flags."""

from __future__ import annotations

from typing import Any

import polars as pl

from roadworthy.core.instrument import About
from roadworthy.core.parameters import NoParameters
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats.rate_metric import POSITIVE, Rate


class FalsePositiveRate(Rate):
    """Negatives that are flagged, of all negatives."""

    about = About(
        title="False positive rate",
        definition="Of the negative cases, the share that the product flags.",
        formula="FP / (TN + FP)",
        source="Altman & Bland 1994, BMJ 308:1552",
        better="lower",
        tasks=frozenset({Task.BINARY}),
        referral_counts=True,
        comparable=True,
        pitfalls=(
            "Flagging nothing reaches 0: require sensitivity too.",
            "With rare positives even a low rate means that most flags are false: see ppv.",
        ),
    )
    parameters = NoParameters
    of = "negatives"

    def among(self, requirement: Requirement[Any]) -> pl.Expr:
        return ~POSITIVE

    def right(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        return ~call
