"""Which columns name image files, and how the answers to several images of a case become one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# the reason of a case that names no image, or one that is not there
NO_IMAGE = "MISSING:image"


class Pool(StrEnum):
    """How several images of one case become one: the most suspicious of them, or their mean."""

    MAX = "max"
    MEAN = "mean"


@dataclass(frozen=True)
class Images:
    """Columns with paths of image files; ``side`` is the longest side, in pixels, that nets see.

    Every image of a case must be readable; a case of which one is not goes to a person.
    """

    columns: tuple[str, ...]
    pool: Pool = Pool.MAX
    side: int = 256


@dataclass(frozen=True)
class Unread:
    """An image that could not be read: which case, which column, which file, and why.

    ``missing``: the case names no file, or there is no such file.
    """

    case: str
    column: str
    file: str | None
    why: str
    missing: bool

    @property
    def code(self) -> str:
        """The reason as it is counted.

        >>> Unread("c7", "scan", None, "names no file", missing=True).code
        'MISSING:image'
        """
        return NO_IMAGE if self.missing else f"BROKEN:{self.column}"

    def __str__(self) -> str:
        file = "" if self.file is None else f" '{self.file}'"
        return f"case {self.case}:{file} {self.why} ({self.code})"
