"""What a product costs per case, bounded exactly from counts: rare mistakes fool a bootstrap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from roadworthy.stats import binomial, inversion

__all__ = ["Group", "at_prevalence", "estimate", "lower", "p_above", "p_below", "upper"]


@dataclass(frozen=True)
class Group:
    """Cases of one group (all of them, the positives, the negatives) by what each of them costs.

    ``counts[j]`` of the ``n`` cases cost ``costs[j]`` each (a case is of one kind only), the others
    nothing. ``weight`` is the group's share of the cohort that the claim is about. Counts and n may
    be real-valued (effective sizes of dependent cases).
    """

    counts: tuple[float, ...]
    costs: tuple[float, ...]
    n: float
    weight: float = 1.0

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.costs):
            raise ValueError(f"{len(self.counts)} counts but {len(self.costs)} costs: pair them.")
        if not all(cost >= 0.0 and math.isfinite(cost) for cost in self.costs):
            raise ValueError(f"costs must be finite and not negative, got {self.costs}.")
        if any(count < 0.0 for count in self.counts) or sum(self.counts) > self.n * (1.0 + 1e-12):
            raise ValueError(
                f"counts {self.counts} do not fit in n={self.n}: each case has one kind of cost."
            )
        if not 0.0 <= self.weight <= 1.0:
            raise ValueError(f"weight must lie in 0..1, not {self.weight!r}: it is a share.")


def at_prevalence(positives: Group, negatives: Group, prevalence: float) -> tuple[Group, Group]:
    """Both groups weighted for a cohort with the declared share of positives.

    >>> sick = Group((1,), (1000.0,), n=100)
    >>> estimate(at_prevalence(sick, Group((10,), (5.0,), n=100), prevalence=0.1))
    1.45
    """
    if not 0.0 <= prevalence <= 1.0:
        raise ValueError(f"prevalence must lie in 0..1, not {prevalence!r}: write 1 % as 0.01.")
    return (
        Group(positives.counts, positives.costs, positives.n, prevalence),
        Group(negatives.counts, negatives.costs, negatives.n, 1.0 - prevalence),
    )


def estimate(groups: Sequence[Group]) -> float:
    """Mean cost per case seen, in the unit of the costs.

    Raises ValueError when a group with weight has no cases.

    >>> round(estimate([Group(counts=(2, 10), costs=(100.0, 1.0), n=1000)]), 9)
    0.21
    """
    empty = [group for group in groups if group.weight > 0.0 and not group.n > 0.0]
    if not groups or empty:
        raise ValueError("a group has no cases, so its cost has no estimate: gather cases first.")
    return float(sum(kind.weighted_cost * kind.count / kind.n for kind in _kinds(groups)))


def upper(groups: Sequence[Group], alpha: float) -> float:
    """Upper bound for the mean cost per case: it undercuts the true one at most alpha often.

    Simultaneous Clopper-Pearson bounds, one per kind of cost, at alpha / (number of kinds)
    (Bonferroni); kinds that cost nothing are dropped, kinds of one group that cost the same are
    counted together, and the kinds of a group share its cases, dearest first. Cases independent.

    Raises ValueError unless 0 < alpha < 1.

    >>> round(upper([Group(counts=(0,), costs=(1000.0,), n=300)], 0.05), 3)
    9.936
    """
    kinds = _kinds(groups)
    level = _level(alpha, len(kinds))
    total = 0.0
    room = {kind.group: 1.0 for kind in kinds}
    dearest = sorted(kinds, key=lambda kind: -kind.weighted_cost)
    counts, sizes = [kind.count for kind in dearest], [kind.n for kind in dearest]
    for kind, most in zip(dearest, binomial.upper(counts, sizes, level).tolist(), strict=True):
        rate = min(room[kind.group], most)
        room[kind.group] -= rate
        total += kind.weighted_cost * rate
    return total


def lower(groups: Sequence[Group], alpha: float) -> float:
    """Lower bound for the mean cost per case: it exceeds the true one at most alpha often.

    As ``upper``, with lower bounds.

    >>> round(lower([Group(counts=(90,), costs=(10.0,), n=100)], 0.05), 5)
    8.36282
    """
    kinds = _kinds(groups)
    level = _level(alpha, len(kinds))
    return sum(
        kind.weighted_cost * float(binomial.lower(kind.count, kind.n, level)) for kind in kinds
    )


def p_above(groups: Sequence[Group], limit: float) -> float:
    """P-value against "the mean cost is at most ``limit``", by inverting ``lower``.

    >>> round(p_above([Group(counts=(90,), costs=(10.0,), n=100)], 8.36282), 3)
    0.05
    """
    return inversion.p_value(lambda alpha: lower(groups, alpha) >= limit)


def p_below(groups: Sequence[Group], limit: float) -> float:
    """P-value against "the mean cost is at least ``limit``", by inverting ``upper``.

    >>> round(p_below([Group(counts=(0,), costs=(1000.0,), n=300)], 10.0), 3)
    0.049
    """
    return inversion.p_value(lambda alpha: upper(groups, alpha) <= limit)


@dataclass(frozen=True)
class _Kind:
    group: int
    count: float
    n: float
    weighted_cost: float


def _kinds(groups: Sequence[Group]) -> tuple[_Kind, ...]:
    """Every kind that costs something, counts of equal cost within a group added up."""
    kinds: list[_Kind] = []
    for number, group in enumerate(groups):
        counts: dict[float, float] = {}
        for count, cost in zip(group.counts, group.costs, strict=True):
            counts[cost] = counts.get(cost, 0.0) + count
        kinds += [
            _Kind(number, min(count, group.n), group.n, group.weight * cost)
            for cost, count in counts.items()
            if group.weight * cost > 0.0
        ]
    return tuple(kinds)


def _level(alpha: float, kinds: int) -> float:
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha must lie strictly between 0 and 1, not {alpha!r}.")
    return alpha / max(kinds, 1)
