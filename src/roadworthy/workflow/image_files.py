"""images: reads every image of a product once, names what is wrong, and tells DICOM context."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.images import Unread
from roadworthy.core.shown import Shown
from roadworthy.io import images, tables
from roadworthy.io.images import Broken, Picture, UnreadableError
from roadworthy.workflow.imaging import looks_at_images, with_files
from roadworthy.workflow.load import Given, as_product
from roadworthy.workflow.prepare import identify
from roadworthy.workflow.source import require_declared


@dataclass(frozen=True)
class Looked(Shown):
    """What was seen: ``sizes`` are (width, height, bits) of readable images and how often.

    ``context`` has a row a case and a column for each thing that DICOM headers say of its images,
    such as ``scan_view``; ``written`` is the table that it was written into.
    """

    images: int
    cases: int
    unread: tuple[Unread, ...]
    sizes: tuple[tuple[tuple[int, int, int], int], ...]
    context: pl.DataFrame
    written: Path | None = None

    def __repr__(self) -> str:
        return f"<Looked at {self.images:,} images, {len(self.unread):,} of them unreadable>"


def look(product: Given, write: Path | None = None) -> Looked:
    """Decodes every image; no truth is looked at. ``write`` gets the table with its context.

    Raises:
        BadInput: product.yaml names no images, or the file to write exists.
    """
    product = as_product(product)
    if not looks_at_images(product) or product.data.images is None:
        raise BadInput(
            "there are no images to look at.",
            code="no_images",
            where=f"{product.file.name}: data.features",
            next_step="Name the column with their paths: `features: {image: COLUMN}`.",
        )
    _require_new(write)
    raw = tables.collect(tables.scan_cases(product), str(product.data.cases[0]))
    require_declared(raw, product, product.file.name)
    cases = with_files(identify(raw, product), product)
    unread, sizes, context, count = [], Counter[tuple[int, int, int]](), [], 0
    for name in product.data.images.columns:
        files = cases[columns.file(name)].to_list()
        for at, found in enumerate(images.stream(files, _size)):
            if isinstance(found, Broken) and found.file == columns.ABSENT:
                continue
            count += 1
            if isinstance(found, Broken):
                path = None if found.file is None else str(raw[name][at])
                unread.append(Unread(cases[columns.ID][at], name, path, found.why, found.missing))
            else:
                sizes[found] += 1
        context.append(_context(files, name))
    told = pl.concat(context, how="horizontal")
    told = told.select(one for one in told.columns if told[one].null_count() < told.height)
    if write is not None:
        _write(write, raw, told)
    return Looked(count, raw.height, tuple(unread), tuple(sizes.most_common()), told, write)


def _size(picture: Picture) -> tuple[int, int, int]:
    height, width = picture.pixels.shape[:2]
    return width, height, picture.bits


def _context(files: list[str | None], name: str) -> pl.DataFrame:
    rows = [_header(file) for file in files]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    found = {f"{name}_{key}": [row.get(key) for row in rows] for key in keys}
    return pl.DataFrame(found, strict=False)


def _header(file: str | None) -> dict[str, object]:
    try:
        return images.context(file) if file else {}
    except UnreadableError:
        return {}


def _require_new(write: Path | None) -> None:
    if write is None:
        return
    if write.exists() or write.suffix.lower() not in (".csv", ".parquet"):
        what = "exists, and is left alone" if write.exists() else "is neither .csv nor .parquet"
        raise BadInput(
            f"'{write}' {what}.",
            code="cannot_write",
            where="--write",
            value=str(write),
            next_step="Name a new file, such as cases_with_context.parquet.",
        )


def _write(write: Path, raw: pl.DataFrame, context: pl.DataFrame) -> None:
    new = context.select(name for name in context.columns if name not in raw.columns)
    whole = raw if not new.width else raw.hstack(new)
    temporary = write.with_name(f".{write.name}.part")
    try:
        if write.suffix.lower() == ".csv":
            whole.write_csv(temporary)
        else:
            whole.write_parquet(temporary)
        temporary.replace(write)
    except OSError as problem:
        temporary.unlink(missing_ok=True)
        raise BadInput(
            f"'{write}' cannot be written: {problem.strerror}.",
            code="cannot_write",
            where="--write",
            value=str(write),
            next_step="Name a file in a folder that can be written to.",
        ) from problem
