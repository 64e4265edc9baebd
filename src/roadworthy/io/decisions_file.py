"""The table of decisions on disk: Parquet that says what it is, or CSV; whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from roadworthy.core import decided
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product

KINDS = (".parquet", ".csv")


def require_writable(out: Path, read: tuple[Path, ...]) -> None:
    """Returns when ``out`` may be written, so that nobody waits for what cannot be kept.

    ``read`` are files that are read, and may not be replaced.

    Raises:
        BadInput: it may not, and what to name instead.
    """
    if out.suffix.lower() not in KINDS:
        raise _unwritable(out, "is neither .parquet nor .csv")
    if out.is_dir():
        raise _unwritable(out, "is a folder")
    if not out.parent.is_dir():
        raise _unwritable(out, "cannot be written: its folder is not there")
    if out.exists() and any(path.exists() and out.samefile(path) for path in read):
        raise _unwritable(out, "is read here, and decisions would replace it")


def write_decisions(table: pl.DataFrame, out: Path, about: Mapping[str, str]) -> None:
    """Writes the table beside ``out`` and moves it into its place.

    ``about`` stands in the key-value metadata of Parquet. In CSV reasons are parted by blanks.

    Raises:
        BadInput: it cannot be written; what stood there before is untouched.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        os.close(handle)
        if out.suffix.lower() == ".csv":
            flat = pl.col(decided.SCOPE_REASONS).list.join(" ").replace("", None)
            table.with_columns(flat).write_csv(temporary)
        else:
            table.write_parquet(temporary, metadata=dict(about))
        _as_others(Path(temporary), out)
        Path(temporary).replace(out)
    except OSError as problem:
        told = f"cannot be written: {problem.strerror or problem}"
        raise _unwritable(out, told) from problem
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def about(product: Product, scope: tuple[str, ...]) -> dict[str, str]:
    """What every reader of the table should know, as Parquet keeps it; ``scope`` in sentences."""
    return {
        "roadworthy.table": "decisions",
        "roadworthy.version": "1",
        "roadworthy.product": product.name,
        "roadworthy.purpose": product.purpose,
        "roadworthy.cost_unit": "" if product.costs is None else product.costs.unit,
        "roadworthy.scope": json.dumps(list(scope)),
    }


def _as_others(temporary: Path, out: Path) -> None:
    """The rights of the file that is replaced, or those that a new file gets."""
    if out.exists():
        temporary.chmod(out.stat().st_mode & 0o777)
        return
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)


def _unwritable(out: Path, what: str) -> BadInput:
    return BadInput(
        f"'{out}' {what}.",
        code="unwritable",
        where="--out",
        value=str(out),
        next_step="Name another file: `--out decisions.parquet`.",
    )
