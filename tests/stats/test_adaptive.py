"""What looks and told scores do to a test set: exact numbers, and simulations that meet them."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.stats import adaptive
from roadworthy.workflow.vault_explain import vault_explain


def test_the_price_of_looks_is_the_published_one() -> None:
    found = vault_explain().prices
    assert [one.looks for one in found] == [1, 2, 5, 10, 20, 100]
    assert [one.first for one in found] == [239, 292, 362, 427, 480, 591]
    assert [one.safe for one in found] == [263, 316, 386, 452, 505, 616]


def test_twenty_looks_at_failing_products() -> None:
    found = vault_explain()
    assert found.by_point == pytest.approx(1.0, abs=5e-4)
    assert found.by_bound == pytest.approx(0.565, abs=5e-4)
    assert found.by_share == pytest.approx(0.021, abs=5e-4)


@pytest.mark.parametrize("tries", [10, 100, 400])
def test_boosting_shows_what_the_formula_says(tries: int) -> None:
    shown = adaptive.boosted(tries, 1000, 30, np.random.default_rng(1)).mean()
    assert shown == pytest.approx(adaptive.boosted_accuracy(tries, 1000), abs=0.01)


def test_the_best_of_many_coins_looks_better_than_one() -> None:
    rng = np.random.default_rng(2)
    assert adaptive.best_of(1, 1000, 200, rng).mean() == pytest.approx(0.5, abs=0.005)
    assert adaptive.best_of(100, 1000, 200, rng).mean() > 0.535


def test_told_scores_defeat_an_honest_share_of_alpha_and_one_bit_does_not() -> None:
    looks, cases, teams = 50, 300, 200
    told = adaptive.climbed(looks, cases, teams, np.random.default_rng(3), told=True)
    hidden = adaptive.climbed(looks, cases, teams, np.random.default_rng(3), told=False)
    assert adaptive.passes(told, cases, 0.5, 0.05 / looks).mean() > 0.8
    assert adaptive.passes(hidden, cases, 0.5, 0.05 / looks).mean() <= 0.05
    assert adaptive.passes(hidden, cases, 0.5, 0.05).mean() > 0.2
