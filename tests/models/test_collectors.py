"""What is measured of a model itself: how long it takes, and how much must be shipped."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from roadworthy.core import columns
from roadworthy.models.artifact import ArtifactSize
from roadworthy.models.timing import MOST_CASES, WARM_UP, Timing


@dataclass
class Slow:
    """A model that notes how it is asked, and takes two milliseconds."""

    files: tuple[Path, ...] = ()
    name = "slow"
    fingerprint = "f"
    needs = ("x",)
    pause_s: float = 0.002
    asked: int = 0

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        assert cases.height == 1, "one case at a time, as a user would wait for it"
        self.asked += 1
        time.sleep(self.pause_s)
        return pl.Series([0.5])


def cases(n: int) -> pl.DataFrame:
    return pl.DataFrame({columns.ID: [f"c{i}" for i in range(n)], "x": range(n)})


def test_every_case_is_timed_on_its_own_after_a_warm_up_and_others_between() -> None:
    model = Slow()
    found = Timing().collect(model, cases(30))
    assert found.height == 30
    assert model.asked >= 30 + WARM_UP + 30 * 5
    assert found["ms"].min() >= 2.0  # type: ignore[operator]


def test_no_more_than_the_first_thousand_are_timed() -> None:
    assert Timing().collect(Slow(pause_s=0.0), cases(MOST_CASES + 50)).height == MOST_CASES


def test_without_a_case_there_is_no_timing() -> None:
    assert Timing().collect(Slow(), cases(0)).height == 0


def test_the_size_is_that_of_all_files(tmp_path: Path) -> None:
    for name, size in (("a", 10), ("b", 25)):
        (tmp_path / name).write_bytes(b"x" * size)
    found = ArtifactSize().collect(Slow((tmp_path / "a", tmp_path / "b")), cases(0))
    assert found["bytes"].sum() == 35
    assert ArtifactSize().collect(Slow(), cases(0)).height == 0
