"""The recall of one class is judged on the cases of that class alone."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import recall_score
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    answered,
    at_least,
    false_passes,
    max_drop,
    measured,
    not_measured,
    outcome,
    run_numbers,
    within_error,
)

from roadworthy.core.verdict import Outcome
from roadworthy.instruments.recall import Parameters


def test_it_is_scikit_learns(digits: Real) -> None:
    known = recall_score(digits.truth, digits.said, labels=list("0123456789"), average=None)
    for name in "0189":
        found = measured("recall", digits.cases, at_least(0.5), Parameters(name))
        assert found.estimate == pytest.approx(known[int(name)])
        assert found.n == (digits.truth == name).sum()


def test_a_class_that_the_data_lacks_is_not_measured() -> None:
    cases = answered(["a", "b"], ["a", "b"])
    assert "class c" in not_measured("recall", cases, at_least(0.5), Parameters("c"))


def test_the_zero_failure_sample_size_is_that_of_any_rate() -> None:
    for n, expected in ((59, Outcome.PASS), (58, Outcome.INCONCLUSIVE)):
        cases = answered(["a"] * n + ["b"] * 99, ["a"] * n + ["c"] * 99)
        assert outcome("recall", cases, at_least(0.95), Parameters("a")) is expected


def test_a_comparison_looks_at_the_class_only() -> None:
    cases = answered(
        ["a"] * 100 + ["b"] * 100,
        ["a"] * 95 + ["b"] * 105,
        reader=["a"] * 90 + ["b"] * 10 + ["a"] * 100,
    )
    found = measured("recall", cases, max_drop(0.05), Parameters("a"))
    assert (round(found.estimate, 9), found.n) == (0.05, 100)


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    rng, runs, n = np.random.default_rng(1), 400, 120
    truth = np.tile(["a", "a", "b"], runs * n // 3)
    said = np.where(rng.random(runs * n) < 0.85, truth, "c")
    studies = answered(truth, said, run=run_numbers(runs, n))
    assert false_passes("recall", studies, at_least(0.85), Parameters("a")) <= within_error(runs)
