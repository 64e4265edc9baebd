"""A map of scores becomes boxes: one a peak, around what belongs to it, in pixels of the image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from roadworthy.core.marks import Mark, MarkRules, ScoreMap
from roadworthy.stats.boxes import iou
from roadworthy.stats.peaks import marks_of

RULES = MarkRules(smallest_region=1)
F7, F8, F9 = (float(np.float32(score)) for score in (0.7, 0.8, 0.9))


def hills(*places: tuple[int, int, float, float], size: int = 40) -> NDArray[np.float32]:
    """Round hills: row, column, height, deviation."""
    y, x = np.mgrid[0:size, 0:size]
    each = [h * np.exp(-((y - i) ** 2 + (x - j) ** 2) / (2 * d**2)) for i, j, h, d in places]
    found: NDArray[np.float32] = np.max(each, axis=0).astype(np.float32)
    return found


def of(values: NDArray[np.float32], rules: MarkRules = RULES) -> tuple[Mark, ...]:
    return marks_of(ScoreMap(values, 0.5, 0.5, 1.0, 1.0), rules, values.shape)


def test_every_hill_is_a_mark_and_the_highest_comes_first() -> None:
    found = of(hills((10, 10, 0.6, 2.0), (28, 30, 0.9, 2.0)))
    assert [round(mark.score, 3) for mark in found] == [0.9, 0.6]
    # half of a hill of deviation 2 reaches 2.35 cells: 2 on either side of the top
    assert found[0] == Mark(28, 26, 5, 5, F9)


def test_a_hill_is_measured_by_its_own_height_not_by_that_of_another() -> None:
    low, alone = of(hills((10, 10, 0.2, 2.0), (28, 30, 0.9, 2.0)))[1], of(hills((10, 10, 0.9, 2.0)))
    assert (low.x, low.y, low.width, low.height) == (alone[0].x, alone[0].y, 5, 5)


def test_two_hills_that_touch_are_two_marks_and_neither_takes_in_the_other() -> None:
    high, low = of(hills((15, 12, 0.9, 2.0), (15, 20, 0.6, 2.0)))
    assert (high.x, high.x + high.width) == (10, 15)
    assert low.x >= high.x + high.width
    assert low.x <= 20 < low.x + low.width


def test_a_plateau_is_one_mark() -> None:
    values = np.zeros((20, 20), np.float32)
    values[5:9, 6:12] = 0.7
    assert of(values) == (Mark(6, 5, 6, 4, F7),)


def test_cells_lie_where_the_map_says_and_boxes_stay_in_the_image() -> None:
    values = np.zeros((4, 5), np.float32)
    values[1, 2], values[3, 4] = 0.9, 0.8
    found = marks_of(ScoreMap(values, 8.0, 16.0, 16.0, 32.0), RULES, (60, 150))
    assert found[0] == Mark(64, 16, 32, 16, F9)
    # its cell would reach down to 64 and right to 160
    assert found[1] == Mark(128, 48, 22, 12, F8)


def test_regions_of_too_few_pixels_are_no_marks() -> None:
    values = np.zeros((20, 20), np.float32)
    values[5, 5] = 0.9
    assert of(values, MarkRules(smallest_region=2)) == ()
    assert len(of(values)) == 1


def test_a_flat_map_a_silent_one_and_one_without_numbers_mark_nothing_small() -> None:
    assert of(np.zeros((9, 9), np.float32)) == ()
    assert of(np.full((9, 9), np.nan, np.float32)) == ()
    assert of(np.full((9, 9), 0.5, np.float32)) == (Mark(0, 0, 9, 9, 0.5),)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_marks_lie_in_the_image_apart_few_and_the_most_suspect_first(seed: int, most: int) -> None:
    values = np.random.default_rng(seed).random((14, 17), dtype=np.float32)
    rules = MarkRules(at_most_per_image=most, smallest_region=1)
    found = marks_of(ScoreMap(values, 2.0, 2.0, 4.0, 4.0), rules, (55, 68))
    assert 1 <= len(found) <= most
    assert found[0].score == pytest.approx(float(values.max()))
    scores = [mark.score for mark in found]
    assert scores == sorted(scores, reverse=True)
    for mark in found:
        assert 0 <= mark.x < mark.x + mark.width <= 68
        assert 0 <= mark.y < mark.y + mark.height <= 55
    boxes = np.array([[m.x, m.y, m.width, m.height] for m in found], dtype=np.float64)
    assert (iou(boxes, boxes) - np.eye(len(found)) <= rules.overlap_at_most).all()
