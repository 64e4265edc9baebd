"""Accuracy among the most certain share of cases, where that share is cut on the cases themselves.

Which cases are the most certain share c of the *cohort* is not known: a sample shows its own.
Choosing the threshold by the sample and bounding the accuracy above it as if it had been fixed
beforehand passes too often. Here the unknown set is held between two known ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binom

from roadworthy.core.instrument import Rows
from roadworthy.stats import binomial
from roadworthy.stats.gathered import ALL_CASES, shares_units

Bools = NDArray[np.bool_]
# of the error a tenth pays for not knowing where the cohort would be cut
EDGE = 0.1


@dataclass(frozen=True)
class Ordered:
    """Whether cases were right, the most certain first, shape (cases,); ties in random order.

    ``dependent``: cases of one unit are among them. ``known``: every case tells how certain it is.
    """

    right: Bools
    dependent: bool = False
    known: bool = True


@dataclass(frozen=True)
class ByCertainty:
    """Cases in the order of ``certainty``, and which of them were ``right``.

    ``known`` says of which cases the certainty is known at all.
    """

    certainty: pl.Expr
    right: pl.Expr
    known: pl.Expr = ALL_CASES
    rows: Rows = Rows.RATED

    def columns(self) -> Mapping[str, pl.Expr]:
        return {
            "certainty": self.certainty.cast(pl.Float64),
            "right": self.right,
            "known": self.known,
        }

    def reduce(self, columns: Mapping[str, NDArray[Any]], unit: NDArray[Any] | None) -> Ordered:
        certainty = columns["certainty"].astype(np.float64)
        return Ordered(
            columns["right"].astype(bool)[ordered(certainty)],
            shares_units(unit),
            bool(columns["known"].astype(bool).all()),
        )


def ordered(certainty: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows from the most to the least certain; ties in an order that no value tells."""
    tie = np.random.default_rng(len(certainty)).permutation(len(certainty))
    return np.lexsort((tie, -certainty))


def fewest(n: int, coverage: float, delta: float) -> int:
    """So many of the most certain of n cases are all in the cohort's share, but for ``delta``.

    The number of sampled cases in that share is binomial, whatever certainties look like.
    """
    return int(max(0, binom.ppf(delta, n, coverage)))


def most(n: int, coverage: float, delta: float) -> int:
    """So many of the most certain of n cases hold all of the cohort's share, but for ``delta``.

    >>> fewest(1000, 0.8, 0.005), most(1000, 0.8, 0.005)
    (767, 832)
    """
    return int(binom.isf(delta, n, coverage))


def estimate(right: Bools, coverage: float) -> float:
    """Accuracy among the sample's own most certain share; at least one case."""
    return float(right[: max(1, round(coverage * len(right)))].mean())


def lower(right: Bools, coverage: float, alpha: float) -> float:
    """A lower bound of the cohort's accuracy among its most certain share ``coverage``.

    Accuracy is 1 - w / coverage, where w is the share of all cases that are in that share and
    wrong. Their number K is binomial in (n, w). But for ``EDGE`` of the error, K is at most the
    number of wrong cases among the ``most`` first, and the exact upper bound of w
    (Clopper & Pearson 1934) does the rest. Nothing is assumed of how certainty and truth go
    together. Geifman & El-Yaniv (2017, NeurIPS) bound the risk above a threshold that is chosen on
    the sample by a union over thresholds; at one coverage two events are enough.

    >>> right = np.arange(1000) < 990
    >>> round(lower(right, 0.8, 0.05), 4), round(lower(right[::-1], 0.8, 0.05), 4)
    (0.9961, 0.9786)
    """
    n = len(right)
    wrong = int((~right[: most(n, coverage, EDGE * alpha)]).sum())
    return 1.0 - min(1.0, float(binomial.upper(wrong, n, (1.0 - EDGE) * alpha)) / coverage)


def upper(right: Bools, coverage: float, alpha: float) -> float:
    """An upper bound, by the wrong cases among the ``fewest`` first."""
    n = len(right)
    wrong = int((~right[: fewest(n, coverage, EDGE * alpha)]).sum())
    return 1.0 - min(1.0, float(binomial.lower(wrong, n, (1.0 - EDGE) * alpha)) / coverage)
