"""False alarms of the guard: of cases in scope, the share that it turns away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from roadworthy.core.evidence import Measured, Regime
from roadworthy.core.guard import FALSE_ALARMS
from roadworthy.core.instrument import About, Rows
from roadworthy.core.need import Need
from roadworthy.core.parameters import NoParameters
from roadworthy.core.requirement import Requirement
from roadworthy.stats.rate_metric import Rate


class GuardFalseAlarms(Rate):
    """Cases in scope that the guard turns away, told from those that set its threshold.

    The threshold is an order statistic of these very cases, whose rank their number fixed
    beforehand, so the exact binomial bound on the rank holds for the cases to come.
    """

    about = About(
        title="Guard false alarms",
        definition="Of cases that the scope's rules let in, the share that the guard turns away.",
        formula="turned away / in scope, by the threshold's rank",
        source="Tong, Feng & Li 2018, Sci. Adv. 4:eaao1659",
        better="lower",
        table=FALSE_ALARMS,
        per_unit=False,
        judges_calls=False,
        sliceable=False,
        pitfalls=(
            "Turning away nothing reaches 0: name cases that it must detect too.",
            "It speaks of cases like those that set the threshold; when the world drifts, the "
            "guard turns more away, and that is its work.",
            "`guard:` requires it by itself; a requirement of your own may add another limit.",
        ),
    )
    parameters = NoParameters
    of = "validation cases in scope"
    ours = "turned_away"
    rows = Rows.ALL

    def right(self, requirement: Requirement[Any], call: pl.Expr) -> pl.Expr:
        return ~call

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """So many that not one need be turned away to show the limit; no power is lost on it."""
        found = super().need(requirement, seen, regime, power)
        # the threshold is set as strictly as their number allows: the first number will do
        return replace(found, at_target=None, at_observed=None, among=None)
