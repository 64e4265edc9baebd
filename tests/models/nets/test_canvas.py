"""The canvas of a net hangs on a few numbers of some images, and none of them waits in memory."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.io.images import Picture
from roadworthy.models.nets.canvas import canvas_for, glanced


def picture(height: int, width: int, channels: int, seed: int) -> Picture:
    pixels = np.random.default_rng(seed).random((height, width, channels), dtype=np.float32)
    return Picture(pixels, 8)


def test_it_is_as_large_as_the_largest_and_knows_the_brightness_of_all() -> None:
    shown = [picture(40, 30, 1, 1), picture(20, 60, 1, 2)]
    canvas = canvas_for([glanced(one) for one in shown], side=30)
    assert (canvas.height, canvas.width) == (20, 30)
    means = [float(one.pixels.mean()) for one in shown]
    squares = [float((one.pixels**2).mean()) for one in shown]
    assert canvas.mean[0] == pytest.approx(np.mean(means))
    assert canvas.deviation[0] == pytest.approx(np.sqrt(np.mean(squares) - np.mean(means) ** 2))


def test_grey_among_colours_counts_for_every_colour() -> None:
    canvas = canvas_for([glanced(picture(8, 8, 3, 1)), glanced(picture(8, 8, 1, 2))], side=8)
    assert canvas.channels == 3
    assert canvas.of(picture(8, 8, 1, 3)).shape == (3, 8, 8)


def test_an_image_without_any_difference_has_a_scale_all_the_same() -> None:
    flat = Picture(np.full((8, 8, 1), 0.5, dtype=np.float32), 8)
    canvas = canvas_for([glanced(flat)], side=8)
    assert np.isfinite(canvas.of(flat)).all()
