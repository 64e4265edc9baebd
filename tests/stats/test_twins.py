"""Two different tables share rows as often as chance has it; a copied one shares more."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.stats.twins import more_than_chance


def twins(values: np.ndarray) -> int:
    _, at, counts = np.unique(values, return_inverse=True, return_counts=True)
    return int((counts[at] > 1).sum())


@pytest.mark.parametrize("levels", [2, 30, 500, 10**4, 10**9])
def test_different_cases_of_one_population_are_never_taken_for_the_same(levels: int) -> None:
    rng = np.random.default_rng(levels)
    for _ in range(200):
        ours, theirs = rng.integers(0, levels, 300), rng.integers(0, levels, 300)
        shared = int(np.isin(ours, theirs).sum())
        own = max(twins(ours), twins(theirs))
        assert not more_than_chance(shared, 300, own, 300)


@pytest.mark.parametrize("copied", [10, 40, 300])
def test_copied_cases_are_found_where_values_are_many(copied: int) -> None:
    assert more_than_chance(copied, 300, 0, 300)


def test_nothing_shared_is_nothing() -> None:
    assert not more_than_chance(0, 300, 0, 300)
    assert not more_than_chance(300, 300, 300, 300)
