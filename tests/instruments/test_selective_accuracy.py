"""Selective accuracy asks what the most certain answers are worth, and never takes part in them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.instruments.measuring import (
    answered,
    at_least,
    binary,
    measured,
    need,
    not_measured,
    outcome,
)

from roadworthy.core import columns
from roadworthy.core.policy import Referred
from roadworthy.core.product import Task
from roadworthy.core.verdict import Outcome
from roadworthy.instruments.selective_accuracy import Parameters, SelectiveAccuracy
from roadworthy.testing import check_instrument

NAME = "selective_accuracy"
SAMPLED = Parameters(0.8, prevalence="as_sampled")
OF_CLASSES = Parameters(0.8, prevalence="as_sampled", task=Task.MULTICLASS)


def test_it_keeps_the_promises_of_an_instrument() -> None:
    check_instrument(SelectiveAccuracy())
    check_instrument(SelectiveAccuracy(), Parameters(1.0, certainty="price"))


def test_the_least_certain_fifth_may_be_wrong() -> None:
    """Scores near .5 are wrong, all others right."""
    score = np.r_[np.full(180, 0.55), np.linspace(0.6, 0.99, 410), np.linspace(0.01, 0.4, 410)]
    positive = np.r_[np.zeros(180), np.ones(410), np.zeros(410)].astype(bool)
    found = measured(NAME, binary(positive, score), at_least(0.98), SAMPLED)
    assert found.estimate == 1.0 and found.low is not None
    assert outcome(NAME, binary(positive, score), at_least(0.95), SAMPLED) is Outcome.PASS
    everything = Parameters(1.0, prevalence="as_sampled")
    assert measured(NAME, binary(positive, score), at_least(0.9), everything).estimate == 0.82


def test_what_is_referred_is_the_least_certain_and_its_truth_does_not_tell() -> None:
    """Referred cases count as right here; were they among the most certain, they would flatter."""
    score = np.r_[np.full(200, 0.5), np.full(800, 0.9)]
    positive = np.r_[np.ones(200), np.ones(600), np.zeros(200)].astype(bool)
    cases = binary(positive, score, doubt=(0.45, 0.55), referred=Referred.RIGHT)
    assert measured(NAME, cases, at_least(0.7), SAMPLED).estimate == 0.75


def test_a_column_may_say_how_certain_the_product_is() -> None:
    truth, said = ["a"] * 500, ["a"] * 400 + ["b"] * 100
    cases = answered(truth, said, sure=np.linspace(1, 0, 500))
    named = Parameters(0.8, "sure", "as_sampled", Task.MULTICLASS)
    assert measured(NAME, cases, at_least(0.9), named).estimate == 1.0
    assert "name a column" in not_measured(NAME, cases, at_least(0.9), OF_CLASSES)
    known = cases.with_columns(cases["sure"].alias(columns.CERTAINTY))
    assert measured(NAME, known, at_least(0.9), OF_CLASSES).estimate == 1.0


def test_another_prevalence_dependent_cases_and_many_looks_are_not_measured() -> None:
    cases = binary([True] * 200, [0.9] * 200, unit=np.arange(200) // 2)
    assert "per: unit" in not_measured(NAME, cases, at_least(0.9), SAMPLED)
    assert measured(NAME, cases, at_least(0.9), SAMPLED, per_unit=True).n == 100
    alone = binary([True] * 200, [0.9] * 200)
    assert "look" in not_measured(NAME, alone, at_least(0.9), SAMPLED, anytime=True)
    rare = Parameters(0.8, prevalence=0.01)
    assert "as_sampled" in not_measured(NAME, alone, at_least(0.9), rare)


def test_as_many_cases_as_are_planned_show_it() -> None:
    wanted = need(NAME, at_least(0.98), SAMPLED)
    assert wanted.without_error is not None
    for n, found in ((wanted.without_error, Outcome.PASS), (120, Outcome.INCONCLUSIVE)):
        cases = binary([True] * n, np.linspace(0.6, 1.0, n))
        assert outcome(NAME, cases, at_least(0.98), SAMPLED) is found


def test_a_coverage_is_a_share() -> None:
    with pytest.raises(ValueError, match="at_coverage must be above 0"):
        Parameters(at_coverage=0.0)
