"""What nets know of their own doubt: on digits, whose last two kinds no net is shown, and on cloth.

`python bench/uncertainty.py` trains, measures in this process and rewrites its own section of
RESULTS.md, bars that were missed included. `--cloth 0` leaves the cloth out.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import rankdata
from sklearn.datasets import load_digits
from triage import rewritten

from roadworthy.core import columns
from roadworthy.core.product import Task
from roadworthy.models.guard import fit_guard
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.unsure_rungs import Laplace, McDropout, NetEnsemble
from roadworthy.stats import calibration, selective

HERE = Path(__file__).parent
HEAD = "## What nets know of their own doubt"
IMAGE, COVERAGE = columns.file("image"), 0.8
RUNGS = {"deep ensemble": NetEnsemble, "MC dropout": McDropout, "Laplace": Laplace}
# fewer steps than by default: seven nets on full-size images in some CPU minutes
DIGITS_PLAN, CLOTH_PLAN = Plan(), Plan(epochs=20, batch=16, patience=20, least_steps=0)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Given:
    """Cases to learn from, fresh ones, and strangers by name; all have ``@file:image``."""

    training: pl.DataFrame
    truth: pl.Series
    fresh: pl.DataFrame
    fresh_truth: NDArray[Any]
    strangers: Mapping[str, pl.DataFrame]
    task: Task
    plan: Plan


@dataclass(frozen=True)
class Bar:
    """What must be reached: ``at_least`` or, where less is better, at most."""

    limit: float
    at_least: bool = True

    def met(self, values: Iterable[float]) -> bool:
        """By every single value."""
        return all(v >= self.limit if self.at_least else v <= self.limit for v in values)

    def __str__(self) -> str:
        return f"{'at least' if self.at_least else 'at most'} {self.limit:g}"


ECE, RIGHT, HIGHER = Bar(0.03, False), Bar(0.998), Bar(1.0)
OOD, NOISE = Bar(0.95), Bar(0.98)


def digits(seed: int, folder: Path) -> Given:
    """Digits 0 to 7 of 8 x 8 pixels; 8 and 9 are strangers, so are turned ones and noise."""
    pixels, digit = load_digits(return_X_y=True)
    images = (pixels.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    rng = np.random.default_rng(seed)
    known = rng.permutation(np.flatnonzero(digit < 8))
    seen, fresh = known[:850], known[850:]
    noise = rng.integers(0, 256, (400, 8, 8)).astype(np.uint8)
    strangers = {
        "unseen classes": images[digit >= 8],
        "turned by 90 degrees": np.rot90(images[fresh], axes=(1, 2)),
        "noise": noise,
    }
    return Given(
        written(images[seen], folder / "seen"),
        pl.Series([str(one) for one in digit[seen]]),
        written(images[fresh], folder / "fresh"),
        np.array([str(one) for one in digit[fresh]]),
        {name: written(one, folder / name) for name, one in strangers.items()},
        Task.MULTICLASS,
        DIGITS_PLAN,
    )


def cloth(seed: int, folder: Path, count: int) -> Given:
    """Photographs at full resolution, half with a local defect; a global change is a stranger."""
    import conformal_clip_data as data

    kinds = [data.nominal_dir(), data.local_dir(), data.global_dir()]
    rng = np.random.default_rng(seed)
    files = [rng.permutation(sorted(map(str, Path(one).glob("*.*")))) for one in kinds]
    half, each = count // 2, 50
    whole, torn = (cropped(one[: half + each]) for one in files[:2])
    images = {
        "seen": np.concatenate([whole[:half], torn[:half]]),
        "fresh": np.concatenate([whole[half:], torn[half:]]),
    }
    turned = np.rot90(images["fresh"], axes=(1, 2))
    noise = rng.integers(0, 256, (50, *whole.shape[1:])).astype(np.uint8)
    strangers = {
        "global change": cropped(files[2][:each]),
        "turned by 90 degrees": turned,
        "noise": noise,
    }
    return Given(
        written(images["seen"], folder / "seen"),
        pl.Series(np.repeat([False, True], half)),
        written(images["fresh"], folder / "fresh"),
        np.repeat([False, True], each),
        {name: written(one, folder / name) for name, one in strangers.items()},
        Task.BINARY,
        CLOTH_PLAN,
    )


def cropped(files: Iterable[str]) -> NDArray[np.uint8]:
    """Grey images without the white edge at the right and at the bottom."""
    return np.stack([np.asarray(Image.open(one).convert("L"))[:240, :240] for one in files])


def written(images: NDArray[np.uint8], folder: Path) -> pl.DataFrame:
    """PNG files, and the table that names them."""
    folder.mkdir(parents=True)
    for at, pixels in enumerate(images):
        Image.fromarray(pixels).save(folder / f"{at}.png")
    return pl.DataFrame({IMAGE: [str(folder / f"{at}.png") for at in range(len(images))]})


def measured(given: Given, seed: int) -> dict[str, float]:
    """Every number of one seed, by its name."""
    found: dict[str, float] = {}
    for name, rung in RUNGS.items():
        model: Any = rung("S", given.plan).fit(
            given.training, given.truth, given.task, (IMAGE,), seed
        )
        found |= {f"{name}: {what}": value for what, value in of_model(model, given).items()}
        if name == "deep ensemble":
            found |= of_guard(model, given, seed)
    return found


def of_model(model: Any, given: Given) -> dict[str, float]:
    """How calibrated, how right where sure, and how much less sure on strangers."""
    plain, chances = (
        replace(model, temperature=1.0).chances(given.fresh),
        model.chances(given.fresh),
    )
    names = np.array(model.card.classes or (False, True))
    right = names[chances.argmax(axis=1)] == given.fresh_truth
    sure = chances.max(axis=1)
    found = {
        "accuracy": float(right.mean()),
        "ECE of the mean": gap(plain, names, given.fresh_truth),
        "ECE recalibrated": gap(chances, names, given.fresh_truth),
        "accuracy at 80 % coverage": selective.estimate(right[selective.ordered(sure)], COVERAGE),
    }
    inside = model.distribution(given.fresh)
    for name, cases in given.strangers.items():
        told = model.distribution(cases)
        for doubt in ("entropy", "mutual_information"):
            word = doubt.replace("_", " ")
            found[f"{word} on {name}, times in scope"] = told[doubt].mean() / inside[doubt].mean()
            found[f"AUROC of {word}, {name}"] = auroc(inside[doubt], told[doubt])
    return found


def of_guard(model: Any, given: Given, seed: int) -> dict[str, float]:
    """The product's guard (knn and mahalanobis) on what the last layers of the ensemble see."""
    seen = model.features(given.training)
    guard = fit_guard(seen, tuple(seen.columns), ("knn", "mahalanobis"), "bench", seed)
    inside = guard.scores(model.features(given.fresh))
    return {
        f"guard: AUROC, {name}": auroc(inside, guard.scores(model.features(cases)))
        for name, cases in given.strangers.items()
    }


def gap(chances: Floats, names: NDArray[Any], truth: NDArray[Any]) -> float:
    """The calibration error of the named class's probability, ten bins of equal width."""
    right = names[chances.argmax(axis=1)] == truth
    bins = calibration.bins(chances.max(axis=1), right, np.linspace(0.0, 1.0, 11))
    return calibration.estimate(bins)


def auroc(inside: Any, strange: Any) -> float:
    """The chance that a stranger has the higher number."""
    ranks = rankdata(np.r_[np.asarray(inside), np.asarray(strange)])[len(inside) :]
    n = len(strange)
    return float((ranks.sum() - n * (n + 1) / 2) / (n * len(inside)))


def bars(unseen: str) -> dict[str, Bar | None]:
    """What is shown, in order, with the bar of those that have one."""
    return {
        "deep ensemble: accuracy": None,
        "deep ensemble: ECE of the mean": None,
        "deep ensemble: ECE recalibrated": ECE,
        "deep ensemble: accuracy at 80 % coverage": RIGHT,
        f"guard: AUROC, {unseen}": OOD,
        "guard: AUROC, turned by 90 degrees": OOD,
        "guard: AUROC, noise": NOISE,
        f"deep ensemble: AUROC of entropy, {unseen}": None,
        "deep ensemble: AUROC of entropy, turned by 90 degrees": None,
        "MC dropout: accuracy": None,
        "MC dropout: ECE of the mean": None,
        "MC dropout: ECE recalibrated": ECE,
        f"MC dropout: entropy on {unseen}, times in scope": HIGHER,
        f"MC dropout: mutual information on {unseen}, times in scope": HIGHER,
        f"MC dropout: AUROC of entropy, {unseen}": None,
        "Laplace: accuracy": None,
        "Laplace: ECE of the mean": None,
        "Laplace: ECE recalibrated": None,
        f"Laplace: AUROC of entropy, {unseen}": None,
    }


def table(
    make: Callable[[int, Path], Given], seeds: int, shown: Mapping[str, Bar | None]
) -> tuple[list[str], float]:
    """The rows, as Markdown, and CPU seconds."""
    began, runs = time.process_time(), []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as place:
            runs.append(measured(make(seed, Path(place)), seed))
            print(f"seed {seed}: {time.process_time() - began:.0f} CPU s", flush=True)
    heads = " | ".join(f"seed {seed}" for seed in range(seeds))
    lines = [f"| what | bar | {heads} | |", "|---|---|" + "---:|" * seeds + "---|"]
    for name, bar in shown.items():
        values = [run[name] for run in runs]
        answer = "" if bar is None else ("met" if bar.met(values) else "missed")
        cells = " | ".join(f"{value:.3f}" for value in values)
        lines.append(f"| {name} | {'' if bar is None else bar} | {cells} | {answer} |")
    return lines, time.process_time() - began


def section(seeds: int, count: int) -> list[str]:
    """Both tables; ``count`` photographs to learn from, 0: no cloth."""
    import torch

    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    rows, seconds = table(digits, seeds, bars("unseen classes"))
    found = [
        HEAD,
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, torch {torch.__version__}. The rungs "
        "`net_ensemble`, `mc_dropout` and `laplace` (S), one set of nets a seed; the guard is the "
        "product's, `knn` and `mahalanobis`, on what the last layers of the ensemble see. ECE: the "
        "probability of the class that is named, ten bins; a perfect model shows about .01 on so "
        "few cases. A bar is met when every seed meets it.",
        "",
        f"Digits 0 to 7 of 8 x 8 pixels, 850 to learn from and {1434 - 850} fresh, "
        f"{seconds:.0f} CPU seconds:",
        "",
        *rows,
        "",
    ]
    if not count:
        return found
    rows, seconds = table(lambda seed, place: cloth(seed, place, count), 1, bars("global change"))
    return [
        *found,
        f"Cloth of 240 x 240 pixels, whole or with a local defect: {count} photographs to learn "
        f"from, 100 fresh, {CLOTH_PLAN.epochs} epochs; {seconds:.0f} CPU seconds:",
        "",
        *rows,
        "",
    ]


def main() -> None:
    asked = argparse.ArgumentParser(description="Measures, and writes its section of a page.")
    asked.add_argument("--seeds", type=int, default=3)
    asked.add_argument("--cloth", type=int, default=120)
    asked.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    given = asked.parse_args()
    lines = section(given.seeds, given.cloth)
    before = given.out.read_text() if given.out.exists() else "# What judging costs\n"
    given.out.write_text(rewritten(before, lines, HEAD))
    print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
