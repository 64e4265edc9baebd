"""What the vault of a product holds, for tests that must know whether anybody looked."""

from __future__ import annotations

import os
from pathlib import Path

from roadworthy.core.seal import Look, SealedSet
from roadworthy.store.database import Database
from roadworthy.store.place import store_of
from roadworthy.store.vault import sealed_sets


def sets(file: Path) -> tuple[SealedSet, ...]:
    """The sealed sets of a product.yaml, the oldest first; it need not be right."""
    where = store_of(file, os.environ).database
    if isinstance(where, Path) and not where.exists():
        return ()
    database = Database.open(where)
    try:
        with database.reading() as connection:
            return sealed_sets(connection)
    finally:
        database.close()


def looks(file: Path) -> list[Look]:
    """Every look at any of them."""
    return [look for one in sets(file) for look in one.looks]
