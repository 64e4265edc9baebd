"""Harms stand side by side, each with its own unit and limit, and none pays for another."""

from __future__ import annotations

import numpy as np
import pytest
from tests.instruments.measuring import (
    ALPHA,
    answered,
    at_most,
    binary,
    confused,
    false_passes,
    measured,
    min_gain,
    need,
    not_measured,
    run_numbers,
    within_error,
)

from roadworthy.core.product import CostMatrix, Harm
from roadworthy.instruments.expected_harm import Parameters
from roadworthy.stats import binomial

HARMS = (
    Harm("deaths", "deaths", miss=0.02),
    Harm("biopsies", "biopsies", false_alarm=1.0, found=1.0),
    Harm("reading", "min", refer=3.0),
)


def of(name: str, prevalence: float | str = "as_sampled") -> Parameters:
    return Parameters(name, HARMS, prevalence)  # type: ignore[arg-type]


def test_each_harm_counts_what_does_it() -> None:
    """Of 100: 2 missed, 8 found, 5 false alarms, 75 cleared, 10 referred."""
    positive = np.repeat([True, True, False, False, False], [2, 8, 5, 75, 10])
    score = np.repeat([0.1, 0.9, 0.9, 0.1, 0.45], [2, 8, 5, 75, 10])
    cases = binary(positive, score, doubt=(0.4, 0.5))
    found = {
        harm.name: measured("expected_harm", cases, at_most(1.0), of(harm.name)).estimate
        for harm in HARMS
    }
    assert found == pytest.approx({"deaths": 0.0004, "biopsies": 0.13, "reading": 0.3})


def test_a_harm_that_all_flagged_cases_do_is_one_exact_rate() -> None:
    found = measured("expected_harm", confused(40, 10, 45, 5), at_most(1.0), of("biopsies"))
    assert found.high == pytest.approx(float(binomial.upper(45, 100, ALPHA)))
    assert found.low == pytest.approx(float(binomial.lower(45, 100, ALPHA)))


def test_no_death_seen_is_no_proof_that_none_is_caused() -> None:
    found = measured("expected_harm", confused(150, 0, 150, 0), at_most(0.001), of("deaths"))
    assert found.estimate == 0.0
    assert found.high == pytest.approx(0.02 * 0.009936, rel=1e-3)


def test_of_several_classes_a_matrix_says_who_is_harmed() -> None:
    matrix = CostMatrix(("a", "b"), ((0.0, 0.5), (0.0, 0.0)))
    words = Parameters("falls", (Harm("falls", "falls", matrix=matrix),), "as_sampled")
    cases = answered(["a"] * 10 + ["b"] * 10, ["b"] * 2 + ["a"] * 18)
    found = measured("expected_harm", cases, at_most(1.0), words)
    assert found.estimate == pytest.approx(0.05)
    assert found.high == pytest.approx(0.5 * float(binomial.upper(2, 20, ALPHA)))


def test_a_reader_spends_her_minutes_on_every_case() -> None:
    cases = binary([True, False] * 100, [0.9, 0.1] * 100, reader=[True, False] * 100)
    found = measured("expected_harm", cases, min_gain(1.0), of("reading"))
    assert found.estimate == pytest.approx(3.0)
    assert found.p_pass < ALPHA


def test_a_harm_that_nobody_declared_is_not_measured() -> None:
    assert "no harm `pain`" in not_measured(
        "expected_harm", confused(9, 1), at_most(1.0), of("pain")
    )
    assert need("expected_harm", at_most(1.0), of("pain")).never


@pytest.mark.parametrize("name", ["deaths", "biopsies"])
def test_at_the_limit_it_passes_no_more_often_than_alpha(name: str) -> None:
    """A tenth of a prevalence of .05 is missed; .2 of all cases are flagged."""
    rng, runs, n = np.random.default_rng(4), 300, 300
    positive = rng.random(runs * n) < 0.05
    flagged = np.where(positive, rng.random(runs * n) < 0.9, rng.random(runs * n) < 0.155 / 0.95)
    truth = {"deaths": 0.05 * 0.1 * 0.02, "biopsies": 0.045 + 0.155}[name]
    studies = binary(positive, np.where(flagged, 0.9, 0.1), run=run_numbers(runs, n))
    assert false_passes("expected_harm", studies, at_most(truth), of(name)) <= within_error(runs)
