"""The exact rate bounds must keep alpha and agree with published numbers, or a wrong PASS ships."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from roadworthy.stats import binomial

ALPHAS = st.floats(1e-6, 0.4)
RATES = st.floats(0.001, 0.999)


@st.composite
def observed(draw: st.DrawFn) -> tuple[float, float]:
    """Hits and cases, not always whole, as effective sample sizes are."""
    n = draw(st.integers(1, 3000) | st.floats(0.5, 3000))
    k = draw(st.integers(0, int(n)) | st.floats(1e-3, float(n)))
    return float(k), float(n)


class TestBounds:
    """One-sided Clopper-Pearson bounds."""

    def test_upper_bound_without_hits_is_the_published_one(self) -> None:
        found = binomial.upper(0, [10, 30, 100, 300, 1000], 0.05)
        np.testing.assert_allclose(
            found, [0.258866, 0.095034, 0.029513, 0.009936, 0.002991], atol=6e-7
        )

    def test_two_sided_intervals_are_two_one_sided_bounds(self) -> None:
        k, n = np.array([0, 10, 1, 90]), np.array([10, 10, 10, 100])
        np.testing.assert_allclose(
            binomial.lower(k, n, 0.025), [0.0, 0.691503, 0.002529, 0.823777], atol=6e-7
        )
        np.testing.assert_allclose(
            binomial.upper(k, n, 0.025), [0.308497, 1.0, 0.445016, 0.950995], atol=6e-7
        )

    def test_lower_bounds_are_the_published_ones(self) -> None:
        found = binomial.lower([90, 95, 59, 299], [100, 100, 59, 299], 0.05)
        np.testing.assert_allclose(found, [0.836282, 0.897747, 0.950492, 0.990031], atol=6e-7)

    def test_a_pivotal_trial_proves_less_than_its_estimate(self) -> None:
        """173 of 198 is 87 %, reported against 85 %: the bound shows .75 but not .85."""
        assert float(binomial.lower(173, 198, 0.05)) == pytest.approx(0.8281, abs=5e-5)

    def test_no_misses_is_not_a_proof(self) -> None:
        assert float(binomial.upper(0, 68, 0.05)) == pytest.approx(0.043, abs=5e-4)
        assert float(binomial.upper(0, 1829, 0.05)) == pytest.approx(0.0016, abs=5e-5)

    def test_no_cases_bound_nothing(self) -> None:
        assert float(binomial.lower(0, 0, 0.05)) == 0.0
        assert float(binomial.upper(0, 0, 0.05)) == 1.0

    def test_a_scalar_comes_back_as_a_float_array_without_dimensions(self) -> None:
        found = binomial.lower(9, 10, 0.05)
        assert found.shape == () and found.dtype == np.float64

    def test_arguments_broadcast(self) -> None:
        found = binomial.upper(np.arange(5)[:, None], 10, [0.05, 0.01, 0.001])
        assert found.shape == (5, 3)

    @pytest.mark.parametrize("alpha", [0.05, 0.01, 0.0025])
    @pytest.mark.parametrize("n", [1, 2, 5, 10, 29, 59, 100, 299, 1000])
    def test_the_false_pass_rate_keeps_alpha_at_every_limit(self, n: int, alpha: float) -> None:
        """By enumeration of all counts, at rates in between and at the attainable bounds."""
        k = np.arange(n + 1)
        bounds = binomial.lower(k, n, alpha)
        limits = np.concatenate([np.linspace(0.01, 0.99, 99), [0.995, 0.999, 0.9999], bounds[1:]])
        chance = stats.binom.pmf(k, n, limits[:, None])
        above = (chance * (bounds >= limits[:, None])).sum(axis=1)
        below = (chance * (binomial.upper(k, n, alpha) <= limits[:, None])).sum(axis=1)
        assert above.max() <= alpha * (1 + 1e-9)
        assert below.max() <= alpha * (1 + 1e-9)
        # At an attainable bound alpha is used up: the bound is exact, not merely safe.
        assert above.max() == pytest.approx(alpha)

    @given(observed(), ALPHAS)
    def test_bounds_enclose_the_observed_rate(
        self, seen: tuple[float, float], alpha: float
    ) -> None:
        k, n = seen
        low, high = float(binomial.lower(k, n, alpha)), float(binomial.upper(k, n, alpha))
        assert 0.0 <= low <= k / n + 1e-12
        assert k / n - 1e-12 <= high <= 1.0

    @given(observed(), ALPHAS)
    def test_counting_misses_mirrors_the_bounds(
        self, seen: tuple[float, float], alpha: float
    ) -> None:
        k, n = seen
        mirrored = 1.0 - float(binomial.upper(n - k, n, alpha))
        assert float(binomial.lower(k, n, alpha)) == pytest.approx(mirrored, abs=1e-12)

    @given(st.integers(1, 2000), ALPHAS)
    def test_one_more_hit_never_lowers_a_bound(self, n: int, alpha: float) -> None:
        k = np.arange(n + 1)
        assert np.all(np.diff(binomial.lower(k, n, alpha)) > 0)
        assert np.all(np.diff(binomial.upper(k, n, alpha)) > 0)

    @given(st.integers(0, 500), st.integers(0, 500), ALPHAS)
    def test_a_wrong_case_more_never_raises_the_lower_bound(self, k: int, m: int, a: float) -> None:
        assert binomial.lower(k, k + m + 1, a) <= binomial.lower(k, k + m, a)

    @given(observed(), ALPHAS, RATES)
    def test_bound_and_p_value_never_disagree(
        self, seen: tuple[float, float], alpha: float, p0: float
    ) -> None:
        k, n = seen
        above, below = float(binomial.p_above(k, n, p0)), float(binomial.p_below(k, n, p0))
        # A tie within rounding may fall either way.
        assume(abs(above / alpha - 1) > 1e-9 and abs(below / alpha - 1) > 1e-9)
        assert (float(binomial.lower(k, n, alpha)) >= p0) == (above <= alpha)
        assert (float(binomial.upper(k, n, alpha)) <= p0) == (below <= alpha)

    @pytest.mark.parametrize(
        ("k", "n", "alpha", "message"),
        [
            (3, 2, 0.05, "0 <= k <= n"),
            (-1, 2, 0.05, "0 <= k <= n"),
            (float("nan"), 2, 0.05, "0 <= k <= n"),
            (1, float("inf"), 0.05, "0 <= k <= n"),
            (1, 2, 0.0, "alpha must lie strictly"),
            (1, 2, 5, "alpha must lie strictly"),
        ],
    )
    def test_misuse_is_an_error_that_names_the_value(
        self, k: float, n: float, alpha: float, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            binomial.lower(k, n, alpha)
        with pytest.raises(ValueError, match=message):
            binomial.upper(k, n, alpha)


class TestPValues:
    """Exact one-sided p-values."""

    @given(st.integers(0, 300), st.integers(0, 300), st.floats(0, 1))
    def test_whole_counts_give_the_binomial_tails(self, k: int, misses: int, p0: float) -> None:
        n = k + misses
        above, below = float(binomial.p_above(k, n, p0)), float(binomial.p_below(k, n, p0))
        assert above == pytest.approx(float(stats.binom.sf(k - 1, n, p0)), rel=1e-9, abs=1e-300)
        assert below == pytest.approx(float(stats.binom.cdf(k, n, p0)), rel=1e-9, abs=1e-300)

    def test_a_rate_in_per_cent_is_an_error(self) -> None:
        with pytest.raises(ValueError, match=r"write 95 % as 0\.95"):
            binomial.p_above(1, 2, 95)
        with pytest.raises(ValueError, match=r"write 95 % as 0\.95"):
            binomial.p_below(1, 2, 95)


class TestSmallestN:
    """Cases needed when no, or few, failures are seen."""

    def test_error_free_sizes_are_the_published_ones(self) -> None:
        limits = [0.90, 0.95, 0.99, 0.999, 0.9999]
        assert [binomial.smallest_n(p, 0.95) for p in limits] == [29, 59, 299, 2995, 29956]

    @pytest.mark.parametrize(
        ("limit", "sizes"),
        [
            (0.90, [29, 46, 61, 76, 89, 103]),
            (0.95, [59, 93, 124, 153, 181, 208]),
            (0.99, [299, 473, 628, 773, 913, 1049]),
        ],
    )
    def test_sizes_with_failures_are_the_published_ones(
        self, limit: float, sizes: list[int]
    ) -> None:
        assert [binomial.smallest_n_with_failures(limit, f, 0.95) for f in range(6)] == sizes

    @given(RATES, st.integers(0, 50), st.floats(0.01, 0.9999))
    def test_the_size_is_enough_and_one_case_less_is_not(
        self, limit: float, failures: int, confidence: float
    ) -> None:
        n = binomial.smallest_n_with_failures(limit, failures, confidence)
        assert float(binomial.p_above(n - failures, n, limit)) <= 1 - confidence
        if n > failures + 1:
            assert float(binomial.p_above(n - 1 - failures, n - 1, limit)) > 1 - confidence

    @pytest.mark.parametrize("limit", [0.0, 1.0])
    def test_a_limit_no_sample_can_show_is_an_error(self, limit: float) -> None:
        with pytest.raises(ValueError, match="limit must lie strictly"):
            binomial.smallest_n(limit, 0.95)

    @pytest.mark.parametrize("failures", [-1, 1.5])
    def test_failures_are_counted(self, failures: float) -> None:
        with pytest.raises(ValueError, match="failures must be a whole number"):
            binomial.smallest_n_with_failures(0.9, failures, 0.95)  # type: ignore[arg-type]


class TestHitsNeeded:
    """The pass mark of a study of n cases."""

    def test_the_mark_of_a_hundred_and_one_positives(self) -> None:
        assert int(binomial.hits_needed(101, 0.90, 0.05)) == 97

    @given(st.integers(0, 3000), RATES, ALPHAS)
    def test_the_mark_passes_and_one_hit_less_does_not(self, n: int, p0: float, a: float) -> None:
        mark = int(binomial.hits_needed(n, p0, a))
        assert mark >= 1
        assert mark == n + 1 or float(binomial.p_above(mark, n, p0)) <= a
        assert mark == 1 or float(binomial.p_above(mark - 1, n, p0)) > a

    @given(st.integers(0, 300), RATES, ALPHAS)
    def test_what_is_allowed_passes_and_one_hit_more_does_not(
        self, n: int, p0: float, a: float
    ) -> None:
        most = int(binomial.hits_allowed(n, p0, a))
        assert most == -1 or float(binomial.p_below(most, n, p0)) <= a * (1 + 1e-9)
        assert float(binomial.p_below(most + 1, n, p0)) > a * (1 - 1e-9)

    def test_cases_are_counted(self) -> None:
        with pytest.raises(ValueError, match="n must be whole"):
            binomial.hits_needed(10.5, 0.9, 0.05)


class TestPower:
    """The exact operating characteristic."""

    def test_operating_characteristic_of_two_hundred_cases(self) -> None:
        n, limit, alpha = 200, 0.90, 0.05
        found = binomial.power(n, limit, [0.85, 0.95, 0.97], alpha)
        np.testing.assert_allclose(found, [0.683, 0.796, 0.992], atol=5e-4)
        passed = float(binomial.p_above(binomial.hits_needed(n, limit, alpha), n, limit))
        failed = float(binomial.p_below(binomial.hits_allowed(n, limit, alpha), n, limit))
        assert passed == pytest.approx(0.032, abs=5e-4)
        assert failed == pytest.approx(0.043, abs=5e-4)
        assert 1 - passed - failed == pytest.approx(0.925, abs=1e-3)

    def test_a_tuned_threshold_mostly_ends_inconclusive(self) -> None:
        found = binomial.power(101, 0.90, [0.95, 0.96, 0.97, 0.98], 0.05)
        np.testing.assert_allclose(found, [0.43, 0.62, 0.81, 0.95], atol=6e-3)

    def test_power_is_the_share_of_counts_whose_bound_meets_the_limit(self) -> None:
        n, limit, alpha, truth = 150, 0.8, 0.02, 0.88
        k = np.arange(n + 1)
        shown = binomial.lower(k, n, alpha) >= limit
        expected = float(stats.binom.pmf(k, n, truth)[shown].sum())
        assert float(binomial.power(n, limit, truth, alpha)) == pytest.approx(expected)

    def test_too_few_cases_have_no_power(self) -> None:
        assert float(binomial.power(28, 0.90, 1.0, 0.05)) == 0.0
        assert float(binomial.power(29, 0.90, 1.0, 0.05)) == 1.0

    @given(st.integers(1, 500), RATES, RATES, ALPHAS)
    def test_an_at_most_limit_is_the_mirror(self, n: int, p0: float, p1: float, a: float) -> None:
        # Dyadic rates, so that 1 - p is exact and both sides test the very same limit.
        p0, p1 = (np.round(p * 1024) / 1024 for p in (p0, p1))
        assume(0 < p0 < 1 and p0 != p1)
        found = float(binomial.power(n, p0, p1, a))
        assert found == pytest.approx(float(binomial.power(n, 1 - p0, 1 - p1, a)))

    def test_at_the_limit_there_is_no_side_to_show(self) -> None:
        with pytest.raises(ValueError, match="truth equals limit"):
            binomial.power(100, 0.9, [0.95, 0.9], 0.05)


class TestSampleSize:
    """Sizes to plan for."""

    @pytest.mark.parametrize(
        ("limit", "truth", "power", "first", "safe"),
        [
            (0.90, 0.95, 0.8, 179, 203),
            (0.90, 0.95, 0.9, 239, 263),
            (0.90, 0.97, 0.8, 76, 89),
            (0.85, 0.90, 0.8, 281, 304),
            (0.80, 0.90, 0.8, 82, 94),
            (0.95, 0.98, 0.8, 234, 286),
            (0.70, 0.80, 0.8, 119, 130),
        ],
    )
    def test_sizes_are_the_published_ones_on_both_sides(
        self, limit: float, truth: float, power: float, first: int, safe: int
    ) -> None:
        expected = binomial.SampleSize(first, safe)
        assert binomial.sample_size(limit, truth, 0.05, power) == expected
        assert binomial.sample_size(1 - limit, 1 - truth, 0.05, power) == expected

    @pytest.mark.parametrize(("cells", "safe"), [(1, 203), (3, 286), (10, 391), (50, 504)])
    def test_all_slices_together_reach_the_power(self, cells: int, safe: int) -> None:
        share = binomial.share_of_power(0.80, cells)
        assert binomial.sample_size(0.90, 0.95, 0.05, share).safe == safe

    # Thousands of sizes are checked per example, so no deadline holds on a busy machine.
    @settings(deadline=None, max_examples=40)
    @given(
        st.sampled_from([0.05, 0.3, 0.5, 0.7, 0.9, 0.97]),
        st.floats(0.15, 0.9),
        st.sampled_from([0.2, 0.05, 0.01]),
        st.sampled_from([0.5, 0.8, 0.95]),
    )
    def test_power_is_reached_first_there_and_never_dips_after_the_safe_size(
        self, limit: float, towards_one: float, alpha: float, power: float
    ) -> None:
        truth = limit + towards_one * (1 - limit)
        found = binomial.sample_size(limit, truth, alpha, power)
        n = np.arange(1, 6 * found.safe + 50)
        enough = binomial.power(n, limit, truth, alpha) >= power
        assert n[np.argmax(enough)] == found.first
        assert enough[n >= found.safe].all()
        assert found.safe == found.first or not enough[found.safe - 2]

    def test_planning_a_rare_failure_is_quick(self) -> None:
        began = time.perf_counter()
        found = binomial.sample_size(0.999, 0.9995, 0.05, 0.80)
        # It takes a millisecond; the margin is for a busy machine.
        assert time.perf_counter() - began < 0.2
        assert float(binomial.power(found.first, 0.999, 0.9995, 0.05)) >= 0.80
        assert float(binomial.power(found.first - 1, 0.999, 0.9995, 0.05)) < 0.80

    @pytest.mark.parametrize(
        ("limit", "truth", "message"),
        [
            (0.9, 0.9, "truth equals limit"),
            (1.0, 0.9, "can never be shown"),
            (0.0, 0.1, "can never be shown"),
            (0.5, 0.50001, "too near"),
            (0.9, 1.1, "truth must lie in"),
        ],
    )
    def test_what_no_sample_can_show_is_an_error(
        self, limit: float, truth: float, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            binomial.sample_size(limit, truth, 0.05, 0.8)

    def test_a_level_above_one_half_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="alpha must lie above 0"):
            binomial.sample_size(0.9, 0.95, 0.6, 0.8)
