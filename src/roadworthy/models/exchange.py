"""What a model elsewhere is sent, and what it answers: JSON, case by case, matched by id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import isfinite
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Task
from roadworthy.io.nearest import nearest

ID = "id"
WORDS = {Task.BINARY: "score", Task.MULTICLASS: "class", Task.REGRESSION: "value"}
_ROWS = 4096
_EXAMPLES = 5


def to_send(cases: pl.DataFrame, needs: tuple[str, ...]) -> pl.DataFrame:
    """The columns ``id`` (text) and ``needs``: what a model may see of each case, and no more.

    Raises:
        BadInput: a column cannot be told in JSON, or is called ``id`` and is not the cases' id.
    """
    ids = cases[columns.ID].alias(ID)
    if ID in needs and not cases[ID].cast(pl.String, strict=False).eq_missing(ids).all():
        raise _unsendable(
            ID, "is another column than the cases' own id, which is sent by that name"
        )
    for name in needs:
        kind = cases.schema[name]
        if kind.base_type() in (pl.Binary, pl.Object):
            raise _unsendable(name, "holds bytes or objects, which JSON cannot tell")
        if kind.is_float() and (endless := cases[name].is_infinite().fill_null(False)).any():
            first = cases[columns.ID].filter(endless)[0]
            raise _unsendable(name, f"is infinite in case {first}, which JSON cannot tell")
    return cases.select(ids, *(pl.col(name) for name in needs if name != ID))


def json_lines(table: pl.DataFrame) -> Iterator[bytes]:
    """One JSON object a row and line, in pieces of some thousand rows; missing and NaN are null.

    >>> list(json_lines(pl.DataFrame({"id": ["a"], "age": [61]})))
    [b'{"id":"a","age":61}\\n']
    """
    for part in table.iter_slices(_ROWS):
        yield part.write_ndjson().encode()


class Awaited:
    """The answers that a table of cases waits for: each exactly once, each of the right kind.

    ``who`` names the model in what is told. ``cases`` needs ``@id``; where it has ``@inside``, a
    case out of scope may be answered with null, since a person decides it.
    """

    def __init__(self, cases: pl.DataFrame, task: Task, who: str) -> None:
        self.who, self.task, self.word = who, task, WORDS[task]
        self.ids: list[str] = cases[columns.ID].to_list()
        self.places = {case: place for place, case in enumerate(self.ids)}
        outside = columns.INSIDE in cases.columns and task is Task.BINARY
        self._may_lack = (~cases[columns.INSIDE]).to_list() if outside else None
        self._found: list[Any] = [None] * len(self.ids)
        self._from: list[str | None] = [None] * len(self.ids)
        self.count = 0

    def take_text(self, text: bytes, where: str) -> None:
        """One JSON object, as bytes; ``where`` says where it was read."""
        self.take(read_json(text, where, self.who, one="answer"), where)

    def take(self, answer: object, where: str) -> None:
        """One answer, such as ``{"id": "c7", "score": 0.31}``; other keys are left aside.

        Raises:
            BadInput: it is no such object, or is of an unknown case, or a second one of a case.
        """
        if not isinstance(answer, dict):
            raise self._wrong(where, f"is not an object but {told(answer)}", answer)
        place = self._place(answer, where)
        case = self.ids[place]
        if self._from[place] is not None:
            message = f"answers case {case} a second time; the first was {self._from[place]}"
            raise self._wrong(where, message, case, "Answer every case once.")
        if self.word not in answer:
            keys = ", ".join(map(str, answer)) or "none"
            raise self._wrong(where, f"gives case {case} no `{self.word}` (its keys: {keys})", case)
        self._found[place] = self._value(answer[self.word], place, where)
        self._from[place] = where
        self.count += 1

    def lacking(self, ids: list[str]) -> list[str]:
        """Those of ``ids`` that were not answered yet."""
        return [case for case in ids if self._from[self.places[case]] is None]

    def series(self, more: str = "") -> pl.Series:
        """All answers in the order of the cases; ``more`` is what else is known when some lack.

        Raises:
            BadInput: a case was not answered.
        """
        lacking = self.lacking(self.ids)
        if lacking:
            first = ", ".join(lacking[:_EXAMPLES]) + (", ..." if len(lacking) > _EXAMPLES else "")
            raise BadInput(
                f"{len(lacking)} of {len(self.ids)} cases were not answered: {first}.{more}",
                code="missing_answer",
                where=self.who,
                value=lacking[0],
                next_step="Answer every case that is read, or say why not and exit with 1.",
            )
        kind = pl.String if self.task is Task.MULTICLASS else pl.Float64
        return pl.Series(self.word, self._found, dtype=kind)

    def _place(self, answer: dict[Any, Any], where: str) -> int:
        if ID not in answer:
            keys = ", ".join(map(str, answer)) or "none"
            raise self._wrong(where, f"names no case: it has no `{ID}` (its keys: {keys})", None)
        found = answer[ID]
        # a number for a text of digits is what a data frame makes of it; 1.0 or true is not
        case = str(found) if isinstance(found, int) and not isinstance(found, bool) else found
        place = self.places.get(case) if isinstance(case, str) else None
        if place is not None:
            return place
        close = nearest(str(found), self.ids[:1000])
        hint = f" Is `{close}` meant?" if close else ""
        raise self._wrong(
            where,
            f"answers case {told(found)}, which was not asked",
            found,
            f"Give every id back as it came, as text.{hint}",
        )

    def _value(self, value: object, place: int, where: str) -> object:
        if value is None and self._may_lack is not None and self._may_lack[place]:
            return None
        case = f"case {self.ids[place]}"
        if self.task is Task.MULTICLASS:
            return self._class(value, case, where)
        if isinstance(value, bool) or not isinstance(value, int | float):
            step = "Write a number, without quotes: 0.31."
            raise self._wrong(where, f"gives {case} the {self.word} {told(value)}", value, step)
        return self._number(value, case, where)

    def _class(self, value: object, case: str, where: str) -> str:
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, float) and value.is_integer():
            return str(int(value))  # 3.0 is the class 3, as in a table with gaps
        step = "A class is text, spelt as in the truth column."
        raise self._wrong(where, f"gives {case} the class {told(value)}", told(value), step)

    def _number(self, value: int | float, case: str, where: str) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if self.task is Task.BINARY and not 0.0 <= number <= 1.0:
            step = "A score is a number from 0 to 1: the higher, the more surely positive."
            raise self._wrong(where, f"gives {case} the score {told(value)}", told(value), step)
        if not isfinite(number):
            step = "A value is a finite number."
            raise self._wrong(where, f"gives {case} the value {told(value)}", told(value), step)
        return number

    def _wrong(self, where: str, what: str, value: object, next_step: str = "") -> BadInput:
        form = f'{{"id": ..., "{self.word}": ...}}'
        return BadInput(
            f"{where} {what}.",
            code="bad_answer",
            where=self.who,
            value=value,
            next_step=next_step or f"An answer is one JSON object a case: {form}.",
        )


def read_json(text: bytes, where: str, who: str, one: str) -> Any:
    """What ``text`` says as JSON; a key that is written twice is refused.

    Raises:
        BadInput: it is not UTF-8, or not JSON.
    """
    try:
        return json.loads(text.decode(), object_pairs_hook=_once)
    except UnicodeDecodeError as problem:
        raise _garbage(where, who, f"is not UTF-8: {excerpt(text)}", one) from problem
    except (ValueError, RecursionError) as problem:
        raise _garbage(where, who, f"is not JSON: {excerpt(text)}", one) from problem


def told(value: object) -> str:
    """A value from outside, short enough for a sentence."""
    return excerpt(json.dumps(value, default=str, ensure_ascii=False).encode(errors="replace"))


def excerpt(text: bytes, most: int = 80) -> str:
    """The beginning of what came, on one line.

    >>> excerpt(b"Loading model ...")
    'Loading model ...'
    """
    shown = " ".join(text[: 4 * most].decode(errors="replace").split())
    return shown if len(shown) <= most else f"{shown[: most - 4]} ..."


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is written twice")
    return found


def _garbage(where: str, who: str, what: str, one: str) -> BadInput:
    return BadInput(
        f"{where} {what}",
        code="not_json",
        where=who,
        next_step="Print one JSON object a line and nothing else; what is meant for people goes to "
        "standard error."
        if one == "answer"
        else "Answer a JSON array of objects, one a case.",
    )


def _unsendable(name: str, what: str) -> BadInput:
    return BadInput(
        f"The column '{name}' {what}.",
        code="unsendable_column",
        where="data.features",
        value=name,
        next_step="Rename or correct it, or name the columns to send: `data: {features: [...]}`.",
    )
