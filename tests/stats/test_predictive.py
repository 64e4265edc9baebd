"""Predictive values and weighted rates pass falsely at most alpha often, over every truth tried."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from roadworthy.stats import binomial, predictive

ALPHA = 0.05
RATES = (0.3, 0.6, 0.8, 0.9, 0.95, 0.99)


class TestErrorControl:
    """Exact enumeration of every pair of counts."""

    @pytest.mark.parametrize(("n_pos", "n_neg"), [(20, 30), (10, 60), (40, 40)])
    @pytest.mark.parametrize("prevalence", [0.006, 0.1, 0.5])
    def test_false_pass_of_a_predictive_value_keeps_alpha(
        self, n_pos: int, n_neg: int, prevalence: float
    ) -> None:
        cells = list(itertools.product(range(n_pos + 1), range(n_neg + 1)))
        found, cleared = np.array(cells).T
        bounds = {
            name: np.array([bound(a, n_pos, b, n_neg, prevalence, ALPHA) for a, b in cells])
            for name, bound in [
                ("ppv low", predictive.ppv_lower),
                ("ppv high", predictive.ppv_upper),
                ("npv low", predictive.npv_lower),
                ("npv high", predictive.npv_upper),
            ]
        }
        for sens, spec in itertools.product(RATES, RATES):
            chance = stats.binom.pmf(found, n_pos, sens) * stats.binom.pmf(cleared, n_neg, spec)
            ppv = predictive.ppv(sens, spec, prevalence)
            npv = predictive.npv(sens, spec, prevalence)
            assert chance[bounds["ppv low"] > ppv].sum() <= ALPHA
            assert chance[bounds["ppv high"] < ppv].sum() <= ALPHA
            assert chance[bounds["npv low"] > npv].sum() <= ALPHA
            assert chance[bounds["npv high"] < npv].sum() <= ALPHA

    @pytest.mark.parametrize("weights", [(0.1, 0.9), (0.5, 0.5), (0.006, 0.994)])
    def test_false_pass_of_a_weighted_sum_keeps_alpha(self, weights: tuple[float, float]) -> None:
        sizes = (25, 35)
        cells = list(itertools.product(range(26), range(36)))
        first, second = np.array(cells).T
        low = np.array([predictive.weighted_lower(k, sizes, weights, ALPHA) for k in cells])
        high = np.array([predictive.weighted_upper(k, sizes, weights, ALPHA) for k in cells])
        for a, b in itertools.product(RATES, RATES):
            chance = stats.binom.pmf(first, 25, a) * stats.binom.pmf(second, 35, b)
            truth = weights[0] * a + weights[1] * b
            assert chance[low > truth + 1e-9].sum() <= ALPHA
            assert chance[high < truth - 1e-9].sum() <= ALPHA

    def test_false_pass_of_a_macro_recall_keeps_alpha(self) -> None:
        sizes = (8, 10, 12)
        cells = np.array(list(itertools.product(*(range(n + 1) for n in sizes))))
        low = np.array([predictive.weighted_lower(k, sizes, [1 / 3] * 3, ALPHA) for k in cells])
        for rates in itertools.product((0.5, 0.8, 0.95), repeat=3):
            chance = np.prod(stats.binom.pmf(cells, sizes, rates), axis=1)
            assert chance[low > np.mean(rates) + 1e-9].sum() <= ALPHA

    def test_bounds_of_the_pooled_counts_would_not(self) -> None:
        """An enriched set pooled as sampled claims an accuracy the cohort does not have."""
        hits = np.arange(201)
        chance = stats.binom.pmf(hits[:101], 100, 0.99)
        pooled = binomial.lower(hits[:101] + 60, 200, ALPHA)
        truth = 0.01 * 0.99 + 0.99 * 0.60
        assert chance[pooled > truth].sum() > 0.9


class TestPredictiveValues:
    """Bayes' rule at a declared prevalence."""

    def test_it_is_the_share_of_a_cohort_counted_out(self) -> None:
        """10,000 people, 60 ill: 54 found, 994 false alarms."""
        assert predictive.ppv(0.9, 0.9, 0.006) == pytest.approx(54 / (54 + 994))
        assert predictive.npv(0.9, 0.9, 0.006) == pytest.approx(8946 / (8946 + 6))

    def test_sensitivity_and_specificity_share_alpha(self) -> None:
        sens, spec = binomial.lower([90, 80], [100, 100], ALPHA / 2)
        expected = predictive.ppv(float(sens), float(spec), 0.1)
        assert predictive.ppv_lower(90, 100, 80, 100, 0.1, ALPHA) == pytest.approx(expected)

    def test_without_any_call_it_has_no_meaning(self) -> None:
        with pytest.raises(ValueError, match="not measured"):
            predictive.ppv(0.0, 1.0, 0.1)
        with pytest.raises(ValueError, match="prevalence"):
            predictive.ppv(0.9, 0.9, 0.0)

    @settings(deadline=None, max_examples=60)
    @given(st.floats(0.0, 40.5), st.floats(0.0, 60.2), st.floats(0.02, 0.98))
    def test_a_limit_is_shown_exactly_when_the_bound_meets_it(
        self, found: float, cleared: float, limit: float
    ) -> None:
        """Also for real-valued (effective) counts."""
        seen = (found, 40.5, cleared, 60.2, 0.2)
        pairs = [
            (predictive.ppv_lower(*seen, ALPHA), predictive.ppv_p_above(*seen, limit), 1),
            (predictive.ppv_upper(*seen, ALPHA), predictive.ppv_p_below(*seen, limit), -1),
            (predictive.npv_lower(*seen, ALPHA), predictive.npv_p_above(*seen, limit), 1),
            (predictive.npv_upper(*seen, ALPHA), predictive.npv_p_below(*seen, limit), -1),
        ]
        for bound, p, sign in pairs:
            if abs(bound - limit) > 1e-6:
                assert (p <= ALPHA) == (sign * (bound - limit) > 0)

    def test_no_cases_show_nothing(self) -> None:
        assert predictive.ppv_lower(0, 0, 0, 0, 0.1, ALPHA) == 0.0
        assert predictive.ppv_upper(0, 0, 0, 0, 0.1, ALPHA) == 1.0
        assert predictive.ppv_p_above(0, 0, 0, 0, 0.1, 0.2) == 1.0


class TestWeightedSums:
    """Rates of classes or groups, added up as declared."""

    @settings(deadline=None, max_examples=60)
    @given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5), st.floats(0.05, 0.95), st.data())
    def test_a_limit_is_shown_exactly_when_the_bound_meets_it(
        self, shares: list[float], limit: float, data: st.DataObject
    ) -> None:
        n = [data.draw(st.floats(5.0, 90.0)) for _ in shares]
        k = [share * size for share, size in zip(shares, n, strict=True)]
        weights = np.full(len(n), 1.0 / len(n))
        low = predictive.weighted_lower(k, n, weights, ALPHA)
        high = predictive.weighted_upper(k, n, weights, ALPHA)
        assert low <= predictive.weighted(k, n, weights) + 1e-12
        assert predictive.weighted(k, n, weights) <= high + 1e-12
        if abs(low - limit) > 1e-6:
            assert (predictive.weighted_p_above(k, n, weights, limit) <= ALPHA) == (low > limit)
        if abs(high - limit) > 1e-6:
            assert (predictive.weighted_p_below(k, n, weights, limit) <= ALPHA) == (high < limit)

    def test_rates_share_alpha(self) -> None:
        expected = float(binomial.lower([90, 70], 100, ALPHA / 2).mean())
        assert predictive.weighted_lower([90, 70], 100, 0.5, ALPHA) == pytest.approx(expected)
        expected = float(binomial.upper([90, 70], 100, ALPHA / 2).mean())
        assert predictive.weighted_upper([90, 70], 100, 0.5, ALPHA) == pytest.approx(expected)

    def test_a_rate_without_weight_costs_no_alpha(self) -> None:
        alone = predictive.weighted_lower([90], [100], [1.0], ALPHA)
        assert predictive.weighted_lower([90, 0], [100, 0], [1.0, 0.0], ALPHA) == alone

    def test_negative_weights_and_missing_cases_are_refused(self) -> None:
        with pytest.raises(ValueError, match="weights"):
            predictive.weighted_lower([1], [2], [-1.0], ALPHA)
        with pytest.raises(ValueError, match="no cases"):
            predictive.weighted([0, 1], [0, 2], [0.5, 0.5])
        with pytest.raises(ValueError, match="alpha"):
            predictive.ppv_lower(1, 2, 1, 2, 0.5, 1.0)
