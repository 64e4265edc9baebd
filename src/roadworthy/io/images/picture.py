"""An image as numbers from 0 to 1, whatever file it came from, and what stops one from being it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]

# more would be a decompression bomb, or a slide that must be cut into fields first
MOST_PIXELS = 150_000_000


class UnreadableError(Exception):
    """A file that cannot be read as one image; it says why, as the end of a sentence."""


@dataclass(frozen=True)
class Picture:
    """Pixels (height, width, channels), 0 black to 1 white, with 1 or 3 channels.

    16-bit images keep their depth: float32 tells 2**24 levels apart. ``bits`` is what was stored;
    ``spacing_mm`` is the distance between rows and between columns where the file says so.
    """

    pixels: Pixels
    bits: int
    spacing_mm: tuple[float, float] | None = None

    @property
    def grey(self) -> Pixels:
        """One channel, shape (height, width): the mean where there are three."""
        if self.pixels.shape[2] == 1:
            return self.pixels[:, :, 0]
        found: Pixels = self.pixels.mean(axis=2, dtype=np.float32)
        return found


def plain(pixels: Pixels) -> Pixels:
    """Three channels that say the same are one.

    >>> plain(np.zeros((2, 2, 3), np.float32)).shape
    (2, 2, 1)
    """
    if pixels.ndim == 2:
        return pixels[:, :, None]
    first = pixels[:, :, :1]
    return first if (pixels == first).all() else pixels


def require_size(height: int, width: int) -> None:
    """Refuses an image of no pixel, or of too many, before they are unpacked.

    Raises:
        UnreadableError: it has.
    """
    if height < 1 or width < 1:
        raise UnreadableError(f"has {width} x {height} pixels")
    if height * width > MOST_PIXELS:
        raise UnreadableError(
            f"would unpack to {width} x {height} pixels, more than {MOST_PIXELS:,}"
        )
