"""Scores of many parts give each part, and each union of parts, the AUC of its own cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from roadworthy.stats import auc
from roadworthy.stats.ranked import Ranked

Told = tuple[float | None, float, int, int]
CASES = st.lists(
    st.tuples(
        st.sampled_from([0.0, -0.0, 5e-324, 1e-9, 0.3, 0.30000001, 0.5, 0.7, 1.0 - 1e-9, 1.0]),
        st.booleans(),
        st.integers(0, 3),
    ),
    max_size=40,
)


def told(area: float | None, error: float, positives: int, negatives: int) -> Told:
    return area, error, positives, negatives


def expected(score: NDArray[Any], positive: NDArray[Any], most: int) -> Told:
    n_pos, n_neg = int(positive.sum()), int((~positive).sum())
    if not n_pos or not n_neg:
        return None, 0.0, n_pos, n_neg
    if len(score) <= most:
        return auc.exact(score[positive], score[~positive]), 0.0, n_pos, n_neg
    histogram = auc.ScoreHistogram.of(score, positive)
    return histogram.auc(), histogram.auc_error(), n_pos, n_neg


@settings(deadline=None)
@given(CASES, st.integers(0, 25), st.integers(1, 12), st.integers(1, 3), st.sets(st.integers(0, 4)))
def test_batches_machines_and_unions_of_parts_add_up(
    cases: list[Any], most: int, size: int, machines: int, parts: set[int]
) -> None:
    score = np.array([one for one, _, _ in cases], dtype=float)
    positive = np.array([one for _, one, _ in cases], dtype=bool)
    part = np.array([one for _, _, one in cases], dtype=np.int64)
    sketches = [Ranked(most, told) for _ in range(machines)]
    for start in range(0, len(cases), size):
        rows = slice(start, start + size)
        columns = {"score": score[rows], "positive": positive[rows]}
        sketches[start // size % machines].add(columns, part[rows])
    whole = sketches[0]
    for other in sketches[1:]:
        whole.merge(other)
    here = np.isin(part, sorted(parts))
    assert whole.of(sorted(parts)) == expected(score[here], positive[here], most)


@pytest.mark.parametrize("wrong", [float("nan"), -0.1, 1.1, float("inf"), -float("nan")])
def test_what_is_no_score_is_never_counted(wrong: float) -> None:
    one = Ranked(0, told)
    with pytest.raises(ValueError, match="scores"):
        one.add({"score": np.array([0.5, wrong]), "positive": np.ones(2, bool)}, np.zeros(2, int))


def test_a_score_stands_for_one_case() -> None:
    some = {"score": np.array([0.5]), "positive": np.array([True])}
    with pytest.raises(ValueError, match="case by case"):
        Ranked(9, told).add(some, np.array([0]), weight=np.array([2]))
