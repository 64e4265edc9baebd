"""Counts by score: exact at every threshold, additive, and bands that hold as often as they say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from roadworthy.stats import quantiles
from roadworthy.stats.score_counts import ErrorCounts, ScoreCounts, simultaneous

SCORES = st.one_of(
    st.sampled_from([0.0, 1.0, 0.5, 1e-300, 1e-13, 1.0 - 1e-13, 0.1, 0.9]), st.floats(0.0, 1.0)
)
CASES = st.lists(st.tuples(SCORES, st.booleans()), min_size=1, max_size=60)


def arrays(cases: list[tuple[float, bool]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return np.array([s for s, _ in cases]), np.array([p for _, p in cases])


@given(CASES)
def test_a_count_at_a_threshold_is_the_count_of_scores_that_reach_it(
    cases: list[tuple[float, bool]],
) -> None:
    score, positive = arrays(cases)
    threshold, found, alarms = ScoreCounts.of(score, positive).at_or_above()
    assert threshold[0] == math.inf and found[0] == alarms[0] == 0
    assert np.all(np.diff(threshold) < 0)
    for at, k, false in zip(threshold, found, alarms, strict=True):
        # single precision settles on which side of an edge a score lies
        reach = score >= at * (1 - 1e-6) - 1e-15
        clear = score >= at * (1 + 1e-6)
        assert (positive & clear).sum() <= k <= (positive & reach).sum()
        assert (~positive & clear).sum() <= false <= (~positive & reach).sum()
    assert found[-1] == positive.sum() and alarms[-1] == (~positive).sum()


@given(st.lists(SCORES, min_size=2, max_size=50))
def test_higher_scores_are_never_counted_below_lower_ones(scores: list[float]) -> None:
    low, high = min(scores), max(scores)
    threshold, found, _ = ScoreCounts.of([low, high], [False, True]).at_or_above()
    if len(threshold) == 3:
        assert found.tolist() == [0, 1, 1]


@given(CASES, CASES)
def test_counts_of_parts_add_up(one: list[tuple[float, bool]], two: list[Any]) -> None:
    together = ScoreCounts.of(*arrays(one + two))
    added = ScoreCounts.of(*arrays(one)) + ScoreCounts.of(*arrays(two))
    assert np.array_equal(together.positives, added.positives)
    assert np.array_equal(together.negatives, added.negatives)


@given(CASES, st.integers(1, 10), st.integers(1, 30))
def test_groups_hold_every_case_once_and_rise_with_the_score(
    cases: list[tuple[float, bool]], most: int, least: int
) -> None:
    score, positive = arrays(cases)
    mean, n, hits = ScoreCounts.of(score, positive).groups(most, least)
    assert n.sum() == len(cases) and hits.sum() == positive.sum()
    assert 1 <= len(n) <= most and np.all(n > 0) and np.all(hits <= n)
    assert np.all(np.diff(mean) > 0)
    assert float(mean @ n / n.sum()) == pytest.approx(score.mean(), abs=0.002)


def test_no_cases_make_no_groups() -> None:
    assert all(len(part) == 0 for part in ScoreCounts.empty().groups(10, 30))


@given(st.lists(st.floats(0.0, 1e12), min_size=1, max_size=300), st.sampled_from([0.5, 0.9]))
def test_bounds_on_a_quantile_enclose_those_of_the_values_by_less_than_a_hundredth(
    values: list[float], q: float
) -> None:
    low, seen, high = ErrorCounts.of(values).quantile(q, 0.05)
    exact = quantiles.lower(values, q, 0.05), quantiles.upper(values, q, 0.05)
    assert (low is None, high is None) == (exact[0] is None, exact[1] is None)
    if low is not None and exact[0] is not None:
        assert exact[0] * 0.99 - 1e-300 <= low <= exact[0]
    if high is not None and exact[1] is not None:
        assert exact[1] <= high <= exact[1] * 1.01 + 1e-300
    assert seen == pytest.approx(quantiles.estimate(values, q), rel=0.01, abs=1e-300)


def test_errors_add_up_and_none_have_no_quantile() -> None:
    found = ErrorCounts.of([1.0, 2.0]) + ErrorCounts.of([-0.0])
    assert int(found.counts.sum()) == 3
    with pytest.raises(ValueError, match="gather cases"):
        ErrorCounts.empty().quantile(0.5, 0.05)


@pytest.mark.parametrize(("n", "alpha"), [(0, 0.05), (10, 0.0), (10, 1.0)])
def test_a_band_needs_cases_and_a_level(n: int, alpha: float) -> None:
    with pytest.raises(ValueError, match="n must be"):
        simultaneous(n, alpha)


@pytest.mark.parametrize("ties", [0, 5])
def test_a_true_curve_leaves_its_band_at_most_as_often_as_promised(ties: int) -> None:
    """Both classes at once, with the true distribution functions known: uniform, and its square."""
    rng = np.random.default_rng(4)
    alpha, runs, n_pos, n_neg = 0.10, 2000, 40, 70
    each = 1.0 - math.sqrt(1.0 - alpha)
    grid = np.linspace(0.0, 1.0, ties + 1)[1:] if ties else np.linspace(0.0, 1.0, 401)
    left = 0
    off_pos, off_neg = simultaneous(n_pos, each), simultaneous(n_neg, each)
    for _ in range(runs):
        positives, negatives = np.sqrt(rng.random(n_pos)), rng.random(n_neg)
        if ties:
            positives, negatives = (np.ceil(x * ties) / ties for x in (positives, negatives))
        seen = [
            np.searchsorted(np.sort(x), grid, side="right") / len(x) for x in (positives, negatives)
        ]
        gone = np.abs(seen[0] - grid**2).max() > off_pos or np.abs(seen[1] - grid).max() > off_neg
        left += int(gone)
    assert left / runs <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / runs)
