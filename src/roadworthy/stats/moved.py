"""Whether recent values of a column are distributed as those of a test set were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = ["Distance", "levels", "numbers"]


@dataclass(frozen=True)
class Distance:
    """How far apart two samples are, from 0 to 1, and a p-value against "not at all"."""

    value: float
    p: float


def levels(first: ArrayLike, second: ArrayLike) -> Distance:
    """Total variation of two sets of counts, shapes (levels,), and Pearson's chi-square test.

    Levels that would be seen fewer than five times in either sample are put together first
    (Cochran 1954); with one level left nothing can be told. Cases must be independent.

    Raises ValueError unless both have cases and the same levels.

    >>> found = levels([70, 30], [50, 50])
    >>> round(found.value, 2), found.p < 0.01
    (0.2, True)
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or not (a.sum() > 0 and b.sum() > 0):
        raise ValueError("both must be counts of the same levels, and neither may be empty.")
    apart = 0.5 * float(np.abs(a / a.sum() - b / b.sum()).sum())
    table = _merged(np.stack([a, b]))
    if table.shape[1] < 2:
        return Distance(apart, 1.0)
    return Distance(apart, float(stats.chi2_contingency(table, correction=False).pvalue))


def numbers(first: ArrayLike, second: ArrayLike) -> Distance:
    """Kolmogorov-Smirnov distance of two samples of numbers, and its test; ties make it careful.

    Raises ValueError unless both have values.

    >>> found = numbers(np.arange(100), np.arange(100) + 30)
    >>> round(found.value, 2), found.p < 0.01
    (0.3, True)
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if not (a.size and b.size):
        raise ValueError("both samples must have values.")
    found = stats.ks_2samp(a, b, method="asymp")
    return Distance(float(found.statistic), float(found.pvalue))


def _merged(table: NDArray[np.float64]) -> NDArray[np.float64]:
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    rare = expected.min(axis=0) < 5.0
    kept = table[:, ~rare]
    together = table[:, rare].sum(axis=1, keepdims=True)
    return np.hstack([kept, together]) if together.sum() > 0 else kept
