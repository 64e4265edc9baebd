"""Training learns, stops, goes on where it was interrupted, and never keeps what is no number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from tests.models.nets.learning import guidance, rings, spots

from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Epoch, Guidance
from roadworthy.core.product import Change, Draw, Sampling, Task, TrainRules
from roadworthy.models.nets import training
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.rungs import LargeNet, Mlp, SmallNet
from roadworthy.models.nets.training import Lesson, Trainer, held_out_units
from roadworthy.testing.pictures import PICTURE

SHORT = Plan(epochs=6, patience=6, least_steps=0)


class InterruptedHereError(Exception):
    """What a person does at the keyboard."""


def right(score: pl.Series, truth: pl.Series) -> float:
    return float(np.mean((score >= 0.5).to_numpy() == truth.to_numpy()))


def test_a_net_learns_what_no_line_can() -> None:
    (cases, truth), (fresh, answer) = rings(), rings(seed=1)
    found = Mlp().fit(cases, truth, Task.BINARY, ("a", "b"), 0)
    assert right(found.answer(fresh), answer) > 0.93


@pytest.mark.parametrize("rung", [SmallNet, LargeNet])
def test_nets_learn_from_pixels(rung: type[SmallNet | LargeNet], tmp_path: Path) -> None:
    (cases, truth), (fresh, answer) = spots(tmp_path), spots(tmp_path, seed=1)
    found = rung("S", Plan(epochs=12, least_steps=60)).fit(cases, truth, Task.BINARY, (PICTURE,), 0)
    assert right(found.answer(fresh), answer) > 0.9


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    cases, truth = rings(200)
    bytes_of = [
        Mlp("S", SHORT).fit(cases, truth, Task.BINARY, ("a", "b"), seed).to_bytes()
        for seed in (3, 3, 4)
    ]
    assert bytes_of[0] == bytes_of[1] != bytes_of[2]


def test_torch_is_left_as_it_was_found() -> None:
    threads, drawn = torch.get_num_threads(), torch.random.get_rng_state()
    cases, truth = rings(100)
    Mlp("S", SHORT).fit(cases, truth, Task.BINARY, ("a", "b"), 0).answer(cases)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), drawn)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(
    ("after", "draw"),
    [(1, Draw.HARD), (3, Draw.BALANCED), (5, Draw.HARD), (2, Draw.OVERSAMPLE), (2, Draw.COST),
     (4, Draw.STRATIFIED)],
)  # fmt: skip
def test_what_was_interrupted_goes_on_to_the_same_bytes(
    after: int, draw: Draw, tmp_path: Path
) -> None:
    cases, truth = spots(tmp_path, 40)
    rule = Sampling(draw, 3 if draw is Draw.OVERSAMPLE else 1)
    rules = TrainRules(augment=tuple(Change), samplings=(rule,))
    told = guidance(cases, training=rules)
    if draw is Draw.COST:
        told = replace(told, shares={rule: np.linspace(0.1, 3.0, cases.height)})
    whole = fit(cases, truth, told)

    def stop(epoch: Epoch) -> None:
        if epoch.number == after:
            raise InterruptedHereError

    kept = tmp_path / "states"
    with pytest.raises(InterruptedHereError):
        fit(cases, truth, replace(told, checkpoints=kept, progress=stop))
    assert len(list(kept.iterdir())) == 1
    seen: list[Epoch] = []
    again = fit(cases, truth, replace(told, checkpoints=kept, progress=seen.append))
    assert [epoch.number for epoch in seen] == list(range(after + 1, 7))
    assert again == whole
    assert not list(kept.iterdir())


def fit(cases: pl.DataFrame, truth: pl.Series, told: Guidance) -> bytes:
    rung = SmallNet("S", SHORT)
    return rung.fit(cases, truth, Task.BINARY, (PICTURE,), 0, None, told).to_bytes()


def test_a_damaged_state_is_no_reason_to_stop(tmp_path: Path) -> None:
    cases, truth = spots(tmp_path, 40)
    told = guidance(cases)
    kept = tmp_path / "states"

    def stop(epoch: Epoch) -> None:
        raise InterruptedHereError

    with pytest.raises(InterruptedHereError):
        fit(cases, truth, replace(told, checkpoints=kept, progress=stop))
    for state in kept.iterdir():
        state.write_bytes(state.read_bytes()[:100])
    assert fit(cases, truth, replace(told, checkpoints=kept)) == fit(cases, truth, told)


def test_a_loss_that_is_no_number_names_the_batch_and_keeps_the_last_state(tmp_path: Path) -> None:
    cases, truth = rings(64)
    costs = np.tile([0.0, 1.0], (64, 1))
    told = guidance(cases, costs=costs, calls=(False, True), checkpoints=tmp_path)
    rung = Mlp("S", SHORT)
    weights = pl.Series([1.0] * 64)

    lessons: list[Lesson] = []
    train = Trainer.train

    def spied(self: Trainer, given: Lesson) -> None:
        lessons.append(given)
        train(self, given)

    def poison(epoch: Epoch) -> None:
        if epoch.number == 2:
            lessons[0].weights[:] = torch.nan

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.Trainer, "train", spied)
        with pytest.raises(BadInput, match=r"epoch 3, batch 1 \(cases c\d+") as caught:
            told = replace(told, progress=poison)
            rung.fit(cases, truth, Task.BINARY, ("a", "b"), 0, weights, told)
    assert caught.value.code == "nan_loss"
    assert "Epoch 2 is kept" in str(caught.value)
    assert len(list(tmp_path.iterdir())) == 1


def test_it_stops_when_held_out_units_are_answered_no_better() -> None:
    rng = np.random.default_rng(0)
    cases = pl.DataFrame({"a": rng.normal(size=200)})
    truth = pl.Series(rng.random(200) < 0.5)
    seen: list[Epoch] = []
    told = guidance(cases, progress=seen.append)
    plan = Plan(epochs=200, patience=4)
    Mlp("S", plan).fit(cases, truth, Task.BINARY, ("a",), 0, None, told)
    assert len(seen) < 100
    assert seen[-1].seconds_left == 0.0


def test_units_are_held_out_whole_and_every_class_is_there() -> None:
    units = np.array([f"u{at // 4}" for at in range(200)], dtype=object)
    classes = np.array([int(at // 4 % 5 == 0) for at in range(200)])
    chosen = held_out_units(units, classes, 0.2, 1)
    assert set(units[chosen]).isdisjoint(units[~chosen])
    assert set(classes[chosen]) == set(classes[~chosen]) == {0, 1}
    assert 0.1 < chosen.mean() < 0.3
    assert not held_out_units(units[:8], classes[:8], 0.2, 1).any()
