"""The cheapest cut is the cheapest of all cuts, and prices move it only the way they should."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.stats.cost_thresholds import (
    Cut,
    by_ratio,
    cheapest_band,
    cheapest_threshold,
    most_candidates,
)

# tenths, so that scores are tied, and whole prices, so that sums are exact
CASES = st.lists(
    st.tuples(
        st.integers(0, 10), st.booleans(), st.integers(0, 9), st.integers(0, 9), st.integers(0, 4)
    ),
    min_size=1,
    max_size=12,
)
PRICES = st.integers(0, 30)


def losses(cases: list[Any]) -> tuple[Any, ...]:
    """Score, cost when cleared, when flagged, when referred, with what right calls earn."""
    score, ill, wrong, earned, refer = (np.array(column) for column in zip(*cases, strict=True))
    return score / 10.0, np.where(ill, wrong, -earned), np.where(ill, -earned, wrong), refer


def of(score: Any, low: float, high: float, clear: Any, flag: Any, refer: Any) -> float:
    return float(np.where(score < low, clear, np.where(score >= high, flag, refer)).mean())


class TestCheapest:
    """Exactly the least, whatever the ties: checked against all cuts, one by one."""

    @given(CASES)
    def test_no_threshold_is_cheaper(self, cases: list[Any]) -> None:
        score, clear, flag, _ = losses(cases)
        found = cheapest_threshold(score, clear, flag)
        places = sorted({*score, 1.0})
        every = {t: of(score, t, t, clear, flag, 0.0) for t in places}
        assert found.cost == pytest.approx(min(every.values()))
        assert found.cost == pytest.approx(every[found.threshold])
        assert found.candidates == len(places) <= most_candidates(len(cases), band=False)
        # of the cheapest ones it is the one that misses least
        assert not [t for t in places if t < found.threshold and every[t] == min(every.values())]

    @given(CASES)
    def test_no_band_is_cheaper(self, cases: list[Any]) -> None:
        score, clear, flag, refer = losses(cases)
        found = cheapest_band(score, clear, flag, refer)
        pairs = list(combinations_with_replacement(sorted({*score, 1.0}), 2))
        every = {pair: of(score, *pair, clear, flag, refer) for pair in pairs}
        low, high = found.refer_between or (found.threshold, found.threshold)
        assert found.cost == pytest.approx(min(every.values()))
        assert found.cost == pytest.approx(of(score, low, high, clear, flag, refer))
        assert found.candidates == len(pairs) <= most_candidates(len(cases), band=True)

    def test_a_million_cases_are_sorted_once(self) -> None:
        rng = np.random.default_rng(1)
        score = rng.random(200_000)
        ill = rng.random(200_000) < score
        found = cheapest_band(score, 10.0 * ill, 1.0 * ~ill, np.full(200_000, 0.2))
        assert found.refer_between is not None
        assert found.refer_between == pytest.approx((0.02, 0.8), abs=0.03)

    def test_what_makes_no_sense_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no cases"):
            cheapest_threshold([], [], [])
        with pytest.raises(ValueError, match="shape"):
            cheapest_threshold([0.1], [1.0, 2.0], [1.0])
        with pytest.raises(ValueError, match="from 0 to 1"):
            cheapest_threshold([float("nan")], [1.0], [1.0])
        with pytest.raises(ValueError, match="finite"):
            cheapest_threshold([0.5], [float("inf")], [1.0])
        with pytest.raises(ValueError, match="finite"):
            cheapest_band([0.5], [1.0], [1.0], [float("nan")])


class TestPrices:
    """What prices may do to a decision."""

    @given(CASES, PRICES, st.integers(1, 20), st.integers(1, 20), st.integers(1, 6))
    def test_a_dearer_miss_never_lowers_the_number_flagged_or_referred(
        self, cases: list[Any], miss: int, more: int, alarm: int, refer: int
    ) -> None:
        score, ill = losses(cases)[0], np.array([case[1] for case in cases])

        def cuts(price: int) -> tuple[Cut, Cut]:
            clear, flag = 1.0 * price * ill, 1.0 * alarm * ~ill
            paid = np.full(len(score), float(refer))
            return cheapest_threshold(score, clear, flag), cheapest_band(score, clear, flag, paid)

        for before, after in zip(cuts(miss), cuts(miss + more), strict=True):
            first = (before.refer_between or (before.threshold,))[0]
            then = (after.refer_between or (after.threshold,))[0]
            assert then <= first
            assert after.threshold <= before.threshold

    @given(CASES, st.integers(-8, 8))
    def test_another_unit_changes_the_scale_and_nothing_else(
        self, cases: list[Any], power: int
    ) -> None:
        score, clear, flag, refer = losses(cases)
        unit = 2.0**power
        for one, other in (
            (
                cheapest_threshold(score, clear, flag),
                cheapest_threshold(score, unit * clear, unit * flag),
            ),
            (
                cheapest_band(score, clear, flag, refer),
                cheapest_band(score, unit * clear, unit * flag, unit * refer),
            ),
        ):
            assert (one.threshold, one.refer_between) == (other.threshold, other.refer_between)
            assert other.cost == pytest.approx(unit * one.cost)

    def test_prices_in_tenths_are_as_good_as_whole_ones(self) -> None:
        """.1 + .2 is not .3, and equal costs must stay equal."""
        rng = np.random.default_rng(3)
        score, ill = rng.integers(0, 60, 400) / 60, rng.random(400) < 0.4
        whole = cheapest_threshold(score, 3.0 * ill, 1.0 * ~ill)
        tenths = cheapest_threshold(score, 0.3 * ill, 0.1 * ~ill)
        assert whole.threshold == tenths.threshold

    @settings(deadline=None, max_examples=25)
    @given(st.integers(1, 30), st.integers(1, 10), st.integers(0, 5), st.integers(0, 5))
    def test_the_rule_is_what_trying_all_finds_where_scores_are_chances(
        self, miss: int, alarm: int, found: int, cleared: int
    ) -> None:
        """Each score stands for a crowd of which just that share is positive: no luck is in it."""
        chance = np.linspace(0.0005, 0.9995, 1000)
        refer = 0.3 * min(miss, alarm)
        clear = chance * miss - (1 - chance) * cleared
        flag = (1 - chance) * alarm - chance * found
        threshold, _ = by_ratio(miss, alarm, found, cleared)
        assert cheapest_threshold(chance, clear, flag).threshold == pytest.approx(
            threshold, abs=2e-3
        )
        rule = by_ratio(miss, alarm, found, cleared, refer)
        tried = cheapest_band(chance, clear, flag, np.full(1000, refer))
        assert tried.threshold == pytest.approx(rule[0], abs=2e-3)
        assert (tried.refer_between or (0, 0)) == pytest.approx(rule[1] or (0, 0), abs=2e-3)

    def test_the_rule_is_near_what_a_large_calibrated_sample_finds(self) -> None:
        rng = np.random.default_rng(7)
        score = rng.beta(0.8, 2.0, 300_000)
        ill = rng.random(300_000) < score
        found = cheapest_threshold(score, 5.0 * ill, 1.0 * ~ill)
        assert found.threshold == pytest.approx(by_ratio(5.0, 1.0)[0], abs=0.02)


class TestByRatio:
    """Elkan's and Chow's rules, with their corners."""

    def test_elkan_and_chow_say_what_they_say(self) -> None:
        assert by_ratio(5.0, 1.0) == (1 / 6, None)
        assert by_ratio(10.0, 1.0, refer=0.2) == (0.8, (0.02, 0.8))

    def test_a_person_who_is_too_dear_is_never_asked(self) -> None:
        assert by_ratio(10.0, 1.0, refer=1.0) == by_ratio(10.0, 1.0)
        threshold, band = by_ratio(10.0, 1.0, refer=0.90)
        assert band is not None and band[0] < by_ratio(10.0, 1.0)[0]
        assert by_ratio(10.0, 1.0, refer=0.92)[1] is None
        assert threshold == band[1]

    def test_gains_are_stakes_too(self) -> None:
        assert by_ratio(3.0, 0.0, found=2.0, cleared=1.0)[0] == pytest.approx(1 / 6)
        assert by_ratio(0.0, 1.0)[0] == 1.0
        assert by_ratio(1.0, 0.0)[0] == 0.0

    def test_prices_that_decide_nothing_are_refused(self) -> None:
        with pytest.raises(ValueError, match="no threshold is best"):
            by_ratio(0.0, 0.0)
        with pytest.raises(ValueError, match="not negative"):
            by_ratio(-1.0, 1.0)
        with pytest.raises(ValueError, match="finite"):
            by_ratio(float("inf"), 1.0)


class TestEveryCaseItsOwn:
    """What docs/costs.md says of prices that differ: a score of stakes, cut at one half."""

    @given(
        st.integers(0, 1000).map(lambda tenths: tenths / 1000),
        st.integers(1, 30_000),
        st.integers(1, 30_000),
    )
    def test_the_stake_reaches_a_half_where_the_case_should_be_flagged(
        self, p: float, miss: int, alarm: int
    ) -> None:
        stake = p * miss / (p * miss + (1 - p) * alarm)
        if abs(p * miss - (1 - p) * alarm) > 1e-9 * (miss + alarm):
            assert (stake >= 0.5) == (p >= by_ratio(miss, alarm)[0])

    def test_it_costs_less_than_the_best_threshold_for_all(self) -> None:
        rng = np.random.default_rng(5)
        p, miss = rng.random(20_000), rng.choice([200.0, 20_000.0], 20_000)
        ill = rng.random(20_000) < p
        clear, flag = np.where(ill, miss, 0.0), np.where(ill, 0.0, 400.0)
        stake = p * miss / (p * miss + (1 - p) * 400.0)
        own = of(stake, 0.5, 0.5, clear, flag, 0.0)
        assert own < 0.9 * cheapest_threshold(p, clear, flag).cost
