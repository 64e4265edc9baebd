"""Which scores a product may decide alone: thresholds whose risk is certified by whole counts.

Everything is told from the side that clears: a case is decided alone when its score lies *below*
the threshold, and an *error* is a case that should not have been (a positive). The side that flags
is its mirror image: ``Sample.mirrored``. Rows are independent of each other; cases that share a
unit are reduced to one row a unit first (``one_a_unit``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.certificate import Certificate
from roadworthy.stats import binomial

__all__ = [
    "STARTS",
    "Sample",
    "Threshold",
    "calibration_cases",
    "certified_threshold",
    "cheapest",
    "errors_needed",
    "fixed_sequence",
    "grid",
    "one_a_unit",
    "predictive_shown",
    "smallest_predictive_error",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STARTS = 5
"""From how many places of the grid a fixed sequence starts; each has this share of delta."""

GRID = 50
"""How many thresholds are tried for a predictive value."""


@dataclass(frozen=True)
class Sample:
    """Finite scores, shape (rows,), and which rows would be errors if they were decided alone."""

    score: Floats
    error: Bools

    def mirrored(self) -> Sample:
        """The same rows seen from the other side: below is above, and right is wrong."""
        return Sample(-self.score, ~self.error)


def one_a_unit(score: Floats, positive: Bools, unit: NDArray[np.int64] | None = None) -> Sample:
    """One row a unit, seen from the side that clears: its highest score that matters.

    Of a unit with a positive case the highest score of its *positive* cases: it is missed when all
    of them are cleared, and another finding beside them saves nobody. Of a unit without one the
    highest of all: it is a false alarm when any is flagged. ``unit`` are codes from 0, shape
    (cases,); None: every case is its own.

    >>> one_a_unit(np.array([0.2, 0.9, 0.4]), np.array([True, False, False]), np.array([0, 0, 1]))
    Sample(score=array([0.2, 0.4]), error=array([ True, False]))
    """
    if unit is None:
        return Sample(score, positive)
    ill = np.bincount(unit, weights=positive) > 0
    told = positive == ill[unit]
    order = np.lexsort((score[told], unit[told]))
    units = unit[told][order]
    last = np.append(units[1:] != units[:-1], True)[: len(units)]
    return Sample(score[told][order][last], ill[units[last]])


@dataclass(frozen=True)
class Threshold:
    """The furthest certified threshold of one risk on one group of rows; None: there is none.

    ``k`` of ``n`` errors lie below it, at most ``allowed`` may (-1: not even none would do).
    ``bound`` is what the risk is at most, with confidence 1 - delta; without a threshold that of
    the lowest score. ``attainable`` is the smallest risk at which anything could be decided alone.
    ``tied``: enough errors, and more than are allowed share the lowest score of all.
    """

    threshold: float | None
    k: int
    allowed: int
    n: int
    bound: float
    attainable: float
    tied: bool = False


def certified_threshold(sample: Sample, at_most: float, delta: float) -> Threshold:
    """The threshold t with P(score < t | error) <= ``at_most``, wrong in at most ``delta`` of runs.

    t is the (k + 1)-th smallest error score, k = max{k: BinomCDF(k; n, at_most) <= delta}: integer
    counts, exact for every distribution of scores, ties included (what equals t is not decided
    alone). Every lower threshold holds with it. Of several groups that must *all* hold, the
    smallest t is wrong in at most delta of runs too, without a split of delta: if it is too high
    for any group, it is too high for the group with the lowest true quantile, so that group's own
    t is (intersection-union, Berger 1982). A threshold that no score lies below is none.

    Source: Tong, Feng & Li 2018, Science Advances 4:eaao1659 (umbrella algorithm).

    Raises ValueError unless at_most and delta lie strictly between 0 and 1.

    >>> sample = Sample(np.arange(70) / 70, np.arange(70) >= 10)
    >>> found = certified_threshold(sample, at_most=0.05, delta=0.05)
    >>> round(70 * found.threshold), found.k, found.n, round(found.bound, 4)
    (10, 0, 60, 0.0487)
    """
    errors = sample.score[sample.error]
    n, allowed = len(errors), -1
    tied = int((errors == sample.score.min()).sum()) if n else 0
    attainable = float(binomial.upper(tied, n, delta))
    if n:
        allowed = int(binomial.hits_allowed(n, at_most, delta))
    if allowed < 0:
        return Threshold(None, tied, -1, n, attainable, attainable)
    if tied > allowed:
        return Threshold(None, tied, allowed, n, attainable, attainable, tied=True)
    threshold = float(np.partition(errors, allowed)[allowed])
    below = int((errors < threshold).sum())
    bound = float(binomial.upper(allowed, n, delta))
    return Threshold(threshold, below, allowed, n, bound, attainable)


def errors_needed(at_most: float, delta: float, errors: int = 0) -> int:
    """How many errors (positives) certify ``at_most`` when ``errors`` of them are decided alone.

    >>> [errors_needed(0.01, 0.05, misses) for misses in (0, 1, 2, 5)]
    [299, 473, 628, 1049]
    """
    return binomial.smallest_n_with_failures(1.0 - at_most, errors, 1.0 - delta)


def calibration_cases(found: Certificate, positive: Bools) -> int | None:
    """The fewest cases like these, ``positive`` of shape (cases,), that can certify it all again.

    Without a single error, so at least as many. None: a kind was not seen, or nothing is exact.
    """
    needed = []
    for side in found.sides:
        if side.risk.predictive:
            continue
        seen = int((positive if side.side == "clear" else ~positive).sum())
        if not seen:
            return None
        needed.append(math.ceil(errors_needed(side.at_most, side.delta) * len(positive) / seen))
    return max(needed, default=None)


def grid(scores: Floats, size: int = GRID) -> Floats:
    """Thresholds evenly spaced by rank over ``scores``, ascending; without scores over 0..1.

    They must be fixed before the calibration cases are looked at: hand in the scores of *other*
    cases. Quantiles of the calibration cases' own scores would part them into groups of fixed
    size, and counts below a threshold were then no longer binomial.
    """
    if len(scores) == 0:
        return np.linspace(0.0, 1.0, size + 1)[1:]
    return np.unique(np.quantile(scores, np.linspace(0.0, 1.0, size + 1)[1:], method="higher"))


def predictive_shown(
    sample: Sample, thresholds: Floats, at_most: float, level: float, prevalence: float | None
) -> Bools:
    """At which thresholds the share of errors among what lies below is shown to be ``at_most``.

    Each by itself, at ``level``; shape (thresholds,). Without a ``prevalence`` (the share of
    errors where the claim holds) by the exact binomial test on the rows below; with one from
    Clopper-Pearson bounds of both classes at level / 2 each, as ``stats.predictive`` does.
    """
    if prevalence is None:
        rows, errors = _below(sample, thresholds)
        return np.asarray(binomial.p_below(errors, rows, at_most) <= level)
    return _error_share(sample, thresholds, level, prevalence) <= at_most


def smallest_predictive_error(
    sample: Sample, thresholds: Floats, level: float, prevalence: float | None
) -> float:
    """The smallest share of errors that could be shown at one of ``thresholds``; 1: none."""
    if prevalence is None:
        rows, errors = _below(sample, thresholds)
        return float(np.min(binomial.upper(errors, rows, level), initial=1.0))
    return float(np.min(_error_share(sample, thresholds, level, prevalence), initial=1.0))


def fixed_sequence(shown: Bools, starts: Sequence[int]) -> Bools:
    """Which hypotheses a multi-start fixed-sequence test rejects, shape (hypotheses,).

    From each of ``starts`` the test goes up until the first that is not ``shown``. When each was
    tested at delta / len(starts), any false rejection at all happens in at most delta of runs.

    Source: Bauer 1991, Statistics in Medicine 10:871; Angelopoulos et al. 2022, Learn then Test.

    >>> fixed_sequence(np.array([True, False, True, True, False, True]), [0, 2]).tolist()
    [True, False, True, True, False, False]
    """
    rejected = np.zeros(len(shown), dtype=bool)
    for start in starts:
        end = start + int(np.argmin(np.append(shown[start:], False)))
        rejected[start:end] = True
    return rejected


def starts(size: int, count: int = STARTS) -> tuple[int, ...]:
    """``count`` places of a grid, evenly spaced, the last one in its upper part.

    >>> starts(50)
    (4, 14, 24, 34, 44)
    """
    return tuple(
        sorted({int((i + 0.5) * size / count - 0.5) for i in range(count)} if size else ())
    )


@dataclass(frozen=True)
class Pair:
    """Clear below the first, flag above the second; None: that side decides nothing alone."""

    clear_below: float | None
    flag_above: float | None


def cheapest(score: Floats, cleared: Floats, flagged: Floats, below: Floats, above: Floats) -> Pair:
    """The cheapest pair of the certified thresholds ``below`` (to clear) and ``above`` (to flag).

    ``cleared`` and ``flagged``, shape (cases,), say what deciding each case so costs *more than
    handing it to a person*. A side may also decide nothing. Never outside of what is handed in, so
    whatever was certified for all of it still holds. Of equally cheap ones the one that clears
    least and flags least: more cost of a miss never clears more.
    """
    order = np.argsort(score, kind="stable")
    ranked = score[order]
    lower = np.concatenate([[-np.inf], np.sort(below)])
    upper = np.concatenate([np.sort(above), [np.inf]])
    to_clear = _sums(cleared[order])[np.searchsorted(ranked, lower, side="left")]
    sums = _sums(flagged[order])
    to_flag = sums[-1] - sums[np.searchsorted(ranked, upper, side="right")]
    # the best flag threshold not below each place, the highest of equal ones
    best = np.minimum.accumulate(to_flag[::-1])[::-1]
    place = np.searchsorted(upper, lower, side="left")
    clear = int(np.argmin(to_clear + best[place]))
    tail = to_flag[place[clear] :]
    flag = place[clear] + len(tail) - 1 - int(np.argmin(tail[::-1]))
    return Pair(_finite(lower[clear]), _finite(upper[flag]))


def _sums(values: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(values)])


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _below(sample: Sample, thresholds: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and errors strictly below each of the ascending thresholds."""
    first = np.searchsorted(thresholds, sample.score, side="right")
    size = len(thresholds) + 1
    rows = np.cumsum(np.bincount(first, minlength=size))[:-1]
    errors = np.cumsum(np.bincount(first[sample.error], minlength=size))[:-1]
    return rows, errors


def _error_share(sample: Sample, thresholds: Floats, level: float, prevalence: float) -> Floats:
    """Upper bound of the share of errors below each threshold, at a prevalence of errors."""
    rows, errors = _below(sample, thresholds)
    wrong = int(sample.error.sum())
    most = prevalence * binomial.upper(errors, wrong, level / 2)
    right = len(sample.score) - wrong
    least = (1.0 - prevalence) * binomial.lower(rows - errors, right, level / 2)
    # where nothing right is shown to lie below, all may be wrong
    return np.asarray(most / np.where(most + least > 0.0, most + least, 1.0), dtype=np.float64)
