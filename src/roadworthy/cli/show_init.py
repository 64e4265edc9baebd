"""What `roadworthy init` asks and prints."""

from __future__ import annotations

import sys
from typing import Any

import typer

from roadworthy.cli import show
from roadworthy.io.harmless import harmless
from roadworthy.workflow.guess import Guess, spelled
from roadworthy.workflow.init import Drafted, Person


def person(silent: bool) -> Person | None:
    """Whoever sits at the terminal; None when nobody does, or nothing is to be asked."""
    if silent or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    return Person(_ask, _tell)


def drafted(found: Drafted) -> None:
    """What each column was taken to be, and what to do with the file."""
    show.line()
    table = found.table
    read = "" if table.whole else f"; only the first {table.read:,} were read"
    show.line(
        f"{found.file}: a draft for a {found.guess.task.value} product",
        f"  from {table.file}, {table.rows:,} rows{read}",
        style="bold",
    )
    show.line()
    for head, text in _facts(found.guess):
        show.line(f"{head:<12}{text}")
    show.line()
    for line in _next(found):
        show.line(line)


def drafted_json(found: Drafted) -> dict[str, Any]:
    """What was written, as one JSON object."""
    guess = found.guess
    return {
        "schema": 1,
        "file": str(found.file),
        "task": guess.task,
        "truth": guess.truth.name,
        "positive": None if guess.positive is None else guess.positive.value,
        "id": None if guess.id is None else guess.id.name,
        "unit": None if guess.unit is None else guess.unit.name,
        "answer": None if guess.answer is None else guess.answer.name,
        "calls": [reader.column for reader in guess.readers],
        "slices": list(guess.slices),
        "features": list(guess.features) if guess.answer is None else [],
        "split": found.split,
        "rows": found.table.rows,
        "rows_read": found.table.read,
    }


def _facts(guess: Guess) -> list[tuple[str, str]]:
    facts = [("truth", _truth(guess))]
    facts.append(("id", "none found" if guess.id is None else guess.id.name))
    if guess.unit is not None:
        facts.append(("unit", f"{guess.unit.name} ({guess.unit.distinct:,} of them)"))
    if guess.answer is not None:
        facts.append(("score" if guess.positive else "prediction", guess.answer.name))
    else:
        facts.append(("features", _some(guess.features) or "none found"))
    if guess.readers:
        facts.append(("calls of", _some([reader.column for reader in guess.readers])))
    if guess.slices:
        facts.append(("slices by", _some(guess.slices)))
    if guess.texts and guess.answer is None:
        facts.append(("read as text", _some([column.name for column in guess.texts])))
    if guess.left_out and guess.answer is None:
        facts.append(("left out", _some([f"{name} ({why})" for name, why in guess.left_out])))
    return facts


def _truth(guess: Guess) -> str:
    truth, positive = guess.truth, guess.positive
    if positive is not None:
        share = f"{positive.rows:,} of {truth.rows:,}"
        return f"{truth.name}, positive when {spelled(positive.value)} ({share})"
    if truth.levels and guess.task == "multiclass":
        return f"{truth.name}, {truth.distinct} classes"
    return f"{truth.name}, {truth.low:g} to {truth.high:g}"


def _some(names: list[str] | tuple[str, ...], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _next(found: Drafted) -> list[str]:
    file = found.file
    lines = ["The limits in it are guesses: set your own, then"]
    lines.append(f"  roadworthy plan {file}    how many cases could show them")
    if found.guess.answer is not None:
        lines.append(f"  roadworthy check {file}   a verdict on the answers in the table")
    elif found.split:
        lines.append(f"  roadworthy train {file}   a first model, and `check` a first verdict")
    elif found.guess.id is None:
        lines.append("To train or certify, add a column that names each case, and a split.")
    else:
        lines.append("There are too few cases to train and judge on: add cases, then a split.")
    return lines


def _ask(question: str, default: str) -> str:
    answer: str = typer.prompt(harmless(question), default=harmless(default) or None)
    return answer.strip() or default


def _tell(text: str) -> None:
    show.line(text, style="yellow")
