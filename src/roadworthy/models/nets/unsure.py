"""From training cases to models that average: what they share with the training of one net."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Guidance
from roadworthy.core.product import LossName, Task
from roadworthy.models.nets import ensemble, fitting, laplace, mc_dropout, room
from roadworthy.models.nets.averaged import Averaged, each
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.fitting import Wanted
from roadworthy.models.nets.model import TrainedNet
from roadworthy.models.nets.training import forward


@dataclass(frozen=True)
class Asked:
    """All that a training is given."""

    wanted: Wanted
    cases: pl.DataFrame
    truth: pl.Series
    task: Task
    files: tuple[str, ...]
    table: tuple[str, ...]
    seed: int
    weights: pl.Series | None
    guidance: Guidance

    def net(self, wanted: Wanted, seed: int) -> TrainedNet:
        """One net, of ``seed``."""
        return fitting.fit(
            wanted, self.cases, self.truth, self.task, self.files, self.table, seed, self.weights,
            self.guidance,
        )  # fmt: skip


def fit_ensemble(asked: Asked) -> Averaged:
    """Nets of five seeds, which no ensemble of another seed shares; all are stopped alike.

    Raises:
        BadInput: as one net does.
    """
    count, found = ensemble.MEMBERS, []
    for at in range(count):
        title = f"{asked.wanted.title}, net {at + 1} of {count}"
        one = replace(asked.wanted, title=title, parted_by=asked.seed)
        found.append(asked.net(one, asked.seed * count + at))
    card = replace(found[0].card, name=f"{asked.wanted.title}, {count} nets")
    return _recalibrated(ensemble.NetEnsemble(tuple(one.net for one in found), card), asked)


def fit_dropout(asked: Asked) -> Averaged:
    """One net, trained with dropout and asked with it.

    Raises:
        BadInput: as one net does.
    """
    wanted = replace(asked.wanted, dropout=mc_dropout.DROPOUT)
    found = asked.net(wanted, asked.seed)
    with room.steady(asked.seed):
        batch = next(each(found.card, _readable(found.card, asked)[0], []))
        masks = mc_dropout.drawn(found.net, batch, asked.seed, mc_dropout.PASSES)
    card = replace(found.card, name=f"{wanted.title}, {mc_dropout.PASSES} passes")
    return _recalibrated(mc_dropout.McDropout.of(found.net, card, masks), asked)


def fit_laplace(asked: Asked) -> Averaged:
    """One net, and the posterior of its last layer from the cases that it learnt from.

    Raises:
        BadInput: as one net does; or training minimised another loss than the log loss, of which
            the posterior is.
    """
    if asked.guidance.training.loss is not LossName.LOG:
        raise BadInput(
            f"a Laplace posterior is one of the log loss, and training minimises "
            f"{asked.guidance.training.loss}.",
            code="other_loss",
            where="train: loss",
            value=str(asked.guidance.training.loss),
            next_step="Write `train: {loss: log}`, or name `net_ensemble` under `models:`.",
        )
    found = asked.net(asked.wanted, asked.seed)
    cases, truth, guidance, rows = _readable(found.card, asked)
    out = _held_out(truth, guidance, asked)
    learnt = cases.filter(pl.Series(~out))
    weights = np.ones(learnt.height)
    if asked.weights is not None:
        weights = asked.weights[rows].to_numpy()[~out].astype(np.float64)
    with room.steady(asked.seed):
        noise = _noise(found, cases, truth, out) if asked.task is Task.REGRESSION else 1.0
        batches = each(found.card, learnt, [])
        told = _told(found, cases.filter(pl.Series(out)), truth.filter(pl.Series(out)))
        model = laplace.around(found.net, found.card, batches, weights, noise, asked.seed, told)
    return _recalibrated(model, asked)


FITS: dict[str, Callable[[Asked], Averaged]] = {
    "net_ensemble": fit_ensemble,
    "mc_dropout": fit_dropout,
    "laplace": fit_laplace,
}
LOADS: dict[str, type[Averaged]] = {
    "net_ensemble": ensemble.NetEnsemble,
    "mc_dropout": mc_dropout.McDropout,
    "laplace": laplace.Laplace,
}


def _recalibrated(model: Averaged, asked: Asked) -> Averaged:
    """Recalibrated on the cases that said when to stop: no net took a step by them.

    Where training minimises something else than the log loss, or draws and weighs cases otherwise
    than by frequency, scores are no chances, and stay as training made them.
    """
    if asked.task is Task.REGRESSION or asked.guidance.training.moves_scores:
        return model
    if asked.weights is not None:
        return model
    cases, truth, guidance, _ = _readable(model.card, asked)
    out = pl.Series(_held_out(truth, guidance, asked))
    return model.recalibrated(cases.filter(out), _numbers(truth.filter(out), model.card))


def _told(net: TrainedNet, cases: pl.DataFrame, truth: pl.Series) -> laplace.HeldOut | None:
    """What held-out ``cases`` say of a posterior; None: there are none, or no classes."""
    if net.card.task is Task.REGRESSION or cases.is_empty():
        return None
    seen = [laplace.linear(net.net, batch) for batch in each(net.card, cases, [])]
    out, slopes = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    return laplace.HeldOut(out, slopes, _numbers(truth, net.card))


def _numbers(truth: pl.Series, card: Card) -> NDArray[np.int64]:
    return np.array([card.classes.index(one) if card.classes else int(one) for one in truth])


def _held_out(truth: pl.Series, guidance: Guidance, asked: Asked) -> NDArray[np.bool_]:
    plan = asked.wanted.plan
    return fitting.held_out_cases(truth, asked.task, plan, guidance, asked.seed)


def _readable(
    card: Card, asked: Asked
) -> tuple[pl.DataFrame, pl.Series, Guidance, NDArray[np.int64]]:
    """Cases, truth and guidance of those whose images can be read, and their rows."""
    readable: list[bool] = []
    for _ in each(card, asked.cases, readable):
        pass
    rows = np.flatnonzero(readable)
    return asked.cases[rows], asked.truth[rows], asked.guidance.of(rows), rows


def _noise(
    model: TrainedNet, cases: pl.DataFrame, truth: pl.Series, out: NDArray[np.bool_]
) -> float:
    """The variance of values around what the net says, on cases that it did not learn from."""
    some = cases.filter(pl.Series(out)) if out.any() else cases
    real = truth.filter(pl.Series(out)) if out.any() else truth
    wanted = (real.cast(pl.Float64).to_numpy() - model.card.middle) / model.card.scale
    said = torch.cat(list(forward(model.net, each(model.card, some, [])))).double().numpy()[:, 0]
    return max(float(np.mean((wanted - said) ** 2)), 1e-6)
