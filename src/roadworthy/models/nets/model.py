"""A trained net as a model: images in batches in, answers out; its file holds numbers and words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import nn

from roadworthy.core.errors import BadInput
from roadworthy.core.marks import ScoreMap
from roadworthy.core.product import Task
from roadworthy.io.images import Picture
from roadworthy.models import archive, image_cases
from roadworthy.models.nets import room, states
from roadworthy.models.nets.answering import AnsweringNet, Seen
from roadworthy.models.nets.architectures import Net
from roadworthy.models.nets.canvas import Canvas, Pixels, Placed
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.feed import Batch
from roadworthy.models.nets.training import forward

WEIGHTS = "weights"


@dataclass(frozen=True)
class TrainedNet(AnsweringNet):
    """A net and its card."""

    net: nn.Module
    card: Card
    artifact: Path | None = None
    fingerprint: str = ""

    def outputs(self, batches: Iterator[Seen]) -> Iterator[NDArray[np.floating]]:
        for out in forward(self.net, map(as_batch, batches)):
            yield out.numpy()

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        with room.steady():
            return super().answer(cases)

    def score_maps(self, cases: pl.DataFrame) -> Iterator[tuple[ScoreMap, ...] | None]:
        """How suspect each place of each image is, in pixels of the image as it was read.

        Of the map that the answer is pooled from: the probability at each place, what is said of
        the whole image included. The image's own answer is never above the highest of them.

        Raises:
            BadInput: the net has no map, or does not tell one thing from all others.
        """
        net, card = self.net, self.card
        if not isinstance(net, Net) or card.canvas is None or card.task is not Task.BINARY:
            raise _no_map(self)
        return self._maps(net, card.canvas, cases)

    def _maps(
        self, net: Net, canvas: Canvas, cases: pl.DataFrame
    ) -> Iterator[tuple[ScoreMap, ...] | None]:
        device, numbers = next(net.parameters()).device, self.card.columns.of(cases)

        def seen(picture: Picture) -> tuple[Pixels, Placed | None]:
            return canvas.of(picture), canvas.placed(picture.pixels.shape[:2])

        looked = image_cases.each(cases, self.card.images, seen, lambda: (canvas.blank(), None))
        for row, found in enumerate(looked):
            if found is None:
                yield None
                continue
            images = torch.from_numpy(np.stack([pixels for pixels, _ in found]))[None]
            beside = torch.from_numpy(numbers[row : row + 1])
            with room.steady(), torch.inference_mode():
                logits = net.eval().maps(images.to(device), beside.to(device))
                values = logits[0, :, 0].sigmoid().cpu().numpy()
            stride = self.card.shape.stride
            yield tuple(
                image_cases.NOWHERE if placed is None else placed.map(each, stride)
                for (_, placed), each in zip(found, values, strict=True)
            )

    def to_bytes(self) -> bytes:
        """Card and weights."""
        weights = states.to_bytes(states.arrays_of(self.net.state_dict()))
        return archive.pack(self.card.plain(), {WEIGHTS: weights})


def as_batch(seen: Seen) -> Batch:
    """Arrays as tensors."""
    images = None if seen.images is None else torch.from_numpy(seen.images)
    return Batch(images, torch.from_numpy(seen.numbers))


def _no_map(net: TrainedNet) -> BadInput:
    return BadInput(
        f"{net.name} gives no map of scores: that takes images, two classes, and a net of ours.",
        code="no_marks",
        where="marks",
        value=net.name,
        next_step="Name `small_net` or `large_net` under `models:`, or a table of marks.",
    )


def load(artifact: Path) -> TrainedNet:
    """Reads what ``to_bytes`` gave: JSON and plain arrays.

    Raises:
        BadInput: the file is none.
    """
    said, parts, content = archive.unpack(artifact, [WEIGHTS])
    try:
        card = Card.read(said)
        net: nn.Module = Net(card.shape)
        states.load_into(net, states.from_bytes(parts[WEIGHTS]))
    except (ValueError, KeyError, TypeError, EOFError, MemoryError, RuntimeError) as problem:
        raise archive.unreadable(artifact, problem) from problem
    digest = hashlib.sha256(content).hexdigest()
    return TrainedNet(net.to(room.device()).eval(), card, artifact, digest)
