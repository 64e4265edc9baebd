"""A harder set is rarely called over-use, nor over-use a harder set, and doubt is the default."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy import special, stats

from roadworthy.stats import attribution
from roadworthy.stats.attribution import Cause, estimates
from roadworthy.stats.two_rates import score_z

ALPHA = 0.05
THREE = (np.array([0.92, 0.91, 0.82]), np.array([True, True, False]))
FIVE = (np.array([0.93, 0.92, 0.91, 0.84, 0.82]), np.array([True, True, True, False, False]))


def answers(z: np.ndarray, cases: int, rng: np.random.Generator) -> np.ndarray:
    """Right or wrong, shape (models, cases); hard cases are hard for all models."""
    hard = np.sqrt(0.6) * rng.normal(size=cases)
    own = np.sqrt(0.4) * rng.normal(size=(len(z), cases))
    return np.asarray(hard + own < z[:, None], dtype=np.float64)


def causes(
    models: tuple[np.ndarray, np.ndarray],
    shift: np.ndarray,
    spread: float = 0.0,
    cases: int = 1000,
    runs: int = 150,
) -> Counter[Cause]:
    rng = np.random.default_rng(11)
    accuracy, tuned = models
    before = special.ndtri(accuracy)
    weight, found = np.ones(cases), Counter[Cause]()
    for _ in range(runs):
        after = before - shift + spread * rng.normal(size=len(before))
        old, fresh = answers(before, cases, rng), answers(after, cases, rng)
        z = score_z(old.sum(axis=1), cases, fresh.sum(axis=1), cases, 0.0)
        p = stats.norm.sf(z)
        slope = attribution.slope(estimates(old, weight), estimates(fresh, weight), tuned, ALPHA)
        dropped = bool(p[tuned].min() * len(p) <= ALPHA)
        found[attribution.cause(slope, dropped, p[~tuned].tolist(), ALPHA)] += 1
    return found


class TestErrors:
    """Each claim keeps its error where it is wrong."""

    @pytest.mark.parametrize("models", [THREE, FIVE], ids=["three", "five"])
    @pytest.mark.parametrize("shift", [0.10, 0.30])
    def test_a_harder_set_is_rarely_called_overuse(
        self, models: tuple[np.ndarray, np.ndarray], shift: float
    ) -> None:
        found = causes(models, np.full(len(models[0]), shift))
        assert found[Cause.OVERUSE] <= 0.05 * 150

    def test_nor_where_single_models_scatter_about_the_line(self) -> None:
        found = causes(FIVE, np.full(5, 0.10), spread=0.10)
        assert found[Cause.OVERUSE] <= 0.10 * 150

    def test_nor_where_better_models_fall_more_because_labels_are_noisier(self) -> None:
        accuracy, _ = FIVE
        shift = 0.2 * special.ndtri(accuracy) + 0.1
        assert causes(FIVE, shift)[Cause.OVERUSE] <= 0.05 * 150

    @pytest.mark.parametrize("models", [THREE, FIVE], ids=["three", "five"])
    def test_overuse_is_rarely_called_a_harder_set(
        self, models: tuple[np.ndarray, np.ndarray]
    ) -> None:
        found = causes(models, 0.3 * models[1])
        assert found[Cause.HARDER] <= 0.09 * 150

    def test_where_nothing_happened_the_cause_is_unknown(self) -> None:
        assert causes(FIVE, np.zeros(5))[Cause.UNKNOWN] >= 0.9 * 150


class TestPower:
    """It is not idle either."""

    def test_overuse_of_five_models_is_found(self) -> None:
        assert causes(FIVE, 0.4 * FIVE[1])[Cause.OVERUSE] >= 0.8 * 150

    def test_a_harder_set_is_found(self) -> None:
        assert causes(THREE, np.full(3, 0.3))[Cause.HARDER] >= 0.8 * 150

    def test_both_at_once_stay_unknown(self) -> None:
        found = causes(FIVE, 0.4 * FIVE[1] + 0.25, cases=2000)
        assert found[Cause.UNKNOWN] >= 0.8 * 150


class TestSlope:
    """The lead that is left, with an interval that knows how little three models say."""

    def test_an_equal_shift_leaves_the_lead(self) -> None:
        rng = np.random.default_rng(1)
        z = special.ndtri(FIVE[0])
        old, fresh = (estimates(answers(z - s, 60_000, rng), np.ones(60_000)) for s in (0.0, 0.3))
        found = attribution.slope(old, fresh, FIVE[1], ALPHA)
        assert found.estimate == pytest.approx(1.0, abs=0.1)
        assert found.low is not None and found.high is not None
        assert found.low < 1.0 < found.high

    def test_without_a_lead_there_is_no_slope(self) -> None:
        rng = np.random.default_rng(2)
        side = estimates(answers(special.ndtri(np.full(4, 0.9)), 500, rng), np.ones(500))
        found = attribution.slope(side, side, [True, True, False, False], ALPHA)
        assert (found.estimate, found.low, found.high) == (None, None, None)

    @pytest.mark.parametrize("tuned", [[True, False], [True] * 3, [False] * 3])
    def test_it_takes_three_models_of_both_kinds(self, tuned: list[bool]) -> None:
        side = estimates(np.ones((len(tuned), 9)), np.ones(9))
        with pytest.raises(ValueError, match="three models"):
            attribution.slope(side, side, tuned, ALPHA)

    def test_cases_of_a_unit_count_once(self) -> None:
        rng = np.random.default_rng(3)
        once = answers(np.array([1.0]), 300, rng)
        thrice = np.repeat(once, 3, axis=1)
        alone = estimates(once, np.ones(300))
        shared = estimates(thrice, np.ones(900), np.repeat(np.arange(300), 3))
        assert shared.cov[0, 0] == pytest.approx(alone.cov[0, 0], rel=0.02)
