"""All that is wrong with one file, told as one error: the first by line, and how many more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from roadworthy.core.errors import BadInput
from roadworthy.io.shapes import FAULT, Fault, shown
from roadworthy.io.yaml_lines import Document, KeyPath


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it was written, what was found, what to do next."""

    path: KeyPath
    message: str
    next_step: str
    code: str = "wrong_value"


@dataclass(frozen=True)
class Page:
    """The file that is being read: its name, what it says, and in which line."""

    name: str
    document: Document

    def value(self, path: KeyPath) -> Any:
        """What was written at ``path``; None when nothing was."""
        found: Any = self.document.value
        for key in path:
            if isinstance(found, dict):
                found = found.get(key)
            elif isinstance(found, list) and isinstance(key, int) and key < len(found):
                found = found[key]
            else:
                return None
        return found

    def title(self, path: KeyPath) -> str:
        """What a person would call the place.

        ``("data", "truth")`` is ```data.truth```; a requirement goes by its id or metric.
        """
        if not path:
            return "The file"
        if path[0] != "requirements" or len(path) == 1:
            return f"`{_dotted(path)}`"
        name = f"requirement {self._requirement(path)}"
        return name.capitalize() if len(path) == 2 else f"`{_dotted(path[2:])}` of {name}"

    def _requirement(self, path: KeyPath) -> str:
        written = self.value(path[:2])
        names = [written.get(key) for key in ("id", "metric")] if isinstance(written, dict) else []
        named = [name for name in names if isinstance(name, str)]
        return f"'{named[0]}'" if named else f"{int(path[1]) + 1}"

    def refuse(self, problems: Iterable[Problem]) -> None:
        """Raise the first problem by line, with the number of the others; none: return.

        Raises:
            BadInput: there is at least one problem.
        """
        found = sorted({p.path: p for p in reversed(list(problems))}.values(), key=self._order)
        if not found:
            return
        first, others = found[0], found[1:]
        line = self.document.line(first.path)
        raise BadInput(
            f"{self.title(first.path)} {first.message}.",
            code=first.code,
            where=self.name if line is None else f"{self.name}:{line}",
            # whoever mistypes the address of a database may have written its password too
            value=None if first.path[:1] == ("store",) else self.value(first.path),
            next_step=first.next_step + self._and_more(others),
        )

    def _order(self, problem: Problem) -> int:
        return self.document.line(problem.path) or 0

    def _and_more(self, others: list[Problem]) -> str:
        if not others:
            return ""
        lines = list(dict.fromkeys(str(self._order(p)) for p in others if self._order(p)))
        places = f" (line{'s' * (len(lines) > 1)} {', '.join(lines[:5])})" if lines else ""
        count = "1 more problem" if len(others) == 1 else f"{len(others)} more problems"
        return f" There {'is' if len(others) == 1 else 'are'} {count}{places}."

    def problems(self, error: ValidationError, at: KeyPath = ()) -> Iterator[Problem]:
        """What pydantic found wrong with the value at ``at``, in our words."""
        for detail in error.errors(include_url=False):
            path = self._written_path(at, detail["loc"])
            for fault in _faults(detail):
                yield Problem((*path, *fault.keys), fault.message, fault.next_step, fault.code)

    def _written_path(self, at: KeyPath, location: KeyPath) -> KeyPath:
        """Pydantic's location without the names of union members, which nobody wrote."""
        path = at
        for key in location:
            found = self.value(path)
            inside = isinstance(found, dict) and key in found
            if inside or (isinstance(found, list) and isinstance(key, int)):
                path = (*path, key)
        return path


_PLAIN = {
    "list_type": ("must be a list", "Write [a, b], or one `- item` a line."),
    "tuple_type": ("must be a list", "Write [a, b], or one `- item` a line."),
    "dict_type": ("must be a mapping of keys", "Write {key: value}, or one `key: value` a line."),
}


def _faults(detail: ErrorDetails) -> tuple[Fault, ...]:
    if detail["type"] == FAULT:
        found: tuple[Fault, ...] = detail["ctx"]["faults"]
        return found
    if detail["type"] == "missing":
        key = str(detail["loc"][-1])
        return (Fault("is missing", f"Add `{key}: ...`.", "missing_key", key),)
    value = shown(detail["input"])
    message, step = _PLAIN.get(detail["type"], ("has the wrong shape", "See `roadworthy schema`."))
    return (Fault(f"{message}, not {value}", step),)


def _dotted(path: KeyPath) -> str:
    words = [f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in path]
    return "".join(words).removeprefix(".")
