"""Writes the folder of docs/scope.md: handwritten digits, where they come from, and strangers.

Run it with `python docs/scope_example.py FOLDER`. The digits are those of scikit-learn; the columns
on where they come from are made up here, by a fixed seed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.datasets import load_digits

PRODUCT = """\
version: 1
product: finds-eights
data:
  cases: digits.parquet
  id: case
  truth: is_eight
  positive: 1
  features: [@PIXELS@]
  split: {train: 0.5, validation: 0.25, sealed: 0.25, seed: 1}
models: [logistic]
scope:
  - {field: page, in: [form], outside: reject}
  - {field: scanner, in: [A, B], missing: refer}
  - {when: {field: paper, in: [yellow]}, then: {field: scanner, in: [A]}}
guard:
  features: [px_*]
  false_alarms_at_most: 0.02
  must_detect:
    - {name: turned, cases: turned.parquet, at_least: 0.95}
    - {name: negative, cases: negative.parquet, at_least: 0.95}
environment: {by: scanner, shares: {A: 0.55, B: 0.35, C: 0.10}}
requirements:
  - {id: right, metric: accuracy, at_least: 0.90, prevalence: as_sampled}
  - {id: seen-it-all, metric: coverage, at_least: 0.95, min_cases: 30}
"""


def write(folder: Path) -> Path:
    """The product and its tables; returns product.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    data, draw = load_digits(), np.random.default_rng(0)
    n = len(data.images)
    came = {
        "scanner": draw.choice(["A", "B", "C", None], n, p=[0.60, 0.36, 0.03, 0.01]),
        "paper": draw.choice(["white", "yellow"], n, p=[0.9, 0.1]),
        "page": draw.choice(["form", "test page"], n, p=[0.99, 0.01]),
        "is_eight": (data.target == 8).astype(int),
    }
    _pixels(data.images, "d").with_columns(
        pl.Series(name, list(column)) for name, column in came.items()
    ).write_parquet(folder / "digits.parquet")
    some = draw.permutation(n)[:400]
    turned = np.rot90(data.images[some], axes=(1, 2))
    _pixels(turned, "t").write_parquet(folder / "turned.parquet")
    _pixels(16 - data.images[some], "n").write_parquet(folder / "negative.parquet")
    file = folder / "product.yaml"
    file.write_text(PRODUCT.replace("@PIXELS@", ", ".join(_names())))
    return file


def _names() -> list[str]:
    return [f"px_{i:02d}" for i in range(64)]


def _pixels(images: np.ndarray, prefix: str) -> pl.DataFrame:
    flat = pl.DataFrame(images.reshape(len(images), -1), schema=_names())
    return flat.with_columns(case=pl.format(prefix + "{}", pl.int_range(pl.len())))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
