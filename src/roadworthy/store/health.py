"""Whether a store holds what was written: its chain, its files, and what entries say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Connection

from roadworthy.core.errors import BadInput
from roadworthy.store import ledger
from roadworthy.store.artifacts import Artifacts, kept
from roadworthy.store.ledger import Broken, Head

FILES = "artifacts"
"""The key of an entry's content under which it names files: a mapping of names to digests."""


@dataclass(frozen=True)
class Health:
    """What was found. ``problems`` are faults; ``notes`` are told and are none."""

    head: Head
    broken: Broken | None
    files: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether everything is as it was written."""
        return self.broken is None and not self.problems


def check(connection: Connection, artifacts: Artifacts, known: Head | None = None) -> Health:
    """Verifies every hash of the ledger and of every file, and every name of a file.

    ``known`` as in ``ledger.verify``.
    """
    broken = ledger.verify(connection, known)
    digests = kept(connection)
    problems = [] if broken is None else [f"Entry {broken.number}: {broken.problem}."]
    for digest, size in digests:
        problems += _damage(artifacts, digest, size)
    if broken is None:
        problems += _unknown(connection, {digest for digest, _ in digests})
    return Health(
        ledger.head(connection),
        broken,
        len(digests),
        tuple(problems),
        (*set_back(connection), *_left_behind(artifacts, {digest for digest, _ in digests})),
    )


def set_back(connection: Connection) -> tuple[str, ...]:
    """A note on the entries whose clock was behind."""
    numbers = ledger.clock_set_back(connection)
    if not numbers:
        return ()
    named = ", ".join(f"{number:,}" for number in numbers[:5])
    more = f" and {len(numbers) - 5:,} more" if len(numbers) > 5 else ""
    return (
        f"The clock was set back before entry {named}{more}: the order is that of the numbers, and "
        "those times are not to be relied on.",
    )


def _damage(artifacts: Artifacts, digest: str, size: int) -> Iterator[str]:
    try:
        artifacts.check(digest)
        found = artifacts.path(digest).stat().st_size
    except BadInput as problem:
        yield f"{problem.where}: {problem.message}"
    except (OSError, ValueError) as problem:
        yield f"The file {digest[:12]}: {problem}."
    else:
        if found != size:
            yield f"The file {digest[:12]} has {found:,} bytes, and the store says {size:,}."


def _unknown(connection: Connection, known: set[str]) -> Iterator[str]:
    """Files that entries name and the store does not have."""
    for entry in ledger.entries(connection):
        named = entry.content.get(FILES)
        if not isinstance(named, Mapping):
            continue
        for name, digest in named.items():
            if digest not in known:
                told = f"{name}, {str(digest)[:12]}"
                yield f"Entry {entry.number} names a file ({told}) that is gone."


def _left_behind(artifacts: Artifacts, known: set[str]) -> Iterator[str]:
    """Whole files that nobody names: a write that was interrupted leaves them."""
    if not artifacts.folder.is_dir():
        return
    left = [path for path in artifacts.folder.glob("??/*") if _digest(path) not in known]
    if left:
        yield (
            f"{len(left):,} files beside the store are named by nothing: an interrupted write, or "
            "an older database that was put back."
        )


def _digest(path: Path) -> str:
    return f"{path.parent.name}{path.name}"
