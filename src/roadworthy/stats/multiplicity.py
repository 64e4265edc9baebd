"""Corrections for asking more than once, because the best of many answers is right too rarely.

"All requirements must hold" needs none of them (Berger 1982); several chances to FAIL, looks at a
sealed set, candidates chosen on the same data and feedback do. ``alpha`` is one-sided throughout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.stats import _arguments
from roadworthy.stats._arguments import Floats

__all__ = [
    "alpha_after_bits",
    "alpha_for_candidates",
    "alpha_per_look",
    "holm",
    "holm_adjusted",
]


def holm(p: ArrayLike, alpha: ArrayLike) -> NDArray[np.bool_]:
    """Which of m hypotheses are rejected; some true one is rejected at most max(alpha) often.

    p has shape (m,), alpha is one level or one per hypothesis. Step-down in the order of p / alpha,
    as long as the j-th smallest is at most 1 / (m - j + 1). With unequal levels the family-wise
    error is at most the mean level of the true hypotheses. Any dependence is allowed.
    Source: Holm 1979.

    Raises ValueError for p outside 0..1, alpha not strictly inside, or shapes that do not match.

    >>> holm([0.001, 0.01, 0.03, 0.04], 0.05).tolist()
    [True, True, False, False]
    """
    chances = _p_values(p)
    levels = _arguments.between("alpha", alpha)
    if levels.ndim and levels.shape != chances.shape:
        raise ValueError(f"alpha has shape {levels.shape}, p has {chances.shape}: give one per p.")
    m = chances.size
    order = np.argsort(chances / levels, kind="stable")
    levels = np.broadcast_to(levels, chances.shape)
    kept_going = np.logical_and.accumulate(
        chances[order] * np.arange(m, 0, -1) <= levels[order],
    )
    rejected = np.zeros(m, dtype=np.bool_)
    rejected[order] = kept_going
    return rejected


def holm_adjusted(p: ArrayLike) -> Floats:
    """Adjusted p-values of m hypotheses: reject those at most alpha, for a common alpha.

    p has shape (m,). Source: Holm 1979; Wright 1992.

    Raises ValueError for p outside 0..1.

    >>> holm_adjusted([0.001, 0.01, 0.03, 0.04]).tolist()
    [0.004, 0.03, 0.06, 0.06]
    """
    chances = _p_values(p)
    order = np.argsort(chances, kind="stable")
    stepped = np.maximum.accumulate(chances[order] * np.arange(chances.size, 0, -1))
    adjusted = np.empty_like(chances)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def alpha_per_look(alpha: float, looks: int) -> float:
    """Level of each of ``looks`` looks at one sealed set, when only PASS / NOT YET is revealed.

    Valid even for a team that changes the product after each look: up to the first PASS every
    answer was NOT YET, so only ``looks`` products can ever be tested (Bonferroni; Dwork et al.
    2015).

    >>> alpha_per_look(0.05, 5)
    0.01
    """
    return float(_arguments.between("alpha", alpha)) / _arguments.number_from("looks", looks, 1)


def alpha_after_bits(alpha: float, bits: int) -> float:
    """Level left after ``bits`` bits beyond PASS / NOT YET were told: each may double the paths.

    Source: description-length bound, Dwork et al. 2015.

    >>> alpha_after_bits(0.05, 1)
    0.025
    """
    return float(
        float(_arguments.between("alpha", alpha)) / 2.0 ** _arguments.number_from("bits", bits, 0)
    )


def alpha_for_candidates(alpha: float, candidates: int) -> float:
    """Level at which each of ``candidates`` must pass on the data that is also used to choose one.

    >>> alpha_for_candidates(0.05, 10)
    0.005
    """
    return float(_arguments.between("alpha", alpha)) / _arguments.number_from(
        "candidates", candidates, 1
    )


def _p_values(p: ArrayLike) -> Floats:
    chances = np.asarray(p, dtype=np.float64)
    if chances.ndim != 1 or not np.all((chances >= 0) & (chances <= 1)):
        raise ValueError(
            f"p must be a flat list of p-values in 0..1, not {chances!r}: leave out what was not "
            "measured."
        )
    return chances
