"""store: where it is kept what happened; looked at, brought up to date, verified, moved."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from roadworthy.core.product import Product
from roadworthy.core.shown import Shown
from roadworthy.store import backup as files
from roadworthy.store import health, ledger
from roadworthy.store.artifacts import Artifacts, kept
from roadworthy.store.database import Database
from roadworthy.store.ledger import Head
from roadworthy.store.place import DATABASE, Place, store_of
from roadworthy.workflow.load import Given, as_product, product_file


@dataclass(frozen=True)
class Opened:
    """An open store: the database, and the folder of files beside it."""

    database: Database
    artifacts: Artifacts


@dataclass(frozen=True)
class Status(Shown):
    """What a store is and holds."""

    place: str
    kind: str
    revision: str
    artifacts: Path
    head: Head
    files: int

    def __repr__(self) -> str:
        return f"<Status {self.place!r}: {self.head.number:,} entries>"


@dataclass(frozen=True)
class Checked(Shown):
    """Whether a store is whole; ``problems`` are faults, ``notes`` are none."""

    place: str
    head: Head
    files: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether everything is as it was written."""
        return not self.problems

    @property
    def headline(self) -> str:
        """The answer in one line."""
        return "whole" if self.whole else f"NOT WHOLE: {self.problems[0]}"

    def __repr__(self) -> str:
        return f"<Checked {self.place!r}: {self.headline}>"


@dataclass(frozen=True)
class Moved(Shown):
    """A backup that was written, or a store that was filled from one."""

    place: str
    file: Path
    head: Head
    files: int

    def __repr__(self) -> str:
        return f"<Moved {self.head.number:,} entries, {str(self.file)!r}>"


@contextmanager
def opened(product: Given, *, create: bool = False, upgrade: bool = False) -> Iterator[Opened]:
    """The store of a product; of none, where `ROADWORTHY_STORE` says where it is.

    Raises:
        BadInput: there is none (and not ``create``), or it cannot be used.
    """
    place = _place(product)
    database = Database.open(place.database, create=create, upgrade=upgrade)
    try:
        yield Opened(database, Artifacts(place.artifacts))
    finally:
        database.close()


def status(product: Given = "product.yaml") -> Status:
    """What the store is, where its ledger ends, and how many files it keeps."""
    with opened(product) as store, store.database.reading() as connection:
        return Status(
            place=store.database.place,
            kind=store.database.kind,
            revision=store.database.revision() or "",
            artifacts=store.artifacts.folder,
            head=ledger.head(connection),
            files=len(kept(connection)),
        )


def upgrade(product: Given = "product.yaml") -> Status:
    """Makes a new store, or runs the migrations that an older one lacks: all or none."""
    with opened(product, create=True, upgrade=True):
        pass
    return status(product)


def check(product: Given = "product.yaml", head: Head | None = None) -> Checked:
    """Verifies the chain of the ledger, every file, and every name of a file.

    ``head`` is one that was exported earlier: without it nobody can tell that the end is missing.
    """
    with opened(product) as store, store.database.reading() as connection:
        found = health.check(connection, store.artifacts, head)
        place = store.database.place
    return Checked(place, found.head, found.files, found.problems, found.notes)


def backup(file: str | Path, product: Given = "product.yaml") -> Moved:
    """Writes the whole store to one new file.

    Raises:
        BadInput: the file exists, or the store is not whole.
    """
    with opened(product) as store:
        found = files.backup(store.database, store.artifacts, Path(file))
        return Moved(store.database.place, Path(file), found.head, found.files)


def restore(file: str | Path, product: Given = "product.yaml") -> Moved:
    """Fills a new store from a backup of any database system, after verifying all of it.

    Raises:
        Refused: something was written to the store already.
        BadInput: the file is no whole backup.
    """
    with opened(product, create=True) as store:
        found = files.restore(store.database, store.artifacts, Path(file))
        return Moved(store.database.place, Path(file), found.head, found.files)


def _place(product: Given) -> Place:
    if isinstance(product, Product):
        return store_of(product, os.environ)
    file = product_file(product)
    if os.environ.get(DATABASE) and not file.exists():
        return store_of(file, os.environ)
    return store_of(as_product(file), os.environ)
