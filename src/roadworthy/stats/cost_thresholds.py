"""The threshold, and the band for a person, at which cases cost least: by rule or by trying all.

``by_ratio`` is the rule for scores that are calibrated chances. ``cheapest_threshold`` and
``cheapest_band`` try every cut that tells two scores apart, on cases whose truth is known: their
cost is the least there is on these cases, so it is optimistic for others, and judging on the same
cases must pay for ``candidates``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Cut", "by_ratio", "cheapest_band", "cheapest_threshold", "most_candidates"]

Floats = NDArray[np.float64]

# sums of prices such as .1 differ in their last digits by the order in which they are added
_TIE = 1e-12


@dataclass(frozen=True)
class Cut:
    """Flag from ``threshold`` up; ``refer_between`` [from, to) goes to a person, None: nobody does.

    ``cost`` is the mean over the cases given; ``candidates`` among how many it was chosen.
    """

    threshold: float
    refer_between: tuple[float, float] | None
    cost: float
    candidates: int


def by_ratio(
    miss: float,
    false_alarm: float,
    found: float = 0.0,
    cleared: float = 0.0,
    refer: float | None = None,
) -> tuple[float, tuple[float, float] | None]:
    """The threshold, and the band for a person, that cost least where the score is the chance.

    Flag when p >= (false_alarm + cleared) / (false_alarm + cleared + miss + found), where found and
    cleared are what right calls earn (Elkan 2001, "The foundations of cost-sensitive learning").
    With a price ``refer`` of a person: clear while p * miss - (1 - p) * cleared < refer, flag once
    (1 - p) * false_alarm - p * found <= refer, between them refer (Chow 1970, "On optimum
    recognition error and reject tradeoff"); where the two meet there is no band.

    What must hold: the score of a case is the chance that it is positive.

    Raises ValueError when an amount is negative or not finite, or neither error matters.

    >>> by_ratio(miss=5.0, false_alarm=1.0)
    (0.16666666666666666, None)
    >>> by_ratio(miss=10.0, false_alarm=1.0, refer=0.2)
    (0.8, (0.02, 0.8))
    """
    amounts = (miss, false_alarm, found, cleared, 0.0 if refer is None else refer)
    if not all(0.0 <= amount < float("inf") for amount in amounts):
        raise ValueError(f"amounts must be finite and not negative, got {amounts}.")
    positive, negative = miss + found, false_alarm + cleared
    if positive + negative <= 0.0:
        raise ValueError("neither a miss nor a false alarm costs anything: no threshold is best.")
    alone = negative / (positive + negative)
    if refer is None or positive <= 0.0 or negative <= 0.0:
        return alone, None
    low = min((refer + cleared) / (miss + cleared), 1.0) if miss + cleared else 1.0
    high = max((false_alarm - refer) / (false_alarm + found), 0.0) if false_alarm else 0.0
    return (high, (low, high)) if low < high else (alone, None)


def cheapest_threshold(score: ArrayLike, clear: ArrayLike, flag: ArrayLike) -> Cut:
    """The threshold of least cost, exactly: one sort and two running sums, O(n log n).

    ``clear`` and ``flag`` are what each case costs when it is cleared and when it is flagged
    (negative: it earns), shape (cases,), in one unit; ``score`` lies in 0..1. Thresholds tried: all
    scores, and 1 where no score reaches it, so that nothing is flagged. Of equal costs the lowest
    threshold is taken: it misses least.

    Raises ValueError without cases, or for shapes or numbers that make no sense.

    >>> cheapest_threshold([0.2, 0.4, 0.6, 0.8], clear=[0, 5, 0, 5], flag=[1, 0, 1, 0])
    Cut(threshold=0.4, refer_between=None, cost=0.25, candidates=5)
    """
    cuts = _Cuts.of(score, clear, flag)
    total = cuts.below + cuts.above
    # only real thresholds: every place save the first stands for a cut just at a score
    at = _first_least(total, cuts.scale)
    return Cut(float(cuts.places[at]), None, float(total[at]) / cuts.n, len(cuts.places))


def cheapest_band(score: ArrayLike, clear: ArrayLike, flag: ArrayLike, refer: ArrayLike) -> Cut:
    """The band [from, to) of least cost, exactly, over all pairs of cuts: O(n log n) as well.

    ``refer`` is what each case costs when a person decides; the others as in
    ``cheapest_threshold``. What lies below a band hangs on its lower end alone and what lies above
    on its upper end, so a running minimum tries all pairs. A band that holds no case is none.

    >>> cut = cheapest_band([0.1, 0.5, 0.5, 0.9], [0, 9, 0, 9], [1, 0, 1, 0], [0.2] * 4)
    >>> cut.refer_between, cut.threshold, round(cut.cost, 3)
    ((0.5, 0.9), 0.9, 0.1)
    """
    paid = np.broadcast_to(np.asarray(refer, dtype=np.float64), np.shape(score))
    if not np.all(np.isfinite(paid)):
        raise ValueError("prices must be finite numbers.")
    losses = (np.asarray(one, dtype=np.float64) - paid for one in (clear, flag))
    cuts = _Cuts.of(score, *losses)
    scale = cuts.scale + float(np.abs(paid).sum())
    low = _running_least(cuts.below, scale)
    total = cuts.below[low] + cuts.above
    high = _first_least(total, scale)
    pairs = len(cuts.places) * (len(cuts.places) + 1) // 2
    ends = float(cuts.places[low[high]]), float(cuts.places[high])
    cost = (float(total[high]) + float(paid.sum())) / cuts.n
    return Cut(ends[1], ends if ends[0] < ends[1] else None, cost, pairs)


def most_candidates(cases: int, band: bool) -> int:
    """The most cuts that so many cases can tell apart.

    >>> most_candidates(3, band=False), most_candidates(3, band=True)
    (4, 10)
    """
    return (cases + 1) * (cases + 2) // 2 if band else cases + 1


@dataclass(frozen=True)
class _Cuts:
    """Every cut: where it is, what the cases below cost cleared, and those from it up flagged."""

    places: Floats
    below: Floats
    above: Floats
    scale: float
    n: int

    @staticmethod
    def of(score: ArrayLike, clear: ArrayLike, flag: ArrayLike) -> _Cuts:
        scores, cleared, flagged = (
            np.asarray(one, dtype=np.float64) for one in (score, clear, flag)
        )
        if scores.ndim != 1 or not scores.shape == cleared.shape == flagged.shape:
            raise ValueError(
                f"score {scores.shape}, clear {cleared.shape} and flag {flagged.shape} must all "
                "have shape (cases,)."
            )
        if scores.size == 0:
            raise ValueError("there are no cases, so no threshold is best: gather cases first.")
        if not np.all((scores >= 0.0) & (scores <= 1.0)):
            raise ValueError("scores must be numbers from 0 to 1.")
        if not (np.all(np.isfinite(cleared)) and np.all(np.isfinite(flagged))):
            raise ValueError("prices must be finite numbers.")
        order = np.argsort(scores, kind="stable")
        scores, cleared, flagged = scores[order], cleared[order], flagged[order]
        first = np.flatnonzero(np.concatenate([[True], scores[1:] > scores[:-1]]))
        places = scores[first]
        if places[-1] < 1.0:
            places, first = np.append(places, 1.0), np.append(first, scores.size)
        below = np.concatenate([[0.0], np.cumsum(cleared)])[first]
        above = np.concatenate([np.cumsum(flagged[::-1])[::-1], [0.0]])[first]
        scale = float(np.abs(cleared).sum() + np.abs(flagged).sum())
        return _Cuts(places, below, above, scale, scores.size)


def _first_least(total: Floats, scale: float) -> int:
    return int(np.flatnonzero(total <= total.min() + _TIE * scale)[0])


def _running_least(values: Floats, scale: float) -> NDArray[np.int64]:
    """For each place the first one, up to it, that holds the least value up to it."""
    least = np.minimum.accumulate(values)
    # a new place is kept only where it is lower than the last kept one by more than rounding
    lower = np.concatenate([[True], values[1:] < least[:-1] - _TIE * scale])
    return np.maximum.accumulate(np.where(lower, np.arange(len(values)), 0))
