"""Looking often must not buy a PASS: planned looks share alpha, anytime bounds hold at every n."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from roadworthy.stats import binomial, sequential

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def ever(marks: Integers, rate: float) -> float:
    """Exact chance that a path of counts reaches marks[n] at some n, followed case by case."""
    following = np.zeros(marks.size + 1)
    following[0], crossed = 1.0, 0.0
    for mark in marks[1:]:
        following[1:] = following[1:] * (1 - rate) + following[:-1] * rate
        following[0] *= 1 - rate
        crossed += float(following[mark:].sum())
        following[mark:] = 0.0
    return crossed


def smallest_passing(
    p_value: Callable[[Integers, Integers], Floats], n: Integers, alpha: float
) -> Integers:
    """Smallest count per n whose p-value is at most alpha; n + 1 where none is."""
    low, high = np.full(n.shape, -1), n + 1
    while np.any(high - low > 1):
        middle = (low + high) // 2
        passes = p_value(np.clip(middle, 0, n), n) <= alpha
        low, high = np.where(passes, low, middle), np.where(passes, middle, high)
    return high


def marks_at(looks: Integers, counts: Integers) -> Integers:
    """The same marks for every n, out of reach where nobody looks."""
    marks = np.arange(looks[-1] + 1) + 1
    marks[looks] = counts
    return marks


def marks_of(plan: sequential.GroupSequentialPlan, looks: int) -> Integers:
    """What must be counted for PASS (hits, or misses under an at-most limit) at the first looks."""
    n = np.array(plan.n[:looks])
    counts = [
        cases + 1 if hits is None else cases - hits if plan.at_most else hits
        for cases, hits in zip(plan.n, plan.hits, strict=True)
    ]
    return marks_at(n, np.array(counts[:looks]))


@st.composite
def observed(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(0, 3000))
    return draw(st.integers(0, n)), n


class TestGroupSequential:
    """Plans with a few looks."""

    def test_one_look_is_the_fixed_design(self) -> None:
        plan = sequential.group_sequential(0.90, 0.95, 0.05, 0.80, looks=1)
        assert plan.n == (binomial.sample_size(0.90, 0.95, 0.05, 0.80).first,)
        assert plan.hits == (int(binomial.hits_needed(179, 0.90, 0.05)),)

    @pytest.mark.parametrize("spending", [sequential.obrien_fleming, sequential.pocock])
    @pytest.mark.parametrize(
        ("limit", "truth", "looks"),
        [(0.90, 0.95, 3), (0.90, 0.95, 5), (0.10, 0.05, 4), (0.30, 0.45, 2), (0.05, 0.10, 3)],
    )
    def test_size_power_and_expected_cases_are_those_of_the_paths(
        self, limit: float, truth: float, looks: int, spending: sequential.Spending
    ) -> None:
        """Against a recursion that follows every path case by case."""
        alpha, power = 0.05, 0.80
        plan = sequential.group_sequential(limit, truth, alpha, power, looks, spending)
        rates = np.array([limit, truth, limit - 0.02 * np.sign(truth - limit)])
        at_limit, at_truth, worse = 1 - rates if plan.at_most else rates
        marks = marks_of(plan, looks)
        assert plan.size == pytest.approx(ever(marks, at_limit), abs=1e-9)
        assert plan.power == pytest.approx(ever(marks, at_truth), abs=1e-9)
        assert plan.size <= alpha and plan.power >= power
        assert ever(marks, worse) < plan.size
        unstopped = [1 - ever(marks_of(plan, look), at_truth) for look in range(1, looks)]
        expected = float(np.diff(plan.n, prepend=0) @ [1.0, *unstopped])
        assert plan.expected_n == pytest.approx(expected, abs=1e-6)

    def test_the_boundary_itself_passes_and_one_hit_less_does_not(self) -> None:
        rare = sequential.group_sequential_at([50, 200], 0.10, 0.05, 0.05)
        assert rare.hits[0] is None and not rare.passes(0, 0)
        assert rare.hits[1] is not None
        assert rare.passes(1, rare.hits[1]) and not rare.passes(1, rare.hits[1] + 1)
        often = sequential.group_sequential_at([100, 200], 0.90, 0.95, 0.05)
        assert often.passes(1, 188) and not often.passes(1, 187)

    def test_no_smaller_plan_has_the_power(self) -> None:
        plan = sequential.group_sequential(0.90, 0.95, 0.05, 0.80, 5, sequential.pocock)
        for largest in range(100, plan.n[-1]):
            looks = [-(-largest * look // 5) for look in range(1, 6)]
            smaller = sequential.group_sequential_at(looks, 0.90, 0.95, 0.05, sequential.pocock)
            assert smaller.power < 0.80

    @given(
        st.lists(st.integers(1, 120), min_size=1, max_size=6),
        st.floats(0.05, 0.95),
        st.sampled_from([0.05, 0.01, 0.3]),
        st.sampled_from([sequential.obrien_fleming, sequential.pocock]),
    )
    def test_uneven_looks_keep_alpha_and_what_was_spent(
        self, batches: list[int], limit: float, alpha: float, spending: sequential.Spending
    ) -> None:
        n = np.cumsum(batches)
        plan = sequential.group_sequential_at(n.tolist(), limit, (1 + limit) / 2, alpha, spending)
        assert plan.size <= alpha * (1 + 1e-12)
        for looks in range(1, n.size):
            budget = float(spending(np.array([n[looks - 1] / n[-1]]), alpha)[0])
            assert ever(marks_of(plan, looks), limit) <= budget + 1e-12

    def test_more_looks_save_cases_when_the_product_is_good(self) -> None:
        one = sequential.group_sequential(0.90, 0.97, 0.05, 0.80, 1)
        three = sequential.group_sequential(0.90, 0.97, 0.05, 0.80, 3, sequential.pocock)
        assert three.expected_n < one.expected_n

    def test_pooling_without_paying_does_not_keep_alpha(self) -> None:
        """Test at 300, collect 300 more and test again: .056 after one top-up, .105 after four.

        The exact chance depends on the sizes; that it grows beyond alpha with each top-up does not.
        """
        n = np.arange(300, 1501, 300)
        counts = binomial.hits_needed(n, 0.90, 0.05)
        chances = [ever(marks_at(n[:looks], counts[:looks]), 0.90) for looks in (1, 2, 3, 5)]
        assert chances[0] <= 0.05 < chances[1] < chances[2] < chances[3]
        assert chances[1] == pytest.approx(0.056, abs=0.02)
        assert chances[3] == pytest.approx(0.105, abs=0.02)

    def test_a_rare_failure_is_planned_quickly(self) -> None:
        plan = sequential.group_sequential(0.999, 0.9995, 0.05, 0.80, 5)
        assert 19_000 < plan.n[-1] < 22_000
        assert plan.size <= 0.05 and plan.power >= 0.80

    def test_misuse_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="looks must be a whole number from 1"):
            sequential.group_sequential(0.9, 0.95, 0.05, 0.8, 0)
        with pytest.raises(ValueError, match="truth equals limit"):
            sequential.group_sequential(0.9, 0.9, 0.05, 0.8, 2)
        with pytest.raises(ValueError, match="n must grow"):
            sequential.group_sequential_at([100, 100], 0.9, 0.95, 0.05)
        with pytest.raises(ValueError, match="n must grow"):
            sequential.group_sequential_at([], 0.9, 0.95, 0.05)


class TestMixture:
    """Bounds that hold at every n at once."""

    @pytest.mark.parametrize("limit", [0.05, 0.5, 0.9, 0.95, 0.99])
    def test_monitored_after_every_case_a_false_pass_ever_keeps_alpha(self, limit: float) -> None:
        """Exact over all paths of 2,000 cases, at the limit and below it."""
        n = np.arange(2001)
        for alpha in (0.05, 0.01):
            marks = smallest_passing(partial(sequential.mixture_p_above, p0=limit), n, alpha)
            at_limit = ever(marks, limit)
            assert 0.3 * alpha < at_limit <= alpha
            assert ever(marks, limit - 0.02) < at_limit

    def test_fixed_bounds_fail_in_monitoring_and_anytime_bounds_do_not(self) -> None:
        """52 weekly windows of 100 at the limit: the chance that some week says FAIL."""
        limit, alpha = 0.90, 0.05
        weekly = float(binomial.p_below(binomial.hits_allowed(100, limit, alpha), 100, limit))
        assert 1 - (1 - weekly) ** 52 == pytest.approx(0.88, abs=0.005)
        weeks = np.arange(100, 5201, 100)
        fixed = smallest_passing(
            lambda misses, n: binomial.p_below(n - misses, n, limit), weeks, alpha
        )
        assert ever(marks_at(weeks, fixed), 1 - limit) == pytest.approx(0.26, abs=0.015)
        anytime = smallest_passing(
            lambda misses, n: sequential.mixture_p_below(n - misses, n, limit), weeks, alpha
        )
        assert ever(marks_at(weeks, anytime), 1 - limit) <= alpha

    def test_the_evidence_is_the_average_likelihood_ratio(self) -> None:
        """Against a numerical average over rates uniform above the limit."""
        k, n, p0 = 57, 60, 0.85
        theta = p0 + (1 - p0) * (np.arange(200_000) + 0.5) / 200_000
        ratio = (theta / p0) ** k * ((1 - theta) / (1 - p0)) ** (n - k)
        found = float(sequential.mixture_p_above(k, n, p0))
        assert found == pytest.approx(1 / float(ratio.mean()), rel=1e-6)

    @given(observed(), st.floats(1e-6, 0.36), st.floats(0, 1))
    def test_bound_and_p_value_never_disagree(
        self, seen: tuple[int, int], alpha: float, p0: float
    ) -> None:
        k, n = seen
        p = float(sequential.mixture_p_above(k, n, p0))
        assume(abs(p / alpha - 1) > 1e-6)
        low = float(sequential.mixture_lower(k, n, alpha))
        assert (low > p0 or (p0 == 0.0 and k > 0)) == (p <= alpha)

    @given(observed(), st.floats(1e-6, 0.36))
    def test_an_anytime_bound_is_never_tighter_than_a_fixed_one(
        self, seen: tuple[int, int], alpha: float
    ) -> None:
        k, n = seen
        low, high = sequential.mixture_lower(k, n, alpha), sequential.mixture_upper(k, n, alpha)
        assert low <= binomial.lower(k, n, alpha) + 1e-12
        assert high >= binomial.upper(k, n, alpha) - 1e-12

    @given(st.integers(1, 500), st.floats(0.01, 0.99))
    def test_one_more_hit_never_weakens_the_evidence(self, n: int, p0: float) -> None:
        p = sequential.mixture_p_above(np.arange(n + 1), n, p0)
        assert np.all(np.diff(p) <= 1e-12)

    @given(observed(), st.integers(1, 1023))
    def test_counting_misses_mirrors_the_test(self, seen: tuple[int, int], eighths: int) -> None:
        k, n = seen
        p0 = eighths / 1024
        above = sequential.mixture_p_above(n - k, n, 1 - p0)
        assert float(sequential.mixture_p_below(k, n, p0)) == float(above)

    def test_before_the_first_case_nothing_is_known(self) -> None:
        assert float(sequential.mixture_p_above(0, 0, 0.9)) == 1.0
        assert float(sequential.mixture_lower(0, 0, 0.05)) == 0.0
        assert float(sequential.mixture_upper(0, 0, 0.05)) == 1.0

    def test_at_the_ends_of_the_scale_only_certainties_are_excluded(self) -> None:
        assert float(sequential.mixture_p_above(1, 5, 0.0)) == 0.0
        assert float(sequential.mixture_p_above(5, 5, 1.0)) == 1.0

    def test_misuse_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="0 <= k <= n"):
            sequential.mixture_p_above(3, 2, 0.9)
        with pytest.raises(ValueError, match="p0 must lie in"):
            sequential.mixture_p_above(2, 3, 90)
        with pytest.raises(ValueError, match="alpha must lie strictly"):
            sequential.mixture_lower(2, 3, 0.0)
