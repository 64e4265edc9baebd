"""Accuracy: the share of cases that are called right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.instrument import About, Statistic
from roadworthy.core.parameters import Prevalence, inherited
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats.rate_metric import Rate


@dataclass(frozen=True)
class Parameters:
    """``prevalence`` is the share of positives where the claim holds (binary tasks)."""

    prevalence: Prevalence | None = inherited("prevalence")
    task: Task | None = inherited("task")


class Accuracy(Rate):
    """Cases called right, of all cases."""

    about = About(
        title="Accuracy",
        definition="The share of cases that are called right, at the declared prevalence.",
        formula="binary: pi * sensitivity + (1 - pi) * specificity; otherwise right / all",
        source="Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions",
        tasks=frozenset({Task.BINARY, Task.MULTICLASS}),
        follows_prevalence=True,
        referral_counts=True,
        comparable=True,
        pitfalls=(
            "With few positives, calling everything negative scores high: require sensitivity too.",
            "It moves with the share of positives, so it says little about another population.",
        ),
    )
    parameters = Parameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        several = requirement.parameters.task is Task.MULTICLASS
        return _OfClasses().statistics(requirement) if several else super().statistics(requirement)

    def right(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        return call == pl.col(columns.POSITIVE)


class _OfClasses(Accuracy):
    """Accuracy when there are more than two classes."""

    ours = columns.PREDICTED

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        return Rate.statistics(self, requirement)

    def right(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        return call == pl.col(columns.TRUTH)
