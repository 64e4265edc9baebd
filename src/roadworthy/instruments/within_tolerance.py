"""Within tolerance: the share of predictions that are close enough to the truth."""

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
    """``tolerance`` is the largest error that is close enough, in the unit of the truth."""

    tolerance: float

    def __post_init__(self) -> None:
        if not self.tolerance >= 0.0:
            raise ValueError(f"tolerance must not be negative, not {self.tolerance}.")


class WithinTolerance(Rate):
    """Predictions whose absolute error is at most the tolerance, of all predictions."""

    about = About(
        title="Within tolerance",
        definition="The share of cases whose prediction is at most the tolerance off.",
        formula="share of |prediction - truth| <= tolerance",
        source="Bland & Altman 1986, Lancet 327:307 (limits of agreement, as a share)",
        tasks=frozenset({Task.REGRESSION}),
        comparable=True,
        per_unit=False,
        pitfalls=(
            "It does not tell how far off the others are: limit rmse too where that matters.",
            "Set the tolerance before looking at the errors: chosen afterwards, it proves nothing.",
        ),
    )
    parameters = Parameters
    ours = columns.PREDICTED

    def right(self, requirement: Requirement[Parameters], call: pl.Expr) -> pl.Expr:
        return (call - pl.col(columns.TRUTH)).abs() <= requirement.parameters.tolerance
