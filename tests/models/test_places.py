"""A rule on whole images says where in them: at the place that made the image what it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Task
from roadworthy.io.images import Picture
from roadworthy.models.hand_made import NAMES, measured
from roadworthy.models.image_rule import HandMade, ImageBoosting, ImageRule
from roadworthy.models.places import places
from roadworthy.testing.pictures import png

SCAN = columns.file("scan")
LOCAL = [at for at, name in enumerate(NAMES) if "argest" in name or "strongest" in name]


@pytest.mark.parametrize("size", [(40, 60), (41, 59), (5, 7), (3, 300), (260, 520)])
def test_the_most_of_all_places_is_what_is_measured_of_the_whole(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).random((*size, 1), dtype=np.float32)
    picture = Picture(pixels, 8)
    found, whole = places(picture).measures, measured(picture)
    assert np.allclose(found[:, :, LOCAL].max(axis=(0, 1)), whole[LOCAL], atol=1e-6)
    rest = np.delete(np.arange(len(NAMES)), LOCAL)
    assert (found[:, :, rest] == whole[rest]).all()


def grainy(folder: Path, n: int) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
    """Soft noise; every other image has a square of 6 sharp pixels, and where its middle is."""
    rng, files, middles = np.random.default_rng(2), [], []
    for at in range(n):
        pixels = np.kron(rng.integers(80, 160, (6, 10)), np.ones((8, 8), dtype=int))
        down, right = (int(rng.integers(4, side - 10)) for side in pixels.shape)
        if at % 2:
            pixels[down : down + 6, right : right + 6] = rng.integers(0, 2, (6, 6)) * 255
        file = folder / f"{at}.png"
        file.write_bytes(png(pixels.astype(np.uint8)))
        files.append(str(file))
        middles.append((down + 3, right + 3))
    return pl.DataFrame({SCAN: files}), middles


@pytest.mark.parametrize("rung", [ImageRule(), ImageBoosting()])
def test_the_map_is_highest_where_the_image_differs(
    tmp_path: Path, rung: ImageRule | ImageBoosting
) -> None:
    cases, middles = grainy(tmp_path, 60)
    truth = pl.Series([bool(at % 2) for at in range(60)])
    model = rung.fit(cases, truth, Task.BINARY, (SCAN,), seed=1)
    assert isinstance(model, HandMade)
    (tmp_path / "cut.png").write_bytes(b"")
    asked = pl.concat([cases[1:20:2], pl.DataFrame({SCAN: [str(tmp_path / "cut.png")]})])
    *maps, none = model.score_maps(asked)
    assert none is None
    answers = model.answer(asked)
    for found, (down, right), answer in zip(maps, middles[1:20:2], answers[:-1], strict=True):
        assert found is not None
        (only,) = found
        row, column = np.unravel_index(only.values.argmax(), only.values.shape)
        assert abs(only.top + row * only.down - down) <= 8
        assert abs(only.left + column * only.across - right) <= 8
        assert only.values.min() >= 0.0 and only.values.max() <= 1.0
        assert answer > 0.5


def test_of_numbers_there_is_no_map(tmp_path: Path) -> None:
    cases, _ = grainy(tmp_path, 20)
    values = pl.Series([float(at % 2) for at in range(20)])
    model = ImageRule().fit(cases, values, Task.REGRESSION, (SCAN,), seed=1)
    assert isinstance(model, HandMade)
    with pytest.raises(BadInput, match="marks are of what is suspect"):
        next(model.score_maps(cases))
