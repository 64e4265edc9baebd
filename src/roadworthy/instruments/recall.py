"""Recall of one class: of the cases of that class, the share that is called so."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from roadworthy.core import columns
from roadworthy.core.instrument import About
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats.rate_metric import Rate


@dataclass(frozen=True)
class Parameters:
    """``of_class`` is the class, as the truth column spells it."""

    of_class: str


class Recall(Rate):
    """Cases of a class that are called so, of all cases of that class."""

    about = About(
        title="Recall of a class",
        definition="Of the cases of one class, the share that is called by that class.",
        formula="right calls of the class / cases of the class",
        source="Sokolova & Lapalme 2009, Inf. Process. Manag. 45:427",
        tasks=frozenset({Task.MULTICLASS}),
        referral_counts=True,
        comparable=True,
        per_unit=False,
        pitfalls=(
            "Calling everything by this class reaches 1: require its precision too.",
            "Only cases of the class count: a rare class needs a large set.",
        ),
    )
    parameters = Parameters
    ours = columns.PREDICTED

    def kind(self, requirement: Requirement[Parameters]) -> str:
        return f"cases of class {requirement.parameters.of_class}"

    def among(self, requirement: Requirement[Parameters]) -> pl.Expr:
        return pl.col(columns.TRUTH) == requirement.parameters.of_class

    def right(self, requirement: Requirement[Parameters], call: pl.Expr) -> pl.Expr:
        return call == requirement.parameters.of_class
