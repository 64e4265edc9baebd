"""One measurement in a process of its own: CPU seconds, wall seconds and peak memory, as JSON.

`python bench/measure.py WHAT FOLDER BOOTSTRAPS` measures; imports and product.yaml come before.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl


def floor(folder: Path) -> Callable[[], object]:
    """What nobody can go below: a scan that counts and sums the score per slice."""
    scan = pl.scan_parquet(folder / "cases.parquet")
    asked = scan.group_by("site").agg(pl.len(), pl.col("score").sum())
    return lambda: asked.collect(engine="streaming")


def read(folder: Path, *columns: str) -> Callable[[], object]:
    """Some columns in batches, each of which is forgotten."""
    from roadworthy.workflow.stream import Table, batches

    scan = pl.scan_parquet(folder / "cases.parquet")
    return lambda: [batch.height for batch in batches(Table(scan), columns)]


def distinct(folder: Path) -> Callable[[], object]:
    """Finds equal hashes among as many as there are cases."""
    import numpy as np

    from roadworthy.workflow.ids import _twice

    cases = pl.scan_parquet(folder / "cases.parquet").select(pl.len()).collect().item()
    hashes = np.random.default_rng(1).integers(0, 2**64, cases, dtype=np.uint64)
    return lambda: _twice(hashes)


def judge(folder: Path, name: str) -> Callable[[], object]:
    """Every verdict, with bounds; neither the record of what was judged nor files."""
    from roadworthy.core.study import OpenStudy
    from roadworthy.io import tables
    from roadworthy.io.product_yaml import load_product
    from roadworthy.io.registry import instruments
    from roadworthy.store.workspace import Workspace
    from roadworthy.workflow.measure import verdicts
    from roadworthy.workflow.stream import Table, stream
    from roadworthy.workflow.subject import Judged, kept_policy, load_model

    product, registry = load_product(folder / f"{name}.yaml"), instruments()
    workspace = Workspace.beside(product.file)
    model = load_model(product, workspace)
    judged = Judged(product, model, kept_policy(product, model, workspace))
    study = OpenStudy(judged.subject, "bench", {})

    def run() -> object:
        table = Table(tables.scan_cases(product))
        streamed = stream(judged, product.requirements, table, registry)
        return verdicts(product, study, registry, streamed=streamed)

    return run


def fingerprint(folder: Path) -> Callable[[], object]:
    """The fingerprint of all columns."""
    from roadworthy.io.row_sums import rows_fingerprint
    from roadworthy.workflow.stream import Table, batches

    scan = pl.scan_parquet(folder / "cases.parquet")
    schema = scan.collect_schema()
    return lambda: rows_fingerprint(batches(Table(scan)), schema)


def check(folder: Path, name: str) -> Callable[[], object]:
    """`roadworthy check` as a whole, from product.yaml to the kept judgement."""
    from roadworthy.workflow.check import check as run

    return lambda: run(folder / f"{name}.yaml")


def bootstrap(folder: Path) -> Callable[[], object]:
    """What is usually done: scikit-learn's metrics per slice, bootstrapped; a few times only."""
    import numpy as np
    from sklearn.metrics import precision_score, recall_score, roc_auc_score

    found = pl.read_parquet(folder / "cases.parquet")
    slices = [found, *found.partition_by("site")]

    def measured(ill: np.ndarray, score: np.ndarray) -> None:
        flagged = score >= 0.3
        recall_score(ill, flagged)
        recall_score(ill, flagged, pos_label=0)
        precision_score(ill, flagged, zero_division=0.0)
        roc_auc_score(ill, score)
        float(np.mean(100 * (ill & ~flagged) + 5 * (~ill & flagged)))

    def run() -> None:
        rng = np.random.default_rng(1)
        for part in slices:
            ill, score = part["ill"].to_numpy().astype(bool), part["score"].to_numpy()
            for _ in range(int(sys.argv[3])):
                drawn = rng.integers(0, len(ill), len(ill))
                if 0 < ill[drawn].sum() < len(ill):
                    measured(ill[drawn], score[drawn])

    return run


WHAT: dict[str, Callable[[Path], Callable[[], object]]] = {
    "floor": floor,
    "read": lambda folder: read(folder, "ill", "score", "site"),
    "read ids": lambda folder: read(folder, "case"),
    "distinct": distinct,
    "metrics": lambda folder: judge(folder, "metrics"),
    "ids": lambda folder: judge(folder, "ids"),
    "columns": lambda folder: judge(folder, "columns"),
    "fingerprint": fingerprint,
    "check": lambda folder: check(folder, "ids"),
    "paths": lambda folder: check(folder, "failing"),
    "bootstrap": bootstrap,
}


def peak_mb() -> float:
    """The most memory that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # kilobytes everywhere but on macOS
    return peak * 1024 / 1e6 if sys.platform != "darwin" else peak / 1e6


def main() -> None:
    run = WHAT[sys.argv[1]](Path(sys.argv[2]))
    before, began = time.process_time(), time.perf_counter()
    run()
    cpu, wall = time.process_time() - before, time.perf_counter() - began
    print(json.dumps({"cpu": cpu, "wall": wall, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
