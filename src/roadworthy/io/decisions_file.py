"""The table of decisions on disk: Parquet that says what it is, or CSV; whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from roadworthy.core import decided
from roadworthy.core.product import Product
from roadworthy.io import whole_file

KINDS = (".parquet", ".csv")
EXAMPLE = "decisions.parquet"


def require_writable(out: Path, read: tuple[Path, ...]) -> None:
    """Returns when ``out`` may be written; ``read`` are files that may not be replaced.

    Raises:
        BadInput: it may not, and what to name instead.
    """
    whole_file.require_writable(out, KINDS, read, EXAMPLE, "decisions")


def write_decisions(table: pl.DataFrame, out: Path, about: Mapping[str, str]) -> None:
    """Writes the table beside ``out`` and moves it into its place.

    ``about`` stands in the key-value metadata of Parquet. In CSV reasons are parted by blanks.

    Raises:
        BadInput: it cannot be written; what stood there before is untouched.
    """
    with whole_file.whole_file(out, EXAMPLE) as path:
        if out.suffix.lower() == ".csv":
            flat = pl.col(decided.SCOPE_REASONS).list.join(" ").replace("", None)
            table.with_columns(flat).write_csv(path)
        else:
            table.write_parquet(path, metadata=dict(about))


def about(product: Product, scope: tuple[str, ...], guarantee: str = "") -> dict[str, str]:
    """What every reader of the table should know, as Parquet keeps it; ``scope`` in sentences.

    ``guarantee`` is what is certified of cleared cases, in one sentence; empty: nothing is.
    """
    return {
        "roadworthy.table": "decisions",
        "roadworthy.version": "1",
        "roadworthy.product": product.name,
        "roadworthy.purpose": product.purpose,
        "roadworthy.cost_unit": "" if product.costs is None else product.costs.unit,
        "roadworthy.scope": json.dumps(list(scope)),
        "roadworthy.guarantee": guarantee,
    }
