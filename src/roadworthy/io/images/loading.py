"""Streams image files through worker threads: in order, and never more in memory than a window."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from roadworthy.io.images.paths import WORKERS
from roadworthy.io.images.picture import Picture, UnreadableError
from roadworthy.io.images.reading import read

T = TypeVar("T")
_AHEAD = 2 * WORKERS


@dataclass(frozen=True)
class Broken:
    """What stands in the place of an image that could not be read."""

    file: str | None
    why: str
    missing: bool


def stream(files: Sequence[str | None], make: Callable[[Picture], T]) -> Iterator[T | Broken]:
    """``make`` of every image, in the order of ``files``, or why there is none.

    Decoding and ``make`` run in a few threads; at most ``2 * WORKERS`` results wait.

    Raises:
        BadInput: the package that reads such files is not installed.
    """
    if len(files) < 2:
        yield from (_made(file, make) for file in files)
        return
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: deque[Future[T | Broken]] = deque()
        for file in files:
            waiting.append(pool.submit(_made, file, make))
            if len(waiting) >= _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _made(file: str | None, make: Callable[[Picture], T]) -> T | Broken:
    if file is None:
        return Broken(None, "names no image", missing=True)
    try:
        return make(read(file))
    except UnreadableError as problem:
        return Broken(file, str(problem), missing=str(problem) == "is not there")
