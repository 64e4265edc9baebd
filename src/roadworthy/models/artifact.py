"""Weighs a model: the bytes of every file that must be shipped."""

from __future__ import annotations

import polars as pl

from roadworthy.core.model import Model


class ArtifactSize:
    """The collector of the ``artifact`` table: one row a file, column ``bytes``."""

    table = "artifact"
    about = "counts the bytes of the model's files"

    def collect(self, model: Model, cases: pl.DataFrame) -> pl.DataFrame:
        """The size of each file."""
        sizes = [path.stat().st_size for path in model.files]
        names = [path.name for path in model.files]
        return pl.DataFrame(
            {"file": names, "bytes": sizes}, schema={"file": pl.String, "bytes": pl.Int64}
        )
