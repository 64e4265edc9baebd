"""What sealing and looking cost on a million cases, beside judging the same cases without a vault.

`python bench/vault.py` measures in this process and rewrites its own section of RESULTS.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from cryptography import __version__ as cryptography
from triage import rewritten

from roadworthy.workflow import certify as room
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.seal import seal

HERE = Path(__file__).parent
HEAD = "## What the vault costs"
PRODUCT = """\
version: 1
product: bench
data: {cases: %s, id: case, truth: ill, positive: 1, negative: 0, score: score}
confidence: {looks: 3}
requirements:
  - {metric: sensitivity, at_least: 0.9, slices: [{by: site}]}
  - {metric: specificity, at_least: 0.7, slices: [{by: site}]}
  - {metric: auc, at_least: 0.8}
"""


def cases(count: int, name: str, seed: int) -> pl.DataFrame:
    """Scored cases of twenty sites; nearly all of them are right."""
    rng = np.random.default_rng(seed)
    ill = rng.random(count) < 0.3
    score = np.clip(rng.normal(np.where(ill, 0.8, 0.25), 0.1), 0.0, 1.0)
    return pl.DataFrame(
        {
            "case": pl.Series([f"{name}{number}" for number in range(count)]),
            "ill": ill.astype(np.int64),
            "score": score,
            "site": rng.choice([f"site {number}" for number in range(20)], count),
            "age": rng.integers(20, 90, count),
        }
    )


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds of all threads, and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - cpu, time.perf_counter() - wall


@contextmanager
def on_open_cases(spent: list[float]) -> Iterator[None]:
    """Notes the CPU and wall seconds of what a look works out on open cases beforehand."""
    real = room.open_paths

    def watched(*given: Any) -> Any:
        found: list[Any] = []
        spent[:] = timed(lambda: found.append(real(*given)))
        return found[0]

    room.open_paths = watched
    try:
        yield
    finally:
        room.open_paths = real


def section(count: int) -> list[str]:
    """The rows, as Markdown."""
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        test = folder / "test.parquet"
        cases(count, "t", 2).write_parquet(test)
        cases(2_000, "o", 1).write_parquet(folder / "cases.parquet")
        product = folder / "product.yaml"
        product.write_text(PRODUCT % "cases.parquet")
        bare = folder / "bare" / "product.yaml"
        bare.parent.mkdir()
        bare.write_text(PRODUCT % "../test.parquet")
        # the first of each kind loads what Python loads once
        check(product)
        sealed = timed(lambda: seal(product, test))
        alone = min(timed(lambda: check(bare)) for _ in range(3))
        paths = [0.0, 0.0]
        with on_open_cases(paths):
            looked = timed(lambda: certify(product))
        again = timed(lambda: certify(product))
    lines = [
        HEAD,
        "",
        f"In one process; cryptography {cryptography}, polars {pl.__version__}. The check is the "
        "bare one of the same cases, in one pass: three metrics on 20 slices, and no vault.",
        "",
        "| what | cases | CPU s | wall s |",
        "|---|---:|---:|---:|",
    ]
    for what, found in (
        ("`roadworthy seal`: read, hashed item by item, Merkle root, encrypted, kept", sealed),
        ("`roadworthy check` of the same cases, without a vault", alone),
        ("`roadworthy certify`: a look, written down, decrypted and judged", looked),
        ("of these, the paths to yes, from 2,000 open cases", (paths[0], paths[1])),
        ("`roadworthy certify` of the very same: the stored answer", again),
    ):
        lines.append(f"| {what} | {count:,} | {found[0]:.2f} | {found[1]:.2f} |")
    return [*lines, ""]


def main() -> None:
    asked = argparse.ArgumentParser(description="Measures, and writes its section of a page.")
    asked.add_argument("--cases", type=float, default=1e6)
    asked.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    given = asked.parse_args()
    lines = section(int(given.cases))
    before = given.out.read_text() if given.out.exists() else "# What judging costs\n"
    given.out.write_text(rewritten(before, lines, HEAD))
    print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
