"""Products whose cases have images with true boxes in them, and marks that somebody made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from roadworthy.testing.pictures import png

SIDE = 24
FINDS = {"metric": "lesion_sensitivity", "at_least": 0.7}
FEW = {"metric": "false_marks_per_image", "at_most": 0.5}
SPLIT = {"validation": 0.5, "sealed": 0.5, "seed": 1}
BOX = ("case", "image", "x", "y", "width", "height")


def images(folder: Path, n: int) -> None:
    """Two grey images a case."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    for at in range(n):
        for view in "ab":
            pixels = rng.integers(0, 90, (SIDE, SIDE)).astype(np.uint8)
            (folder / f"images/{at}{view}.png").write_bytes(png(pixels))


def cases(n: int = 160) -> pl.DataFrame:
    """Half of them have a lesion, in view a."""
    return pl.DataFrame(
        {
            "case": [f"c{at:03}" for at in range(n)],
            "a": [f"images/{at}a.png" for at in range(n)],
            "b": [f"images/{at}b.png" for at in range(n)],
            "site": ["north" if at % 4 < 2 else "south" for at in range(n)],
            "ill": [at % 2 for at in range(n)],
            "score": [0.2 + 0.6 * (at % 2) for at in range(n)],
        }
    )


def boxes(table: pl.DataFrame) -> pl.DataFrame:
    """A box of 8 x 6 pixels at (4, 5) of view a of every ill case."""
    ill = table.filter(pl.col("ill") == 1)
    rows = [(case, image, 4, 5, 8, 6) for case, image in ill.select("case", "a").rows()]
    return pl.DataFrame(rows, schema=list(BOX), orient="row")


def marks(table: pl.DataFrame, missed: int = 10, false: int = 4) -> pl.DataFrame:
    """Every lesion but each ``missed``-th has a mark; each ``false``-th case a false one."""
    rows: list[tuple[Any, ...]] = []
    for at, (case, a, b, ill) in enumerate(table.select("case", "a", "b", "ill").rows()):
        if ill and at // 2 % missed:
            rows.append((case, a, 5, 6, 6, 4, 0.9))
        if at % false == 0:
            rows.append((case, b, 12, 12, 5, 5, 0.6))
        rows.append((case, b, 1, 1, 4, 4, 0.1))
    return pl.DataFrame(rows, schema=[*BOX, "score"], orient="row")


def product(
    folder: Path,
    n: int = 160,
    said: dict[str, Any] | None = None,
    requirements: list[dict[str, Any]] | None = None,
    **rules: Any,
) -> Path:
    """A product with scores and marks in tables, written to ``folder``."""
    table = cases(n)
    images(folder, n)
    table.write_csv(folder / "cases.csv")
    boxes(table).write_csv(folder / "boxes.csv")
    marks(table).write_csv(folder / "marks.csv")
    columns = {"id": "case", "truth": "ill", "positive": 1, "score": "score"}
    images_of = {"features": {"image": ["a", "b"]}, "prevalence": "as_sampled"}
    data = {"cases": "cases.csv", **columns, **images_of, **(said or {})}
    told = {
        "version": 1,
        "product": "find-spots",
        "data": data,
        "marks": {"boxes": "boxes.csv", "table": "marks.csv", **rules},
        "requirements": [FINDS, FEW] if requirements is None else requirements,
    }
    file = folder / "product.yaml"
    file.write_text(yaml.safe_dump(told, sort_keys=False))
    return file
