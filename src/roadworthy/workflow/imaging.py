"""Images of cases: found beside product.yaml, known by their bytes, named where one is unreadable.

What a seal, a fingerprint and a kept model rest on are the bytes of the files, not their names: an
image that is exchanged under the same name is another case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.images import Unread
from roadworthy.core.model import Model
from roadworthy.core.product import Product
from roadworthy.io import images
from roadworthy.io.images import Picture

SHOWN = 5


def looks_at_images(product: Product) -> bool:
    """Whether anybody is to look at image files: not where the table holds the answers already."""
    data = product.data
    return data.images is not None and (data.score or data.prediction) is None


def with_files(cases: pl.DataFrame, product: Product) -> pl.DataFrame:
    """Adds ``@file:X`` and ``@digest:X`` for every column X of images; all bytes are hashed once.

    Raises:
        BadInput: a path is no text, or leaves the folder of product.yaml.
    """
    if not looks_at_images(product) or product.data.images is None:
        return cases
    ids = cases[columns.ID].to_list()
    for name in product.data.images.columns:
        files = images.located(cases[name], ids, product.folder)
        if name in product.data.images.optional:
            files = files.fill_null(columns.ABSENT)
        digests = images.digests(files)
        cases = cases.with_columns(
            files.alias(columns.file(name)), digests.alias(columns.digest(name))
        )
    return cases


def digests_of(cases: pl.DataFrame) -> pl.DataFrame:
    """The columns with hashes of images; none where there are no images."""
    return cases.select(name for name in cases.columns if name.startswith(columns.digest("")))


def without_places(cases: pl.DataFrame) -> pl.DataFrame:
    """The cases without where their files lie: that is no part of what they are."""
    return cases.drop(name for name in cases.columns if columns.is_file(name))


def unread(cases: pl.DataFrame, model: Model | None = None) -> tuple[Unread, ...]:
    """Every image of ``cases`` that cannot be read, in their order; each file is decoded.

    ``model`` may refuse more, such as colours where it learnt from grey.
    """
    return tuple(_unread(cases, _look_of(model)))


def _look_of(model: object) -> Callable[[Picture], object]:
    """How a model, or the one inside of it, looks at an image."""
    while model is not None:
        look = getattr(model, "look", None)
        if look is not None:
            return cast(Callable[[Picture], object], look)
        model = getattr(model, "inner", None)
    return lambda picture: None


def _unread(cases: pl.DataFrame, look: Callable[[Picture], object]) -> Iterator[Unread]:
    for column in filter(columns.is_file, cases.columns):
        read = images.stream(cases[column].to_list(), look)
        for case, found in zip(cases[columns.ID], read, strict=True):
            if isinstance(found, images.Broken) and found.file != columns.ABSENT:
                name = columns.shown(column)
                yield Unread(case, name, _named(cases, case, name), found.why, found.missing)


def _named(cases: pl.DataFrame, case: str, name: str) -> str | None:
    """The path as the table has it."""
    found = cases.filter(pl.col(columns.ID) == case)[name][0]
    return None if found is None else str(found)


def require_read(product: Product, model: Model, cases: pl.DataFrame, answers: pl.Series) -> None:
    """Refuses cases in scope without an answer because of an image; triage refers them instead.

    Raises:
        BadInput: there are such cases; the first files are named.
    """
    if not looks_at_images(product) or product.decision.triage is not None:
        return
    found = unread(cases.filter(answers.is_null() & cases[columns.INSIDE]), model)
    if not found:
        return
    raise BadInput(
        f"{counted(found, cases.height)} and these rules refer no case for that: {listed(found)}.",
        code="unreadable_image",
        where=found[0].file or f"column {found[0].column}",
        value=found[0].file,
        next_step="Mend or leave out those cases, or let a person have them: "
        "`decision: {mode: triage}`.",
    )


def unread_notes(product: Product, model: Model, cases: pl.DataFrame) -> tuple[str, ...]:
    """Which of the judged cases a person gets because of an image; ``cases`` have scores."""
    if not looks_at_images(product) or columns.SCORE not in cases.columns:
        return ()
    lacking = cases.filter(pl.col(columns.SCORE).is_null() & pl.col(columns.INSIDE))
    found = unread(lacking, model)
    if not found:
        return ()
    return (f"{counted(found, cases.height)} and go to a person: {listed(found)}.",)


def with_reasons(product: Product, model: Model, cases: pl.DataFrame) -> pl.DataFrame:
    """Adds ``@unread`` to scored cases of images; others are as they were."""
    if not looks_at_images(product) or columns.SCORE not in cases.columns:
        return cases
    codes: dict[str, str] = {}
    for one in unread(cases.filter(pl.col(columns.SCORE).is_null()), model):
        codes.setdefault(one.case, one.code)
    reason = pl.col(columns.ID).replace_strict(codes, default=None, return_dtype=pl.String)
    return cases.with_columns(reason.alias(columns.UNREAD))


def counted(found: Sequence[Unread], of: int) -> str:
    """How many cases have an image that cannot be read."""
    cases = len({one.case for one in found})
    has = "cases have" if cases > 1 else "case has"
    return f"{cases} of {of:,} {has} an image that cannot be read,"


def listed(found: Sequence[Unread]) -> str:
    """The first of them, each with its file and why."""
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(map(str, found[:SHOWN])) + more
