"""Sensitivity is what most products live by, so its numbers are the published ones."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import recall_score
from tests.instruments.conftest import Real
from tests.instruments.measuring import (
    ALPHA,
    at_least,
    binary,
    confused,
    false_passes,
    max_drop,
    measured,
    min_gain,
    need,
    not_measured,
    outcome,
    run_numbers,
    within_error,
)

from roadworthy.core.policy import Referred
from roadworthy.core.verdict import Outcome
from roadworthy.stats import binomial


def test_it_is_the_recall_of_the_positives(tumours: Real) -> None:
    found = measured("sensitivity", tumours.cases, at_least(0.9))
    assert found.estimate == pytest.approx(recall_score(tumours.truth, tumours.said >= 0.5))
    assert found.n == tumours.truth.sum()


def test_fifty_nine_without_a_miss_show_95_percent_and_fifty_eight_do_not() -> None:
    """FACTS: the zero-failure sample size of .95 is 59."""
    assert outcome("sensitivity", confused(59, 0), at_least(0.95)) is Outcome.PASS
    assert outcome("sensitivity", confused(58, 0), at_least(0.95)) is Outcome.INCONCLUSIVE


def test_the_idx_dr_trial_shows_75_and_not_85_percent() -> None:
    """FACTS: 173 of 198 found; the one-sided 95 % lower bound is .8281."""
    trial = confused(173, 25)
    assert measured("sensitivity", trial, at_least(0.75)).low == pytest.approx(0.8281, abs=5e-5)
    assert outcome("sensitivity", trial, at_least(0.75)) is Outcome.PASS
    assert outcome("sensitivity", trial, at_least(0.85)) is Outcome.INCONCLUSIVE
    assert outcome("sensitivity", trial, at_least(0.93)) is Outcome.FAIL


def test_its_evidence_is_the_exact_binomials() -> None:
    found = measured("sensitivity", confused(95, 5, 30, 3), at_least(0.9))
    assert found.low == pytest.approx(float(binomial.lower(95, 100, ALPHA)))
    assert found.high == pytest.approx(float(binomial.upper(95, 100, ALPHA)))
    assert found.p_pass == pytest.approx(float(binomial.p_above(95, 100, 0.9)))
    assert found.p_fail == pytest.approx(float(binomial.p_below(95, 100, 0.9)))


def test_negatives_alone_show_nothing() -> None:
    assert "no positives" in not_measured("sensitivity", confused(0, 0, 50), at_least(0.9))


def test_all_of_them_can_never_be_shown_and_one_miss_disproves_it() -> None:
    assert outcome("sensitivity", confused(10_000, 0), at_least(1.0)) is Outcome.INCONCLUSIVE
    assert outcome("sensitivity", confused(10_000, 1), at_least(1.0)) is Outcome.FAIL
    assert need("sensitivity", at_least(1.0)).never
    assert need("sensitivity", at_least(0.0), target=0.5).at_target == 1


def test_the_plan_is_the_exact_one() -> None:
    """FACTS: .90 against .95 takes 203 positives at power .8, 263 at .9, 29 without a miss."""
    found = need("sensitivity", at_least(0.9), target=0.95)
    assert (found.at_target, found.without_error, found.among) == (203, 29, "share")
    assert need("sensitivity", at_least(0.9), target=0.95, power=0.9).at_target == 263


def test_a_target_next_to_the_limit_has_no_plan_and_no_error() -> None:
    assert need("sensitivity", at_least(0.9), target=0.9 + 1e-9).at_target is None


@pytest.mark.parametrize(
    ("rule", "k", "n"),
    [(Referred.RIGHT, 8, 10), (Referred.WRONG, 6, 10), (Referred.EXCLUDED, 6, 8)],
)
def test_a_referred_case_counts_as_declared(rule: Referred, k: int, n: int) -> None:
    """Ten positives: six found, two missed, two referred."""
    score = [0.9] * 6 + [0.1] * 2 + [0.45] * 2
    cases = binary([True] * 10, score, doubt=(0.4, 0.5), referred=rule)
    found = measured("sensitivity", cases, at_least(0.5))
    assert (round(found.estimate * found.n), found.n) == (k, n)


def test_what_is_out_of_scope_leaves_the_rate() -> None:
    cases = binary([True] * 4, [0.9, 0.9, 0.1, 0.1], inside=[True, True, True, False])
    assert measured("sensitivity", cases, at_least(0.5)).n == 3


def test_cases_of_one_patient_are_no_more_than_one_proof() -> None:
    """Sixty positives of twenty patients: too few units to tell how alike their cases are."""
    alike = binary([True] * 60, [0.9] * 60, unit=np.repeat(np.arange(20), 3))
    assert "20 units" in not_measured("sensitivity", alike, at_least(0.9))
    frames = binary([True] * 590, [0.9] * 590, unit=np.repeat(np.arange(59), 10))
    assert outcome("sensitivity", frames, at_least(0.95)) is Outcome.PASS
    frames = binary([True] * 580, [0.9] * 580, unit=np.repeat(np.arange(58), 10))
    assert outcome("sensitivity", frames, at_least(0.95)) is Outcome.INCONCLUSIVE


def test_per_unit_a_patient_is_found_by_one_of_her_cases() -> None:
    """Two patients: one found by one of two positive cases, one with both missed."""
    cases = binary([True] * 4, [0.9, 0.1, 0.1, 0.1], unit=["a", "a", "b", "b"])
    found = measured("sensitivity", cases, at_least(0.5), per_unit=True)
    assert (found.estimate, found.n) == (0.5, 2)


def test_not_worse_than_a_reader_is_told_as_a_gain() -> None:
    """Of 100 positives the product finds 93, the reader 90: gained 5, lost 2."""
    ours = np.repeat([0.9, 0.1], [93, 7])
    reader = np.r_[np.ones(88), np.zeros(5), np.ones(2), np.zeros(5)]
    cases = binary([True] * 100, ours, reader=reader)
    found = measured("sensitivity", cases, max_drop(0.05))
    assert found.estimate == pytest.approx(0.03)
    assert "5 gained, 2 lost" in found.method
    assert outcome("sensitivity", cases, max_drop(0.05)) is Outcome.PASS
    assert outcome("sensitivity", cases, min_gain(0.03)) is Outcome.INCONCLUSIVE
    assert outcome("sensitivity", cases, min_gain(0.15)) is Outcome.FAIL


def test_at_the_limit_it_passes_no_more_often_than_alpha() -> None:
    rng, runs, n = np.random.default_rng(1), 500, 60
    score = np.where(rng.random(runs * n) < 0.9, 0.9, 0.1)
    studies = binary([True] * (runs * n), score, run=run_numbers(runs, n))
    assert false_passes("sensitivity", studies, at_least(0.9)) <= within_error(runs)


def test_at_the_limit_alike_cases_pass_no_more_often_than_alpha() -> None:
    """Eighty patients of three cases that are found together or not at all."""
    rng, runs, units = np.random.default_rng(2), 300, 80
    found = np.repeat(rng.random(runs * units) < 0.9, 3)
    unit = np.repeat(np.arange(runs * units), 3)
    score, run = np.where(found, 0.9, 0.1), run_numbers(runs, 3 * units)
    studies = binary(np.ones(len(found)), score, unit=unit, run=run)
    assert false_passes("sensitivity", studies, at_least(0.9)) <= within_error(runs)


def test_at_the_margin_a_comparison_passes_no_more_often_than_alpha() -> None:
    """The product loses .10 of the cases and gains .05: a drop of exactly .05."""
    rng, runs, n = np.random.default_rng(3), 400, 60
    luck = rng.random(runs * n)
    ours, theirs = (luck >= 0.10), (luck < 0.10) | (luck >= 0.15)
    studies = binary(
        np.ones(runs * n),
        np.where(ours, 0.9, 0.1),
        reader=theirs,
        run=run_numbers(runs, n),
    )
    share = false_passes(
        "sensitivity", studies, max_drop(0.05), same=lambda gathered: gathered["pairs"].counts
    )
    assert share <= within_error(runs)
