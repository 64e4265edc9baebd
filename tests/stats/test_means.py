"""Bounds on a mean hold for any shape of bounded values, dependent cases and repeated looks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from roadworthy.stats import means

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]
ALPHA = 0.05


def bernoulli(rate: float) -> Draw:
    return lambda rng, n: (rng.random(n) < rate).astype(np.float64)


def beta(a: float, b: float) -> Draw:
    return lambda rng, n: rng.beta(a, b, n)


def spiked(rng: np.random.Generator, n: int) -> Floats:
    """Mostly a small cost, rarely the largest: mean 0.01 * 0.998 + 0.002."""
    return np.where(rng.random(n) < 0.002, 1.0, 0.01)


CASES = [
    pytest.param(bernoulli(0.006), 0.006, 1000, id="rate .006"),
    pytest.param(bernoulli(0.1), 0.1, 200, id="rate .1"),
    pytest.param(bernoulli(0.5), 0.5, 100, id="rate .5"),
    pytest.param(beta(2, 5), 2 / 7, 150, id="beta(2, 5)"),
    pytest.param(beta(0.1, 0.4), 0.2, 150, id="U-shaped beta"),
    pytest.param(spiked, 0.01 * 0.998 + 0.002, 1000, id="rare large cost"),
]


def share_shown(
    draw: Draw, limit: float, n: int, *, above: bool, anytime: bool = False, seed: int = 1
) -> float:
    rng = np.random.default_rng(seed)
    test = means.p_above if above else means.p_below
    size = np.ones(n)
    shown = [
        test(draw(rng, n), size, limit, 0.0, 1.0, anytime=anytime) <= ALPHA for _ in range(1000)
    ]
    return float(np.mean(shown))


class TestErrorControl:
    """At the limit itself, nothing may be shown more often than alpha."""

    # 1,000 studies: an error rate of .05 stays below .072 with probability .999.
    CEILING = 0.072

    @pytest.mark.parametrize(("draw", "mean", "n"), CASES)
    @pytest.mark.parametrize("above", [True, False])
    def test_a_single_look_keeps_alpha(self, draw: Draw, mean: float, n: int, above: bool) -> None:
        assert share_shown(draw, mean, n, above=above) <= self.CEILING

    @pytest.mark.parametrize(("draw", "mean", "n"), CASES)
    @pytest.mark.parametrize("above", [True, False])
    def test_a_look_after_every_unit_keeps_alpha(
        self, draw: Draw, mean: float, n: int, above: bool
    ) -> None:
        assert share_shown(draw, mean, n, above=above, anytime=True) <= self.CEILING

    def test_the_bootstrap_does_not_where_costs_are_rare_and_large(self) -> None:
        """Half the studies see no event; every resample then costs nothing, and 0 passes."""
        rng = np.random.default_rng(2)
        rate, n = 0.0007, 1000
        events = rng.binomial(n, rate, 2000)
        # Resampled event counts are binomial: the percentile bound is exact, not simulated.
        bound = stats.binom.ppf(1 - ALPHA, n, events / n) / n
        assert np.mean(bound < rate) > 0.45
        assert share_shown(bernoulli(rate), rate, n, above=False) <= self.CEILING

    @pytest.mark.parametrize("above", [True, False])
    @pytest.mark.parametrize("anytime", [True, False])
    def test_dependent_cases_in_units_of_two_to_four_keep_alpha(
        self, above: bool, anytime: bool
    ) -> None:
        """Correlation .8 within a unit, and larger units have the higher rate."""
        rng = np.random.default_rng(3)
        test = means.p_above if above else means.p_below
        rates = np.array([0.05, 0.1, 0.2])
        truth = float((rates * [2, 3, 4]).sum() / 9)
        shown = 0
        for _ in range(1000):
            size = rng.integers(2, 5, 150)
            rate = rates[size - 2]
            shared = rng.random(150) < rate
            own = rng.random((150, 4)) < rate[:, None]
            copied = rng.random((150, 4)) < np.sqrt(0.8)
            hits = np.where(copied, shared[:, None], own) & (np.arange(4) < size[:, None])
            shown += test(hits.sum(axis=1), size, truth, 0.0, 1.0, anytime=anytime) <= ALPHA
        assert shown / 1000 <= self.CEILING

    def test_ignoring_the_units_would_not(self) -> None:
        rng = np.random.default_rng(4)
        hits = np.repeat(rng.random((2000, 50)) < 0.1, 4, axis=1)
        p = stats.binom.cdf(hits.sum(axis=1), 200, 0.1)
        assert np.mean(p <= ALPHA) > 0.09


class TestStakes:
    """A stake may depend on the units before, never on its own or a later one."""

    @settings(deadline=None)
    @given(st.integers(5, 40), st.floats(0.1, 0.6), st.integers(1, 3), st.booleans())
    def test_the_capital_is_a_straight_line_in_the_last_value(
        self, n: int, limit: float, size: int, anytime: bool
    ) -> None:
        """So its mean over a fair last value is the capital before: a supermartingale."""

        def capital(last: float) -> float:
            values, sizes = np.append(np.ones(n), last * size), np.append(np.ones(n), size)
            return 1.0 / means.p_above(values, sizes, limit, 0, 1, anytime=anytime, largest=3)

        even, half, sure = (capital(limit + part * (1.0 - limit)) for part in (0.0, 0.5, 1.0))
        assert half == pytest.approx(0.5 * (even + sure), rel=1e-9)
        assert sure > even

    def test_a_unit_not_yet_seen_leaves_the_evidence_so_far_as_it_was(self) -> None:
        values, sizes = np.ones(30), np.ones(30)
        before = means.p_above(values, sizes, 0.5, 0.0, 1.0, anytime=True)
        after = means.p_above([*values, 0.0], [*sizes, 1.0], 0.5, 0.0, 1.0, anytime=True)
        assert after == before


class TestPower:
    """Careful, but not for nothing."""

    def test_it_needs_less_than_hoeffding_where_values_vary_little(self) -> None:
        rng = np.random.default_rng(5)
        betting, hoeffding = [], []
        for _ in range(100):
            values = rng.beta(4, 36, 300)
            betting.append(means.upper(values, np.ones(300), ALPHA, 0.0, 1.0))
            hoeffding.append(values.mean() + np.sqrt(np.log(1 / ALPHA) / 600))
        gap = np.median(betting) - 0.1, np.median(hoeffding) - 0.1
        assert gap[0] < 0.4 * gap[1]

    @pytest.mark.parametrize(
        ("draw", "truth", "sd", "limit"),
        [
            pytest.param(beta(2, 8), 0.2, 0.1206, 0.22, id="beta, to show at most"),
            pytest.param(bernoulli(0.95), 0.95, 0.2179, 0.90, id="rate, to show at least"),
            pytest.param(bernoulli(0.001), 0.001, 0.0316, 0.006, id="rare, to show at most"),
        ],
    )
    def test_the_planned_number_of_cases_reaches_about_the_power(
        self, draw: Draw, truth: float, sd: float, limit: float
    ) -> None:
        n = means.sample_size(limit, truth, sd, 0.0, 1.0, ALPHA, 0.80)
        power = share_shown(draw, limit, n, above=truth > limit)
        assert 0.76 <= power <= 0.92

    def test_what_can_never_be_shown_is_refused(self) -> None:
        with pytest.raises(ValueError, match="equals limit"):
            means.sample_size(0.5, 0.5, 0.1, 0.0, 1.0, ALPHA, 0.8)
        with pytest.raises(ValueError, match="within"):
            means.sample_size(1.5, 0.5, 0.1, 0.0, 1.0, ALPHA, 0.8)
        with pytest.raises(ValueError, match="too near"):
            means.sample_size(0.5, 0.50001, 0.5, 0.0, 1.0, ALPHA, 0.8)


values_in_units = st.lists(
    st.tuples(st.floats(0.0, 1.0), st.integers(1, 4)), min_size=1, max_size=60
)


class TestBounds:
    """Bound and test say the same, in any unit of measurement."""

    @settings(deadline=None, max_examples=60)
    @given(values_in_units, st.sampled_from([0.01, 0.05, 0.3]), st.booleans())
    def test_a_limit_is_rejected_exactly_beyond_the_bound(
        self, units: list[tuple[float, int]], alpha: float, anytime: bool
    ) -> None:
        sizes = np.array([size for _, size in units], dtype=np.float64)
        sums = np.array([mean for mean, _ in units]) * sizes
        low = means.lower(sums, sizes, alpha, 0.0, 1.0, anytime=anytime)
        high = means.upper(sums, sizes, alpha, 0.0, 1.0, anytime=anytime)
        assert 0.0 <= low <= high <= 1.0
        for limit in np.linspace(0.01, 0.99, 13):
            above = means.p_above(sums, sizes, limit, 0.0, 1.0, anytime=anytime)
            below = means.p_below(sums, sizes, limit, 0.0, 1.0, anytime=anytime)
            if abs(limit - low) > 1e-6:
                assert (above <= alpha) == (low > limit)
            if abs(limit - high) > 1e-6:
                assert (below <= alpha) == (high < limit)

    @settings(deadline=None, max_examples=40)
    @given(values_in_units, st.floats(-50.0, 50.0), st.floats(0.1, 1000.0))
    def test_scale_and_origin_do_not_matter(
        self, units: list[tuple[float, int]], origin: float, scale: float
    ) -> None:
        sizes = np.array([size for _, size in units], dtype=np.float64)
        sums = np.array([mean for mean, _ in units]) * sizes
        moved = sums * scale + origin * sizes
        plain = means.p_above(sums, sizes, 0.3, 0.0, 1.0)
        limit = 0.3 * scale + origin
        assert means.p_above(moved, sizes, limit, origin, origin + scale) == pytest.approx(
            plain, rel=1e-4, abs=1e-9
        )

    def test_looks_at_every_unit_cost_width_but_more_data_never_loosens_them(self) -> None:
        values = np.random.default_rng(6).random(400)
        once = means.lower(values, np.ones(400), ALPHA, 0.0, 1.0)
        always = [
            means.lower(values[:n], np.ones(n), ALPHA, 0.0, 1.0, anytime=True)
            for n in range(10, 401, 30)
        ]
        assert always[-1] < once
        assert np.all(np.diff(always) >= -1e-6)

    def test_one_case_more_in_a_larger_unit_than_any_seen_can_be_declared(self) -> None:
        values, sizes = np.full(50, 0.9), np.ones(50)
        seen = means.p_above(values, sizes, 0.5, 0.0, 1.0)
        assert means.p_above(values, sizes, 0.5, 0.0, 1.0, largest=3) > seen
        with pytest.raises(ValueError, match="declared 1"):
            means.p_above([1.0], [2], 0.5, 0.0, 1.0, largest=1)


class TestEdges:
    """Where there is nothing to bet on."""

    def test_no_units_show_nothing(self) -> None:
        assert means.p_above([], [], 0.5, 0.0, 1.0) == 1.0
        assert means.p_below([], [], 0.5, 0.0, 1.0, anytime=True) == 1.0
        assert means.lower([], [], 0.05, 2.0, 3.0) == 2.0
        assert means.upper([], [], 0.05, 2.0, 3.0) == 3.0
        with pytest.raises(ValueError, match="no cases"):
            means.estimate([], [])

    def test_limits_at_and_beyond_the_declared_range(self) -> None:
        values = [0.5] * 9
        assert means.p_above(values, [1] * 9, 1.0, 0.0, 1.0) == 1.0
        assert means.p_above(values, [1] * 9, -0.1, 0.0, 1.0) == 0.0
        assert means.p_above([0.0] * 9, [1] * 9, 0.0, 0.0, 1.0) == 1.0
        assert means.p_below(values, [1] * 9, 1.0, 0.0, 1.0) == 0.0

    def test_values_beyond_the_declared_range_are_refused(self) -> None:
        with pytest.raises(ValueError, match="declare the true range"):
            means.p_above([3.0], [2], 0.5, 0.0, 1.0)
        with pytest.raises(ValueError, match="declare the true range"):
            means.p_above([float("nan")], [1], 0.5, 0.0, 1.0)
        with pytest.raises(ValueError, match="lo < hi"):
            means.p_above([0.0], [1], 0.5, 1.0, 1.0)
        with pytest.raises(ValueError, match="shape"):
            means.p_above([0.0, 1.0], [1], 0.5, 0.0, 1.0)
        with pytest.raises(ValueError, match="at least one case"):
            means.p_above([0.0], [0], 0.5, 0.0, 1.0)
