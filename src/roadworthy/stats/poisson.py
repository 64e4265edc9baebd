"""Exact bounds, tests and exposures for events per mile or hour, where no number of cases exists.

``alpha`` is a one-sided error probability, ``events`` were counted over ``exposure`` (any unit), a
rate is events per unit of exposure, arguments broadcast, and a scalar comes back as a 0-d array.
Events must be independent of each other and come at a constant rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from roadworthy.stats import _arguments
from roadworthy.stats._arguments import Floats

__all__ = [
    "ExposurePlan",
    "exposure_needed",
    "exposure_with_events",
    "exposure_without_events",
    "lower",
    "p_above",
    "p_below",
    "upper",
]

# Beyond this many events truth and limit agree to a fraction of a per cent: no plan, a misprint.
_MOST_EVENTS_SEARCHED = 1_000_000


def lower(events: ArrayLike, exposure: ArrayLike, alpha: ArrayLike) -> Floats:
    """Exact lower bound for a rate: it exceeds the true rate in at most alpha of repeated studies.

    No events, or no exposure, give 0. Source: Garwood 1936, by the gamma quantile.

    Raises ValueError for negative counts, for events without exposure and unless 0 < alpha < 1.

    >>> round(float(lower(10, 1.0, 0.025)), 4)
    4.7954
    """
    count, time = _counts(events, exposure)
    mean = special.gammaincinv(np.where(count > 0, count, 1.0), _arguments.between("alpha", alpha))
    return _per_exposure(np.where(count > 0, mean, 0.0), time, without=0.0)


def upper(events: ArrayLike, exposure: ArrayLike, alpha: ArrayLike) -> Floats:
    """Exact upper bound for a rate: below the true rate in at most alpha of repeated studies.

    No exposure gives infinity: nothing is known. Source: Garwood 1936, by the gamma quantile.

    Raises ValueError for negative counts, for events without exposure and unless 0 < alpha < 1.

    >>> round(float(upper(0, 1000.0, 0.05)), 6)
    0.002996
    """
    count, time = _counts(events, exposure)
    mean = special.gammainccinv(count + 1.0, _arguments.between("alpha", alpha))
    return _per_exposure(mean, time, without=np.inf)


def p_above(events: ArrayLike, exposure: ArrayLike, rate: ArrayLike) -> Floats:
    """Exact p-value against "the rate is at most ``rate``": the chance of as many events or more.

    ``lower(events, exposure, alpha) >= rate`` exactly when this is at most alpha.

    Raises ValueError for negative arguments and for events without exposure.

    >>> round(float(p_above(3, 1.0, 0.5)), 4)
    0.0144
    """
    count, time = _counts(events, exposure)
    mean = time * _arguments.not_negative("rate", rate)
    tail = special.gammainc(np.where(count > 0, count, 1.0), mean)
    return np.asarray(np.where(count > 0, tail, 1.0), dtype=np.float64)


def p_below(events: ArrayLike, exposure: ArrayLike, rate: ArrayLike) -> Floats:
    """Exact p-value against "the rate is at least ``rate``": the chance of as few events or fewer.

    ``upper(events, exposure, alpha) <= rate`` exactly when this is at most alpha.

    Raises ValueError for negative arguments and for events without exposure.

    >>> round(float(p_below(0, 300.0, 0.01)), 4)
    0.0498
    """
    count, time = _counts(events, exposure)
    mean = time * _arguments.not_negative("rate", rate)
    return np.asarray(special.gammaincc(count + 1.0, mean), dtype=np.float64)


def exposure_without_events(limit: float, confidence: float) -> float:
    """Event-free exposure that shows a rate of at most ``limit``, in the limit's unit of exposure.

    Solves exp(-limit * exposure) <= 1 - confidence (Kalra & Paddock 2016, RAND RR-1478).

    Raises ValueError unless limit > 0 and 0 < confidence < 1.

    >>> f"{exposure_without_events(1.09e-8, 0.95):.4g} miles"
    '2.748e+08 miles'
    """
    return exposure_with_events(limit, 0, confidence)


def exposure_with_events(limit: float, events: int, confidence: float) -> float:
    """Exposure that shows a rate of at most ``limit`` although ``events`` happened during it.

    Raises ValueError unless limit > 0, events is whole and >= 0, and 0 < confidence < 1.

    >>> f"{exposure_with_events(1e-9, 1, 0.95):.4g}"
    '4.744e+09'
    """
    _arguments.positive("limit", limit)
    _arguments.between("confidence", confidence)
    count = _arguments.number_from("events", events, 0)
    return _showing_at_most(count, limit, 1.0 - confidence)


@dataclass(frozen=True)
class ExposurePlan:
    """An exposure to plan for, and the event count that decides.

    For an at-most limit ``events`` is the most that may happen, for an at-least limit the fewest
    that must happen.
    """

    exposure: float
    events: int


def exposure_needed(limit: float, truth: float, alpha: float, power: float) -> ExposurePlan:
    """Smallest exposure that shows the side of ``limit`` where ``truth`` lies, with that power.

    Exact Poisson, in the unit of exposure of the two rates. Test at the planned exposure: a longer
    one keeps alpha, but its power dips until one more event is allowed.

    Raises ValueError when truth equals limit, when limit is not positive, when truth is negative,
    or when the two are so near that more than a million events would have to be counted.

    >>> plan = exposure_needed(1.09e-8, 0.8 * 1.09e-8, alpha=0.05, power=0.80)
    >>> f"{plan.exposure:.4g} miles, at most {plan.events} events"
    '1.291e+10 miles, at most 121 events'
    """
    _arguments.positive("limit", limit)
    _arguments.not_negative("truth", truth)
    _arguments.between("alpha", alpha)
    _arguments.between("power", power)
    if truth == limit:
        raise ValueError(
            f"truth equals limit ({limit}): no exposure can show it. Expect a truth on the passing "
            "side of the limit."
        )
    if truth < limit:
        return _plan_at_most(limit, truth, alpha, power)
    return _plan_at_least(limit, truth, alpha, power)


def _plan_at_most(limit: float, truth: float, alpha: float, power: float) -> ExposurePlan:
    for first in _blocks():
        events = np.arange(first, 2 * first + 64)
        means = special.gammainccinv(events + 1.0, alpha)
        enough = special.gammaincc(events + 1.0, means * (truth / limit)) >= power
        if enough.any():
            most = int(events[np.argmax(enough)])
            return ExposurePlan(_showing_at_most(most, limit, alpha), most)
    raise _too_near(limit, truth)


def _plan_at_least(limit: float, truth: float, alpha: float, power: float) -> ExposurePlan:
    for first in _blocks():
        events = np.arange(first, 2 * first + 64) + 1.0
        longest = special.gammaincinv(events, alpha) / limit
        shortest = special.gammaincinv(events, power) / truth
        if (enough := shortest <= longest).any():
            fewest = int(np.argmax(enough))
            return ExposurePlan(float(shortest[fewest]), int(events[fewest]))
    raise _too_near(limit, truth)


def _blocks() -> list[int]:
    """Starts of doubling blocks of event counts: few for far truths, vectorised for near ones."""
    starts, start = [], 0
    while start < _MOST_EVENTS_SEARCHED:
        starts.append(start)
        start = 2 * start + 64
    return starts


def _showing_at_most(events: int, limit: float, alpha: float) -> float:
    exposure = float(special.gammainccinv(events + 1.0, alpha)) / limit
    # The quantile is rounded; the p-value decides, so that the planned exposure does pass.
    while float(special.gammaincc(events + 1.0, exposure * limit)) > alpha:
        exposure = math.nextafter(exposure * (1.0 + 1e-15), math.inf)
    return exposure


def _too_near(limit: float, truth: float) -> ValueError:
    return ValueError(
        f"truth {truth} is too near limit {limit}: more than {_MOST_EVENTS_SEARCHED} events would "
        "have to be counted. Expect a truth further from the limit."
    )


def _per_exposure(mean: Floats, exposure: Floats, without: float) -> Floats:
    some = exposure > 0
    return np.asarray(np.where(some, mean / np.where(some, exposure, 1.0), without), np.float64)


def _counts(events: ArrayLike, exposure: ArrayLike) -> tuple[Floats, Floats]:
    count, time = (
        _arguments.not_negative("events", events),
        _arguments.not_negative("exposure", exposure),
    )
    if np.any((count > 0) & (time == 0)):
        raise ValueError(
            "events were counted without exposure: give the exposure they happened in."
        )
    return count, time
