"""A model of several parts as one file: the same bytes for the same parts, and nothing executed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from roadworthy.core.errors import BadInput

CARD = "card.json"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def pack(card: Mapping[str, Any], parts: Mapping[str, bytes]) -> bytes:
    """A ZIP without dates; ``card`` is plain data, written as JSON."""
    found = BytesIO()
    with ZipFile(found, "w") as archive:
        said = json.dumps(card, sort_keys=True, allow_nan=False).encode()
        for name, content in {CARD: said, **parts}.items():
            archive.writestr(ZipInfo(name, date_time=_LONG_AGO), content)
    return found.getvalue()


def unpack(artifact: Path, names: Sequence[str]) -> tuple[dict[str, Any], dict[str, bytes], bytes]:
    """The card, the parts called ``names``, and the whole content.

    Raises:
        BadInput: the file is no such archive.
    """
    try:
        content = artifact.read_bytes()
        with ZipFile(BytesIO(content)) as archive:
            # nothing is compressed: what is read is no larger than the file
            if any(one.compress_type != ZIP_STORED for one in archive.infolist()):
                raise ValueError("a part of it is compressed")
            parts = {name: archive.read(name) for name in names}
            card = json.loads(archive.read(CARD))
        if not isinstance(card, dict):
            raise ValueError("its card is no mapping")
    except (OSError, ValueError, KeyError, BadZipFile, RuntimeError) as problem:
        raise unreadable(artifact, problem) from problem
    return card, parts, content


def holds(artifact: Path, name: str) -> bool:
    """Whether the file is such an archive with a part of this name."""
    try:
        with ZipFile(artifact) as archive:
            return name in archive.namelist()
    except (OSError, ValueError, BadZipFile):
        return False


def unreadable(artifact: Path, problem: object) -> BadInput:
    """The error for a file that is no model of this kind."""
    return BadInput(
        f"the trained model cannot be read: {problem}.",
        code="unreadable_model",
        where=str(artifact),
        next_step="Run `roadworthy train` again.",
    )
