"""Why models fell from an old set to a fresh one: over-use of the old set, or a harder world.

Whoever tunes on a set a hundred times learns the set. A model that was never tuned on it cannot
have. So a model's own drop says nothing of the cause; how the tuned ones fell beside the untouched
ones may. Everything is on the probit scale, on which accuracies of many models on an old and a
fresh set lie on a line (Recht, Roelofs, Schmidt & Shankar 2019; Roelofs et al. 2019; Miller et al.
2021). A line of slope 1 is a set that is harder for all alike; a slope below 1 means that a lead
on the old set was worth less on the fresh one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from roadworthy.stats import _arguments

__all__ = ["FEWEST_MODELS", "Cause", "Estimates", "Slope", "cause", "estimates", "slope"]

Floats = NDArray[np.float64]

FEWEST_MODELS = 3


class Cause(StrEnum):
    """What a drop is consistent with; never more than that."""

    OVERUSE = "consistent with over-use of the old set"
    HARDER = "the fresh set is harder or the world moved"
    UNKNOWN = "cause unknown"


@dataclass(frozen=True)
class Estimates:
    """Accuracies of all models on one set, on the probit scale, shape (models,), and their errors.

    ``cov`` has shape (models, models): models judge the same cases, so their errors go together.
    """

    z: Floats
    cov: Floats


@dataclass(frozen=True)
class Slope:
    """How much of the tuned models' lead on the old set was left on the fresh one.

    ``estimate`` is the lead on the fresh set over the lead on the old one; ``low`` and ``high``
    its interval, each end one-sided at alpha (None: unbounded, the old lead cannot be told from
    0). ``p_narrowed`` speaks against "the lead is as large as it was"; ``df`` are those of its t.
    """

    estimate: float | None
    low: float | None
    high: float | None
    p_narrowed: float
    df: int


def estimates(right: Floats, weight: Floats, unit: NDArray[np.int64] | None = None) -> Estimates:
    """Probits of weighted accuracies, with errors by the delta method and the cases' own spread.

    ``right`` is 0 or 1, shape (models, cases); ``weight`` shape (cases,); cases of a ``unit`` count
    as one observation. Half a case of each answer is added, so that no accuracy is 0 or 1.

    >>> found = estimates(np.array([[1.0] * 90 + [0.0] * 10]), np.ones(100))
    >>> round(float(found.z[0]), 2), round(float(found.cov[0, 0]) ** 0.5, 2)
    (1.26, 0.17)
    """
    total = float(weight.sum())
    like = total**2 / float(weight @ weight)
    share = (right @ weight / total * like + 0.5) / (like + 1.0)
    off = (right - share[:, None]) * weight / total
    if unit is not None:
        _, code = np.unique(unit, return_inverse=True)
        off = np.stack([np.bincount(code, weights=row) for row in off])
    z = np.asarray(special.ndtri(share), dtype=np.float64)
    speed = math.sqrt(2.0 * math.pi) * np.exp(0.5 * z**2)
    count = off.shape[1]
    cov = off @ off.T * (count / max(count - 1, 1))
    # answers alike throughout show no spread; half a case keeps their errors from being none
    np.fill_diagonal(cov, np.maximum(np.diag(cov), share * (1.0 - share) / (like + 1.0)))
    return Estimates(z, cov * np.outer(speed, speed))


def slope(old: Estimates, fresh: Estimates, tuned: ArrayLike, alpha: float) -> Slope:
    """Slope of fresh on old probits through the tuned and the untouched models' means.

    ``tuned`` is true or false, shape (models,). Least squares would be pulled towards 0 by the
    errors of the old accuracies and see over-use where there is none; means of groups that were
    named beforehand are not (Wald 1940). The interval is Fieller's (1954); its error is the larger
    of what drawing the cases explains and of how models scatter about the line, and its quantile
    is Student's with models - 2 degrees of freedom: models differ in more than their cases.

    Raises ValueError below 3 models, or unless there are models of both kinds.
    """
    _arguments.between("alpha", alpha)
    kind = np.asarray(tuned, dtype=np.bool_)
    if kind.size < FEWEST_MODELS or kind.all() or not kind.any():
        raise ValueError("a slope needs three models, some tuned on the old set and some not.")
    contrast = np.where(kind, 1.0 / kind.sum(), -1.0 / (~kind).sum())
    lead_old, lead_new = float(contrast @ old.z), float(contrast @ fresh.z)
    df = kind.size - 2
    var_old = float(contrast @ old.cov @ contrast)
    var_new = float(contrast @ fresh.cov @ contrast)
    scatter = _scatter(fresh.z - old.z, kind) * float(contrast @ contrast)
    error = math.sqrt(max(var_new + var_old, scatter))
    p = float(special.stdtr(df, (lead_new - lead_old) / error))
    t2 = float(special.stdtrit(df, alpha)) ** 2
    sampled = _fieller(lead_old, lead_new, var_old, var_new, t2)
    scattered = _fieller(lead_old, lead_new, var_old, max(var_new, scatter), t2)
    low, high = (sampled, scattered)[scatter > var_new]
    estimate = lead_new / lead_old if low is not None and high is not None else None
    return Slope(estimate, low, high, p, df)


def cause(
    found: Slope | None,
    tuned_dropped: bool,
    untouched: Sequence[float],
    alpha: float,
) -> Cause:
    """What the drops are consistent with; ``UNKNOWN`` unless one cause alone explains them.

    ``untouched`` are p-values against "did not drop", of every model never tuned on the old set:
    such a model can only fall because the fresh set is harder. ``tuned_dropped``: some tuned model
    was shown to drop. Over-use is named only where the lead of the tuned ones narrowed, one of
    them dropped, and no untouched one was shown to. Where both signs show, either alone could have
    made them.

    >>> cause(None, True, [0.001], 0.05).value
    'the fresh set is harder or the world moved'
    """
    harder = bool(untouched) and min(untouched) * len(untouched) <= alpha
    narrowed = found is not None and found.p_narrowed <= alpha
    if narrowed and tuned_dropped and not harder:
        return Cause.OVERUSE
    if harder and not narrowed:
        return Cause.HARDER
    return Cause.UNKNOWN


def _scatter(fell: Floats, kind: NDArray[np.bool_]) -> float:
    """Variance of single models about the line of slope 1, within the two groups' means.

    Within groups, so that a narrowed lead does not hide itself in it; with one model a group there
    is none to see.
    """
    within = np.concatenate([fell[kind] - fell[kind].mean(), fell[~kind] - fell[~kind].mean()])
    return float(within @ within) / (kind.size - 2)


def _fieller(
    lead_old: float, lead_new: float, var_old: float, var_new: float, t2: float
) -> tuple[float | None, float | None]:
    """Slopes b with (new - b old)^2 <= t^2 (var_new + b^2 var_old); None where unbounded."""
    a = lead_old**2 - t2 * var_old
    if a <= 0.0:
        return None, None
    b, c = lead_old * lead_new, lead_new**2 - t2 * var_new
    root = math.sqrt(max(b * b - a * c, 0.0))
    return (b - root) / a, (b + root) / a
