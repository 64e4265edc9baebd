"""The first rows of a table, however large it is: enough to tell what its columns mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.io import tables
from roadworthy.io.csv_shape import first_rows

WHOLE_BYTES = 64 << 20
HEAD_BYTES = 16 << 20
HEAD_ROWS = 50_000


@dataclass(frozen=True)
class Sample:
    """Rows of a table, in the file's order; ``whole``: all of them.

    ``rows`` is how many the file holds, of a long CSV file about how many. Columns that hold
    neither numbers, text, dates nor yes and no are left out.
    """

    path: Path
    frame: pl.DataFrame
    rows: int
    whole: bool


def sample(path: Path) -> Sample:
    """Reads all of a file up to 64 MB, and the first rows of a larger one.

    Raises:
        BadInput: the file is missing, broken or empty.
    """
    try:
        size = path.stat().st_size if path.is_file() else 0
    except OSError as problem:
        raise BadInput(
            f"'{path}' cannot be read: {problem.strerror or problem}.",
            code="unreadable",
            where=path.name,
            value=str(path),
            next_step="Name a file that you may read.",
        ) from problem
    if size <= WHOLE_BYTES:
        frame = _collected(tables.scan_table(path), path)
        return Sample(path, frame, frame.height, whole=True)
    return _head_of_csv(path, size) if _is_csv(path) else _head_of_parquet(path, size)


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _head_of_csv(path: Path, size: int) -> Sample:
    head = first_rows(path, HEAD_BYTES)
    # under the same name, so that what is wrong with its rows is told of the file itself
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(head)
        frame = _collected(tables.scan_table(copy), copy)
    return Sample(path, frame, round(frame.height * size / len(head)), whole=False)


def _head_of_parquet(path: Path, size: int) -> Sample:
    scan = tables.scan_table(path)
    rows = int(tables.collect(scan.select(pl.len()), path.name).item())
    # rows may be long: as many as about 64 MB of the file hold
    most = min(HEAD_ROWS, max(1, rows * WHOLE_BYTES // size))
    return Sample(path, _collected(scan.head(most), path), rows, whole=rows <= most)


def _collected(scan: pl.LazyFrame, path: Path) -> pl.DataFrame:
    schema = scan.collect_schema()
    plain = [name for name, kind in schema.items() if _is_plain(kind)]
    if not plain:
        raise BadInput(
            "The table has no column with numbers, text or dates.",
            code="no_columns",
            where=path.name,
            value=", ".join(schema.names()),
            next_step="Name a table with one row a case.",
        )
    return tables.collect(scan.select(plain), path.name)


def _is_plain(kind: pl.DataType) -> bool:
    words = kind in (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Date)
    return words or kind.is_numeric() or isinstance(kind, pl.Datetime)
