"""Instruments that measure and do not size the next test, which takes most of the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roadworthy.core.evidence import Measured, Regime
from roadworthy.core.instrument import Instrument
from roadworthy.core.need import Need
from roadworthy.core.requirement import Requirement


def incurious(instruments: Mapping[str, Instrument], *metrics: str) -> dict[str, Instrument]:
    """The instruments of some metrics (all of them by default), each without its curiosity."""
    return {name: _Incurious(instruments[name]) for name in metrics or instruments}


class _Incurious:
    def __init__(self, measures: Instrument) -> None:
        self.about, self.parameters = measures.about, measures.parameters
        self.statistics, self.measure = measures.statistics, measures.measure

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        return Need("cases")
