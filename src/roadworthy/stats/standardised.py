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

__all__ = ["Drop", "Mix", "Sample", "TooFewUnitsError", "crude", "drop", "mix"]

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
    worst covered are left out as long as the room for doubt shrinks by it; those without an old
    case always are.

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
class Sample:
    """One set: ``right`` is 1 or 0, ``stratum`` a code, shapes (cases,); ``unit`` codes, or None.

    ``unit`` may be None only where every unit holds one case.
    """

    right: Floats
    stratum: Codes
    unit: Codes | None = None


@dataclass(frozen=True)
class Drop:
    """The drop of covered cases from the old rate at the fresh mix to the fresh rate.

    ``low`` and ``high`` are for display, each one-sided. ``p_dropped`` speaks against "at most what
    is tolerated", ``p_holds`` against "at least that".
    """

    old: float
    fresh: float
    low: float
    high: float
    p_dropped: float
    p_holds: float

    @property
    def estimate(self) -> float:
        """The drop as seen."""
        return self.old - self.fresh


@dataclass(frozen=True)
class _Rate:
    """A rate of ``n`` cases that would tell as much."""

    seen: float
    n: int

    def least(self) -> int:
        return int(np.floor(round(self.seen * self.n, _DIGITS)))

    def most(self) -> int:
        return int(np.ceil(round(self.seen * self.n, _DIGITS)))


def drop(old: Sample, fresh: Sample, mixed: Mix, tolerated: float, alpha: float) -> Drop:
    """The drop at the fresh set's mix, tested exactly on whole counts.

    Weights of at most 1/m that sum to 1 spread a sum of independent hits no wider than m cases of
    one rate (its variance is at most rate * (1 - rate) / m by Jensen; for tails see Hoeffding
    1956), so m cases take the old set's place. Cases that share units count as their effective
    sample (``dependence.effective_sample``, on weighted units), where that is smaller. Counts are
    rounded against what would be claimed.

    A drop is claimed of the cases that the old set covers. That there is none is claimed of all
    fresh cases, as if every old case of the kinds it lacks had been right.

    Raises TooFewUnitsError below 50 units where some have several cases.

    >>> both = Sample(np.repeat([1.0, 0.0], [95, 5]), np.zeros(100, dtype=np.int64))
    >>> found = drop(both, both, mix([100], [100]), 0.1, 0.05)
    >>> round(found.estimate, 3), round(found.low, 3), found.p_holds < 0.01
    (0.0, -0.055, True)
    """
    covered = ~mixed.strange[fresh.stratum]
    if mixed.size < 1.0 or not covered.any():
        return Drop(0.0, float(fresh.right.mean()), -1.0, 1.0, 1.0, 1.0)
    each = mixed.weight[old.stratum]
    seen, known = float(each @ old.right), 1.0 - mixed.gap
    size = min(mixed.size, _effective(old.right, each * old.right.size, old.unit, alpha))
    before = _Rate(min(1.0, seen / known), _whole(size * known))
    after = _fresh(fresh, covered, alpha)
    at_worst = _Rate(min(1.0, seen + mixed.gap), _whole(size))
    everything = _fresh(fresh, np.ones_like(covered), alpha)
    return Drop(
        before.seen,
        after.seen,
        *two_rates.newcombe(before.seen, max(before.n, 1), after.seen, max(after.n, 1), alpha),
        two_rates.p_above(TwoRates(before.least(), before.n, after.most(), after.n), tolerated),
        two_rates.p_below(
            TwoRates(at_worst.most(), at_worst.n, everything.least(), everything.n), tolerated
        ),
    )


def crude(old: Sample, fresh: Sample, alpha: float) -> Drop:
    """The drop of the two sets as they are, whatever their mixes.

    >>> old = Sample(np.repeat([1.0, 0.0], [95, 5]), np.zeros(100, dtype=np.int64))
    >>> round(crude(old, Sample(old.right[::2], old.stratum[::2]), 0.05).old, 3)
    0.95
    """
    alike = (np.zeros(one.right.size, dtype=np.int64) for one in (old, fresh))
    first, second = (
        Sample(one.right, code, one.unit) for one, code in zip((old, fresh), alike, strict=True)
    )
    return drop(first, second, mix([old.right.size], [fresh.right.size]), 0.0, alpha)


def _fresh(sample: Sample, kept: NDArray[np.bool_], alpha: float) -> _Rate:
    """The fresh rate as it is: hits of unlike cases spread no wider than hits of alike ones."""
    right = sample.right[kept]
    unit = None if sample.unit is None else sample.unit[kept]
    return _Rate(float(right.mean()), _whole(_effective(right, np.ones(right.size), unit, alpha)))


def _whole(size: float) -> int:
    return int(np.floor(round(size, _DIGITS)))


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
