"""How a target environment is written: a mix of contexts, spelled out or in a file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Self

import polars as pl
from pydantic import model_validator

from roadworthy.core.environment import Context, Environment
from roadworthy.core.errors import BadInput
from roadworthy.core.requirement import Level
from roadworthy.io import tables
from roadworthy.io.shapes import Checked, Words, shown, wrong
from roadworthy.io.words import Columns, Text, level, number

SHARE, CASES = "share", "cases"


def _shares(value: object) -> Any:
    """Shares as they are written: a mapping of one column's levels, or a list of contexts."""
    step = "Write {A: 0.6, B: 0.4}, or [{vendor: A, density: C, share: 0.1}, ...]."
    if isinstance(value, dict) and value:
        return {level(key): _share(share) for key, share in value.items()}
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return value
    raise wrong(f"must be a mapping or a list of mappings, not {shown(value)}", step)


def _share(value: object) -> float:
    if not 0 <= number(value) <= 1:
        raise wrong(f"holds a share of {shown(value)}", "Write shares from 0 to 1.")
    return number(value)


_SHARES_SCHEMA = {
    "anyOf": [
        {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}},
        {"type": "array", "items": {"type": "object", "required": [SHARE]}, "minItems": 1},
    ]
}


class EnvironmentWords(Words):
    """In which contexts the product will work, and how often in each."""

    by: Columns
    """The columns that tell contexts apart."""
    shares: Annotated[Any, Checked(_shares, _SHARES_SCHEMA)] = None
    """The share of each context: by level of one column, or a list of contexts."""
    file: Text | None = None
    """A CSV or Parquet file with these columns, and `share`, or `cases` (counts of a sample)."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.shares is None) == (self.file is None):
            raise wrong(
                "needs exactly one of `shares` and `file`",
                "Write the shares, or name the file that holds them.",
            )
        if isinstance(self.shares, dict) and len(self.by) > 1:
            raise wrong(
                f"has one level a share, and `by` names {len(self.by)} columns",
                "Write a list: [{" + ", ".join(f"{name}: ..." for name in self.by) + ", share: }].",
                key="shares",
            )
        self._contexts()
        return self

    def core(self) -> Environment:
        """The environment that this describes; its file has not been read yet."""
        return Environment(tuple(self.by), self._contexts(), file=self.file)

    def _contexts(self) -> tuple[Context, ...]:
        if self.shares is None:
            return ()
        if isinstance(self.shares, dict):
            found = [Context((key,), share) for key, share in self.shares.items()]
        else:
            found = [self._context(one) for one in self.shares]
        fault = _fault(tuple(self.by), found, sampled=False)
        if fault:
            raise wrong(*fault, key="shares")
        return tuple(found)

    def _context(self, one: dict[str, object]) -> Context:
        asked = {*self.by, SHARE}
        if set(one) != asked:
            odd = sorted(set(one) ^ asked)[0]
            raise wrong(
                f"has a context that {'lacks' if odd in asked else 'names'} `{odd}`",
                f"Every context has {', '.join([*self.by, SHARE])}.",
                key="shares",
            )
        levels = tuple(None if one[name] is None else level(one[name]) for name in self.by)
        return Context(levels, _share(one[SHARE]))


def read_environment(found: Environment, folder: Path) -> Environment:
    """The environment with the contexts of its file, if it names one.

    Raises:
        BadInput: the file cannot be read, or holds no mix of contexts.
    """
    if found.file is None:
        return found
    path = folder / found.file
    table = tables.collect(tables.scan_table(path), str(path))
    weight = next((name for name in (SHARE, CASES) if name in table.columns), None)
    if weight is None:
        step = f"Add a column `{SHARE}`, or `{CASES}` with counts."
        raise _bad(path, f"has neither a column `{SHARE}` nor `{CASES}`", step)
    tables.require_columns(table, found.by, str(path))
    if not table.schema[weight].is_numeric():
        raise _bad(path, f"holds {table.schema[weight]} in `{weight}`", "Write numbers.")
    told = table.select(*found.by, pl.col(weight).cast(pl.Float64)).rows()
    contexts = [Context(tuple(map(_level, row[:-1])), _weight(row[-1])) for row in told]
    fault = _fault(found.by, contexts, sampled=weight == CASES)
    if fault:
        raise _bad(path, *fault)
    return Environment(found.by, tuple(contexts), weight == CASES)


def _level(value: Any) -> Level | None:
    if value is None or value != value:
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


def _weight(value: float | None) -> float:
    return math.nan if value is None else value


def _fault(
    by: tuple[str, ...], contexts: list[Context], *, sampled: bool
) -> tuple[str, str] | None:
    """What is wrong with a mix of contexts, and what to do about it; None: nothing."""
    environment, seen = Environment(by, tuple(contexts), sampled), set()
    for context in contexts:
        named = tuple(map(str, context.levels))
        if named in seen:
            return f"names {environment.told(context)} twice", "Name every context once."
        seen.add(named)
        weight = context.weight
        if not 0 <= weight < math.inf or (sampled and weight != int(weight)):
            what = "a count" if sampled else "a share"
            return f"gives {environment.told(context)} {what} of {weight:g}", f"Write {what}."
    total = environment.total
    if sampled and total < 1:
        return "counts no case", "Count the cases of a sample of the environment."
    if not sampled and abs(total - 1.0) > 1e-6:
        return f"holds shares that sum to {total:.6g}, not 1", "Name every context, with its share."
    return None


def _bad(path: Path, what: str, next_step: str) -> BadInput:
    return BadInput(
        f"'{path}' {what}.",
        code="bad_environment",
        where=path.name,
        value=str(path),
        next_step=next_step,
    )
