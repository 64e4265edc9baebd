"""Model size: how large the artefact is that must be shipped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Rows, Statistic
from roadworthy.core.need import Need
from roadworthy.core.parameters import NoParameters
from roadworthy.core.requirement import Requirement
from roadworthy.stats.evidence import certain
from roadworthy.stats.gathered import Total

MEGABYTE = 1_000_000


class ModelSize:
    """The bytes of all files of the model, in megabytes (10^6 bytes)."""

    about = About(
        title="Model size",
        definition="The size of all files of the model, in megabytes of 10^6 bytes.",
        formula="bytes / 10^6",
        source="counted, not estimated",
        better="lower",
        unit="MB",
        highest=None,
        table="artifact",
        per_unit=False,
        judges_calls=False,
        sliceable=False,
        pitfalls=(
            "It weighs the files of the model, not the memory or the packages it needs to run.",
        ),
    )
    parameters = NoParameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """The bytes of all files."""
        return {"bytes": Total(pl.col("bytes"), Rows.ALL)}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """A count, so certain."""
        found = gathered["bytes"]
        if found.n == 0:
            return NotMeasured("there is no artefact to weigh")
        return certain(
            requirement.limit, found.total / MEGABYTE, n=found.n, of="files", method="counted"
        )

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """One artefact."""
        return Need("artefacts", at_target=1, at_observed=None, without_error=1)
