"""Scored cases to measure on: 1 in 10 ill, 50 sites, ids as text; the same for the same size."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

AT_A_TIME = 1_000_000

PRODUCT = """\
version: 1
product: bench
data: {{cases: cases.parquet, {id}truth: ill, positive: 1, score: score, prevalence: as_sampled}}
costs: {{unit: EUR, miss: 100, false_alarm: 5, refer: 1}}
decision: {{threshold: 0.3}}
requirements:
  - {{metric: sensitivity, at_least: {finds}, slices: [{by}]}}
  - {{metric: specificity, at_least: {spares}, slices: [{by}]}}
  - {{metric: ppv, at_least: 0.40, slices: [{by}]}}
  - {{metric: auc, at_least: 0.80, slices: [{by}]}}
  - {{metric: expected_cost, at_most: 9, slices: [{by}]}}
"""


def write(folder: Path, cases: int) -> None:
    """``cases.parquet`` beside products that ask more and more of it."""
    parts = folder / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    for start in range(0, cases, AT_A_TIME):
        file = parts / f"{start:012d}.parquet"
        some(rng, start, min(start + AT_A_TIME, cases)).write_parquet(file)
    pl.scan_parquet(parts).sink_parquet(folder / "cases.parquet", row_group_size=500_000)
    for file in parts.iterdir():
        file.unlink()
    parts.rmdir()
    one, three = "{by: site}", "{by: site}, {by: region}, {by: device}"
    named = "id: case, "
    for name, ids, by in (("metrics", "", one), ("ids", named, one), ("columns", "", three)):
        page = PRODUCT.format(id=ids, by=by, finds=0.70, spares=0.80)
        (folder / f"{name}.yaml").write_text(page)
    # met at another threshold
    page = PRODUCT.format(id=named, by=one, finds=0.98, spares=0.93)
    (folder / "failing.yaml").write_text(page)


def some(rng: np.random.Generator, start: int, end: int) -> pl.DataFrame:
    n = end - start
    ill = rng.random(n) < 0.1
    logit = rng.normal(size=n) * 1.2 + np.where(ill, 2.5, -2.5)

    def named(what: str, levels: int) -> pl.Series:
        told = pl.Series([f"{what}-{i:02d}" for i in range(levels)])
        return told.gather(rng.integers(0, levels, n))

    number = pl.int_range(start, end).cast(pl.String).str.zfill(9)
    return pl.DataFrame(
        {
            "case": pl.select(pl.format("case-{}", number)).to_series(),
            "ill": ill.astype(np.int8),
            "score": 1.0 / (1.0 + np.exp(-logit)),
            "site": named("site", 50),
            "region": named("region", 50),
            "device": named("device", 50),
        }
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
