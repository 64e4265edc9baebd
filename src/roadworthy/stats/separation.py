"""How well one number tells cases of one set from those in scope: what the ranking is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.instrument import Rows
from roadworthy.stats.gathered import Ranking, Ranks


@dataclass(frozen=True)
class Separated:
    """The ranking of cases that are known; of ``unknown`` cases the number says nothing."""

    ranks: Ranks
    unknown: int


@dataclass(frozen=True)
class Separation:
    """How well ``score`` (at least 0, without a most) ranks ``strange`` cases above the others."""

    score: pl.Expr
    strange: pl.Expr
    among: pl.Expr
    rows: Rows = Rows.ALL

    def columns(self) -> Mapping[str, pl.Expr]:
        known = self.score.is_not_null()
        # from 0 to 1 in the same order, as a histogram of scores wants it
        shown = (self.score / (1.0 + self.score)).fill_null(0.0)
        return {"score": shown, "strange": self.strange, "among": self.among, "known": known}

    def reduce(self, columns: Mapping[str, NDArray[Any]], unit: NDArray[Any] | None) -> Separated:
        among = columns["among"].astype(bool)
        known = columns["known"].astype(bool)
        kept = among & known
        given = {"score": columns["score"][kept], "positive": columns["strange"][kept]}
        ranking = Ranking(self.score, self.strange)
        found = ranking.reduce(given, None if unit is None else unit[kept])
        return Separated(found, int(np.sum(among & ~known)))
