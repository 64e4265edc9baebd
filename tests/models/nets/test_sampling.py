"""What an epoch shows: every rule in its proportions, the same for the same seed and losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from roadworthy.core.product import Draw, Sampling
from roadworthy.models.nets.feed import Rows
from roadworthy.models.nets.sampling import Sampler

ROWS = np.arange(200) * 3 + 1
RARE = np.array([1] * 10 + [0] * 190)
SHARES = np.where(RARE == 1, 4.0, 1.0)


def sampler(draw: Draw, times: int = 1) -> Sampler:
    return Sampler(Sampling(draw, times), ROWS, RARE, SHARES)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def share_of_rare(drawn: Rows) -> float:
    return float(RARE[(drawn - 1) // 3].mean())


def test_naturally_every_case_is_seen_once() -> None:
    drawn = sampler(Draw.NATURAL).drawn(rng())
    assert sorted(drawn) == sorted(ROWS)
    assert list(drawn) != list(ROWS)


def test_stratified_batches_hold_the_classes_in_their_proportion() -> None:
    drawn = sampler(Draw.STRATIFIED).drawn(rng())
    assert sorted(drawn) == sorted(ROWS)
    classes = RARE[(drawn - 1) // 3]
    for at in range(0, 200, 40):
        assert 1 <= classes[at : at + 40].sum() <= 3
    worst = [RARE[rng(seed).permutation(200)][:40].sum() for seed in range(50)]
    assert max(worst) > 3


def test_balanced_every_class_is_seen_as_often() -> None:
    drawn = sampler(Draw.BALANCED).drawn(rng())
    assert len(drawn) == 200
    assert 0.4 < share_of_rare(drawn) < 0.6


def test_by_cost_a_case_is_seen_in_proportion_to_what_its_error_costs() -> None:
    drawn = np.concatenate([sampler(Draw.COST).drawn(rng(seed)) for seed in range(20)])
    assert share_of_rare(drawn) == pytest.approx(40 / 230, abs=0.03)


def test_oversampled_cases_are_seen_exactly_so_many_times_and_others_once() -> None:
    drawn = sampler(Draw.OVERSAMPLE, 4).drawn(rng())
    counts = np.unique_counts(drawn).counts
    assert sorted(counts) == [1] * 190 + [4] * 10


def test_what_is_hard_is_seen_more_often_and_nothing_is_forgotten() -> None:
    hard = sampler(Draw.HARD)
    losses = np.where(RARE == 1, 2.0, 0.01).astype(np.float32)
    first = np.concatenate([hard.drawn(rng(seed)) for seed in range(20)])
    hard.saw(ROWS, losses)
    then = np.concatenate([hard.drawn(rng(seed)) for seed in range(20)])
    assert share_of_rare(first) == pytest.approx(0.05, abs=0.02)
    expected = 0.5 * 0.05 + 0.5 * 20.0 / (20.0 + 1.9)
    assert share_of_rare(then) == pytest.approx(expected, abs=0.03)
    assert len(set(then)) > 190


def test_where_nothing_is_lost_any_more_all_are_alike() -> None:
    hard = sampler(Draw.HARD)
    hard.saw(ROWS, np.zeros(200, dtype=np.float32))
    assert len(hard.drawn(rng())) == 200


@settings(max_examples=60, deadline=None)
@given(
    draw=st.sampled_from(list(Draw)),
    seed=st.integers(0, 2**31),
    classes=st.lists(st.integers(0, 3), min_size=2, max_size=60),
    epochs=st.integers(1, 4),
    stop=st.integers(1, 4),
)
def test_whoever_goes_on_from_kept_arrays_draws_the_same(
    draw: Draw, seed: int, classes: list[int], epochs: int, stop: int
) -> None:
    of = np.array(classes)
    rows = np.arange(len(of)) + 5
    rule, shares = Sampling(draw, 2), 1.0 + (of == 1)

    def epoch(found: Sampler, number: int) -> list[int]:
        drawn = found.drawn(np.random.default_rng([seed, number]))
        assert set(drawn) <= set(rows)
        if found.watches:
            found.saw(drawn, _losses(drawn, number))
        return [int(row) for row in drawn]

    whole, halted = Sampler(rule, rows, of, shares), Sampler(rule, rows, of, shares)
    told = [epoch(whole, number) for number in range(epochs)]
    before = [epoch(halted, number) for number in range(min(stop, epochs))]
    again = Sampler(rule, rows, of, shares)
    again.restore({name: array.copy() for name, array in halted.arrays().items()})
    after = [epoch(again, number) for number in range(len(before), epochs)]
    assert before + after == told


def _losses(rows: Rows, number: int) -> NDArray[np.float32]:
    return ((rows * 7919 + number) % 13).astype(np.float32)
