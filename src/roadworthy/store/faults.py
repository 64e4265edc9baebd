"""What a database says when it cannot, told as an error that says what to do."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from roadworthy.core.errors import BadInput

LOCKED, GONE, FULL = "store_locked", "store_gone", "store_full"

# the first byte of an SQLite error is its kind: https://www.sqlite.org/rescode.html
_SQLITE = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR: FULL,
    sqlite3.SQLITE_CANTOPEN: GONE,
    sqlite3.SQLITE_READONLY: "store_unwritable",
    sqlite3.SQLITE_CORRUPT: "store_broken",
    sqlite3.SQLITE_NOTADB: "store_broken",
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "55P03": LOCKED,
    "40001": LOCKED,
    "40P01": LOCKED,
    "53100": FULL,
    "53300": LOCKED,
    "57P01": GONE,
    "57P02": GONE,
    "57P03": GONE,
    "28000": "store_login",
    "28P01": "store_login",
    "3D000": GONE,
    "42501": "store_unwritable",
    "25006": "store_unwritable",
    "XX001": "store_broken",
    "XX002": "store_broken",
}
_TOLD = {
    LOCKED: (
        "somebody else is writing to the store and did not finish in time.",
        "Run it again; if it stays so, end the program that holds the store.",
    ),
    GONE: (
        "the store cannot be reached, or went away.",
        "Nothing was half-written. See that the database is running and is where it was, and run "
        "it again.",
    ),
    FULL: (
        "the store cannot write: the disk is full or fails.",
        "Nothing was half-written. Make room, and run it again.",
    ),
    "store_unwritable": (
        "the store may not be written by you.",
        "Ask its owner for the right to write, or make the file and its folder writable.",
    ),
    "store_broken": (
        "the store is damaged: this is no database any more.",
        "Restore it from a backup: `roadworthy store restore`.",
    ),
    "store_login": (
        "the store does not let you in.",
        "Put the password into the variable PGPASSWORD or the file ~/.pgpass.",
    ),
}


def kind_of(problem: DBAPIError) -> str | None:
    """What went wrong with the database itself; None: something else is wrong, such as a rule."""
    driver = problem.orig
    if isinstance(driver, sqlite3.Error):
        return _SQLITE.get(getattr(driver, "sqlite_errorcode", 0) & 0xFF)
    state = getattr(driver, "sqlstate", None)
    if state is None:
        # no answer of the server at all
        return GONE if type(problem.orig).__name__ == "OperationalError" else None
    if state.startswith("08") or problem.connection_invalidated:
        return GONE
    return _POSTGRESQL.get(state)


def told(problem: DBAPIError, place: str) -> BadInput | None:
    """The error for the user; None where it is a fault of the program."""
    kind = kind_of(problem)
    if kind is None:
        return None
    message, next_step = _TOLD[kind]
    said = str(problem.orig).strip().splitlines()[:1]
    return BadInput(
        message, code=kind, where=place, value=said[0] if said else None, next_step=next_step
    )
