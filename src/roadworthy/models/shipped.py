"""The files of a model that was built elsewhere: what must be shipped, and what pins it down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from roadworthy.core.errors import BadInput
from roadworthy.io.nearest import did_you_mean

_CHUNK = 1 << 20


def named_in(words: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """The files that the words of a command name, also as ``--weights=FILE``.

    The program itself counts when it is a file of its own: an interpreter is not part of a model,
    whether it is found on the PATH or is a link of a virtual environment.
    """
    found: dict[Path, None] = {}
    for place, word in enumerate(words):
        for name in (word, word.partition("=")[2]):
            path = folder / name
            if name and is_file(path) and not (place == 0 and _is_interpreter(name, path)):
                found[path] = None
    return tuple(found)


def declared(patterns: Iterable[str], folder: Path, where: str = "model.files") -> tuple[Path, ...]:
    """The files that ``model.files``, or another key, names, globs too, in a fixed order.

    Raises:
        BadInput: a pattern finds nothing, or a folder.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        found |= dict.fromkeys(_matching(pattern, folder, where))
    return tuple(found)


def digest(said: object, files: Iterable[Path], folder: Path) -> str:
    """SHA-256 over how a model is asked, and over the names and contents of its files."""
    found = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for path in files:
        try:
            found.update(f"\0{_name(path, folder)}\0{_content(path)}".encode())
        except OSError as problem:
            raise _unusable(str(path), f"cannot be read: {problem.strerror}", "") from problem
    return found.hexdigest()


def _matching(pattern: str, folder: Path, where: str) -> list[Path]:
    path = folder / pattern
    if is_file(path):
        return [path]
    if path.is_dir():
        raise _unusable(pattern, "is a folder", f"Write '{pattern.rstrip('/')}/**/*'.", where)
    try:
        found = sorted(p for p in folder.glob(pattern) if p.is_file() and _counts(p))
    except (ValueError, NotImplementedError):  # an absolute pattern, or none at all
        found = []
    if not found:
        beside = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        step = did_you_mean(pattern, beside, f"files in '{folder}'")
        raise _unusable(pattern, "names no file", step, where)
    return found


def _counts(path: Path) -> bool:
    return "__pycache__" not in path.parts and ".roadworthy" not in path.parts


def is_file(path: Path) -> bool:
    """Whether it is one; what no file could be called is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # a word that no file could be called
        return False


def _is_interpreter(name: str, path: Path) -> bool:
    return "/" not in name or path.is_symlink() or Path(name).is_absolute()


def _name(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _content(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            found.update(part)
    return found.hexdigest()


def _unusable(name: str, what: str, step: str, where: str = "model.files") -> BadInput:
    return BadInput(
        f"'{name}' {what}.",
        code="missing_file",
        where=where,
        value=name,
        next_step=step or "Make it readable.",
    )
