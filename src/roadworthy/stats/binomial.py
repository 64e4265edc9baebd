"""Exact bounds, tests and sample sizes for a rate, because most requirements are a count of hits.

Everywhere in this file ``alpha`` is a one-sided error probability, ``k`` counts the hits among
``n`` independent cases, arguments broadcast, and a scalar comes back as a 0-d array. Bounds and
p-values take real-valued ``k`` and ``n``, so that effective sample sizes of dependent cases fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special, stats

from roadworthy.stats import _arguments
from roadworthy.stats._arguments import Floats, Integers

__all__ = [
    "SampleSize",
    "hits_allowed",
    "hits_needed",
    "lower",
    "p_above",
    "p_below",
    "power",
    "sample_size",
    "share_of_power",
    "smallest_n",
    "smallest_n_with_failures",
    "upper",
]

# A plan beyond this many allowed failures takes seconds to search and years to collect.
_MOST_FAILURES_SEARCHED = 1_000_000


def lower(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> Floats:
    """Exact lower bound for a rate: it exceeds the true rate in at most alpha of repeated studies.

    Rates and bounds lie in 0..1. No cases, or no hits, give 0. Cases must be independent.
    Source: Clopper & Pearson 1934, by the beta quantile.

    Raises ValueError unless 0 <= k <= n and 0 < alpha < 1.

    >>> round(float(lower(90, 100, 0.05)), 6)
    0.836282
    """
    hits, cases = _arguments.counts(k, n)
    level = _arguments.between("alpha", alpha)
    some = hits > 0
    bound = special.betaincinv(np.where(some, hits, 1.0), cases - hits + 1.0, level)
    return np.asarray(np.where(some, bound, 0.0), dtype=np.float64)


def upper(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> Floats:
    """Exact upper bound for a rate: below the true rate in at most alpha of repeated studies.

    Rates and bounds lie in 0..1. No cases, or hits only, give 1. Cases must be independent.
    Source: Clopper & Pearson 1934, by the beta quantile.

    Raises ValueError unless 0 <= k <= n and 0 < alpha < 1.

    >>> round(float(upper(0, 30, 0.05)), 6)
    0.095034
    """
    hits, cases = _arguments.counts(k, n)
    level = _arguments.between("alpha", alpha)
    some = hits < cases
    # The upper tail has its own inverse: 1 - lower(misses) would lose the digits of a tiny rate.
    bound = special.betainccinv(hits + 1.0, np.where(some, cases - hits, 1.0), level)
    return np.asarray(np.where(some, bound, 1.0), dtype=np.float64)


def p_above(k: ArrayLike, n: ArrayLike, p0: ArrayLike) -> Floats:
    """Exact p-value against "the rate is at most p0": the chance of k or more hits at p0.

    Consistent with the bound, also for real-valued counts: ``lower(k, n, alpha) >= p0`` exactly
    when ``p_above(k, n, p0) <= alpha``. Cases must be independent.

    Raises ValueError unless 0 <= k <= n and 0 <= p0 <= 1.

    >>> round(float(p_above(59, 59, 0.95)), 4)
    0.0485
    """
    hits, cases = _arguments.counts(k, n)
    return _tail_above(hits, cases, _arguments.rate("p0", p0))


def p_below(k: ArrayLike, n: ArrayLike, p0: ArrayLike) -> Floats:
    """Exact p-value against "the rate is at least p0": the chance of k or fewer hits at p0.

    Consistent with the bound: ``upper(k, n, alpha) <= p0`` exactly when
    ``p_below(k, n, p0) <= alpha``. Cases must be independent.

    Raises ValueError unless 0 <= k <= n and 0 <= p0 <= 1.

    >>> round(float(p_below(0, 29, 0.10)), 4)
    0.0471
    """
    hits, cases = _arguments.counts(k, n)
    rate = _arguments.rate("p0", p0)
    some = hits < cases
    tail = special.betaincc(hits + 1.0, np.where(some, cases - hits, 1.0), rate)
    return np.asarray(np.where(some, tail, 1.0), dtype=np.float64)


def smallest_n(limit: float, confidence: float) -> int:
    """Error-free cases needed to show a rate of at least ``limit``; cases independent.

    Solves limit**n <= 1 - confidence (exact binomial; Hanley & Lippman-Hand 1983).

    Raises ValueError unless limit and confidence lie strictly between 0 and 1.

    >>> smallest_n(0.95, 0.95)
    59
    """
    return smallest_n_with_failures(limit, 0, confidence)


def smallest_n_with_failures(limit: float, failures: int, confidence: float) -> int:
    """Cases needed to show a rate of at least ``limit`` when ``failures`` of them are not hits.

    The smallest n whose exact p-value reaches 1 - confidence; found by an integer search on the
    p-value itself, so rounding cannot return a case too few. Cases must be independent.

    Raises ValueError unless limit and confidence lie strictly between 0 and 1 and failures >= 0.

    >>> [smallest_n_with_failures(0.90, failures, 0.95) for failures in range(3)]
    [29, 46, 61]
    """
    _arguments.between("limit", limit)
    _arguments.between("confidence", confidence)
    allowed = _arguments.number_from("failures", failures, 0)
    return int(_first_n(np.array([allowed]), limit, 1.0 - confidence)[0])


def hits_needed(n: ArrayLike, limit: ArrayLike, alpha: ArrayLike) -> Integers:
    """Fewest hits among n cases that show a rate of at least ``limit``; n + 1 where none do.

    Raises ValueError unless n is whole and >= 0 and limit and alpha lie strictly between 0 and 1.

    >>> int(hits_needed(101, 0.90, 0.05))
    97
    """
    cases = _arguments.whole("n", n)
    rate, level = _arguments.between("limit", limit), _arguments.between("alpha", alpha)
    cases, rate, level = np.broadcast_arrays(cases, rate, level)
    needed = np.asarray(stats.binom.isf(level, np.maximum(cases, 1.0), rate)) + 1.0
    needed = np.clip(needed, 1.0, cases + 1.0)
    # The library's quantile may be one off where a tail ties with alpha; the p-value decides.
    while np.any(short := (needed <= cases) & (_tail_above(needed, cases, rate) > level)):
        needed = needed + short
    while np.any(extra := (needed > 1) & (_tail_above(needed - 1.0, cases, rate) <= level)):
        needed = needed - extra
    return np.asarray(needed, dtype=np.int64)


def hits_allowed(n: ArrayLike, limit: ArrayLike, alpha: ArrayLike) -> Integers:
    """Most hits among n cases that still show a rate of at most ``limit``; -1 where none do.

    Raises ValueError unless n is whole and >= 0 and limit and alpha lie strictly between 0 and 1.

    >>> int(hits_allowed(46, 0.10, 0.05))
    1
    """
    rate = 1.0 - _arguments.between("limit", limit)
    return np.asarray(_arguments.whole("n", n) - hits_needed(n, rate, alpha), dtype=np.int64)


def power(n: ArrayLike, limit: ArrayLike, truth: ArrayLike, alpha: ArrayLike) -> Floats:
    """Exact chance that n cases show the rate to be on the side of ``limit`` where ``truth`` lies.

    With truth above the limit this is the chance to show "at least limit"; with truth below, the
    chance to show "at most limit" (so for an at-least requirement it is the chance of a FAIL).

    Raises ValueError where truth equals limit: then no side can be shown.

    >>> round(float(power(200, 0.90, 0.95, 0.05)), 3)
    0.796
    """
    rate, true_rate = np.broadcast_arrays(
        _arguments.between("limit", limit), _arguments.rate("truth", truth)
    )
    if np.any(rate == true_rate):
        raise ValueError(
            f"truth equals limit ({rate[rate == true_rate].flat[0]}): the power to show a side is "
            "undefined there; expect a truth on one side of the limit."
        )
    above = true_rate > rate
    rate, true_rate = np.where(above, rate, 1.0 - rate), np.where(above, true_rate, 1.0 - true_rate)
    needed = hits_needed(n, rate, alpha)
    cases = np.asarray(n, dtype=np.float64)
    reachable = needed <= cases
    chance = _tail_above(np.where(reachable, needed, 0).astype(np.float64), cases, true_rate)
    return np.asarray(np.where(reachable, chance, 0.0), dtype=np.float64)


@dataclass(frozen=True)
class SampleSize:
    """Cases to plan for: the first n that reaches the power, and the n from which it never dips."""

    first: int
    safe: int


def sample_size(limit: float, truth: float, alpha: float, power: float) -> SampleSize:
    """Cases needed to show the side of ``limit`` on which ``truth`` lies, with the given power.

    Exact binomial power is a sawtooth in n: `first` is the smallest n that reaches it, `safe` the
    n from which every larger n reaches it too. Cases must be independent.

    Raises ValueError when truth equals limit, when limit is 0 or 1 (no finite sample can show it),
    or when truth is so near that more than a million failures would have to be allowed.

    >>> sample_size(0.90, 0.95, alpha=0.05, power=0.80)
    SampleSize(first=179, safe=203)
    """
    _check_plan(limit, truth, alpha, power)
    if truth < limit:
        limit, truth = 1.0 - limit, 1.0 - truth
    return _sample_size(limit, truth, alpha, power)


# a plan asks for the same sizes again and again
@lru_cache(maxsize=1024)
def _sample_size(limit: float, truth: float, alpha: float, power: float) -> SampleSize:
    """For a truth above its limit."""
    if truth == 1.0:
        error_free = int(_first_n(np.array([0]), limit, alpha)[0])
        return SampleSize(error_free, error_free)
    failures = np.arange(_failures_to_search(limit, truth, alpha, power))
    # One tooth per number of allowed failures: it starts at starts[f], where power peaks, and sinks
    # until the case before starts[f + 1].
    starts = _first_n(failures, limit, alpha)
    peaks = _chance_of_at_most(failures, starts, truth)
    troughs = _chance_of_at_most(failures[:-1], starts[1:] - 1, truth)
    low = np.flatnonzero(troughs < power)
    safe = starts[low[-1] + 1] if low.size else starts[0]
    return SampleSize(int(starts[np.argmax(peaks >= power)]), int(safe))


def share_of_power(power: float, cells: int) -> float:
    """Power each of ``cells`` independent cells needs so that all of them pass with ``power``.

    >>> sample_size(0.90, 0.95, 0.05, share_of_power(0.80, 10)).safe
    391
    """
    _arguments.between("power", power)
    return float(power ** (1.0 / _arguments.number_from("cells", cells, 1)))


def _tail_above(hits: Floats, cases: Floats, rate: Floats | float) -> Floats:
    some = hits > 0
    # Unreachable counts (hits > cases) are clipped here and masked by the callers.
    misses = np.maximum(cases - hits, 0.0)
    tail = special.betainc(np.where(some, hits, 1.0), misses + 1.0, rate)
    return np.asarray(np.where(some, tail, 1.0), dtype=np.float64)


def _chance_of_at_most(failures: Integers, cases: Integers, rate: float) -> Floats:
    return _tail_above((cases - failures).astype(np.float64), cases.astype(np.float64), rate)


def _first_n(failures: Integers, limit: float, alpha: float) -> Integers:
    """Smallest n, one per number of failures, that shows a rate of at least limit."""
    low = failures.astype(np.int64)
    high = 2 * (low + 1)
    while np.any(short := _chance_of_at_most(low, high, limit) > alpha):
        high = np.where(short, 2 * high, high)
    below = low.copy()
    while np.any(high - below > 1):
        middle = (below + high) // 2
        shown = _chance_of_at_most(low, middle, limit) <= alpha
        below, high = np.where(shown, below, middle), np.where(shown, middle, high)
    return high


def _failures_to_search(limit: float, truth: float, alpha: float, power: float) -> int:
    """How many teeth of the power curve must be seen to know that it never dips again.

    With m the smallest number of failures that does not pass, alpha < P(failures <= m | limit)
    <= exp(-n KL(m/n, 1 - limit)) (Chernoff), so m/n stays above a share x that only grows with n;
    and the power lost is P(failures >= m | truth) <= exp(-n KL(x, 1 - truth)). Once the second
    bound is below 1 - power it stays so: beyond the n where both meet, no dip is possible.
    """
    loss, gain = math.log(1.0 / alpha), math.log(1.0 / (1.0 - power))
    failing, good = 1.0 - limit, 1.0 - truth

    def gap(share: float) -> float:
        return gain * _divergence(share, failing) - loss * _divergence(share, good)

    share = float(optimize.brentq(gap, good, failing))
    apart = _divergence(share, failing)
    # One per cent more than the proof needs, against rounding in the divergence.
    horizon = 1.01 * loss / apart + 1.0 if apart > 0.0 else math.inf
    # alpha <= 1/2 keeps the allowed failures below their median at the limit.
    if failing * horizon + 3 > _MOST_FAILURES_SEARCHED:
        raise ValueError(
            f"truth {truth} is too near limit {limit}: about {horizon / 3:.0f} cases would be "
            "needed. Expect a truth further from the limit, or lower the limit."
        )
    return math.ceil(failing * horizon) + 3


def _divergence(share: float, rate: float) -> float:
    # kl_div is non-negative term by term, which keeps digits where the two rates almost agree.
    return float(special.kl_div(share, rate) + special.kl_div(1.0 - share, 1.0 - rate))


def _check_plan(limit: float, truth: float, alpha: float, power: float) -> None:
    _arguments.between("power", power)
    _arguments.rate("truth", truth)
    if not 0.0 < limit < 1.0:
        raise ValueError(
            f"limit {limit} can never be shown by a finite sample: choose a limit strictly "
            "between 0 and 1."
        )
    if not 0.0 < alpha <= 0.5:
        raise ValueError(f"alpha must lie above 0 and at most 0.5, not {alpha}.")
    if truth == limit:
        raise ValueError(
            f"truth equals limit ({limit}): no sample size can show it. Expect a truth on the "
            "passing side of the limit."
        )
