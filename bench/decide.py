"""What deciding costs: a million new scored cases, from one file to another, as a clinic does it.

`python bench/decide.py` measures in this process and rewrites its own section of RESULTS.md. The
product is certified on a small table first: what is measured is the work of every day.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from triage import rewritten

import roadworthy

HERE = Path(__file__).parent
HEAD = "## What deciding costs"
PRODUCT = """\
version: 1
product: bench
data:
  {cases: known.parquet, id: case, truth: ill, positive: 1, score: score,
   prevalence: as_sampled,
   split: {train: 0.25, validation: 0.15, calibration: 0.4, sealed: 0.2, seed: 5}}
scope: [{field: vendor, in: [A, B], missing: refer}]
costs: {unit: EUR, miss: 100, false_alarm: 5, refer: 1}
decision:
  mode: triage
  clear: {fnr_at_most: 0.05}
  flag: {fpr_at_most: 0.05}
  calibrate: CALIBRATE
  audit: {share: 0.02, seed: 7}
worklist: {queues: [{name: specialist, when: [{field: vendor, in: [B]}]}]}
requirements: [{metric: automation, at_least: 0.10}]
"""
KNOWN = 3_000


def cases(count: int, seed: int, prefix: str) -> pl.DataFrame:
    """Scored cases of two vendors, 1 in 3 ill; the ids are text."""
    rng = np.random.default_rng(seed)
    ill = np.arange(count) % 3 == 0
    score = 1.0 / (1.0 + np.exp(-rng.normal(np.where(ill, 3.0, -3.0), 1.5)))
    table = pl.DataFrame({"score": score, "vendor": rng.choice(["A", "B"], count)})
    return table.with_columns(
        case=pl.format(f"{prefix}{{}}", pl.int_range(pl.len())), ill=pl.Series(ill).cast(pl.Int64)
    )


def certified(folder: Path, calibrate: str) -> Path:
    """A product with its certificate."""
    folder.mkdir()
    cases(KNOWN, 1, "known-").write_parquet(folder / "known.parquet")
    file = folder / "product.yaml"
    file.write_text(PRODUCT.replace("CALIBRATE", calibrate))
    roadworthy.check(file)
    return file


def best(run: Callable[[], object], repeats: int) -> str:
    """CPU seconds of all threads and wall seconds of the run with the fewest of the first."""
    found = []
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        run()
        found.append((time.process_time() - cpu, time.perf_counter() - wall))
    return "{:.2f} | {:.2f}".format(*min(found))


def section(count: int, repeats: int) -> list[str]:
    """The rows, as Markdown."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        new = cases(count, 2, "new-").drop("ill")
        new.write_parquet(folder / "new.parquet")
        new[:100].write_parquet(folder / "few.parquet")
        plain, calibrated = (certified(folder / word, word) for word in ("none", "auto"))

        def row(what: str, file: Path, source: str, out: str | None) -> str:
            target = None if out is None else folder / out
            cost = best(lambda: roadworthy.decide(file, folder / source, target), repeats)
            height = pl.scan_parquet(folder / source).select(pl.len()).collect().item()
            return f"| {what} | {height:,} | {cost} |"

        rows = [
            row("all of it, with a calibrator", calibrated, "new.parquet", "out.parquet"),
            row("the same, and CSV out", calibrated, "new.parquet", "out.csv"),
            row("the same, and no file out", calibrated, "new.parquet", None),
            row("all of it, scores as they are", plain, "new.parquet", "out.parquet"),
            row("all of it, with a calibrator", calibrated, "few.parquet", "out.parquet"),
            row("all of it, scores as they are", plain, "few.parquet", "out.parquet"),
        ]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return [
        HEAD,
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, Python {platform.python_version()}, polars "
        f"{pl.__version__}. `roadworthy.decide` from Parquet to a file, best of {repeats} by CPU "
        "seconds (all threads): ids, sealed cases, types, scope, thresholds, audit, expected "
        f"costs, queues, {KNOWN:,} known cases read and their certificate checked. A calibrator "
        "is learnt again every time, since the scores come from elsewhere.",
        "",
        "| what | new cases | CPU s | wall s |",
        "|---|---:|---:|---:|",
        *rows,
        "",
    ]


def main() -> None:
    asked = argparse.ArgumentParser(description="Measures, and writes its section of a page.")
    asked.add_argument("--cases", type=float, default=1e6)
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    given = asked.parse_args()
    lines = section(int(given.cases), given.repeats)
    before = given.out.read_text() if given.out.exists() else "# What judging costs\n"
    given.out.write_text(rewritten(before, lines, HEAD))
    print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
