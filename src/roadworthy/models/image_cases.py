"""What all models that read images share: which columns are files, and gaps for answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.marks import ScoreMap
from roadworthy.core.product import Task
from roadworthy.io import images
from roadworthy.io.images import Broken, Picture

T = TypeVar("T")
# the map of an image that a case may lack and does
NOWHERE = ScoreMap(np.zeros((1, 1), dtype=np.float32), 0.0, 0.0, 1.0, 1.0)


def apart(features: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns with files of images, and the others.

    Raises:
        BadInput: there is no column with images.
    """
    files = tuple(name for name in features if columns.is_file(name))
    if not files:
        raise BadInput(
            "it reads images, and product.yaml names none.",
            code="no_images",
            where="data.features",
            next_step="Name the column with their paths: `data: {features: {image: ...}}`.",
        )
    return files, tuple(name for name in features if name not in files)


def each(
    cases: pl.DataFrame,
    files: Sequence[str],
    make: Callable[[Picture], T],
    absent: Callable[[], T] | None = None,
) -> Iterator[list[T] | None]:
    """What ``make`` gives for the images of each case, in order; None: one cannot be read.

    ``absent`` stands for an image that may be missing and is; without it no answer is possible.
    """
    flat = cases.select(pl.concat_list(files).alias("f"))["f"].explode() if files else pl.Series()
    made = images.stream(flat.to_list(), make)
    for _ in range(cases.height):
        found = [_or(next(made), absent) for _ in files]
        yield None if any(isinstance(one, Broken) for one in found) else found  # type: ignore[misc]


def _or(one: T | Broken, absent: Callable[[], T] | None) -> T | Broken:
    if absent is not None and isinstance(one, Broken) and one.file == columns.ABSENT:
        return absent()
    return one


def scattered(answers: pl.Series, readable: pl.Series, task: Task) -> pl.Series:
    """Answers of the readable cases at their places among all, null elsewhere."""
    kind = pl.String if task is Task.MULTICLASS else pl.Float64
    found = pl.Series([None] * len(readable), dtype=kind)
    if not readable.any():
        return found
    return found.scatter(readable.arg_true(), answers.cast(kind))


def none_readable(cases: int) -> BadInput:
    """The error where no image taught anything."""
    return BadInput(
        f"none of the {cases} training cases has images that can be read.",
        code="no_readable_image",
        where="the training split",
        value=cases,
        next_step="Run `roadworthy images` to see what is wrong with each file.",
    )
