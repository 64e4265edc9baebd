"""Small images for the kit of rungs, written without any package: a bright spot tells the truth."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns

PICTURE = columns.file("picture")
SIDE = 16


def pictures(score: pl.Series, folder: Path) -> pl.Series:
    """One grey PNG of 16 x 16 pixels a case: noise, and a spot that is the brighter, the higher."""
    folder.mkdir(exist_ok=True)
    rng, files = np.random.default_rng(score.len()), []
    for at, value in enumerate(score.to_list()):
        pixels = rng.integers(0, 60, (SIDE, SIDE))
        down, right = rng.integers(2, SIDE - 5, 2)
        pixels[down : down + 3, right : right + 3] += int(np.clip(90 + 40 * value, 0, 190))
        file = folder / f"{at}.png"
        file.write_bytes(png(pixels.astype(np.uint8)))
        files.append(str(file))
    return pl.Series(files, dtype=pl.String)


def png(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """A grey PNG of 8 or 16 bits (height, width), by the book (ISO/IEC 15948).

    >>> png(np.zeros((2, 3), np.uint8))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    height, width = pixels.shape
    bits = 8 * pixels.dtype.itemsize
    lines = pixels.astype(">u2" if bits == 16 else np.uint8)
    raw = b"".join(b"\0" + line.tobytes() for line in lines)
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(raw, 1)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
