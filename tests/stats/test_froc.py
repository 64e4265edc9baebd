"""The FROC curve against counting threshold by threshold, and its bounds at the limit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.stats import binomial, dependence, means
from roadworthy.stats.froc import froc

ALPHA = 0.05
level = st.integers(0, 10).map(lambda n: n / 10)
missed = st.just(-1.0)


@given(st.lists(level | missed, min_size=1, max_size=12), st.lists(level, max_size=12))
def test_every_point_is_what_counting_gives(best: list[float], false: list[float]) -> None:
    curve = froc(np.array(best), np.array(false), images=7)
    shown = sorted({*false, *(score for score in best if score >= 0)}, reverse=True)
    assert curve.threshold.tolist() == shown
    for at, found, alarms in zip(shown, curve.found, curve.false_marks, strict=True):
        assert found == pytest.approx(sum(score >= at for score in best) / len(best))
        assert alarms == pytest.approx(sum(score >= at for score in false) / 7)


@pytest.mark.parametrize(("best", "images"), [([], 3), ([0.5], 0)])
def test_there_is_no_curve_without_lesions_or_images(best: list[float], images: int) -> None:
    with pytest.raises(ValueError, match="needs images with lesions"):
        froc(np.array(best), np.empty(0), images)


def resampled(sums: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    at = rng.integers(0, len(sums), (200, len(sums)))
    found: np.ndarray = sums[at].sum(axis=1) / sizes[at].sum(axis=1)
    return found


def test_at_the_limit_lesions_that_share_patients_seldom_pass_and_the_bootstrap_lets_them() -> None:
    """A tenth of the patients have ten lesions, all found or all missed: the ugly corner."""
    rng, limit, passed, would = np.random.default_rng(3), 0.95, 0, 0
    for _ in range(200):
        lesions = np.where(rng.random(80) < 0.1, 10, 1)
        found = lesions * (rng.random(80) < limit)
        seen = dependence.effective_sample(found, lesions, ALPHA)
        passed += float(binomial.p_above(seen.k, seen.n, limit)) <= ALPHA
        would += float(np.quantile(resampled(found, lesions, rng), ALPHA)) >= limit
    # 17 of 200 would be surprising (1 in 50) at exactly alpha
    assert passed < 17
    assert would > 40


def test_at_the_limit_false_marks_that_crowd_on_few_patients_seldom_pass() -> None:
    """Each patient has five false marks on every image, or none: Poisson bounds would pass."""
    rng, limit, most, passed = np.random.default_rng(4), 0.5, 5.0, 0
    for _ in range(120):
        images = np.full(60, 4.0)
        marks = images * most * (rng.random(60) < limit / most)
        passed += means.p_below(marks, images, limit, 0.0, most) <= ALPHA
    assert passed < 12
