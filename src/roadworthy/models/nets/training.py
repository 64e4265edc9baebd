"""The loop: epochs of steps, watched on held-out units, kept after each epoch, exactly resumable.

Everything that is random in an epoch hangs on the seed and the number of the epoch alone, so a
training that was interrupted goes on to the very weights that it would have had.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Epoch, Progress
from roadworthy.core.product import Sampling, TrainRules
from roadworthy.models.nets import states
from roadworthy.models.nets.augment import changed
from roadworthy.models.nets.feed import Batch, Feed, Rows
from roadworthy.models.nets.objective import Objective
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.sampling import Sampler

_OPTIMISER, _NET, _BEST, _SAMPLER = "optimiser/", "net/", "best/", "sampler/"


@dataclass(frozen=True)
class Lesson:
    """What is learnt from: a feed, and truth, weights and costs of its cases, in their order.

    ``fit`` are the rows to fit on, ``held_out`` those that say when to stop (empty: nothing does,
    and the last epoch is kept). ``ids`` name cases where something is wrong with a batch.
    ``shares`` say how often each is drawn, where the sampling asks for that.
    """

    feed: Feed
    truth: Tensor
    weights: Tensor
    costs: Tensor | None
    fit: Rows
    held_out: Rows
    ids: tuple[str, ...]
    rules: TrainRules
    shares: NDArray[np.float64] | None = None


@dataclass
class _State:
    """Where a training stands after ``epoch`` epochs."""

    epoch: int = 0
    best: float = math.inf
    best_epoch: int = 0
    step: int = 0


class Trainer:
    """Trains one net; ``path`` is where its state is kept, None: nowhere."""

    def __init__(
        self,
        net: nn.Module,
        objective: Objective,
        plan: Plan,
        seed: int,
        title: str,
        path: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.net, self.objective, self.plan, self.seed = net, objective, plan, seed
        self.title, self.path, self.progress = title, path, progress
        self.device = next(net.parameters()).device
        self.optimiser = torch.optim.AdamW(net.parameters(), lr=plan.rate, weight_decay=plan.decay)
        self.state = _State()
        self._best = states.arrays_of(net.state_dict())
        self._sampler = Sampler(Sampling(), np.empty(0, dtype=np.int64), np.empty(0))

    def train(self, lesson: Lesson) -> None:
        """Leaves the weights of the best epoch in the net.

        Raises:
            BadInput: the loss of a batch is no number; the state before that epoch stays kept.
        """
        classes, rules = lesson.truth.numpy()[lesson.fit], lesson.rules
        shares = None if lesson.shares is None else lesson.shares[lesson.fit]
        self._sampler = Sampler(rules.sampling, lesson.fit, classes, shares)
        self._resume()
        start, begun = self.state.epoch, time.monotonic()
        while self.state.epoch < self.plan.epochs and not self._stuck:
            self._epoch(lesson)
            self._watch(lesson)
            self._keep()
            taken = (time.monotonic() - begun) / (self.state.epoch - start)
            self._tell(taken * self._epochs_left)
        states.load_into(self.net, self._best)
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    @property
    def _stuck(self) -> bool:
        return self.state.epoch - self.state.best_epoch >= self.plan.patience

    @property
    def _epochs_left(self) -> int:
        """At most; it may stop earlier."""
        return 0 if self._stuck else self.plan.epochs - self.state.epoch

    def _epoch(self, lesson: Lesson) -> None:
        number = self.state.epoch + 1
        torch.manual_seed(self.seed * 100_003 + number)
        generator = torch.Generator().manual_seed(self.seed * 100_003 + number)
        order = self._sampler.drawn(np.random.default_rng([self.seed, number]))
        rows = _cut(order, self.plan.batch)
        steps = self.plan.epochs * len(rows)
        self.net.train()
        for at, (some, batch) in enumerate(zip(rows, lesson.feed.batches(rows), strict=True)):
            for group in self.optimiser.param_groups:
                group["lr"] = self.plan.rate_at(self.state.step, steps)
            if batch.images is not None:
                batch = Batch(changed(batch.images, lesson.rules.augment, generator), batch.numbers)
            losses = self._losses(lesson, some, batch, self.objective)
            if self._sampler.watches:
                self._sampler.saw(some, losses.detach().cpu().numpy())
            loss = losses.mean()
            if not torch.isfinite(loss):
                raise self._no_number(number, at + 1, [lesson.ids[row] for row in some])
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.net.parameters(), self.plan.longest)
            self.optimiser.step()
            self.state.step += 1
        self.state.epoch = number

    def _losses(self, lesson: Lesson, rows: Rows, batch: Batch, loss: object) -> Tensor:
        images = None if batch.images is None else batch.images.to(self.device)
        out = self.net(images, batch.numbers.to(self.device))
        place = torch.from_numpy(rows)
        costs = None if lesson.costs is None else lesson.costs[place].to(self.device)
        found: Tensor = loss(out, lesson.truth[place].to(self.device), costs)  # type: ignore[operator]
        return found * lesson.weights[place].to(self.device)

    def _watch(self, lesson: Lesson) -> None:
        """Remembers the weights if held-out units are answered better than ever."""
        if not len(lesson.held_out):
            self.state.best, self.state.best_epoch = math.nan, self.state.epoch
            self._best = states.arrays_of(self.net.state_dict())
            return
        self.net.eval()
        rows, total = _cut(lesson.held_out, self.plan.batch), 0.0
        with torch.inference_mode():
            for some, batch in zip(rows, lesson.feed.batches(rows), strict=True):
                total += float(self._losses(lesson, some, batch, self.objective.held_out).sum())
        score = total / len(lesson.held_out)
        if score < self.state.best:
            self.state.best, self.state.best_epoch = score, self.state.epoch
            self._best = states.arrays_of(self.net.state_dict())

    def _keep(self) -> None:
        if self.path is None:
            return
        card = {**vars(self.state)}
        card["best"] = self.state.best if math.isfinite(self.state.best) else None
        parts = {_NET: states.arrays_of(self.net.state_dict()), _BEST: self._best}
        parts[_OPTIMISER], parts[_SAMPLER] = _moments(self.optimiser), self._sampler.arrays()
        arrays = {
            f"{part}{name}": found for part, of in parts.items() for name, found in of.items()
        }
        states.keep(self.path, card, arrays)

    def _resume(self) -> None:
        """Goes on where an interrupted training of the same stood; otherwise starts anew."""
        found = None if self.path is None else states.kept(self.path)
        if found is None:
            return
        card, arrays = found
        of = {
            part: {n.removeprefix(part): a for n, a in arrays.items() if n.startswith(part)}
            for part in (_NET, _BEST, _OPTIMISER, _SAMPLER)
        }
        states.load_into(self.net, of[_NET])
        _restore(self.optimiser, of[_OPTIMISER])
        self._sampler.restore(of[_SAMPLER])
        self._best = of[_BEST]
        best = math.inf if card["best"] is None else float(card["best"])
        self.state = _State(card["epoch"], best, card["best_epoch"], card["step"])

    def _tell(self, seconds_left: float) -> None:
        if self.progress is not None:
            now = self.state
            self.progress(Epoch(self.title, now.epoch, self.plan.epochs, now.best, seconds_left))

    def _no_number(self, epoch: int, batch: int, ids: list[str]) -> BadInput:
        named = ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")
        kept = (
            "" if self.path is None or epoch == 1 else f" Epoch {epoch - 1} is kept: {self.path}."
        )
        return BadInput(
            f"the loss is no number in epoch {epoch}, batch {batch} (cases {named}), so training "
            f"stopped.{kept}",
            code="nan_loss",
            where="the training split",
            value=ids[0],
            next_step="Look at these cases for values that are far out of the ordinary; or leave "
            "this kind of model out of `models:`.",
        )


def _cut(rows: Rows, size: int) -> list[Rows]:
    """Batches; a last one of a single case joins the one before: one case has no deviation."""
    found = [rows[at : at + size] for at in range(0, len(rows), size)]
    if len(found) > 1 and len(found[-1]) == 1:
        found[-2:] = [np.concatenate(found[-2:])]
    return found


def _moments(optimiser: torch.optim.Optimizer) -> states.Arrays:
    """What AdamW remembers of each parameter."""
    return {
        f"{number}/{name}": value.detach().cpu().numpy()
        for number, kept in optimiser.state_dict()["state"].items()
        for name, value in kept.items()
    }


def _restore(optimiser: torch.optim.Optimizer, arrays: states.Arrays) -> None:
    """Gives it back what ``_moments`` told."""
    state: dict[int, dict[str, Tensor]] = {}
    for place, array in arrays.items():
        number, name = place.split("/")
        state.setdefault(int(number), {})[name] = torch.from_numpy(array)
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})


def held_out_units(
    units: NDArray[np.object_], classes: NDArray[np.int64], share: float, seed: int
) -> NDArray[np.bool_]:
    """Which cases to hold out: whole units, about ``share`` of them, of every class.

    A unit counts as of its highest class. None is held out where a class has too few units.
    """
    names, which = np.unique(units, return_inverse=True)
    highest = np.full(len(names), -1, dtype=np.int64)
    np.maximum.at(highest, which, classes)
    rng, chosen = np.random.default_rng([seed, len(names)]), np.zeros(len(names), dtype=bool)
    for label in np.unique(highest):
        members = np.flatnonzero(highest == label)
        count = round(share * len(members))
        if not count or count == len(members):
            return np.zeros(len(units), dtype=bool)
        chosen[rng.permutation(members)[:count]] = True
    return chosen[which]


def forward(net: nn.Module, batches: Iterator[Batch]) -> Iterator[Tensor]:
    """What a net gives for each batch, on the CPU."""
    device = next(net.parameters()).device
    net.eval()
    for batch in batches:
        # closed before the next one is asked for: whoever asks is not in this mode
        with torch.inference_mode():
            images = None if batch.images is None else batch.images.to(device)
            out = net(images, batch.numbers.to(device)).cpu()
        yield out
