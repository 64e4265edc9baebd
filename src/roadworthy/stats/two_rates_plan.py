"""How many fresh cases show a drop, or show that there is none worth the name.

The old set has the size it has: where it is small, no number of fresh cases shows a small drop, and
that is said instead of a number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy import special

from roadworthy.stats import _arguments, unconditional
from roadworthy.stats.two_rates import Floats, TwoRates, fewest_first, p_above, score_z

__all__ = ["Never", "fresh_to_show_drop", "fresh_to_show_hold", "power_above"]

MOST_FRESH = 1_000_000
# how far above the smallest size a plan may lie
_STEP = 0.01


@dataclass(frozen=True)
class Never:
    """No number of fresh cases does it; ``why`` says what is in the way."""

    why: str


def fresh_to_show_drop(
    n_old: int, old_rate: float, drop: float, tolerated: float, alpha: float, power: float
) -> int | Never:
    """Fresh cases with which the exact test shows a true ``drop`` to be more than ``tolerated``.

    Starts at the normal approximation (Farrington & Manning 1990) and grows until the exact test's
    power is reached; within 1 % of the smallest such size. ``alpha`` is for this one model: divide
    it by their number for Holm's first step.

    Raises ValueError unless drop exceeds tolerated and both leave rates in 0..1.

    >>> fresh_to_show_drop(1000, 0.90, 0.06, 0.02, 0.05, 0.80)
    773
    """
    _check(n_old, old_rate, drop, tolerated, alpha, power)
    if drop <= tolerated:
        raise ValueError(f"drop {drop} must exceed what is tolerated ({tolerated}).")
    return _fresh(n_old, old_rate, old_rate - drop, tolerated, alpha, power)


def fresh_to_show_hold(
    n_old: int, old_rate: float, drop: float, tolerated: float, alpha: float, power: float
) -> int | Never:
    """Fresh cases with which the exact test shows a true ``drop`` to be less than ``tolerated``.

    Raises ValueError unless drop is less than tolerated and both leave rates in 0..1.

    >>> fresh_to_show_hold(2000, 0.90, 0.0, 0.05, 0.05, 0.80)
    305
    """
    _check(n_old, old_rate, drop, tolerated, alpha, power)
    if drop >= tolerated:
        raise ValueError(f"drop {drop} must be less than what is tolerated ({tolerated}).")
    # misses instead of hits: "fresh misses exceed old ones by less than tolerated"
    return _fresh(n_old, 1.0 - old_rate, 1.0 - old_rate + drop, -tolerated, alpha, power)


def power_above(
    n_old: int, old_rate: float, n_new: int, new_rate: float, delta: float, alpha: float
) -> float:
    """Chance that ``p_above`` at delta is at most alpha, with its critical score at typical counts.

    >>> round(power_above(1000, 0.90, 500, 0.84, 0.02, 0.05), 3)
    0.7
    """
    fresh = unconditional.window(n_new, new_rate, new_rate)
    chance = np.exp(unconditional.log_binomial(fresh, n_new, new_rate))
    places = np.searchsorted(np.cumsum(chance), [0.05, 0.5, 0.95]).clip(0, fresh.size - 1)
    typical = np.unique(fresh[places])
    critical = np.array([_critical_score(n_old, n_new, int(y), delta, alpha) for y in typical])
    score = np.interp(fresh, typical, critical)
    fewest = _fewest(fresh, n_old, n_new, delta, score)
    some = (fewest > 0) & (fewest <= n_old)
    tail = special.betainc(
        np.where(some, fewest, 1.0), np.where(some, n_old - fewest + 1.0, 1.0), old_rate
    )
    return float((chance * np.where(fewest <= 0, 1.0, np.where(some, tail, 0.0))).sum())


def _fewest(fresh: Floats, n_old: int, n_new: int, delta: float, score: Floats) -> Floats:
    # one critical score a typical count: neighbours share it
    found = np.full(fresh.shape, np.inf)
    for value in np.unique(score[np.isfinite(score)]):
        at = score == value
        found[at] = fewest_first(fresh[at], n_old, n_new, delta, float(value))
    return found


def _critical_score(n_old: int, n_new: int, fresh: int, delta: float, alpha: float) -> float:
    """Score of the fewest old hits that are significant beside ``fresh``; none: beyond reach."""

    def significant(old: int) -> bool:
        return p_above(TwoRates(old, n_old, fresh, n_new), delta) <= alpha

    z = NormalDist().inv_cdf(1.0 - alpha)
    start = fewest_first(np.array([float(fresh)]), n_old, n_new, delta, z)[0]
    old = int(min(start, n_old))
    while old > 0 and significant(old - 1):
        old -= 1
    while old <= n_old and not significant(old):
        old += 1
    if old > n_old:
        return math.inf
    below, at = score_z([max(old - 1, 0), old], n_old, fresh, n_new, delta)
    # half a step down: neighbours between two typical counts round to the same one
    return float(0.5 * (below + at)) if math.isfinite(below) else float(at)


def _fresh(
    n_old: int, old_rate: float, new_rate: float, delta: float, alpha: float, power: float
) -> int | Never:
    start = _approximate(n_old, old_rate, new_rate, delta, alpha, power)
    if start > MOST_FRESH:
        return _never(n_old, old_rate, new_rate, delta, alpha, power)

    def enough(size: int) -> bool:
        return power_above(n_old, old_rate, size, new_rate, delta, alpha) >= power

    low, high = 0, start
    while not enough(high):
        low, high = high, math.ceil(high * 1.2) + 1
        if high > 2 * MOST_FRESH:
            return _never(n_old, old_rate, new_rate, delta, alpha, power)
    low = max(low, int(0.7 * start)) if low == 0 else low
    while high - low > max(1, int(_STEP * high)):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _never(
    n_old: int, old_rate: float, new_rate: float, delta: float, alpha: float, power: float
) -> Never:
    """The old set is too small; how large it would have to be, were the fresh rate known."""
    larger = n_old
    while larger < MOST_FRESH and _short(
        larger, old_rate, 2.0 * MOST_FRESH, new_rate, delta, alpha, power
    ):
        larger = math.ceil(larger * 1.02) + 1
    told = f"{n_old:,} old cases tell the old rate too loosely: more fresh ones do not help"
    if larger >= MOST_FRESH:
        return Never(told)
    digits = 10 ** max(0, len(str(larger)) - 2)
    return Never(f"{told}; it takes an old set of more than {larger // digits * digits:,}")


def _approximate(
    n_old: int, old_rate: float, new_rate: float, delta: float, alpha: float, power: float
) -> int:
    """Fresh cases by the normal approximation; beyond MOST_FRESH where none are enough."""

    def short(size: float) -> bool:
        return _short(n_old, old_rate, size, new_rate, delta, alpha, power)

    if short(2.0 * MOST_FRESH):
        return MOST_FRESH + 1
    low, high = 1.0, 2.0 * MOST_FRESH
    while high / low > 1.0 + 1e-3:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if short(middle) else (low, middle)
    return max(2, math.ceil(high))


def _short(
    n_old: float,
    old_rate: float,
    n_new: float,
    new_rate: float,
    delta: float,
    alpha: float,
    power: float,
) -> bool:
    """Whether the normal approximation says that the power is not reached."""
    off = (old_rate - new_rate) - delta
    null = float(score_z(old_rate * n_old, n_old, new_rate * n_new, n_new, delta))
    if null <= 0.0:
        return True
    truth = math.sqrt(old_rate * (1.0 - old_rate) / n_old + new_rate * (1.0 - new_rate) / n_new)
    normal = NormalDist()
    return off < normal.inv_cdf(1.0 - alpha) * off / null + normal.inv_cdf(power) * truth


def _check(
    n_old: int, old_rate: float, drop: float, tolerated: float, alpha: float, power: float
) -> None:
    _arguments.number_from("n_old", n_old, 1)
    _arguments.rate("old_rate", old_rate)
    _arguments.rate("old_rate - drop", old_rate - drop)
    _arguments.rate("tolerated", tolerated)
    _arguments.between("power", power)
    if not unconditional.OUTSIDE < alpha <= 0.5:
        raise ValueError(f"alpha must lie above 0 and at most 0.5, not {alpha!r}.")
