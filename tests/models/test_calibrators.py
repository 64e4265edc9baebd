"""Calibrators make probabilities of scores, keep their order, and are chosen by a proper score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Calibrate
from roadworthy.models import calibrators
from roadworthy.stats import calibration

TENTHS = np.linspace(0.0, 1.0, 11)
GRID = np.linspace(0.003, 0.997, 60)
ALL = (*calibrators.METHODS, Calibrate.VENN_ABERS)


def distorted(n: int, seed: int, slope: float = 1.0, shift: float = 0.0) -> tuple[np.ndarray, ...]:
    """Scores whose true log-odds are ``slope`` times what they say, plus ``shift``."""
    rng = np.random.default_rng(seed)
    said = rng.normal(0, 2, n)
    true = 1.0 / (1.0 + np.exp(-(slope * said + shift)))
    return 1.0 / (1.0 + np.exp(-said)), rng.random(n) < true, true


@pytest.mark.parametrize("method", ALL)
def test_a_higher_score_never_gets_a_lower_probability(method: Calibrate) -> None:
    scores, truth, _ = distorted(300, 1, slope=0.4)
    found = calibrators.fit(method, scores, truth)(np.linspace(0, 1, 501))
    assert (np.diff(found) >= -1e-12).all()
    assert 0.0 <= found.min() <= found.max() <= 1.0


@pytest.mark.parametrize("method", ALL)
def test_a_calibrator_read_back_says_the_same_and_is_written_alike(method: Calibrate) -> None:
    scores, truth, _ = distorted(200, 2)
    written = calibrators.to_bytes(calibrators.fit(method, scores, truth))
    again = calibrators.from_bytes(written)
    grid = np.linspace(0, 1, 33)
    assert np.array_equal(again(grid), calibrators.fit(method, scores, truth)(grid))
    assert (again.method, calibrators.to_bytes(again)) == (method, written)


@pytest.mark.parametrize("method", ALL[1:])
def test_scores_that_are_too_sure_come_nearer_to_the_truth(method: Calibrate) -> None:
    scores, truth, _ = distorted(2000, 3, slope=0.4)
    fresh, happened, true = distorted(20000, 4, slope=0.4)
    found = calibrators.fit(method, scores, truth)(fresh)
    assert np.abs(found - true).mean() < 0.35 * np.abs(fresh - true).mean()
    error = calibration.estimate(calibration.bins(found, happened, TENTHS))
    assert error < 0.03 < calibration.estimate(calibration.bins(fresh, happened, TENTHS))


def test_the_temperature_is_the_one_that_was_planted() -> None:
    scores, truth, true = distorted(20000, 5, slope=0.5)
    found = calibrators.fit(Calibrate.TEMPERATURE, scores, truth)(scores)
    assert np.abs(found - true).max() < 0.02


@pytest.mark.parametrize(
    ("slope", "shift", "expected"),
    [(1.0, 0.0, Calibrate.NONE), (0.4, 0.0, Calibrate.TEMPERATURE), (0.4, -1.5, Calibrate.SIGMOID)],
)
def test_the_stiffest_method_that_fits_the_distortion_is_chosen(
    slope: float, shift: float, expected: Calibrate
) -> None:
    scores, truth, _ = distorted(4000, 6, slope, shift)
    assert calibrators.choose(scores, truth, 0) is expected


def test_a_distortion_that_no_straight_line_mends_is_left_to_steps() -> None:
    rng = np.random.default_rng(7)
    scores = rng.random(4000)
    truth = rng.random(4000) < np.where(scores < 0.5, 0.1, 0.9)
    assert calibrators.choose(scores, truth, 0) is Calibrate.ISOTONIC


def test_of_the_two_venn_abers_probabilities_the_one_of_what_happens_is_calibrated() -> None:
    """Vovk, Petej & Fedorova 2015, theorem 1: over calibration cases and new ones together."""
    told, came = [], []
    for seed in range(300):
        scores, truth, _ = distorted(60, seed, slope=0.4)
        fresh, happened, _ = distorted(50, 10_000 + seed, slope=0.4)
        ends = calibrators.fit(Calibrate.VENN_ABERS, scores, truth).interval(fresh)
        assert ends is not None
        told.append(np.where(happened, ends[1], ends[0]))
        came.append(happened)
    found = calibration.bins(np.concatenate(told), np.concatenate(came), TENTHS)
    assert calibration.estimate(found) < 0.02


@pytest.mark.parametrize("seed", range(6))
def test_the_two_venn_abers_probabilities_are_two_isotonic_fits_with_the_new_case(
    seed: int,
) -> None:
    scores, truth, _ = distorted(40, seed, slope=0.4)
    scores = scores.round(1 + seed % 3)  # ties too
    ends = calibrators.fit(Calibrate.VENN_ABERS, scores, truth).interval(GRID)
    assert ends is not None
    for label in (0, 1):
        for place, score in enumerate(GRID):
            x, y = np.append(scores, score), np.append(truth, label)
            fitted = IsotonicRegression(y_min=0, y_max=1).fit(x, y).predict([score])[0]
            assert ends[label][place] == pytest.approx(fitted, abs=1e-9)


def test_the_venn_abers_answer_lies_between_its_two_probabilities() -> None:
    scores, truth, _ = distorted(300, 8, slope=0.4)
    found, grid = calibrators.fit(Calibrate.VENN_ABERS, scores, truth), np.linspace(0, 1, 99)
    ends = found.interval(grid)
    assert ends is not None
    assert (ends[0] <= found(grid) + 1e-12).all()
    assert (found(grid) <= ends[1] + 1e-12).all()


@settings(max_examples=8, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=40, max_size=60), st.data())
def test_scores_of_nought_and_one_and_ties_are_no_trouble(
    scores: list[float], data: st.DataObject
) -> None:
    half = len(scores) // 2
    truth = data.draw(st.permutations([True] * half + [False] * (len(scores) - half)))
    for method in calibrators.METHODS:
        found = calibrators.fit(method, scores, truth)(scores)
        assert np.isfinite(found).all()
    assert calibrators.choose(scores, truth, 0) in calibrators.METHODS


def test_a_handful_of_cases_calibrates_nothing() -> None:
    with pytest.raises(BadInput, match="9 positives to calibrate on, and it takes 10") as told:
        calibrators.require_enough([True] * 9 + [False] * 100, "the training split")
    assert "calibrate: none" in told.value.next_step


class Stranger:
    def __init__(self) -> None:
        self.said = 1


def test_a_file_with_types_of_somebody_else_is_refused() -> None:
    from skops.io import dumps

    content = dumps({"method": "sigmoid", "fitted": Stranger()})
    with pytest.raises(ValueError, match="not trusted"):
        calibrators.from_bytes(content)


@pytest.mark.parametrize("far", [0.3, 6.0])
def test_scores_that_part_the_classes_are_not_told_as_certainty(far: float) -> None:
    """Be they of a net that dares nothing, or of one that is sure as it is."""
    rng = np.random.default_rng(0)
    truth = rng.random(300) < 0.4
    log_odds = np.where(truth, far, -far) * rng.uniform(0.7, 1.3, 300)
    scores = 1.0 / (1.0 + np.exp(-log_odds))
    found = calibrators.fit(calibrators.choose(scores, truth, 0), scores, truth)(scores)
    assert 1e-6 < found.min() < 0.05 and 0.95 < found.max() < 1.0 - 1e-6
