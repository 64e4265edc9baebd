"""Cases as tensors, batch by batch: from memory where they fit, else decoded as they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from roadworthy.models import image_cases
from roadworthy.models.nets.canvas import Canvas
from roadworthy.models.nets.columns import Columns, Floats

Rows = NDArray[np.int64]
# decoded images that are kept between epochs may take so many bytes
MOST_KEPT = 1 << 30


@dataclass(frozen=True)
class Batch:
    """Images (cases, images a case, channels, height, width), if any, and numbers beside them."""

    images: Tensor | None
    numbers: Tensor


@dataclass
class Feed:
    """The cases of a table, ready to be asked for by row.

    ``kept`` holds the images of all cases where that was affordable.
    """

    cases: pl.DataFrame
    files: tuple[str, ...]
    canvas: Canvas | None
    numbers: Floats
    kept: NDArray[np.float32] | None = None

    def batches(self, rows: Sequence[Rows]) -> Iterator[Batch]:
        """One batch for each of ``rows``, in order; every image of these cases must be readable."""
        decoded = self._decoded(rows) if self.canvas and self.kept is None else iter(())
        for some in rows:
            images = None
            if self.kept is not None:
                images = torch.from_numpy(self.kept[some])
            elif self.canvas is not None:
                images = torch.from_numpy(np.stack(list(islice(decoded, len(some)))))
            yield Batch(images, torch.from_numpy(self.numbers[some]))

    def _decoded(self, rows: Sequence[Rows]) -> Iterator[NDArray[np.float32]]:
        assert self.canvas is not None
        ordered = self.cases.select(self.files)[np.concatenate(rows)]
        for found in image_cases.each(ordered, self.files, self.canvas.of, self.canvas.blank):
            if found is None:
                raise OSError("an image that could be read before cannot be read any more")
            yield np.stack(found)


def feed_of(
    cases: pl.DataFrame,
    columns: Columns,
    files: tuple[str, ...],
    canvas: Canvas | None,
    most_kept: int = MOST_KEPT,
) -> tuple[Feed, NDArray[np.bool_]]:
    """The cases whose images can all be read, and which of ``cases`` these are."""
    if canvas is None:
        return Feed(cases, (), None, columns.of(cases)), np.ones(cases.height, dtype=bool)
    shape = (cases.height, len(files), canvas.channels, canvas.height, canvas.width)
    fits = 4 * int(np.prod(shape, dtype=np.float64)) <= most_kept
    kept = np.empty(shape, dtype=np.float32) if fits else None
    readable = np.zeros(cases.height, dtype=bool)
    for row, found in enumerate(image_cases.each(cases, files, canvas.of, canvas.blank)):
        readable[row] = found is not None
        if found is not None and kept is not None:
            kept[row] = np.stack(found)
    some = cases.filter(pl.Series(readable, dtype=pl.Boolean))
    images = None if kept is None else kept[readable]
    return Feed(some, files, canvas, columns.of(some), images), readable
