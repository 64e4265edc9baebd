"""Tables of cases: read from CSV or Parquet, or handed over, and refused when they are broken."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product
from roadworthy.io.csv_shape import check_csv
from roadworthy.io.nearest import did_you_mean
from roadworthy.io.pandas_frame import from_pandas, is_pandas

HANDED_OVER = "the frame"


def scan_cases(product: Product) -> pl.LazyFrame:
    """The cases that ``data.cases`` names, file after file, in the columns' own names.

    Paths are relative to product.yaml; what a glob finds is sorted; a file is read once. Ids,
    units and text of CSV files stay text, so that ``007`` does.

    Raises:
        BadInput: a file is missing or broken, is empty, or files have different columns.
    """
    files = _files(product.data.cases, product.folder)
    _refuse_copies(files)
    named = (product.data.id, product.data.unit, *product.data.text)
    return _scan(files, [name for name in named if name is not None])


def is_missing(product: Product) -> bool:
    """Whether not one of the files that ``data.cases`` names is there."""
    return not any(
        (product.folder / pattern).exists() or _glob(pattern, product.folder)
        for pattern in product.data.cases
    )


def scan_table(path: Path, as_text: Collection[str] = ()) -> pl.LazyFrame:
    """One CSV or Parquet file; the columns ``as_text`` of a CSV file are not read as numbers.

    Raises:
        BadInput: the file is missing, broken or empty.
    """
    return _scan([path], as_text)


def from_frame(frame: object, where: str = HANDED_OVER) -> pl.LazyFrame:
    """A polars or pandas frame that a caller hands over; ``where`` names the argument.

    A LazyFrame is collected, so that every look at it sees the same rows. A named index of pandas
    is a column like any other; one without a name is none.

    Raises:
        BadInput: it is no such frame, has no rows, or has columns that cannot be used.
    """
    if isinstance(frame, pl.LazyFrame):
        return _checked(collect(frame, where).lazy(), where)
    if isinstance(frame, pl.DataFrame):
        return _checked(frame.lazy(), where)
    if is_pandas(frame):
        return _checked(from_pandas(frame, where).lazy(), where)
    raise BadInput(
        f"A {type(frame).__name__} is not a table.",
        code="not_a_table",
        where=where,
        value=type(frame).__name__,
        next_step="Hand over a polars or pandas DataFrame, or the path of a file.",
    )


def require_columns(frame: pl.LazyFrame | pl.DataFrame, names: Iterable[str], where: str) -> None:
    """Returns when ``frame`` has all columns ``names``; ``where`` says who asks for them.

    Raises:
        BadInput: a column is missing; the nearest one is named.
    """
    present = frame.collect_schema().names()
    own = [name for name in present if not name.startswith("@")]
    for name in names:
        if name not in present:
            raise BadInput(
                f"There is no column '{name}'.",
                code="missing_column",
                where=where,
                value=name,
                next_step=did_you_mean(name, own, "columns"),
            )


def collect(frame: pl.LazyFrame, where: str) -> pl.DataFrame:
    """The rows; damage that only reading them shows is told as bad input.

    Raises:
        BadInput: the file behind the frame cannot be read to its end.
    """
    with _told(where):
        return frame.collect()


def _files(patterns: Iterable[str], folder: Path) -> list[Path]:
    found: dict[Path, Path] = {}
    for pattern in patterns:
        for path in _matches(pattern, folder):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _refuse_copies(files: Sequence[Path]) -> None:
    """Two files with the same content would count every case twice."""
    sizes = Counter(path.stat().st_size for path in files if path.is_file())
    seen: dict[bytes, Path] = {}
    for path in files:
        if not path.is_file() or sizes[path.stat().st_size] < 2:
            continue
        with path.open("rb") as file:
            content = file_digest(file, "sha256").digest()
        other = seen.setdefault(content, path)
        if other is not path:
            raise _bad(
                path,
                f"holds the same as '{other}'",
                "Name each file once: a copy would count its cases twice.",
                "same_file",
            )


def _matches(pattern: str, folder: Path) -> list[Path]:
    if (folder / pattern).exists() or not glob.has_magic(pattern):
        return [folder / pattern]
    found = _glob(pattern, folder)
    if found:
        return [Path(name) for name in found]
    raise BadInput(
        f"No file matches '{pattern}'.",
        code="missing_file",
        where="data.cases",
        value=pattern,
        next_step=did_you_mean(pattern, _beside(folder / pattern), f"files in '{folder}'"),
    )


def _glob(pattern: str, folder: Path) -> list[str]:
    if not glob.has_magic(pattern):
        return []
    return sorted(glob.glob(str(folder / pattern), recursive=True))  # noqa: PTH207 (`**`, absolute)


def _beside(path: Path) -> list[str]:
    return [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []


def _scan(files: Sequence[Path], as_text: Collection[str]) -> pl.LazyFrame:
    kinds = {_kind(path) for path in files}
    if len(kinds) > 1:
        raise BadInput(
            "The cases are in CSV and in Parquet files.",
            code="mixed_files",
            where="data.cases",
            value=", ".join(path.name for path in files),
            next_step="Use one kind of file: CSV loses the types that Parquet keeps.",
        )
    frames = _csv(files, as_text) if kinds == {"csv"} else [_parquet(path) for path in files]
    checked = [_checked(frame, path.name) for frame, path in zip(frames, files, strict=True)]
    return checked[0] if len(checked) == 1 else _one_below_the_other(checked, files)


def _kind(path: Path) -> str:
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("csv", "parquet"):
        raise _bad(path, f"is neither .csv nor .parquet but '{path.suffix}'", "Convert it.")
    if path.is_file():
        return kind
    if path.is_dir():
        raise _bad(path, "is a folder", "Name the file with the table.", code="missing_file")
    step = did_you_mean(path.name, _beside(path), f"files in '{path.parent}'")
    raise _bad(path, "does not exist", step, code="missing_file")


def _parquet(path: Path) -> pl.LazyFrame:
    with _told(path.name):
        frame = pl.scan_parquet(path, glob=False)
        frame.collect_schema()
        return frame


def _csv(files: Sequence[Path], as_text: Collection[str]) -> list[pl.LazyFrame]:
    schemas = [_csv_schema(path, as_text) for path in files]
    common = _common_types(files, schemas)
    return [
        _scan_csv(path, pl.Schema({name: common.get(name, kind) for name, kind in schema.items()}))
        for path, schema in zip(files, schemas, strict=True)
    ]


def _csv_schema(path: Path, as_text: Collection[str]) -> pl.Schema:
    names = check_csv(path)
    texts = {name: pl.String for name in names if name in as_text}
    with _told(path.name):
        # the whole file: an id such as 7A may come after a million numbers
        scan = pl.scan_csv(path, infer_schema_length=None, schema_overrides=texts, glob=False)
        return scan.collect_schema()


def _scan_csv(path: Path, schema: pl.Schema) -> pl.LazyFrame:
    scan = pl.scan_csv(path, schema=schema, glob=False)
    return scan.with_columns(pl.col(pl.String).replace("", None))


def _common_types(files: Sequence[Path], schemas: Sequence[pl.Schema]) -> dict[str, pl.DataType]:
    """For columns that look different from file to file: one type that holds all of them."""
    found: dict[str, pl.DataType] = {}
    for name in {name for schema in schemas for name in schema}:
        if len({schema[name] for schema in schemas if name in schema}) > 1:
            found[name] = _wider(name, files, schemas)
    return found


def _wider(name: str, files: Sequence[Path], schemas: Sequence[pl.Schema]) -> pl.DataType:
    kinds = {
        schema[name]
        for path, schema in zip(files, schemas, strict=True)
        # a column without any value looks like text, and fits every type
        if name in schema and not (schema[name] == pl.String and _all_null(path, schema, name))
    }
    if len(kinds) == 1:
        return kinds.pop()
    return pl.Float64() if kinds == {pl.Int64(), pl.Float64()} else pl.String()


def _all_null(path: Path, schema: pl.Schema, name: str) -> bool:
    with _told(path.name):
        column = _scan_csv(path, schema).select(pl.col(name).is_null().all())
        return bool(column.collect().item())


def _one_below_the_other(frames: Sequence[pl.LazyFrame], files: Sequence[Path]) -> pl.LazyFrame:
    schemas = [frame.collect_schema() for frame in frames]
    names = schemas[0].names()
    for schema, path in zip(schemas[1:], files[1:], strict=True):
        _same_columns(names, schema.names(), files[0], path)
        _same_types(schemas[0], schema, files[0], path)
    return pl.concat([frame.select(names) for frame in frames], how="vertical_relaxed")


def _same_columns(ours: list[str], theirs: list[str], first: Path, other: Path) -> None:
    different = [name for name in ours if name not in theirs]
    different += [name for name in theirs if name not in ours]
    if different:
        has, lacks = (first, other) if different[0] in ours else (other, first)
        raise BadInput(
            f"'{has.name}' has a column '{different[0]}', and '{lacks.name}' does not.",
            code="different_columns",
            where=other.name,
            value=different[0],
            next_step="Give all files of data.cases the same columns.",
        )


def _same_types(ours: pl.Schema, theirs: pl.Schema, first: Path, other: Path) -> None:
    for name, kind in ours.items():
        numbers = kind.is_numeric() and theirs[name].is_numeric()
        if kind != theirs[name] and not numbers and pl.Null not in (kind, theirs[name]):
            raise BadInput(
                f"The column '{name}' is {kind} in '{first.name}' and {theirs[name]} here.",
                code="different_columns",
                where=other.name,
                value=name,
                next_step="Write it with the same type in all files.",
            )


def _checked(frame: pl.LazyFrame, where: str) -> pl.LazyFrame:
    with _told(where):
        names = frame.collect_schema().names()
        rows = frame.select(pl.len()).collect().item() if names else 0
    _refuse_names(names, where)
    _refuse_objects(frame.collect_schema(), where)
    if not rows:
        raise BadInput(
            "The table has no rows.",
            code="empty_table",
            where=where,
            value=0,
            next_step="Name a file with cases.",
        )
    return frame


def _refuse_names(names: Sequence[str], where: str) -> None:
    reserved = [name for name in names if name.startswith("@")]
    if reserved:
        raise BadInput(
            f"The column name '{reserved[0]}' is reserved.",
            code="reserved_column",
            where=where,
            value=reserved[0],
            next_step="Rename it: no leading @.",
        )
    # polars looks such a column up as other ones, even in a column's own methods
    patterns = [name for name in names if name == "*" or (name[:1] == "^" and name[-1:] == "$")]
    if patterns:
        raise BadInput(
            f"The column name '{patterns[0]}' would be read as a pattern of names.",
            code="pattern_column",
            where=where,
            value=patterns[0],
            next_step="Rename it: neither * nor ^...$.",
        )


def _refuse_objects(schema: pl.Schema, where: str) -> None:
    """Python objects have no values that could be compared, counted or written down."""
    for name, kind in schema.items():
        if kind == pl.Object:
            raise BadInput(
                f"The column '{name}' holds objects of Python.",
                code="unreadable_column",
                where=where,
                value=name,
                next_step="Make it text, numbers or dates, or leave it out.",
            )


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as reason:
        first = (str(reason).strip().splitlines() or [type(reason).__name__])[0]
        raise BadInput(
            f"The table cannot be read: {first}.",
            code="unreadable",
            where=where,
            value=type(reason).__name__,
            next_step="Is the file cut off or of another format? Write it again.",
        ) from reason


def _bad(path: Path, what: str, next_step: str, code: str = "unreadable") -> BadInput:
    return BadInput(
        f"'{path}' {what}.", code=code, where=path.name, value=str(path), next_step=next_step
    )
