"""Marks beside scores: true boxes and marks become columns of a case, and counts of hits.

So scope, slices, units, the seal and paid-for looks hold for marks as for everything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import file_digest
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.marks import HitRule, MarkRules
from roadworthy.core.model import Model
from roadworthy.core.product import Product
from roadworthy.io import box_table, images
from roadworthy.io.box_table import listed, told
from roadworthy.io.images import UnreadableError
from roadworthy.models.marking import Marking, localising
from roadworthy.stats.boxes import best_of_each, found_by

NO_BOXES = "there is no table of true boxes"


def with_boxes(cases: pl.DataFrame, product: Product) -> pl.DataFrame:
    """Adds ``@boxes`` where marks are declared; sealed cases bring their own.

    Raises:
        BadInput: a row of the table of boxes is wrong.
    """
    rules = product.marks
    if rules is None or columns.BOXES in cases.columns:
        return cases
    if rules.boxes is None:
        return cases.with_columns(pl.lit(None, dtype=pl.String).alias(columns.BOXES))
    boxes = box_table.true_boxes(cases, product, rules)
    _require_inside(cases, boxes, product, rules.boxes)
    return cases.with_columns(boxes.alias(columns.BOXES))


def require_known_cases(cases: pl.DataFrame, product: Product) -> None:
    """Refuses boxes and marks of cases that the product's own table lacks.

    Raises:
        BadInput: the first such row is named.
    """
    if product.marks is not None:
        box_table.require_known(cases, product, product.marks)


def with_marks(cases: pl.DataFrame, product: Product, model: Model) -> pl.DataFrame:
    """Adds ``@marks`` and ``@images`` (see core.columns) where marks are declared."""
    rules = product.marks
    if rules is None or columns.MARKS in cases.columns:
        return cases
    if rules.table is not None:
        marks = box_table.own_marks(cases, product, rules)
        count = _images(cases, product)
    elif localising(model) is None:
        marks, count = pl.Series([None] * cases.height, dtype=pl.String), pl.lit(0)
    else:
        found = list(Marking(rules).marks(model, cases))
        # an image that cannot be read has no marks: its lesions are not found
        marks = pl.Series(["[]" if one is None else _told(one) for one in found], dtype=pl.String)
        count = pl.lit(pl.Series([0 if one is None else len(one) for one in found]))
    return cases.with_columns(
        marks.alias(columns.MARKS), count.cast(pl.Int64).alias(columns.IMAGES)
    )


def _images(cases: pl.DataFrame, product: Product) -> pl.Expr:
    """How many images each case has: a view that was not taken is none without false marks."""
    named = box_table.image_columns(product)
    there = [name for name in named if name in cases.columns]
    if not there:
        return pl.lit(len(named))
    return pl.sum_horizontal(pl.col(name).is_not_null() for name in there)


def judged_marks(cases: pl.DataFrame, product: Product, model: Model) -> pl.DataFrame:
    """Adds marks and what they hit; as it was where none are declared, or it is known already.

    No model is asked where there are no true boxes to compare with.
    """
    rules = product.marks
    if rules is None or columns.UNMARKED in cases.columns:
        return cases
    if rules.boxes is None or cases[columns.BOXES].null_count() == cases.height:
        return cases.with_columns(_unknown(cases.height, NO_BOXES))
    cases = with_marks(cases, product, model)
    if cases[columns.MARKS].null_count() == cases.height:
        return cases.with_columns(_unknown(cases.height, f"{model.name} does not say where"))
    return cases.with_columns(_hits(cases, rules))


def shown_marks(cases: pl.DataFrame, rules: MarkRules) -> pl.Series:
    """The marks of each case that are shown, as JSON (cases,); null where nothing says where."""
    found = (
        None if text is None else told([m for m in listed(text) if m["score"] >= rules.threshold])
        for text in cases[columns.MARKS]
    )
    return pl.Series(list(found), dtype=pl.String)


def content_of(product: Product) -> dict[str, str]:
    """What marks hang on beside the model: the rules, and hashes of the tables that they name."""
    rules = product.marks
    if rules is None:
        return {}
    named = {"table": rules.table}
    return {"rules": repr(rules), **{k: _hash(product, f) for k, f in named.items() if f}}


def files_of_images(cases: pl.DataFrame, product: Product) -> dict[str, list[str | None]]:
    """The image files of each case by column, in full; a column that is not there has none."""
    found: dict[str, list[str | None]] = {}
    for name in box_table.image_columns(product):
        if columns.file(name) in cases.columns:
            found[name] = cases[columns.file(name)].to_list()
        elif name in cases.columns:
            ids = cases[columns.ID].to_list()
            found[name] = images.located(cases[name], ids, product.folder).to_list()
        else:
            found[name] = [None] * cases.height
    return found


def _told(found: dict[str, Any]) -> str:
    return told(
        [
            {
                "image": image,
                **{side: getattr(mark, side) for side in ("x", "y", "width", "height")},
                "score": mark.score,
            }
            for image, marks in found.items()
            for mark in marks
        ]
    )


def _unknown(height: int, why: str) -> list[pl.Series]:
    none: list[list[float]] = [[]] * height
    lists = [
        pl.Series(n, none, dtype=pl.List(pl.Float64)) for n in (columns.LESIONS, columns.FALSE)
    ]
    zero = pl.zeros(height, pl.Int64, eager=True)
    counts = (columns.LESION_COUNT, columns.FOUND, columns.FALSE_COUNT, columns.IMAGES)
    reason = pl.Series(columns.UNMARKED, [why] * height, dtype=pl.String)
    return [reason, *lists, *(zero.alias(name) for name in counts)]


def _hits(cases: pl.DataFrame, rules: MarkRules) -> list[pl.Series]:
    boxes, marks = cases[columns.BOXES], cases[columns.MARKS]
    each = [outcome(b, m, rules.hit) for b, m in zip(boxes, marks, strict=True)]
    best, false = [[side.tolist() for side in sides] for sides in zip(*each, strict=True)]
    at = rules.threshold
    known = boxes.is_not_null() & marks.is_not_null()
    counts = {
        columns.LESION_COUNT: [len(one) for one in best],
        columns.FOUND: [sum(score >= at for score in one) for one in best],
        columns.FALSE_COUNT: [sum(score >= at for score in one) for one in false],
    }
    reason = [None if is_known else NO_BOXES for is_known in known]
    return [
        pl.Series(columns.UNMARKED, reason, dtype=pl.String),
        pl.Series(columns.LESIONS, best, dtype=pl.List(pl.Float64)),
        pl.Series(columns.FALSE, false, dtype=pl.List(pl.Float64)),
        *(pl.Series(name, values, dtype=pl.Int64) for name, values in counts.items()),
    ]


def outcome(
    boxes: str | None, marks: str | None, rule: HitRule
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of one case: the best score of each true box (-1: not found), and scores of false marks.

    A mark is compared with boxes of its own image only.
    """
    truths, found = listed(boxes), listed(marks)
    best, false = [], []
    for image in dict.fromkeys(one["image"] for one in (*truths, *found)):
        ours = [one for one in found if one["image"] == image]
        theirs = [one for one in truths if one["image"] == image]
        scores = np.array([one["score"] for one in ours], dtype=np.float64)
        hit = found_by(_array(ours), _array(theirs), rule)
        best.append(best_of_each(hit, scores, len(theirs)))
        false.append(scores[hit < 0])
    empty = np.empty(0)
    return np.concatenate([empty, *best]), np.concatenate([empty, *false])


def _array(boxes: list[dict[str, Any]]) -> NDArray[np.float64]:
    sides = [[one["x"], one["y"], one["width"], one["height"]] for one in boxes]
    return np.array(sides, dtype=np.float64).reshape(-1, 4)


def _require_inside(cases: pl.DataFrame, boxes: pl.Series, product: Product, where: str) -> None:
    """Refuses a box that ends outside of its image, where the image can be read."""
    for case, box, file in _with_files(cases, boxes, product):
        try:
            height, width = images.size(file)
        except UnreadableError:
            continue
        if box["x"] + box["width"] > width or box["y"] + box["height"] > height:
            corner = f"{box['x']:g}, {box['y']:g}"
            raise BadInput(
                f"a box of case {case} at {corner}, {box['width']:g} x {box['height']:g} pixels, "
                f"ends outside of its image '{box['image']}' of {width} x {height}.",
                code="bad_box",
                where=where,
                value=case,
                next_step="Boxes are in pixels of the image file: correct it, or scale it back.",
            )


def _with_files(
    cases: pl.DataFrame, boxes: pl.Series, product: Product
) -> Iterator[tuple[str, dict[str, Any], str]]:
    marked = [(at, box) for at, text in enumerate(boxes) for box in listed(text)]
    if not marked:
        return
    files = files_of_images(cases, product)
    for at, box in marked:
        file = files[box["image"]][at]
        if file is not None:
            yield cases[columns.ID][at], box, file


def _hash(product: Product, path: str) -> str:
    try:
        with (product.folder / path).open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
