"""The old set re-weighted to the fresh set's mix: a drop that is not merely another mix of cases.

Direct standardisation: every old case of a stratum counts for as many fresh ones as it stands for.
The counts per stratum are taken as given, so a choice that rests on them alone costs no alpha.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.stats import two_rates
from roadworthy.stats.dependence import MIN_UNITS, effective_sample
from roadworthy.stats.two_rates import TwoRates

__all__ = ["Drop", "Mix", "Side", "TooFewUnitsError", "drop", "fresh_side", "mix", "old_side"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

# A nominal rate and error rate, for choosing which strata stay; no verdict depends on them.
_NOMINAL_VARIANCE, _NOMINAL_REACH = 0.09, 1.645
_DIGITS = 9


class TooFewUnitsError(ValueError):
    """Cases depend on each other, and too few units say how alike they are."""


@dataclass(frozen=True)
class Mix:
    """What every old case weighs, shape (strata,), and how many cases that leaves.

    ``gap`` is the share of fresh cases without enough old ones like them; ``strange`` says which
    strata those are in, shape (strata,). ``size`` old cases of equal weight would tell as much.
    """

    weight: Floats
    gap: float
    strange: NDArray[np.bool_]
    size: float


def mix(old: ArrayLike, fresh: ArrayLike) -> Mix:
    """Weights of the old cases, from cases per stratum in both sets, shapes (strata,).

    A stratum with hardly any old case would make the whole old set worth a handful. So the strata
    worst covered are left out as long as the room for doubt shrinks by it; what is then not known
    of them is later taken at its worst. Without an old case a stratum is always left out.

    Raises ValueError unless the shapes match and both sets have cases.

    >>> found = mix([50, 50], [70, 30])
    >>> round(found.size, 1), found.gap
    (71.4, 0.0)
    """
    before, after = np.asarray(old, dtype=np.float64), np.asarray(fresh, dtype=np.float64)
    if before.shape != after.shape or before.ndim != 1 or not (before.sum() and after.sum()):
        raise ValueError("old and fresh must be counts of the same strata, some in each.")
    share = after / after.sum()
    wanted = np.flatnonzero(share > 0)
    covered = before[wanted] / share[wanted]
    order = wanted[np.argsort(covered, kind="stable")]
    left = np.concatenate([[0.0], np.cumsum(share[order])[:-1]])
    size = np.minimum(np.sort(covered), before.sum())
    with np.errstate(divide="ignore"):
        doubt = _NOMINAL_REACH * np.sqrt(_NOMINAL_VARIANCE / size) + 0.5 * left
    first = int(np.argmin(doubt))
    strange = np.zeros(before.shape, dtype=np.bool_)
    if not np.isfinite(doubt[first]):
        strange[wanted] = True
        return Mix(np.zeros(before.shape), 1.0, strange, 0.0)
    strange[order[:first]] = True
    kept = (share > 0) & ~strange
    weight = np.where(kept, share / np.where(before > 0, before, 1.0), 0.0)
    return Mix(weight, float(left[first]), strange, float(size[first]))


@dataclass(frozen=True)
class Side:
    """A rate as whole counts: ``low`` to ``high`` hits among ``n`` cases that would tell as much.

    ``rate`` is what was seen, ``low`` and ``high`` what it may be once rounding, and fresh cases
    without old ones like them, are taken at their worst.
    """

    rate: float
    low: int
    high: int
    n: int


@dataclass(frozen=True)
class Drop:
    """The drop from the old side to the fresh one, an interval to show, and both p-values.

    ``p_dropped`` speaks against "at most what is tolerated", ``p_holds`` against "at least that".
    """

    estimate: float
    low: float
    high: float
    p_dropped: float
    p_holds: float


def old_side(right: Floats, stratum: Codes, weights: Mix, unit: Codes | None, alpha: float) -> Side:
    """The old rate at the fresh mix, from ``right`` (0 or 1) and strata, shapes (cases,).

    With weights of at most 1/m that sum to 1, the sum of independent hits spreads no wider than m
    cases with one rate do (its variance is at most rate * (1 - rate) / m by Jensen; the tails of m
    such hits bound it, Hoeffding 1956), so m cases take their place. Where cases share units, the
    effective sample of weighted units does (``dependence.effective_sample``).

    Raises TooFewUnitsError below 50 units where some have several cases.
    """
    each = weights.weight[stratum]
    seen = float(each @ right)
    n = min(weights.size, _effective(right, each * right.size, unit, alpha))
    known = 1.0 - weights.gap
    return _side(seen / known if known > 0 else 0.0, seen, seen + weights.gap, n)


def fresh_side(right: Floats, unit: Codes | None, alpha: float) -> Side:
    """The fresh rate as it is: hits of unlike cases spread no wider than hits of alike ones.

    Raises TooFewUnitsError below 50 units where some have several cases.
    """
    rate = float(right.mean())
    n = min(float(right.size), _effective(right, np.ones(right.size), unit, alpha))
    return _side(rate, rate, rate, n)


def drop(old: Side, fresh: Side, tolerated: float, alpha: float) -> Drop:
    """The drop, tested exactly on whole counts, each rounded against what would be claimed.

    The interval is Newcombe's, each end at ``alpha``, and for display.

    >>> found = drop(Side(0.95, 950, 950, 1000), Side(0.85, 850, 850, 1000), 0.02, 0.05)
    >>> round(found.estimate, 3), found.p_dropped < 1e-5, found.p_holds > 0.99
    (0.1, True, True)
    """
    p_dropped = two_rates.p_above(TwoRates(old.low, old.n, fresh.high, fresh.n), tolerated)
    p_holds = two_rates.p_below(TwoRates(old.high, old.n, fresh.low, fresh.n), tolerated)
    low, high = two_rates.newcombe(old.rate, max(old.n, 1), fresh.rate, max(fresh.n, 1), alpha)
    return Drop(old.rate - fresh.rate, low, high, p_dropped, p_holds)


def _side(rate: float, least: float, most: float, n: float) -> Side:
    whole = int(np.floor(round(n, _DIGITS)))
    low = int(np.floor(round(least * whole, _DIGITS)))
    high = int(np.ceil(round(most * whole, _DIGITS)))
    return Side(min(1.0, rate), max(0, low), min(whole, high), whole)


def _effective(right: Floats, weight: Floats, unit: Codes | None, alpha: float) -> float:
    """Cases that would tell as much as these, where cases of one unit may be alike."""
    if unit is None or np.unique(unit).size == unit.size:
        return float(right.size)
    some = weight > 0
    _, code = np.unique(unit[some], return_inverse=True)
    sizes = np.bincount(code, weights=weight[some])
    if sizes.size < MIN_UNITS:
        raise TooFewUnitsError(
            f"{sizes.size} units have cases, and fewer than {MIN_UNITS} cannot tell how alike the "
            "cases of a unit are"
        )
    hits = np.minimum(np.bincount(code, weights=(weight * right)[some]), sizes)
    return effective_sample(hits, sizes, alpha).n
