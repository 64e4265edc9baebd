"""A custodian's desk: what is handed in is judged or sealed with this place's store and key."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.product import Product
from roadworthy.io.judgement_json import to_json
from roadworthy.io.sealed_json import set_to_json
from roadworthy.store import ledger
from roadworthy.store.artifacts import Artifacts
from roadworthy.store.cipher import VaultKey
from roadworthy.store.database import FILE, Database
from roadworthy.store.keys import vault_key
from roadworthy.store.place import ARTIFACTS, DATABASE, Place
from roadworthy.store.vault import Vault, sealed_sets, write_retired
from roadworthy.workflow.certify import look_for
from roadworthy.workflow.choosing import named
from roadworthy.workflow.custody import Custody
from roadworthy.workflow.handed_in import (
    PRODUCT,
    TABLE,
    handed_in,
    require_known,
    require_no_files,
    require_no_images,
)
from roadworthy.workflow.ledger import HEAD_FORMAT
from roadworthy.workflow.seal import seal

LONGEST_WHY = 500
PROVENANCE = ("protocol", "source", "labels")


@dataclass(frozen=True)
class Desk:
    """The folder of a custodian's vault, and its store: in that folder, or a database elsewhere."""

    folder: Path
    place: Place

    @staticmethod
    def at(folder: str | Path, store: str | None = None) -> Desk:
        """The desk in a folder; ``store`` is the address of a database, if it is elsewhere."""
        home = Path(folder).resolve()
        told = store or os.environ.get(DATABASE) or ""
        files = os.environ.get(ARTIFACTS)
        database: str | Path = home / FILE
        if told:
            postgres = told.startswith("postgres")
            database = told if postgres else Path(told.removeprefix("sqlite:///")).resolve()
        return Desk(home, Place(database, Path(files).resolve() if files else home / "artifacts"))

    def key(self) -> VaultKey:
        """The vault's key, made if there is none yet.

        Raises:
            BadInput, Refused: it is no key, or others may read it.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return vault_key(self.folder, create=True)

    @contextmanager
    def vault(self) -> Iterator[Vault]:
        """The store, begun if there is none."""
        database = Database.open(self.place.database)
        try:
            yield Vault(database, Artifacts(self.place.artifacts), self.folder)
        finally:
            database.close()

    def note(self, kind: str, content: Mapping[str, Any]) -> None:
        """Writes down what was asked at the desk, and by whom."""
        with self.vault() as vault, vault.database.writing() as connection:
            ledger.append(connection, kind, content)

    def sets(self) -> list[dict[str, Any]]:
        """Every sealed set with its looks, the oldest first."""
        with self.vault() as vault:
            return [set_to_json(one) for one in vault.sets()]

    def retire(self, name: str, why: str, by: str) -> str:
        """Retires a set, for good, and returns its whole id.

        Raises:
            BadInput: there is no such set. Refused: it is retired already.
        """
        if not why.strip() or len(why) > LONGEST_WHY or not why.isprintable():
            raise BadInput(
                "nobody said why.",
                code="no_reason",
                where="why",
                value=why[:LONGEST_WHY],
                next_step=f"Say it in at most {LONGEST_WHY} letters: the ledger keeps it.",
            )
        with self.vault() as vault, vault.database.writing() as connection:
            found = named(sealed_sets(connection), name)
            if found.retired:
                raise Refused(
                    f"the sealed set {found.id} is retired already: {found.retired}.",
                    code="seal_spent",
                    where="the custodian's vault",
                    value=found.id,
                    next_step="There is nothing left to do, and no way back.",
                )
            write_retired(connection, found, f"{why.strip()} ({by})", datetime.now(UTC))
        return found.id

    def entries(self, after: int = 0, newest: int | None = None) -> list[str]:
        """Entries of the ledger as lines of canonical JSON."""
        with self.vault() as vault, vault.database.reading() as connection:
            found = ledger.entries(connection, after=after, newest=newest)
            return [ledger.line(one) for one in found]

    def head(self) -> dict[str, Any]:
        """Where the ledger ends, as `roadworthy ledger verify --head` reads it."""
        with self.vault() as vault, vault.database.reading() as connection:
            last = ledger.head(connection)
        return {"format": HEAD_FORMAT, "number": last.number, "hash": last.hash}

    def answer(self, name: str, number: int) -> dict[str, Any]:
        """What a look was answered with, as it was given.

        Raises:
            BadInput: there is no such look, or it has no answer yet.
        """
        with self.vault() as vault:
            found = named(vault.sets(), name)
            look = next((one for one in found.looks if one.number == number), None)
            if look is None or look.answered is None:
                raise BadInput(
                    f"look {number} at {found.id} {'has no answer yet' if look else 'is none'}.",
                    code="no_answer",
                    where="the custodian's vault",
                    value=number,
                    next_step=f"{len(found.looks)} looks were taken at this set.",
                )
            return vault.answer(look)


def looked(folder: Path, ask: Mapping[str, Any], custody: Custody, desk: Desk) -> dict[str, Any]:
    """What ``certify`` says of a product that lies unpacked in ``folder``.

    The store and the key are those that the environment of this process names.
    """
    product = _product(folder, ask)
    table = _table(folder, ask.get("predictions"))
    if table is None:
        require_no_images(product)
    judgement = look_for(
        product, custody, reveal=_text(ask, "reveal"), on=_text(ask, "set"), predictions=table
    )
    with desk.vault() as vault:
        root = judgement.fingerprints["sealed set"]
        name = next(one.id for one in vault.sets() if one.root == root)
    said = {"set": name, "ledger": desk.head()}
    return {"judgement": to_json(judgement), "custodian": said}


def sealed(folder: Path, ask: Mapping[str, Any]) -> dict[str, Any]:
    """The set that ``seal`` makes of a table that lies unpacked in ``folder``."""
    product = _product(folder, ask)
    table = _table(folder, ask.get("table"))
    if table is None:
        raise BadInput(
            "no table came with it.",
            code="no_sealed_set",
            where="the bundle",
            next_step="Name the table: `roadworthy seal TEST --vault URL`.",
        )
    require_no_files(product)
    looks, accept = ask.get("looks"), ask.get("accept") or []
    if not (looks is None or type(looks) is int) or not _are_texts(accept):
        raise _odd("looks or accept")
    protocol, source, labels = (_text(ask, name) or "" for name in PROVENANCE)
    found = seal(
        *(product, table),
        looks=looks,
        protocol=protocol,
        source=source,
        labels=labels,
        accept=accept,
    )
    return {"sealed": set_to_json(found.set)}


def _product(folder: Path, ask: Mapping[str, Any]) -> Product:
    require_known(folder / PRODUCT)
    name = _text(ask, "product")
    if name is None:
        raise _odd("product")
    return handed_in(folder / PRODUCT, name)


def _table(folder: Path, name: object) -> Path | None:
    if name is None:
        return None
    if not isinstance(name, str) or Path(name).name != name or name in (".", ".."):
        raise _odd("the table's name")
    return folder / TABLE / name


def _text(ask: Mapping[str, Any], name: str) -> str | None:
    found = ask.get(name)
    if found is not None and not isinstance(found, str):
        raise _odd(name)
    return found


def _are_texts(found: object) -> bool:
    return isinstance(found, list) and all(isinstance(one, str) for one in found)


def _odd(what: str) -> BadInput:
    return BadInput(
        f"what is asked cannot be read: {what}.",
        code="bad_bundle",
        where="the bundle",
        next_step="Let `roadworthy certify --vault URL` make it.",
    )
