"""Maps of scores of the images of cases, whoever does the arithmetic: torch, or a runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit

from roadworthy.core.errors import BadInput
from roadworthy.core.marks import ScoreMap
from roadworthy.core.product import Task
from roadworthy.io.images import Picture
from roadworthy.models import image_cases
from roadworthy.models.nets.answering import Seen
from roadworthy.models.nets.canvas import Canvas, Pixels, Placed
from roadworthy.models.nets.card import Card

# the logits (cases, images a case, rows, columns) of what is seen
Logits = Callable[[Seen], NDArray[np.floating]]


def score_maps(
    card: Card, cases: pl.DataFrame, logits: Logits
) -> Iterator[tuple[ScoreMap, ...] | None]:
    """The probability at each place of each image, in pixels of the image as it was read.

    Raises:
        BadInput: the net sees no images, or does not tell one thing from all others.
    """
    if card.canvas is None or card.task is not Task.BINARY:
        raise no_map(card)
    return _maps(card, card.canvas, cases, logits)


def _maps(
    card: Card, canvas: Canvas, cases: pl.DataFrame, logits: Logits
) -> Iterator[tuple[ScoreMap, ...] | None]:
    numbers = card.columns.of(cases)

    def seen(picture: Picture) -> tuple[Pixels, Placed | None]:
        return canvas.of(picture), canvas.placed(picture.pixels.shape[:2])

    looked = image_cases.each(cases, card.images, seen, lambda: (canvas.blank(), None))
    for row, found in enumerate(looked):
        if found is None:
            yield None
            continue
        images = np.stack([pixels for pixels, _ in found])[None]
        values = expit(logits(Seen(images, numbers[row : row + 1]))[0])
        yield tuple(
            image_cases.NOWHERE if placed is None else placed.map(each, card.shape.stride)
            for (_, placed), each in zip(found, values, strict=True)
        )


def no_map(card: Card) -> BadInput:
    """The error of a net that does not say where."""
    return BadInput(
        f"{card.name} gives no map of scores: that takes images, two classes, and a net of ours.",
        code="no_marks",
        where="marks",
        value=card.name,
        next_step="Name `small_net` or `large_net` under `models:`, or a table of marks.",
    )
