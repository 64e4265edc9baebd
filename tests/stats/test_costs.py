"""A cost limit passes falsely at most alpha often, even when the dear mistakes are rare."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from roadworthy.stats import binomial, costs
from roadworthy.stats.costs import Group

ALPHA = 0.05
DEAR, CHEAP = 100.0, 1.0


def outcomes(n: int) -> list[tuple[int, int]]:
    return [(a, b) for a in range(n + 1) for b in range(n + 1 - a)]


class TestErrorControl:
    """Every outcome enumerated, so that no excess hides in noise."""

    def test_false_pass_and_false_fail_keep_alpha_over_a_grid_of_rates(self) -> None:
        n = 40
        counts = outcomes(n)
        groups = [[Group(count, (DEAR, CHEAP), n)] for count in counts]
        high = np.array([costs.upper(group, ALPHA) for group in groups])
        low = np.array([costs.lower(group, ALPHA) for group in groups])
        table = np.array([(a, b, n - a - b) for a, b in counts])
        for dear, cheap in itertools.product([0.0, 0.01, 0.05, 0.3], [0.02, 0.1, 0.5]):
            chance = stats.multinomial.pmf(table, n, [dear, cheap, 1 - dear - cheap])
            truth = DEAR * dear + CHEAP * cheap
            assert chance[high < truth - 1e-9].sum() <= ALPHA
            assert chance[low > truth + 1e-9].sum() <= ALPHA

    def test_it_keeps_alpha_at_a_declared_prevalence(self) -> None:
        sick, well, prevalence = 25, 30, 0.1
        misses, alarms = range(sick + 1), range(well + 1)
        high = np.array(
            [
                [
                    costs.upper(
                        costs.at_prevalence(
                            Group((miss,), (DEAR,), sick),
                            Group((alarm,), (CHEAP,), well),
                            prevalence,
                        ),
                        ALPHA,
                    )
                    for alarm in alarms
                ]
                for miss in misses
            ]
        )
        for miss, alarm in itertools.product([0.01, 0.05, 0.11, 0.2, 0.5], repeat=2):
            chance = np.outer(
                stats.binom.pmf(misses, sick, miss), stats.binom.pmf(alarms, well, alarm)
            )
            truth = prevalence * miss * DEAR + (1 - prevalence) * alarm * CHEAP
            assert chance[high < truth - 1e-9].sum() <= ALPHA

    def test_a_percentile_bootstrap_does_not(self) -> None:
        """Prevalence .006, 1,000 cases, one cancer in ten missed: half the studies see no miss."""
        rng = np.random.default_rng(1)
        n, rates = 1000, np.array([0.0006, 0.05, 0.9494])
        unit = np.array([20_000.0, 400.0, 0.0])
        truth = float(rates @ unit)
        false_pass = {"bootstrap": 0, "exact": 0}
        for seen in rng.multinomial(n, rates, 400):
            resampled = rng.multinomial(n, seen / n, 400) @ unit / n
            false_pass["bootstrap"] += float(np.quantile(resampled, 1 - ALPHA)) < truth
            group = Group((int(seen[0]), int(seen[1])), (20_000.0, 400.0), n)
            false_pass["exact"] += costs.upper([group], ALPHA) < truth
        assert false_pass["bootstrap"] / 400 > 0.4
        assert false_pass["exact"] / 400 <= ALPHA


class TestBounds:
    """One kind is a rate; several share alpha; bound and test agree."""

    @given(st.integers(0, 50), st.floats(0.1, 1e5))
    def test_one_kind_of_cost_is_a_rate_times_its_cost(self, count: int, cost: float) -> None:
        group = Group((count, 50 - count), (cost, 0.0), 50)
        assert costs.upper([group], ALPHA) == pytest.approx(
            cost * float(binomial.upper(count, 50, ALPHA))
        )
        assert costs.lower([group], ALPHA) == pytest.approx(
            cost * float(binomial.lower(count, 50, ALPHA))
        )

    def test_several_kinds_share_alpha(self) -> None:
        group = Group((1, 4, 0), (DEAR, CHEAP, 0.0), 60)
        high, low = (bound([1, 4], 60, ALPHA / 2) for bound in (binomial.upper, binomial.lower))
        assert costs.upper([group], ALPHA) == pytest.approx(float(high @ [DEAR, CHEAP]))
        assert costs.lower([group], ALPHA) == pytest.approx(float(low @ [DEAR, CHEAP]))

    def test_kinds_that_cost_the_same_are_counted_together(self) -> None:
        apart = Group((2, 3), (5.0, 5.0), 60)
        assert costs.upper([apart], ALPHA) == costs.upper([Group((5,), (5.0,), 60)], ALPHA)

    def test_a_case_cannot_be_of_two_kinds(self) -> None:
        """With few cases each bound nears 1, yet no cohort costs more than its dearest case."""
        assert costs.upper([Group((0, 0), (10.0, 8.0), 1)], ALPHA) <= 10.0

    def test_without_cases_nothing_better_than_the_worst_is_known(self) -> None:
        nothing = [Group((0, 0), (10.0, 8.0), 0)]
        assert costs.upper(nothing, ALPHA) == 10.0
        assert costs.lower(nothing, ALPHA) == 0.0
        with pytest.raises(ValueError, match="no cases"):
            costs.estimate(nothing)

    @settings(deadline=None, max_examples=60)
    @given(
        st.tuples(st.integers(0, 15), st.integers(0, 15)), st.floats(0.5, 40.0), st.floats(0.05, 1)
    )
    def test_a_limit_is_shown_exactly_when_the_bound_meets_it(
        self, counts: tuple[int, int], limit: float, weight: float
    ) -> None:
        groups = [Group(counts, (DEAR, CHEAP), 45.5, weight), Group((1,), (2.0,), 20, 1 - weight)]
        high, low = costs.upper(groups, ALPHA), costs.lower(groups, ALPHA)
        assert low <= costs.estimate(groups) <= high
        if abs(high - limit) > 1e-5:
            assert (costs.p_below(groups, limit) <= ALPHA) == (high < limit)
        if abs(low - limit) > 1e-5:
            assert (costs.p_above(groups, limit) <= ALPHA) == (low > limit)

    def test_one_more_mistake_never_lowers_the_upper_bound(self) -> None:
        bounds = [costs.upper([Group((k, 9), (DEAR, CHEAP), 40)], ALPHA) for k in range(30)]
        assert np.all(np.diff(bounds) > 0)


class TestMisuse:
    """What does not add up is refused by name."""

    def test_counts_costs_and_weights_must_fit(self) -> None:
        with pytest.raises(ValueError, match="pair them"):
            Group((1, 2), (1.0,), 10)
        with pytest.raises(ValueError, match="not negative"):
            Group((1,), (-1.0,), 10)
        with pytest.raises(ValueError, match="do not fit"):
            Group((6, 6), (1.0, 2.0), 10)
        with pytest.raises(ValueError, match="share"):
            Group((1,), (1.0,), 10, weight=2.0)
        with pytest.raises(ValueError, match="prevalence"):
            costs.at_prevalence(Group((1,), (1.0,), 10), Group((1,), (1.0,), 10), 6.0)
        with pytest.raises(ValueError, match="alpha"):
            costs.upper([Group((1,), (1.0,), 10)], 0.0)
