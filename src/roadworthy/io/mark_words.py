"""The words of marks: where true boxes are, what is a hit, how a map of scores becomes boxes."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Tag, model_validator

from roadworthy.core.marks import BoxColumns, HitBy, HitRule, MarkRules
from roadworthy.io.shapes import Checked, Words, shown, wrong
from roadworthy.io.words import (
    Column,
    Text,
    as_share,
    at_least,
    between,
    choice,
    number,
    share_or_end,
)


def _overlap(value: object) -> float:
    found = number(value)
    if not 0 < found <= 1:
        raise wrong(f"must be more than 0 and at most 1, not {shown(value)}", as_share(found))
    return found


Overlap = Annotated[
    float, Checked(_overlap, {"type": "number", "exclusiveMinimum": 0, "maximum": 1})
]
ScoreWord = Annotated[float, Checked(share_or_end, {"type": "number", "minimum": 0, "maximum": 1})]


class BoxColumnWords(Words):
    """What the columns of the tables of boxes and of marks are called."""

    case: Column | None = None
    """The column with the case's id; by default what `data.id` is called."""
    image: Column = "image"
    """The column that names the image: its path as in the cases, or the column it stands in."""
    x: Column = "x"
    """The left edge, in pixels of the image from 0."""
    y: Column = "y"
    """The upper edge."""
    width: Column = "width"
    """How many pixels wide."""
    height: Column = "height"
    """How many pixels high."""
    score: Column = "score"
    """How suspect a mark is, from 0 to 1; true boxes have none."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        names = [self.image, self.x, self.y, self.width, self.height, self.score]
        twice = [name for at, name in enumerate(names) if name in names[:at]]
        if twice:
            message = f"names the column {shown(twice[0])} twice"
            raise wrong(message, "Name another column for each.")
        return self

    def core(self) -> BoxColumns:
        """The columns that this describes."""
        return BoxColumns(**{name: getattr(self, name) for name in type(self).model_fields})


class OverlapWords(Words):
    """A hit by how far a mark and a true box overlap: one of the two."""

    iou: Overlap | None = None
    """At least this share of what either covers is covered by both."""
    iobb: Overlap | None = None
    """At least this share of the mark lies in the true box."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.iou is None) == (self.iobb is None):
            raise wrong("needs one of iou and iobb", "Write {iou: 0.3}, or {iobb: 0.5}.")
        return self

    def core(self) -> HitRule:
        """The rule that this describes."""
        if self.iou is not None:
            return HitRule(HitBy.IOU, self.iou)
        assert self.iobb is not None
        return HitRule(HitBy.IOBB, self.iobb)


HitWord = Annotated[
    Annotated[Literal["centre"], choice({"centre": "centre"}), Tag("<word>")]
    | Annotated[OverlapWords, Tag("<overlap>")],
    Discriminator(lambda written: "<overlap>" if isinstance(written, dict) else "<word>"),
]
OTHERS = {"refuse": "refuse", "ignore": "ignore"}


class MarkWords(Words):
    """Suspect regions of images: the second view beside the score of a case."""

    boxes: Text | None = None
    """A CSV or Parquet file with the true boxes, one row each; an image without one has none."""
    table: Text | None = None
    """A CSV or Parquet file with marks that were made elsewhere; by default a model makes them."""
    columns: BoxColumnWords = BoxColumnWords()
    """What the columns of these tables are called."""
    threshold: ScoreWord = 0.5
    """A mark is shown from this score on: fix it on other cases than those it is judged on."""
    at_most_per_image: Annotated[int, at_least(1)] = 5
    """At most so many marks are shown on one image."""
    hit: HitWord = "centre"
    """When a mark finds a true box: centre (its middle lies in it), {iou: 0.3} or {iobb: 0.5}."""
    region_above: Annotated[float, between(0, 1)] = 0.5
    """A box holds what is connected with its peak above this share of it."""
    smallest_region: Annotated[int, at_least(1)] = 4
    """Regions of fewer pixels are no marks."""
    overlap_at_most: Annotated[float, between(0, 1)] = 0.3
    """Of two boxes that overlap by more (intersection over union) the more suspect stays."""
    other_cases: Annotated[Literal["refuse", "ignore"], choice(OTHERS)] = "refuse"
    """Rows of cases that are in no table of cases: refuse (a misspelled id hides a lesion) or
    ignore."""

    def core(self) -> MarkRules:
        """The rules that this describes."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        hit = HitRule() if isinstance(self.hit, str) else self.hit.core()
        return MarkRules(**{**own, "columns": self.columns.core(), "hit": hit})
