"""Mean absolute error of a prediction, with a bound that needs a declared largest error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.instrument import About
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats.mean_metric import MeanLoss


@dataclass(frozen=True)
class Parameters:
    """``max_error`` is the largest error possible: without one no bound on a mean can hold.

    ``spread`` is the standard deviation of the losses to plan with.
    """

    max_error: float
    spread: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.max_error < math.inf:
            raise ValueError(
                f"max_error must be finite and above 0, not {self.max_error}: name the largest "
                "error that can ever happen."
            )


class Mae(MeanLoss):
    """The mean distance between prediction and truth."""

    about = About(
        title="Mean absolute error",
        definition="The mean distance of the prediction from the truth.",
        formula="mean of |prediction - truth|",
        source="Willmott & Matsuura 2005, Clim. Res. 30:79; bound: Waudby-Smith & Ramdas 2024; "
        "why a maximum must be declared: Bahadur & Savage 1956",
        better="lower",
        highest=None,
        tasks=frozenset({Task.REGRESSION}),
        comparable=True,
        per_unit=False,
        pitfalls=(
            "A few very large errors hardly move it: limit within_tolerance or rmse too.",
            "`max_error` is the largest error possible: too wide costs cases.",
        ),
    )
    parameters = Parameters

    def loss(self, requirement: Requirement[Any]) -> pl.Expr:
        return self.loss_of(requirement, pl.col(columns.PREDICTED))

    def loss_of(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        return (call - pl.col(columns.TRUTH)).abs()

    def ends(self, requirement: Requirement[Any]) -> tuple[float, float]:
        return 0.0, requirement.parameters.max_error
