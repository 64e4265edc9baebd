"""The false negative rate is 1 - sensitivity, with every side turned round."""

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
    max_drop,
    measured,
    need,
    outcome,
    run_numbers,
    within_error,
)

from roadworthy.core.policy import Referred
from roadworthy.core.verdict import Outcome


def test_it_mirrors_sensitivity(tumours: Real) -> None:
    missed = measured("false_negative_rate", tumours.cases, at_most(0.1))
    found = measured("sensitivity", tumours.cases, at_least(0.9))
    assert missed.estimate == pytest.approx(1.0 - found.estimate)
    assert missed.p_pass == pytest.approx(found.p_pass)
    assert missed.p_fail == pytest.approx(found.p_fail)
    assert missed.high == pytest.approx(1.0 - (found.low or 0.0))


def test_no_miss_among_68_cancers_is_no_proof_of_four_percent() -> None:
    """FACTS: 0 of 68 missed has an exact 95 % upper bound of 4.3 %."""
    found = measured("false_negative_rate", confused(68, 0), at_most(0.04))
    assert found.high == pytest.approx(0.043, abs=5e-4)
    assert outcome("false_negative_rate", confused(68, 0), at_most(0.04)) is Outcome.INCONCLUSIVE


def test_no_miss_at_all_can_never_be_shown_and_one_disproves_it() -> None:
    assert outcome("false_negative_rate", confused(9_999, 0), at_most(0.0)) is Outcome.INCONCLUSIVE
    assert outcome("false_negative_rate", confused(9_999, 1), at_most(0.0)) is Outcome.FAIL
    assert need("false_negative_rate", at_most(0.0)).never


def test_the_plan_mirrors_that_of_sensitivity() -> None:
    found = need("false_negative_rate", at_most(0.10), target=0.05)
    assert (found.at_target, found.without_error) == (203, 29)


@pytest.mark.parametrize(
    ("rule", "k", "n"),
    [(Referred.RIGHT, 2, 10), (Referred.WRONG, 4, 10), (Referred.EXCLUDED, 2, 8)],
)
def test_a_referred_case_counts_as_declared(rule: Referred, k: int, n: int) -> None:
    score = [0.9] * 6 + [0.1] * 2 + [0.45] * 2
    cases = binary([True] * 10, score, doubt=(0.4, 0.5), referred=rule)
    found = measured("false_negative_rate", cases, at_most(0.5))
    assert (round(found.estimate * found.n), found.n) == (k, n)


def test_missing_more_than_a_reader_is_a_drop_although_less_is_better() -> None:
    """The product misses 20 of 100, the reader 5: ours is worse by .15."""
    score = np.repeat([0.1, 0.9], [20, 80])
    cases = binary([True] * 100, score, reader=np.r_[np.zeros(5), np.ones(95)])
    found = measured("false_negative_rate", cases, max_drop(0.05))
    assert found.estimate == pytest.approx(-0.15)
    assert outcome("false_negative_rate", cases, max_drop(0.05)) is Outcome.FAIL
    assert outcome("false_negative_rate", cases, max_drop(0.30)) is Outcome.PASS


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    rng, runs, n = np.random.default_rng(1), 500, 60
    score = np.where(rng.random(runs * n) < 0.1, 0.1, 0.9)
    studies = binary([True] * (runs * n), score, run=run_numbers(runs, n))
    assert false_passes("false_negative_rate", studies, at_most(0.1)) <= within_error(runs)
