"""What scoring through ONNX costs: beside the bare session, and from JPEG files to answers.

`python bench/scoring.py` measures in this process and rewrites its own section of RESULTS.md. The
net has drawn weights: what is measured does not hang on what it learnt. One thread scores.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
from triage import rewritten

from roadworthy.core import columns
from roadworthy.core.product import Task
from roadworthy.io.images import stream
from roadworthy.models.nets.answering import told
from roadworthy.models.nets.canvas import Canvas
from roadworthy.models.nets.card import Card
from roadworthy.models.nets.columns import Columns
from roadworthy.models.nets.shape import Shape
from roadworthy.models.onnx.model import OnnxNet

HERE = Path(__file__).parent
HEAD = "## What scoring through ONNX costs"
SIDE, BATCH, LEAST = 128, 64, 0.95
HEIGHT, WIDTH, QUALITY, DIFFERENT = 480, 640, 85, 40
FILE = columns.file("photo")
_BUSY = (
    " More programs wanted to run than there are cores: what the clock says is theirs too, and "
    "differs by several percent from run to run."
)
PACKAGES = ("onnxruntime", "torch", "Pillow", "numpy")


@dataclass(frozen=True)
class Spent:
    """CPU seconds of all threads, and wall seconds."""

    cpu: float
    wall: float

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.cpu - other.cpu, self.wall - other.wall)


def spent(run: Callable[[], object]) -> Spent:
    """What one run takes."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return Spent(time.process_time() - cpu, time.perf_counter() - wall)


def net() -> OnnxNet:
    """The small convolutional net for grey images of 128 x 128 pixels, as ONNX."""
    import torch

    from roadworthy.models.nets.architectures import Net
    from roadworthy.models.nets.export import to_onnx
    from roadworthy.models.nets.model import TrainedNet

    torch.manual_seed(0)
    shape = Shape("cnn", "S", 1, channels=1, height=SIDE, width=SIDE)
    canvas = Canvas(SIDE, SIDE, (0.5,), (0.2,))
    card = Card("net", Task.BINARY, shape, Columns(), (FILE,), canvas, (), 0.0, 1.0, 1)
    return OnnxNet(card, to_onnx(TrainedNet(Net(shape).eval(), card)))


def beside_the_bare_session(scorer: OnnxNet, rounds: int) -> list[str]:
    """Throughput against `InferenceSession.run` on the same batch, in turns."""
    pixels = np.random.default_rng(0).normal(size=(BATCH, 1, 1, SIDE, SIDE)).astype(np.float32)
    raw, numbers = scorer.session.raw, np.empty((BATCH, 0), np.float32)
    ways: dict[str, Callable[[], object]] = {
        "the bare session": lambda: raw.run(None, {"images": pixels}),
        "`OnnxNet.run`": lambda: scorer.run(pixels, numbers),
        "`OnnxNet.run`, and probabilities": lambda: told(scorer.card, scorer.run(pixels, numbers)),
    }
    for way in ways.values():
        way()
    found: dict[str, list[Spent]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(spent(way))
    # the median: a busy machine slows single rounds only
    cpu = {name: float(np.median([one.cpu for one in runs])) for name, runs in found.items()}
    wall = {name: float(np.median([one.wall for one in runs])) for name, runs in found.items()}
    bare = "the bare session"
    lines = []
    for name in ways:
        shares = cpu[bare] / cpu[name], wall[bare] / wall[name]
        rate = BATCH / wall[name]
        lines.append(
            f"| {name} | {1e3 * cpu[name]:.1f} | {1e3 * wall[name]:.1f} | {rate:,.0f} | "
            f"{shares[0]:.1%} | {shares[1]:.1%} | {_bar(min(shares), name == bare)} |"
        )
    return lines


def _bar(share: float, bare: bool) -> str:
    return "" if bare else "met" if share >= LEAST else "missed"


def photographs(folder: Path, count: int) -> pl.DataFrame:
    """Grey JPEGs of coarse and fine texture, some different ones again and again."""
    from PIL import Image

    rng, contents = np.random.default_rng(1), []
    for _ in range(DIFFERENT):
        coarse = rng.normal(size=(HEIGHT // 16, WIDTH // 16)).repeat(16, 0).repeat(16, 1)
        pixels = 120 + 30 * coarse + rng.normal(0, 8, (HEIGHT, WIDTH))
        held = BytesIO()
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        image.save(held, "JPEG", quality=QUALITY)
        contents.append(held.getvalue())
    files = [folder / f"{at}.jpg" for at in range(count)]
    for at, file in enumerate(files):
        file.write_bytes(contents[at % DIFFERENT])
    return pl.DataFrame({FILE: [str(file) for file in files]})


def from_files(scorer: OnnxNet, count: int) -> list[str]:
    """Images a second from JPEG to probability, and how the CPU seconds are shared."""
    canvas = scorer.card.canvas
    assert canvas is not None
    with tempfile.TemporaryDirectory() as place:
        cases = photographs(Path(place), count)
        files = cases[FILE].to_list()
        scorer.answer(cases[:BATCH])
        decoded = spent(lambda: [None for _ in stream(files, lambda picture: None)])
        shown = spent(lambda: [None for _ in stream(files, canvas.of)])
        whole = spent(lambda: scorer.answer(cases))
    steps = {
        f"decode ({WIDTH} x {HEIGHT}, quality {QUALITY})": decoded,
        f"preprocess (to {SIDE} x {SIDE}, standardised)": shown - decoded,
        "score, batches and answers": whole - shown,
    }
    lines = [
        f"| {name} | {one.cpu:.2f} | {1e3 * one.cpu / count:.2f} | {one.cpu / whole.cpu:.0%} |"
        for name, one in steps.items()
    ]
    each = 1e3 * whole.cpu / count
    return [
        f"{count:,} JPEGs: **{count / whole.wall:,.0f} images/s** by the clock "
        f"({whole.wall:.1f} s), {count / whole.cpu:,.0f} a CPU second.",
        "",
        "| step | CPU s | ms an image | share |",
        "|---|---:|---:|---:|",
        *lines,
        f"| all of it | {whole.cpu:.2f} | {each:.2f} | 100% |",
        "",
    ]


def section(rounds: int, count: int) -> list[str]:
    """The section, as Markdown."""
    load, scorer = os.getloadavg()[0], net()
    bare = beside_the_bare_session(scorer, rounds)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        HEAD,
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, Python {platform.python_version()}, {packages}. "
        f"Load when it began: {load:.1f}. The small convolutional net on grey images of {SIDE} x "
        f"{SIDE}, {BATCH} at a time, one thread for arithmetic, no spinning; medians of {rounds} "
        f"rounds in turns. Bar: {LEAST:.0%} of the bare session's throughput, in CPU and by the "
        f"clock.{_BUSY if load > (os.cpu_count() or 1) else ''}",
        "",
        "| what | CPU ms | wall ms | images/s | of bare, CPU | of bare, wall | bar |",
        "|---|---:|---:|---:|---:|---:|---|",
        *bare,
        "",
        *from_files(scorer, count),
    ]


def main() -> None:
    asked = argparse.ArgumentParser(description="Measures, and writes its section of a page.")
    asked.add_argument("--rounds", type=int, default=25)
    asked.add_argument("--images", type=int, default=2_000)
    asked.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    given = asked.parse_args()
    lines = section(given.rounds, given.images)
    before = given.out.read_text() if given.out.exists() else "# What judging costs\n"
    given.out.write_text(rewritten(before, lines, HEAD))
    print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
