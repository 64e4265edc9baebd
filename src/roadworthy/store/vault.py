"""Sealed sets and looks at them, as the ledger tells them: nothing that it says can be unsaid.

A set's state is worked out from the ledger each time. There is no second place where a look could
be given back, and whoever changes the ledger breaks its chain.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from roadworthy.core.seal import Answered, Budget, Look, Provenance, SealedSet, Told, Wanted
from roadworthy.store import ledger
from roadworthy.store.artifacts import Artifacts
from roadworthy.store.cipher import decrypted
from roadworthy.store.database import Database
from roadworthy.store.health import FILES
from roadworthy.store.keys import vault_key

SEALED, COMMITTED, OPENED = "set_sealed", "look_committed", "look_opened"
ANSWERED, RETIRED = "look_answered", "set_retired"
SALT_BYTES = 32

Names = NDArray[np.uint64]


@dataclass(frozen=True)
class Items:
    """What is known of a set's cases without the key: hashes of ids, units and inputs."""

    ids: Names
    units: Names
    inputs: pl.Series

    @property
    def both(self) -> Names:
        """Both hashes by which a case is known again."""
        return np.concatenate([self.ids, self.units])

    def known(self, names: Names) -> NDArray[np.bool_]:
        """Which cases are among ``names``, or share a unit with one of them, shape (cases,)."""
        if not len(names):
            return np.zeros(len(self.ids), dtype=bool)
        asked = pl.Series(names).implode()
        return (pl.Series(self.ids).is_in(asked) | pl.Series(self.units).is_in(asked)).to_numpy()


@dataclass(frozen=True)
class Vault:
    """The sealed sets of a store; ``folder`` is where the key is looked for."""

    database: Database
    artifacts: Artifacts
    folder: Path

    def sets(self) -> tuple[SealedSet, ...]:
        """All sealed sets, the oldest first."""
        with self.database.reading() as connection:
            return sealed_sets(connection)

    def items(self, sealed: SealedSet) -> Items:
        """The hashes of a set's cases."""
        found = pl.read_parquet(BytesIO(self.artifacts.get(sealed.items)), columns=["inputs"])
        return replace(self.names(sealed), inputs=found["inputs"])

    def names(self, sealed: SealedSet) -> Items:
        """The hashes of a set's ids and units, without those of its inputs."""
        found = pl.read_parquet(BytesIO(self.artifacts.get(sealed.names)))
        nothing = pl.Series("inputs", [], dtype=pl.Binary)
        return Items(found["id"].to_numpy(), found["unit"].to_numpy(), nothing)

    def rows(self, sealed: SealedSet, look: Look) -> pl.DataFrame:
        """The sealed rows, for the one whose look was written down.

        Raises:
            BadInput: the key is missing or another one, or the file was changed.
        """
        if look.set != sealed.id or look not in sealed.looks:
            raise ValueError("this look belongs to another set, or was never written down")
        key = vault_key(self.folder)
        where = str(self.artifacts.path(sealed.content))
        plain = decrypted(self.artifacts.get(sealed.content), key, sealed.id, where)
        return pl.read_parquet(BytesIO(memoryview(plain)[SALT_BYTES:]))

    def answer(self, look: Look) -> dict[str, Any]:
        """What a look was answered with, as it was kept."""
        assert look.answered is not None
        found: dict[str, Any] = json.loads(self.artifacts.get(look.answered.answer))
        return found


@dataclass(frozen=True)
class Envelope:
    """A set with its encrypted rows and its hashes, ready to be kept."""

    set: SealedSet
    content: bytes
    names: bytes
    items: bytes

    def keep(self, vault: Vault, connection: Connection, at: datetime) -> SealedSet:
        """Keeps its files and writes the sealing down; ``connection`` writes."""
        put = vault.artifacts.put
        content, names = put(connection, self.content), put(connection, self.names)
        items = put(connection, self.items)
        kept = replace(self.set, content=content, names=names, items=items)
        return write_sealed(connection, kept, at)


def sealed_sets(connection: Connection) -> tuple[SealedSet, ...]:
    """All sealed sets with their looks, the oldest first.

    Raises:
        BadInput: the ledger was tampered with, so nobody can say what was looked at.
    """
    if broken := ledger.verify(connection):
        raise ledger.tampered(broken)
    found: dict[str, SealedSet] = {}
    for entry in sorted(_events(connection), key=lambda one: one.number):
        said = entry.content
        now = _HAPPENED[entry.kind](found.get(said["set"]), said, entry.at)
        found[now.id] = now
    return tuple(found.values())


def write_sealed(connection: Connection, sealed: SealedSet, at: datetime) -> SealedSet:
    """Writes down that a set was sealed; its files must be kept already."""
    said = {
        "set": sealed.id,
        "root": sealed.root,
        "product": sealed.product,
        "cases": sealed.cases,
        "units": sealed.units,
        "level": sealed.budget.level,
        "shares": list(sealed.budget.shares),
        "key": sealed.key,
        FILES: {"content": sealed.content, "names": sealed.names, "items": sealed.items},
        "by": list(sealed.by),
        "provenance": asdict(sealed.provenance),
        "strata": [dict(one) for one in sealed.strata],
        "stands_open": sealed.stands_open,
        "twins": sealed.twins,
    }
    entry = ledger.append(connection, SEALED, said, at)
    return replace(sealed, at=entry.at)


def write_look(
    connection: Connection,
    sealed: SealedSet,
    look: Look,
    commitment: Mapping[str, Any],
    at: datetime,
) -> Look:
    """Writes down what will be judged and that the set is opened for it: now it counts."""
    said = {
        "set": look.set,
        "number": look.number,
        "share": look.share,
        "subject": look.subject,
        "asked": look.asked,
        "told": look.told.value,
        "wanted": [asdict(one) for one in look.wanted],
    }
    committed = {"set": look.set, "number": look.number, "frozen": dict(commitment)}
    *_, entry = ledger.append_all(connection, [(COMMITTED, committed), (OPENED, said)], at)
    return replace(look, at=entry.at)


def write_answer(
    connection: Connection, look: Look, answered: Answered, retired: str, at: datetime
) -> None:
    """Writes down what a look found; ``retired`` says why the set is no longer sealed, if so."""
    said = {
        "set": look.set,
        "number": look.number,
        "passed": answered.passed,
        "bits": answered.bits,
        FILES: {"answer": answered.answer},
    }
    events: list[tuple[str, Mapping[str, Any]]] = [(ANSWERED, said)]
    if retired:
        events.append((RETIRED, {"set": look.set, "why": retired}))
    ledger.append_all(connection, events, at)


def write_retired(connection: Connection, sealed: SealedSet, why: str, at: datetime) -> None:
    """Writes down that a set is no longer sealed; there is no way back."""
    ledger.append(connection, RETIRED, {"set": sealed.id, "why": why}, at)


def _events(connection: Connection) -> Iterator[ledger.Entry]:
    for kind in _HAPPENED:
        yield from list(ledger.entries(connection, kind=kind))


def _was_sealed(before: SealedSet | None, said: Mapping[str, Any], at: str) -> SealedSet:
    provenance = said["provenance"]
    return SealedSet(
        id=said["set"],
        root=said["root"],
        product=said["product"],
        cases=said["cases"],
        units=said["units"],
        budget=Budget(float(said["level"]), tuple(map(float, said["shares"]))),
        at=at,
        key=said["key"],
        content=said[FILES]["content"],
        names=said[FILES]["names"],
        items=said[FILES]["items"],
        by=tuple(said["by"]),
        provenance=Provenance(**{**provenance, "accepted": tuple(provenance["accepted"])}),
        strata=tuple(said["strata"]),
        stands_open=said["stands_open"],
        twins=said["twins"],
    )


def _was_opened(before: SealedSet | None, said: Mapping[str, Any], at: str) -> SealedSet:
    look = Look(
        set=said["set"],
        number=said["number"],
        share=float(said["share"]),
        subject=said["subject"],
        asked=said["asked"],
        told=Told(said["told"]),
        at=at,
        wanted=tuple(Wanted(**one) for one in said["wanted"]),
    )
    assert before is not None
    return replace(before, looks=(*before.looks, look))


def _was_answered(before: SealedSet | None, said: Mapping[str, Any], at: str) -> SealedSet:
    assert before is not None
    answered = Answered(at, said["passed"], said["bits"], said[FILES]["answer"])
    looks = tuple(
        replace(look, answered=answered) if look.number == said["number"] else look
        for look in before.looks
    )
    return replace(before, looks=looks)


def _was_retired(before: SealedSet | None, said: Mapping[str, Any], at: str) -> SealedSet:
    assert before is not None
    return replace(before, retired=said["why"])


_HAPPENED: Mapping[str, Callable[[SealedSet | None, Mapping[str, Any], str], SealedSet]] = {
    SEALED: _was_sealed,
    OPENED: _was_opened,
    ANSWERED: _was_answered,
    RETIRED: _was_retired,
}
