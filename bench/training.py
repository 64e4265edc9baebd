"""What our loop of training costs beside a bare loop of torch with the same net and data.

`python bench/training.py` measures in this process and rewrites its own section of RESULTS.md. The
bare loop takes batches of the same memory through the same loss and optimiser, and does nothing
else: it sets no learning rate, cuts no gradient, and never asks whether the loss is a number.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch.nn import functional
from triage import rewritten

from roadworthy.core.product import Change, Task, TrainRules
from roadworthy.models.nets import room
from roadworthy.models.nets.architectures import Net
from roadworthy.models.nets.canvas import Canvas
from roadworthy.models.nets.feed import Feed
from roadworthy.models.nets.objective import Objective
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.shape import Shape
from roadworthy.models.nets.training import Lesson, Trainer

HERE = Path(__file__).parent
HEAD = "## What a step of training costs"
SIDE, BATCH, MOST = 128, 16, 0.05
PACKAGES = ("torch", "numpy")
ROWS = {
    "bare": "the bare loop of torch",
    "ours": "ours, nothing augmented",
    "augmented": "ours, images shifted as by default",
}


def lesson(cases: int, augment: tuple[Change, ...]) -> Lesson:
    """Grey images of noise in memory: what is measured does not hang on what there is to learn."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(cases, 1, 1, SIDE, SIDE)).astype(np.float32)
    canvas = Canvas(SIDE, SIDE, (0.0,), (1.0,))
    numbers = np.empty((cases, 0), dtype=np.float32)
    feed = Feed(pl.DataFrame({"row": np.arange(cases)}), ("x",), canvas, numbers, images)
    return Lesson(
        feed=feed,
        truth=torch.from_numpy((rng.random(cases) < 0.5).astype(np.int64)),
        weights=torch.ones(cases),
        costs=None,
        fit=np.arange(cases),
        held_out=np.empty(0, dtype=np.int64),
        ids=tuple(map(str, range(cases))),
        rules=TrainRules(augment=augment),
    )


def net() -> Net:
    """The small convolutional net."""
    torch.manual_seed(0)
    return Net(Shape("cnn", "S", 1, channels=1, height=SIDE, width=SIDE))


def bare(given: Lesson, plan: Plan) -> None:
    """An epoch, as anybody would write it."""
    learning, kept = net().train(), given.feed.kept
    assert kept is not None
    images, numbers = torch.from_numpy(kept), torch.from_numpy(given.feed.numbers)
    truth = given.truth.float()
    optimiser = torch.optim.AdamW(learning.parameters(), lr=plan.rate, weight_decay=plan.decay)
    for rows in torch.randperm(len(truth)).split(BATCH):
        loss = functional.binary_cross_entropy_with_logits(
            learning(images[rows], numbers[rows])[:, 0], truth[rows]
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()


def ours(given: Lesson, plan: Plan) -> None:
    """An epoch of the trainer, with what it keeps after it."""
    Trainer(net(), Objective(Task.BINARY, given.rules), plan, 0, "net").train(given)


def cpu_of(run: Callable[[], None]) -> float:
    """CPU seconds of this process."""
    gc.collect()
    began = time.process_time()
    run()
    return time.process_time() - began


def measured(rounds: int, cases: int) -> dict[str, list[float]]:
    """CPU seconds of an epoch, round by round, in turns: a busy stretch falls on all alike."""
    plan = Plan(epochs=1, batch=BATCH, least_steps=0)
    plain, moved = lesson(cases, ()), lesson(cases, (Change.SHIFT,))
    ways: dict[str, Callable[[], None]] = {
        "bare": lambda: bare(plain, plan),
        "ours": lambda: ours(plain, plan),
        "augmented": lambda: ours(moved, plan),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    with room.steady():
        for way in ways.values():
            way()
        for _ in range(rounds):
            for name, way in ways.items():
                found[name].append(cpu_of(way))
    return found


def section(rounds: int, cases: int) -> list[str]:
    """The section, as Markdown."""
    load, found = os.getloadavg()[0], measured(rounds, cases)
    steps = -(-cases // BATCH)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    lines = []
    for name, said in ROWS.items():
        each = 1e3 * float(np.median(found[name])) / steps
        # round against round: what slows the machine slows both
        more = float(np.median(np.array(found[name]) / np.array(found["bare"]))) - 1
        bar = {"bare": "", "ours": "met" if more <= MOST else "missed", "augmented": ""}[name]
        told = "" if name == "bare" else f"{more:+.1%}"
        lines.append(f"| {said} | {each:.1f} | {told} | {bar} |")
    return [
        HEAD,
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, Python {platform.python_version()}, {packages}. "
        f"Load when it began: {load:.1f}. The small convolutional net, {cases} grey images of "
        f"{SIDE} x {SIDE} in memory, {BATCH} at a time, AdamW, one thread, medians of {rounds} "
        f"epochs in turns. Bar: {MOST:.0%} more CPU than the bare loop.",
        "",
        "| what | CPU ms a step | more than bare | bar |",
        "|---|---:|---:|---|",
        *lines,
        "",
    ]


def main() -> None:
    asked = argparse.ArgumentParser(description="Measures, and writes its section of a page.")
    asked.add_argument("--rounds", type=int, default=9)
    asked.add_argument("--cases", type=int, default=96)
    asked.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    given = asked.parse_args()
    lines = section(given.rounds, given.cases)
    before = given.out.read_text() if given.out.exists() else "# What judging costs\n"
    given.out.write_text(rewritten(before, lines, HEAD))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
