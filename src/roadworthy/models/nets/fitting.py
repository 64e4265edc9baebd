"""From training cases to a trained net: what is seen, what is held out, what is minimised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from roadworthy.core.guidance import Guidance
from roadworthy.core.product import Task
from roadworthy.io.images import Broken, stream
from roadworthy.io.row_sums import rows_fingerprint
from roadworthy.models import image_cases, pipelines, sampled
from roadworthy.models.nets import room, whitening
from roadworthy.models.nets.architectures import Net
from roadworthy.models.nets.canvas import LOOKED_AT, Canvas, canvas_for, glanced
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.columns import columns_of
from roadworthy.models.nets.feed import feed_of
from roadworthy.models.nets.model import TrainedNet
from roadworthy.models.nets.objective import Objective, scaled
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.shape import Shape
from roadworthy.models.nets.training import Lesson, Trainer, held_out_units


@dataclass(frozen=True)
class Wanted:
    """Which kind of net, of which size, trained how; ``title`` is what people call it.

    ``code`` is a hash of what builds it where that is not ours. ``parted_by`` is the seed by which
    units are held out, where nets of several seeds share them; None: the seed of the net.
    """

    kind: str
    size: str
    title: str
    plan: Plan
    code: str = ""
    dropout: float | None = None
    parted_by: int | None = None


def fit(
    wanted: Wanted,
    cases: pl.DataFrame,
    truth: pl.Series,
    task: Task,
    files: tuple[str, ...],
    table: tuple[str, ...],
    seed: int,
    weights: pl.Series | None,
    guidance: Guidance,
    build: Callable[[Shape], nn.Module] = Net,
) -> TrainedNet:
    """The net of the best epoch; cases with an image that cannot be read teach it nothing.

    ``build`` makes the net, with weights that hang on the generator of torch alone.

    Raises:
        BadInput: there is nothing to learn from, or the loss became no number.
    """
    pipelines.refuse_one_class(truth, task)
    canvas = _canvas(cases, files, guidance.images.side) if files else None
    columns = columns_of(cases, table)
    feed, readable = feed_of(cases, columns, files, canvas)
    rows = np.flatnonzero(readable)
    truth, guidance = truth[rows], guidance.of(rows)
    weights = None if weights is None else weights[rows]
    pipelines.refuse_one_class(truth, task)
    classes, middle, scale, numbers = _numbered(truth, task)
    outputs = len(classes) if task is Task.MULTICLASS else 1
    shape = Shape(wanted.kind, wanted.size, outputs, columns.width, **_rule(guidance, files))
    if canvas is not None:
        height, width = canvas.height, canvas.width
        shape = replace(shape, channels=canvas.channels, height=height, width=width)
    if wanted.dropout is not None:
        shape = replace(shape, dropout=wanted.dropout)
    apart = seed if wanted.parted_by is None else wanted.parted_by
    held_out = held_out_cases(truth, task, wanted.plan, guidance, apart)
    counts = () if task is Task.REGRESSION else _counts(numbers, max(2, outputs))
    objective = Objective(task, guidance.training, counts)
    lesson = Lesson(
        feed=feed,
        truth=numbers,
        weights=torch.ones(len(rows)) if weights is None else _tensor(weights),
        costs=_costs(guidance, classes),
        fit=np.flatnonzero(~held_out),
        held_out=np.flatnonzero(held_out),
        ids=tuple(guidance.ids.to_list()),
        rules=guidance.training,
        shares=_shares(guidance, truth),
    )
    plan = wanted.plan.for_cases(len(lesson.fit))
    path = _state(guidance.checkpoints, wanted, feed.cases, lesson, seed)
    with room.steady(seed):
        net = build(shape)
        whitening.begin(net, feed, lesson.fit)
        net = net.to(room.device())
        trainer = Trainer(net, objective, plan, seed, wanted.title, path, guidance.progress)
        trainer.train(lesson)
    card = Card(
        wanted.title, task, shape, columns, files, canvas, classes, middle, scale, len(rows)
    )
    return TrainedNet(net.eval(), card)


def _rule(guidance: Guidance, files: tuple[str, ...]) -> dict[str, Any]:
    """How images become the case, as a shape has it."""
    rule, optional = guidance.images.pooling(files), bool(guidance.images.optional)
    return {**vars(rule), "optional": optional}


def _canvas(cases: pl.DataFrame, files: tuple[str, ...], side: int) -> Canvas:
    """What the first readable images ask for."""
    flat = cases.select(pl.concat_list(files).alias("f"))["f"].explode().to_list()
    readable = (one for one in stream(flat, glanced) if not isinstance(one, Broken))
    found = list(islice(readable, LOOKED_AT))
    if not found:
        raise image_cases.none_readable(cases.height)
    return canvas_for(found, side)


def _numbered(truth: pl.Series, task: Task) -> tuple[tuple[str, ...], float, float, Tensor]:
    """The names of the classes, or the middle and the scale of values, and the truth in numbers."""
    if task is Task.REGRESSION:
        values = truth.cast(pl.Float64).to_numpy()
        middle, scale = float(values.mean()), float(values.std()) or 1.0
        return (), middle, scale, torch.from_numpy((values - middle) / scale).float()
    if task is Task.BINARY:
        return (), 0.0, 1.0, torch.from_numpy(truth.cast(pl.Int64).to_numpy().copy())
    classes = tuple(sorted(truth.unique().to_list()))
    place = {name: at for at, name in enumerate(classes)}
    return classes, 0.0, 1.0, torch.tensor([place[name] for name in truth.to_list()])


def held_out_cases(
    truth: pl.Series, task: Task, plan: Plan, guidance: Guidance, seed: int
) -> NDArray[np.bool_]:
    """Which of the readable training cases say when to stop; the net does not learn from them."""
    units = np.array(guidance.units.to_list(), dtype=object)
    of_one_kind = np.zeros(len(units), dtype=np.int64)
    classes = of_one_kind if task is Task.REGRESSION else _numbered(truth, task)[3].numpy()
    return held_out_units(units, classes, plan.held_out, seed)


def _counts(numbers: Tensor, classes: int) -> tuple[int, ...]:
    return tuple(np.bincount(numbers.numpy(), minlength=classes).tolist())


def _costs(guidance: Guidance, classes: Sequence[str]) -> Tensor | None:
    """Costs in the order of the net's classes; a class that no case shows is never called."""
    if guidance.costs is None:
        return None
    calls: Sequence[str | bool] = classes or (False, True)
    return scaled(guidance.costs[:, [guidance.calls.index(name) for name in calls]])


def _shares(guidance: Guidance, truth: pl.Series) -> NDArray[np.float64] | None:
    rule = guidance.training.sampling
    return sampled.shares(rule, truth, guidance.shares) if rule.moves_scores else None


def _tensor(column: pl.Series) -> Tensor:
    return torch.from_numpy(column.cast(pl.Float32).to_numpy().copy())


def _state(
    folder: Path | None, wanted: Wanted, cases: pl.DataFrame, lesson: Lesson, seed: int
) -> Path | None:
    """Where the state of exactly this training is kept: another one has another name."""
    if folder is None:
        return None
    said = [asdict(wanted), seed, repr(lesson.rules), rows_fingerprint([cases], cases.schema)]
    digest = hashlib.sha256(json.dumps(said).encode())
    for tensor in (lesson.truth, lesson.weights, lesson.costs):
        digest.update(b"" if tensor is None else tensor.numpy().tobytes())
    digest.update(b"" if lesson.shares is None else lesson.shares.tobytes())
    digest.update("\0".join(lesson.ids).encode())
    return folder / f"{wanted.kind}-{digest.hexdigest()[:16]}.state"
