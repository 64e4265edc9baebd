"""Every loss has the gradient that it says it has, and its source's own properties."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from roadworthy.models.nets import losses

TRUTH = torch.tensor([0, 1, 0, 1, 0, 0])
COSTS = torch.rand(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
COUNTS = torch.tensor([90.0, 10.0], dtype=torch.float64)
LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "log": lambda z: losses.log_loss(z, TRUTH),
    "cost": lambda z: losses.expected_cost(z, COSTS),
    "focal": lambda z: losses.focal(z, TRUTH, 2.0),
    "class_balanced": lambda z: losses.class_balanced(z, TRUTH, COUNTS, 0.99),
    "sensitivity_at": lambda z: losses.sensitivity_at(z, TRUTH, 0.7),
}


def logits(seed: int = 0, classes: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(6, classes, dtype=torch.float64, generator=generator, requires_grad=True)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_the_values(name: str) -> None:
    assert torch.autograd.gradcheck(LOSSES[name], (logits(),))


@pytest.mark.parametrize("name", LOSSES)
def test_there_is_one_finite_loss_a_case_even_far_out(name: str) -> None:
    far = (logits() * 1e4).detach().requires_grad_(True)
    found = LOSSES[name](far)
    assert found.shape == (6,)
    found.sum().backward()
    assert torch.isfinite(found).all()
    assert torch.isfinite(far.grad if far.grad is not None else torch.tensor(torch.nan)).all()


def test_expected_cost_is_least_at_the_cheapest_call() -> None:
    sure = torch.zeros(6, 2, dtype=torch.float64)
    sure[torch.arange(6), COSTS.argmin(dim=1)] = 50.0
    assert torch.allclose(losses.expected_cost(sure, COSTS), COSTS.min(dim=1).values)


def test_expected_cost_pulls_across_the_point_of_equal_cost() -> None:
    """Elkan 2001: with p positives among like cases, flag from C_FP / (C_FP + C_FN) on."""
    for share, flag in ((0.2, True), (0.05, False)):
        positives = round(share * 100)
        costs = torch.tensor([[9.0, 0.0]] * positives + [[0.0, 1.0]] * (100 - positives))
        z = torch.zeros(1, requires_grad=True)
        pair = torch.stack([torch.zeros(100), z.expand(100)], dim=1)
        losses.expected_cost(pair, costs).sum().backward()
        assert z.grad is not None
        assert bool(z.grad < 0) is flag


def test_focal_without_focus_is_the_log_loss() -> None:
    assert torch.allclose(losses.focal(logits(), TRUTH, 0.0), losses.log_loss(logits(), TRUTH))


def test_class_weights_lie_between_alike_and_inverse_counts() -> None:
    """Cui et al. 2019, section 3: beta 0 weighs all alike, beta towards 1 by 1 / n."""
    assert torch.allclose(losses.class_weights(COUNTS, 0.0), torch.ones(2, dtype=torch.float64))
    near = losses.class_weights(COUNTS, 1 - 1e-9)
    assert near[1] / near[0] == pytest.approx(9.0, rel=1e-4)
    half = losses.class_weights(COUNTS, 0.99)
    assert 1.0 < half[1] / half[0] < 9.0
    assert half.sum() == pytest.approx(2.0)


def test_sensitivity_bounds_the_missed_positives_from_above() -> None:
    for seed in range(20):
        z = logits(seed).detach()
        score = z[:, 1] - z[:, 0]
        threshold = torch.quantile(score[TRUTH == 0], 0.7)
        missed = (score[TRUTH == 1] <= threshold).double().mean()
        assert losses.sensitivity_at(z, TRUTH, 0.7).mean() >= missed - 1e-12


def test_a_batch_of_one_class_says_nothing_of_sensitivity() -> None:
    z = logits()
    found = losses.sensitivity_at(z, torch.zeros(6, dtype=torch.long), 0.7)
    found.sum().backward()
    assert found.tolist() == [0.0] * 6
    assert z.grad is not None and not z.grad.any()
