"""The files of cases: the same file twice, and images that look alike although they are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.io import images
from roadworthy.io.images import Broken

# how many of 64 coarse and of 256 fine bits may differ between two pictures of the same thing. Of
# 1e6 pairs of our synthetic mammograms 14 are as near in coarse bits, and the nearest of those are
# 37 fine ones apart; copies of them at another size, quality or brightness differ in 17 at most
NEAR_BITS, NEAR_FINE = 4, 32
# an image with less structure than so many set or unset bits looks like many others
_BLANK = 6
_BLOCK = 256


@dataclass(frozen=True)
class Files:
    """Some files: whose each is, its SHA-256, and of images how they look (files, 5)."""

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


def known(files: pl.DataFrame) -> Files:
    """Looks at ``files``: ``case``, ``file`` in full and ``digest``, a row a file that is there.

    What is no PNG, JPEG or DICOM image that can be read is known by its bytes alone.

    Raises:
        BadInput: there are images, and the package that reads them is not installed.
    """
    seen = list(images.stream(files["file"].to_list(), images.difference_hash))
    is_image = np.array([not isinstance(one, Broken) for one in seen], dtype=bool)
    looks = np.zeros((len(seen), 5), dtype=np.uint64)
    for at, one in enumerate(seen):
        if not isinstance(one, Broken):
            looks[at] = one
    return Files(tuple(files["case"]), tuple(files["digest"]), looks, is_image)


def alike(sealed: Files, standing: Files) -> Iterator[Lookalike]:
    """Every sealed case with the open one that is nearest to it, where that is too near."""
    by_digest = dict(zip(standing.digests, standing.cases, strict=True))
    nearest = _nearest(sealed, standing)
    for at, (case, digest) in enumerate(zip(sealed.cases, sealed.digests, strict=True)):
        if digest in by_digest:
            yield Lookalike(case, by_digest[digest], 0, same_file=True)
        elif (near := nearest[at]) is not None:
            yield Lookalike(case, near[0], near[1], same_file=False)


def _nearest(sealed: Files, standing: Files) -> Sequence[tuple[str, int] | None]:
    """Per sealed file the open case that looks most like it, and the coarse bits that differ."""
    found: list[tuple[str, int] | None] = [None] * len(sealed.cases)
    theirs = np.flatnonzero(standing.is_image & _telling(standing.looks))
    ours = np.flatnonzero(sealed.is_image & _telling(sealed.looks))
    for start in range(0, len(ours), _BLOCK):
        some = ours[start : start + _BLOCK]
        coarse = np.bitwise_count(sealed.looks[some, None, 0] ^ standing.looks[None, theirs, 0])
        rows, others = np.nonzero(coarse <= NEAR_BITS)
        at, of = some[rows], theirs[others]
        fine = np.bitwise_count(sealed.looks[at, 1:] ^ standing.looks[of, 1:])
        fine = fine.sum(axis=1, dtype=np.int64)
        # the farthest first, so that the nearest stays
        for pair in np.argsort(-fine, kind="stable"):
            if fine[pair] <= NEAR_FINE:
                bits = int(coarse[rows[pair], others[pair]])
                found[at[pair]] = (standing.cases[of[pair]], bits)
    return found


def _telling(looks: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether there is enough in an image to tell it from others."""
    rises = np.bitwise_count(looks[:, 0])
    return (rises >= _BLANK) & (rises <= 64 - _BLANK)
