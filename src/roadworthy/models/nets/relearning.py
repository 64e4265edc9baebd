"""Smaller nets out of a trained one, on the cases that trained it: pruned ones, and students.

Nothing here sees a validation case; the training units that told the parent when to stop tell its
heirs as well, and are learnt from by neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from roadworthy.core.guidance import Guidance
from roadworthy.core.product import Task
from roadworthy.models.nets import pruning, room, whitening
from roadworthy.models.nets.architectures import Net
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.feed import Feed, Rows, feed_of
from roadworthy.models.nets.model import TrainedNet
from roadworthy.models.nets.objective import scaled
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.taught import Taught
from roadworthy.models.nets.training import Lesson, Trainer, forward, held_out_units

Floats = NDArray[np.float32]
# a student starts from nothing; a pruned net knows much of it already. With half as many steps at
# half the rate nets that were pruned by half found not one small dot in noise, and now all of them
STUDENT = Plan()
PRUNED = Plan(epochs=20, rate=1e-3, least_steps=250)
_BATCH = 32


@dataclass(frozen=True)
class Classroom:
    """A trained net, what it says of its training cases, and how its heirs are taught.

    ``held_out`` are rows that no weight was fitted on; empty where there were too few units.
    """

    parent: TrainedNet
    lesson: Lesson
    objective: Taught
    guidance: Guidance
    seed: int

    @staticmethod
    def of(
        parent: TrainedNet,
        cases: pl.DataFrame,
        truth: pl.Series,
        weights: pl.Series | None,
        guidance: Guidance,
        seed: int,
    ) -> Classroom:
        """``cases`` with their ``truth`` and ``weights``, in order, as they trained the parent."""
        card = parent.card
        feed, readable = feed_of(cases, card.columns, card.images, card.canvas)
        rows = np.flatnonzero(readable)
        truth, guidance = truth[rows], guidance.of(rows)
        numbers = _numbered(parent, truth)
        classes = np.zeros(len(rows), np.int64) if _of_values(parent) else numbers.numpy()
        units = np.array(guidance.units.to_list(), dtype=object)
        held_out = held_out_units(units, classes, STUDENT.held_out, seed)
        with room.steady(seed):
            said = torch.cat(list(_asked(parent.net, feed, np.arange(len(rows)))))
        told = said if (costs := _costs(parent, guidance)) is None else torch.cat([costs, said], 1)
        given = torch.ones(len(rows))
        if weights is not None:
            given = torch.from_numpy(weights[rows].cast(pl.Float32).to_numpy().copy())
        lesson = Lesson(
            feed=feed,
            truth=numbers,
            weights=given,
            costs=told,
            fit=np.flatnonzero(~held_out),
            held_out=np.flatnonzero(held_out),
            ids=tuple(guidance.ids.to_list()),
            rules=guidance.training,
        )
        counts = () if _of_values(parent) else tuple(np.bincount(classes, minlength=2).tolist())
        objective = Taught(card.task, guidance.training, counts, said=said.shape[1])
        return Classroom(parent, lesson, objective, guidance, seed)

    def student(self, breadth: float, title: str) -> TrainedNet:
        """A net of the parent's kind with ``breadth`` of its channels, taught from nothing."""
        shape = replace(self.parent.card.shape, breadth=breadth)
        with room.steady(self.seed):
            net = Net(shape)
            # it must find what is rare as its parent had to
            whitening.begin(net, self.lesson.feed, self.lesson.fit)
        net = net.to(room.device())
        return self._taught(net, replace(self.parent.card, shape=shape, name=title), STUDENT)

    def pruned(self, net: TrainedNet, share: float, title: str) -> TrainedNet:
        """``net`` without ``share`` of its channels, taught to answer as before."""
        card = replace(self.parent.card, name=title)
        with room.steady(self.seed):
            left = pruning.pruned(net.net, card.shape, len(card.images), share)
        return self._taught(left.to(room.device()), card, PRUNED)

    def seen(self, most: int) -> list[tuple[Floats | None, Floats]]:
        """Images and numbers of ``most`` training cases, spread over all, in batches."""
        rows = np.linspace(0, len(self.lesson.ids) - 1, min(most, len(self.lesson.ids)))
        batches = self.lesson.feed.batches(_in_batches(np.unique(rows.astype(np.int64))))
        return [
            (None if one.images is None else one.images.numpy(), one.numbers.numpy())
            for one in batches
        ]

    @property
    def unfitted(self) -> pl.DataFrame:
        """The training cases that no weight was fitted on; all of them, where there are none."""
        rows = self.lesson.held_out
        return self.lesson.feed.cases[rows] if len(rows) else self.lesson.feed.cases

    def _taught(self, net: nn.Module, card: Card, plan: Plan) -> TrainedNet:
        plan = plan.for_cases(len(self.lesson.fit))
        with room.steady(self.seed):
            trainer = Trainer(
                net,
                self.objective,
                plan,
                self.seed,
                card.name,
                progress=self.guidance.progress,
            )
            trainer.train(self.lesson)
        # a pruned net is asked like any other, and is no longer of the class that built it
        return TrainedNet(net.eval(), card)


def _asked(net: nn.Module, feed: Feed, rows: Rows) -> Iterator[Tensor]:
    return forward(net, feed.batches(_in_batches(rows)))


def _in_batches(rows: Rows) -> Sequence[Rows]:
    return [rows[at : at + _BATCH] for at in range(0, len(rows), _BATCH)]


def _of_values(parent: TrainedNet) -> bool:
    return parent.card.task is Task.REGRESSION


def _numbered(parent: TrainedNet, truth: pl.Series) -> Tensor:
    """The truth in the parent's own numbers."""
    card = parent.card
    if card.task is Task.REGRESSION:
        values = truth.cast(pl.Float64).to_numpy()
        return torch.from_numpy((values - card.middle) / card.scale).float()
    if card.task is Task.BINARY:
        return torch.from_numpy(truth.cast(pl.Int64).to_numpy().copy())
    place = {name: at for at, name in enumerate(card.classes)}
    return torch.tensor([place[name] for name in truth.to_list()])


def _costs(parent: TrainedNet, guidance: Guidance) -> Tensor | None:
    """Costs in the order of the net's classes."""
    if guidance.costs is None:
        return None
    calls: Sequence[str | bool] = parent.card.classes or (False, True)
    return scaled(guidance.costs[:, [guidance.calls.index(name) for name in calls]])
