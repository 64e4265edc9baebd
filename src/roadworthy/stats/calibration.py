"""How far scores are from the frequencies they promise, bounded: the plain error is biased."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.stats import binomial, inversion

__all__ = [
    "Bands",
    "Bins",
    "bands",
    "bins",
    "estimate",
    "lower",
    "p_above",
    "p_below",
    "upper",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Up to this level a count with several independent chances is no more spread than a binomial one.
_HIGHEST_LEVEL = 0.25


@dataclass(frozen=True, eq=False)
class Bins:
    """Cases by score: ``n`` cases, ``hits`` positives and the ``total`` of scores, per bin.

    ``edges`` has shape (bins + 1,), the others (bins,). Bins of parts of the data add with ``+``.
    """

    edges: Floats
    n: Integers
    hits: Integers
    total: Floats

    def __add__(self, other: Bins) -> Bins:
        if not np.array_equal(self.edges, other.edges):
            raise ValueError("bins with different edges do not add up: declare the edges once.")
        return Bins(self.edges, self.n + other.n, self.hits + other.hits, self.total + other.total)


@dataclass(frozen=True, eq=False)
class Bands:
    """A reliability diagram: one entry per bin with cases, every array of shape (such bins,).

    With the chosen error, the true frequencies of *all* bins lie within ``low``..``high``.
    """

    bin: Integers
    n: Integers
    mean_score: Floats
    rate: Floats
    low: Floats
    high: Floats


def bins(scores: ArrayLike, positive: ArrayLike, edges: ArrayLike) -> Bins:
    """Count cases into bins of score: ``scores`` in 0..1 and ``positive``, both of shape (cases,).

    ``edges`` (bins + 1,) run from 0 to 1 and are declared before the data are seen; a score on an
    inner edge belongs to the bin above.

    Raises ValueError for scores outside 0..1 or edges that do not rise from 0 to 1.

    >>> bins([0.1, 0.2, 0.9], [0, 1, 1], [0.0, 0.5, 1.0]).hits.tolist()
    [1, 1]
    """
    score = np.asarray(scores, dtype=np.float64)
    hit = np.asarray(positive, dtype=bool)
    edge = np.asarray(edges, dtype=np.float64)
    _check(score, hit, edge)
    where = np.clip(np.searchsorted(edge, score, side="right") - 1, 0, edge.size - 2)
    count = edge.size - 1
    return Bins(
        edge,
        np.bincount(where, minlength=count).astype(np.int64),
        np.bincount(where[hit], minlength=count).astype(np.int64),
        np.asarray(np.bincount(where, weights=score, minlength=count), dtype=np.float64),
    )


def estimate(found: Bins) -> float:
    """Binned calibration error seen: mean over cases of |frequency - mean score| of their bin.

    Biased upwards: a perfectly calibrated model shows about .033 with 1,000 cases in 15 bins.

    Raises ValueError without cases.

    >>> round(estimate(bins([0.1, 0.2, 0.9], [0, 1, 1], [0.0, 0.5, 1.0])), 4)
    0.2667
    """
    if not found.n.sum() > 0:
        raise ValueError("there are no cases, so there is no calibration error: gather cases.")
    some = found.n > 0
    return float(np.abs(found.hits - found.total)[some].sum() / found.n.sum())


def bands(found: Bins, alpha: float) -> Bands:
    """Simultaneous intervals for the frequencies of all bins with cases; wrong at most alpha often.

    Each side of each of the B bins takes alpha / (2 B) (Clopper-Pearson). Given the scores, the
    hits of a bin are independent with different chances; their tails are no heavier than a
    binomial's with the same mean (Hoeffding 1956), except for a single hit or a single non-hit,
    where the union bound alpha / (2 B n) is used. Cases independent.

    Raises ValueError unless 0 < alpha < 1.

    >>> found = bands(bins([0.3] * 10, [0] * 10, [0.0, 1.0]), 0.05)
    >>> round(float(found.high[0]), 6)
    0.308497
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie strictly between 0 and 1, not {alpha!r}.")
    at = np.flatnonzero(found.n)
    n, hits = found.n[at], found.hits[at]
    level = min(alpha / (2.0 * max(at.size, 1)), _HIGHEST_LEVEL)
    low, high = binomial.lower(hits, n, level), binomial.upper(hits, n, level)
    low = np.where(hits == 1, np.minimum(low, level / n), low)
    high = np.where(hits == n - 1, np.maximum(high, 1.0 - level / n), high)
    return Bands(at, n, found.total[at] / n, hits / n, low, high)


def lower(found: Bins, alpha: float) -> float:
    """Lower bound for the calibration error given the scores: too high at most alpha often.

    Mean over cases of the distance from the bin's mean score to its band. The error meant is the
    binned one in the declared bins, with the true frequencies of these scores. 0 without cases.

    >>> round(lower(bins([0.9] * 100, [0] * 100, [0.0, 0.5, 1.0]), 0.05), 4)
    0.8638
    """
    band = bands(found, alpha)
    distance = np.maximum(0.0, np.maximum(band.low - band.mean_score, band.mean_score - band.high))
    return float((band.n * distance).sum() / max(int(band.n.sum()), 1))


def upper(found: Bins, alpha: float) -> float:
    """Upper bound for the calibration error given the scores: too low at most alpha often.

    Mean over cases of the distance from the bin's mean score to the far end of its band. 1 without
    cases.

    >>> round(upper(bins([0.0] * 100, [0] * 100, [0.0, 0.5, 1.0]), 0.05), 4)
    0.0362
    """
    band = bands(found, alpha)
    if not band.n.sum() > 0:
        return 1.0
    distance = np.maximum(band.high - band.mean_score, band.mean_score - band.low)
    return float((band.n * distance).sum() / band.n.sum())


def p_above(found: Bins, limit: float) -> float:
    """P-value against "the calibration error is at most ``limit``", by inverting ``lower``.

    >>> p_above(bins([0.9] * 100, [0] * 100, [0.0, 0.5, 1.0]), 0.1) < 1e-6
    True
    """
    return inversion.p_value(lambda alpha: lower(found, alpha) >= limit)


def p_below(found: Bins, limit: float) -> float:
    """P-value against "the calibration error is at least ``limit``", by inverting ``upper``.

    >>> round(p_below(bins([0.0] * 100, [0] * 100, [0.0, 0.5, 1.0]), 0.0362), 3)
    0.05
    """
    return inversion.p_value(lambda alpha: upper(found, alpha) <= limit)


def _check(score: Floats, hit: NDArray[np.bool_], edge: Floats) -> None:
    if score.ndim != 1 or score.shape != hit.shape:
        raise ValueError(f"scores {score.shape} and positive {hit.shape} must have shape (cases,).")
    if not np.all((score >= 0.0) & (score <= 1.0)):
        worst = score[~((score >= 0.0) & (score <= 1.0))][0]
        raise ValueError(f"a score of {worst!r} lies outside 0..1: give probabilities.")
    rises = edge.ndim == 1 and edge.size >= 2 and bool(np.all(np.diff(edge) > 0.0))
    if not rises or edge[0] != 0.0 or edge[-1] != 1.0:
        raise ValueError(f"edges must rise from 0 to 1, got {edge}.")
