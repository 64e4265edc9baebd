"""Specificity counts negatives that are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import recall_score
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    at_least,
    binary,
    confused,
    false_passes,
    measured,
    min_gain,
    not_measured,
    outcome,
    run_numbers,
    within_error,
)

from roadworthy.core.policy import Referred
from roadworthy.core.verdict import Outcome


def test_it_is_the_recall_of_the_negatives(tumours: Real) -> None:
    found = measured("specificity", tumours.cases, at_least(0.9))
    assert found.estimate == pytest.approx(recall_score(~tumours.truth, tumours.said < 0.5))
    assert found.n == (~tumours.truth).sum()


def test_positives_alone_show_nothing() -> None:
    assert "no negatives" in not_measured("specificity", confused(50, 0), at_least(0.9))


@pytest.mark.parametrize(
    ("rule", "k", "n"),
    [(Referred.RIGHT, 8, 10), (Referred.WRONG, 6, 10), (Referred.EXCLUDED, 6, 8)],
)
def test_a_referred_case_counts_as_declared(rule: Referred, k: int, n: int) -> None:
    """Ten negatives: six cleared, two flagged, two referred."""
    score = [0.1] * 6 + [0.9] * 2 + [0.45] * 2
    cases = binary([False] * 10, score, doubt=(0.4, 0.5), referred=rule)
    found = measured("specificity", cases, at_least(0.5))
    assert (round(found.estimate * found.n), found.n) == (k, n)


def test_per_unit_a_patient_is_cleared_only_if_all_her_cases_are() -> None:
    cases = binary([False] * 4, [0.1, 0.9, 0.1, 0.1], unit=["a", "a", "b", "b"])
    found = measured("specificity", cases, at_least(0.5), per_unit=True)
    assert (found.estimate, found.n) == (0.5, 2)


def test_a_gain_over_a_reader_is_counted_on_negatives_only() -> None:
    """The reader flags every case; the product clears 60 of 100 negatives."""
    positive = np.repeat([True, False], [50, 100])
    score = np.repeat([0.9, 0.1, 0.9], [50, 60, 40])
    cases = binary(positive, score, reader=np.ones(150))
    found = measured("specificity", cases, min_gain(0.4))
    assert (found.estimate, found.n) == (0.6, 100)
    assert outcome("specificity", cases, min_gain(0.4)) is Outcome.PASS


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    rng, runs, n = np.random.default_rng(1), 500, 80
    score = np.where(rng.random(runs * n) < 0.7, 0.1, 0.9)
    studies = binary([False] * (runs * n), score, run=run_numbers(runs, n))
    assert false_passes("specificity", studies, at_least(0.7)) <= within_error(runs)
