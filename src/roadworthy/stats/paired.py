"""The gain of one subject over another on the same cases: two rates on one set depend."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from roadworthy.stats import inversion, unconditional

__all__ = [
    "PairedCounts",
    "estimate",
    "lower",
    "mcnemar_p",
    "p_above",
    "p_below",
    "sample_size",
    "tango_z",
    "upper",
]

Floats = NDArray[np.float64]

_MOST_PAIRS = 10_000_000


@dataclass(frozen=True)
class PairedCounts:
    """Among ``n`` pairs: ``gained`` ours right and theirs wrong, ``lost`` the reverse."""

    gained: int
    lost: int
    n: int

    def __post_init__(self) -> None:
        if min(self.gained, self.lost) < 0 or self.gained + self.lost > self.n:
            raise ValueError(
                f"gained={self.gained} and lost={self.lost} do not fit in n={self.n} pairs: count "
                "each discordant pair once, and concordant ones in n only."
            )


def estimate(counts: PairedCounts) -> float:
    """The gain seen: share of ours right minus share of theirs right.

    Raises ValueError when there are no pairs.

    >>> estimate(PairedCounts(gained=12, lost=5, n=100))
    0.07
    """
    if counts.n == 0:
        raise ValueError("there are no pairs, so there is no gain to estimate: gather pairs first.")
    return (counts.gained - counts.lost) / counts.n


def tango_z(gained: ArrayLike, lost: ArrayLike, n: ArrayLike, delta: ArrayLike) -> Floats:
    """Tango's score statistic for "gain = delta"; approximately standard normal when n is large.

    Arguments broadcast. The rate of losses is estimated under the restriction (Tango 1998,
    Statistics in Medicine 17). 0 where nothing is known: no pair, or no discordant pair at delta 0.

    >>> round(float(tango_z(43, 0, 44, 0.0)), 3)
    6.557
    """
    b, c, pairs, gap = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (gained, lost, n, delta))
    )
    some = np.maximum(pairs, 1.0)
    linear = b + c - (2.0 * pairs - b + c) * gap
    root = np.sqrt(np.maximum(linear**2 + 8.0 * pairs * c * gap * (1.0 - gap), 0.0))
    losses = np.clip((linear + root) / (4.0 * some), np.maximum(0.0, -gap), 0.5 * (1.0 - gap))
    variance = pairs * (2.0 * losses + gap * (1.0 - gap))
    known = variance > 0.0
    score = (b - c - pairs * gap) / np.sqrt(np.where(known, variance, 1.0))
    return np.asarray(np.where(known, score, 0.0), dtype=np.float64)


def p_above(counts: PairedCounts, delta: float) -> float:
    """Exact p-value against "the gain is at most delta": small when ours is better by more.

    Outcomes are ordered by Tango's score; the p-value is the largest probability, over every rate
    of losses that a 1 - 1e-6 interval does not exclude (Berger & Boos 1994, the 1e-6 is added), of
    an outcome at least as extreme (exact unconditional test: Hsueh, Liu & Chen 2001; Sidik 2003).
    Pairs must be independent. Without pairs it is 1.

    Raises ValueError unless -1 <= delta <= 1.

    >>> round(p_above(PairedCounts(gained=2, lost=2, n=100), -0.05), 3)
    0.03
    """
    if not -1.0 <= delta <= 1.0:
        raise ValueError(f"delta must lie in -1..1, not {delta!r}: write 2 points as 0.02.")
    if counts.n == 0 or delta == 1.0:
        return 1.0
    if delta == -1.0:
        return 1.0 if counts.lost == counts.n else 0.0
    low, high = _angles(counts, delta)
    region = _Region.of(counts, delta, low, high)
    return min(1.0, unconditional.largest(region.size, low, high) + unconditional.OUTSIDE)


def p_below(counts: PairedCounts, delta: float) -> float:
    """Exact p-value against "the gain is at least delta": ``p_above`` with the sides exchanged.

    >>> round(p_below(PairedCounts(gained=0, lost=9, n=100), 0.0), 4)
    0.0012
    """
    return p_above(_swapped(counts), -delta)


def lower(counts: PairedCounts, alpha: float) -> float:
    """Exact lower bound for the gain: every smaller gain is rejected by ``p_above`` at alpha.

    The test's p-value is not quite monotone in delta; the bound is the careful (smaller) side of
    the last crossing. -1 where nothing can be said.

    Raises ValueError unless 0 < alpha < 1.

    >>> round(lower(PairedCounts(gained=12, lost=5, n=100), 0.05), 4)
    0.0002
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie strictly between 0 and 1, not {alpha!r}.")
    if counts.n == 0 or counts.lost == counts.n or alpha <= unconditional.OUTSIDE:
        return -1.0

    def rejected(delta: float) -> bool:
        return p_above(counts, delta) <= alpha

    step = _standard_error(counts)
    at = _score_bound(counts, alpha)
    inside = _outward(rejected, at, -step)
    outside = _outward(lambda delta: not rejected(delta), at, step)
    found = inversion.boundary(rejected, inside, outside, 2e-3 * step)
    for probe in found - step * np.array([0.4, 0.2, 0.1, 0.05]):
        if probe > -1.0 and not rejected(probe):
            inside = _outward(rejected, probe, -step)
            return inversion.boundary(rejected, inside, probe, 2e-3 * step)
    return found


def upper(counts: PairedCounts, alpha: float) -> float:
    """Exact upper bound for the gain: every larger gain is rejected by ``p_below`` at alpha.

    >>> round(upper(PairedCounts(gained=0, lost=0, n=100), 0.05), 4)
    0.0295
    """
    return -lower(_swapped(counts), alpha)


def mcnemar_p(gained: ArrayLike, lost: ArrayLike) -> Floats:
    """Exact one-sided p-value against "gains are no likelier than losses", among discordant pairs.

    Arguments broadcast. For a change between two versions, never for "not worse by a margin"
    (McNemar 1947, with binomial tails).

    >>> float(mcnemar_p(5, 0))
    0.03125
    """
    b, c = np.asarray(gained, dtype=np.float64), np.asarray(lost, dtype=np.float64)
    if np.any(b < 0) or np.any(c < 0):
        raise ValueError("gained and lost are counts: they cannot be negative.")
    some = b > 0
    tail = special.betainc(np.where(some, b, 1.0), c + 1.0, 0.5)
    return np.asarray(np.where(some, tail, 1.0), dtype=np.float64)


def sample_size(
    limit_delta: float, gain: float, discordant_rate: float, alpha: float, power: float
) -> int:
    """Pairs needed to show on which side of ``limit_delta`` the true ``gain`` lies.

    ``discordant_rate`` is the share of pairs in which exactly one side is right. Starts at the
    normal approximation (Liu, Hsueh, Hsieh & Chen 2002) and grows until the exact test's power,
    with its critical score taken at five typical numbers of losses, is reached.

    Raises ValueError where the gain equals the limit or does not fit the discordant rate.

    >>> 200 <= sample_size(-0.05, 0.0, 0.10, alpha=0.05, power=0.80) <= 300
    True
    """
    if gain < limit_delta:
        return sample_size(-limit_delta, -gain, discordant_rate, alpha, power)
    _check_plan(limit_delta, gain, discordant_rate, alpha, power)
    pairs = _approximate_size(limit_delta, gain, discordant_rate, alpha, power)
    if pairs > _MOST_PAIRS:
        raise ValueError(
            f"a gain of {gain} is too near the limit {limit_delta}: about {pairs} pairs would be "
            "needed. Expect a larger gain or allow a larger drop."
        )
    while _power(pairs, limit_delta, gain, discordant_rate, alpha) < power:
        pairs += max(1, pairs // 40)
    return pairs


@dataclass(frozen=True)
class _Region:
    """Outcomes at least as extreme as the one seen: for ``lost`` c, gained >= ``fewest``."""

    lost: Floats
    fewest: Floats
    n: float
    delta: float

    @staticmethod
    def of(counts: PairedCounts, delta: float, low: float, high: float) -> _Region:
        ends = _losses(np.array([low, high]), delta)
        lost = unconditional.window(counts.n, *ends)
        score = float(tango_z(counts.gained, counts.lost, counts.n, delta))
        fewest = _fewest_gained(lost, counts.n, delta, unconditional.tie(score))
        n = float(counts.n)
        return _Region(lost, fewest, n, delta)

    def size(self, angles: Floats) -> Floats:
        """Probability of the region, one per angle; counts beyond the window are included whole."""
        rate = _losses(angles, self.delta)[:, None]
        chance = np.exp(unconditional.log_binomial(self.lost, self.n, rate))
        tail = np.zeros_like(chance)
        some = (chance > 1e-14) & (self.fewest <= self.n - self.lost)
        which, at = np.nonzero(some)
        needed = self.fewest[at]
        # A loss happens or not; among the rest, this is the chance of a gain.
        gain_rate = np.clip((rate[:, 0] + self.delta) / (1.0 - rate[:, 0]), 0.0, 1.0)[which]
        left = self.n - self.lost[at] - needed + 1.0
        tail[which, at] = np.where(
            needed > 0, special.betainc(np.maximum(needed, 1.0), left, gain_rate), 1.0
        )
        beyond = np.maximum(1.0 - chance.sum(axis=1), 0.0)
        return np.asarray((chance * tail).sum(axis=1) + beyond, dtype=np.float64)


def _losses(angles: Floats, delta: float) -> Floats:
    """Rate of losses at an angle in 0..pi: on that scale one standard error is alike everywhere."""
    smallest, width = max(0.0, -delta), 0.5 * (1.0 - abs(delta))
    return np.asarray(smallest + width * np.sin(0.5 * angles) ** 2, dtype=np.float64)


def _angles(counts: PairedCounts, delta: float) -> tuple[float, float]:
    """The range of angles searched: exact bounds of the rate of losses, each at half of OUTSIDE.

    It rests on the losses alone. A null with a gain below delta is then dominated by the one on the
    boundary with the same rate of losses (more gains, same losses), so searching the boundary is
    enough; where no such one exists (losses above the largest rate), by the largest rate itself.
    """
    least, most = unconditional.interval(counts.lost, counts.n)
    smallest, width = max(0.0, -delta), 0.5 * (1.0 - abs(delta))
    share = np.clip((np.array([least, most]) - smallest) / width, 0.0, 1.0)
    low, high = 2.0 * np.arcsin(np.sqrt(share))
    return float(low), float(high)


def _fewest_gained(lost: Floats, n: int, delta: float, score: float) -> Floats:
    """Smallest number of gains whose score reaches ``score``; infinite where none does."""
    low = np.full(lost.shape, -1.0)
    high = n - lost + 1.0
    while np.any(high - low > 1.0):
        middle = np.floor(0.5 * (low + high))
        reached = (tango_z(middle, lost, n, delta) >= score) & (middle >= 0)
        # Each interval ends at its own time; a finished one must not move.
        open_ = high - low > 1.0
        low, high = np.where(open_ & ~reached, middle, low), np.where(open_ & reached, middle, high)
    high = np.where(high > n - lost, np.inf, high)
    # Fewer losses are never less extreme; rounding must not make it so.
    return np.asarray(np.minimum.accumulate(high[::-1])[::-1], dtype=np.float64)


def _swapped(counts: PairedCounts) -> PairedCounts:
    return PairedCounts(counts.lost, counts.gained, counts.n)


def _standard_error(counts: PairedCounts) -> float:
    # One more of each keeps it positive without a discordant pair.
    n, b, c = counts.n + 2.0, counts.gained + 1.0, counts.lost + 1.0
    return math.sqrt(b + c - (b - c) ** 2 / n) / n


def _score_bound(counts: PairedCounts, alpha: float) -> float:
    """Tango's asymptotic lower bound: where to begin the search for the exact one."""
    z = NormalDist().inv_cdf(1.0 - alpha)

    def rejected(delta: float) -> bool:
        return float(tango_z(counts.gained, counts.lost, counts.n, delta)) >= z

    return inversion.boundary(rejected, -1.0 + 1e-9, 1.0 - 1e-9, 1e-7)


def _outward(holds: Callable[[float], bool], start: float, step: float) -> float:
    """First point towards ``step`` where ``holds`` is true; at last the end of -1..1."""
    at = start
    while -1.0 < at < 1.0 and not holds(at):
        at = min(1.0, max(-1.0, at + step))
        step *= 2.0
    return at


def _check_plan(limit: float, gain: float, discordant: float, alpha: float, power: float) -> None:
    if gain == limit:
        raise ValueError(
            f"gain equals the limit ({limit}): no number of pairs can show it. Expect a gain on "
            "the passing side of the limit."
        )
    if not -1.0 < limit < 1.0:
        raise ValueError(f"limit_delta must lie strictly between -1 and 1, not {limit!r}.")
    if not abs(gain) <= discordant <= 1.0:
        raise ValueError(
            f"a gain of {gain} needs a discordant rate between {abs(gain)} and 1, "
            f"not {discordant!r}."
        )
    if not (unconditional.OUTSIDE < alpha <= 0.5 and 0.0 < power < 1.0):
        raise ValueError(
            f"alpha must lie in 0..0.5 and power strictly between 0 and 1, not {alpha!r} "
            f"and {power!r}."
        )


def _approximate_size(
    limit: float, gain: float, discordant: float, alpha: float, power: float
) -> int:
    scale = 1e6
    b, c = 0.5 * (discordant + gain) * scale, 0.5 * (discordant - gain) * scale
    # Tango's score grows as sqrt(n): one evaluation gives the null's standard deviation.
    null = scale * (gain - limit) / float(tango_z(b, c, scale, limit)) / math.sqrt(scale)
    truth = math.sqrt(max(discordant - gain**2, 0.0))
    normal = NormalDist()
    reach = normal.inv_cdf(1.0 - alpha) * null + normal.inv_cdf(power) * truth
    return max(1, math.ceil((max(reach, 0.0) / (gain - limit)) ** 2))


def _power(n: int, limit: float, gain: float, discordant: float, alpha: float) -> float:
    """Chance that ``p_above`` at the limit is at most alpha, in truth's world."""
    rate = min(1.0, max(0.0, 0.5 * (discordant - gain)))
    lost = unconditional.window(n, rate, rate)
    chance = np.exp(unconditional.log_binomial(lost, n, rate))
    cumulated = np.cumsum(chance)
    places = np.searchsorted(cumulated, [0.02, 0.2, 0.5, 0.8, 0.98]).clip(0, lost.size - 1)
    typical = np.unique(lost[places])
    critical = np.array([_critical_score(n, int(c), limit, alpha) for c in typical])
    score = np.interp(lost, typical, critical)
    fewest = _fewest_gained(lost, n, limit, score)
    gain_rate = min(1.0, (rate + gain) / (1.0 - rate)) if rate < 1.0 else 0.0
    left = n - lost - fewest + 1.0
    some = (left > 0) & (fewest > 0)
    tail = special.betainc(np.where(some, fewest, 1.0), np.where(some, left, 1.0), gain_rate)
    return float((chance * np.where(left > 0, np.where(some, tail, 1.0), 0.0)).sum())


def _critical_score(n: int, lost: int, limit: float, alpha: float) -> float:
    """Score of the fewest gains that are significant beside ``lost`` losses; none: beyond reach."""
    at_score = _fewest_gained(np.array([float(lost)]), n, limit, NormalDist().inv_cdf(1.0 - alpha))

    def significant(gained: int) -> bool:
        return gained <= n - lost and p_above(PairedCounts(gained, lost, n), limit) <= alpha

    gained = int(min(at_score[0], n - lost))
    while gained > 0 and significant(gained - 1):
        gained -= 1
    while gained <= n - lost and not significant(gained):
        gained += 1
    if gained > n - lost:
        return math.inf
    below, at = tango_z([gained - 1, gained], lost, n, limit)
    # Half a step down: neighbours between two typical numbers of losses round to the same count.
    return float(0.5 * (below + at))
