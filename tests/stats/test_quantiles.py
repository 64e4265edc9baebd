"""A quantile's bound may only err the rare way, whatever the distribution and however many ties."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from roadworthy.stats import quantiles

# Few distinct values: ties among cases and with the limit are the rule, not the exception.
tied_samples = st.lists(st.sampled_from([1.0, 2.0, 3.0, math.inf]), min_size=1, max_size=40)
quantile_levels = st.sampled_from([0.05, 0.1, 0.5, 0.75, 0.9, 0.99])
alphas = st.sampled_from([0.0025, 0.05, 0.2])
limits = st.sampled_from([0.5, 1.0, 2.0, 2.5, 3.0, 4.0])


def every_sample(n: int, chances: NDArray[np.float64]) -> list[tuple[float, list[float]]]:
    """Each composition of n cases over the values 0, 1, 2 ... with its multinomial chance."""
    counts = [c for c in itertools.product(range(n + 1), repeat=len(chances)) if sum(c) == n]
    return [
        (
            float(stats.multinomial.pmf(c, n, chances)),
            [float(v) for v, times in enumerate(c) for _ in range(times)],
        )
        for c in counts
    ]


def true_quantile(chances: NDArray[np.float64], q: float) -> int:
    return int(np.argmax(np.cumsum(chances) >= q - 1e-12))


class TestErrorControl:
    """Enumerated exactly, not simulated: every sample of a small study on a scale with ties."""

    SCALES = (
        np.array([0.2, 0.5, 0.3]),
        np.array([0.5, 0.25, 0.25]),  # F(0) is exactly q = .5: the quantile is 0, nothing above
        np.array([0.49, 0.02, 0.49]),
        np.array([0.89, 0.01, 0.1]),  # F(1) is exactly q = .9
        np.array([0.02, 0.88, 0.1]),
    )

    @pytest.mark.parametrize("chances", SCALES, ids=str)
    @pytest.mark.parametrize("q", [0.1, 0.5, 0.75, 0.9])
    def test_no_bound_and_no_test_errs_more_often_than_alpha(
        self, chances: NDArray[np.float64], q: float
    ) -> None:
        truth, n = true_quantile(chances, q), 24
        samples = every_sample(n, chances)
        for alpha in (0.02, 0.05, 0.2):
            too_low = too_high = 0.0
            for chance, values in samples:
                high, low = (
                    bound(values, q, alpha) for bound in (quantiles.upper, quantiles.lower)
                )
                too_low += chance * (high is not None and high < truth)
                too_high += chance * (low is not None and low > truth)
            assert too_low <= alpha
            assert too_high <= alpha

    @pytest.mark.parametrize("chances", SCALES, ids=str)
    @pytest.mark.parametrize("q", [0.1, 0.5, 0.75, 0.9])
    @pytest.mark.parametrize("limit", [0.0, 0.5, 1.0, 2.0])
    def test_a_false_pass_or_fail_is_rarer_than_alpha_at_every_limit(
        self, chances: NDArray[np.float64], q: float, limit: float
    ) -> None:
        truth, alpha = true_quantile(chances, q), 0.05
        shown = dict.fromkeys(("above", "at_least", "below", "at_most"), 0.0)
        for chance, values in every_sample(24, chances):
            shown["above"] += chance * (quantiles.p_above(values, q, limit) <= alpha)
            shown["at_least"] += chance * (
                quantiles.p_above(values, q, limit, inclusive=True) <= alpha
            )
            shown["below"] += chance * (quantiles.p_below(values, q, limit) <= alpha)
            shown["at_most"] += chance * (
                quantiles.p_below(values, q, limit, inclusive=True) <= alpha
            )
        holds = {
            "above": truth > limit,
            "at_least": truth >= limit,
            "below": truth < limit,
            "at_most": truth <= limit,
        }
        for claim, rate in shown.items():
            assert holds[claim] or rate <= alpha, claim

    def test_the_latency_test_is_as_sharp_as_an_exact_binomial_test_can_be(self) -> None:
        """5 slow answers too many of 1049 and p99 <= 50 is no longer shown; 5 are just allowed."""
        answers = np.full(1049, 20.0)
        answers[:5] = 80.0
        assert quantiles.p_below(answers, 0.99, 50.0, inclusive=True) <= 0.05
        answers[5] = 80.0
        assert quantiles.p_below(answers, 0.99, 50.0, inclusive=True) > 0.05


class TestTies:
    def test_values_equal_to_an_inclusive_limit_meet_it(self) -> None:
        at_limit = [50.0] * 299
        assert quantiles.p_below(at_limit, 0.99, 50.0, inclusive=True) <= 0.05
        assert quantiles.p_above(at_limit, 0.01, 50.0, inclusive=True) <= 0.05

    def test_values_equal_to_the_limit_show_neither_side_strictly(self) -> None:
        at_limit = [50.0] * 10_000
        assert quantiles.p_below(at_limit, 0.99, 50.0) == 1.0
        assert quantiles.p_above(at_limit, 0.99, 50.0) == 1.0

    @given(tied_samples, quantile_levels, limits, alphas)
    def test_a_requirement_is_never_shown_to_hold_and_not_to_hold(
        self, values: list[float], q: float, limit: float, alpha: float
    ) -> None:
        meets_most = quantiles.p_below(values, q, limit, inclusive=True) <= alpha
        meets_least = quantiles.p_above(values, q, limit, inclusive=True) <= alpha
        assert not (meets_most and quantiles.p_above(values, q, limit) <= alpha)
        assert not (meets_least and quantiles.p_below(values, q, limit) <= alpha)


class TestBounds:
    @given(tied_samples, quantile_levels, limits, alphas)
    def test_bounds_and_p_values_never_disagree(
        self, values: list[float], q: float, limit: float, alpha: float
    ) -> None:
        high, low = quantiles.upper(values, q, alpha), quantiles.lower(values, q, alpha)
        below, at_most = (
            quantiles.p_below(values, q, limit, inclusive=inclusive) <= alpha
            for inclusive in (False, True)
        )
        above, at_least = (
            quantiles.p_above(values, q, limit, inclusive=inclusive) <= alpha
            for inclusive in (False, True)
        )
        assert below == (high is not None and high < limit)
        assert at_most == (high is not None and high <= limit)
        if low is not None or math.inf not in values:
            assert above == (low is not None and low > limit)
            assert at_least == (low is not None and low >= limit)

    @given(tied_samples, quantile_levels, alphas)
    def test_bounds_enclose_the_estimate(self, values: list[float], q: float, alpha: float) -> None:
        middle = quantiles.estimate(values, q)
        high, low = quantiles.upper(values, q, alpha), quantiles.lower(values, q, alpha)
        assert low is None or low <= middle
        assert high is None or middle <= high

    @given(tied_samples, quantile_levels, limits)
    def test_one_more_slow_case_never_helps_an_at_most(
        self, values: list[float], q: float, limit: float
    ) -> None:
        before = quantiles.p_below(values, q, limit, inclusive=True)
        assert quantiles.p_below([*values, limit + 1.0], q, limit, inclusive=True) >= before

    def test_the_ranks_are_those_of_the_binomial(self) -> None:
        """n=100, median, one-sided 2.5 %: ranks 40 and 61 (P(Bin(100, .5) <= 39) = .0176)."""
        values = np.random.default_rng(5).permutation(np.arange(1.0, 101.0))
        assert quantiles.lower(values, 0.5, 0.025) == 40.0
        assert quantiles.upper(values, 0.5, 0.025) == 61.0

    def test_the_median_agrees_with_the_sign_test(self) -> None:
        values = stats.norm.rvs(0.3, 1.0, size=57, random_state=3)
        signs = stats.binomtest(int(np.count_nonzero(values > 0)), 57, 0.5, alternative="greater")
        assert quantiles.p_above(values, 0.5, 0.0) == pytest.approx(signs.pvalue, rel=1e-12)

    def test_too_few_cases_give_no_bound_rather_than_a_number(self) -> None:
        assert quantiles.upper(np.arange(298.0), 0.99, 0.05) is None
        assert quantiles.upper(np.arange(299.0), 0.99, 0.05) == 298.0
        assert quantiles.lower(np.arange(298.0), 0.01, 0.05) is None
        assert quantiles.lower(np.arange(299.0), 0.01, 0.05) == 0.0

    def test_a_bound_that_never_answered_is_no_bound(self) -> None:
        """With 1049 cases five may be slow, the sixth makes the bound infinite: none."""
        answers = np.full(1049, 20.0)
        answers[:5] = math.inf
        assert quantiles.upper(answers, 0.99, 0.05) == 20.0
        answers[5] = math.inf
        assert quantiles.upper(answers, 0.99, 0.05) is None


class TestSmallestN:
    @pytest.mark.parametrize(("q", "cases"), [(0.90, 29), (0.95, 59), (0.99, 299), (0.999, 2995)])
    def test_known_sizes(self, q: float, cases: int) -> None:
        assert quantiles.smallest_n(q, 0.95) == cases

    @given(st.floats(0.05, 0.98), st.floats(0.5, 0.99))
    def test_it_is_where_an_upper_bound_first_exists(self, q: float, confidence: float) -> None:
        n = quantiles.smallest_n(q, confidence)
        assert quantiles.upper(np.arange(float(n)), q, 1.0 - confidence) == n - 1
        assert n == 1 or quantiles.upper(np.arange(n - 1.0), q, 1.0 - confidence) is None


class TestEstimate:
    @given(
        st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50),
        st.sampled_from([0.01, 0.05, 0.07, 0.29, 0.5, 0.57, 0.95, 0.99]),
    )
    def test_it_is_the_smallest_value_that_a_share_q_does_not_exceed(
        self, values: list[float], q: float
    ) -> None:
        expected = min(v for v in values if sum(w <= v for w in values) / len(values) >= q)
        assert quantiles.estimate(values, q) == expected

    def test_a_share_that_floating_point_overshoots_keeps_its_rank(self) -> None:
        assert 100 * 0.07 > 7
        assert quantiles.estimate(np.arange(1.0, 101.0), 0.07) == 7.0


class TestMisuse:
    @pytest.mark.parametrize(
        ("values", "q", "message"),
        [
            ([], 0.5, "n >= 1"),
            ([[1.0, 2.0]], 0.5, "shape"),
            ([1.0, math.nan], 0.5, "1 of 2 values are NaN"),
            ([1.0], 1.0, "p99 as 0.99"),
            ([1.0], 99.0, "p99 as 0.99"),
        ],
    )
    def test_it_says_what_is_wrong(self, values: list[float], q: float, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            quantiles.estimate(values, q)
        for bound in (quantiles.lower, quantiles.upper):
            with pytest.raises(ValueError, match=message):
                bound(values, q, 0.05)
        for test in (quantiles.p_above, quantiles.p_below):
            with pytest.raises(ValueError, match=message):
                test(values, q, 1.0)

    def test_a_limit_without_a_value_is_refused(self) -> None:
        with pytest.raises(ValueError, match="limit is NaN"):
            quantiles.p_below([1.0], 0.5, math.nan)
