"""What `roadworthy store` and `roadworthy ledger` print."""

from __future__ import annotations

from typing import Any

from roadworthy.cli import show
from roadworthy.store.ledger import Entry, Head
from roadworthy.workflow.ledger import Exported, Listed, Verified
from roadworthy.workflow.store import Checked, Moved, Status

KEEP = (
    "Keep a copy where nobody who can write to the store can reach it: only a head that was kept "
    "elsewhere shows that nothing was cut off or written anew."
)
_WHOLE, _BROKEN = "bold green", "bold red"
# what every entry says first is not said again
_COMMON = ("product", "product.yaml")


def status(found: Status) -> None:
    """What the store is, a line each."""
    show.line()
    for name, value in (
        ("Store", f"{found.kind}, {found.place}"),
        ("Revision", found.revision),
        ("Ledger", _told(found.head)),
        ("Files", f"{found.files:,} in {found.artifacts}"),
    ):
        show.line(f"{name:<10}", value, style="bold")


def checked(found: Checked) -> None:
    """Whole or not, and what is wrong."""
    show.line()
    if found.whole:
        show.line("WHOLE", f"  {_told(found.head)}; {found.files:,} files", style=_WHOLE)
    else:
        show.line("NOT WHOLE", f"  {found.place}", style=_BROKEN)
        for problem in found.problems:
            show.line(f"  {problem}")
    _notes(found.notes)


def backed_up(found: Moved) -> None:
    """Where the backup is."""
    show.line(f"{found.file}: {_told(found.head)}; {found.files:,} files.")


def restored(found: Moved) -> None:
    """What the store now holds."""
    show.line(f"Restored and verified: {_told(found.head)}; {found.files:,} files.")
    show.line(f"The store is {found.place}")


def listed(found: Listed) -> None:
    """A table of entries."""
    show.line()
    show.line(f"Ledger of {found.place}", style="bold")
    show.table(
        ("", "when (UTC)", "what", "product", "", "hash"),
        [_row(one) for one in found.entries],
        [""] * len(found.entries),
    )
    before = found.head.number - len(found.entries)
    if before:
        show.line(f"{before:,} earlier entries: `--all` shows them.")
    _notes(found.notes)


def verified(found: Verified) -> None:
    """Whole or tampered with, and which entry."""
    show.line()
    if found.broken is None:
        show.line("WHOLE", f"  {_told(found.head)}", style=_WHOLE)
        if found.against is None:
            show.line(
                "Not compared with a head: entries cut off at the end would not be noticed. "
                "`--head FILE` names one that `roadworthy ledger export` wrote."
            )
        else:
            show.line(f"It holds the head that was kept: entry {found.against.number:,}.")
    else:
        show.line("TAMPERED", f"  entry {found.broken.number}", style=_BROKEN)
        show.line(f"Entry {found.broken.number}: {found.broken.problem}.")
        show.line(
            "Keep a copy of the database as it is, find out who wrote to it, and restore an "
            "earlier backup into a new place."
        )
    _notes(found.notes)


def exported(found: Exported) -> None:
    """Where the files are."""
    show.line(f"{found.file}: {_told(found.head)}; an entry a line.")
    show.line(f"{found.head_file}: the head, {found.head.hash}.")
    show.line(KEEP)


def head(found: Head) -> None:
    """The number and the hash, for a script to keep."""
    show.line(f"{found.number} {found.hash}")


def status_json(found: Status) -> dict[str, Any]:
    """As one JSON object."""
    return {
        "schema": 1,
        "place": found.place,
        "kind": found.kind,
        "revision": found.revision,
        "artifacts": str(found.artifacts),
        "head": head_json(found.head),
        "files": found.files,
    }


def checked_json(found: Checked) -> dict[str, Any]:
    """As one JSON object."""
    return {
        "schema": 1,
        "whole": found.whole,
        "place": found.place,
        "head": head_json(found.head),
        "files": found.files,
        "problems": list(found.problems),
        "notes": list(found.notes),
    }


def moved_json(found: Moved) -> dict[str, Any]:
    """As one JSON object."""
    return {
        "schema": 1,
        "place": found.place,
        "file": str(found.file),
        "head": head_json(found.head),
        "files": found.files,
    }


def listed_json(found: Listed) -> dict[str, Any]:
    """As one JSON object."""
    return {
        "schema": 1,
        "place": found.place,
        "head": head_json(found.head),
        "entries": [_entry_json(one) for one in found.entries],
        "notes": list(found.notes),
    }


def verified_json(found: Verified) -> dict[str, Any]:
    """As one JSON object."""
    broken = found.broken
    return {
        "schema": 1,
        "whole": broken is None,
        "place": found.place,
        "head": head_json(found.head),
        "against": None if found.against is None else head_json(found.against),
        "broken": broken and {"number": broken.number, "problem": broken.problem},
        "notes": list(found.notes),
    }


def exported_json(found: Exported) -> dict[str, Any]:
    """As one JSON object."""
    return {
        "schema": 1,
        "file": str(found.file),
        "head_file": str(found.head_file),
        "head": head_json(found.head),
    }


def head_json(found: Head) -> dict[str, Any]:
    """As one JSON object."""
    return {"number": found.number, "hash": found.hash}


def _entry_json(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at,
        "kind": entry.kind,
        "content": entry.content,
        "previous": entry.previous,
        "hash": entry.hash,
    }


def _row(entry: Entry) -> tuple[str, ...]:
    try:
        content = entry.content
    except ValueError:
        content = {"content": "cannot be read: see `roadworthy ledger verify`"}
    told = [f"{key} {_short(value)}" for key, value in content.items() if key not in _COMMON]
    return (
        f"{entry.number:,}",
        entry.at[:19].replace("T", " "),
        entry.kind.replace("_", " "),
        str(content.get("product", "")),
        ", ".join(told),
        entry.hash[:12],
    )


def _short(value: object) -> str:
    if isinstance(value, dict):
        return " and ".join(value)
    text = str(value)
    return text[:12] if len(text) == 64 else text[:60]


def _told(head: Head) -> str:
    if not head.number:
        return "no entries yet"
    entries = "1 entry" if head.number == 1 else f"{head.number:,} entries"
    return f"{entries}, head {head.hash[:12]}"


def _notes(notes: tuple[str, ...]) -> None:
    for note in notes:
        show.line(f"Note: {note}")
