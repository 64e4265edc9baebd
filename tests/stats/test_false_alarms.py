"""A threshold keeps its share of false alarms, however many scores are equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from roadworthy.stats.binomial import p_below, upper
from roadworthy.stats.false_alarms import threshold

AT_MOST, ALPHA = 0.02, 0.05


def test_149_cases_are_the_fewest_that_show_two_percent() -> None:
    fewest, too_few = threshold(range(149), AT_MOST, ALPHA), threshold(range(148), AT_MOST, ALPHA)
    assert (fewest.spent, too_few.spent) == (0, 0)
    assert p_below(0, 149, AT_MOST) <= ALPHA < p_below(0, 148, AT_MOST)
    assert upper(0, 149, ALPHA) <= AT_MOST < upper(0, 148, ALPHA)


@given(st.integers(149, 3000), st.sampled_from([0.02, 0.05, 0.1]))
def test_as_many_are_given_up_as_the_exact_rule_allows_and_not_one_more(
    n: int, at_most: float
) -> None:
    spent = threshold(range(n), at_most, ALPHA).spent
    assert binom.cdf(spent, n, at_most) <= ALPHA < binom.cdf(spent + 1, n, at_most)


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), min_size=1, max_size=400))
def test_no_more_scores_lie_above_than_were_given_up(scores: list[float]) -> None:
    found = threshold(scores, AT_MOST, ALPHA)
    assert sum(score > found.at for score in scores) <= found.spent
    assert found.at in scores


SHAPES: dict[str, Callable[[Any], Any]] = {
    "smooth": lambda u: u,
    # steps of 1/60: the true share above a threshold jumps past .02
    "ties": lambda u: np.floor(u * 60) / 60,
    "two values": lambda u: (u > 0.979).astype(float),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [149, 700])
def test_more_false_alarms_than_declared_in_at_most_five_of_a_hundred_runs(
    n: int, shape: str
) -> None:
    draw, runs, spread = np.random.default_rng(n), 600, SHAPES[shape]
    everyone = np.sort(spread(np.linspace(0, 1, 200_001)))
    at = [threshold(spread(draw.random(n)), AT_MOST, ALPHA).at for _ in range(runs)]
    true = 1.0 - np.searchsorted(everyone, at, side="right") / len(everyone)
    missed = float(np.mean(true > AT_MOST))
    assert missed <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / runs) ** 0.5


def test_without_scores_there_is_no_threshold() -> None:
    for scores in ([], [1.0, float("nan")]):
        with pytest.raises(ValueError, match="scores"):
            threshold(scores, AT_MOST, ALPHA)
