"""Where in an image something is suspect: a map of scores; and marks, boxes with a score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

# the observation table: one row a mark
MARKS = "marks"


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
class Box:
    """A true box, in pixels of the image as it was read: its left upper corner and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Mark:
    """A box in pixels of the image as it was read, and how suspect it is, from 0 to 1."""

    x: int
    y: int
    width: int
    height: int
    score: float


class HitBy(StrEnum):
    """When a mark finds a true box: how their places are compared.

    ``centre``: the middle of the mark lies in the box. ``iou``: what both cover is at least a share
    of what either covers. ``iobb``: it is at least a share of the mark.
    """

    CENTRE = "centre"
    IOU = "iou"
    IOBB = "iobb"


@dataclass(frozen=True)
class HitRule:
    """When a mark finds a true box; ``share`` is the least overlap (of no meaning for centres)."""

    by: HitBy = HitBy.CENTRE
    share: float = 0.0

    def __str__(self) -> str:
        if self.by is HitBy.CENTRE:
            return "the middle of the mark lies in the true box"
        name = {HitBy.IOU: "intersection over union", HitBy.IOBB: "intersection over the mark"}
        return f"{name[self.by]} of at least {self.share:g}"


@dataclass(frozen=True)
class BoxColumns:
    """What the columns of the tables of boxes and of marks are called; ``case`` None: as the id."""

    case: str | None = None
    image: str = "image"
    x: str = "x"
    y: str = "y"
    width: str = "width"
    height: str = "height"
    score: str = "score"


@dataclass(frozen=True)
class MarkRules:
    """What product.yaml says of marks: where true boxes are, and how a map becomes marks.

    ``table`` holds marks that were made elsewhere (None: the model makes them). A mark is shown
    from a score of ``threshold`` on, and at most ``at_most_per_image`` are. ``region_above``: a box
    holds what lies above this share of its peak, and at least ``smallest_region`` pixels;
    of two that overlap by more than ``overlap_at_most`` the higher stays. ``other_cases`` says
    whether boxes of cases that the table of cases does not hold are refused.
    """

    boxes: str | None = None
    table: str | None = None
    columns: BoxColumns = BoxColumns()
    threshold: float = 0.5
    at_most_per_image: int = 5
    hit: HitRule = HitRule()
    region_above: float = 0.5
    smallest_region: int = 4
    overlap_at_most: float = 0.3
    other_cases: Literal["refuse", "ignore"] = "refuse"


@runtime_checkable
class Localising(Protocol):
    """A model that says where in its images it saw what it answers."""

    def score_maps(self, cases: pl.DataFrame) -> Iterator[tuple[ScoreMap, ...] | None]:
        """The maps of each case in order, one for each of its images; None: one is not readable."""
