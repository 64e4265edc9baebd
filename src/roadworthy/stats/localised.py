"""What the metrics and the picture of marks share: which columns they read, and what is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.instrument import Rows
from roadworthy.stats.gathered import MeanOfParts, PartsOfCases, Share, Tally

KNOWN = Share(pl.col(columns.UNMARKED).is_null(), rows=Rows.INSIDE)
LESIONS_FOUND = PartsOfCases(pl.col(columns.FOUND), pl.col(columns.LESION_COUNT))
FALSE_MARKS = MeanOfParts(pl.col(columns.FALSE_COUNT), pl.col(columns.IMAGES))
FIXED = "the mark threshold and the rule of what a hit is were fixed before these cases were seen"


def unknown(known: Tally) -> str:
    """Why nothing can be measured; empty where hits are known of every case."""
    lacking = known.n - known.k
    if not lacking:
        return ""
    return (
        f"of {lacking:,} of {known.n:,} cases hits are not known: it takes true boxes, `marks: "
        "{boxes: FILE}`, and marks, by a model that says where it looks or `marks: {table: FILE}`"
    )


@dataclass(frozen=True)
class MarkScores:
    """Scores of all marks: the best of each lesion (-1: not found), those of false ones."""

    best: NDArray[np.float64]
    false: NDArray[np.float64]
    images: int


@dataclass(frozen=True)
class AllMarks:
    """The scores of all marks, for a curve over all thresholds."""

    rows: Rows = Rows.INSIDE

    def columns(self) -> Mapping[str, pl.Expr]:
        lists = {"best": columns.LESIONS, "false": columns.FALSE, "images": columns.IMAGES}
        return {name: pl.col(column) for name, column in lists.items()}

    def reduce(self, columns: Mapping[str, NDArray[Any]], unit: NDArray[Any] | None) -> MarkScores:
        best, false = (np.concatenate([np.empty(0), *columns[name]]) for name in ("best", "false"))
        return MarkScores(best, false, int(columns["images"].sum()))
