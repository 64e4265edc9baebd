"""The part of product.yaml on the store: where a team keeps what happened."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from roadworthy.core.product import Store
from roadworthy.io.shapes import AlsoWritten, Checked, Words, shown, wrong
from roadworthy.io.words import Text, text

SCHEMES = ("postgresql", "postgresql+psycopg", "sqlite")
_PATTERN = r"^(postgresql(\+psycopg)?|sqlite)://"
_EXAMPLE = "Write it as postgresql+psycopg://user@host:5432/database."


def _address(value: object) -> str:
    written = text(value)
    try:
        parts = urlsplit(written)
        _ = parts.port
    except ValueError:
        raise wrong("is no address of a database", _EXAMPLE) from None
    # never shown: whoever mistypes the beginning may have written a password further on
    if parts.password is not None or "password" in dict(parse_qsl(parts.query)):
        raise wrong(
            "holds a password, which would stand in every copy of this file",
            "Remove it: put it into the variable PGPASSWORD or the file ~/.pgpass.",
            code="password_in_file",
        )
    if parts.scheme not in SCHEMES:
        told = shown(parts.scheme) if parts.scheme else "nothing"
        raise wrong(f"is no address of a store: it begins with {told}", _EXAMPLE)
    if parts.scheme == "sqlite" and len(parts.path) < 2:
        raise wrong("names no file", "Write it as sqlite:///folder/store.db.")
    return written


Address = Annotated[str, Checked(_address, {"type": "string", "pattern": _PATTERN})]


class StoreWords(Words):
    """Where the ledger and its files are kept; by default in the workspace beside this file."""

    database: Address | None = None
    """The address of a PostgreSQL database (no password in it), or sqlite:///FILE."""
    artifacts: Text | None = None
    """The folder of the files; the whole team must reach it."""

    def core(self) -> Store:
        """The place that this describes."""
        return Store(self.database, self.artifacts)


def _longer(written: object) -> object:
    return {"database": written} if isinstance(written, str) else written


StoreWord = Annotated[StoreWords, AlsoWritten({"type": "string", "pattern": _PATTERN}, _longer)]
