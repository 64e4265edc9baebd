"""Marks the images of cases: a model's maps of scores become boxes, each with its score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.marks import MARKS, Localising, Mark, MarkRules
from roadworthy.core.model import Model
from roadworthy.io import images
from roadworthy.stats.peaks import marks_of

_SCHEMA = {
    "case": pl.String,
    "image": pl.String,
    **dict.fromkeys(("x", "y", "width", "height"), pl.Int64),
    "score": pl.Float64,
}


@dataclass(frozen=True)
class Marking:
    """The collector of the ``marks`` table: one row a mark, in pixels of the image as it was read.

    Its columns are ``case``, ``image`` (the column that the image stands in), ``x``, ``y``,
    ``width``, ``height`` and ``score``.
    """

    rules: MarkRules = field(default_factory=MarkRules)

    table = MARKS
    about = "looks where in the images of each case the model saw what it answers"

    def collect(self, model: Model, cases: pl.DataFrame) -> pl.DataFrame:
        """All marks of all cases whose images can be read, whatever their score.

        Raises:
            BadInput: the model does not say where it looks.
        """
        told = zip(cases[columns.ID], self.marks(model, cases), strict=True)
        rows = [
            (case, image, one.x, one.y, one.width, one.height, one.score)
            for case, found in told
            for image, marks in (found or {}).items()
            for one in marks
        ]
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row")

    def marks(
        self, model: Model, cases: pl.DataFrame
    ) -> Iterator[dict[str, tuple[Mark, ...]] | None]:
        """The marks of each case by image column, in order; None: an image cannot be read.

        Raises:
            BadInput: the model does not say where it looks.
        """
        where = localising(model)
        if where is None:
            raise BadInput(
                f"{model.name} says nothing of where in an image it looks.",
                code="no_marks",
                where="marks",
                value=model.name,
                next_step="Train a net on images, `data: {features: {image: ...}}`, or name a "
                "table of marks: `marks: {table: FILE}`.",
            )
        # of what is true of a case no model hears anything
        seen = cases.select(list(dict.fromkeys((columns.ID, *model.needs))))
        files = [name for name in model.needs if columns.is_file(name)]
        paths = cases.select(files).iter_rows()
        for maps, own in zip(where.score_maps(seen), paths, strict=True):
            if maps is None:
                yield None
                continue
            yield {
                columns.shown(name): marks_of(one, self.rules, _size(path))
                for name, one, path in zip(files, maps, own, strict=True)
            }


def localising(model: object) -> Localising | None:
    """The model, or the one inside of it, if it says where in its images it looks."""
    while model is not None and not isinstance(model, Localising):
        model = getattr(model, "inner", None)
    return model


def _size(path: str | None) -> tuple[int, int] | None:
    try:
        return None if path is None else images.size(path)
    except images.UnreadableError:
        return None
