"""Runs Alembic's migrations inside one transaction: a failed one leaves the store as it was."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

import roadworthy.store.migrations
from roadworthy.core.errors import BadInput
from roadworthy.store import faults
from roadworthy.store.database import revision_of


def migrate(
    connection: Connection, to: str = "head", place: str = "the store", scripts: str | None = None
) -> None:
    """Brings the store up to a revision; ``connection`` is in a transaction that writes.

    ``scripts`` is another folder of migrations, for tests.

    Raises:
        BadInput: ``migration_failed``, with the revision that was being made.
    """
    before = revision_of(connection)
    config = Config()
    folder = scripts or str(Path(roadworthy.store.migrations.__path__[0]))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, to)
    # a migration is a program of its own: whatever it raises, the transaction goes back
    except Exception as problem:
        if isinstance(problem, DBAPIError) and faults.kind_of(problem):
            raise
        raise _failed(problem, before, place) from problem


def _failed(problem: Exception, before: str | None, place: str) -> BadInput:
    said = str(getattr(problem, "orig", None) or problem).strip().splitlines()
    return BadInput(
        f"the store could not be upgraded: {said[0] if said else type(problem).__name__}. It is as "
        f"it was ({f'revision {before}' if before else 'empty'}).",
        code="migration_failed",
        where=place,
        value=before,
        next_step="Please report it with this message; until then use the roadworthy that you "
        "used before.",
    )
