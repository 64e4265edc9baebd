"""The mean of a bounded variable, with bounds that hold for any shape, rare large costs too."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from roadworthy.stats import inversion

__all__ = ["estimate", "lower", "p_above", "p_below", "sample_size", "upper"]

Floats = NDArray[np.float64]

# Bets are tuned to end a test at this level; every other level keeps its error, with less power.
_TUNED_TO = math.log(1.0 / 0.05)
# Shares of the whole capital that the two players risk at most on one unit.
_RISKS = (0.5, 0.95)
_BOUND_PRECISION = 1e-7
_MOST_UNITS = 10**9


def estimate(sums: ArrayLike, sizes: ArrayLike) -> float:
    """Mean per case: the total of ``sums`` over the total of ``sizes``, both of shape (units,).

    Raises ValueError when there are no cases.

    >>> estimate([1.0, 3.0], [1, 3])
    1.0
    """
    total = float(np.sum(np.asarray(sizes, dtype=np.float64)))
    if not total > 0.0:
        raise ValueError("there are no cases, so there is no mean: gather observations first.")
    return float(np.sum(np.asarray(sums, dtype=np.float64))) / total


def p_above(
    sums: ArrayLike,
    sizes: ArrayLike,
    limit: float,
    lo: float,
    hi: float,
    *,
    anytime: bool = False,
    largest: float | None = None,
) -> float:
    """P-value against "the mean per case is at most ``limit``", by betting.

    ``sums`` and ``sizes`` have shape (units,): the sum over a unit's cases, and their number. The
    mean per case is E[sum] / E[size]; values lie in ``lo..hi``, in the unit of ``limit``. Cases of
    one unit may depend on each other in any way. A player bets against the null on each unit with
    stakes fixed by the units before it; under the null the capital is a supermartingale, so
    1 / (largest capital so far) is a p-value (Ville 1939). With ``anytime=True`` stakes do not look
    at the number of units either, and the p-values at all numbers of units hold together; without
    it they are tuned to this number, declared in advance, which saves cases. Stakes follow the
    empirical variance (Waudby-Smith & Ramdas 2024, JRSS B 86, "Estimating means of bounded random
    variables by betting").

    What must hold: units are independent of one another and come in an order that does not depend
    on their values; no unit of the population is larger than ``largest``, which is the largest seen
    unless given (give it in monitoring, where later units may be larger).

    Raises ValueError for values outside ``lo..hi`` or shapes that differ.

    >>> round(p_above([1.0] * 50, [1] * 50, 0.9, 0.0, 1.0), 4)
    0.0133
    """
    units = _Units.of(sums, sizes, lo, hi, largest)
    share = (limit - lo) / (hi - lo)
    return _p_above(units.bets(anytime), share)


def p_below(
    sums: ArrayLike,
    sizes: ArrayLike,
    limit: float,
    lo: float,
    hi: float,
    *,
    anytime: bool = False,
    largest: float | None = None,
) -> float:
    """P-value against "the mean per case is at least ``limit``": ``p_above`` of mirrored values.

    >>> round(p_below([0.0] * 50, [1] * 50, 0.1, 0.0, 1.0), 4)
    0.0133
    """
    units = _Units.of(sums, sizes, lo, hi, largest).mirrored()
    share = (hi - limit) / (hi - lo)
    return _p_above(units.bets(anytime), share)


def lower(
    sums: ArrayLike,
    sizes: ArrayLike,
    alpha: float,
    lo: float,
    hi: float,
    *,
    anytime: bool = False,
    largest: float | None = None,
) -> float:
    """Lower bound for the mean per case: it exceeds the true mean at most alpha often.

    The largest limit that ``p_above`` rejects at alpha, to 1e-7 of the range (p-values are monotone
    in the limit, so bound and test agree). With ``anytime=True`` the bounds at all numbers of units
    hold together. Arguments and assumptions as in ``p_above``.

    >>> round(lower([1.0] * 50, [1] * 50, 0.05, 0.0, 1.0), 3)
    0.928
    """
    units = _Units.of(sums, sizes, lo, hi, largest)
    return lo + (hi - lo) * _lower_share(units, alpha, anytime)


def upper(
    sums: ArrayLike,
    sizes: ArrayLike,
    alpha: float,
    lo: float,
    hi: float,
    *,
    anytime: bool = False,
    largest: float | None = None,
) -> float:
    """Upper bound for the mean per case: it undercuts the true mean at most alpha often.

    >>> round(upper([0.0] * 50, [1] * 50, 0.05, 0.0, 1.0), 3)
    0.072
    """
    units = _Units.of(sums, sizes, lo, hi, largest).mirrored()
    return hi - (hi - lo) * _lower_share(units, alpha, anytime)


def sample_size(
    limit: float, truth: float, sd: float, lo: float, hi: float, alpha: float, power: float
) -> int:
    """Independent cases to plan for, to show on which side of ``limit`` the mean ``truth`` lies.

    ``sd`` is the standard deviation expected of one case. The log capital of ``p_above`` is taken
    as a Brownian motion with drift, and values as two-valued: a plan, not a promise.

    Raises ValueError when truth equals limit or either lies outside ``lo..hi``.

    >>> sample_size(limit=0.5, truth=0.4, sd=0.2, lo=0.0, hi=1.0, alpha=0.05, power=0.8)
    42
    """
    _check_plan(limit, truth, sd, lo, hi, alpha, power)
    ends = (lo, hi) if truth > limit else (hi, lo)
    share, mean = ((value - ends[0]) / (ends[1] - ends[0]) for value in (limit, truth))
    shape = _TwoPoint.of(mean, sd / (hi - lo))
    few, many = 0, 1
    while _chance_to_show(many, share, shape, alpha) < power:
        few, many = many, 2 * many
        if many > _MOST_UNITS:
            raise ValueError(
                f"truth {truth} is too near limit {limit}: more than {_MOST_UNITS} cases would be "
                "needed. Expect a truth further from the limit."
            )
    while many - few > 1:
        middle = (few + many) // 2
        enough = _chance_to_show(middle, share, shape, alpha) >= power
        few, many = (few, middle) if enough else (middle, many)
    return many


@dataclass(frozen=True)
class _Bets:
    """One unit a row: its value, size, and the stake per unit of gain before any cap."""

    values: Floats
    sizes: Floats
    stakes: Floats
    largest: float


@dataclass(frozen=True)
class _Units:
    """Values moved to 0..1 per case: shape (units,), each at most its size."""

    values: Floats
    sizes: Floats
    largest: float

    @staticmethod
    def of(
        sums: ArrayLike, sizes: ArrayLike, lo: float, hi: float, largest: float | None
    ) -> _Units:
        total, size = np.asarray(sums, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
        if total.ndim != 1 or total.shape != size.shape:
            raise ValueError(
                f"sums {total.shape} and sizes {size.shape} must both have shape (units,)."
            )
        if not (math.isfinite(lo) and math.isfinite(hi) and lo < hi):
            raise ValueError(f"need finite lo < hi, got {lo!r} and {hi!r}: declare the range.")
        if not np.all((size > 0.0) & np.isfinite(size)):
            raise ValueError("every unit needs at least one case: drop units without cases.")
        values = (total - lo * size) / (hi - lo)
        beyond = ~((values >= -1e-9 * size) & (values <= size * (1.0 + 1e-9)))
        if np.any(beyond):
            worst = total[beyond][0] / size[beyond][0]
            raise ValueError(
                f"a unit's mean of {worst!r} lies outside the declared {lo!r} to {hi!r}: no bound "
                "holds then; declare the true range."
            )
        top = float(size.max(initial=0.0))
        if largest is not None and largest < top:
            raise ValueError(f"a unit has {top:g} cases, more than the declared {largest:g}.")
        return _Units(np.clip(values, 0.0, size), size, top if largest is None else float(largest))

    def mirrored(self) -> _Units:
        return _Units(self.sizes - self.values, self.sizes, self.largest)

    def bets(self, anytime: bool) -> _Bets:
        """Stakes that see only the units before: sqrt(2 log(1/.05) / (horizon * variance))."""
        # Begin from half a unit of the largest size at mean one half: the widest prior guess.
        seen_values = np.cumsum(self.values) - self.values
        seen_sizes = np.cumsum(self.sizes) - self.sizes
        before = np.arange(self.values.size, dtype=np.float64)
        mean = (0.5 * self.largest + seen_values) / (self.largest + seen_sizes)
        squared = (self.values - mean * self.sizes) ** 2
        variance = (0.25 * self.largest**2 + np.cumsum(squared) - squared) / (before + 1.0)
        horizon = (before + 1.0) * np.log(before + 2.0) if anytime else float(before.size)
        stakes = np.sqrt(2.0 * _TUNED_TO / (horizon * variance))
        return _Bets(self.values, self.sizes, stakes, self.largest)


def _p_above(bets: _Bets, share: float) -> float:
    if bets.values.size == 0 or share >= 1.0:
        return 1.0
    if share <= 0.0:
        # The range itself speaks: no mean lies below it, and one at its end has no value above.
        return 0.0 if share < 0.0 or np.any(bets.values > 0.0) else 1.0
    return math.exp(-max(0.0, _log_capital(bets, share)))


def _log_capital(bets: _Bets, share: float) -> float:
    """Log of the highest average capital of the players: Ville's inequality covers every unit."""
    gains = bets.values - share * bets.sizes
    first, *others = (_log_capital_of(bets, share, gains, risk) for risk in _RISKS)
    # An average of supermartingales is one.
    for other in others:
        np.logaddexp(first, other, out=first)
    return float(np.max(first)) - math.log(len(_RISKS))


def _log_capital_of(bets: _Bets, share: float, gains: Floats, risk: float) -> Floats:
    stakes = np.minimum(bets.stakes, risk / (share * bets.largest))
    return np.cumsum(np.log1p(stakes * gains))


def _lower_share(units: _Units, alpha: float, anytime: bool) -> float:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie strictly between 0 and 1, not {alpha!r}.")
    bets = units.bets(anytime)
    return inversion.boundary(
        lambda share: share <= 0.0 or _p_above(bets, share) <= alpha,
        0.0,
        1.0,
        _BOUND_PRECISION,
    )


@dataclass(frozen=True)
class _TwoPoint:
    """A value in 0..1 with a given mean and deviation: ``high`` by ``chance``, else ``low``."""

    low: float
    high: float
    chance: float
    sd: float

    @staticmethod
    def of(mean: float, sd: float) -> _TwoPoint:
        sd = min(sd, math.sqrt(mean * (1.0 - mean)))
        if mean - sd >= 0.0 and mean + sd <= 1.0:
            return _TwoPoint(mean - sd, mean + sd, 0.5, sd)
        if mean - sd < 0.0:
            return _TwoPoint(0.0, mean + sd**2 / mean, mean**2 / (mean**2 + sd**2), sd)
        rest = 1.0 - mean
        return _TwoPoint(mean - sd**2 / rest, 1.0, 1.0 - rest**2 / (rest**2 + sd**2), sd)


def _chance_to_show(n: int, share: float, shape: _TwoPoint, alpha: float) -> float:
    """Chance that the capital reaches 1 / alpha: its log as a Brownian motion with drift."""
    # Stakes move slowly, so 64 moments stand for all n.
    before = (np.arange(64) + 0.5) * n / 64 - 0.5 if n > 64 else np.arange(n, dtype=np.float64)
    # The variance starts at its prior guess, plus what the prior mean is off: the sum of 1 / t**2.
    mean = shape.low + shape.chance * (shape.high - shape.low)
    start = 0.25 + (0.5 - mean) ** 2 * math.pi**2 / 6.0
    stakes = np.sqrt(2.0 * _TUNED_TO * (before + 1.0) / (n * (start + before * shape.sd**2)))
    drifts, variances = [], []
    for risk in _RISKS:
        capped = np.minimum(stakes, risk / share)
        low, high = (np.log1p(capped * (value - share)) for value in (shape.low, shape.high))
        drifts.append(n * float((low + shape.chance * (high - low)).mean()))
        squared = float(((high - low) ** 2).mean())
        variances.append(n * shape.chance * (1.0 - shape.chance) * squared)
    drift = float(np.logaddexp.reduce(drifts)) - math.log(len(_RISKS))
    spread = math.sqrt(variances[int(np.argmax(drifts))])
    return _chance_to_reach(math.log(1.0 / alpha), drift, spread)


def _chance_to_reach(level: float, drift: float, spread: float) -> float:
    """Chance that a Brownian motion with this drift and deviation at its end was ever at level."""
    if spread == 0.0:
        return float(drift >= level)
    at_end = float(special.ndtr((drift - level) / spread))
    before = 2.0 * drift * level / spread**2 + special.log_ndtr(-(level + drift) / spread)
    return at_end + math.exp(min(0.0, float(before)))


def _check_plan(
    limit: float, truth: float, sd: float, lo: float, hi: float, alpha: float, power: float
) -> None:
    if not (lo < limit < hi and lo <= truth <= hi):
        raise ValueError(
            f"limit {limit} and truth {truth} must lie within {lo} to {hi}, "
            "the limit not at an end."
        )
    if truth == limit:
        raise ValueError(
            f"truth equals limit ({limit}): no number of cases can show it. Expect a truth on the "
            "passing side of the limit."
        )
    if not (sd >= 0.0 and 0.0 < alpha < 1.0 and 0.0 < power < 1.0):
        raise ValueError(
            f"need sd >= 0 and alpha and power strictly between 0 and 1, got {sd!r}, {alpha!r}, "
            f"{power!r}."
        )
