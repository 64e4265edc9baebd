"""The precision of one class is judged on the cases that are called so."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_score
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    answered,
    at_least,
    false_passes,
    measured,
    not_measured,
    run_numbers,
    within_error,
)

from roadworthy.instruments.precision import Parameters


def test_it_is_scikit_learns(digits: Real) -> None:
    known = precision_score(digits.truth, digits.said, labels=list("0123456789"), average=None)
    for name in "0189":
        found = measured("precision", digits.cases, at_least(0.5), Parameters(name, "as_sampled"))
        assert found.estimate == pytest.approx(known[int(name)])
        assert found.n == (digits.said == name).sum()


def test_a_class_that_is_never_called_is_not_measured() -> None:
    cases = answered(["a", "b"], ["b", "b"])
    assert "called a" in not_measured("precision", cases, at_least(0.5), Parameters("a"))


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    """Two classes, alike in number, each right in .8: the precision of both is .8."""
    rng, runs, n = np.random.default_rng(1), 400, 120
    truth = np.tile([0, 1], runs * n // 2)
    said = np.where(rng.random(runs * n) < 0.8, truth, 1 - truth)
    names = np.array(["a", "b"])
    studies = answered(names[truth], names[said], run=run_numbers(runs, n))
    assert false_passes("precision", studies, at_least(0.8), Parameters("a")) <= within_error(runs)
