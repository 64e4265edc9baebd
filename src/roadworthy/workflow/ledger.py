"""ledger: what happened is written down as it happens, shown, verified and exported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product
from roadworthy.core.shown import Shown
from roadworthy.core.verdict import Judgement
from roadworthy.store import health, ledger
from roadworthy.store.ledger import Broken, Entry, Head
from roadworthy.store.workspace import unwritable
from roadworthy.workflow.load import Given
from roadworthy.workflow.store import opened

HEAD_FORMAT = 1
CHECKED, CERTIFIED = "checked", "certified"
JUDGEMENT, OUTCOME, PRODUCT = "judgement", "outcome", "product.yaml"
"""The keys under which entries of these kinds name the judgement's file, by its SHA-256, what it
says, and the product.yaml that it is about, by its fingerprint."""


@dataclass(frozen=True)
class Listed(Shown):
    """The newest entries, the oldest of them first, and how many there are in all."""

    place: str
    entries: tuple[Entry, ...]
    head: Head
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Listed {len(self.entries)} of {self.head.number:,} entries>"


@dataclass(frozen=True)
class Verified(Shown):
    """Whether the ledger is whole; ``against`` is the head it was compared with, if any."""

    place: str
    head: Head
    broken: Broken | None
    against: Head | None
    notes: tuple[str, ...]

    @property
    def headline(self) -> str:
        """The answer in one line."""
        if self.broken is None:
            return f"whole: {self.head.number:,} entries"
        return f"TAMPERED at entry {self.broken.number}: {self.broken.problem}"

    def __repr__(self) -> str:
        return f"<Verified {self.headline}>"


@dataclass(frozen=True)
class Exported(Shown):
    """Where the entries stand, one JSON object a line, and their head in a file beside them."""

    file: Path
    head_file: Path
    head: Head

    def __repr__(self) -> str:
        return f"<Exported {self.head.number:,} entries, {str(self.file)!r}>"


def note(
    product: Product,
    kind: str,
    content: Mapping[str, Any],
    files: Mapping[str, bytes | Path] | None = None,
) -> Entry:
    """Writes down what happens to a product; when it returns, it is on the disk.

    ``files`` are kept beside the store, and the entry names them by their SHA-256.

    Raises:
        BadInput: the store cannot be written, so it must not happen.
    """
    told = {"product": _text(product.name), PRODUCT: product.fingerprint, **content}
    with opened(product, create=True) as store, store.database.writing() as connection:
        if files:
            put = store.artifacts.put
            told[health.FILES] = {name: put(connection, file) for name, file in files.items()}
        return ledger.append(connection, kind, told)


def note_judged(product: Product, judgement: Judgement, kept: bytes) -> Entry:
    """Writes a judgement down with the SHA-256 of the file that keeps it.

    One on sealed cases is kept beside the store too, with product.yaml as it was judged.
    """
    content = {
        "set": _text(judgement.set),
        OUTCOME: str(judgement.outcome),
        "subject": judgement.subject.fingerprint,
        JUDGEMENT: sha256(kept).hexdigest(),
    }
    if judgement.set != "sealed":
        return note(product, CHECKED, content)
    text = product.text.encode("utf-8", "surrogatepass")
    return note(product, CERTIFIED, content, {"judgement": kept, "product.yaml": text})


def show(product: Given = "product.yaml", newest: int | None = 20) -> Listed:
    """The newest entries; None for all of them."""
    with opened(product) as store, store.database.reading() as connection:
        return Listed(
            store.database.place,
            tuple(ledger.entries(connection, newest=newest)),
            ledger.head(connection),
            health.set_back(connection),
        )


def verify(product: Given = "product.yaml", head: str | Path | None = None) -> Verified:
    """Whether every entry is as it was written, and follows the one before.

    ``head`` is a file that ``export`` wrote earlier; it shows that nothing was cut off.

    Raises:
        BadInput: there is no store, or ``head`` is no such file.
    """
    known = None if head is None else read_head(Path(head))
    with opened(product) as store, store.database.reading() as connection:
        broken = ledger.verify(connection, known)
        notes = () if broken else health.set_back(connection)
        return Verified(store.database.place, ledger.head(connection), broken, known, notes)


def head(product: Given = "product.yaml") -> Head:
    """The number and the hash of the last entry: keep them where nobody here can write."""
    with opened(product) as store, store.database.reading() as connection:
        return ledger.head(connection)


def export(file: str | Path, product: Given = "product.yaml") -> Exported:
    """Writes every entry as a line of canonical JSON, and the head to ``FILE.head.json``.

    Raises:
        BadInput: the ledger is not whole, or a file cannot be written.
    """
    target = Path(file)
    head_file = target.with_name(f"{target.name}.head.json")
    with opened(product) as store, store.database.reading() as connection:
        broken = ledger.verify(connection)
        if broken:
            raise ledger.tampered(broken, store.database.place)
        last = ledger.head(connection)
        lines = "".join(f"{ledger.line(one)}\n" for one in ledger.entries(connection))
    told = {"format": HEAD_FORMAT, "number": last.number, "hash": last.hash}
    _write(target, lines)
    _write(head_file, json.dumps(told, indent=2) + "\n")
    return Exported(target, head_file, last)


def read_head(file: Path) -> Head:
    """A head that ``export`` wrote.

    Raises:
        BadInput: it is none.
    """
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        found = Head(told["number"], told["hash"])
        if type(found.number) is not int or len(found.hash) != 64:
            raise ValueError("no number and hash in it")
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BadInput(
            f"this is no head of a ledger: {problem}.",
            code="broken_head",
            where=str(file),
            next_step="Name the .head.json that `roadworthy ledger export` wrote.",
        ) from problem
    return found


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as problem:
        raise unwritable(path, problem) from problem
    finally:
        beside.unlink(missing_ok=True)


def _text(text: str) -> str:
    """Text that JSON can say: YAML lets half a surrogate pair through."""
    return text.encode("utf-8", "backslashreplace").decode()
