"""A model that says where it looks is followed into its images, also from inside another model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.marks import MarkRules, ScoreMap
from roadworthy.io import images
from roadworthy.io.registry import collectors
from roadworthy.models.image_cases import each
from roadworthy.models.marking import Marking, localising
from roadworthy.models.scored_table import ScoredTable
from roadworthy.testing.pictures import pictures

SCAN = columns.file("scan")


@dataclass(frozen=True)
class Spots:
    """Sees bright places: the image itself is the map."""

    name: str = "spots"
    fingerprint: str = "f" * 64
    files: tuple[Path, ...] = ()
    needs: tuple[str, ...] = (SCAN,)
    heard: list[list[str]] = field(default_factory=list)

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        return pl.Series([0.5] * cases.height)

    def score_maps(self, cases: pl.DataFrame) -> Iterator[tuple[ScoreMap, ...] | None]:
        self.heard.append(cases.columns)
        for found in each(cases, [SCAN], lambda picture: picture.grey):
            if found is None:
                yield None
            else:
                yield tuple(ScoreMap(one, 0.5, 0.5, 1.0, 1.0) for one in found)


@dataclass(frozen=True)
class Around(Spots):
    inner: Spots = field(default_factory=Spots)
    score_maps = None  # type: ignore[assignment]


def cases(folder: Path, n: int = 4) -> pl.DataFrame:
    files = pictures(pl.Series(np.full(n, 3.0)), folder / "scans")
    (folder / "scans" / "1.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    ids = [f"c{at}" for at in range(n)]
    return pl.DataFrame({columns.ID: ids, SCAN: files, columns.POSITIVE: [True] * n})


def test_marks_are_a_row_each_and_broken_images_have_none(tmp_path: Path) -> None:
    found = Marking(MarkRules(at_most_per_image=1)).collect(Spots(), cases(tmp_path))
    assert found.columns == ["case", "image", "x", "y", "width", "height", "score"]
    assert found["case"].to_list() == ["c0", "c2", "c3"]
    assert set(found["image"]) == {"scan"}
    # the spot of three by three pixels is the brightest thing there is
    assert (found["width"] * found["height"]).to_list() == [9, 9, 9]
    for row in found.iter_rows(named=True):
        pixels = images.read(tmp_path / "scans" / f"{row['case'][1:]}.png").grey
        assert pixels[row["y"] + 1, row["x"] + 1] > 0.7 * pixels.max()


def test_no_truth_is_told_to_the_model(tmp_path: Path) -> None:
    model = Spots()
    Marking().collect(model, cases(tmp_path))
    assert model.heard == [[columns.ID, SCAN]]


def test_the_model_inside_of_another_is_found_and_a_silent_one_is_not(tmp_path: Path) -> None:
    around = Around()
    assert localising(around) is around.inner
    assert localising(ScoredTable("score", pl.Float64())) is None
    with pytest.raises(BadInput, match="says nothing of where"):
        Marking().collect(ScoredTable("score", pl.Float64()), cases(tmp_path))


def test_it_is_announced_as_the_collector_of_its_table() -> None:
    assert collectors()["marks"].table == "marks"
