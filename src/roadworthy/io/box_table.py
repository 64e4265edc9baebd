"""Tables of boxes, true ones and marks: every row of a known image, with a size, none twice.

A box that is lost on the way hides a lesion, so whatever is strange about a row is refused by name.
What is read is told case by case as JSON: ``[{"image": ..., "x": ..., "y": ..., "width": ...,
"height": ...}]``, a mark's with its ``score``; ``image`` is the column that the image stands in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.marks import MarkRules
from roadworthy.core.product import Product
from roadworthy.io import tables
from roadworthy.io.images.picture import MOST_PIXELS
from roadworthy.io.nearest import nearest

# what the only image of a case is called where product.yaml names no column of images
ONLY = "image"
_SIDES = ("x", "y", "width", "height")
_ROW, _CASE, _IMAGE, _SCORE = "@row", "@case", "@image", "@score"
_EXAMPLES = 1000
Row: TypeAlias = dict[str, Any]


def image_columns(product: Product) -> tuple[str, ...]:
    """The columns of images; the case's own file, or a name for the only image, without any."""
    if product.data.images is not None:
        return product.data.images.columns
    return (product.data.file or ONLY,)


def true_boxes(cases: pl.DataFrame, product: Product, rules: MarkRules) -> pl.Series:
    """The true boxes of each case (cases,), as JSON.

    Raises:
        BadInput: the table cannot be read, or a row of it is wrong; the first one is named.
    """
    assert rules.boxes is not None
    rows, where = _rows(rules.boxes, cases, product, rules, scored=False)
    if columns.POSITIVE in cases.columns:
        negative = cases.filter(~pl.col(columns.POSITIVE))[columns.ID]
        _refuse(
            rows.filter(pl.col(_CASE).is_in(negative.implode())),
            lambda row: f"is of case {row[_CASE]}, which is negative by its truth",
            "Correct the truth, or remove the box.",
            where,
        )
    return _by_case(rows, cases, _SIDES)


def own_marks(cases: pl.DataFrame, product: Product, rules: MarkRules) -> pl.Series:
    """The marks that were made elsewhere (cases,), as JSON; a case without a row has none.

    Raises:
        BadInput: as ``true_boxes``; a score that is none; more marks on an image than may be.
    """
    assert rules.table is not None
    rows, where = _rows(rules.table, cases, product, rules, scored=True)
    shown = rows.filter(pl.col(_SCORE) >= rules.threshold)
    many = shown.filter(pl.len().over(_CASE, _IMAGE) > rules.at_most_per_image)
    if many.height:
        case, image = many.select(_CASE, _IMAGE).row(0)
        count = many.filter(pl.col(_CASE) == case, pl.col(_IMAGE) == image).height
        raise BadInput(
            f"case {case} has {count} marks from {rules.threshold:g} on in '{image}', and at most "
            f"{rules.at_most_per_image} are declared: no bound would hold.",
            code="too_many_marks",
            where=where,
            value=count,
            next_step="Write the true most: `marks: {at_most_per_image: ...}`.",
        )
    return _by_case(rows, cases, (*_SIDES, _SCORE))


def require_known(cases: pl.DataFrame, product: Product, rules: MarkRules) -> None:
    """Refuses rows of cases that the product's own table ``cases`` does not hold.

    Raises:
        BadInput: there are such rows, and product.yaml does not say that they are of other tables.
    """
    if rules.other_cases == "ignore":
        return
    known = cases[columns.ID]
    for file, scored in ((rules.boxes, False), (rules.table, True)):
        if file is None:
            continue
        rows = _read(file, product, rules, scored=scored)
        strange = rows.filter(~pl.col(_CASE).is_in(known.implode()))
        close = nearest(str(strange[_CASE][0]), known.head(_EXAMPLES)) if strange.height else None
        hint = f"Is `{close}` meant? If not, r" if close else "R"
        _refuse(
            strange,
            lambda row: f"is of case {row[_CASE]}, which {', '.join(product.data.cases)} lacks",
            f"{hint}emove the row (of sealed cases the vault holds the boxes), or write "
            "`marks: {other_cases: ignore}` if these are of other tables.",
            file,
        )


def listed(told: str | None) -> list[dict[str, Any]]:
    """Boxes that were told as JSON; none where nothing was."""
    return [] if told is None else json.loads(told)


def told(boxes: Sequence[Mapping[str, Any]]) -> str:
    """Boxes as JSON, always the same for the same boxes."""
    return json.dumps(list(boxes), separators=(",", ":"), ensure_ascii=False)


def _rows(
    file: str, cases: pl.DataFrame, product: Product, rules: MarkRules, *, scored: bool
) -> tuple[pl.DataFrame, str]:
    """The rows of ``cases`` by the names used here, each checked, and where they are from."""
    rows = _read(file, product, rules, scored=scored)
    rows = rows.filter(pl.col(_CASE).is_in(cases[columns.ID].implode()))
    return _with_images(rows, cases, image_columns(product), file), file


def _read(file: str, product: Product, rules: MarkRules, *, scored: bool) -> pl.DataFrame:
    """All rows of a table by the names used here, as far as they can be checked alone."""
    named = rules.columns
    case = named.case or product.data.id
    if case is None:
        raise BadInput(
            "boxes are of cases, and nothing says which case is which.",
            code="no_id",
            where=f"{product.file.name}: marks",
            next_step="Name the column with their ids: `data: {id: ...}`.",
        )
    scan = tables.scan_table(product.folder / file, (case, named.image))
    present = scan.collect_schema().names()
    own = {side: getattr(named, side) for side in _SIDES}
    own |= {_SCORE: named.score} if scored else {}
    several = len(image_columns(product)) > 1
    needed = [case, *own.values(), *([named.image] if several else [])]
    tables.require_columns(scan, needed, file)
    raw = tables.collect(scan, file)
    for name in own.values():
        _require_numbers(raw, name, file)
    image = pl.col(named.image) if named.image in present else pl.lit(None, dtype=pl.String)
    rows = raw.with_row_index(_ROW, offset=1).select(
        _ROW,
        pl.col(case).cast(pl.String).alias(_CASE),
        image.cast(pl.String).alias(_IMAGE),
        *(pl.col(column).cast(pl.Float64).alias(name) for name, column in own.items()),
    )
    _refuse_strange(rows, own, file)
    return rows


def _require_numbers(raw: pl.DataFrame, name: str, where: str) -> None:
    kind = raw.schema[name]
    if not kind.is_numeric() and kind != pl.Null:
        raise BadInput(
            f"the column {name!r} holds {kind}, and numbers are needed.",
            code="not_a_number",
            where=where,
            value=str(kind),
            next_step="Write numbers, such as 120; a text such as 'n/a' makes the column text.",
        )


def _refuse_strange(rows: pl.DataFrame, own: Mapping[str, str], where: str) -> None:
    nameless = rows.filter(pl.col(_CASE).is_null())
    _refuse(nameless, lambda _: "names no case", "Fill in its id.", where)
    for name, column in own.items():
        strange = rows.filter(~pl.col(name).is_finite().fill_null(False))
        step = "Fill it in, or remove the row."
        _refuse(strange, partial(_lacking, column), step, where)
    for name in ("width", "height"):
        none = rows.filter(pl.col(name) <= 0)
        step = "A box is given by its left upper corner, its width and its height."
        _refuse(none, partial(_sized, name), step, where)
    far = rows.filter(pl.max_horizontal(pl.col(_SIDES)) > MOST_PIXELS)
    step = "Boxes are in pixels of the image file: correct it, or scale it back."
    _refuse(far, lambda row: f"is larger than any image, or beyond it, at {_at(row)}", step, where)
    outside = rows.filter((pl.col("x") < 0) | (pl.col("y") < 0))
    step = "Pixels count from 0 at the left upper corner."
    _refuse(outside, lambda row: f"begins outside of its image, at {_at(row)}", step, where)
    if _SCORE in own:
        beyond = rows.filter(~pl.col(_SCORE).is_between(0.0, 1.0))
        step = "Write scores from 0 to 1."
        _refuse(beyond, lambda row: f"has the score {row[_SCORE]:g}", step, where)


def _lacking(column: str, _: Row) -> str:
    return f"has no number in {column!r}"


def _sized(side: str, row: Row) -> str:
    return f"has the {side} {row[side]:g}"


def _at(row: Row) -> str:
    return f"{row['x']:g}, {row['y']:g}"


def _with_images(
    rows: pl.DataFrame, cases: pl.DataFrame, images: tuple[str, ...], where: str
) -> pl.DataFrame:
    """Each row with the column that its image stands in."""
    there = [name for name in images if name in cases.columns]
    paths = cases.select(pl.col(columns.ID).alias(_CASE), *there).unpivot(
        there, index=_CASE, variable_name="@column", value_name="@path"
    )
    paths = paths.with_columns(pl.col("@path").cast(pl.String))
    by_path = paths.filter(pl.col("@path").is_not_null()).unique(
        [_CASE, "@path"], keep="first", maintain_order=True
    )
    joined = rows.join(
        by_path, left_on=[_CASE, _IMAGE], right_on=[_CASE, "@path"], how="left",
        maintain_order="left",
    )  # fmt: skip
    by_name = pl.when(pl.col(_IMAGE).is_in(images)).then(_IMAGE)
    alone = pl.lit(images[0]) if len(images) == 1 else pl.lit(None, dtype=pl.String)
    # the only image needs no name, and any name will do where no column holds one
    unnamed = pl.col(_IMAGE).is_null() | pl.lit(not there)
    column = pl.coalesce("@column", by_name, pl.when(unnamed).then(alone))
    found = joined.with_columns(column.alias("@column"))
    _refuse(
        found.filter(pl.col("@column").is_null()),
        lambda row: f"names the image {row[_IMAGE]}, which case {row[_CASE]} does not have",
        "Write the path as the table of cases has it, or the column it stands in: "
        f"{', '.join(images)}.",
        where,
    )
    found = found.with_columns(pl.col("@column").alias(_IMAGE)).drop("@column")
    keys = [_CASE, _IMAGE, *_SIDES]
    twice = found.filter(pl.struct(keys).is_duplicated() & ~pl.struct(keys).is_first_distinct())
    there_already = "that stands there already"
    _refuse(
        twice, lambda row: f"is a box of case {row[_CASE]} {there_already}", "Remove it.", where
    )
    return found


def _by_case(rows: pl.DataFrame, cases: pl.DataFrame, sides: Sequence[str]) -> pl.Series:
    found: dict[str, list[dict[str, Any]]] = {case: [] for case in cases[columns.ID]}
    for row in rows.sort(_CASE, _IMAGE, *_SIDES).iter_rows(named=True):
        box = {"image": row[_IMAGE], **{side.lstrip("@"): row[side] for side in sides}}
        found[row[_CASE]].append(box)
    return pl.Series([told(boxes) for boxes in found.values()], dtype=pl.String)


def _refuse(strange: pl.DataFrame, what: Callable[[Row], str], step: str, where: str) -> None:
    """Names the first of the strange rows; ``what`` is the end of a sentence on it."""
    if not strange.height:
        return
    first = strange.row(0, named=True)
    more = f" (and {strange.height - 1:,} other rows)" if strange.height > 1 else ""
    raise BadInput(
        f"row {first[_ROW]} {what(first)}{more}.",
        code="bad_box",
        where=where,
        value=first[_ROW],
        next_step=step,
    )
