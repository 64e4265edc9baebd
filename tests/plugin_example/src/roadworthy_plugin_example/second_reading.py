"""A second reading: cases that the product gets surely wrong may have the wrong truth."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from roadworthy.core import columns
from roadworthy.core.lever import Rejudge
from roadworthy.core.path import Amount, Path
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Verdict
from roadworthy.io import path_words

SURE = 0.1


class SecondReading:
    """Names how many open cases with a sure and wrong score a person should read again."""

    about = "read the truth of surely wrong cases again"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """One path, where something is open and some case is surely wrong."""
        # judging again first: a study that is not open is refused there
        left = path_words.still_open(rejudge(study))
        doubtful = _surely_wrong(study.tables["cases"]) if rejudge.policy and left else 0
        if not doubtful:
            return []
        costs = rejudge.product.costs
        known = costs is not None and costs.label is not None
        return [
            Path(
                lever="second_reading",
                change=f"Have the truth of {doubtful} open cases read again, blind to the score: "
                f"the product is wrong on them by at least {1 - SURE:.1f}.",
                expected="not known: as many misses and false alarms fewer as were misread.",
                cost=Amount(doubtful * costs.label, costs.unit) if known else None,
                assumed=("as many cases that it gets right are read again, so that it is fair",),
            )
        ]


def _surely_wrong(cases: pl.DataFrame) -> int:
    """Cases in scope whose score is as far from the truth as it can be."""
    wrong_by = (pl.col(columns.POSITIVE).cast(pl.Float64) - pl.col(columns.SCORE)).abs()
    return cases.filter(pl.col(columns.INSIDE) & (wrong_by >= 1 - SURE)).height
