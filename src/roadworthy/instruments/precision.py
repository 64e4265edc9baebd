"""Precision of one class: of the cases called so, the share that is."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from roadworthy.core import columns
from roadworthy.core.instrument import About
from roadworthy.core.parameters import Prevalence, inherited
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats.rate_metric import Rate


@dataclass(frozen=True)
class Parameters:
    """``of_class`` is the class; ``prevalence`` must be ``as_sampled``: classes are not weighed."""

    of_class: str
    prevalence: Prevalence | None = inherited("prevalence")


class Precision(Rate):
    """Cases of a class, of all cases that are called so."""

    about = About(
        title="Precision of a class",
        definition="Of the cases called by one class, the share that truly is of that class.",
        formula="right calls of the class / calls of the class",
        source="Sokolova & Lapalme 2009, Inf. Process. Manag. 45:427",
        tasks=frozenset({Task.MULTICLASS}),
        follows_prevalence=True,
        per_unit=False,
        pitfalls=(
            "It depends on how frequent the class is in the judged set.",
            "Calling the class rarely makes it high: require the recall of the class too.",
        ),
    )
    parameters = Parameters
    ours = columns.PREDICTED

    def kind(self, requirement: Requirement[Parameters]) -> str:
        return f"cases called {requirement.parameters.of_class}"

    def among(self, requirement: Requirement[Parameters]) -> pl.Expr:
        return pl.col(columns.PREDICTED) == requirement.parameters.of_class

    def right(self, requirement: Requirement[Parameters], call: pl.Expr) -> pl.Expr:
        return pl.col(columns.TRUTH) == requirement.parameters.of_class
