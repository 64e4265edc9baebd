"""Named cases: the ones of which not a single one may be missed, whatever the average."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Rows, Statistic
from roadworthy.core.need import Need
from roadworthy.core.parameters import case_ids
from roadworthy.core.product import Task
from roadworthy.core.requirement import Requirement
from roadworthy.stats.evidence import certain

SHOWN = 5


@dataclass(frozen=True)
class Parameters:
    """``cases`` is a file of case ids, one a line."""

    cases: tuple[str, ...] = case_ids("the cases that must not be missed, one id a line")


@dataclass(frozen=True)
class Looked:
    """Which of the named cases were judged, and which of those were missed."""

    judged: frozenset[str]
    missed: tuple[str, ...]


@dataclass(frozen=True)
class Lookup:
    """Finds the named cases among those that rates count."""

    ids: tuple[str, ...]
    rows: Rows = Rows.RATED

    def columns(self) -> Mapping[str, pl.Expr]:
        flagged, handed = pl.col(columns.FLAGGED), pl.col(columns.REFERRED)
        # of a referred case the flag tells only whether it counts as right: a person decides it
        found = pl.when(handed).then(flagged == pl.col(columns.POSITIVE)).otherwise(flagged)
        return {
            "id": pl.col(columns.ID),
            "named": pl.col(columns.ID).is_in(list(self.ids)),
            "found": found,
        }

    def reduce(self, columns: Mapping[str, NDArray[Any]], unit: NDArray[Any] | None) -> Looked:
        named = columns["named"].astype(bool)
        ids = columns["id"][named]
        missed = ids[~columns["found"][named].astype(bool)]
        return Looked(frozenset(map(str, ids)), tuple(map(str, np.sort(missed))))


class NamedCases:
    """How many of the named cases are missed: one is too many."""

    about = About(
        title="Named cases",
        definition="How many of the cases named in a file the product does not flag.",
        formula="count of named cases not flagged",
        source="counted, not estimated",
        better="lower",
        unit="missed",
        highest=0.0,
        tasks=frozenset({Task.BINARY}),
        referral_counts=True,
        per_unit=False,
        limit_optional=True,
        sliceable=False,
        pitfalls=(
            "It is no average and no sample: it speaks of the named cases, and of no other.",
            "A model that was trained on the named cases has learnt them by heart.",
        ),
    )
    parameters = Parameters

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """The named cases, looked up."""
        return {"looked": Lookup(requirement.parameters.cases)}

    def measure(
        self, requirement: Requirement[Any], gathered: Mapping[str, Any], regime: Regime
    ) -> Evidence:
        """A single miss is certain failure; a case that was not judged leaves it open."""
        looked: Looked = gathered["looked"]
        named = requirement.parameters.cases
        if not named:
            return NotMeasured("no case was named")
        absent = [case for case in named if case not in looked.judged]
        if absent and not looked.missed:
            return NotMeasured(
                f"{len(absent)} of {len(named)} named cases were not judged by the product here: "
                f"{_some(absent)}"
            )
        missed = f": missed {_some(looked.missed)}" if looked.missed else ""
        return certain(
            requirement.limit,
            float(len(looked.missed)),
            n=len(looked.judged),
            of="named cases",
            method=f"every named case looked up{missed}",
        )

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """No number of other cases would do: it takes the named ones."""
        return Need("named cases", without_error=len(requirement.parameters.cases))


def _some(ids: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more
