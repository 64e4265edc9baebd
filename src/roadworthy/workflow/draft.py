"""Writes a guess down as a commented product.yaml that a team can read, correct and keep."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from textwrap import wrap

import yaml

from roadworthy.core.product import Task
from roadworthy.io.harmless import harmless
from roadworthy.io.yaml_lines import scalar
from roadworthy.workflow.guess import Guess

WIDTH = 98
COLUMN = 34
MOST_NOTED = 12
FRACTIONS = "{train: 0.50, validation: 0.25, sealed: 0.25, seed: 7}"
HALVES = "{validation: 0.50, sealed: 0.50, seed: 7}"

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Table:
    """Where the cases are: how product.yaml names the file, and how much of it was read."""

    file: str
    rows: int
    read: int
    columns: int

    @property
    def whole(self) -> bool:
        return self.read == self.rows

    def __str__(self) -> str:
        return f"{plain(self.file)} ({self.rows:,} rows, {self.columns:,} columns)"


def draft(found: Guess, name: str, table: Table, split: str | None) -> str:
    """The text of product.yaml; ``split`` is what stands behind ``split:``, None: no split."""
    body = [
        *_head(table),
        "version: 1",
        f"product: {quoted(name)}",
        "# purpose: say here what it is for, and for whom",
        *_task(found),
        "data:",
        *(f"  {line}" for lines in _data(found, table, split) for line in lines.split("\n")),
        *_decision(found, split),
        *_requirements(found),
    ]
    return "\n".join(body) + "\n"


def quoted(value: bool | int | str) -> str:
    r"""A value as YAML reads it back, in quotes only where it needs them.

    >>> print(quoted("size"), quoted("no: 1"), quoted("007"), quoted(True))
    size "no: 1" "007" true
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if _PLAIN.fullmatch(value) and scalar(value) == value:
        return value
    return yaml.safe_dump(value, default_style='"', allow_unicode=True, width=math.inf).strip()


def plain(text: str) -> str:
    """Text from outside for a comment: on one line, and nothing in it that hides or breaks."""
    return " ".join(harmless(text).split()) or '""'


def limit_of(error: float) -> float:
    """A number with two digits, as a person would write one."""
    return float(f"{error:.2g}")


def _head(table: Table) -> Iterator[str]:
    yield f"# Drafted by `roadworthy init` from {table}."
    if not table.whole:
        yield f"# Only the first {table.read:,} rows were read; the others may differ."
    yield "# What the columns mean was guessed from names and values: read and correct every line."
    yield "# Every limit and target below is a guess too. The team must set them, and say why."


def _task(found: Guess) -> Iterator[str]:
    if found.task is not Task.BINARY:
        classes = f"{found.truth.distinct} classes" if found.task is Task.MULTICLASS else ""
        yield _noted(f"task: {found.task.value}", classes, COLUMN)


def _data(found: Guess, table: Table, split: str | None) -> Iterator[str]:
    yield f"cases: {quoted(table.file)}"
    if found.id is not None:
        yield _noted(f"id: {quoted(found.id.name)}", "names each case")
    else:
        yield "# id: no column names each case; without one nothing can be split, so not certified"
    yield from _unit(found)
    yield from _truth(found)
    yield from _answer(found)
    if found.task is Task.MULTICLASS:
        note = "only if classes are as frequent here as in later use"
        yield _noted("prevalence: as_sampled", note)
    yield from _features(found)
    yield from _split(found, split)
    yield from _calls(found)
    yield "# cohort: say here who these cases are, and what does not follow from them"


def _unit(found: Guess) -> Iterator[str]:
    if found.unit is not None:
        of = f"{found.unit.distinct:,} in {found.unit.rows:,} rows"
        yield _noted(f"unit: {quoted(found.unit.name)}", f"{of}; cases of one depend on each other")
    else:
        yield "# unit: the column with the patient, drive or lot, when several cases come from one"


def _truth(found: Guess) -> Iterator[str]:
    truth = f"truth: {quoted(found.truth.name)}"
    if found.positive is None or found.negative is None:
        ends = f"{found.truth.low:g} to {found.truth.high:g}"
        yield _noted(truth, ends) if found.task is Task.REGRESSION else truth
        return
    other = plain(quoted(found.negative.value))
    yield truth
    share = f"{found.positive.rows:,} of {found.truth.rows:,} rows"
    yield _noted(f"positive: {quoted(found.positive.value)}", f"{share}; the others are {other}")


def _answer(found: Guess) -> Iterator[str]:
    key = "score" if found.task is Task.BINARY else "prediction"
    if found.answer is not None:
        yield _noted(f"{key}: {quoted(found.answer.name)}", "already there: no model is trained")
    for name in found.other_answers[:MOST_NOTED]:
        yield f"# another {key}: {plain(quoted(name))}; `roadworthy compare` tells which is better"


def _features(found: Guess) -> Iterator[str]:
    if found.answer is not None:
        return
    if not found.features:
        yield "# features: no column is left that a model could learn from"
        return
    yield "# what a model may see: remove what is not yet known when the product must decide"
    yield from _list("features", found.features)
    for column in found.texts[:1]:
        more = [one.name for one in found.texts[1:]]
        named = ", ".join(quoted(name) for name in (column.name, *more))
        note = f"{column.told:.0f} words on average: read as text; remove what only names a case"
        yield _noted(f"text: [{named}]", note)
    for name, why in found.left_out[:MOST_NOTED]:
        yield f"# not {plain(quoted(name))}: {plain(why)}"
    if len(found.left_out) > MOST_NOTED:
        yield f"# and {len(found.left_out) - MOST_NOTED} more were left out"


def _list(key: str, names: Sequence[str]) -> Iterator[str]:
    """A flow list, broken between its items."""
    line = f"{key}: ["
    for place, name in enumerate(names):
        item = quoted(name) + ("]" if place == len(names) - 1 else ",")
        if len(line) + len(item) > WIDTH - 4 and not line.endswith(("[", "  ")):
            yield line.rstrip()
            line = "  "
        line += f"{item} "
    yield line.rstrip()


def _split(found: Guess, split: str | None) -> Iterator[str]:
    if split is not None:
        yield "# train fits, validation chooses, sealed judges once: change it only before you look"
        yield f"split: {split}"
    elif found.id is not None and found.answer is not None:
        yield f"# split: {HALVES}  # to seal half for `roadworthy certify`"
    if found.date is not None and found.id is not None:
        yield f"# split: {{by: {plain(quoted(found.date))}}}  # would seal the newest cases instead"


def _calls(found: Guess) -> Iterator[str]:
    for name in found.unread:
        told = plain(quoted(name))
        words = f"{told}: {{column: {told}, positive: [], negative: []}}"
        yield f"# calls: {{{words}}}  # which values call it positive?"
    if not found.readers:
        return
    yield "# somebody's own calls on the same cases, to compare with"
    yield "calls:"
    for reader in found.readers:
        name = quoted(reader.column)
        levels = f"positive: [{quoted(reader.positive)}], negative: [{quoted(reader.negative)}]"
        value = f"{{column: {name}, {levels}}}"
        # YAML wants a question mark before a very long key
        yield f"  {name}: {value}" if len(name) < WIDTH else f"  ? {name}\n  : {value}"


def _decision(found: Guess, split: str | None) -> Iterator[str]:
    if found.task is not Task.BINARY:
        return
    chosen = found.answer is None and split is not None
    threshold = "auto" if chosen else "0.5"
    note = "chosen on the validation cases" if chosen else "positive from this score on"
    yield _noted(f"decision: {{threshold: {threshold}}}", note, COLUMN)


def _requirements(found: Guess) -> Iterator[str]:
    yield "requirements:"
    yield "  # at_least or at_most must be proven; target is what you expect, and plans the cases."
    yield "  # All of them are guesses: set your own, and add `because:` with the reason."
    blocks = {
        Task.BINARY: _binary,
        Task.MULTICLASS: _multiclass,
        Task.REGRESSION: _regression,
    }[found.task]
    yield from blocks(found)
    yield "  # more metrics: `roadworthy explain`; cases that may never be missed: `named_cases`"


def _binary(found: Guess) -> Iterator[str]:
    yield from _one(found, "finds-positives", "sensitivity", ["at_least: 0.90", "target: 0.95"])
    yield from _one(found, "spares-negatives", "specificity", ["at_least: 0.80", "target: 0.90"])
    for reader in found.readers[:1]:
        yield "  - id: no-worse-than-reader"
        yield "    metric: sensitivity"
        yield f"    against: {quoted(reader.column)}"
        yield "    max_drop: 0.05"
        yield "    target: 0.0"
        note = "shown only; remove it and it gates the product"
        yield _noted("    tier: advisory", note, COLUMN)


def _multiclass(found: Guess) -> Iterator[str]:
    yield from _one(found, "right-class", "accuracy", ["at_least: 0.80", "target: 0.90"])
    rarest = found.truth.levels[-1].value
    yield "  # a class that matters by itself:"
    yield (
        f"  # - {{id: finds-one, metric: recall, of_class: {_as_text(rarest)}, at_least: 0.80, "
        "target: 0.90}"
    )


def _regression(found: Guess) -> Iterator[str]:
    truth = found.truth
    largest = _rounded_up(truth.high - truth.low)
    usual = truth.scatter if truth.scatter > 0 else 0.2 * largest
    limit = limit_of(0.5 * usual)
    target = limit_of(0.8 * limit)
    yield (
        f"  # always answering the median is {limit_of(usual):g} off on average; half of that is "
        "the guess"
    )
    words = [f"at_most: {limit:g}", f"target: {target:g}"]
    most = _noted(f"max_error: {largest:g}", "the largest error that can ever happen")
    yield from _one(found, "close-enough", "mae", [*words, most])


def _one(found: Guess, id_: str, metric: str, words: Sequence[str]) -> Iterator[str]:
    yield f"  - id: {id_}"
    yield f"    metric: {metric}"
    for word in words:
        yield f"    {word}"
    if found.slices:
        rules = ", ".join(f"{{by: {quoted(name)}}}" for name in found.slices)
        yield f"    slices: [{rules}]"
    elif found.also_slices:
        rules = ", ".join(f"{{by: {plain(quoted(name))}}}" for name in found.also_slices[:2])
        yield f"    # slices: [{rules}]  # to require it of each part as well"


def _as_text(value: bool | int | str) -> str:
    """A class as the metric wants it: text, also when the table holds numbers."""
    return plain(quoted(value if isinstance(value, str) else str(value)))


def _rounded_up(value: float) -> float:
    """At least ``value``, with two digits."""
    exact = Decimal(repr(value))
    return float(exact.quantize(Decimal(1).scaleb(exact.adjusted() - 1), rounding=ROUND_CEILING))


def _noted(line: str, note: str, column: int = COLUMN - 2) -> str:
    """A line with a comment; a long one has it on lines of its own before."""
    if not note:
        return line
    told = (
        f"{line:<{column}}  # {plain(note)}" if len(line) < column else f"{line}  # {plain(note)}"
    )
    if len(told) <= WIDTH + 20:
        return told
    before = wrap(plain(note), WIDTH, initial_indent="# ", subsequent_indent="# ")
    return "\n".join([*before, line])
