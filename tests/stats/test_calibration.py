"""A calibration error is bounded, because the plain one accuses even a perfect model."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from roadworthy.stats import calibration

Floats = NDArray[np.float64]
ALPHA = 0.05
EDGES = np.linspace(0.0, 1.0, 16)


def low_scores(rng: np.random.Generator, n: int) -> Floats:
    return rng.beta(1, 3, n)


def true_error(scores: Floats, chances: Floats) -> float:
    gaps = np.bincount(np.digitize(scores, EDGES[1:-1]), weights=chances - scores)
    return float(np.abs(gaps).sum() / scores.size)


TRUTHS = [
    pytest.param(lambda s: s, id="calibrated"),
    pytest.param(lambda s: s**2, id="overconfident"),
    pytest.param(lambda s: np.clip(s + 0.1, 0.0, 1.0), id="shifted"),
    pytest.param(lambda s: np.where(np.sin(900 * s) > 0, 0.02, 0.5), id="uneven within a bin"),
    pytest.param(lambda s: np.full_like(s, 0.006), id="rare whatever the score"),
]


class TestErrorControl:
    """Neither bound crosses the true error more often than alpha."""

    @pytest.mark.parametrize("chance", TRUTHS)
    @pytest.mark.parametrize("n", [60, 600])
    def test_both_bounds_keep_alpha(self, chance: Callable[[Floats], Floats], n: int) -> None:
        rng = np.random.default_rng(1)
        crossed = np.zeros(2)
        for _ in range(400):
            scores = low_scores(rng, n)
            chances = chance(scores)
            found = calibration.bins(scores, rng.random(n) < chances, EDGES)
            truth = true_error(scores, chances)
            crossed += [
                calibration.lower(found, ALPHA) > truth + 1e-12,
                calibration.upper(found, ALPHA) < truth - 1e-12,
            ]
        assert np.all(crossed / 400 <= ALPHA)

    @pytest.mark.parametrize("n", [2, 3, 5, 8])
    def test_a_band_keeps_its_level_when_chances_differ_within_the_bin(self, n: int) -> None:
        """Exact, for chances as uneven as they can be: some sure, some impossible, one between."""
        hits = np.arange(n + 1)
        bands = [
            calibration.bands(calibration.bins(np.full(n, 0.5), np.arange(n) < k, [0, 1]), ALPHA)
            for k in hits
        ]
        low = np.array([band.low[0] for band in bands])
        high = np.array([band.high[0] for band in bands])
        worst = 0.0
        near_one = np.linspace(0.97, 0.98, 101)
        rests = np.concatenate([np.linspace(0.0005, 0.9995, 200), near_one, 1.0 - near_one])
        for sure, rest in itertools.product(range(n), rests):
            for uneven in range(1, n - sure + 1):
                mean = (sure + uneven * rest) / n
                chance = stats.binom.pmf(hits - sure, uneven, rest)
                worst = max(worst, chance[low > mean + 1e-12].sum())
                worst = max(worst, chance[high < mean - 1e-12].sum())
        assert 0.5 * ALPHA / 2 < worst <= ALPHA / 2 + 1e-12

    def test_a_percentile_bootstrap_of_the_plain_error_accuses_a_perfect_model(self) -> None:
        rng = np.random.default_rng(2)
        accused = 0
        for _ in range(50):
            scores = low_scores(rng, 200)
            hits = rng.random(200) < scores
            draws = rng.integers(0, 200, (100, 200))
            resampled = [
                calibration.estimate(calibration.bins(scores[at], hits[at], EDGES)) for at in draws
            ]
            accused += float(np.quantile(resampled, ALPHA)) > 0.0
        assert accused / 50 > 0.9

    @pytest.mark.parametrize(("n", "known"), [(200, 0.074), (1000, 0.033)])
    def test_the_plain_error_of_a_perfect_model_is_far_from_zero(
        self, n: int, known: float
    ) -> None:
        rng = np.random.default_rng(3)
        errors = []
        for _ in range(200):
            scores = low_scores(rng, n)
            errors.append(
                calibration.estimate(calibration.bins(scores, rng.random(n) < scores, EDGES))
            )
        assert np.mean(errors) == pytest.approx(known, rel=0.05)


class TestBounds:
    """Bound, band and test say the same."""

    @settings(deadline=None, max_examples=40)
    @given(st.integers(1, 80), st.integers(0, 10**6), st.floats(0.01, 0.6))
    def test_a_limit_is_shown_exactly_when_the_bound_meets_it(
        self, n: int, seed: int, limit: float
    ) -> None:
        rng = np.random.default_rng(seed)
        found = calibration.bins(rng.random(n), rng.random(n) < 0.3, [0.0, 0.3, 0.7, 1.0])
        low, high = calibration.lower(found, ALPHA), calibration.upper(found, ALPHA)
        assert 0.0 <= low <= calibration.estimate(found) <= high <= 1.0
        if abs(low - limit) > 1e-6:
            assert (calibration.p_above(found, limit) <= ALPHA) == (low > limit)
        if abs(high - limit) > 1e-6:
            assert (calibration.p_below(found, limit) <= ALPHA) == (high < limit)

    def test_with_enough_cases_a_calibrated_model_is_shown_to_be_one(self) -> None:
        rng = np.random.default_rng(4)
        scores = low_scores(rng, 20_000)
        found = calibration.bins(scores, rng.random(20_000) < scores, np.linspace(0, 1, 6))
        assert calibration.p_below(found, 0.05) <= ALPHA
        assert calibration.p_above(found, 0.05) == 1.0

    def test_bands_name_only_the_bins_that_hold_cases(self) -> None:
        band = calibration.bands(calibration.bins([0.1, 0.9, 0.95], [0, 1, 1], EDGES), ALPHA)
        assert band.bin.tolist() == [1, 13, 14]
        assert band.n.tolist() == [1, 1, 1]
        assert np.all((band.low <= band.rate) & (band.rate <= band.high))

    def test_without_cases_nothing_is_known(self) -> None:
        nothing = calibration.bins([], [], EDGES)
        assert calibration.lower(nothing, ALPHA) == 0.0
        assert calibration.upper(nothing, ALPHA) == 1.0
        assert calibration.p_below(nothing, 0.1) == 1.0
        with pytest.raises(ValueError, match="no cases"):
            calibration.estimate(nothing)


class TestBins:
    """Counts that add up."""

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), max_size=60), st.data())
    def test_bins_of_parts_add_up_to_the_bins_of_all(
        self, cases: list[tuple[float, bool]], data: st.DataObject
    ) -> None:
        cut = data.draw(st.integers(0, len(cases)))
        whole, first, rest = (
            calibration.bins([s for s, _ in part], [h for _, h in part], EDGES)
            for part in (cases, cases[:cut], cases[cut:])
        )
        total = first + rest
        assert total.n.tolist() == whole.n.tolist()
        assert total.hits.tolist() == whole.hits.tolist()
        np.testing.assert_allclose(total.total, whole.total)
        assert whole.n.sum() == len(cases)

    def test_a_score_on_an_edge_belongs_above_and_one_stays_in_the_last_bin(self) -> None:
        assert calibration.bins([0.0, 0.5, 1.0], [0, 0, 0], [0, 0.5, 1]).n.tolist() == [1, 2]

    def test_bins_with_other_edges_scores_and_edges_out_of_range_are_refused(self) -> None:
        with pytest.raises(ValueError, match="do not add up"):
            calibration.bins([], [], [0, 1]) + calibration.bins([], [], [0, 0.5, 1])
        with pytest.raises(ValueError, match="outside"):
            calibration.bins([1.2], [1], EDGES)
        with pytest.raises(ValueError, match="outside"):
            calibration.bins([float("nan")], [1], EDGES)
        with pytest.raises(ValueError, match="rise from 0 to 1"):
            calibration.bins([0.2], [1], [0.0, 0.5, 0.9])
        with pytest.raises(ValueError, match="shape"):
            calibration.bins([0.2, 0.3], [1], EDGES)
        with pytest.raises(ValueError, match="alpha"):
            calibration.bands(calibration.bins([0.2], [1], EDGES), 0.0)
