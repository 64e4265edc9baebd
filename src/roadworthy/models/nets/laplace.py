"""One net, and a Gaussian around its last layer: how sure the weights are, from one training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import log_softmax
from torch import Tensor, nn

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Task
from roadworthy.models.nets import states
from roadworthy.models.nets.averaged import Averaged, Floats, last, net_of, prefixed, sharing
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.feed import Batch
from roadworthy.models.nets.posterior import Curved, curvature, softened, variances

DRAWS, STEPS = 64, 8
# the matrix has the square of so many entries, and is kept
MOST_WEIGHTS = 2048
_NET, _SPREAD, _DRAWS = "net/", "spread", "draws"
Kept = NDArray[np.float32]
_NOTHING: Kept = np.empty((0, 0), dtype=np.float32)


@dataclass(frozen=True)
class Laplace(Averaged):
    """Answers are the mean over the posterior, members are draws from it, the same for all cases.

    The net is taken as linear in its last layer around where training ended (Immer, Korzepa &
    Bauer 2021, AISTATS). ``spread`` (p, p) is a root of the covariance; ``draws`` (members, p).
    """

    spread: Kept = field(default_factory=lambda: _NOTHING)
    draws: Kept = field(default_factory=lambda: _NOTHING)

    kind = "laplace"

    def mean(self, batch: Batch) -> Floats:
        """By the probit approximation; of values the net's own."""
        return self._mean(*linear(self.nets[0], batch))

    def members(self, batch: Batch) -> Floats:
        return self._members(*linear(self.nets[0], batch))

    def both(self, batch: Batch) -> tuple[Floats, Floats]:
        found = linear(self.nets[0], batch)
        return self._mean(*found), self._members(*found)

    def _mean(self, out: Floats, jacobian: Floats) -> Floats:
        if self.card.task is not Task.REGRESSION:
            out = softened(out, variances(jacobian, self.spread.astype(np.float64)))
        return self.said(torch.from_numpy(out)).numpy()

    def _members(self, out: Floats, jacobian: Floats) -> Floats:
        _, outputs, width = jacobian.shape
        steps = self.draws.astype(np.float64).reshape(-1, outputs, width)
        moved = [np.einsum("nka,ka->nk", jacobian, step) for step in steps]
        return self.said(torch.from_numpy(out + np.stack(moved))).numpy()

    def arrays(self) -> states.Arrays:
        """The weights of the net, the spread of its last layer's, and draws of them."""
        weights = states.arrays_of(self.nets[0].state_dict())
        found: states.Arrays = {f"{_NET}{name}": array for name, array in weights.items()}
        return {**found, _SPREAD: self.spread, _DRAWS: self.draws}

    @classmethod
    def built(cls, card: Card, arrays: Mapping[str, NDArray[Any]], **said: Any) -> Self:
        """The net, with its posterior."""
        net, spread, draws = net_of(card, prefixed(arrays, _NET)), arrays[_SPREAD], arrays[_DRAWS]
        p = len(weights_of(net))
        if spread.shape != (p, p) or draws.ndim != 2 or draws.shape[1] != p:
            raise ValueError("its posterior is that of another net")
        return cls((net,), card, spread=spread, draws=draws, **said)


def around(
    net: nn.Module,
    card: Card,
    batches: Iterator[Batch],
    weights: Floats,
    noise: float,
    seed: int,
    held_out: HeldOut | None = None,
) -> Laplace:
    """The posterior from the cases that the net learnt from.

    ``weights`` (cases,) say how much each counts; ``noise`` is the variance of values around the
    truth, on the scale of the net's outputs. The precision of the prior is that of the largest
    marginal likelihood, or what ``held_out`` cases make of it (``settled``).

    Raises:
        BadInput: the last layer is too wide.
    """
    theta = weights_of(net)
    if len(theta) > MOST_WEIGHTS:
        raise BadInput(
            f"the last layer has {len(theta):,} weights, and a Laplace posterior is kept of "
            f"{MOST_WEIGHTS:,} at most.",
            code="too_many_weights",
            where="models",
            value=len(theta),
            next_step="Name `net_ensemble` or `mc_dropout` under `models:` instead.",
        )
    total, at = np.zeros((len(theta), len(theta))), 0
    for batch in batches:
        out, jacobian = linear(net, batch)
        counts = weights[at : at + len(out)] / noise
        total += curvature(jacobian, _chances(out, card.task), counts)
        at += len(out)
    found = Curved(theta, total)
    precision = found.best_precision()
    if held_out is not None:
        precision = settled(found, precision, held_out)
    spread = found.spread(precision)
    half = np.random.default_rng([seed, DRAWS]).standard_normal((DRAWS // 2, len(theta)))
    # each with its opposite, so that their mean is exactly where training ended
    draws = np.concatenate([half, -half]) @ spread.T
    return Laplace((net,), card, spread=spread.astype(np.float32), draws=draws.astype(np.float32))


@dataclass(frozen=True)
class HeldOut:
    """Outputs and slopes (see ``linear``) of cases that the net did not learn from; their truth."""

    out: Floats
    jacobian: Floats
    truth: NDArray[np.int64]

    def losses(self, spread: Floats) -> Floats:
        """The log loss of every case under a posterior."""
        out = softened(self.out, variances(self.jacobian, spread))
        pair = np.concatenate([np.zeros_like(out), out], axis=1) if out.shape[1] == 1 else out
        return np.asarray(-log_softmax(pair, axis=1)[np.arange(len(pair)), self.truth])


def settled(found: Curved, precision: float, held_out: HeldOut) -> float:
    """The widest posterior whose log loss on held-out cases is within a standard error of the best.

    A net that learnt its cases by heart leaves hardly any curvature at them, and the marginal
    likelihood then takes a prior under which it would not answer as it does. From ``precision`` it
    is raised until held-out cases are answered well (Daxberger et al. 2021 name both ways; the
    one-standard-error rule: Breiman et al. 1984).
    """
    tried = [precision * 4.0**step for step in range(STEPS)]
    losses = np.stack([held_out.losses(found.spread(one)) for one in tried])
    best = losses[np.argmin(losses.mean(axis=1))]
    near = losses.mean(axis=1) <= best.mean() + best.std() / np.sqrt(len(best))
    return tried[int(np.argmax(near))]


def linear(net: nn.Module, batch: Batch) -> tuple[Floats, Floats]:
    """Outputs (cases, outputs), and the derivative of each by its own weights and intercept.

    The latter has the shape (cases, outputs, weights + 1). Where the last layer looks at several
    places, or a case has several images, it is that of the pooled output.
    """
    # a net of its own for this batch: whoever asks at the same time asks another
    asked = sharing(net)
    seen: dict[str, Tensor] = {}

    def note(_: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> Tensor:
        torch.set_grad_enabled(True)
        seen["given"], seen["made"] = given[0].detach(), made.detach().requires_grad_()
        return seen["made"]

    last(asked).register_forward_hook(note)
    device = next(net.parameters()).device
    images = None if batch.images is None else batch.images.to(device)
    with torch.no_grad():
        out = asked(images, batch.numbers.to(device))
        given = seen["given"].reshape(*seen["given"].shape[:2], -1)
        parts = []
        for at in range(out.shape[1]):
            slope = torch.autograd.grad(out[:, at].sum(), seen["made"], retain_graph=True)[0]
            own = slope[:, at].reshape(len(slope), 1, -1)
            by = torch.cat([(own * given).sum(dim=2), own.sum(dim=2)], dim=1)
            # images of one case add up
            parts.append(by.unflatten(0, (len(out), -1)).sum(dim=1))
    jacobian = torch.stack(parts, dim=1).double().cpu().numpy()
    return out.detach().double().cpu().numpy(), jacobian


def weights_of(net: nn.Module) -> Floats:
    """The last layer's weights, output by output, each followed by its intercept."""
    layer = last(net)
    both = torch.cat([layer.weight.flatten(1), layer.bias[:, None]], dim=1)  # type: ignore[index]
    found: Floats = both.detach().double().cpu().numpy().ravel()
    return found


def _chances(out: Floats, task: Task) -> Floats | None:
    if task is Task.REGRESSION:
        return None
    logits = torch.from_numpy(out)
    found = logits.sigmoid() if out.shape[1] == 1 else logits.softmax(dim=1)
    return np.asarray(found.numpy(), dtype=np.float64)
