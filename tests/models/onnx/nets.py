"""Nets whose weights and statistics are drawn, and cases for them: nothing is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import nn

from roadworthy.core import columns
from roadworthy.core.images import Pool
from roadworthy.core.product import Task
from roadworthy.models.nets.architectures import Net
from roadworthy.models.nets.canvas import Canvas
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.columns import Columns, Number
from roadworthy.models.nets.model import TrainedNet
from roadworthy.models.nets.shape import Shape
from roadworthy.testing.pictures import png

CLASSES = {Task.MULTICLASS: ("a", "b", "c")}


def net(
    kind: str = "cnn",
    size: str = "S",
    images: int = 1,
    numbers: int = 0,
    task: Task = Task.BINARY,
    pool: Pool = Pool.MAX,
    side: int = 20,
) -> TrainedNet:
    torch.manual_seed(7)
    canvas = Canvas(side, side, (0.4,), (0.2,)) if images else None
    around: dict[str, Any] = {"channels": 1, "height": side, "width": side} if images else {}
    shape = Shape(kind, size, len(CLASSES.get(task, "1")), numbers, pool=pool, **around)
    found = Net(shape)
    for part in found.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None and part.running_var is not None
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 2)
    named = tuple(Number(f"n{at}", 0.0, 1.0, 0.0, False) for at in range(numbers))
    files = tuple(columns.file(f"i{at}") for at in range(images))
    classes = CLASSES.get(task, ())
    card = Card("a net", task, shape, Columns(named), files, canvas, classes, 2.0, 3.0, 9)
    return TrainedNet(found.eval(), card)


def cases(of: TrainedNet, folder: Path, count: int = 5, seed: int = 0) -> pl.DataFrame:
    rng, found = np.random.default_rng(seed), {}
    for name in of.card.columns.needs:
        found[name] = rng.normal(size=count).tolist()
    for name in of.card.images:
        found[name] = [str(folder / f"{name[6:]}-{at}.png") for at in range(count)]
        for file in found[name]:
            Path(file).write_bytes(png(rng.integers(0, 255, (16, 18)).astype(np.uint8)))
    return pl.DataFrame(found)
