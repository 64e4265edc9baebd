"""Bounds and tests for a quantile that assume no distribution, because latencies follow none.

The q-quantile is the smallest x that at least a share q of all cases does not exceed. So "the
q-quantile is at most the limit" says the same as "at least a share q lies at or below the limit",
and an exact binomial test on a count of cases settles it, with ties and with any distribution.

Everywhere in this file ``values`` has shape (n,), its cases are independent, ``alpha`` is
one-sided, and a case that never answered may stand as infinity; NaN is refused.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.stats import binomial

__all__ = ["estimate", "lower", "p_above", "p_below", "smallest_n", "upper"]

Floats = NDArray[np.float64]


def estimate(values: ArrayLike, q: float) -> float:
    """The q-quantile of the sample: its smallest value that a share q of it does not exceed.

    An observed value, the order statistic number ceil(n q), never a mean of two (definition 1 of
    Hyndman & Fan 1996).

    Raises ValueError without values, with a NaN among them, or unless 0 < q < 1.

    >>> estimate([12.0, 15.0, 11.0, 90.0], 0.75)
    15.0
    """
    sample = _sample(values, q)
    n = len(sample)
    rank = math.ceil(n * q)
    # 100 * 0.07 is a little above 7 in floating point; the division rounds to 0.07 itself.
    if (rank - 1) / n >= q:
        rank -= 1
    return _order_statistic(sample, rank)


def lower(values: ArrayLike, q: float, alpha: float) -> float | None:
    """Lower bound for the q-quantile: over repeated studies it exceeds it at most alpha often.

    The largest order statistic with that guarantee (Thompson 1936; David & Nagaraja 2003, 7.1).
    None where not even the smallest value is a bound: there are too few cases.

    Raises ValueError without values, with a NaN among them, or unless 0 < q, alpha < 1.

    >>> lower(range(1, 101), 0.5, alpha=0.05)
    42.0
    """
    sample = _sample(values, q)
    rank = int(binomial.hits_allowed(len(sample), q, alpha)) + 1
    return _finite(_order_statistic(sample, rank)) if rank >= 1 else None


def upper(values: ArrayLike, q: float, alpha: float) -> float | None:
    """Upper bound for the q-quantile: over repeated studies it undercuts it at most alpha often.

    The smallest order statistic with that guarantee (Thompson 1936; David & Nagaraja 2003, 7.1).
    None where not even the largest value is a bound: fewer than ``smallest_n`` cases.

    Raises ValueError without values, with a NaN among them, or unless 0 < q, alpha < 1.

    >>> upper(range(1, 300), 0.99, alpha=0.05)
    299.0
    >>> upper(range(1, 299), 0.99, alpha=0.05) is None
    True
    """
    sample = _sample(values, q)
    rank = int(binomial.hits_needed(len(sample), q, alpha))
    return _finite(_order_statistic(sample, rank)) if rank <= len(sample) else None


def p_above(values: ArrayLike, q: float, limit: float, *, inclusive: bool = False) -> float:
    """Exact p-value against "the q-quantile is at or below the limit"; small: it lies above.

    Counts the values at or below the limit, which a value equal to the limit makes harder to show.
    With ``inclusive`` it is against "below the limit" and shows "at least the limit": then values
    equal to the limit count in favour, as an inclusive ``at_least`` wants for its PASS. Always use
    the default for a FAIL.

    ``lower(values, q, alpha) > limit`` exactly when the p-value is <= alpha (``>=`` if inclusive),
    infinite values aside.

    Raises ValueError without values, with a NaN among them or as limit, or unless 0 < q < 1.

    >>> round(p_above([3.0, 4.0, 5.0, 6.0, 7.0], 0.5, limit=2.0), 5)
    0.03125
    """
    sample = _sample(values, q)
    hits = _count(sample, limit, or_equal=not inclusive)
    return float(binomial.p_below(hits, len(sample), q))


def p_below(values: ArrayLike, q: float, limit: float, *, inclusive: bool = False) -> float:
    """Exact p-value against "the q-quantile is at or above the limit"; small: it lies below.

    Counts the values below the limit. With ``inclusive`` it is against "above the limit" and shows
    "at most the limit": then values equal to the limit count in favour, as an inclusive ``at_most``
    wants for its PASS. Always use the default for a FAIL.

    ``upper(values, q, alpha) < limit`` exactly when the p-value is <= alpha (``<=`` if inclusive),
    infinite values aside.

    Raises ValueError without values, with a NaN among them or as limit, or unless 0 < q < 1.

    >>> round(p_below([20.0] * 299, 0.99, limit=50.0), 4)
    0.0495
    """
    sample = _sample(values, q)
    hits = _count(sample, limit, or_equal=inclusive)
    return float(binomial.p_above(hits, len(sample), q))


def smallest_n(q: float, confidence: float) -> int:
    """Cases needed before the q-quantile has any upper bound; then it is the largest value.

    Solves q**n <= 1 - confidence (Wilks 1941).

    Raises ValueError unless q and confidence lie strictly between 0 and 1.

    >>> smallest_n(0.99, 0.95)
    299
    """
    return binomial.smallest_n(q, confidence)


def _sample(values: ArrayLike, q: float) -> Floats:
    sample = np.asarray(values, dtype=np.float64)
    if not 0.0 < q < 1.0:
        raise ValueError(f"q must lie strictly between 0 and 1, not {q!r}: write p99 as 0.99.")
    if sample.ndim != 1 or sample.size == 0:
        raise ValueError(
            f"a quantile needs values of shape (n,) with n >= 1, not {sample.shape}: measure first."
        )
    missing = int(np.isnan(sample).sum())
    if missing:
        raise ValueError(
            f"{missing} of {sample.size} values are NaN: leave out what was not measured, "
            "and give a case that never answered as infinity."
        )
    return sample


def _count(sample: Floats, limit: float, *, or_equal: bool) -> int:
    if math.isnan(limit):
        raise ValueError("limit is NaN: state the limit as a number.")
    return int(np.count_nonzero(sample <= limit if or_equal else sample < limit))


def _order_statistic(sample: Floats, rank: int) -> float:
    return float(np.partition(sample, rank - 1)[rank - 1])


def _finite(bound: float) -> float | None:
    # An infinite order statistic bounds nothing; a number that looks like a bound would mislead.
    return bound if math.isfinite(bound) else None
