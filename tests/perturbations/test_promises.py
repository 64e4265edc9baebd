"""What every perturbation promises, and what the kit finds in those that break a promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from roadworthy.io import registry
from roadworthy.perturbations.exposure import Exposure
from roadworthy.perturbations.jitter import Jitter
from roadworthy.perturbations.missing import Missing
from roadworthy.perturbations.noise import Noise
from roadworthy.perturbations.shift import Shift
from roadworthy.testing import check_perturbation
from roadworthy.testing.perturbations import pixels

MADE: dict[str, dict[str, Any]] = {
    "noise": {"deviation": 0.05},
    "blur": {"sigma": 1.5},
    "exposure": {"gain": 1.3},
    "shift": {"pixels": 4},
    "jpeg": {"quality": 40},
    "missing_view": {"column": "left"},
    "missing": {"column": "age", "share": 0.5},
    "jitter": {"column": "age", "by": 3.0},
}


@pytest.mark.parametrize("name", list(registry.perturbations()))
def test_every_perturbation_keeps_the_promises(name: str) -> None:
    kind: Any = registry.perturbations()[name]
    check_perturbation(kind(**MADE[name]))


@dataclass(frozen=True)
class Whiter:
    by: float
    about: ClassVar[str] = "brightens without an end"

    def image(self, found: Any, rng: np.random.Generator) -> Any:
        return (found + np.float32(self.by)).astype(np.float32)


@dataclass(frozen=True)
class Shuffled:
    column: str
    about: ClassVar[str] = "gives a case the value of another"

    def values(self, values: pl.Series, chance: Any) -> pl.Series:
        return values.sort()


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (Whiter(0.5), "leaves 0 to 1"),
        (Shuffled("age"), "looks at"),
        (Whiter(0.0), "changes nothing"),
    ],
)
def test_the_kit_names_the_promise_that_is_broken(broken: Any, what: str) -> None:
    with pytest.raises(AssertionError, match=what):
        check_perturbation(broken)


@pytest.mark.parametrize(
    "nothing",
    [
        lambda: Noise(0.0),
        lambda: Exposure(1.0),
        lambda: Shift(0),
        lambda: Missing("age", 0.0),
        lambda: Jitter("age", -1.0),
    ],
)
def test_one_that_would_change_nothing_cannot_be_made(nothing: Any) -> None:
    with pytest.raises(ValueError, match=r"must|changes nothing"):
        nothing()


def test_noise_has_the_deviation_that_was_declared() -> None:
    grey = np.full((200, 200, 1), 0.5, np.float32)
    found = Noise(0.05).image(grey, np.random.default_rng(3))
    assert abs(float(found.std()) - 0.05) < 0.001
    assert abs(float(found.mean()) - 0.5) < 0.001


def test_a_shift_moves_by_the_pixels_that_were_declared() -> None:
    dot = np.zeros((41, 41, 1), np.float32)
    dot[20, 20] = 1.0
    for seed in range(8):
        found = Shift(8).image(dot, np.random.default_rng(seed))
        down, right, _ = np.argwhere(found == 1.0)[0] - [20, 20, 0]
        assert abs(np.hypot(down, right) - 8.0) < 1.0


def test_a_jitter_has_the_deviation_that_was_declared() -> None:
    chance = (np.arange(100_000) + 0.5) / 100_000
    found = Jitter("age", 2.0).values(pl.Series("age", [50.0] * 100_000), chance)
    assert abs(float(np.std(found.to_numpy())) - 2.0) < 0.01


def test_colours_stay_colours_in_a_jpeg() -> None:
    kind: Any = registry.perturbations()["jpeg"]
    assert kind(quality=90).image(pixels((16, 16, 3)), np.random.default_rng(1)).shape == (
        16,
        16,
        3,
    )
