"""Which loss product.yaml asks for, made ready for the cases at hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from roadworthy.core.product import LossName, Task, TrainRules
from roadworthy.models.nets import losses

# a ranking loss does not say where scores lie; a little log loss holds them near chances
_ANCHOR = 0.1


@dataclass(frozen=True)
class Objective:
    """One loss a case, (cases,): of the logits or values that a net gives, truth and costs.

    ``counts`` (classes,) are those of the training cases.
    """

    task: Task
    rules: TrainRules
    counts: tuple[int, ...] = ()

    def __call__(self, out: Tensor, truth: Tensor, costs: Tensor | None) -> Tensor:
        """``out`` (cases, outputs): one value or logit, or one logit a class."""
        if self.task is Task.REGRESSION:
            return functional.mse_loss(out[:, 0], truth, reduction="none")
        return self._of_logits(paired(out), truth, costs)

    def held_out(self, out: Tensor, truth: Tensor, costs: Tensor | None) -> Tensor:
        """What training is stopped by: a proper score, or the goal itself where one is priced."""
        priced = (LossName.COST, LossName.PROFIT, LossName.SENSITIVITY_AT)
        if self.task is Task.REGRESSION or self.rules.loss in priced:
            return self(out, truth, costs)
        return losses.log_loss(paired(out), truth)

    def _of_logits(self, logits: Tensor, truth: Tensor, costs: Tensor | None) -> Tensor:
        parameter = self.rules.parameter or 0.0
        match self.rules.loss:
            case LossName.COST | LossName.PROFIT:
                assert costs is not None
                return losses.expected_cost(logits, costs)
            case LossName.FOCAL:
                return losses.focal(logits, truth, parameter)
            case LossName.CLASS_BALANCED:
                counts = torch.tensor(self.counts, dtype=logits.dtype, device=logits.device)
                return losses.class_balanced(logits, truth, counts, parameter)
            case LossName.SENSITIVITY_AT:
                ranked = losses.sensitivity_at(logits, truth, parameter)
                return ranked + _ANCHOR * losses.log_loss(logits, truth)
            case _:
                return losses.log_loss(logits, truth)


def paired(out: Tensor) -> Tensor:
    """Logits a class: a binary net's one logit z is the pair (0, z)."""
    return torch.cat([torch.zeros_like(out), out], dim=1) if out.shape[1] == 1 else out


def scaled(costs: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Tensor:
    """Costs whose calls of a case differ by 1 on average, the cheapest call of each at 0."""
    from_best = costs - costs.min(axis=1, keepdims=True)
    stake = float(from_best.max(axis=1).mean())
    return torch.from_numpy(from_best / (stake or 1.0)).float()
