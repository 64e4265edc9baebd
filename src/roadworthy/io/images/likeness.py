"""How a picture looks in a few bits, so that the same one is known in another size or format."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.io.images.picture import Picture
from roadworthy.io.images.scaling import resized

COARSE, FINE = 8, 16
# in levels of what was stored: less than this from darkest to brightest says nothing
_FLAT = 2


def difference_hash(picture: Picture) -> NDArray[np.uint64]:
    """How brightness rises from left to right over small grey copies (dHash), shape (5,).

    The first word holds 64 bits of a copy of 9 x 8 pixels, the other four 256 bits of one of
    17 x 16, which tells pictures of one kind apart, such as mammograms. All 0 where nothing is to
    be seen. Source: N. Krawetz, "Kind of Like That", 2013. It survives resizing, recompression and
    changes of brightness, and not turning or cropping.
    """
    both = [_rises(picture, side) for side in (COARSE, FINE)]
    return np.frombuffer(np.packbits(np.concatenate(both)).tobytes(), dtype=np.uint64)


def _rises(picture: Picture, side: int) -> NDArray[np.bool_]:
    small = resized(picture.grey[:, :, None], side, side + 1)[:, :, 0]
    span = float(np.ptp(small))
    if span * (2**picture.bits - 1) < _FLAT:
        return np.zeros(side * side, dtype=np.bool_)
    values = np.rint((small - small.min()) * (255 / span)).astype(np.int16)
    found: NDArray[np.bool_] = (values[:, 1:] > values[:, :-1]).ravel()
    return found
