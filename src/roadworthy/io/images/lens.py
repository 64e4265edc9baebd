"""An image file seen through a perturbation: a handle that stands in the place of a path.

Whatever reads an image by its handle sees the changed pixels, so nothing is copied and nothing of
a model knows of it. A table cannot name such a handle: the paths that it names begin with a folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from roadworthy.io.images.picture import Picture, Pixels

_MARK = "@through:"


def through(
    files: Sequence[str | None], name: str, words: Mapping[str, Any], seeds: Sequence[int]
) -> list[str | None]:
    """Handles of ``files`` as they are under the perturbation ``name``; a seed for each."""
    told = json.dumps([name, dict(words)])
    return [
        None if file is None else f"{_MARK}{seed}\n{told}\n{file}"
        for file, seed in zip(files, seeds, strict=True)
    ]


def behind(handle: str) -> str:
    """The file itself.

    >>> behind("/a.png"), behind(through(["/a.png"], "noise", {"deviation": 0.1}, [7])[0])
    ('/a.png', '/a.png')
    """
    return handle.split("\n", 2)[2] if handle.startswith(_MARK) else handle


def is_lens(handle: str) -> bool:
    """Whether it is a handle, and no path."""
    return handle.startswith(_MARK)


def changed(picture: Picture, handle: str) -> Picture:
    """What is seen of ``picture`` through the handle."""
    # not at the top: a device that measures has neither
    from roadworthy.core.perturbation import ChangesImages
    from roadworthy.io.registry import perturbations

    seed, told, _ = handle.removeprefix(_MARK).split("\n", 2)
    name, words = json.loads(told)
    perturbation = perturbations()[name](**words)
    assert isinstance(perturbation, ChangesImages)
    pixels = perturbation.image(picture.pixels, np.random.default_rng(int(seed)))
    return replace(picture, pixels=pixels)


def as_jpeg(pixels: Pixels, quality: int) -> Pixels:
    """Pixels (height, width, 1 or 3) after they were saved as JPEG and read again."""
    from PIL import Image

    whole = np.rint(pixels * 255.0).astype(np.uint8)
    saved = BytesIO()
    Image.fromarray(whole[:, :, 0] if whole.shape[2] == 1 else whole).save(
        saved, "JPEG", quality=quality
    )
    with Image.open(saved) as opened:
        found = np.asarray(opened, dtype=np.float32) / np.float32(255.0)
    return found[:, :, None] if found.ndim == 2 else found


def write_png(picture: Picture, path: Path) -> None:
    """Writes the pixels without loss: 16 bits where the file had more than 8 and is grey."""
    from PIL import Image

    pixels = picture.pixels
    if pixels.shape[2] == 1 and picture.bits > 8:
        Image.fromarray(np.rint(pixels[:, :, 0] * 65535.0).astype(np.uint16)).save(path, "PNG")
        return
    whole = np.rint(pixels * 255.0).astype(np.uint8)
    Image.fromarray(whole[:, :, 0] if whole.shape[2] == 1 else whole).save(path, "PNG")
