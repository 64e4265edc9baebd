"""From what a table says to files: beside product.yaml and nowhere else, known by their bytes.

A table comes from outside. What it names is opened, so a path that is absolute or climbs out of the
folder is refused; a link that somebody laid inside the folder is that person's own choice.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from roadworthy.core.errors import BadInput

if TYPE_CHECKING:
    import polars as pl

_CHUNK = 1 << 20
WORKERS = min(4, os.cpu_count() or 1)


def located(paths: pl.Series, ids: Sequence[str], folder: Path) -> pl.Series:
    """The files that ``paths`` (cases,) name, in full; null where nothing is named.

    Raises:
        BadInput: the column holds no text, or a path leaves the folder.
    """
    import polars as pl  # not where files are only read, as on a small device

    if paths.null_count() == paths.len():
        return pl.Series(paths.name, [None] * paths.len(), dtype=pl.String)
    if paths.dtype not in (pl.String, pl.Categorical, pl.Enum):
        raise BadInput(
            f"the column {paths.name!r} holds {paths.dtype}, and the paths of images are text.",
            code="no_path",
            where=f"column {paths.name}",
            value=str(paths.dtype),
            next_step="Write one path a case, relative to product.yaml.",
        )
    written: list[str | None] = paths.cast(pl.String).str.strip_chars().to_list()
    base, found = Path(os.path.abspath(folder)), []  # noqa: PTH100 (links are followed on purpose)
    for case, path in zip(ids, written, strict=True):
        if path and _leaves(path):
            raise _outside(path, case, paths.name)
        found.append(str(base / path) if path else None)
    return pl.Series(paths.name, found, dtype=pl.String)


def digests(files: Iterable[str | None]) -> pl.Series:
    """The SHA-256 of the bytes of each file; null where there is none that can be opened."""
    import polars as pl

    with ThreadPoolExecutor(WORKERS) as pool:
        return pl.Series(list(pool.map(_digest, files, chunksize=1)), dtype=pl.String)


def is_plain_file(path: str) -> bool:
    """Whether it is a file with bytes in it: no folder, no device, no pipe that would block."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # too long, or not a name at all
        return False


def _leaves(path: str) -> bool:
    depth, windows = 0, PureWindowsPath(path)
    if windows.drive or windows.root or PurePosixPath(path).is_absolute():
        return True
    for part in PurePosixPath(path.replace("\\", "/")).parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return False


def _digest(file: str | None) -> str | None:
    if file is None or not is_plain_file(file):
        return None
    found = hashlib.sha256()
    try:
        with Path(file).open("rb") as opened:
            while part := opened.read(_CHUNK):
                found.update(part)
    except OSError:
        return None
    return found.hexdigest()


def _outside(path: str, case: str, column: str) -> BadInput:
    return BadInput(
        f"case {case} names the image '{path}', which is outside of the folder of product.yaml.",
        code="path_outside",
        where=f"column {column}",
        value=path,
        next_step="Write paths relative to product.yaml; images that are kept elsewhere can be "
        "reached through a link in its folder.",
    )
