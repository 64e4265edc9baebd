"""A planned fresh set has the power it was planned for, and what cannot be shown is said."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.stats import two_rates, two_rates_plan
from roadworthy.stats.two_rates import TwoRates
from roadworthy.stats.two_rates_plan import Never


def simulated_power(
    n_old: int, old: float, n_new: int, new: float, delta: float, alpha: float
) -> float:
    rng = np.random.default_rng(0)
    pairs = zip(rng.binomial(n_old, old, 250), rng.binomial(n_new, new, 250), strict=True)
    shown = [two_rates.p_above(TwoRates(int(x), n_old, int(y), n_new), delta) for x, y in pairs]
    return float(np.mean(np.array(shown) <= alpha))


@pytest.mark.parametrize(
    ("n_old", "old", "n_new", "new", "delta"),
    [(300, 0.90, 300, 0.80, 0.02), (150, 0.95, 100, 0.85, 0.0)],
)
def test_power_is_what_simulated_sets_show(
    n_old: int, old: float, n_new: int, new: float, delta: float
) -> None:
    told = two_rates_plan.power_above(n_old, old, n_new, new, delta, 0.05)
    assert told == pytest.approx(simulated_power(n_old, old, n_new, new, delta, 0.05), abs=0.08)


def test_the_planned_size_is_enough_and_nearly_the_smallest() -> None:
    size = two_rates_plan.fresh_to_show_drop(1000, 0.90, 0.08, 0.02, 0.05, 0.80)
    assert isinstance(size, int)
    assert two_rates_plan.power_above(1000, 0.90, size, 0.82, 0.02, 0.05) >= 0.80
    assert two_rates_plan.power_above(1000, 0.90, int(0.9 * size), 0.82, 0.02, 0.05) < 0.80


def test_holding_is_planned_by_the_mirrored_test() -> None:
    size = two_rates_plan.fresh_to_show_hold(2000, 0.90, 0.0, 0.05, 0.05, 0.80)
    assert isinstance(size, int)
    rng = np.random.default_rng(1)
    pairs = zip(rng.binomial(2000, 0.9, 150), rng.binomial(size, 0.9, 150), strict=True)
    shown = [two_rates.p_below(TwoRates(int(x), 2000, int(y), size), 0.05) for x, y in pairs]
    assert np.mean(np.array(shown) <= 0.05) == pytest.approx(0.80, abs=0.10)


def test_a_small_old_set_is_named_as_what_is_in_the_way() -> None:
    found = two_rates_plan.fresh_to_show_drop(200, 0.90, 0.04, 0.02, 0.05, 0.80)
    assert isinstance(found, Never)
    assert "200 old cases" in found.why


def test_more_models_take_more_labels() -> None:
    one, three = (
        two_rates_plan.fresh_to_show_drop(1000, 0.90, 0.15, 0.02, 0.05 / count, 0.80)
        for count in (1, 3)
    )
    assert isinstance(one, int) and isinstance(three, int)
    assert one < three


@pytest.mark.parametrize(("drop", "tolerated"), [(0.02, 0.02), (0.01, 0.05)])
def test_a_tolerated_drop_cannot_be_planned_for(drop: float, tolerated: float) -> None:
    with pytest.raises(ValueError, match="exceed"):
        two_rates_plan.fresh_to_show_drop(1000, 0.9, drop, tolerated, 0.05, 0.8)
