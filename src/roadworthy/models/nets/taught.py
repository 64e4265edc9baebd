"""What a smaller net learns from a larger one: how sure it is of each case, beside what is true."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from roadworthy.core.product import Task
from roadworthy.models.nets.objective import Objective, paired


@dataclass(frozen=True)
class Taught(Objective):
    """The objective of the parent, mixed with nearness to what the parent said.

    What the trainer hands on as costs has the parent's ``said`` outputs as its last columns. Both
    are softened by ``temperature`` T; the nearness is T^2 times the Kullback-Leibler divergence,
    so that its gradients stay comparable when T changes (Hinton, Vinyals & Dean 2015, section 2),
    and ``weight`` is its share. Values are compared by their squares.
    """

    said: int = 1
    temperature: float = 3.0
    weight: float = 0.7

    def __call__(self, out: Tensor, truth: Tensor, costs: Tensor | None) -> Tensor:
        """``costs`` (cases, calls + said)."""
        own, theirs = self._parted(costs)
        told = super().__call__(out, truth, own)
        return self.weight * self._nearness(out, theirs) + (1.0 - self.weight) * told

    def held_out(self, out: Tensor, truth: Tensor, costs: Tensor | None) -> Tensor:
        """As the parent was stopped: the truth alone."""
        own, _ = self._parted(costs)
        return Objective(self.task, self.rules, self.counts).held_out(out, truth, own)

    def _parted(self, costs: Tensor | None) -> tuple[Tensor | None, Tensor]:
        assert costs is not None
        own, theirs = costs[:, : -self.said], costs[:, -self.said :]
        return (own if own.shape[1] else None), theirs

    def _nearness(self, out: Tensor, theirs: Tensor) -> Tensor:
        if self.task is Task.REGRESSION:
            return functional.mse_loss(out[:, 0], theirs[:, 0], reduction="none")
        ours = torch.log_softmax(paired(out) / self.temperature, dim=1)
        wanted = torch.log_softmax(paired(theirs) / self.temperature, dim=1)
        apart = functional.kl_div(ours, wanted, reduction="none", log_target=True).sum(dim=1)
        return self.temperature**2 * apart
