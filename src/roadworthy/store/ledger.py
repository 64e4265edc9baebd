"""What happened, in order, for good: each entry holds the hash of the one before it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from roadworthy.core.errors import BadInput
from roadworthy.store import faults
from roadworthy.store.jcs import canonical
from roadworthy.store.schema import ledger

START = "0" * 64
"""What stands in the first entry for the hash of the one before."""

_BATCH = 1_000
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_KIND = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Entry:
    """One entry: the ``number``-th from 1, ``at`` the writer's clock (UTC), hashes as 64 digits.

    ``text`` is the content as canonical JSON, as it was hashed.
    """

    number: int
    at: str
    kind: str
    text: str
    previous: str
    hash: str

    @property
    def content(self) -> dict[str, Any]:
        """What was written down."""
        found: dict[str, Any] = json.loads(self.text)
        return found


@dataclass(frozen=True)
class Head:
    """The last entry's number and hash: whoever keeps it can tell that nothing before changed."""

    number: int
    hash: str


@dataclass(frozen=True)
class Broken:
    """The first entry that is not as it was written, and what is wrong there."""

    number: int
    problem: str


def append(
    connection: Connection, kind: str, content: Mapping[str, Any], at: datetime | None = None
) -> Entry:
    """Writes one entry at the end; ``connection`` is from ``Database.writing``.

    ``kind`` is a lower-case word such as ``look_opened``; ``content`` is whatever JSON can say.

    ``at`` is the clock of whoever writes, now by default. A clock that was set back is written
    down as it is: the order is told by the numbers, and `clock_set_back` tells where.

    Raises:
        ValueError: ``kind`` is no such word, JSON cannot say ``content``, or ``at`` has no time
            zone.
    """
    return append_all(connection, [(kind, content)], at)[0]


def append_all(
    connection: Connection,
    events: Iterable[tuple[str, Mapping[str, Any]]],
    at: datetime | None = None,
) -> list[Entry]:
    """Writes entries in their order; as ``append``, and much faster than one after the other."""
    moment = _moment(at or datetime.now(UTC))
    last = head(connection)
    written: list[Entry] = []
    for kind, content in events:
        if not _KIND.fullmatch(kind):
            raise ValueError(f"{kind!r} is no kind of entry: lower-case words with _ between")
        last, entry = _next(last, moment, kind, canonical(dict(content)))
        written.append(entry)
    for start in range(0, len(written), _BATCH):
        connection.execute(ledger.insert(), [_row(one) for one in written[start : start + _BATCH]])
    return written


def head(connection: Connection) -> Head:
    """Where the ledger ends; number 0 when nothing was written."""
    newest = sa.select(ledger.c.number, ledger.c.hash).order_by(ledger.c.number.desc()).limit(1)
    found = connection.execute(newest).one_or_none()
    return Head(0, START) if found is None else Head(found.number, found.hash)


def entries(
    connection: Connection, *, kind: str | None = None, after: int = 0, newest: int | None = None
) -> Iterator[Entry]:
    """The entries in their order: of one kind, after a number, or the ``newest`` so many."""
    asked = sa.select(ledger).where(ledger.c.number > after)
    if kind is not None:
        asked = asked.where(ledger.c.kind == kind)
    if newest is None:
        yield from _pages(connection, asked)
        return
    last = asked.order_by(ledger.c.number.desc()).limit(newest)
    yield from (Entry(*row) for row in reversed(connection.execute(last).all()))


def naming(connection: Connection, kind: str, word: str) -> Iterator[Entry]:
    """The entries of one kind whose content holds a word, such as a digest, anywhere."""
    holds = ledger.c.content.contains(word, autoescape=True)
    yield from _pages(connection, sa.select(ledger).where(ledger.c.kind == kind, holds))


def verify(connection: Connection, known: Head | None = None) -> Broken | None:
    """The first entry that is not as it was written; None: the ledger is whole.

    ``known`` is a head that was exported earlier and kept elsewhere. Without it nobody can tell
    that the last entries were cut off, or that all of it was written anew.
    """
    last = Head(0, START)
    try:
        for entry in _pages(connection, sa.select(ledger)):
            problem = _wrong(entry, last)
            if problem:
                return problem
            if known and entry.number == known.number and entry.hash != known.hash:
                return Broken(entry.number, f"it, or one before, was written anew: {_told(known)}")
            last = Head(entry.number, entry.hash)
    except DBAPIError as problem:
        if faults.kind_of(problem) in (faults.LOCKED, faults.GONE):
            raise
        said = str(problem.orig).splitlines()[0]
        return Broken(last.number + 1, f"it cannot be read: {said}")
    if known and last.number < known.number:
        ends = "1 entry" if last.number == 1 else f"{last.number:,} entries"
        return Broken(last.number + 1, f"the ledger ends after {ends}: {_told(known)}")
    return None


def tampered(broken: Broken, place: str = "the ledger") -> BadInput:
    """The error for whoever needs a whole ledger."""
    return BadInput(
        f"the ledger was tampered with at entry {broken.number}: {broken.problem}.",
        code="ledger_tampered",
        where=place,
        value=broken.number,
        next_step="Keep a copy of the database as it is, find out who wrote to it, and restore an "
        "earlier backup into a new place: `roadworthy store restore`.",
    )


def clock_set_back(connection: Connection) -> list[int]:
    """The numbers of entries whose clock was behind that of the entry before."""
    before = sa.func.lag(ledger.c.at).over(order_by=ledger.c.number)
    told = sa.select(ledger.c.number, ledger.c.at, before.label("before")).subquery()
    late = sa.select(told.c.number).where(told.c.at < told.c.before).order_by(told.c.number)
    return list(connection.execute(late).scalars())


def line(entry: Entry) -> str:
    """The entry as canonical JSON with its hash: a line of an export."""
    return _json(entry, f'"hash":"{entry.hash}",')


def hash_of(entry: Entry) -> str:
    """SHA-256 over RFC 8785 of the entry without its own hash, in 64 hex digits."""
    return sha256(_json(entry).encode("utf-8", "surrogateescape")).hexdigest()


def _next(last: Head, at: str, kind: str, text: str) -> tuple[Head, Entry]:
    bare = Entry(last.number + 1, at, kind, text, last.hash, "")
    digest = hash_of(bare)
    return Head(bare.number, digest), Entry(bare.number, at, kind, text, last.hash, digest)


def _json(entry: Entry, own: str = "") -> str:
    """The canonical JSON of an entry: the keys in order, the content canonical already."""
    return (
        f'{{"at":"{entry.at}","content":{entry.text},{own}"kind":"{entry.kind}",'
        f'"number":{entry.number},"previous":"{entry.previous}"}}'
    )


def _pages(connection: Connection, asked: sa.Select[Any]) -> Iterator[Entry]:
    """Page by page, each asked for by the last number: no cursor stays open in between."""
    page = asked.order_by(ledger.c.number).limit(_BATCH)
    rows = connection.execute(page).all()
    while rows:
        yield from (Entry(*row) for row in rows)
        rows = connection.execute(page.where(ledger.c.number > rows[-1].number)).all()


def _wrong(entry: Entry, last: Head) -> Broken | None:
    expected = last.number + 1
    if entry.number != expected:
        if isinstance(entry.number, int) and entry.number > expected:
            return Broken(expected, "it is missing")
        return Broken(expected, f"an entry that calls itself {entry.number} was put in")
    # a time or kind with quotes in it could say another thing with the same hash
    plain = _AT.fullmatch(str(entry.at)) and _KIND.fullmatch(str(entry.kind))
    if not plain or hash_of(entry) != entry.hash:
        return Broken(expected, "it is not what was written: its hash differs")
    if entry.previous != last.hash:
        return Broken(expected, "it does not follow the entry before: one of the two was replaced")
    return None


def _told(known: Head) -> str:
    return f"the head that was kept is entry {known.number:,}, {known.hash[:12]}"


def _moment(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("a moment without a time zone is no moment")
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at,
        "kind": entry.kind,
        "content": entry.text,
        "previous": entry.previous,
        "hash": entry.hash,
    }
