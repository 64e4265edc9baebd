"""A trained net as a model: images in batches in, answers out; its file holds numbers and words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch import Tensor

from roadworthy.core.product import Task
from roadworthy.io.images import Picture
from roadworthy.models import archive, image_cases
from roadworthy.models.nets import room, states
from roadworthy.models.nets.architectures import Net
from roadworthy.models.nets.canvas import Pixels
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.feed import Batch
from roadworthy.models.nets.objective import paired
from roadworthy.models.nets.training import forward

WEIGHTS = "weights"
# so many pixels go through a net at once, and never more than so many cases
_MOST_PIXELS, _MOST_CASES = 1 << 22, 256


@dataclass(frozen=True)
class TrainedNet:
    """A net and its card."""

    net: Net
    card: Card
    artifact: Path | None = None
    fingerprint: str = ""

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def needs(self) -> tuple[str, ...]:
        return (*self.card.columns.needs, *self.card.images)

    @property
    def files(self) -> tuple[Path, ...]:
        return () if self.artifact is None else (self.artifact,)

    def look(self, picture: Picture) -> Pixels | None:
        """The image as the net sees it.

        Raises:
            UnreadableError: it is none that this net can see.
        """
        return None if self.card.canvas is None else self.card.canvas.of(picture)

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """The probability of the positive class, the class, or the value.

        Null where an image cannot be read. Images are decoded as they are needed.
        """
        return self.answered(cases, lambda batches: forward(self.net, batches))

    def answered(
        self, cases: pl.DataFrame, run: Callable[[Iterator[Batch]], Iterator[Tensor]]
    ) -> pl.Series:
        """What ``run`` gives for each batch, (cases, outputs), told as an answer a case."""
        readable: list[bool] = []
        found: list[pl.Series] = []
        with room.steady():
            for out in run(self.batches(cases, readable)):
                found.append(self._told(out.double()))
        told = pl.concat(found) if found else pl.Series(dtype=self._kind)
        return image_cases.scattered(told, pl.Series(readable, dtype=pl.Boolean), self.card.task)

    def to_bytes(self) -> bytes:
        """Card and weights."""
        weights = states.to_bytes(states.arrays_of(self.net.state_dict()))
        return archive.pack(self.card.plain(), {WEIGHTS: weights})

    @property
    def _kind(self) -> pl.DataType:
        return pl.String() if self.card.task is Task.MULTICLASS else pl.Float64()

    def batches(self, cases: pl.DataFrame, readable: list[bool]) -> Iterator[Batch]:
        """The cases as tensors; notes in ``readable`` which of them are handed on."""
        numbers, canvas = self.card.columns.of(cases), self.card.canvas
        if canvas is None:
            readable += [True] * cases.height
            for at in range(0, cases.height, _MOST_CASES):
                yield Batch(None, torch.from_numpy(numbers[at : at + _MOST_CASES]))
            return
        pixels = canvas.channels * canvas.height * canvas.width * len(self.card.images)
        size = max(1, min(_MOST_CASES, _MOST_PIXELS // pixels))
        stream = enumerate(image_cases.each(cases, self.card.images, canvas.of))
        while some := list(islice(stream, size)):
            readable += [images is not None for _, images in some]
            rows = [row for row, images in some if images is not None]
            if rows:
                images = np.stack([np.stack(images) for _, images in some if images is not None])
                yield Batch(torch.from_numpy(images), torch.from_numpy(numbers[rows]))

    def _told(self, out: Tensor) -> pl.Series:
        if self.card.task is Task.REGRESSION:
            values = out[:, 0].numpy() * self.card.scale + self.card.middle
            return pl.Series(values, dtype=pl.Float64)
        chances = paired(out).softmax(dim=1)
        if self.card.task is Task.BINARY:
            return pl.Series(chances[:, 1].numpy(), dtype=pl.Float64)
        best: Sequence[int] = chances.argmax(dim=1).tolist()
        return pl.Series([self.card.classes[at] for at in best], dtype=pl.String)


def load(artifact: Path) -> TrainedNet:
    """Reads what ``to_bytes`` gave: JSON and plain arrays.

    Raises:
        BadInput: the file is none.
    """
    said, parts, content = archive.unpack(artifact, [WEIGHTS])
    try:
        card = Card.read(said)
        net = Net(card.shape)
        states.load_into(net, states.from_bytes(parts[WEIGHTS]))
    except (ValueError, KeyError, TypeError, EOFError, MemoryError, RuntimeError) as problem:
        raise archive.unreadable(artifact, problem) from problem
    digest = hashlib.sha256(content).hexdigest()
    return TrainedNet(net.to(room.device()).eval(), card, artifact, digest)
