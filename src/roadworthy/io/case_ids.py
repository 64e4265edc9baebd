"""Some requirements name their cases one by one: a text file of ids, one a line."""

from __future__ import annotations

import re
from pathlib import Path

from roadworthy.core.errors import BadInput
from roadworthy.io.nearest import did_you_mean

_COMMENT = re.compile(r"(^|\s)#.*$")


def read_case_ids(path: Path) -> tuple[str, ...]:
    """The ids in ``path``, in the file's order.

    Blank lines count for nothing, ``#`` at the start of a word begins a comment.

    Raises:
        BadInput: the file is missing, not UTF-8 text, holds no id, or holds one twice.
    """
    seen: dict[str, int] = {}
    for number, line in enumerate(_lines(path), start=1):
        case = _COMMENT.sub("", line).strip()
        if not case:
            continue
        if case in seen:
            raise BadInput(
                f"The case '{case}' is listed twice, first in line {seen[case]}.",
                code="duplicate_case",
                where=f"{path.name}:{number}",
                value=case,
                next_step="Remove one of the two lines.",
            )
        seen[case] = number
    if not seen:
        raise BadInput(
            "The file lists no case.",
            code="empty_file",
            where=path.name,
            next_step="Write one case id a line.",
        )
    return tuple(seen)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as reason:
        raise BadInput(
            "The file is not UTF-8 text.",
            code="unreadable",
            where=path.name,
            next_step="Save it as UTF-8, one case id a line.",
        ) from reason
    except OSError as reason:
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise BadInput(
            f"The file of case ids '{path}' cannot be read.",
            code="missing_file",
            where=path.name,
            value=str(path),
            next_step=did_you_mean(path.name, beside, f"files in '{path.parent}'"),
        ) from reason
