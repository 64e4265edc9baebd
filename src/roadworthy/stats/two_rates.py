"""The drop of a rate from one set of cases to another: two samples that share no case.

A model was right in ``first`` of ``n_first`` cases of an old set and in ``second`` of ``n_second``
cases of a fresh one; the drop is the first rate less the second. Cases must be independent, within
a set and between the sets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from roadworthy.stats import _arguments, unconditional

__all__ = [
    "TwoRates",
    "fewest_first",
    "newcombe",
    "p_above",
    "p_below",
    "score_z",
    "wilson",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TwoRates:
    """``first`` hits among ``n_first`` cases, ``second`` among ``n_second`` other cases."""

    first: int
    n_first: int
    second: int
    n_second: int

    def __post_init__(self) -> None:
        for hits, cases in ((self.first, self.n_first), (self.second, self.n_second)):
            if not 0 <= hits <= cases:
                raise ValueError(f"need 0 <= hits <= cases, got {hits} of {cases}.")

    @property
    def drop(self) -> float:
        """The first rate less the second, as seen.

        >>> round(TwoRates(90, 100, 85, 100).drop, 3)
        0.05
        """
        return self.first / self.n_first - self.second / self.n_second


def score_z(
    first: ArrayLike, n_first: ArrayLike, second: ArrayLike, n_second: ArrayLike, delta: ArrayLike
) -> Floats:
    """Score statistic for "drop = delta"; approximately standard normal when both sets are large.

    Arguments broadcast. The rates are estimated under the restriction, in closed form
    (Miettinen & Nurminen 1985; Farrington & Manning 1990, without the factor N / (N - 1)). 0 where
    nothing is known; infinite where what was seen cannot happen under the restriction.

    >>> round(float(score_z(56, 70, 48, 80, 0.0)), 3)
    2.65
    """
    x, n, y, m, gap = np.broadcast_arrays(
        *(np.asarray(a, dtype=np.float64) for a in (first, n_first, second, n_second, delta))
    )
    one = _restricted(x / n, y / m, m / n, gap)
    other = np.clip(one - gap, 0.0, 1.0)
    variance = one * (1.0 - one) / n + other * (1.0 - other) / m
    off = x / n - y / m - gap
    known = variance > 1e-15 / np.maximum(n, m)
    at_once = np.where(np.abs(off) < 1e-12, 0.0, np.copysign(np.inf, off))
    score = off / np.sqrt(np.where(known, variance, 1.0))
    return np.asarray(np.where(known, score, at_once), dtype=np.float64)


def p_above(counts: TwoRates, delta: float) -> float:
    """Exact p-value against "the drop is at most delta": small when the first rate is far higher.

    Outcomes are ordered by the score; the p-value is the largest probability, over every second
    rate that a 1 - 1e-6 interval does not exclude (Berger & Boos 1994, the 1e-6 is added), of an
    outcome at least as extreme (exact unconditional test: Chan 1998; Röhmel & Mansmann 1999). The
    order is made monotone in both counts, so the largest one lies where the drop is delta. Without
    cases on either side it is 1.

    Raises ValueError unless -1 <= delta <= 1.

    >>> round(p_above(TwoRates(95, 100, 80, 100), 0.0), 4)
    0.0007
    """
    if not -1.0 <= delta <= 1.0:
        raise ValueError(f"delta must lie in -1..1, not {delta!r}: write 2 points as 0.02.")
    if min(counts.n_first, counts.n_second) == 0 or delta == 1.0:
        return 1.0
    if delta == -1.0:
        return 1.0 if counts.first == 0 and counts.second == counts.n_second else 0.0
    if counts.n_first > counts.n_second:
        # misses instead of hits, sides exchanged: the same drop, and the larger set is searched
        counts = TwoRates(
            counts.n_second - counts.second,
            counts.n_second,
            counts.n_first - counts.first,
            counts.n_first,
        )
    low, high = _angles(counts, delta)
    region = _Region.of(counts, delta, low, high)
    return min(1.0, unconditional.largest(region.size, low, high) + unconditional.OUTSIDE)


def p_below(counts: TwoRates, delta: float) -> float:
    """Exact p-value against "the drop is at least delta": ``p_above`` with the sides exchanged.

    >>> round(p_below(TwoRates(900, 1000, 899, 1000), 0.05), 4)
    0.0002
    """
    swapped = TwoRates(counts.second, counts.n_second, counts.first, counts.n_first)
    return p_above(swapped, -delta)


def wilson(rate: float, n: float, alpha: float) -> tuple[float, float]:
    """Wilson's score bounds of a rate, each one-sided at alpha; ``n`` may be an effective size.

    Source: Wilson 1927.

    >>> tuple(round(bound, 3) for bound in wilson(0.8, 70, 0.025))
    (0.692, 0.877)
    """
    _arguments.rate("rate", rate)
    _arguments.between("alpha", alpha)
    z2 = NormalDist().inv_cdf(alpha) ** 2
    middle = rate + z2 / (2.0 * n)
    reach = math.sqrt(z2 * (rate * (1.0 - rate) + z2 / (4.0 * n)) / n)
    low, high = (middle - reach) / (1.0 + z2 / n), (middle + reach) / (1.0 + z2 / n)
    return max(0.0, low), min(1.0, high)


def newcombe(
    first: float, n_first: float, second: float, n_second: float, alpha: float
) -> tuple[float, float]:
    """Newcombe's interval of a drop, from two rates and their sizes; each end one-sided at alpha.

    Wilson's bounds of both rates, squared and added (Newcombe 1998, method 10). For display: near
    its nominal level, not always above it, so no verdict rests on it.

    >>> tuple(round(end, 4) for end in newcombe(56 / 70, 70, 48 / 80, 80, 0.025))
    (0.0524, 0.3339)
    """
    low1, high1 = wilson(first, n_first, alpha)
    low2, high2 = wilson(second, n_second, alpha)
    drop = first - second
    return (
        drop - math.hypot(first - low1, high2 - second),
        drop + math.hypot(high1 - first, second - low2),
    )


def fewest_first(second: Floats, n_first: int, n_second: int, delta: float, score: float) -> Floats:
    """Per number of second hits, the fewest first hits whose score reaches it; infinite: none do.

    ``second`` must grow. Fewer second hits are never less extreme: rounding must not make it so.
    """
    low, high = np.full(second.shape, -1.0), np.full(second.shape, n_first + 1.0)
    while np.any(high - low > 1.0):
        middle = np.floor(0.5 * (low + high))
        reached = (score_z(middle, n_first, second, n_second, delta) >= score) & (middle >= 0)
        # Each interval ends at its own time; a finished one must not move.
        open_ = high - low > 1.0
        low, high = np.where(open_ & ~reached, middle, low), np.where(open_ & reached, middle, high)
    high = np.where(high > n_first, np.inf, high)
    return np.asarray(np.minimum.accumulate(high[::-1])[::-1], dtype=np.float64)


def _restricted(p: Floats, q: Floats, ratio: Floats, gap: Floats) -> Floats:
    """The first rate that is likeliest under "first - second = gap": the root of a cubic."""
    a = 1.0 + ratio
    b = -(1.0 + ratio + p + ratio * q + gap * (ratio + 2.0))
    c = gap * gap + gap * (2.0 * p + a) + p + ratio * q
    d = -p * gap * (1.0 + gap)
    shift = b / (3.0 * a)
    v = shift**3 - b * c / (6.0 * a * a) + d / (2.0 * a)
    u = np.copysign(np.sqrt(np.maximum(shift**2 - c / (3.0 * a), 0.0)), v)
    cube = np.where(u == 0.0, 1.0, u**3)
    angle = (math.pi + np.arccos(np.clip(v / cube, -1.0, 1.0))) / 3.0
    found = 2.0 * u * np.cos(angle) - shift
    return np.clip(found, np.maximum(0.0, gap), np.minimum(1.0, 1.0 + gap))


@dataclass(frozen=True)
class _Region:
    """Outcomes at least as extreme as the one seen: for so many second hits, first >= fewest."""

    second: Floats
    fewest: Floats
    n_first: float
    n_second: float
    delta: float

    @staticmethod
    def of(counts: TwoRates, delta: float, low: float, high: float) -> _Region:
        ends = _second_rate(np.array([low, high]), delta)
        second = unconditional.window(counts.n_second, *ends)
        score = float(score_z(counts.first, counts.n_first, counts.second, counts.n_second, delta))
        at = unconditional.tie(score) if math.isfinite(score) else score
        fewest = fewest_first(second, counts.n_first, counts.n_second, delta, at)
        return _Region(second, fewest, counts.n_first, counts.n_second, delta)

    def size(self, angles: Floats) -> Floats:
        """Probability of the region, one per angle; counts beyond the window are included whole."""
        rate = _second_rate(angles, self.delta)[:, None]
        chance = np.exp(unconditional.log_binomial(self.second, self.n_second, rate))
        tail = np.zeros_like(chance)
        some = (chance > 1e-14) & (self.fewest <= self.n_first)
        which, at = np.nonzero(some)
        needed = self.fewest[at]
        first_rate = np.clip(rate[:, 0] + self.delta, 0.0, 1.0)[which]
        left = self.n_first - needed + 1.0
        tail[which, at] = np.where(
            needed > 0, special.betainc(np.maximum(needed, 1.0), left, first_rate), 1.0
        )
        beyond = np.maximum(1.0 - chance.sum(axis=1), 0.0)
        return np.asarray((chance * tail).sum(axis=1) + beyond, dtype=np.float64)


def _second_rate(angles: Floats, delta: float) -> Floats:
    """Second rate at an angle in 0..pi: on that scale no rate moves faster than its own error."""
    smallest, width = max(0.0, -delta), 1.0 - abs(delta)
    return np.asarray(smallest + width * np.sin(0.5 * angles) ** 2, dtype=np.float64)


def _angles(counts: TwoRates, delta: float) -> tuple[float, float]:
    """The range of angles searched: exact bounds of the second rate, from its own hits alone.

    A null with a smaller drop is dominated by the one on the boundary with the same second rate;
    where no such one exists (a second rate above 1 - delta), by the largest rate that has one.
    """
    least, most = unconditional.interval(counts.second, counts.n_second)
    smallest, width = max(0.0, -delta), 1.0 - abs(delta)
    share = np.clip((np.array([least, most]) - smallest) / width, 0.0, 1.0)
    low, high = 2.0 * np.arcsin(np.sqrt(share))
    return float(low), float(high)
