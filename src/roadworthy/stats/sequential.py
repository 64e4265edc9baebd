"""Looking early and often at a rate without paying in false PASSes: planned looks, or every case.

Two answers. A group-sequential plan fixes a few looks in advance and spends alpha over them. The
anytime-valid p-values and bounds hold at every n at once, whoever stops whenever for any reason.
Cases must be independent; ``alpha`` is one-sided; ``k`` counts the hits among the first ``n``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from roadworthy.stats import _arguments, binomial
from roadworthy.stats._arguments import Floats

__all__ = [
    "GroupSequentialPlan",
    "Spending",
    "group_sequential",
    "group_sequential_at",
    "mixture_lower",
    "mixture_p_above",
    "mixture_p_below",
    "mixture_upper",
    "obrien_fleming",
    "pocock",
]

Spending = Callable[[Floats, float], Floats]
"""(fraction of the cases seen, shape (looks,); alpha) -> alpha spent by then, never decreasing."""

# Above this size the smallest plan is searched in steps of 1/5000 of it: seconds, not minutes.
_FINEST_SEARCH = 5000


def obrien_fleming(fraction: Floats, alpha: float) -> Floats:
    """Spend almost nothing early, so that the last look costs little (Lan & DeMets 1983).

    >>> obrien_fleming(np.array([0.5, 1.0]), 0.05).round(4).tolist()
    [0.0056, 0.05]
    """
    spent = 2.0 * special.ndtr(special.ndtri(alpha / 2.0) / np.sqrt(fraction))
    return np.asarray(np.minimum(spent, alpha), dtype=np.float64)


def pocock(fraction: Floats, alpha: float) -> Floats:
    """Spend evenly, so that a good product passes early (Lan & DeMets 1983).

    >>> pocock(np.array([0.5, 1.0]), 0.05).round(4).tolist()
    [0.031, 0.05]
    """
    spent = alpha * np.log1p((math.e - 1.0) * fraction)
    return np.asarray(np.minimum(spent, alpha), dtype=np.float64)


@dataclass(frozen=True)
class GroupSequentialPlan:
    """Looks at growing data, and the hits that stop the study with PASS at each.

    ``n`` are cumulative cases. At look j PASS needs hits >= hits[j], or <= hits[j] when
    ``at_most``; ``None`` where no count can pass yet. ``size`` is the exact chance of a false PASS
    at the limit, ``power`` the exact chance of a PASS at the truth, ``expected_n`` the mean number
    of cases collected at the truth.
    """

    limit: float
    at_most: bool
    n: tuple[int, ...]
    hits: tuple[int | None, ...]
    size: float
    power: float
    expected_n: float

    def passes(self, look: int, hits: int) -> bool:
        """Whether ``hits`` cumulative hits at ``look`` (counted from 0) end the study with PASS."""
        boundary = self.hits[look]
        if boundary is None:
            return False
        return hits <= boundary if self.at_most else hits >= boundary


def group_sequential(
    limit: float,
    truth: float,
    alpha: float,
    power: float,
    looks: int,
    spending: Spending = obrien_fleming,
) -> GroupSequentialPlan:
    """Smallest plan of equally spaced looks that shows the side of ``limit`` where ``truth`` lies.

    The chance of a false PASS over all looks together is at most alpha, by exact recursion over the
    paths (Armitage, McPherson & Rowe 1969; Lan & DeMets 1983), at every rate on the wrong side.
    The largest n is the smallest with the requested power (above 5000 cases: within 1/5000 of it).

    Raises ValueError when no fixed sample could show it either, or when looks is not at least 1.

    >>> plan = group_sequential(0.90, 0.95, alpha=0.05, power=0.80, looks=3)
    >>> plan.n, plan.hits, round(plan.size, 4), round(plan.expected_n, 1)
    ((61, 121, 181), (None, 116, 170), 0.0491, 155.0)
    """
    count = _arguments.number_from("looks", looks, 1)
    fixed = binomial.sample_size(limit, truth, alpha, power)
    largest = max(_fewest_possible(fixed.safe, limit, truth, alpha, power), count)
    while True:
        schedule = [-(-largest * look // count) for look in range(1, count + 1)]
        plan = group_sequential_at(schedule, limit, truth, alpha, spending)
        if plan.power >= power:
            return plan
        largest += max(1, largest // _FINEST_SEARCH)


def group_sequential_at(
    n: Sequence[int],
    limit: float,
    truth: float,
    alpha: float,
    spending: Spending = obrien_fleming,
) -> GroupSequentialPlan:
    """The plan for looks at given cumulative cases ``n``: for data that arrives in uneven batches.

    Raises ValueError unless n grows from at least 1 and truth differs from the limit.

    >>> group_sequential_at([100, 200], 0.90, 0.95, 0.05).hits
    (98, 188)
    """
    looks = [_arguments.number_from("n", cases, 1) for cases in n]
    if not looks or any(later <= earlier for earlier, later in pairwise(looks)):
        raise ValueError(f"n must grow from look to look, not {list(n)}.")
    _arguments.between("limit", limit)
    _arguments.rate("truth", truth)
    if not 0.0 < alpha <= 0.5:
        raise ValueError(f"alpha must lie above 0 and at most 0.5, not {alpha!r}.")
    if truth == limit:
        raise ValueError(f"truth equals limit ({limit}): expect a truth on the passing side.")
    at_most = truth < limit
    # What speaks against PASS is counted: it only accumulates, so a path that has more of it than
    # the last look allows can never pass and need not be followed.
    against_at_limit, against_at_truth = (limit, truth) if at_most else (1 - limit, 1 - truth)
    budget = spending(np.asarray(looks, dtype=np.float64) / looks[-1], alpha)
    allowed = _boundaries(looks, against_at_limit, budget)
    size = _passing(looks, allowed, against_at_limit)
    passing = _passing(looks, allowed, against_at_truth)
    unstopped = 1.0 - float(passing.sum())
    return GroupSequentialPlan(
        limit=limit,
        at_most=at_most,
        n=tuple(looks),
        hits=tuple(_hits(cases, most, at_most) for cases, most in zip(looks, allowed, strict=True)),
        size=float(size.sum()),
        power=float(passing.sum()),
        expected_n=float(passing @ np.asarray(looks) + unstopped * looks[-1]),
    )


def mixture_p_above(k: ArrayLike, n: ArrayLike, p0: ArrayLike) -> Floats:
    """Anytime-valid p-value against "the rate is at most p0".

    Under every rate up to p0 the chance that it *ever*, at any n, falls to alpha is at most alpha.
    It is the inverse of a likelihood ratio averaged over rates uniform on (p0, 1): each such ratio
    is a supermartingale under the whole one-sided null, hence so is the average, and Ville's
    inequality bounds it for all n at once. Source: Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon
    2021 (one-sided beta-binomial mixture).

    Raises ValueError unless 0 <= k <= n and 0 <= p0 <= 1.

    >>> round(float(mixture_p_above(100, 100, 0.90)), 5)
    0.00027
    """
    hits, cases = _arguments.counts(k, n)
    return np.asarray(
        np.exp(-np.maximum(_log_evidence(hits, cases, _arguments.rate("p0", p0)), 0.0)),
        dtype=np.float64,
    )


def mixture_p_below(k: ArrayLike, n: ArrayLike, p0: ArrayLike) -> Floats:
    """Anytime-valid p-value against "the rate is at least p0"; the mirror of mixture_p_above.

    >>> bool(mixture_p_below(0, 100, 0.10) == mixture_p_above(100, 100, 0.90))
    True
    """
    hits, cases = _arguments.counts(k, n)
    return mixture_p_above(cases - hits, cases, 1.0 - _arguments.rate("p0", p0))


def mixture_lower(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> Floats:
    """Anytime-valid lower bound: it *ever* exceeds the true rate with a chance of at most alpha.

    The p0 at which ``mixture_p_above(k, n, p0)`` reaches alpha. For alpha < 1/e there is one such
    p0 (the evidence falls while p0 < k/(n+1) and stays below e from there on), so bound and p-value
    agree; for a larger alpha the bound is cut at k/(n+1), on the safe side.

    Raises ValueError unless 0 <= k <= n and 0 < alpha < 1.

    >>> round(float(mixture_lower(190, 200, 0.05)), 4)
    0.8942
    """
    hits, cases = _arguments.counts(k, n)
    evidence_needed = -np.log(_arguments.between("alpha", alpha))
    hits, cases, evidence_needed = np.broadcast_arrays(hits, cases, evidence_needed)
    low, high = np.zeros(hits.shape), hits / (cases + 1.0)
    for _ in range(60):
        middle = (low + high) / 2.0
        excluded = _log_evidence(hits, cases, middle) >= evidence_needed
        low, high = np.where(excluded, middle, low), np.where(excluded, high, middle)
    return np.asarray(low, dtype=np.float64)


def mixture_upper(k: ArrayLike, n: ArrayLike, alpha: ArrayLike) -> Floats:
    """Anytime-valid upper bound: it *ever* undercuts the true rate with a chance of at most alpha.

    >>> round(float(mixture_upper(10, 200, 0.05)), 4)
    0.1058
    """
    hits, cases = _arguments.counts(k, n)
    return np.asarray(1.0 - mixture_lower(cases - hits, cases, alpha), dtype=np.float64)


def _log_evidence(hits: Floats, cases: Floats, p0: Floats) -> Floats:
    """Log of the average likelihood ratio against p0, over rates uniform on (p0, 1)."""
    misses = cases - hits
    with np.errstate(divide="ignore", invalid="ignore"):
        above = special.betaincc(hits + 1.0, misses + 1.0, p0)
        averaged = special.betaln(hits + 1.0, misses + 1.0) + np.log(above) - np.log1p(-p0)
        log_ratio = averaged - special.xlogy(hits, p0) - special.xlog1py(misses, -p0)
    # p0 = 1 excludes nothing, and there is no rate above it to speak for.
    return np.asarray(np.where(p0 < 1.0, log_ratio, -np.inf), dtype=np.float64)


def _fewest_possible(enough: int, limit: float, truth: float, alpha: float, power: float) -> int:
    """Below this n the most powerful randomised test lacks the power, so no plan can have it."""
    if truth < limit:
        limit, truth = 1.0 - limit, 1.0 - truth
    low, high = 0, enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if _best_power(middle, limit, truth, alpha) >= power else (middle, high)
        )
    return high


def _best_power(n: int, limit: float, truth: float, alpha: float) -> float:
    """Power of the randomised test of exactly size alpha (Neyman & Pearson 1933)."""
    needed = int(binomial.hits_needed(n, limit, alpha))
    counts = np.array([needed, needed - 1])
    at_limit = binomial.p_above(np.minimum(counts, n), n, limit) * (counts <= n)
    at_truth = binomial.p_above(np.minimum(counts, n), n, truth) * (counts <= n)
    share = (alpha - at_limit[0]) / (at_limit[1] - at_limit[0])
    return float(at_truth[0] + share * (at_truth[1] - at_truth[0]))


def _hits(cases: int, against: int, at_most: bool) -> int | None:
    if against < 0:
        return None
    return against if at_most else cases - against


def _boundaries(looks: list[int], rate: float, budget: Floats) -> list[int]:
    """Most counts against PASS allowed at each look (-1: none) that keep the budget at rate."""
    # With alpha <= 1/2 what is allowed at the end lies below the median at the limit.
    following = np.zeros(math.ceil(rate * looks[-1]) + 1)
    following[0] = 1.0
    spent, allowed = 0.0, []
    for added, afforded in zip(np.diff(looks, prepend=0), budget, strict=True):
        following = _add_cases(following, int(added), rate)
        cost = spent + np.cumsum(following)
        most = int(np.searchsorted(cost, afforded, side="right")) - 1
        if most >= 0:
            spent = float(cost[most])
            following[: most + 1] = 0.0
        allowed.append(most)
    return allowed


def _passing(looks: list[int], allowed: list[int], rate: float) -> Floats:
    """Chance to stop with PASS at each look when counts against PASS come at ``rate``."""
    following = np.zeros(max(max(allowed), 0) + 1)
    following[0] = 1.0
    passing = np.zeros(len(looks))
    for look, added in enumerate(np.diff(looks, prepend=0)):
        following = _add_cases(following, int(added), rate)
        passing[look] = following[: allowed[look] + 1].sum()
        following[: allowed[look] + 1] = 0.0
    return passing


def _add_cases(following: Floats, added: int, rate: float) -> Floats:
    """Distribution of the counts after ``added`` cases, as far as it is followed."""
    counts = np.arange(min(added, following.size - 1) + 1)
    at_most = binomial.p_below(counts, added, rate)
    return np.asarray(np.convolve(following, np.diff(at_most, prepend=0.0))[: following.size])
