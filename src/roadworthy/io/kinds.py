"""Plain values read back into frozen dataclasses: a text in place of a number is refused."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def read(kind: type[T], stored: object) -> T:
    """``stored`` (mappings, lists, texts, numbers) as an instance of a dataclass, all the way down.

    A field that is missing takes its default; one that is unknown is left out.

    Raises:
        ValueError: a value is missing, or of another kind than its field.
    """
    found: T = _read(kind, stored, kind.__name__)
    return found


def _read(kind: Any, stored: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _one_of(get_args(kind), stored, where)
    if origin is tuple:
        return _tuple(get_args(kind), stored, where)
    if origin is Literal:
        return _word(get_args(kind), stored, where)
    if origin in (dict, Mapping):
        key, value = get_args(kind)
        pairs = _require(stored, dict, where).items()
        return {_read(key, k, where): _read(value, v, f"{where}.{k}") for k, v in pairs}
    if is_dataclass(kind):
        return _dataclass(kind, _require(stored, dict, where), where)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(_require(stored, str, where))
    if kind is float and isinstance(stored, int) and not isinstance(stored, bool):
        return float(stored)
    return _require(stored, kind, where)


def _word(words: tuple[Any, ...], stored: Any, where: str) -> Any:
    # True == 1, and a list has no hash
    if not any(type(stored) is type(word) and stored == word for word in words):
        raise ValueError(f"{where} is {stored!r}, not one of {', '.join(map(repr, words))}")
    return stored


def _require(stored: Any, kind: type, where: str) -> Any:
    # true is a 1 to Python, and to nobody else
    if not isinstance(stored, kind) or (isinstance(stored, bool) and kind is not bool):
        raise ValueError(f"{where} is a {type(stored).__name__}, not a {kind.__name__}")
    return stored


def _one_of(kinds: tuple[Any, ...], stored: Any, where: str) -> Any:
    problems = []
    # a number that is whole stays whole where both will do
    for kind in sorted(kinds, key=lambda kind: kind is float):
        if kind is type(None):
            if stored is None:
                return None
            continue
        try:
            return _read(kind, stored, where)
        except ValueError as problem:
            problems.append(problem)
    raise problems[-1]


def _tuple(kinds: tuple[Any, ...], stored: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(stored, list | tuple):
        raise ValueError(f"{where} is a {type(stored).__name__}, not a list")
    if len(kinds) == 2 and kinds[1] is ...:
        return tuple(_read(kinds[0], one, where) for one in stored)
    if len(kinds) != len(stored):
        raise ValueError(f"{where} has {len(stored)} values, not {len(kinds)}")
    return tuple(_read(kind, one, where) for kind, one in zip(kinds, stored, strict=True))


def _dataclass(kind: Any, stored: dict[str, Any], where: str) -> Any:
    hints = _hints(kind)
    for field in fields(kind):
        required = field.default is MISSING and field.default_factory is MISSING
        if required and field.name not in stored:
            raise ValueError(f"{where} lacks {field.name}")
    return kind(
        **{
            name: _read(hint, stored[name], f"{where}.{name}")
            for name, hint in hints.items()
            if name in stored
        }
    )


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
