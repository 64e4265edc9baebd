"""A product in one file, as an engineer hands it in: a zip that can only be what it says it is."""

from __future__ import annotations

import json
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NoReturn

from roadworthy.core.errors import BadInput

ASK = "ask.json"
FORMAT = 1
MOST_FILES = 10_000
_BLOCK = 1 << 20
_LONGEST = 512
_ASK_BYTES = 1 << 20
# what the zip file module and its decompressors raise on damaged bytes
_DAMAGED = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(OSError, EOFError, RuntimeError, ValueError, OverflowError),
)


def pack(into: BinaryIO, folder: Path, files: Mapping[str, Path], ask: Mapping[str, Any]) -> None:
    """Writes the bundle: ``files`` by the names they have in it, and what is asked.

    Raises:
        BadInput: a file cannot be read.
    """
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bundle:
        bundle.writestr(ASK, json.dumps({"format": FORMAT, **ask}, allow_nan=False))
        for name, path in sorted(files.items()):
            try:
                bundle.write(path, name)
            except (OSError, ValueError) as problem:
                raise BadInput(
                    f"the file cannot be read: {problem}.",
                    code="unreadable_file",
                    where=str(path),
                    next_step=f"Put it right, or leave it out of {folder}.",
                ) from problem


def unpack(bundle: Path, into: Path, most_bytes: int) -> dict[str, Any]:
    """Writes the files of a bundle into a new folder, and returns what is asked.

    No name leads out of ``into``, nothing is a link, and together the files have at most
    ``most_bytes``, whatever the bundle says of their sizes.

    Raises:
        BadInput: it is no such bundle; ``into`` may then hold some of its files.
    """
    try:
        with zipfile.ZipFile(bundle) as found:
            entries = [one for one in found.infolist() if not one.is_dir()]
            if len(entries) > MOST_FILES:
                _refuse(f"it holds {len(entries):,} files")
            names = [_name(one) for one in entries]
            if len({name.casefold() for name in names}) < len(names):
                _refuse("two of its files have one name")
            if ASK not in names:
                _refuse("it does not say what is asked")
            left = most_bytes
            for entry, name in zip(entries, names, strict=True):
                if name != ASK:
                    left -= _extract(found, entry, into / name, left)
            return _ask(found)
    except _DAMAGED as problem:
        _refuse(f"it is no zip that can be read ({type(problem).__name__})", problem)


def _ask(found: zipfile.ZipFile) -> dict[str, Any]:
    with found.open(ASK) as file:
        text = file.read(_ASK_BYTES + 1)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as problem:
        _refuse("what is asked is no JSON", problem)
    if len(text) > _ASK_BYTES or not isinstance(told, dict) or told.get("format") != FORMAT:
        _refuse(f"what is asked is not in format {FORMAT}")
    return told


def _name(entry: zipfile.ZipInfo) -> str:
    """The name of a file in the bundle, if it can lead nowhere else."""
    name = entry.filename
    parts = PurePosixPath(name).parts
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        _refuse(f"{name[:80]!r} is no plain file")
    odd = not name.isprintable() or "\\" in name or ":" in name or len(name) > _LONGEST
    if odd or name.startswith("/") or not parts or ".." in parts or name != "/".join(parts):
        _refuse(f"the name {name[:80]!r} could lead out of it")
    return name


def _extract(found: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, left: int) -> int:
    """Writes one file and returns its bytes; its size is counted, not believed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with found.open(entry) as source, path.open("xb") as target:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > left:
                _refuse("its files are larger than a bundle may hold")
            target.write(block)
    return size


def _refuse(why: str, problem: Exception | None = None) -> NoReturn:
    raise BadInput(
        f"this bundle is refused: {why}.",
        code="bad_bundle",
        where="the bundle",
        next_step="Let `roadworthy certify --vault URL` make it; the custodian may allow larger "
        "ones: `roadworthy vault serve --max-megabytes`.",
    ) from problem
