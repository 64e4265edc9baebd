"""Each case's own file: the same file twice, and images that look alike although they are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"})
# how many of 64 bits may differ between two pictures of the same thing
NEAR_BITS = 4
_SIDE = 8
# an image with less structure than so many set or unset bits looks like many others
_BLANK = 6
_BLOCK = 256


@dataclass(frozen=True)
class Files:
    """The files of some cases: which case, a SHA-256 each, and for images how they look."""

    cases: tuple[str, ...]
    digests: tuple[str, ...]
    looks: NDArray[np.uint64]
    is_image: NDArray[np.bool_]


@dataclass(frozen=True)
class Lookalike:
    """A sealed case whose file is that of an open one, or looks like it; ``bits`` differ of 64."""

    sealed: str
    open: str
    bits: int
    same_file: bool

    def __str__(self) -> str:
        told = "the same file as" if self.same_file else f"looks like ({self.bits} bits of 64)"
        return f"{self.sealed} {told} {self.open}"


def known(names: pl.Series, ids: pl.Series, folder: Path) -> Files:
    """Reads the files that a column names, relative to ``folder``; cases without one are left out.

    Raises:
        BadInput: a file cannot be read, or images are named and Pillow is not installed.
    """
    cases, digests, looks, images = [], [], [], []
    for name, case in zip(names.to_list(), ids.to_list(), strict=True):
        if name is None:
            continue
        path = folder / str(name)
        try:
            content = path.read_bytes()
        except OSError as problem:
            raise BadInput(
                f"the file of case {case} cannot be read: {problem.strerror or problem}.",
                code="missing_file",
                where=str(path),
                value=str(name),
                next_step="Put it there, or leave the cell empty if the case has no file.",
            ) from problem
        image = path.suffix.lower() in IMAGES
        cases.append(str(case))
        digests.append(sha256(content).hexdigest())
        looks.append(difference_hash(path) if image else 0)
        images.append(image)
    as_bits = np.array(looks, dtype=np.uint64)
    return Files(tuple(cases), tuple(digests), as_bits, np.array(images, dtype=bool))


def alike(sealed: Files, standing: Files) -> Iterator[Lookalike]:
    """Every sealed case with the open one that is nearest to it, where that is too near."""
    by_digest = dict(zip(standing.digests, standing.cases, strict=True))
    nearest = _nearest(sealed, standing)
    for at, (case, digest) in enumerate(zip(sealed.cases, sealed.digests, strict=True)):
        if digest in by_digest:
            yield Lookalike(case, by_digest[digest], 0, same_file=True)
        elif (near := nearest[at]) is not None:
            yield Lookalike(case, near[0], near[1], same_file=False)


def difference_hash(path: Path) -> int:
    """64 bits of how brightness rises from left to right over a small grey copy (dHash).

    Source: N. Krawetz, "Kind of Like That", 2013. It survives resizing, recompression and changes
    of brightness, and not turning or cropping.

    Raises:
        BadInput: Pillow is missing, or the file is no image.
    """
    try:
        from PIL import Image
    except ModuleNotFoundError as problem:
        raise BadInput(
            "comparing images needs the package pillow, which is not installed.",
            code="missing_extra",
            where=str(path),
            next_step="Run `pip install 'roadworthy[images]'`.",
        ) from problem
    try:
        with Image.open(path) as image:
            grey = image.convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BOX)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as problem:
        raise BadInput(
            f"this is no image that can be read: {problem}.",
            code="unreadable_image",
            where=str(path),
            next_step="Replace the file, or give it the ending of what it is.",
        ) from problem
    values = np.asarray(grey, dtype=np.int16)
    rises = (values[:, 1:] > values[:, :-1]).ravel()
    return int("".join("1" if rise else "0" for rise in rises), 2)


def _nearest(sealed: Files, standing: Files) -> Sequence[tuple[str, int] | None]:
    """Per sealed case the open one that looks most like it, and the bits that differ."""
    found: list[tuple[str, int] | None] = [None] * len(sealed.cases)
    theirs = np.flatnonzero(standing.is_image & _telling(standing.looks))
    ours = np.flatnonzero(sealed.is_image & _telling(sealed.looks))
    if not len(theirs):
        return found
    for start in range(0, len(ours), _BLOCK):
        some = ours[start : start + _BLOCK]
        apart = np.bitwise_count(sealed.looks[some][:, None] ^ standing.looks[theirs][None, :])
        for row, (at, nearest) in enumerate(zip(some, apart.argmin(axis=1), strict=True)):
            if apart[row, nearest] <= NEAR_BITS:
                found[at] = (standing.cases[theirs[nearest]], int(apart[row, nearest]))
    return found


def _telling(looks: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether there is enough in an image to tell it from others."""
    rises = np.bitwise_count(looks)
    return (rises >= _BLANK) & (rises <= 64 - _BLANK)
