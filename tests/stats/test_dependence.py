"""Cases that share a unit must not count as independent, or alike frames add up to a PASS."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from roadworthy.stats import binomial
from roadworthy.stats.dependence import MIN_UNITS, EffectiveSample, effective_sample

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SIZES = {
    "pairs": [2],
    "fours": [4],
    "one or two": [1, 2],
    "uneven": [1, 1, 1, 2, 2, 3, 5, 8],
    "a few large": [1] * 19 + [20],
}


@st.composite
def units(draw: st.DrawFn) -> tuple[Integers, Integers]:
    """Hits and cases of 50 to 120 units."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    cases = rng.integers(1, draw(st.integers(2, 12)), size=draw(st.integers(MIN_UNITS, 120)))
    alike = draw(st.sampled_from([0.1, 1.0, 10.0]))
    return rng.binomial(cases, rng.beta(9 * alike, alike, size=cases.size)), cases


def drawn(rng: np.random.Generator, cases: Integers, rate: float, correlation: float) -> Integers:
    """Beta-binomial hits of each unit with the given correlation between its cases."""
    if correlation == 0.0:
        return rng.binomial(cases, rate)
    weight = 1.0 / correlation - 1.0
    return rng.binomial(cases, rng.beta(rate * weight, (1.0 - rate) * weight, size=cases.size))


def false_passes(
    cases: Integers, rate: float, correlation: float, alpha: float, runs: int, seed: int
) -> float:
    """Share of runs whose effective lower bound meets the limit, at the limit."""
    rng = np.random.default_rng(seed)
    found = [
        effective_sample(drawn(rng, cases, rate, correlation), cases, alpha) for _ in range(runs)
    ]
    k, n = np.array([[one.k, one.n] for one in found]).T
    return float(np.mean(binomial.lower(k, n, alpha) >= rate))


class TestEffectiveSample:
    """What dependent cases are worth."""

    def test_it_is_the_published_estimate_when_likeness_is_well_seen(self) -> None:
        """Against a variance by leaving out one unit at a time, which agrees to first order."""
        rng = np.random.default_rng(3)
        cases = np.full(2000, 3)
        hits = drawn(rng, cases, 0.8, 0.5)
        found = effective_sample(hits, cases, 0.05)
        left_out = (hits.sum() - hits) / (cases.sum() - cases)
        variance = (2000 - 1) / 2000 * float(np.sum((left_out - left_out.mean()) ** 2))
        rate = float(hits.sum() / cases.sum())
        assert found.k / found.n == pytest.approx(rate)
        assert found.n == pytest.approx(rate * (1 - rate) / variance, rel=2e-3)
        assert found.design_effect == pytest.approx(1 + 2 * 0.5, rel=0.1)

    def test_independent_cases_keep_their_number_when_that_is_well_seen(self) -> None:
        rng = np.random.default_rng(4)
        cases = np.full(4000, 3)
        found = effective_sample(drawn(rng, cases, 0.8, 0.0), cases, 0.05)
        assert found.n == pytest.approx(12_000, rel=0.05)

    @pytest.mark.parametrize("hit", [0, 1])
    def test_without_a_miss_or_a_hit_equal_units_count_once(self, hit: int) -> None:
        found = effective_sample(np.full(60, 4 * hit), np.full(60, 4), 0.05)
        assert found == EffectiveSample(k=60.0 * hit, n=60.0, units=60, design_effect=4.0)

    def test_without_a_miss_a_few_large_units_count_little(self) -> None:
        cases = np.resize(SIZES["a few large"], 100)
        found = effective_sample(cases, cases, 0.05)
        assert found.n == pytest.approx(195 / 20)
        assert found.k == found.n

    @given(units(), st.sampled_from([0.05, 0.01, 0.0025]))
    def test_a_sample_is_never_worth_more_than_its_cases(
        self, seen: tuple[Integers, Integers], alpha: float
    ) -> None:
        hits, cases = seen
        found = effective_sample(hits, cases, alpha)
        assert 0 < found.n <= cases.sum() * (1 + 1e-12)
        assert found.design_effect == pytest.approx(cases.sum() / found.n)
        assert found.k == pytest.approx(found.n * hits.sum() / cases.sum())
        assert found.units == cases.size

    @given(units())
    def test_counting_misses_is_worth_the_same(self, seen: tuple[Integers, Integers]) -> None:
        hits, cases = seen
        found = effective_sample(hits, cases, 0.05)
        assert effective_sample(cases - hits, cases, 0.05).n == pytest.approx(found.n)

    @given(units())
    def test_showing_every_case_twice_adds_nothing(self, seen: tuple[Integers, Integers]) -> None:
        hits, cases = seen
        once, twice = (effective_sample(s * hits, s * cases, 0.05).n for s in (1, 2))
        # Only the degrees of freedom of the case count move, by under one part in fifty.
        assert twice == pytest.approx(once, rel=0.05) or once == pytest.approx(cases.sum())

    @given(units(), st.integers(0, 5))
    def test_the_order_of_units_and_empty_units_do_not_matter(
        self, seen: tuple[Integers, Integers], empty: int
    ) -> None:
        hits, cases = (np.concatenate([part, np.zeros(empty, dtype=np.int64)]) for part in seen)
        order = np.random.default_rng(0).permutation(hits.size)
        found = effective_sample(hits[order], cases[order], 0.05)
        expected = effective_sample(*seen, 0.05)
        assert found.n == pytest.approx(expected.n) and found.units == expected.units

    @given(units())
    def test_a_stricter_level_never_makes_the_sample_larger(
        self, seen: tuple[Integers, Integers]
    ) -> None:
        assert effective_sample(*seen, 0.001).n <= effective_sample(*seen, 0.05).n * (1 + 1e-12)

    def test_units_that_all_show_the_same_rate_are_not_worth_more_than_their_cases(self) -> None:
        found = effective_sample(np.full(100, 1), np.full(100, 2), 0.05)
        assert (found.k, found.n) == (100.0, 200.0)

    def test_units_of_one_case_are_independent_cases(self) -> None:
        found = effective_sample(np.repeat([1, 0], [27, 3]), np.ones(30), 0.05)
        assert found == EffectiveSample(k=27.0, n=30.0, units=30, design_effect=1.0)

    def test_rare_units_that_fail_as_a_whole_are_not_explained_away(self) -> None:
        """Scattered misses seem to show that cases differ, but a unit that fails whole was unseen.

        200 units of 50 cases: every case is missed with .005, every unit fails whole with .01.
        """
        rng, alpha, runs, limit = np.random.default_rng(8), 0.05, 2000, 0.99 * 0.995
        cases, passed = np.full(200, 50), 0
        for _ in range(runs):
            hits = rng.binomial(50, 0.995, 200) * (rng.random(200) >= 0.01)
            found = effective_sample(hits, cases, alpha)
            passed += bool(binomial.lower(found.k, found.n, alpha) >= limit)
        assert passed / runs <= alpha

    def test_too_few_units_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"49 units have cases.*collect more units"):
            effective_sample(np.repeat([1, 0], [49, 11]), np.repeat([2, 0], [49, 11]), 0.05)
        with pytest.raises(ValueError, match="0 units have cases"):
            effective_sample([0, 0], [0, 0], 0.05)

    def test_misuse_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="0 <= k <= n"):
            effective_sample(np.full(60, 2), np.full(60, 1), 0.05)
        with pytest.raises(ValueError, match="one of each per unit"):
            effective_sample(1, np.full(60, 1), 0.05)
        with pytest.raises(ValueError, match="alpha must lie strictly"):
            effective_sample(np.full(60, 1), np.full(60, 1), 5.0)


class TestFalsePass:
    """The bound keeps alpha where units matter, and the usual shortcuts do not."""

    @pytest.mark.parametrize("sizes", SIZES)
    @pytest.mark.parametrize("number", [50, 200])
    def test_a_false_pass_keeps_alpha_at_every_likeness(self, sizes: str, number: int) -> None:
        cases, runs, alpha = np.resize(SIZES[sizes], number), 1000, 0.05
        found = [
            false_passes(cases, rate, correlation, alpha, runs, seed)
            for rate in (0.05, 0.5, 0.9, 0.95, 0.99)
            for seed, correlation in enumerate((0.0, 0.2, 0.8))
        ]
        error = np.sqrt(alpha * (1 - alpha) / runs)
        assert max(found) <= alpha + 4 * error
        assert np.mean(found) <= alpha + 2 * error / np.sqrt(len(found))

    @pytest.mark.parametrize("sizes", ["pairs", "a few large"])
    def test_a_false_pass_keeps_a_divided_alpha(self, sizes: str) -> None:
        cases, runs, alpha = np.resize(SIZES[sizes], 200), 4000, 0.0025
        for seed, rate in enumerate((0.8, 0.95)):
            found = false_passes(cases, rate, 0.8, alpha, runs, seed)
            assert found <= alpha + 4 * np.sqrt(alpha / runs)

    @pytest.mark.parametrize(("number", "rate"), [(100, 0.8), (200, 0.9), (1000, 0.99)])
    def test_misses_that_sit_in_a_few_large_units_keep_alpha(
        self, number: int, rate: float
    ) -> None:
        """One unit in 20 has 20 cases and may fail as a whole; the others never fail.

        Without the cap the false PASS is .4 to .6, with Kish's cap .14.
        """
        rng, runs, alpha, passed = np.random.default_rng(9), 3000, 0.05, 0
        cases = np.resize(SIZES["a few large"], number)
        large = cases == 20
        failing = (1 - rate) * cases.sum() / cases[large].sum()
        for _ in range(runs):
            hits = np.where(large & (rng.random(number) < failing), 0, cases)
            found = effective_sample(hits, cases, alpha)
            passed += bool(binomial.lower(found.k, found.n, alpha) >= rate)
        assert passed / runs <= alpha

    @pytest.mark.parametrize(("size", "published"), [(2, 0.087), (4, 0.159)])
    def test_a_bound_that_ignores_units_does_not_keep_alpha(
        self, size: int, published: float
    ) -> None:
        """200 units at the limit .95, correlation .8 (published for a rule of the same kind)."""
        rng = np.random.default_rng(1)
        hits = np.array([drawn(rng, np.full(200, size), 0.95, 0.8).sum() for _ in range(4000)])
        naive = float(np.mean(binomial.lower(hits, 200 * size, 0.05) >= 0.95))
        assert naive == pytest.approx(published, abs=0.03)
        assert naive > 0.05 + 5 * np.sqrt(0.05 * 0.95 / 4000)

    def test_a_cluster_robust_t_bound_does_not_keep_alpha(self) -> None:
        """200 units of two cases at the limit .99; published .137."""
        rng, units = np.random.default_rng(2), 200
        hits = np.array([drawn(rng, np.full(units, 2), 0.99, 0.4) for _ in range(4000)])
        rate = hits.mean(axis=1) / 2
        error = hits.std(axis=1, ddof=1) / 2 / np.sqrt(units)
        passed = rate - stats.t.ppf(0.95, units - 1) * error >= 0.99
        assert float(passed.mean()) == pytest.approx(0.137, abs=0.025)
