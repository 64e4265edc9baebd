"""Automation: the share of cases that the product decides without a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.instrument import About, Rows
from roadworthy.core.parameters import Prevalence, inherited
from roadworthy.core.requirement import Requirement
from roadworthy.stats.rate_metric import Rate


@dataclass(frozen=True)
class Parameters:
    """``prevalence`` is the share of positives where the claim holds."""

    prevalence: Prevalence | None = inherited("prevalence")


class Automation(Rate):
    """Cases in scope and not referred, of all cases; what is out of scope is not automated."""

    about = About(
        title="Automation",
        definition="The share of all cases, also those out of scope, that need no person.",
        formula="pi * automated positives + (1 - pi) * automated negatives, as shares",
        source="Chow 1970, IEEE Trans. Inf. Theory 16:41 (the reject option)",
        follows_prevalence=True,
        pitfalls=(
            "Deciding everything alone reaches 1: require what is decided to be right too.",
            "Cases out of scope count as not automated, so a narrow scope lowers it.",
        ),
    )
    parameters = Parameters
    ours = columns.REFERRED
    rows = Rows.ALL

    def right(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        return ~call
