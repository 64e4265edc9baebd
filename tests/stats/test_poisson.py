"""Event-rate bounds must keep alpha, or "one accident per billion miles" is claimed too early."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from roadworthy.stats import binomial, poisson

DEATHS, INJURIES, CRASHES = 1.09e-8, 77e-8, 190e-8
COUNTS = st.integers(0, 2000)
EXPOSURES = st.floats(1e-3, 1e9)
ALPHAS = st.floats(1e-6, 0.4)


class TestBounds:
    """One-sided Garwood bounds."""

    def test_bounds_are_those_of_published_tables(self) -> None:
        """Garwood's 95 % two-sided limits for 0, 1 and 10 events."""
        low, high = poisson.lower([0, 1, 10], 1, 0.025), poisson.upper([0, 1, 10], 1, 0.025)
        np.testing.assert_allclose(low, [0.0, 0.0253, 4.7954], atol=5e-5)
        np.testing.assert_allclose(high, [3.6889, 5.5716, 18.3904], atol=5e-5)

    def test_no_exposure_bounds_nothing(self) -> None:
        assert float(poisson.lower(0, 0, 0.05)) == 0.0
        assert float(poisson.upper(0, 0, 0.05)) == np.inf

    @pytest.mark.parametrize("alpha", [0.05, 0.01, 0.0025])
    def test_the_false_pass_rate_keeps_alpha_at_every_rate(self, alpha: float) -> None:
        """By enumeration, at rates in between and exactly at the attainable bounds."""
        k, exposure = np.arange(600), 40.0
        low, high = poisson.lower(k, exposure, alpha), poisson.upper(k, exposure, alpha)
        rates = np.concatenate([np.geomspace(1e-3, 5, 200), low[1:100], high[:100]])
        chance = stats.poisson.pmf(k, rates[:, None] * exposure)
        above = (chance * (low >= rates[:, None])).sum(axis=1).max()
        below = (chance * (high <= rates[:, None])).sum(axis=1).max()
        assert above == pytest.approx(alpha) and above <= alpha * (1 + 1e-9)
        assert below == pytest.approx(alpha) and below <= alpha * (1 + 1e-9)

    @given(COUNTS, EXPOSURES, ALPHAS, st.floats(0.2, 5))
    def test_bound_and_p_value_never_disagree(
        self, events: int, exposure: float, alpha: float, ratio: float
    ) -> None:
        rate = ratio * (events + 1) / exposure
        above = float(poisson.p_above(events, exposure, rate))
        below = float(poisson.p_below(events, exposure, rate))
        assume(abs(above / alpha - 1) > 1e-9 and abs(below / alpha - 1) > 1e-9)
        assert (float(poisson.lower(events, exposure, alpha)) >= rate) == (above <= alpha)
        assert (float(poisson.upper(events, exposure, alpha)) <= rate) == (below <= alpha)

    @given(COUNTS, EXPOSURES, ALPHAS)
    def test_one_more_event_raises_both_bounds(
        self, events: int, exposure: float, alpha: float
    ) -> None:
        assert poisson.lower(events + 1, exposure, alpha) > poisson.lower(events, exposure, alpha)
        assert poisson.upper(events + 1, exposure, alpha) > poisson.upper(events, exposure, alpha)

    @given(st.integers(0, 300), st.floats(0, 400))
    def test_p_values_are_the_poisson_tails(self, events: int, mean: float) -> None:
        above = float(poisson.p_above(events, 1.0, mean))
        below = float(poisson.p_below(events, 1.0, mean))
        assert above == pytest.approx(
            float(stats.poisson.sf(events - 1, mean)), rel=1e-8, abs=1e-300
        )
        assert below == pytest.approx(float(stats.poisson.cdf(events, mean)), rel=1e-8, abs=1e-300)

    def test_a_rare_event_agrees_with_the_binomial(self) -> None:
        """0 events in a million miles and 0 of a million cases say nearly the same."""
        poisson_bound = float(poisson.upper(0, 1e6, 0.05))
        assert poisson_bound == pytest.approx(float(binomial.upper(0, 1e6, 0.05)), rel=1e-5)

    @pytest.mark.parametrize(
        ("events", "exposure", "message"),
        [(-1, 1, "events must be"), (1, -1, "exposure must be"), (1, 0, "without exposure")],
    )
    def test_misuse_is_an_error(self, events: float, exposure: float, message: str) -> None:
        for bound in (poisson.lower, poisson.upper):
            with pytest.raises(ValueError, match=message):
                bound(events, exposure, 0.05)


class TestDrivingToDemonstrate:
    """Exposures against the published mileages of Kalra & Paddock (RAND RR-1478)."""

    @pytest.mark.parametrize(
        ("human", "miles"), [(DEATHS, 2.748e8), (INJURIES, 3.89e6), (CRASHES, 1.577e6)]
    )
    def test_miles_without_an_event(self, human: float, miles: float) -> None:
        assert poisson.exposure_without_events(human, 0.95) == pytest.approx(miles, rel=5e-4)

    def test_miles_with_events(self) -> None:
        found = [poisson.exposure_with_events(1e-9, events, 0.95) for events in range(4)]
        np.testing.assert_allclose(found, [2.996e9, 4.744e9, 6.296e9, 7.754e9], rtol=2e-4)

    @pytest.mark.parametrize(
        ("human", "miles"), [(DEATHS, 1.291e10), (INJURIES, 1.828e8), (CRASHES, 7.406e7)]
    )
    def test_miles_to_show_a_fifth_better_than_human(self, human: float, miles: float) -> None:
        plan = poisson.exposure_needed(human, 0.8 * human, 0.05, 0.80)
        assert plan.events == 121
        assert plan.exposure == pytest.approx(miles, rel=5e-4)

    def test_the_normal_approximation_promises_too_much(self) -> None:
        """At the 1.134e10 miles of the approximation the exact power is .750, not .80."""
        miles = 1.134e10
        events = np.arange(400)
        passed = poisson.p_below(events, miles, DEATHS) <= 0.05
        power = float(stats.poisson.pmf(events, 0.8 * DEATHS * miles)[passed].sum())
        assert power == pytest.approx(0.750, abs=2e-3)

    @given(st.floats(1e-9, 1e3), st.floats(0, 1e3), st.floats(0.01, 0.9999))
    def test_the_exposure_is_enough_and_hardly_more(
        self, limit: float, events: float, confidence: float
    ) -> None:
        exposure = poisson.exposure_with_events(limit, int(events), confidence)
        assert float(poisson.p_below(int(events), exposure, limit)) <= 1 - confidence
        assert float(poisson.p_below(int(events), exposure * (1 - 1e-9), limit)) > 1 - confidence

    @pytest.mark.parametrize("limit", [0.0, -1.0, np.inf])
    def test_a_rate_of_zero_can_never_be_shown(self, limit: float) -> None:
        with pytest.raises(ValueError, match="limit must be finite and above 0"):
            poisson.exposure_without_events(limit, 0.95)


class TestExposureNeeded:
    """Smallest exposures with exact power."""

    @given(st.floats(0, 0.8), st.sampled_from([0.05, 0.005]), st.sampled_from([0.5, 0.8, 0.95]))
    def test_an_at_most_plan_keeps_alpha_and_reaches_power_with_no_fewer_events(
        self, ratio: float, alpha: float, power: float
    ) -> None:
        limit = 3e-4
        plan = poisson.exposure_needed(limit, ratio * limit, alpha, power)
        assert float(poisson.p_below(plan.events, plan.exposure, limit)) <= alpha
        assert stats.poisson.cdf(plan.events, ratio * limit * plan.exposure) >= power - 1e-9
        for fewer in range(plan.events):
            exposure = poisson.exposure_with_events(limit, fewer, 1 - alpha)
            assert stats.poisson.cdf(fewer, ratio * limit * exposure) < power

    @given(st.floats(1.3, 20), st.sampled_from([0.05, 0.005]), st.sampled_from([0.5, 0.8, 0.95]))
    def test_an_at_least_plan_keeps_alpha_and_reaches_power_with_no_less_exposure(
        self, ratio: float, alpha: float, power: float
    ) -> None:
        limit = 3e-4
        plan = poisson.exposure_needed(limit, ratio * limit, alpha, power)
        assert float(poisson.p_above(plan.events, plan.exposure, limit)) <= alpha * (1 + 1e-9)
        less = np.linspace(0.3, 0.999, 200) * plan.exposure
        counts = np.arange(plan.events + 1)
        passed = poisson.p_above(counts, less[:, None], limit) <= alpha
        needed = np.where(passed.any(axis=1), passed.argmax(axis=1), np.inf)
        assert np.all(stats.poisson.sf(needed - 1, ratio * limit * less) < power)
        assert stats.poisson.sf(plan.events - 1, ratio * limit * plan.exposure) >= power - 1e-9

    def test_a_product_without_events_needs_the_event_free_exposure(self) -> None:
        plan = poisson.exposure_needed(1e-9, 0.0, 0.05, 0.80)
        expected = poisson.exposure_without_events(1e-9, 0.95)
        assert plan.events == 0 and plan.exposure == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("limit", "truth", "message"),
        [(1e-9, 1e-9, "truth equals limit"), (0.0, 1e-9, "above 0"), (1.0, 0.9999, "too near")],
    )
    def test_what_no_exposure_can_show_is_an_error(
        self, limit: float, truth: float, message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            poisson.exposure_needed(limit, truth, 0.05, 0.8)
