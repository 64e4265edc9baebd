"""The tables of the store, the same in SQLite and in PostgreSQL; `migrations` builds them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import sqlalchemy as sa

metadata = sa.MetaData()

REVISION_TABLE = "roadworthy_revision"
"""Where the database says which migration it has; a name that no other program uses."""

ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False, unique=True),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
)
"""One row an entry, never changed; ``content`` is canonical JSON, hashes are 64 hex digits."""

artifacts = sa.Table(
    "artifacts",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
"""One row a file that is kept beside the database, under its SHA-256; ``size`` in bytes."""


@cache
def revisions() -> tuple[str, ...]:
    """The migrations that this program knows, the oldest first: what their files begin with."""
    folder = files("roadworthy.store.migrations").joinpath("versions")
    names = [item.name for item in folder.iterdir() if item.name.endswith(".py")]
    return tuple(sorted(name.split("_")[0] for name in names if name[0].isdigit()))
