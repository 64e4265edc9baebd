"""What a net does around its arithmetic: cases to arrays in batches, and what it gives to answers.

Readable where torch is not, since the same net also answers through another runtime.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import softmax

from roadworthy.core.product import Task
from roadworthy.io.images import Picture
from roadworthy.models import image_cases
from roadworthy.models.nets.canvas import Pixels
from roadworthy.models.nets.card import Card

Floats = NDArray[np.float32]
# so many pixels go through a net at once, and never more than so many cases
_MOST_PIXELS, _MOST_CASES = 1 << 22, 256


@dataclass(frozen=True)
class Seen:
    """Images (cases, images a case, channels, height, width), if any, and numbers beside them."""

    images: Floats | None
    numbers: Floats


class AnsweringNet(ABC):
    """A model whose card says everything but how its arithmetic is done."""

    card: Card
    artifact: Path | None

    @abstractmethod
    def outputs(self, batches: Iterator[Seen]) -> Iterator[NDArray[np.floating]]:
        """Logits or values of each batch, shape (cases, outputs)."""

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that are read: those of the table, then those with images."""
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
        readable: list[bool] = []
        outputs = self.outputs(batches(self.card, cases, readable))
        found = [told(self.card, out) for out in outputs]
        kind = pl.String if self.card.task is Task.MULTICLASS else pl.Float64
        answers = pl.concat(found) if found else pl.Series(dtype=kind)
        return image_cases.scattered(answers, pl.Series(readable, dtype=pl.Boolean), self.card.task)

    def certainty(self, cases: pl.DataFrame) -> pl.Series:
        """The probability of the class that is named: the largest of the softmax."""
        readable: list[bool] = []
        outputs = self.outputs(batches(self.card, cases, readable))
        found = [probabilities(out.astype(np.float64)).max(axis=1) for out in outputs]
        sure = pl.Series(np.concatenate([np.empty(0), *found]))
        rows = pl.Series(readable, dtype=pl.Boolean)
        return image_cases.scattered(sure, rows, Task.REGRESSION)


def batches(card: Card, cases: pl.DataFrame, readable: list[bool]) -> Iterator[Seen]:
    """The cases whose images can all be read, some at a time.

    Notes in ``readable`` which cases are among those that are handed on.
    """
    numbers, canvas = card.columns.of(cases), card.canvas
    if canvas is None:
        readable += [True] * cases.height
        for at in range(0, cases.height, _MOST_CASES):
            yield Seen(None, numbers[at : at + _MOST_CASES])
        return
    size = at_once(canvas.channels * canvas.height * canvas.width * len(card.images))
    stream = enumerate(image_cases.each(cases, card.images, canvas.of, canvas.blank))
    while some := list(islice(stream, size)):
        readable += [images is not None for _, images in some]
        rows = [row for row, images in some if images is not None]
        if rows:
            found = np.stack([np.stack(images) for _, images in some if images is not None])
            yield Seen(found, numbers[rows])


def at_once(pixels: int) -> int:
    """How many cases of so many pixels, in all channels, go through a net together.

    >>> at_once(0), at_once(1024 * 1024), at_once(1 << 30)
    (256, 4, 1)
    """
    return max(1, min(_MOST_CASES, _MOST_PIXELS // max(1, pixels)))


def told(card: Card, out: NDArray[np.floating]) -> pl.Series:
    """What the logits or values (cases, outputs) of a net say, one answer a case."""
    exact = out.astype(np.float64)
    if card.task is Task.REGRESSION:
        return pl.Series(exact[:, 0] * card.scale + card.middle, dtype=pl.Float64)
    chances = probabilities(exact)
    if card.task is Task.BINARY:
        return pl.Series(chances[:, 1], dtype=pl.Float64)
    return pl.Series([card.classes[at] for at in chances.argmax(axis=1)], dtype=pl.String)


def probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shape (cases, classes), of logits (cases, outputs); one logit z is the pair (0, z).

    >>> probabilities(np.zeros((1, 1))).tolist()
    [[0.5, 0.5]]
    """
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    found: NDArray[np.float64] = softmax(logits, axis=1)
    return found
