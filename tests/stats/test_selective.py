"""Accuracy at a coverage passes no more often than alpha, wherever the share happens to be cut."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from roadworthy.stats import binomial, selective

Floats = NDArray[np.float64]
ALPHA, COVERAGE, RUNS = 0.05, 0.8, 600

# how often a case is right by how certain it is (0 to 1), and that on average above .2
COHORTS: dict[str, tuple[Callable[[Floats], Floats], float]] = {
    "certainty says nothing": (lambda u: np.full_like(u, 0.9), 0.9),
    "wrong just below the cut": (lambda u: np.where(u < 0.2, 0.0, 0.95), 0.95),
    "wrong just above the cut": (lambda u: np.where((u > 0.2) & (u < 0.24), 0.0, 1.0), 0.95),
    "the most certain are wrong": (lambda u: np.where(u > 0.96, 0.0, 1.0), 0.95),
    "rare errors": (lambda u: np.where(u < 0.2, 0.5, 0.995), 0.995),
    # three levels of certainty: a tenth is below, and half of the ties in the middle are cut
    "ties": (lambda u: np.where(u < 0.1, 0.2, np.where(u < 0.3, 0.9, 0.98)), 0.97),
}


def _studies(name: str, n: int, seed: int) -> tuple[NDArray[np.bool_], float]:
    """Whether cases were right, the most certain first, in many studies; the true accuracy."""
    rng, (chance, truth) = np.random.default_rng(seed), COHORTS[name]
    u = rng.random((RUNS, n))
    right = rng.random((RUNS, n)) < chance(u)
    certainty = np.digitize(u, [0.1, 0.3]).astype(float) if name == "ties" else u
    order = np.stack([selective.ordered(one) for one in certainty])
    return np.take_along_axis(right, order, axis=1), truth


@pytest.mark.parametrize("n", [60, 700])
@pytest.mark.parametrize("name", sorted(COHORTS))
def test_at_the_limit_it_errs_no_more_often_than_alpha(name: str, n: int) -> None:
    studies, truth = _studies(name, n, 3)
    within = ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / RUNS)
    passes = np.mean([selective.lower(one, COVERAGE, ALPHA) >= truth for one in studies])
    fails = np.mean([selective.upper(one, COVERAGE, ALPHA) < truth for one in studies])
    assert passes <= within and fails <= within


def test_a_bound_that_takes_the_samples_cut_for_the_cohorts_errs_too_often() -> None:
    """What this module is for: the same exact bound, on the sample's own most certain four fifths.

    Half of the cases just below the cut are wrong, and nearly none above.
    """
    rng, n, runs = np.random.default_rng(1), 200, 4000
    u = rng.random((runs, n))
    right = rng.random((runs, n)) < np.where((u > 0.2) & (u < 0.25), 0.0, 0.999)
    truth = 1 - (0.05 + 0.75 * 0.001) / 0.8
    order = np.argsort(-u, axis=1)
    kept = round(COVERAGE * n)
    hits = np.take_along_axis(right, order, axis=1)[:, :kept].sum(axis=1)
    naive = np.mean(binomial.lower(hits, np.full(runs, kept), ALPHA) >= truth)
    ours = [selective.lower(one[at], COVERAGE, ALPHA) >= truth
            for one, at in zip(right[:600], order[:600], strict=True)]  # fmt: skip
    assert naive > 0.1
    assert np.mean(ours) < 0.08


@given(st.integers(1, 3000), st.floats(0.01, 1.0), st.floats(1e-6, 0.2))
def test_the_cohorts_share_lies_between_the_two_known_sets(n: int, share: float, d: float) -> None:
    few, many = selective.fewest(n, share, d), selective.most(n, share, d)
    assert 0 <= few <= many <= n


def test_one_wrong_case_more_shows_no_more() -> None:
    rng = np.random.default_rng(5)
    right = rng.random(300) < 0.97
    before = selective.lower(right, COVERAGE, ALPHA), selective.upper(right, COVERAGE, ALPHA)
    for at in range(0, 300, 37):
        worse = right.copy()
        worse[at] = False
        assert selective.lower(worse, COVERAGE, ALPHA) <= before[0]
        assert selective.upper(worse, COVERAGE, ALPHA) <= before[1]


def test_at_full_coverage_it_is_the_exact_binomial() -> None:
    right = np.arange(200) < 190
    found = selective.lower(right, 1.0, ALPHA)
    assert found == pytest.approx(float(binomial.lower(190, 200, 0.9 * ALPHA)))
