"""Two samples of one world are called different at most alpha often."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.stats import moved


def test_one_world_is_rarely_two() -> None:
    rng = np.random.default_rng(0)
    shares = [0.6, 0.37, 0.02, 0.01]
    calls = np.zeros(2)
    for _ in range(300):
        first, second = rng.multinomial(200, shares), rng.multinomial(300, shares)
        calls[0] += moved.levels(first, second).p <= 0.05
        calls[1] += moved.numbers(rng.normal(size=100), rng.normal(size=150)).p <= 0.05
    assert (calls / 300 <= 0.09).all()


def test_a_moved_world_is_found_with_its_distance() -> None:
    found = moved.levels([500, 500], [800, 200])
    assert found.value == pytest.approx(0.3)
    assert found.p < 1e-9


def test_only_rare_levels_tell_nothing() -> None:
    assert moved.levels([2, 1], [1, 2]).p == 1.0


def test_empty_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        moved.levels([0, 0], [1, 2])
    with pytest.raises(ValueError, match="values"):
        moved.numbers([], [1.0])
