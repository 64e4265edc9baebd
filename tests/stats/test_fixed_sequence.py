"""A fixed sequence keeps a net that does not meet at most alpha often; picking one does not."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from roadworthy.stats import binomial
from roadworthy.stats.fixed_sequence import shown

LIMIT, ALPHA, CASES, RUNS = 0.90, 0.05, 120, 4_000


@given(st.lists(st.booleans()))
def test_what_counts_is_the_unbroken_beginning(rejected: list[bool]) -> None:
    count = shown(rejected)
    assert all(rejected[:count])
    assert count == len(rejected) or not rejected[count]


@given(st.lists(st.booleans()), st.lists(st.booleans()))
def test_nothing_that_comes_after_a_failure_matters(before: list[bool], after: list[bool]) -> None:
    assert shown([*before, False, *after]) == shown([*before, False])


def passes(rates: NDArray[np.float64], shared: float, seed: int) -> NDArray[np.bool_]:
    """Whether each net passes on its own, (runs, nets), at the limit's exact test.

    Nets see the same cases; with the chance ``shared`` a case is as hard for all of them.
    """
    rng = np.random.default_rng(seed)
    right = np.zeros((RUNS, len(rates)), dtype=np.int64)
    for _ in range(CASES):
        common = rng.random((RUNS, 1))
        own = rng.random((RUNS, len(rates)))
        alike = rng.random((RUNS, 1)) < shared
        right += np.where(alike, common, own) < rates
    low = binomial.lower(np.arange(CASES + 1), CASES, ALPHA)
    return np.asarray(low[right] >= LIMIT)


def wrong(rates: NDArray[np.float64], shared: float, seed: int) -> tuple[float, float]:
    """How often the last one shown misses the limit: by the sequence, and by picking the last."""
    own = passes(rates, shared, seed)
    miss = rates < LIMIT
    counts = np.array([shown(row) for row in own.tolist()])
    by_sequence = np.array([count > 0 and bool(miss[:count].any()) for count in counts])
    return float(by_sequence.mean()), float((own & miss).any(axis=1).mean())


def test_a_net_that_misses_is_kept_at_most_alpha_often() -> None:
    """Just below the limit is the hardest: after nets that surely pass, first, or all of them."""
    chains = (
        np.array([0.999, 0.999, 0.999, *[0.8999] * 9]),
        np.array([0.8999] * 12),
        np.array([0.97, 0.8999, 0.99, 0.8999, 0.95, 0.8999]),
    )
    for at, rates in enumerate(chains):
        for shared in (0.0, 0.8):
            kept, picked = wrong(rates, shared, at)
            assert kept <= ALPHA + 3 * np.sqrt(ALPHA / RUNS)
            assert shared > 0 or picked > 2 * ALPHA  # whoever picks the smallest that passes


def test_the_order_costs_power_and_not_error() -> None:
    """Good nets behind a bad one are not kept: that is the price."""
    good = np.array([0.999] * 4)
    behind = np.array([0.5, *good])
    assert np.mean([shown(row) for row in passes(good, 0.0, 7).tolist()]) > 3.9
    assert np.mean([shown(row) for row in passes(behind, 0.0, 7).tolist()]) == 0.0
