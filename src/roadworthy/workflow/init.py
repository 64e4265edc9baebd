"""init: from a table of cases to a commented product.yaml that waits for the team's limits."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Task
from roadworthy.core.shown import Shown
from roadworthy.io.product_yaml import parse_product
from roadworthy.io.table_sample import Sample, sample
from roadworthy.workflow.draft import FRACTIONS, Table, draft, quoted
from roadworthy.workflow.guess import (
    NONE,
    Guess,
    Told,
    candidates,
    guess,
    spelled,
)
from roadworthy.workflow.profile import Column, profile
from roadworthy.workflow.source import load_cases

FEWEST_SPLIT = 40
FEWEST_OF_A_LEVEL = 12
QUESTIONS = {
    "truth": "Which column holds the truth",
    "positive": "Which of its values is the positive one",
    "id": "Which column names each case (- for none)",
    "unit": "Which column groups cases that depend on each other, such as a patient (- for none)",
    "score": "Which column holds scores or predictions already (- for none)",
}


@dataclass(frozen=True)
class Person:
    """Somebody at a terminal: ``ask`` puts a question with its default, ``tell`` says more."""

    ask: Callable[[str, str], str]
    tell: Callable[[str], None]


@dataclass(frozen=True)
class Drafted(Shown):
    """The file that was written, and what the columns were taken to be."""

    file: Path
    guess: Guess
    table: Table
    split: bool

    def __repr__(self) -> str:
        return f"<Drafted {str(self.file)!r}>"

    @property
    def headline(self) -> str:
        """Where the draft stands."""
        return str(self.file)


def init(
    table: str | Path,
    out: str | Path = "product.yaml",
    told: Told | None = None,
    person: Person | None = None,
) -> Drafted:
    """Drafts product.yaml from the CSV or Parquet file ``table``; one that exists is left alone.

    ``person`` is asked what was not told, with the best guess as default; without one nobody is.

    Raises:
        BadInput: the table cannot be read, its truth cannot be told, or ``out`` exists.
    """
    table, out = _path(table, "table"), _path(out, "out")
    out = out / "product.yaml" if out.is_dir() else out
    _refuse_existing(out)
    read = sample(table)
    columns = profile(read.frame)
    told = told or Told()
    told = told if person is None else _asked(columns, told, person)
    found = guess(columns, told, _same(read.frame))
    about = Table(_relative(table, out), read.rows, read.frame.height, len(read.frame.columns))
    text, split = _checked(found, table.stem, about, out, read)
    _write(out, text)
    return Drafted(out, found, about, split)


def _path(given: object, argument: str) -> Path:
    if isinstance(given, str | Path):
        return Path(given)
    raise BadInput(
        f"A {type(given).__name__} is no path, and product.yaml names its cases by their file.",
        code="not_a_path",
        where=argument,
        value=type(given).__name__,
        next_step="Write the table to a CSV or Parquet file, and name that.",
    )


def _checked(found: Guess, stem: str, table: Table, out: Path, read: Sample) -> tuple[str, bool]:
    """The draft with the best split that the table allows; nothing is written before it is read."""
    name = re.sub(r"\s+", " ", stem).strip() or "product"
    splits = _splits(found)
    for split in splits:
        text = draft(found, name, table, split)
        product = parse_product(text, out)
        if not read.whole:
            return text, split is not None
        try:
            load_cases(product)
        except BadInput:
            if split is splits[-1]:
                raise
            continue
        return text, split is not None
    raise AssertionError("the last split is always tried")


def _splits(found: Guess) -> list[str | None]:
    """What could stand behind `split:`, the best first; a table with answers may stay whole."""
    if found.id is None:
        return [None]
    named = [] if found.split is None else [f"{{column: {quoted(found.split)}}}"]
    fewest = min((level.rows for level in found.truth.levels), default=found.truth.rows)
    if found.task is Task.REGRESSION:
        fewest = found.truth.rows
    enough = found.truth.rows >= FEWEST_SPLIT and fewest >= FEWEST_OF_A_LEVEL
    parted = [FRACTIONS] if found.answer is None and enough else []
    return [*named, *parted, None]


def _asked(columns: Sequence[Column], told: Told, person: Person) -> Told:
    """What the user answers, question by question; each default is the best guess so far."""
    for key, question in QUESTIONS.items():
        if getattr(told, key) is None and (key != "positive" or _binary(columns, told)):
            default = _default(columns, told, key)
            told = _answered(columns, told, key, question, default, person)
    return told


def _answered(
    columns: Sequence[Column], told: Told, key: str, question: str, default: str, person: Person
) -> Told:
    """Asks until the answer fits the table."""
    while True:
        answer = replace(told, **{key: person.ask(question, default)})
        try:
            guess(columns, answer, _unlike)
        except BadInput as problem:
            person.tell(f"{problem.message} {problem.next_step}")
            continue
        return answer


def _default(columns: Sequence[Column], told: Told, key: str) -> str:
    try:
        found = guess(columns, told, _unlike)
    except BadInput:  # only the truth can be untold: it is asked first
        return next((column.name for column in candidates(columns)), "")
    if key == "positive":
        return "" if found.positive is None else spelled(found.positive.value)
    column = found.answer if key == "score" else getattr(found, key)
    return NONE if column is None else str(column.name)


def _binary(columns: Sequence[Column], told: Told) -> bool:
    return guess(columns, told, _unlike).task is Task.BINARY


def _unlike(one: str, other: str) -> bool:
    return False


def _same(frame: pl.DataFrame) -> Callable[[str, str], bool]:
    def same(one: str, other: str) -> bool:
        pairs = frame.select(pl.struct(one, other).n_unique()).item()
        return bool(pairs == frame[one].n_unique() == frame[other].n_unique())

    return same


def _relative(table: Path, out: Path) -> str:
    try:
        return Path(os.path.relpath(table, out.parent)).as_posix()
    except ValueError:  # another drive
        return table.resolve().as_posix()


def _refuse_existing(out: Path) -> None:
    if out.exists() or out.is_symlink():
        raise BadInput(
            f"'{out}' exists, and nobody's requirements are overwritten.",
            code="file_exists",
            where=out.name,
            value=str(out),
            next_step="Name another file: `--out FILE`.",
        )
    if not out.parent.is_dir():
        raise BadInput(
            f"There is no folder '{out.parent}'.",
            code="missing_folder",
            where=out.name,
            value=str(out.parent),
            next_step="Make it first, or name another file: `--out FILE`.",
        )


def _write(out: Path, text: str) -> None:
    try:
        # exclusively: what somebody wrote in the meantime stays
        with out.open("x", encoding="utf-8") as file:
            try:
                file.write(text)
            except BaseException:
                out.unlink(missing_ok=True)
                raise
    except FileExistsError:
        _refuse_existing(out)
    except OSError as problem:
        raise BadInput(
            f"'{out}' cannot be written: {problem.strerror or problem}.",
            code="unwritable",
            where=out.name,
            value=str(out),
            next_step="Name another file: `--out FILE`.",
        ) from problem
