"""Boxes: overlap, suppression and hits, each against a slow and plain oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from roadworthy.core.marks import HitBy, HitRule
from roadworthy.stats.boxes import best_of_each, common, found_by, iou, kept

Boxes = NDArray[np.float64]
side = st.integers(1, 12)
place = st.integers(0, 20)
boxes = st.lists(st.tuples(place, place, side, side), max_size=8).map(
    lambda rows: np.array(rows, dtype=np.float64).reshape(-1, 4)
)


def pixels(box: Boxes) -> set[tuple[int, int]]:
    x, y, width, height = map(int, box)
    return {(i, j) for i in range(x, x + width) for j in range(y, y + height)}


def slow_kept(rows: Boxes, scores: Boxes, overlap: float, most: int) -> list[int]:
    stay: list[int] = []
    for at in sorted(range(len(rows)), key=lambda i: (-scores[i], i)):
        ours = pixels(rows[at])
        if all(len(ours & pixels(rows[o])) / len(ours | pixels(rows[o])) <= overlap for o in stay):
            stay.append(at)
    return stay[:most]


@given(boxes, boxes)
def test_what_two_boxes_share_is_counted_pixel_by_pixel(ours: Boxes, theirs: Boxes) -> None:
    both, share = common(ours, theirs), iou(ours, theirs)
    for i, one in enumerate(ours):
        for j, other in enumerate(theirs):
            assert both[i, j] == len(pixels(one) & pixels(other))
            either = len(pixels(one) | pixels(other))
            assert share[i, j] == pytest.approx(both[i, j] / either)


@settings(max_examples=60)
@given(boxes, st.integers(0, 99), st.sampled_from([0.1, 0.3, 0.7]), st.integers(1, 5))
def test_suppression_keeps_what_a_slow_loop_keeps(
    rows: Boxes, seed: int, overlap: float, most: int
) -> None:
    scores = np.random.default_rng(seed).integers(0, 4, len(rows)) / 4
    assert kept(rows, scores, overlap, most).tolist() == slow_kept(rows, scores, overlap, most)


def test_a_mark_finds_the_box_that_its_middle_lies_in() -> None:
    truths = np.array([[10.0, 10, 10, 10]])
    marks = np.array([[10.0, 10, 20, 20], [0.0, 0, 18, 18], [19.0, 19, 4, 4]])
    assert found_by(marks, truths, HitRule()).tolist() == [0, -1, -1]


def test_overlap_may_be_asked_of_both_or_of_the_mark_alone() -> None:
    truths, marks = np.array([[0.0, 0, 10, 10]]), np.array([[0.0, 0, 5, 5]])
    assert found_by(marks, truths, HitRule(HitBy.IOU, 0.25)).tolist() == [0]
    assert found_by(marks, truths, HitRule(HitBy.IOU, 0.26)).tolist() == [-1]
    assert found_by(marks, truths, HitRule(HitBy.IOBB, 1.0)).tolist() == [0]


def test_one_large_mark_over_two_lesions_is_one_find() -> None:
    truths = np.array([[0.0, 0, 10, 10], [4.0, 0, 10, 10]])
    found = found_by(np.array([[0.0, 0, 14, 10]]), truths, HitRule())
    assert (best_of_each(found, np.array([0.9]), 2) >= 0).sum() == 1


def test_further_marks_on_a_found_lesion_are_neither_finds_nor_false() -> None:
    truths = np.array([[0.0, 0, 10, 10]])
    marks = np.array([[2.0, 2, 4, 4], [3.0, 3, 4, 4], [30.0, 30, 4, 4]])
    found = found_by(marks, truths, HitRule())
    assert found.tolist() == [0, 0, -1]
    assert best_of_each(found, np.array([0.4, 0.7, 0.9]), 1).tolist() == [0.7]


@pytest.mark.parametrize("rule", [HitRule(), HitRule(HitBy.IOU, 0.3), HitRule(HitBy.IOBB, 0.3)])
def test_without_boxes_every_mark_is_false(rule: HitRule) -> None:
    assert found_by(np.ones((3, 4)), np.empty((0, 4)), rule).tolist() == [-1] * 3
    assert found_by(np.empty((0, 4)), np.ones((3, 4)), rule).tolist() == []
