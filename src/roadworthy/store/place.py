"""Where a product's store is: in its workspace, or where product.yaml or the shell says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from roadworthy.core.product import Product
from roadworthy.store.workspace import FOLDER

DATABASE, ARTIFACTS = "ROADWORTHY_STORE", "ROADWORTHY_ARTIFACTS"


@dataclass(frozen=True)
class Place:
    """A file of SQLite or the address of a database, and the folder of the files beside it."""

    database: str | Path
    artifacts: Path


def store_of(product: Product | Path, environ: Mapping[str, str]) -> Place:
    """Where the store of a product is; of a product.yaml that is not read, what the shell says.

    `ROADWORTHY_STORE` and `ROADWORTHY_ARTIFACTS` come before `store:` in product.yaml, and that
    before the workspace.
    """
    folder = product.parent if isinstance(product, Path) else product.folder
    declared = None if isinstance(product, Path) else product.store
    database = environ.get(DATABASE) or (declared.database if declared else None)
    files = environ.get(ARTIFACTS) or (declared.artifacts if declared else None)
    own = folder / FOLDER
    return Place(
        database=_database(database, folder) if database else own / "store.db",
        artifacts=folder / files if files else own / "artifacts",
    )


def _database(told: str, folder: Path) -> str | Path:
    if told.startswith("postgres"):
        return told
    return folder / told.removeprefix("sqlite:///")
