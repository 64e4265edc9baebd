"""What the vault of a product holds, for tests that must know whether anybody looked."""

from __future__ import annotations

import os
from pathlib import Path

from roadworthy.core.seal import Look, SealedSet
from roadworthy.store.place import store_of
from roadworthy.store.vault import Vault
from roadworthy.store.workspace import FOLDER


def sets(file: Path) -> tuple[SealedSet, ...]:
    """The sealed sets of a product.yaml, the oldest first; it need not be right."""
    place = store_of(file, os.environ)
    if isinstance(place.database, Path) and not place.database.exists():
        return ()
    with Vault.at(place, file.parent / FOLDER) as vault:
        return vault.sets()


def looks(file: Path) -> list[Look]:
    """Every look at any of them."""
    return [look for one in sets(file) for look in one.looks]
