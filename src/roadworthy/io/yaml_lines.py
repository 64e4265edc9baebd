"""YAML without surprises, and with the line of every key, so that an error can name it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, cast

import yaml

from roadworthy.core.errors import BadInput

KeyPath: TypeAlias = tuple[str | int, ...]

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 20

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOT_FINITE = {".inf", ".Inf", ".INF", "+.inf", "-.inf", ".nan", ".NaN", ".NAN"}
# a number with leading zeros, or with more digits than 64 bits hold, is an id: it stays text
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+))"
    r"|[-+]?\.[0-9]+[eE][-+]?[0-9]+"
)


@dataclass(frozen=True)
class Document:
    """Plain values (dict, list, text, number, bool, None) and the line of every key and item."""

    value: object
    lines: dict[KeyPath, int]

    def line(self, path: KeyPath) -> int | None:
        """The line of ``path``, or of the nearest thing around it that was written."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def read_yaml(text: str, file: str) -> Document:
    """The one document in ``text``.

    Scalars follow the core schema of YAML 1.2: ``yes``, ``no``, ``on``, ``off``, dates and
    ``1:30`` are text, ``1e-3`` is a number, ``007`` stays text. Anchors, aliases and tags are
    refused, and so is a key that is written twice.

    >>> read_yaml("positive: yes", "product.yaml").value
    {'positive': 'yes'}

    Raises:
        BadInput: the text is no such document; ``where`` names the line.
    """
    if len(text) > MAX_CHARACTERS:
        raise _bad(file, None, f"has {len(text):,} characters", "Keep it under a million.")
    return _Reader(text, file).document()


def scalar(text: str) -> object:
    """What an unquoted scalar means.

    >>> scalar("1e-3"), scalar("007"), scalar("2024-03-01"), scalar("no")
    (0.001, '007', '2024-03-01', 'no')
    """
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if text in _NOT_FINITE:
        return float(text.replace(".", ""))
    return float(text) if _FLOAT.fullmatch(text) else text


class _Reader:
    """Builds values from parser events: an alias is never expanded, depth is bounded."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.lines: dict[KeyPath, int] = {}
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)

    def document(self) -> Document:
        try:
            return self._document()
        except yaml.MarkedYAMLError as reason:
            raise self._syntax(reason) from reason
        except yaml.reader.ReaderError as reason:
            line = self.text.count("\n", 0, reason.position) + 1
            what = f"holds the unprintable character U+{int(reason.character):04X}"
            raise _bad(self.file, line, what, "Remove it.") from reason

    def _document(self) -> Document:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            raise _bad(self.file, None, "is empty", "Begin with `version: 1`.")
        value = self._value(next(self.events), ())
        next(self.events)  # the end of the document
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _bad(self.file, _line(after), "holds a second document", "Remove the `---`.")
        return Document(value, self.lines)

    def _value(self, event: yaml.Event, path: KeyPath) -> object:
        self._refuse_magic(event, path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        found = cast(yaml.ScalarEvent, event)
        return scalar(found.value) if found.style is None else found.value

    def _refuse_magic(self, event: yaml.Event, path: KeyPath) -> None:
        line = _line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            what = "uses an anchor or an alias (& or *), which are not read here"
            raise _bad(self.file, line, what, "Write the value out, or put it in quotes.")
        tag = getattr(event, "tag", None)
        if tag:
            what = f"uses the tag '{tag}', which is not read here"
            raise _bad(self.file, line, what, "Remove the tag, or put the value in quotes.")
        if len(path) > MAX_DEPTH:
            what = f"is nested more than {MAX_DEPTH} levels deep"
            raise _bad(self.file, line, what, "Nothing in product.yaml is that deep: flatten it.")

    def _mapping(self, path: KeyPath) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, path)
            here = (*path, key)
            if key in found:
                what = f"has the key `{key}` twice, first in line {self.lines[here]}"
                raise _bad(self.file, _line(event), what, "Remove one of them.", value=key)
            self.lines[here] = _line(event)
            found[key] = self._value(next(self.events), here)
        return found

    def _key(self, event: yaml.Event, path: KeyPath) -> str:
        self._refuse_magic(event, path)
        if not isinstance(event, yaml.ScalarEvent):
            what = "has a list or a mapping as a key"
            raise _bad(self.file, _line(event), what, "A key is one word.")
        return str(event.value)

    def _sequence(self, path: KeyPath) -> list[object]:
        found: list[object] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            here = (*path, len(found))
            self.lines[here] = _line(event)
            found.append(self._value(event, here))
        return found

    def _syntax(self, reason: yaml.MarkedYAMLError) -> BadInput:
        mark = reason.problem_mark or reason.context_mark
        number = mark.line if mark else 0
        line = dict(enumerate(self.text.splitlines())).get(number, "")
        if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in str(reason.problem):
            what, then = "holds a tab where YAML wants spaces", "Indent with spaces."
        else:
            what = f"is not YAML: {reason.problem}"
            then = "Check the indentation, colons, quotes and brackets of this line and the last."
        return _bad(self.file, number + 1, what, then, value=line.strip())


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _bad(file: str, line: int | None, what: str, next_step: str, value: object = None) -> BadInput:
    where = file if line is None else f"{file}:{line}"
    subject = "The file" if line is None else "This line"
    return BadInput(
        f"{subject} {what}.", code="yaml", where=where, value=value, next_step=next_step
    )
