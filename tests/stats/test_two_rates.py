"""A drop between two sets is claimed falsely at most alpha often, whatever the rates are."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from roadworthy.stats import two_rates
from roadworthy.stats.two_rates import TwoRates

SIZES = [(8, 12), (20, 15), (30, 30)]
DELTAS = [-0.10, 0.0, 0.02, 0.20]


def p_table(n: int, m: int, delta: float) -> np.ndarray:
    found = np.empty((n + 1, m + 1))
    for x in range(n + 1):
        for y in range(m + 1):
            found[x, y] = two_rates.p_above(TwoRates(x, n, y, m), delta)
    return found


class TestErrorControl:
    """Exact enumeration: no simulation noise hides an excess."""

    @pytest.mark.parametrize("delta", DELTAS)
    @pytest.mark.parametrize(("n", "m"), SIZES[:2])
    def test_a_drop_is_claimed_at_most_alpha_often(self, n: int, m: int, delta: float) -> None:
        p = p_table(n, m, delta)
        fresh = np.linspace(max(0.0, -delta), min(1.0, 1.0 - delta), 101)
        for within in (0.0, 0.05):
            old = np.clip(fresh + delta - within, 0.0, 1.0)
            beside = stats.binom.pmf(np.arange(n + 1)[:, None], n, old)
            chance = stats.binom.pmf(np.arange(m + 1)[:, None], m, fresh)
            for alpha in (0.01, 0.05, 0.10):
                claimed = np.einsum("xk,xy,yk->k", beside, p <= alpha, chance)
                assert claimed.max() <= alpha + 1e-12

    def test_it_is_not_idle(self) -> None:
        p = p_table(20, 20, 0.0)
        beside = stats.binom.pmf(np.arange(21), 20, 0.5)
        assert 0.03 <= beside @ (p <= 0.05) @ beside <= 0.05


class TestOrder:
    """Better on the old set, or worse on the fresh one, is never less of a drop."""

    @pytest.mark.parametrize("delta", DELTAS)
    @pytest.mark.parametrize(("n", "m"), SIZES)
    def test_the_score_grows_with_old_hits_and_falls_with_fresh_ones(
        self, n: int, m: int, delta: float
    ) -> None:
        old, fresh = np.meshgrid(np.arange(n + 1), np.arange(m + 1), indexing="ij")
        score = two_rates.score_z(old, n, fresh, m, delta)
        assert (score[1:] >= score[:-1] - 1e-9).all()
        assert (score[:, :-1] >= score[:, 1:] - 1e-9).all()

    @given(
        n=st.integers(1, 60),
        m=st.integers(1, 60),
        delta=st.floats(-0.5, 0.5),
        data=st.data(),
    )
    def test_exchanging_hits_for_misses_changes_nothing(
        self, n: int, m: int, delta: float, data: st.DataObject
    ) -> None:
        x, y = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
        one = two_rates.p_above(TwoRates(x, n, y, m), delta)
        other = two_rates.p_above(TwoRates(m - y, m, n - x, n), delta)
        assert one == pytest.approx(other, abs=3e-3)

    @given(x=st.integers(0, 39), y=st.integers(0, 40))
    def test_one_more_old_hit_never_raises_the_p_value(self, x: int, y: int) -> None:
        less = two_rates.p_above(TwoRates(x, 40, y, 40), 0.05)
        assert two_rates.p_above(TwoRates(x + 1, 40, y, 40), 0.05) <= less * 1.002 + 1e-9


class TestAgainstOthers:
    """Published numbers, other programs, and brute force."""

    # Newcombe 1998, table II, method 10 (95 %)
    @pytest.mark.parametrize(
        ("counts", "low", "high"),
        [
            ((56, 70, 48, 80), 0.0524, 0.3339),
            ((9, 10, 3, 10), 0.1705, 0.8090),
            ((6, 7, 2, 7), 0.0582, 0.8062),
            ((5, 56, 0, 29), -0.0381, 0.1926),
            ((0, 10, 0, 20), -0.1611, 0.2775),
            ((10, 10, 0, 20), 0.6791, 1.0),
            ((10, 10, 0, 10), 0.6075, 1.0),
        ],
    )
    def test_newcombe(self, counts: tuple[int, int, int, int], low: float, high: float) -> None:
        x, n, y, m = counts
        found = two_rates.newcombe(x / n, n, y / m, m, 0.025)
        assert found == pytest.approx((low, high), abs=5e-5)

    @pytest.mark.parametrize("delta", [-0.15, 0.03, 0.25])
    @pytest.mark.parametrize("counts", [(7, 20, 3, 15), (0, 20, 4, 15), (20, 20, 15, 15)])
    def test_the_restricted_rates_are_the_likeliest(
        self, counts: tuple[int, int, int, int], delta: float
    ) -> None:
        x, n, y, m = counts

        def unlikely(q: float) -> float:
            p = np.clip(q + delta, 1e-12, 1 - 1e-12)
            q = np.clip(q, 1e-12, 1 - 1e-12)
            return -float(stats.binom.logpmf(x, n, p) + stats.binom.logpmf(y, m, q))

        ends = (max(0.0, -delta), min(1.0, 1.0 - delta))
        best = optimize.minimize_scalar(
            unlikely, bounds=ends, method="bounded", options={"xatol": 1e-10}
        ).x
        p, q = best + delta, best
        error = np.sqrt(p * (1 - p) / n + q * (1 - q) / m)
        expected = (x / n - y / m - delta) / error
        assert float(two_rates.score_z(x, n, y, m, delta)) == pytest.approx(expected, abs=2e-3)

    def test_without_a_margin_it_is_near_boschloo_and_barnard(self) -> None:
        table = [[45, 30], [5, 20]]
        barnard = stats.barnard_exact(table, alternative="greater", pooled=True).pvalue
        ours = two_rates.p_above(TwoRates(45, 50, 30, 50), 0.0)
        assert ours == pytest.approx(barnard, rel=0.05)

    def test_large_sets_agree_with_the_normal_approximation(self) -> None:
        counts = TwoRates(9000, 10_000, 8700, 10_000)
        z = float(two_rates.score_z(9000, 10_000, 8700, 10_000, 0.02))
        normal = 1.0 - NormalDist().cdf(z)
        assert two_rates.p_above(counts, 0.02) == pytest.approx(normal, rel=0.01)


class TestEnds:
    """Where nothing is known, nothing is shown."""

    def test_no_cases_show_nothing(self) -> None:
        assert two_rates.p_above(TwoRates(0, 0, 3, 9), 0.0) == 1.0
        assert two_rates.p_below(TwoRates(5, 9, 0, 0), 0.0) == 1.0

    def test_the_largest_drop_cannot_be_exceeded(self) -> None:
        assert two_rates.p_above(TwoRates(9, 9, 0, 9), 1.0) == 1.0

    @pytest.mark.parametrize("delta", [-1.1, 2.0, float("nan")])
    def test_a_margin_beyond_one_is_refused(self, delta: float) -> None:
        with pytest.raises(ValueError, match="delta"):
            two_rates.p_above(TwoRates(1, 2, 1, 2), delta)

    def test_counts_must_fit(self) -> None:
        with pytest.raises(ValueError, match="hits"):
            TwoRates(3, 2, 1, 2)
