"""Evidence must point the way the limit binds: p-values, bounds and the limit itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.requirement import Limit, Side
from roadworthy.stats import binomial, dependence, means, paired, sequential
from roadworthy.stats.evidence import (
    always_met,
    average,
    certain,
    effective,
    from_bounds,
    gain,
    planned,
    ranking,
    rate,
    weighed_average,
)
from roadworthy.stats.gathered import Average, ByUnit, Pairing, Ranks, Tally

ALPHA = 0.05
ONCE, ALWAYS = Regime(ALPHA), Regime(ALPHA, anytime=True)
AT_LEAST, AT_MOST = Limit(Side.AT_LEAST, 0.9), Limit(Side.AT_MOST, 0.1)


def sure(found: Evidence) -> Measured:
    assert isinstance(found, Measured), found
    return found


def reason(found: Evidence) -> str:
    assert isinstance(found, NotMeasured), found
    return found.reason


def units(hits: list[int], cases: list[int]) -> ByUnit:
    return ByUnit(np.array(hits, dtype=float), np.array(cases, dtype=float))


def values(*seen: float) -> Average:
    sums = np.array(seen)
    return Average(ByUnit(sums, np.ones(len(seen))), len(seen), min(seen), max(seen), sums.std())


NOTHING = Average(ByUnit(np.empty(0), np.empty(0)), 0, None, None, 0.0)


class TestRate:
    """A share of cases."""

    @given(k=st.integers(0, 200), n=st.integers(1, 200), at=st.floats(0.01, 0.99))
    def test_pass_is_what_the_bound_says(self, k: int, n: int, at: float) -> None:
        for limit in (Limit(Side.AT_LEAST, at), Limit(Side.AT_MOST, at)):
            found = sure(rate(Tally(min(k, n), n), limit, ONCE, "cases"))
            worse = found.low if limit.wants_high else found.high
            assert worse is not None
            if abs(worse - at) > 1e-9:
                assert (found.p_pass <= ALPHA) == limit.met_by(worse)

    @given(k=st.integers(0, 60), n=st.integers(1, 60), at=st.floats(0.01, 0.99))
    def test_at_most_is_at_least_of_the_others(self, k: int, n: int, at: float) -> None:
        k = min(k, n)
        up = sure(rate(Tally(k, n), Limit(Side.AT_LEAST, at), ONCE, "cases"))
        down = sure(rate(Tally(n - k, n), Limit(Side.AT_MOST, 1.0 - at), ONCE, "cases"))
        assert up.p_pass == pytest.approx(down.p_pass, abs=1e-9)
        assert up.p_fail == pytest.approx(down.p_fail, abs=1e-9)

    def test_dependent_cases_have_the_published_effective_size(self) -> None:
        hits, cases = [2] * 95 + [0] * 5, [2] * 100
        tally = Tally(190, 200, units(hits, cases))
        one = dependence.effective_sample(hits, cases, ALPHA)
        found = sure(rate(tally, AT_LEAST, ONCE, "cases"))
        assert found.low == pytest.approx(float(binomial.lower(one.k, one.n, ALPHA)))
        assert (found.n, found.estimate) == (200, 0.95)
        assert effective(tally, ALPHA) == (one.k, one.n)

    def test_few_dependent_units_and_no_case_are_not_measured(self) -> None:
        assert "no cases" in reason(rate(Tally(0, 0), AT_LEAST, ONCE, "cases"))
        few = Tally(40, 40, units([2] * 20, [2] * 20))
        assert "20 units" in reason(rate(few, AT_LEAST, ONCE, "cases"))
        assert isinstance(effective(few, ALPHA), NotMeasured)

    def test_at_every_look_it_is_the_mixture_bound(self) -> None:
        found = sure(rate(Tally(190, 200), AT_LEAST, ALWAYS, "cases"))
        assert found.low == pytest.approx(float(sequential.mixture_lower(190, 200, ALPHA)))
        once = sure(rate(Tally(190, 200), AT_LEAST, ONCE, "cases"))
        assert (found.low or 0.0) < (once.low or 0.0)


class TestAverage:
    """A mean of values between declared ends."""

    def test_it_is_the_betting_bound_on_either_side(self) -> None:
        losses = np.random.default_rng(1).beta(1, 9, 200)
        found = sure(average(values(*losses), AT_MOST, ONCE, "cases", 0.0, 1.0))
        one = np.ones(200)
        assert found.high == pytest.approx(means.upper(losses, one, ALPHA, 0.0, 1.0))
        assert found.low == pytest.approx(means.lower(losses, one, ALPHA, 0.0, 1.0))
        assert found.p_pass == pytest.approx(means.p_below(losses, one, 0.1, 0.0, 1.0))
        assert found.p_fail == pytest.approx(means.p_above(losses, one, 0.1, 0.0, 1.0))

    def test_nothing_and_values_beyond_the_ends_are_not_measured(self) -> None:
        assert "no cases" in reason(average(NOTHING, AT_MOST, ONCE, "cases", 0.0, 1.0))
        told = reason(average(values(0.5, 1.5), AT_MOST, ONCE, "cases", 0.0, 1.0))
        assert "1.5 lies outside the declared 0 to 1" in told
        assert "-1 lies" in reason(average(values(-1.0, 0.5), AT_MOST, ONCE, "cases", 0.0, 1.0))

    def test_at_every_look_it_would_need_the_order_of_arrival(self) -> None:
        """Betting in an order drawn anew at each look passes failing means in .1 to .25."""
        assert "arrival" in reason(average(values(0.1, 0.2), AT_MOST, ALWAYS, "cases", 0.0, 1.0))
        alike = Tally(190, 200, units([2] * 95 + [0] * 5, [2] * 100))
        assert "arrival" in reason(rate(alike, AT_LEAST, ALWAYS, "cases"))

    def test_a_weighed_one_shares_alpha_among_the_classes(self) -> None:
        rng = np.random.default_rng(2)
        low, high = rng.beta(1, 9, 100), rng.beta(2, 8, 100)
        both, weights = {"a": values(*low), "b": values(*high)}, {"a": 0.9, "b": 0.1}
        found = sure(weighed_average(both, weights, Limit(Side.AT_MOST, 0.3), ONCE, 0.0, 1.0))
        one = np.ones(100)
        ends = [means.upper(x, one, ALPHA / 2, 0.0, 1.0) for x in (low, high)]
        assert found.high == pytest.approx(0.9 * ends[0] + 0.1 * ends[1])
        assert found.estimate == pytest.approx(0.9 * low.mean() + 0.1 * high.mean())
        empty = {"a": values(0.1), "b": NOTHING}
        assert "no b" in reason(weighed_average(empty, weights, AT_MOST, ONCE, 0.0, 1.0))


class TestGain:
    """One side against the other on the same cases."""

    def pairing(self, gained: int, lost: int, n: int) -> Pairing:
        gains = np.repeat([1.0, -1.0, 0.0], [gained, lost, n - gained - lost])
        return Pairing(paired.PairedCounts(gained, lost, n), ByUnit(gains, np.ones(n)))

    def test_a_drop_is_a_negative_gain(self) -> None:
        limit = Limit(Side.MAX_DROP, 0.05, against="reader")
        found = sure(gain(self.pairing(2, 2, 100), limit, ONCE, "cases"))
        assert found.p_pass == paired.p_above(paired.PairedCounts(2, 2, 100), -0.05)
        assert found.estimate == 0.0

    def test_a_dip_of_the_p_value_is_no_pass_below_the_bound(self) -> None:
        """27 gained, 13 lost of 140: p is .045 at .0215 and .057 at the easier .0190."""
        counts = paired.PairedCounts(27, 13, 140)
        assert paired.p_above(counts, 0.0215) < ALPHA < paired.p_above(counts, 0.0190)
        limit = Limit(Side.MIN_GAIN, 0.0215, against="reader")
        found = sure(gain(self.pairing(27, 13, 140), limit, ONCE, "cases"))
        assert found.low is not None and found.low < 0.0215
        assert found.p_pass > ALPHA

    def test_dependent_pairs_are_bet_on_by_unit(self) -> None:
        limit = Limit(Side.MAX_DROP, 0.5, against="reader")
        alike = Pairing(paired.PairedCounts(20, 0, 200), units([2] * 10 + [0] * 90, [2] * 100))
        found = sure(gain(alike, limit, ONCE, "cases"))
        assert "betting" in found.method
        assert found.estimate == pytest.approx(0.1)

    def test_without_a_pair_there_is_no_gain(self) -> None:
        limit = Limit(Side.MAX_DROP, 0.5, against="reader")
        assert "no cases" in reason(gain(self.pairing(0, 0, 0), limit, ONCE, "cases"))


class TestRanking:
    """An AUC."""

    def ranks(self, auc: float, error: float = 0.0) -> Ranks:
        return Ranks(auc, error, 100, 100, 100.0, 100.0, 100, 100, False)

    def test_the_error_of_a_histogram_widens_both_sides(self) -> None:
        exact = sure(ranking(self.ranks(0.95), AT_LEAST, ONCE))
        rough = sure(ranking(self.ranks(0.95, 0.01), AT_LEAST, ONCE))
        assert exact.low is not None and rough.low is not None and rough.low < exact.low
        assert exact.high is not None and rough.high is not None and rough.high > exact.high
        assert rough.p_pass > exact.p_pass and rough.p_fail > exact.p_fail


class TestFromBounds:
    """Bounds that are known as functions of alpha."""

    def at(self, limit: Limit, low: float, high: float) -> Measured:
        """Bounds that do not move, as at the end of what is possible."""
        return from_bounds(
            limit, ONCE, lambda a: low, lambda a: high, estimate=low, n=9, of="x", method="y"
        )

    def test_a_bound_that_touches_the_limit_passes_and_never_fails(self) -> None:
        for side in (Side.AT_LEAST, Side.AT_MOST):
            found = self.at(Limit(side, 1.0), 1.0, 1.0)
            assert found.p_pass <= ALPHA
            assert found.p_fail == 1.0

    def test_a_faultless_sample_is_no_evidence_against_the_best_limit(self) -> None:
        assert self.at(Limit(Side.AT_LEAST, 1.0), 0.9, 1.0).p_fail == 1.0
        assert self.at(Limit(Side.AT_MOST, 0.0), 0.0, 0.1).p_fail == 1.0

    @given(at=st.floats(0.05, 0.95), k=st.integers(0, 50))
    def test_its_p_values_are_those_of_the_test_behind_the_bound(self, at: float, k: int) -> None:
        found = from_bounds(
            Limit(Side.AT_LEAST, at),
            ONCE,
            lambda a: float(binomial.lower(k, 50, a)),
            lambda a: float(binomial.upper(k, 50, a)),
            estimate=k / 50,
            n=50,
            of="cases",
            method="binomial",
        )
        above, below = binomial.p_above(k, 50, at), binomial.p_below(k, 50, at)
        assert found.p_pass == pytest.approx(max(float(above), 1e-12), rel=1e-6)
        assert found.p_fail == pytest.approx(max(float(below), 1e-12), rel=1e-6)


def test_what_was_counted_is_certain() -> None:
    for value, p in ((0.1, 0.0), (0.2, 1.0)):
        found = certain(AT_MOST, value, n=1, of="files", method="counted")
        assert (found.p_pass, found.p_fail) == (p, 1.0 - p)


def test_a_plan_that_cannot_be_made_is_none() -> None:
    assert planned(lambda: binomial.sample_size(0.9, 0.95, ALPHA, 0.8).safe) == 203
    assert planned(lambda: binomial.sample_size(0.9, 0.9 + 1e-9, ALPHA, 0.8).safe) is None


def test_only_a_limit_at_the_easy_end_is_always_met() -> None:
    assert always_met(Limit(Side.AT_LEAST, 0.0), 0.0, 1.0)
    assert always_met(Limit(Side.AT_MOST, 1.0), 0.0, 1.0)
    assert not always_met(Limit(Side.AT_LEAST, 1.0), 0.0, 1.0)
    assert not always_met(Limit(Side.AT_MOST, 0.0), 0.0, 1.0)
