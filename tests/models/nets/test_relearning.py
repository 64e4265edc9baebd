"""Heirs of a net: narrower, taught by it on its own training cases, the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.models.nets.learning import guidance, rings, spots

from roadworthy.core.product import Task, TrainRules
from roadworthy.models.nets import fitting, relearning
from roadworthy.models.nets.objective import Objective
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.pruning import pruned
from roadworthy.models.nets.relearning import Classroom
from roadworthy.models.nets.taught import Taught

SHORT = Plan(epochs=2, least_steps=1)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relearning, "STUDENT", SHORT)
    monkeypatch.setattr(relearning, "PRUNED", SHORT)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    cases, truth = spots(tmp_path_factory.mktemp("room"))
    told, files = guidance(cases), tuple(cases.columns)
    wanted = fitting.Wanted("cnn", "S", "net", SHORT)
    net = fitting.fit(wanted, cases, truth, Task.BINARY, files, (), 0, None, told)
    return Classroom.of(net, cases, truth, None, told, 0)


def weights(net: torch.nn.Module) -> int:
    return sum(one.numel() for one in net.parameters())


def test_a_student_is_narrower_and_the_same_for_the_same_seed(room: Classroom) -> None:
    found = room
    one, two = (found.student(0.25, "quarter") for _ in range(2))
    assert one.card.shape.breadth == 0.25
    assert weights(one.net) < weights(found.parent.net) / 8
    assert one.to_bytes() == two.to_bytes()


def test_pruning_takes_channels_and_leaves_what_is_read_and_given(
    room: Classroom, tmp_path: Path
) -> None:
    found = room
    one, two = (found.pruned(found.parent, 0.5, "half") for _ in range(2))
    assert weights(one.net) < weights(found.parent.net) / 3
    for ours, theirs in zip(one.net.parameters(), two.net.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    cases, _ = spots(tmp_path, 8, 1)
    assert one.answer(cases).is_between(0, 1).all()


@pytest.mark.parametrize("columns", [0, 3])
def test_residual_nets_and_columns_are_pruned_alike(columns: int) -> None:
    from roadworthy.models.nets.architectures import Net
    from roadworthy.models.nets.shape import Shape

    shape = Shape("resnet", "S", 1, columns, 1, 24, 24)
    net = Net(shape).eval()
    found = pruned(net, shape, 2, 0.5)
    out = found(torch.zeros(3, 2, 1, 24, 24), torch.zeros(3, columns))
    assert out.shape == (3, 1)
    assert weights(found) < weights(net) / 3


def test_no_heir_is_fitted_on_the_units_that_stopped_its_parent(room: Classroom) -> None:
    found = room.lesson
    assert len(found.held_out) and not set(found.fit) & set(found.held_out)
    assert len(found.fit) + len(found.held_out) == len(found.ids)


def test_a_net_of_columns_has_students_too() -> None:
    cases, truth = rings(120)
    told = guidance(cases)
    wanted = fitting.Wanted("mlp", "S", "net", SHORT)
    net = fitting.fit(wanted, cases, truth, Task.BINARY, (), ("a", "b"), 0, None, told)
    found = Classroom.of(net, cases, truth, None, told, 0)
    assert found.student(0.5, "half").answer(cases).len() == 120
    assert found.pruned(net, 0.5, "pruned").answer(cases).len() == 120


def taught(weight: float, said: int = 2) -> Taught:
    return Taught(Task.MULTICLASS, TrainRules(), (5, 5), said=said, weight=weight)


def test_whoever_answers_as_the_parent_has_nothing_more_to_learn_from_it() -> None:
    logits = torch.randn(6, 2, generator=torch.Generator().manual_seed(0))
    truth = torch.zeros(6, dtype=torch.int64)
    assert taught(1.0)(logits, truth, logits).abs().max() < 1e-6
    assert (taught(1.0)(logits.flip(1), truth, logits) > 0).all()


def test_without_the_parent_it_is_the_parents_own_objective() -> None:
    logits = torch.randn(6, 2, generator=torch.Generator().manual_seed(1))
    truth, plain = torch.ones(6, dtype=torch.int64), Objective(Task.MULTICLASS, TrainRules())
    assert torch.allclose(taught(0.0)(logits, truth, logits), plain(logits, truth, None))
    assert torch.allclose(taught(0.7).held_out(logits, truth, logits), plain(logits, truth, None))


def test_gradients_of_the_nearness_hardly_hang_on_the_temperature() -> None:
    """Hinton et al. 2015: at high temperatures it is half the squared difference of logits."""
    theirs = torch.tensor([[0.3, -0.3]])
    sizes = []
    for temperature in (20.0, 40.0):
        ours = torch.zeros(1, 2, requires_grad=True)
        objective = replace(taught(1.0), temperature=temperature)
        objective(ours, torch.zeros(1, dtype=torch.int64), theirs).sum().backward()
        assert ours.grad is not None
        sizes.append(float(ours.grad.norm()))
    assert sizes[0] == pytest.approx(sizes[1], rel=1e-3)
    assert sizes[0] == pytest.approx(float(theirs.norm()) / 2, rel=1e-2)


def test_a_regression_is_taught_by_squares() -> None:
    objective = Taught(Task.REGRESSION, TrainRules(), said=1, weight=0.5)
    out, truth, said = torch.zeros(1, 1), torch.tensor([2.0]), torch.tensor([[4.0]])
    assert float(objective(out, truth, said)) == 0.5 * 16 + 0.5 * 4


def test_samples_for_ranges_are_spread_over_all_training_cases(room: Classroom) -> None:
    seen = room.seen(10)
    assert sum(len(numbers) for _, numbers in seen) == 10
    images = np.concatenate([one for one, _ in seen if one is not None])
    assert images.shape == (10, 1, 1, 16, 16)
