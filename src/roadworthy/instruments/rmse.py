"""Root mean squared error of a prediction, with a bound that needs a declared largest error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About
from roadworthy.core.need import Need
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


class Rmse(MeanLoss):
    """The root of the mean squared distance between prediction and truth."""

    about = About(
        title="Root mean squared error",
        definition="The root of the mean squared distance of the prediction from the truth.",
        formula="sqrt(mean of (prediction - truth)^2)",
        source="Willmott & Matsuura 2005, Clim. Res. 30:79; bound: Waudby-Smith & Ramdas 2024 "
        "on the squares",
        better="lower",
        highest=None,
        tasks=frozenset({Task.REGRESSION}),
        per_unit=False,
        pitfalls=(
            "One large error outweighs many small ones, and its bound needs many cases.",
            "`max_error` is the largest error possible: too wide costs cases.",
        ),
    )
    parameters = Parameters

    def loss(self, requirement: Requirement[Any]) -> pl.Expr:
        return (pl.col(columns.PREDICTED) - pl.col(columns.TRUTH)) ** 2

    def ends(self, requirement: Requirement[Any]) -> tuple[float, float]:
        return 0.0, requirement.parameters.max_error**2

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """The bound on the mean of the squares, and its root."""
        squares = super().measure(_squared(requirement), gathered, regime)
        if isinstance(squares, NotMeasured):
            return squares
        return replace(
            squares,
            estimate=squares.estimate**0.5,
            low=None if squares.low is None else max(squares.low, 0.0) ** 0.5,
            high=None if squares.high is None else squares.high**0.5,
        )

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """Cases for the mean of the squares."""
        squares = replace(seen, estimate=seen.estimate**2) if seen else None
        return super().need(_squared(requirement), squares, regime, power)


def _squared(requirement: Requirement[Any]) -> Requirement[Any]:
    limit = replace(requirement.limit, value=requirement.limit.value**2)
    target = None if requirement.target is None else requirement.target**2
    return replace(requirement, limit=limit, target=target)
