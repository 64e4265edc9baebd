"""The false positive rate is 1 - specificity, with every side turned round."""

from __future__ import annotations

import numpy as np
import pytest
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    at_least,
    at_most,
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

from roadworthy.core.verdict import Outcome


def test_it_mirrors_specificity(tumours: Real) -> None:
    alarms = measured("false_positive_rate", tumours.cases, at_most(0.1))
    cleared = measured("specificity", tumours.cases, at_least(0.9))
    assert alarms.estimate == pytest.approx(1.0 - cleared.estimate)
    assert alarms.p_pass == pytest.approx(cleared.p_pass)
    assert alarms.p_fail == pytest.approx(cleared.p_fail)


def test_positives_alone_show_nothing() -> None:
    assert "no negatives" in not_measured("false_positive_rate", confused(50, 3), at_most(0.1))


def test_fewer_false_alarms_than_a_reader_are_a_gain() -> None:
    cases = binary([False] * 100, np.repeat([0.9, 0.1], [10, 90]), reader=np.repeat([1, 0], 50))
    found = measured("false_positive_rate", cases, min_gain(0.2))
    assert found.estimate == pytest.approx(0.4)
    assert outcome("false_positive_rate", cases, min_gain(0.2)) is Outcome.PASS


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    rng, runs, n = np.random.default_rng(1), 500, 100
    score = np.where(rng.random(runs * n) < 0.2, 0.9, 0.1)
    studies = binary([False] * (runs * n), score, run=run_numbers(runs, n))
    assert false_passes("false_positive_rate", studies, at_most(0.2)) <= within_error(runs)
