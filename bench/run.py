"""`make bench`: what judging costs beside the least that it could cost; writes bench/RESULTS.md.

Each figure is the best of several runs, each in a process of its own; CPU seconds are those of all
threads. The floor is measured in the same run, for machines differ.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

BOOTSTRAPS = 4
HERE = Path(__file__).parent
PACKAGES = ("roadworthy", "polars", "numpy", "scipy", "scikit-learn")
ROWS = {
    "floor": "the floor: polars counts and sums the score per slice, and nothing else",
    "metrics": "five metrics with bounds and verdicts on 50 slices",
    "ids": "the same, and no id may occur twice",
    "columns": "the five metrics on three columns of 50 slices each",
    "fingerprint": "the fingerprint of all columns, alone",
    "check": "`roadworthy check` as a whole: verdicts, ids, names kept, fingerprint",
    "paths": "`roadworthy check` of a product that FAILs: all that, and the paths to yes",
    "read": "of these, reading the three columns in batches",
    "read ids": "of these, reading the ids",
    "distinct": "of these, finding equal hashes of ids",
}
# what is measured on the largest table, once
LARGEST = ("floor", "metrics", "ids")
HEAVY = ("torch", "sklearn", "sqlalchemy", "nicegui")


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    cpu: float
    wall: float
    peak_mb: float


def cost(what: str, folder: Path) -> Cost:
    """One run."""
    command = [sys.executable, str(HERE / "measure.py"), what, str(folder), str(BOOTSTRAPS)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(ended.stdout.splitlines()[-1]))


def _cpu(run: Cost) -> float:
    return run.cpu


def cpu_of(code: str, repeats: int) -> float:
    """CPU seconds of a whole interpreter that runs ``code``, start and all."""
    timed = (
        "import resource, subprocess, sys;"
        f"subprocess.run([sys.executable, '-c', {code!r}], stdout=subprocess.DEVNULL, check=True);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(used.ru_utime + used.ru_stime)"
    )
    command = [sys.executable, "-c", timed]
    return min(
        float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        for _ in range(repeats)
    )


def loaded() -> list[str]:
    """Which heavy packages `import roadworthy` loads: none, it is promised."""
    code = f"import roadworthy, sys; print(*[n for n in {HEAVY} if n in sys.modules])"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def _write(folder: Path, cases: int) -> None:
    """In a process of its own: the peak memory of this one is passed on to those it starts."""
    subprocess.run([sys.executable, str(HERE / "cases.py"), str(folder), str(cases)], check=True)


def table(cases: int, repeats: int, rows: Mapping[str, str]) -> list[str]:
    """The rows for one size."""
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        _write(folder, cases)
        size = (folder / "cases.parquet").stat().st_size / 1e6
        # in turns, so that a busy stretch of the machine falls on all of them alike
        runs = [{what: cost(what, folder) for what in rows} for _ in range(repeats)]
        found = {what: min((run[what] for run in runs), key=_cpu) for what in rows}
    lines = [
        f"## {cases:,} cases ({size:,.0f} MB of Parquet)",
        "",
        "| what | CPU s | floors | wall s | peak MB |",
        "|---|---:|---:|---:|---:|",
    ]
    for what, one in found.items():
        floors = one.cpu / max(found["floor"].cpu, 1e-9)
        figures = f"{one.cpu:.2f} | {floors:.1f} | {one.wall:.2f} | {one.peak_mb:,.0f}"
        lines.append(f"| {rows[what]} | {figures} |")
    return [*lines, ""]


def usual(cases: int, to: int) -> list[str]:
    """scikit-learn with 200 bootstraps, measured on fewer cases and fewer of them."""
    with tempfile.TemporaryDirectory() as held:
        _write(Path(held), cases)
        found = cost("bootstrap", Path(held))
    far = found.cpu * to / cases * 200 / BOOTSTRAPS
    return [
        "## What is usually done",
        "",
        f"scikit-learn's metrics, bootstrapped on the same slices: {found.cpu:,.1f} CPU s for "
        f"{BOOTSTRAPS} bootstraps of {cases:,} cases (measured). Extrapolated linearly in both, "
        f"not measured: {far:,.0f} CPU s for 200 bootstraps of {to:,} cases.",
        "",
    ]


def head(repeats: int) -> list[str]:
    """Where, with what, and how."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        "# What judging costs",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {packages}. "
        f"Load when it began: {os.getloadavg()[0]:.1f}.",
        "",
        f"Written by `make bench`. Best of {repeats} runs by CPU seconds (all threads), each in a "
        "process of its own, without the start of Python and its imports; the peak memory "
        "includes these. *floors*: times the CPU seconds of the first row, measured on the same "
        "file in the same run. A largest table is measured once; it is written for that and "
        "deleted.",
        "",
    ]


def start(repeats: int) -> list[str]:
    """What every command pays."""
    told = "import sys; sys.argv = ['roadworthy', '--help']; import roadworthy.cli as c; c.main()"
    return [
        "## The start",
        "",
        f"`roadworthy --help`: {cpu_of(told, repeats):.2f} CPU s. `import roadworthy` loads "
        f"{', '.join(loaded()) or 'none'} of {', '.join(HEAVY)}.",
        "",
    ]


def main() -> None:
    asked = argparse.ArgumentParser(description="Measures, and writes a page of results.")
    asked.add_argument("--cases", type=float, nargs="+", default=[1e6, 1e7])
    asked.add_argument("--largest", type=float, help="cases of one more table, such as 1e8")
    asked.add_argument("--what", nargs="+", choices=list(ROWS), default=list(ROWS))
    asked.add_argument("--usual", type=float, default=2e5, help="cases for scikit-learn")
    asked.add_argument("--repeats", type=int, default=3)
    asked.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    given = asked.parse_args()
    began = time.perf_counter()
    sizes = [int(size) for size in given.cases]
    lines = head(given.repeats)
    for size in sizes:
        lines += table(size, given.repeats, {what: ROWS[what] for what in given.what})
    if given.largest:
        lines += table(int(given.largest), 1, {what: ROWS[what] for what in LARGEST})
    lines += usual(int(given.usual), max(sizes))
    lines += start(given.repeats)
    given.out.write_text("\n".join(lines).rstrip() + "\n")
    print("\n".join(lines))
    print(f"written to {given.out} after {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
