"""The net finds one small thing in noise from labels alone, and its map points at it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from scipy.special import expit, logit
from tests.models.nets.learning import guidance, rings, spots

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.marks import Localising
from roadworthy.core.product import Task
from roadworthy.models.nets.architectures import Net, highest
from roadworthy.models.nets.canvas import Canvas
from roadworthy.models.nets.model import TrainedNet
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.rungs import LargeNet, Mlp, SmallNet
from roadworthy.models.nets.shape import Shape
from roadworthy.testing.pictures import PICTURE, png

SHORT = Plan(epochs=2, least_steps=0)


def dots(folder: Path, n: int, seed: int) -> tuple[pl.DataFrame, pl.Series, list[tuple[int, int]]]:
    """Noise of 48 x 32 pixels, a dot of 2 x 2 in half of them, and where the dots lie."""
    rng, files, places = np.random.default_rng(seed), [], []
    truth = rng.random(n) < 0.5
    for at, dotted in enumerate(truth):
        pixels = rng.normal(110, 20, (48, 32))
        down, right = int(rng.integers(4, 42)), int(rng.integers(4, 26))
        if dotted:
            pixels[down : down + 2, right : right + 2] += 110
        file = folder / f"dot-{seed}-{at}.png"
        file.write_bytes(png(pixels.clip(0, 255).astype(np.uint8)))
        files.append(str(file))
        places.append((down, right))
    return pl.DataFrame({PICTURE: files}), pl.Series(truth), places


@pytest.mark.slow
def test_labels_alone_teach_it_where_a_small_dot_lies(tmp_path: Path) -> None:
    cases, truth, _ = dots(tmp_path, 160, 0)
    found = SmallNet("S", Plan(epochs=12, batch=16, least_steps=0)).fit(
        cases, truth, Task.BINARY, (PICTURE,), 0
    )
    fresh, answer, places = dots(tmp_path, 80, 1)
    assert np.mean((found.answer(fresh) >= 0.5).to_numpy() == answer.to_numpy()) > 0.9
    assert isinstance(found, TrainedNet)
    near = []
    for maps, dotted, place in zip(found.score_maps(fresh), answer, places, strict=True):
        if dotted and maps is not None:
            (one,) = maps
            row, column = np.unravel_index(one.values.argmax(), one.values.shape)
            down, right = one.top + row * one.down, one.left + column * one.across
            near.append(max(abs(down - place[0]), abs(right - place[1])) <= 8)
    assert np.mean(near) > 0.9


def fitted(cases: pl.DataFrame, truth: pl.Series, **more: object) -> TrainedNet:
    told = guidance(cases, **more)
    features = tuple(cases.columns)
    found = SmallNet("S", SHORT).fit(cases, truth, Task.BINARY, features, 0, None, told)
    assert isinstance(found, TrainedNet)
    return found


def test_the_answer_is_the_mean_of_the_highest_places_of_the_map(tmp_path: Path) -> None:
    """Columns and whole textures included; of several images the most suspicious one."""
    one, truth = spots(tmp_path, 24)
    cases = one.with_columns(
        pl.Series(columns.file("b"), one[PICTURE].reverse()), age=pl.Series(np.arange(24.0))
    )
    found = fitted(cases, truth)
    assert isinstance(found, Localising)
    with torch.no_grad():
        net = found.net
        assert isinstance(net, Net) and isinstance(net.beside, torch.nn.Linear)
        net.texture.weight.normal_(0, 0.5)
        net.beside.weight.fill_(0.7)
    told = found.answer(cases).to_numpy()
    for maps, answer in zip(found.score_maps(cases), told, strict=True):
        assert maps is not None and len(maps) == 2
        # of 4 x 4 places the highest is one
        pooled = [logit(one.values.astype(np.float64)).max() for one in maps]
        assert expit(max(pooled)) == pytest.approx(answer, abs=1e-5)
        assert answer <= max(one.values.max() for one in maps) + 1e-6


def test_a_case_with_a_broken_image_has_no_map(tmp_path: Path) -> None:
    cases, truth = spots(tmp_path, 24)
    found = fitted(cases, truth)
    broken = pl.DataFrame({PICTURE: [cases[PICTURE][0], str(tmp_path / "away.png")]})
    assert [maps is None for maps in found.score_maps(broken)] == [False, True]


def test_places_are_told_in_pixels_of_the_file(tmp_path: Path) -> None:
    """One image as large as the canvas scaled down, one smaller and so in its middle."""
    canvas = Canvas(40, 32, (0.0,), (1.0,))
    whole = canvas.placed((80, 64)).map(np.zeros((10, 8), np.float32), 4)
    assert whole.values.shape == (10, 8)
    assert (whole.down, whole.across) == (8.0, 8.0)
    assert (whole.top, whole.left) == (0.5, 0.5)
    small = canvas.placed((20, 30)).map(np.zeros((10, 8), np.float32), 4)
    # rows 10 to 29 of the canvas: the first cell on it is row 12 there, and 2 in the image
    assert (small.top, small.left, small.down) == (2.0, 3.0, 4.0)
    assert small.values.shape == (5, 7)


@pytest.mark.parametrize("size", [(1, 1), (3, 90), (40, 2), (500, 31)])
def test_every_image_has_a_map_however_thin_it_is(size: tuple[int, int]) -> None:
    canvas = Canvas(40, 32, (0.0,), (1.0,))
    found = canvas.placed(size).map(np.zeros((10, 8), np.float32), 4)
    assert min(found.values.shape) >= 1


@pytest.mark.parametrize("kind", ["cnn", "resnet"])
@pytest.mark.parametrize("size", ["S", "M", "L"])
def test_a_place_hangs_on_just_the_pixels_that_its_shape_says(kind: str, size: str) -> None:
    shape = Shape(kind, size, 1, channels=1, height=128, width=128)
    net = Net(shape).eval()
    image = torch.randn(1, 1, 1, 128, 128, requires_grad=True)
    net.maps(image, torch.zeros(1, 0))[0, 0, 0, 16, 16].backward()
    assert image.grad is not None
    rows = np.flatnonzero(image.grad[0, 0, 0].abs().sum(dim=1).numpy())
    assert rows.min() >= 64 - shape.sees // 2 and rows.max() <= 64 + shape.sees // 2
    assert rows.max() - rows.min() + 1 == shape.sees


def test_a_hundredth_of_the_places_speaks_and_never_more_than_sixteen() -> None:
    maps = torch.randn(3, 1, 30, 20, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(highest(maps), maps.flatten(2).sort(dim=2).values[..., -6:].mean(dim=2))
    assert torch.allclose(highest(maps + 2.0), highest(maps) + 2.0, atol=1e-5)
    large = torch.arange(100.0 * 100.0).view(100, 100)
    assert float(highest(large)) == 9992.0 - 0.5


def test_only_a_map_of_one_thing_is_told(tmp_path: Path) -> None:
    table, inside = rings(40)
    mlp = Mlp("S", SHORT).fit(table, inside, Task.BINARY, ("a", "b"), 0)
    cases, truth = spots(tmp_path, 24)
    classes = truth.replace_strict({True: "near", False: "far"}, return_dtype=pl.String)
    several = LargeNet("S", SHORT).fit(cases, classes, Task.MULTICLASS, (PICTURE,), 0)
    for net, asked in ((mlp, table), (several, cases)):
        assert isinstance(net, TrainedNet)
        with pytest.raises(BadInput, match="gives no map of scores"):
            next(net.score_maps(asked))
