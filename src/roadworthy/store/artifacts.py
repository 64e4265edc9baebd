"""Files that entries of the ledger name, each kept under its own SHA-256: none can be swapped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from roadworthy.core.errors import BadInput
from roadworthy.store.schema import artifacts
from roadworthy.store.workspace import unwritable

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Artifacts:
    """The folder of such files: ``ab/cdef...`` for the digest ``abcdef...``."""

    folder: Path

    def put(self, connection: Connection, content: bytes | Path) -> str:
        """Keeps bytes, or a copy of a file, and returns the digest to find it by.

        ``connection`` is from ``Database.writing``: what is rolled back leaves at most a file that
        nobody names.

        Raises:
            BadInput: the file cannot be read, or the folder cannot be written.
        """
        digest, size = self.put_file(content)
        known = sa.select(artifacts.c.digest).where(artifacts.c.digest == digest)
        if connection.execute(known).first() is None:
            at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
            connection.execute(artifacts.insert(), {"digest": digest, "size": size, "at": at})
        return digest

    def get(self, digest: str) -> bytes:
        """What was kept under ``digest``, verified.

        Raises:
            BadInput: ``artifact_missing``, or ``artifact_changed``.
        """
        path = self.path(digest)
        try:
            content = path.read_bytes()
        except OSError as problem:
            raise _missing(path, digest) from problem
        if sha256(content).hexdigest() != digest:
            raise _changed(path, digest)
        return content

    def check(self, digest: str) -> None:
        """Reads the file in blocks and compares it with its name.

        Raises:
            BadInput: as ``get``.
        """
        path = self.path(digest)
        try:
            with path.open("rb") as file:
                found = sha256()
                for block in _blocks(file):
                    found.update(block)
        except OSError as problem:
            raise _missing(path, digest) from problem
        if found.hexdigest() != digest:
            raise _changed(path, digest)

    def path(self, digest: str) -> Path:
        """Where a file stands, whether it is whole or not.

        Raises:
            ValueError: ``digest`` is no SHA-256 in hex digits.
        """
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"{digest[:80]!r} is no SHA-256 in lower-case hex digits")
        return self.folder / digest[:2] / digest[2:]

    def put_file(self, content: bytes | Path) -> tuple[str, int]:
        """Writes the file alone: its digest, and its size in bytes.

        Raises:
            BadInput: as ``put``.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            beside = self.folder / f".{uuid4().hex}.new"
            try:
                digest, size = _copied(content, beside)
                self._move(beside, digest)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as problem:
            raise unwritable(Path(problem.filename or self.folder), problem) from problem
        return digest, size

    def _move(self, beside: Path, digest: str) -> None:
        target = self.path(digest)
        with suppress(BadInput):
            self.check(digest)
            return  # there already, and whole; one that was damaged is put right
        target.parent.mkdir(exist_ok=True)
        beside.replace(target)
        _settle(target.parent)


def kept(connection: Connection) -> list[tuple[str, int]]:
    """All digests that the store knows, in order, with sizes in bytes."""
    rows = connection.execute(sa.select(artifacts.c.digest, artifacts.c.size).order_by("digest"))
    return [(row.digest, row.size) for row in rows]


def _copied(content: bytes | Path, beside: Path) -> tuple[str, int]:
    """Writes a new file to the disk: its digest and its size."""
    found, size = sha256(), 0
    # readable for whom the umask lets, writable for nobody
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444), "wb") as file:
        for block in _read(content):
            found.update(block)
            size += len(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return found.hexdigest(), size


def _read(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    try:
        file = content.open("rb")
    except OSError as problem:
        raise BadInput(
            f"the file cannot be read: {problem.strerror or problem}.",
            code="unreadable_file",
            where=str(content),
            next_step="Name a file that is there and may be read.",
        ) from problem
    with file:
        yield from _blocks(file)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block


def _settle(folder: Path) -> None:
    """The name too must survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _missing(path: Path, digest: str) -> BadInput:
    return BadInput(
        f"the file {digest[:12]} that the store names is not there.",
        code="artifact_missing",
        where=str(path),
        value=digest,
        next_step="Restore it from a backup, or set ROADWORTHY_ARTIFACTS to the folder where the "
        "files are.",
    )


def _changed(path: Path, digest: str) -> BadInput:
    return BadInput(
        f"the file {digest[:12]} is not what was kept: its SHA-256 differs.",
        code="artifact_changed",
        where=str(path),
        value=digest,
        next_step="Restore it from a backup.",
    )
