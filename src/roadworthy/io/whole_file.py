"""A file that is written whole or not at all: what stood there before stays until then."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from roadworthy.core.errors import BadInput


@contextmanager
def whole_file(out: Path, example: str, option: str = "--out") -> Iterator[Path]:
    """The path of a file beside ``out`` to write to; it takes its place when all went well.

    ``example`` is a name that the person may write instead, behind ``option``.

    Raises:
        BadInput: it cannot be written; what stood there before is untouched.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        os.close(handle)
        yield Path(temporary)
        _as_others(Path(temporary), out)
        Path(temporary).replace(out)
    except OSError as problem:
        raise unwritable(
            out, f"cannot be written: {problem.strerror or problem}", example, option
        ) from problem
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def require_writable(
    out: Path,
    kinds: tuple[str, ...],
    read: tuple[Path, ...],
    example: str,
    what: str,
    option: str = "--out",
) -> None:
    """Returns when ``out`` may be written, so that nobody waits for what cannot be kept.

    ``kinds`` are the endings it may have, ``read`` files that are read and may not be replaced,
    ``what`` is to be written.

    Raises:
        BadInput: it may not, and what to name instead.
    """
    if out.suffix.lower() not in kinds:
        others, last = ", ".join(kinds[:-1]), kinds[-1]
        told = f"neither {others} nor {last}" if others else f"no {last}"
        raise unwritable(out, f"is {told}", example, option)
    if out.is_dir():
        raise unwritable(out, "is a folder", example, option)
    if not out.parent.is_dir():
        raise unwritable(out, "cannot be written: its folder is not there", example, option)
    if out.exists() and any(path.exists() and out.samefile(path) for path in read):
        raise unwritable(out, f"is read here, and {what} would replace it", example, option)


def unwritable(out: Path, what: str, example: str, option: str = "--out") -> BadInput:
    """Why nothing is written to ``out``, and what to name instead."""
    return BadInput(
        f"'{out}' {what}.",
        code="unwritable",
        where=option,
        value=str(out),
        next_step=f"Name another file: `{option} {example}`.",
    )


def _as_others(temporary: Path, out: Path) -> None:
    """The rights of the file that is replaced, or those that a new file gets."""
    if out.exists():
        temporary.chmod(out.stat().st_mode & 0o777)
        return
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)


def require_free(folder: Path, what: str, example: str, option: str = "--out") -> None:
    """Returns when ``folder`` may be made to hold ``what``: it is empty, or not there yet.

    Raises:
        BadInput: it may not, and what to name instead.
    """
    if folder.is_file():
        raise unwritable(folder, "is a file", example, option)
    if folder.is_dir() and any(folder.iterdir()):
        told = f"holds something already: {what} must not be mixed"
        raise unwritable(folder, told, example, option)
    if not folder.parent.is_dir():
        raise unwritable(
            folder, "cannot be written: the folder it is in is not there", example, option
        )


@contextmanager
def whole_folder(
    folder: Path, example: str, option: str = "--out", *, empty: bool = False
) -> Iterator[Path]:
    """A folder beside ``folder`` to write to; it takes its place when all went well.

    ``empty``: nothing will be written, and nothing is to be left behind.
    """
    beside: Path | None = None
    try:
        beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        yield beside
        if not empty:
            if folder.is_dir():
                folder.rmdir()
            beside.chmod(0o755)
            beside.replace(folder)
    except OSError as problem:
        told = f"cannot be written: {problem.strerror or problem}"
        raise unwritable(folder, told, example, option) from problem
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
