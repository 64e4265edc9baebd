"""Macro recall lets no rare class drop out unseen."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    ALPHA,
    answered,
    at_least,
    false_passes,
    measured,
    need,
    not_measured,
    outcome,
    run_numbers,
    within_error,
)

from roadworthy.core.verdict import Outcome
from roadworthy.instruments.macro_recall import Parameters
from roadworthy.stats import predictive

DIGITS = Parameters(tuple("0123456789"))
BOTH = Parameters(("a", "b"))


def test_it_is_scikit_learns_balanced_accuracy(digits: Real) -> None:
    found = measured("macro_recall", digits.cases, at_least(0.5), DIGITS)
    assert found.estimate == pytest.approx(balanced_accuracy_score(digits.truth, digits.said))


def test_its_bound_is_the_mean_of_simultaneous_ones() -> None:
    cases = answered(["a"] * 100 + ["b"] * 50, ["a"] * 90 + ["b"] * 60)
    found = measured("macro_recall", cases, at_least(0.5), BOTH)
    expected = predictive.weighted_lower([90, 50], [100, 50], [0.5, 0.5], ALPHA)
    assert found.low == pytest.approx(expected)


def test_a_declared_class_without_a_case_leaves_it_open() -> None:
    cases = answered(["a"] * 90, ["a"] * 90)
    assert "class b" in not_measured("macro_recall", cases, at_least(0.5), BOTH)


def test_a_class_that_was_not_declared_leaves_it_open_however_wrong_it_is() -> None:
    cases = answered(["a", "b", "c"] * 90, ["a", "b", "a"] * 90)
    assert "90 cases" in not_measured("macro_recall", cases, at_least(0.5), BOTH)


def test_classes_are_named_once_each() -> None:
    for classes in ((), ("a", "a", "b")):
        with pytest.raises(ValueError, match="every class once"):
            Parameters(classes)


def test_a_faultless_sample_does_not_disprove_a_limit_of_one() -> None:
    cases = answered(["a", "b"] * 90, ["a", "b"] * 90)
    assert outcome("macro_recall", cases, at_least(1.0), BOTH) is Outcome.INCONCLUSIVE


def test_the_plan_counts_cases_of_each_class() -> None:
    found = need("macro_recall", at_least(0.9), BOTH, target=0.95)
    assert found.of == "cases of each class"
    # each class is planned at alpha / 2, so above the 203 cases of one rate at alpha
    assert (found.at_target or 0) > 203


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    rng, runs, n = np.random.default_rng(1), 300, 120
    truth = np.tile(["a", "a", "b"], runs * n // 3)
    right = rng.random(runs * n) < np.where(truth == "a", 0.95, 0.75)
    studies = answered(truth, np.where(right, truth, "c"), run=run_numbers(runs, n))
    assert false_passes("macro_recall", studies, at_least(0.85), BOTH) <= within_error(runs)
