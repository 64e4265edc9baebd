"""Where in an image something is suspect: a map of scores; and marks, boxes with a score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class ScoreMap:
    """How suspect each place of one image is.

    ``values`` (rows, columns), float32 from 0 to 1. The centre of cell (i, j) lies in the pixels
    of the image as it was read at ``top + i * down`` and ``left + j * across``.
    """

    values: NDArray[np.float32]
    top: float
    left: float
    down: float
    across: float


@dataclass(frozen=True)
class Mark:
    """A box in pixels of the image as it was read, and how suspect it is, from 0 to 1."""

    x: int
    y: int
    width: int
    height: int
    score: float


@runtime_checkable
class Localising(Protocol):
    """A model that says where in its images it saw what it answers."""

    def score_maps(self, cases: pl.DataFrame) -> Iterator[tuple[ScoreMap, ...] | None]:
        """The maps of each case in order, one for each of its images; None: one is not readable."""
