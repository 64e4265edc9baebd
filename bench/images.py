"""What large images cost: decoding one, and the memory of each verb on twice as many of them.

`python bench/images.py` makes SYNTHETIC four-view exams of 3000 x 2000 pixels and 16 bits, runs
each verb on half of them and on all in a process of its own, and rewrites its own section of
RESULTS.md. `--made FOLDER` takes exams that make_exams.py wrote before.
"""

from __future__ import annotations

import argparse
import json
import platform
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
from measure import peak_mb
from triage import rewritten

HERE = Path(__file__).parent
HEAD = "## What large images cost"
VIEWS = ("l_cc", "l_mlo", "r_cc", "r_mlo")
PRODUCT = """\
version: 1
product: bench
data:
  cases: %s
  id: exam
  truth: finding
  positive: 1
  features: {image: [l_cc, l_mlo, r_cc, r_mlo], side: 64}
  split: set
models: [%s]
requirements: [{metric: auc, at_least: 0.5}]
"""


def verbs() -> dict[str, tuple[str, Callable[[Path], object]]]:
    """What is run on a product.yaml, and what it is called."""
    from roadworthy.workflow.certify import certify
    from roadworthy.workflow.check import check
    from roadworthy.workflow.compress import compress
    from roadworthy.workflow.image_files import look
    from roadworthy.workflow.seal import seal
    from roadworthy.workflow.train import train

    return {
        "images": ("`roadworthy images`: every file is read", look),
        "train": ("`roadworthy train`, image_rule", train),
        "check": ("`roadworthy check`, image_rule", check),
        "seal": ("`roadworthy seal`: likeness to open images, items hashed", seal),
        "certify": ("`roadworthy certify`: files hashed again, judged", certify),
        "train net": ("`roadworthy train`, small_net", train),
        "check net": ("`roadworthy check`, small_net", check),
        "compress net": ("`roadworthy compress`: pruned nets, students, INT8", compress),
    }


def made(folder: Path, exams: int, size: tuple[int, int]) -> None:
    """The exams of both halves."""
    make = runpy.run_path(str(HERE.parent / "examples" / "screening" / "make_exams.py"))["main"]
    height, width = size
    words = ["--into", folder, "--exams", 2 * exams, "--height", height, "--width", width]
    words += ["--format", "dicom", "--bits", 16, "--spread", min(4, min(size) // 12)]
    make([str(word) for word in words])


def laid_out(folder: Path, source: Path, exams: int) -> None:
    """The products of all exams in ``source`` and of the first half."""
    (folder / "images").symlink_to((source / "images").resolve())
    cases = pl.read_csv(source / "cases.csv").head(2 * exams)
    # every set has both answers, whatever the coin of the generator said
    cases = cases.with_columns(finding=pl.int_range(pl.len()) % 2)
    sets = pl.Series(["train", "train", "train", "train", "validation", "validation"])
    for name, count in (("half", exams), ("all", 2 * exams)):
        some = cases.head(count)
        named = pl.Series("set", [sets[at % 6] for at in range(count - 2)] + ["sealed"] * 2)
        for kind, model in (("", "image_rule"), ("net-", "small_net")):
            into = folder / f"{kind}{name}"
            into.mkdir()
            (into / "images").symlink_to(folder / "images")
            some.with_columns(named).write_csv(into / "cases.csv")
            (into / "product.yaml").write_text(PRODUCT % ("cases.csv", model))


def in_a_process(verb: str, product: Path) -> dict[str, float]:
    """CPU and wall seconds and the peak memory of one verb."""
    command = [sys.executable, "-W", "ignore", __file__, "--one", verb, str(product)]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return found


def one(verb: str, product: Path) -> None:
    """What `in_a_process` asks for."""
    run = verbs()[verb][1]
    cpu, wall = time.process_time(), time.perf_counter()
    run(product)
    spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps({**spent, "peak_mb": peak_mb()}))


def decoding(folder: Path) -> list[str]:
    """CPU seconds of the steps that one file goes through, as rows."""
    import numpy as np

    from roadworthy.io.images import difference_hash, digests, read, resized
    from roadworthy.models.hand_made import measured

    files = [str(file) for file in sorted((folder / "images").iterdir())[:8]]
    shown = [read(file) for file in files[:2]]

    def each(make: Callable[[int], object], times: int) -> float:
        spent = []
        for at in range(times):
            before = time.process_time()
            make(at)
            spent.append(time.process_time() - before)
        return float(np.median(spent))

    steps = {
        "read: unpacked, modality and window, to float32": each(lambda at: read(files[at]), 8),
        "SHA-256 of the file": each(lambda at: digests([files[at]]), 8),
        "scaled to 256 x 171": each(lambda at: resized(shown[at].pixels, 256, 171), 2),
        "how it looks (likeness)": each(lambda at: difference_hash(shown[at]), 2),
        "21 measures of `image_rule`": each(lambda at: measured(shown[at]), 2),
    }
    return [f"| {what} | {1000 * spent:.0f} |" for what, spent in steps.items()]


def section(exams: int, size: tuple[int, int], source: Path | None) -> list[str]:
    """The rows, as Markdown."""
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held) / "products"
        folder.mkdir()
        if source is None:
            source = Path(held) / "made"
            made(source, exams, size)
        laid_out(folder, source, exams)
        megabytes = sum(file.stat().st_size for file in (folder / "images").iterdir()) / 1e6
        steps, rows = decoding(folder), []
        for verb, (called, _) in verbs().items():
            kind = "net-" if verb.endswith("net") else ""
            half, all_ = (
                in_a_process(verb, folder / f"{kind}{name}" / "product.yaml")
                for name in ("half", "all")
            )
            rows.append(
                f"| {called} | {half['peak_mb']:,.0f} | {all_['peak_mb']:,.0f} | "
                f"{all_['cpu']:.1f} | {all_['wall']:.1f} |"
            )
    return [
        HEAD,
        "",
        f"{date.today():%Y-%m-%d}, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}. SYNTHETIC exams of four views, {size[0]} x {size[1]} pixels "
        f"of 16 bits in uncompressed DICOM: {exams} of them, and {2 * exams} "
        f"({megabytes:,.0f} MB). "
        "Peak memory is that of a whole process, what it imports included.",
        "",
        "| one file | CPU ms |",
        "|---|---:|",
        *steps,
        "",
        f"| verb | {exams} exams, peak MB | {2 * exams} exams, peak MB | CPU s | wall s |",
        "|---|---:|---:|---:|---:|",
        *rows,
        "",
    ]


def main() -> None:
    asked = argparse.ArgumentParser(description="Measures, and writes its section of a page.")
    asked.add_argument("--exams", type=int, default=12, help="and twice as many")
    asked.add_argument("--size", type=int, nargs=2, default=(3000, 2000))
    asked.add_argument(
        "--made", type=Path, help="a folder of make_exams.py, with --exams and --size"
    )
    asked.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    asked.add_argument("--one", nargs=2, metavar=("VERB", "PRODUCT"), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.one:
        one(given.one[0], Path(given.one[1]))
        return
    lines = section(given.exams, tuple(given.size), given.made)
    before = given.out.read_text() if given.out.exists() else "# What judging costs\n"
    given.out.write_text(rewritten(before, lines, HEAD))
    print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
