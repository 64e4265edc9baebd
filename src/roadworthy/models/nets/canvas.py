"""The frame that images are brought into for a net: one size, one number of channels, one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.core.marks import ScoreMap
from roadworthy.io.images import Picture, UnreadableError, resized

Pixels = NDArray[np.float32]
# so many images tell the size and the brightness of all
LOOKED_AT = 64
# an image that is black all over has no scale of its own
_LEAST_DEVIATION = 1e-3


@dataclass(frozen=True)
class Placed:
    """Where an image lies on a canvas, in its pixels, and how many of the image's make one there.

    ``down`` and ``across`` are pixels of the image a pixel of the canvas.
    """

    top: int
    left: int
    height: int
    width: int
    down: float
    across: float

    def map(self, values: NDArray[np.float32], stride: int) -> ScoreMap:
        """A map over the canvas, one cell every ``stride`` pixels, as one over the image.

        Cells whose centre is not on the image are left out.
        """
        rows, top = _on(values.shape[0], stride, self.top, self.height)
        columns, left = _on(values.shape[1], stride, self.left, self.width)
        # centres of pixels: a pixel of the canvas covers `down` rows of the image
        return ScoreMap(
            values=values[rows, columns],
            top=(top + 0.5) * self.down - 0.5,
            left=(left + 0.5) * self.across - 0.5,
            down=stride * self.down,
            across=stride * self.across,
        )


def _on(cells: int, stride: int, begin: int, length: int) -> tuple[slice, int]:
    """Which cells, centred on every ``stride``-th pixel, lie on the image; where the first does."""
    first = min(cells - 1, -(-begin // stride))
    last = min(cells, -(-(begin + length) // stride))
    return slice(first, max(first + 1, last)), first * stride - begin


@dataclass(frozen=True)
class Canvas:
    """Size in pixels; brightness is told in deviations from the mean, channel by channel."""

    height: int
    width: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @property
    def channels(self) -> int:
        return len(self.mean)

    def of(self, picture: Picture) -> Pixels:
        """The image on the canvas, shape (channels, height, width), float32.

        It is scaled down until it fits, in proportion, never up; around it is the mean (0).

        Raises:
            UnreadableError: it is in colour, and the net learnt from grey images.
        """
        pixels = picture.pixels
        if pixels.shape[2] > self.channels:
            raise UnreadableError("is in colour, and the model learnt from grey images")
        fitted = resized(pixels, *within(pixels.shape[:2], (self.height, self.width)))
        mean, deviation = (np.array(one, np.float32) for one in (self.mean, self.deviation))
        scaled = (fitted - mean) / deviation
        found = np.zeros((self.channels, self.height, self.width), dtype=np.float32)
        at = self.placed(pixels.shape[:2])
        inside = slice(at.top, at.top + at.height), slice(at.left, at.left + at.width)
        found[:, *inside] = scaled.transpose(2, 0, 1)
        return found

    def blank(self) -> Pixels:
        """What stands for an image that is not there: nothing but zeros, as no image is."""
        return np.zeros((self.channels, self.height, self.width), dtype=np.float32)

    def placed(self, size: tuple[int, ...]) -> Placed:
        """Where an image of that height and width lies on the canvas."""
        height, width = within(size, (self.height, self.width))
        top, left = (self.height - height) // 2, (self.width - width) // 2
        return Placed(top, left, height, width, size[0] / height, size[1] / width)

    def plain(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @staticmethod
    def read(plain: dict[str, Any]) -> Canvas:
        """What ``plain`` gave."""
        mean, deviation = (tuple(map(float, plain[key])) for key in ("mean", "deviation"))
        return Canvas(int(plain["height"]), int(plain["width"]), mean, deviation)


@dataclass(frozen=True)
class Glance:
    """What is kept of an image to choose a canvas: its size, and two means of each channel."""

    size: tuple[int, int]
    mean: NDArray[np.float64]
    square: NDArray[np.float64]


def glanced(picture: Picture) -> Glance:
    """A few numbers, so that no image waits in memory for the others."""
    flat = picture.pixels.reshape(-1, picture.pixels.shape[2])
    mean = flat.mean(axis=0, dtype=np.float64)
    square = np.einsum("ij,ij->j", flat, flat, dtype=np.float64) / len(flat)
    height, width = picture.pixels.shape[:2]
    return Glance((height, width), mean, square)


def canvas_for(glances: Sequence[Glance], side: int) -> Canvas:
    """As high and as wide as the largest of the images, the longer side at most ``side``."""
    height, width = (max(one.size[axis] for one in glances) for axis in (0, 1))
    height, width = within((height, width), (side, side))
    channels = max(len(one.mean) for one in glances)
    mean = np.mean([_each(one.mean, channels) for one in glances], axis=0)
    square = np.mean([_each(one.square, channels) for one in glances], axis=0)
    deviation = np.maximum(np.sqrt(np.maximum(square - mean**2, 0.0)), _LEAST_DEVIATION)
    return Canvas(height, width, tuple(map(float, mean)), tuple(map(float, deviation)))


def within(size: tuple[int, ...], most: tuple[int, int]) -> tuple[int, int]:
    """Height and width, scaled down in proportion until they are within ``most``.

    >>> within((3000, 2000), (256, 256)), within((20, 30), (256, 256))
    ((256, 171), (20, 30))
    """
    height, width = size
    share = min(1.0, most[0] / height, most[1] / width)
    return (
        max(1, min(most[0], round(height * share))),
        max(1, min(most[1], round(width * share))),
    )


def _each(channels: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Of grey among colours, every colour is the same."""
    return np.broadcast_to(channels, (count,))
