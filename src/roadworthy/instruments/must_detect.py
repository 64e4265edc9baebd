"""Must detect: of a set of cases that do not belong, the share that the guard turns away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from roadworthy.core.evidence import Measured, Regime
from roadworthy.core.guard import MUST_DETECT
from roadworthy.core.instrument import About, Rows
from roadworthy.core.need import Need
from roadworthy.core.requirement import Requirement
from roadworthy.stats.rate_metric import Rate


@dataclass(frozen=True)
class Parameters:
    """``set`` is the name of one of the sets in ``guard: {must_detect: }``."""

    set: str


class Detection(Rate):
    """Cases of one named set that the guard turns away, of all cases of the set."""

    about = About(
        title="Must detect",
        definition="Of the cases of a named set, the share that the guard alone turns away.",
        formula="turned away / cases of the set",
        source="Hendrycks & Gimpel 2017, ICLR (the task); exact binomial bound",
        table=MUST_DETECT,
        per_unit=False,
        judges_calls=False,
        sliceable=False,
        pitfalls=(
            "Turning everything away reaches 1: the guard's false alarms are required beside it.",
            "It speaks of cases like those of the set; another kind of strange case may pass.",
            "These cases are open: a guard that was changed until they are detected shows little "
            "on them, so keep a set back.",
            "`guard:` requires it for every set; a requirement of your own may add another limit.",
        ),
    )
    parameters = Parameters
    ours = "turned_away"
    rows = Rows.ALL

    def among(self, requirement: Requirement[Any]) -> pl.Expr:
        return pl.col("set").eq(pl.lit(str(requirement.parameters.set)))

    def right(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        return call

    def kind(self, requirement: Requirement[Any]) -> str:
        return f"cases of {requirement.parameters.set}"

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """Other cases of the same kind as the set's."""
        return replace(super().need(requirement, seen, regime, power), among=None)
