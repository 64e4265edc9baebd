"""Images made smaller by averaging what falls into each new pixel, so that no detail is skipped."""

from __future__ import annotations

import numpy as np

from roadworthy.io.images.picture import Pixels


def resized(pixels: Pixels, height: int, width: int) -> Pixels:
    """``pixels`` (h, w, channels) as (height, width, channels), float32 as they were.

    A new pixel is the mean over its own area (Pillow's BOX); depth is not lost on the way.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    from PIL import Image

    layers = [
        Image.fromarray(np.ascontiguousarray(pixels[:, :, channel])).resize(
            (width, height), Image.Resampling.BOX
        )
        for channel in range(pixels.shape[2])
    ]
    return np.stack([np.asarray(layer, dtype=np.float32) for layer in layers], axis=2)
