"""A leaderboard for development that can be climbed honestly only: the Ladder mechanism.

A score is told only when it beats the best one so far by more than chance; otherwise the old one is
repeated. So the best score shown stays near the truth however often a team submits. It certifies
nothing: its cases are open for choosing, not sealed for judging.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Standing", "ladder"]

# One-sided standard errors by which a submission must be better; Blum & Hardt 2015, figure 2.
_STEPS = 1.0


@dataclass(frozen=True)
class Standing:
    """What a leaderboard tells of one submission: the best rate so far, and whether it is new."""

    told: float
    new: bool


def ladder(right: ArrayLike, unit: ArrayLike | None = None) -> tuple[Standing, ...]:
    """What each of several submissions is told, in order.

    ``right`` is 0 or 1, shape (submissions, cases). Parameter-free (Blum & Hardt 2015, figure 2): a
    submission is new when its rate exceeds the best one's by more than the standard error of their
    paired difference, s / sqrt(n). Their bound on the error, log(k n)^(1/3) n^(-1/3), is for a
    fixed step and of the same kind for this one. Cases of one ``unit`` (codes, shape (cases,))
    count together.

    Raises ValueError unless there are cases, and every answer is 0 or 1.

    >>> ladder([[1, 0] * 50, [1, 0] * 49 + [1, 1], [1] * 100])[1:]
    (Standing(told=0.5, new=False), Standing(told=1.0, new=True))
    """
    answers = np.asarray(right, dtype=np.float64)
    if answers.ndim != 2 or not answers.shape[1] or not np.isin(answers, (0.0, 1.0)).all():
        raise ValueError("right must hold 0 or 1, one row a submission and one column a case.")
    code = None if unit is None else np.unique(np.asarray(unit), return_inverse=True)[1]
    best: NDArray[np.float64] | None = None
    told: list[Standing] = []
    for one in answers:
        new = best is None or _beats(one - best, code)
        best = one if new or best is None else best
        told.append(Standing(float(best.mean()), new))
    return tuple(told)


def _beats(gain: NDArray[np.float64], code: NDArray[np.int64] | None) -> bool:
    by_unit = gain if code is None else np.bincount(code, weights=gain)
    if by_unit.size < 2:
        return False
    return float(by_unit.sum()) > _STEPS * float(by_unit.std(ddof=1)) * math.sqrt(by_unit.size)
