"""Event rate: how often something happens per exposure, such as accidents per 1e9 miles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Rows, Statistic
from roadworthy.core.need import Need
from roadworthy.core.parameters import column
from roadworthy.core.requirement import Requirement
from roadworthy.stats import poisson
from roadworthy.stats.evidence import Bounds, measured, planned
from roadworthy.stats.gathered import Total


@dataclass(frozen=True)
class Parameters:
    """``events`` and ``exposure`` are columns; the limit is per ``exposure_unit`` of exposure."""

    events: str = column("how many events each case had")
    exposure: str = column("how much exposure each case is, such as miles")
    exposure_unit: float = 1.0
    table: str = "cases"

    def __post_init__(self) -> None:
        if not 0.0 < self.exposure_unit < math.inf:
            raise ValueError(
                f"exposure_unit must be finite and above 0, not {self.exposure_unit}: say per how "
                "much exposure the limit is, such as 1.0e9 for 1e9 miles."
            )


class EventRate:
    """Events per exposure, with an exact Poisson bound."""

    about = About(
        title="Event rate",
        definition="How many events happen per unit of exposure.",
        formula="events / exposure",
        source="Garwood 1936, Biometrika 28:437; Kalra & Paddock 2016, RAND RR-1478",
        better="lower",
        highest=None,
        per_unit=False,
        judges_calls=False,
        pitfalls=(
            "No event is no proof: at 95 % it takes three times the exposure of one allowed event.",
            "Exposure must be like that of later use: easy miles prove little about hard ones.",
        ),
    )
    parameters = Parameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """Two sums."""
        words: Parameters = requirement.parameters
        return {
            "events": Total(pl.col(words.events), Rows.INSIDE),
            "exposure": Total(pl.col(words.exposure), Rows.INSIDE),
        }

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """Exact Poisson bounds on events per exposure."""
        counted, exposed = gathered["events"], gathered["exposure"]
        exposure = exposed.total / requirement.parameters.exposure_unit
        if counted.least < 0 or exposed.least < 0 or not counted.whole:
            return NotMeasured("events must be whole numbers and exposure must not be negative")
        if not math.isfinite(exposure):
            return NotMeasured("exposure must be finite")
        if exposure <= 0:
            return NotMeasured("there is no exposure to measure it on")
        if regime.anytime:
            return NotMeasured("no bound on an event rate is known here that is valid at any look")
        if counted.dependent:
            return NotMeasured(
                "cases of one unit may depend on each other, and no exact Poisson bound holds "
                "then; leave `unit` away only if events come independently"
            )
        events, at, limit = int(counted.total), requirement.limit.threshold, requirement.limit
        bounds = Bounds(
            float(poisson.lower(events, exposure, regime.alpha)),
            float(poisson.upper(events, exposure, regime.alpha)),
            float(poisson.p_above(events, exposure, at)),
            float(poisson.p_below(events, exposure, at)),
        )
        return measured(
            limit,
            bounds,
            estimate=events / exposure,
            n=events,
            of=f"events in {exposed.total:,.10g} {requirement.parameters.exposure}",
            method="exact Poisson",
            assumptions=("events come independently, at a rate that is the same throughout",),
        )

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """Exposure, in whole units of the declared column."""
        limit, words = requirement.limit, requirement.parameters
        of = f"{words.exposure} of exposure"
        if limit.threshold <= 0:
            return Need(of, never="no exposure can show a rate of zero: one event may still come")

        def size(truth: float | None) -> int | None:
            if truth is None or truth == limit.threshold or not limit.met_by(truth):
                return None
            at, alpha = limit.threshold, regime.alpha
            return planned(lambda: whole(poisson.exposure_needed(at, truth, alpha, power).exposure))

        def whole(exposure: float) -> int:
            return math.ceil(exposure * float(words.exposure_unit))

        least = poisson.exposure_without_events(limit.threshold, 1.0 - regime.alpha)
        return Need(
            of,
            at_target=size(requirement.target),
            at_observed=size(seen.estimate if seen else None),
            without_error=None if limit.wants_high else whole(least),
            among="exposure",
        )
