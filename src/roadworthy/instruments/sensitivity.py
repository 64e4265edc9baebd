"""Sensitivity: of the positives, the share that the product finds."""

from __future__ import annotations

from typing import Any

import polars as pl

from roadworthy.core.instrument import About
from roadworthy.core.parameters import NoParameters
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats.rate_metric import POSITIVE, Rate


class Sensitivity(Rate):
    """Positives that are flagged, of all positives."""

    about = About(
        title="Sensitivity",
        definition="Of the positive cases, the share that the product flags.",
        formula="TP / (TP + FN)",
        source="Altman & Bland 1994, BMJ 308:1552",
        tasks=frozenset({Task.BINARY}),
        referral_counts=True,
        comparable=True,
        pitfalls=(
            "Flagging everything reaches 1: require specificity or automation too.",
            "Only positives count: 1,000 cases with 20 positives are a test on 20.",
        ),
    )
    parameters = NoParameters
    of = "positives"

    def among(self, requirement: Requirement[Any]) -> pl.Expr:
        return POSITIVE

    def right(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        return call
