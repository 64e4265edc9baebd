"""A threshold on a score that turns away at most a declared share of cases, from finitely many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from roadworthy.stats import binomial


@dataclass(frozen=True)
class Threshold:
    """Turn away what lies strictly above ``at``; ``spent`` of ``n`` cases were given up for it."""

    at: float
    spent: int
    n: int


def threshold(scores: ArrayLike, at_most: float, alpha: float) -> Threshold:
    """The lowest order statistic above which at most the share ``at_most`` of such cases lies.

    ``scores`` (cases,) are independent draws from the cases of which the claim speaks, and the
    score was fixed before they were seen. With k = max{k: BinomCDF(k; n, at_most) <= alpha} the
    threshold is the (n - k)-th smallest score: then the true share strictly above it exceeds
    ``at_most`` in at most alpha of repeated draws, with ties too (Tong, Feng & Li 2018). ``spent``
    is k, which is fixed by n alone, and not how many of these scores lie above: with ties that
    would be fewer, and a bound from it would be too good.

    Too few cases for any k: the largest score, k = 0; no bound of ``at_most`` holds then, and the
    exact bound from k and n says which one does.

    Raises ValueError without scores, with scores that are not numbers, or unless 0 < at_most < 1.

    >>> threshold(range(149), 0.02, 0.05)
    Threshold(at=148.0, spent=0, n=149)
    >>> threshold(range(1000), 0.02, 0.05)
    Threshold(at=987.0, spent=12, n=1000)
    """
    ordered = np.sort(np.asarray(scores, dtype=np.float64))
    if not len(ordered) or np.isnan(ordered).any():
        raise ValueError("a threshold needs scores, and every one of them a number")
    spent = max(int(binomial.hits_allowed(len(ordered), at_most, alpha)), 0)
    return Threshold(float(ordered[len(ordered) - 1 - spent]), spent, len(ordered))
