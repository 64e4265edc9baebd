"""Small things to learn, shared by the tests of nets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from roadworthy.core.guidance import Guidance
from roadworthy.testing.pictures import PICTURE, pictures


def spots(folder: Path, n: int = 96, seed: int = 0) -> tuple[pl.DataFrame, pl.Series]:
    """Images with a bright or a faint spot somewhere, and which of them is bright."""
    bright = np.random.default_rng(seed).random(n) < 0.5
    score = pl.Series(np.where(bright, 2.0, -2.0))
    files = pictures(score, folder / f"spots-{seed}")
    return pl.DataFrame({PICTURE: files}), pl.Series(bright)


def rings(n: int = 400, seed: int = 0) -> tuple[pl.DataFrame, pl.Series]:
    """Two columns, and whether a case lies within a ring: no line parts them."""
    x = np.random.default_rng(seed).normal(size=(2, n))
    return pl.DataFrame({"a": x[0], "b": x[1]}), pl.Series(np.hypot(*x) < 1.1)


def guidance(cases: pl.DataFrame, **more: object) -> Guidance:
    """Every case is its own unit."""
    ids = pl.Series("id", [f"c{row}" for row in range(cases.height)], dtype=pl.String)
    return Guidance(**{"ids": ids, "units": ids, **more})  # type: ignore[arg-type]
