"""Counts of scores and of errors in fine bins, because pictures of any table must add up.

Bins follow the leading bits of a number, so that they are fine wherever values crowd. A count at
the edge of a bin is exact, and no picture shows the inside of one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import kstwo

from roadworthy.stats import binomial

__all__ = ["ErrorCounts", "ScoreCounts", "simultaneous"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# 128 bins an octave down to 2**-40, everything below in one; mirrored about 1/2
_PER_OCTAVE = 7
_SHIFT = 23 - _PER_OCTAVE
_FIRST = int(np.float32(2.0**-40).view(np.int32)) >> _SHIFT
_HALF = (int(np.float32(0.5).view(np.int32)) >> _SHIFT) - _FIRST + 1
_BINS = 2 * _HALF + 1
# few enough that what is worked out of them stays in the fast memory of a processor
_CASES_AT_A_TIME = 1 << 16
_ERROR_SHIFT = 52 - _PER_OCTAVE
_ERRORS = 0x7FF << _PER_OCTAVE


@dataclass(frozen=True, eq=False)
class ScoreCounts:
    """Positives and negatives by score, both of shape (bins,), from the lowest score up.

    >>> found = ScoreCounts.of([0.9, 0.6, 0.6, 0.1], [True, True, False, False])
    >>> [counts.tolist() for counts in found.at_or_above()[1:]]
    [[0, 1, 2, 2], [0, 0, 1, 2]]
    """

    positives: Integers
    negatives: Integers

    @staticmethod
    def of(scores: ArrayLike, positive: ArrayLike) -> ScoreCounts:
        """Count scores in 0..1 and truths, both of shape (n,)."""
        score, truth = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
        both = np.zeros(2 * _BINS, dtype=np.int64)
        for start in range(0, len(score), _CASES_AT_A_TIME):
            part = slice(start, start + _CASES_AT_A_TIME)
            where = _place(score[part])
            where += truth[part] * np.int64(_BINS)
            both += np.bincount(where, minlength=2 * _BINS)
        return ScoreCounts(both[_BINS:], both[:_BINS])

    @staticmethod
    def empty() -> ScoreCounts:
        """The counts of no cases."""
        none = np.zeros(_BINS, dtype=np.int64)
        return ScoreCounts(none, none)

    def __add__(self, other: ScoreCounts) -> ScoreCounts:
        return ScoreCounts(self.positives + other.positives, self.negatives + other.negatives)

    def at_or_above(self) -> tuple[Floats, Integers, Integers]:
        """Thresholds from the highest down, and how many positives and negatives reach each.

        The first reaches above every score; then one a bin that holds cases, its lower edge. Shape
        (occupied bins + 1,) each.
        """
        at = np.flatnonzero(self.positives + self.negatives)[::-1]
        threshold = np.concatenate(([math.inf], _edges()[at]))
        found, alarms = (
            np.concatenate(([0], np.cumsum(counts[at])))
            for counts in (self.positives, self.negatives)
        )
        return threshold, found, alarms

    def groups(self, most: int, least: int) -> tuple[Floats, Integers, Integers]:
        """Mean score, cases and positives of groups with about equally many cases, by score.

        At most ``most`` groups of at least ``least`` cases (or one). The groups follow the scores
        alone, never the truth, so what is said of their positives given the scores stays true.
        """
        n = self.positives + self.negatives
        at = np.flatnonzero(n)
        if at.size == 0:
            return np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64)
        total = int(n.sum())
        number = max(1, min(most, total // least))
        # the group of a bin is where the middle of its cases falls
        middle = np.cumsum(n[at]) - n[at] / 2.0
        group = np.minimum((middle * number / total).astype(np.int64), number - 1)
        cases = np.bincount(group, weights=n[at], minlength=number)
        score = np.bincount(group, weights=n[at] * _middles()[at], minlength=number)
        hits = np.bincount(group, weights=self.positives[at], minlength=number)
        some = cases > 0
        return score[some] / cases[some], cases[some].astype(int), hits[some].astype(int)


@dataclass(frozen=True, eq=False)
class ErrorCounts:
    """How many errors are how large, shape (bins,).

    >>> found = ErrorCounts.of([3.0] * 99 + [50.0])
    >>> low, seen, high = found.quantile(0.5, alpha=0.05)
    >>> round(seen, 1), low <= 3.0 <= high
    (3.0, True)
    """

    counts: Integers

    @staticmethod
    def of(sizes: ArrayLike) -> ErrorCounts:
        """Count finite errors of at least 0, shape (n,)."""
        # + 0.0 makes -0.0 a 0.0
        bits = (np.asarray(sizes, dtype=np.float64) + 0.0).view(np.int64)
        return ErrorCounts(np.bincount(bits >> _ERROR_SHIFT, minlength=_ERRORS).astype(np.int64))

    @staticmethod
    def empty() -> ErrorCounts:
        """The counts of no errors."""
        return ErrorCounts(np.zeros(_ERRORS, dtype=np.int64))

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        return ErrorCounts(self.counts + other.counts)

    def quantile(self, q: float, alpha: float) -> tuple[float | None, float, float | None]:
        """Lower bound, estimate and upper bound of the q-quantile, by order statistics.

        Bounds as in ``quantiles`` (Thompson 1936), rounded outwards to the edges of their bins,
        which lie less than 1 % apart; the estimate is the middle of its bin. None: too few cases.

        Raises ValueError without cases.
        """
        n = int(self.counts.sum())
        if n == 0:
            raise ValueError("there are no errors, so they have no quantile: gather cases.")
        upto = np.cumsum(self.counts)

        def place(rank: int) -> int:
            return int(np.searchsorted(upto, rank))

        least = int(binomial.hits_allowed(n, q, alpha)) + 1
        most = int(binomial.hits_needed(n, q, alpha))
        middle = place(max(1, math.ceil(n * q)))
        seen = 0.0 if middle == 0 else (_size(middle) + _size(middle + 1)) / 2.0
        low = _size(place(least)) if least >= 1 else None
        high = _size(place(most) + 1) if most <= n else None
        return low, seen, high


def simultaneous(n: int, alpha: float) -> float:
    """How far a distribution function can be from the one seen on ``n`` cases, at its farthest.

    Cases independent; farther at most alpha often: the exact quantile of Kolmogorov's statistic
    (1933), conservative where values tie (Noether 1963). For a ROC curve both classes take
    1 - sqrt(1 - alpha) each; the whole curve then lies in the band (Campbell 1994).

    Raises ValueError unless 0 < alpha < 1 and n >= 1.

    >>> round(simultaneous(100, 0.05), 4)
    0.134
    """
    if n < 1 or not 0.0 < alpha < 1.0:
        raise ValueError(f"n must be 1 or more and alpha within 0..1, not {n} and {alpha!r}.")
    return _farthest(n, alpha)


@lru_cache(maxsize=1024)
def _farthest(n: int, alpha: float) -> float:
    return float(kstwo.isf(alpha, n))


def _place(score: Floats) -> Integers:
    small = np.minimum(score, 1.0 - score).astype(np.float32).view(np.int32)
    small >>= _SHIFT
    small -= _FIRST - 1
    place = np.maximum(small, 0).astype(np.int64)
    upper = score > 0.5
    place *= 1 - 2 * upper.astype(np.int64)
    place += upper * np.int64(_BINS - 1)
    return place


@cache
def _edges() -> Floats:
    """The lowest score of each bin."""
    first = ((np.arange(1, _HALF + 1) + _FIRST - 1) << _SHIFT).astype(np.int32)
    low = np.concatenate(([0.0], first.view(np.float32).astype(np.float64)))
    # above one half a bin ends, inclusively, where its mirror image begins
    return np.concatenate((low, np.nextafter(1.0 - low[_HALF:0:-1], 1.0)))


@cache
def _middles() -> Floats:
    edges = _edges()
    middles = (edges + np.concatenate((edges[1:], [1.0]))) / 2.0
    middles[[0, _HALF, -1]] = 0.0, 0.5, 1.0
    return np.asarray(middles, dtype=np.float64)


def _size(place: int) -> float:
    return float(np.int64(place << _ERROR_SHIFT).view(np.float64))
