"""New cases, whose truth nobody knows: read, and refused where they are not what is decided on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.product import Product, SetName
from roadworthy.io import tables
from roadworthy.workflow.imaging import with_files
from roadworthy.workflow.prepare import identify, in_scope
from roadworthy.workflow.source import Parted, as_text, name_of, require_same_names

_TEXTS = (pl.String, pl.Categorical, pl.Enum)


def new_cases(
    product: Product, parted: Parted, table: object, needed: Iterable[str]
) -> pl.DataFrame:
    """The cases of ``table`` in its order, with their names and what the scope's rules say.

    Only the columns ``needed`` are kept, so that no truth that may stand in the table is read.

    Raises:
        BadInput: a column is missing or has another type, or an id is missing or there twice.
        Refused: cases of the sealed set are among them.
    """
    name = name_of(table)
    own = parted.schema
    # of an image the table has the path
    named = [columns.shown(column) for column in needed]
    names = list(dict.fromkeys([*as_text(product), *named]))
    texts = [column for column in names if own[column] in _TEXTS]
    scan = _scan(table, {*texts, *as_text(product)})
    tables.require_columns(scan, names, name)
    require_same_names(product, scan.collect_schema(), name)
    found = tables.collect(scan.select(names), name)
    found = found.with_columns(
        _as_before(found[column], own[column], name)
        for column in names
        if column not in as_text(product)
    )
    cases = identify(found, product)
    _refuse_sealed(cases, parted, name)
    found = in_scope(cases, product.scope)
    read = any(map(columns.is_file, needed))
    return with_files(found, product) if read else found


def _scan(table: object, texts: Iterable[str]) -> pl.LazyFrame:
    if isinstance(table, str | Path):
        return tables.scan_table(Path(table), tuple(texts))
    return tables.from_frame(table, name_of(table))


def _as_before(column: pl.Series, before: pl.DataType, where: str) -> pl.Series:
    """The column, if its values are of the kind that the product was made with."""
    if _kind(column.dtype) == _kind(before):
        return column.cast(pl.String) if before == pl.String else column
    if before == pl.Null:
        return column
    if column.null_count() == column.len():
        # a column without any value has no type of its own
        return column.cast(before)
    raise BadInput(
        f"the column {column.name!r} holds {column.dtype} here, and {before} in the cases that "
        "the product was made with.",
        code="changed_type",
        where=where,
        value=str(column.dtype),
        next_step="Write its values as they were; a text such as 'n/a' makes a column of numbers "
        "text.",
    )


def _kind(dtype: pl.DataType) -> str:
    """Types between which a file format, a width or a gap may change, but not what is meant."""
    if dtype.is_numeric():
        return "numbers"
    if dtype in _TEXTS:
        return "text"
    return str(dtype.base_type())


def _refuse_sealed(cases: pl.DataFrame, parted: Parted, where: str) -> None:
    sealed = parted.ids(SetName.SEALED)
    if not len(sealed):
        return
    known = int(cases.select(pl.col(columns.ID).is_in(sealed.implode()).sum()).item())
    if known:
        raise Refused(
            f"{known} of its {cases.height} cases are in the sealed set.",
            code="sealed_cases",
            where=where,
            value=known,
            next_step="Leave them out: their scores are seen when `roadworthy certify` opens it.",
        )
