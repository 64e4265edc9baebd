"""One pass over a scored table of any size: batches are prepared, counted by part, and forgotten.

What comes out is what preparing and gathering the whole table gives. Whatever this way cannot do,
and whatever is wrong with a table, ends it with ``NotStreamedError``: the table is then read as a
whole, which either works or says what is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Additive, Instrument, Rows, Sketch, Statistic
from roadworthy.core.product import Product, Task
from roadworthy.core.requirement import Level, Requirement, Slice, SliceRule, Whose
from roadworthy.core.scope import LEARNED
from roadworthy.core.verdict import Population
from roadworthy.io.row_sums import RowSums
from roadworthy.workflow.elementwise import is_elementwise
from roadworthy.workflow.flag_patterns import PART, PatternCounts, pattern_of
from roadworthy.workflow.ids import Ids
from roadworthy.workflow.levels import on_slice
from roadworthy.workflow.not_streamed import NotStreamedError
from roadworthy.workflow.parts import Key, Parts
from roadworthy.workflow.prepare import (
    add_calls,
    as_truth,
    check_costs,
    declare_truth,
    in_scope,
    only_other,
)
from roadworthy.workflow.sample import Sample
from roadworthy.workflow.slicing import CASES, Cell, cells
from roadworthy.workflow.subject import Judged
from roadworthy.workflow.team import viewed

BATCH = 500_000
_FEW = 10_000
INSIDE, RATED, REFERRED = columns.INSIDE, columns.RATED, columns.REFERRED
REJECTED = columns.REJECTED


@dataclass(frozen=True)
class Streamed:
    """What one pass gave.

    ``product`` says in words what was otherwise guessed from the values of whole columns. The cells
    by requirement id, what was gathered for each by ``id(cell)``, where all cases went; for the
    record (None: nobody asked) the names of the cases, the table's fingerprint and a sample.
    """

    product: Product

    cells: Mapping[str, Sequence[Cell]]
    gathered: Mapping[int, dict[str, Any]]
    population: Population
    names: NDArray[np.uint64] | None = None
    fingerprint: str | None = None
    sample: pl.DataFrame | None = None


@dataclass(frozen=True)
class Table:
    """A scan that can be repeated.

    ``others`` are other open cases in scope, as ``slicing.cells`` takes them; None: the table is
    all that there is. ``refused`` are ids that must not occur. ``recorded``: names of cases and a
    fingerprint are wanted, from the very rows that are judged, so every column is read; and so is
    a random sample of so many rows (0: none). ``known``: its ids were looked at before.
    """

    scan: pl.LazyFrame
    others: pl.DataFrame | None = None
    refused: pl.Series | None = None
    recorded: bool = False
    batch: int = BATCH
    sample: int = 0
    known: bool = False


def stream(
    judged: Judged,
    requirements: Sequence[Requirement[Any]],
    table: Table,
    instruments: Mapping[str, Instrument],
) -> Streamed:
    """Judges' figures for ``requirements``, all on the cases table, from one pass over it.

    Raises:
        NotStreamedError: the table must be read as a whole.
    """
    try:
        pass_ = _Pass(judged, requirements, table, instruments)
        pass_.declare(_declared(judged.product, table.scan))
        for batch in batches(table, None if table.recorded else pass_.wanted):
            pass_.see(batch)
        return pass_.told(table)
    except (BadInput, pl.exceptions.PolarsError, OSError) as reason:
        raise NotStreamedError(str(reason)) from reason


def batches(table: Table, wanted: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """The rows of a table in any order, some at a time; all columns, or those ``wanted``."""
    if not hasattr(pl.LazyFrame, "collect_batches"):  # pragma: no cover (polars below 1.34)
        raise NotStreamedError("polars reads no batches")
    # without a column there would be no rows either
    scan = table.scan.select(wanted) if wanted else table.scan
    # cases without ids are known by their places
    ordered = table.sample > 0
    yield from scan.collect_batches(chunk_size=table.batch, maintain_order=ordered)


def _declared(product: Product, scan: pl.LazyFrame) -> Product:
    """The product with everything said that is otherwise guessed from all values of a column."""
    data = product.data
    if product.task is not Task.BINARY or data.truth is None or data.positive is None:
        return product
    if data.negative is None:
        truth = scan.select(data.truth)
        # the first other value will do: if there is a third one, that is an error anyway
        others = _other(truth.head(_FEW), product) or _other(truth, product)
        data = replace(data, negative=others[0]) if others else data
    known = {calls.name for calls in data.calls}
    named = set(product.callers) - known
    found, schema = list(data.calls), scan.collect_schema()
    for name in sorted(named):
        values = scan.select(pl.col(name).unique()).collect(engine="streaming")
        if name != data.truth:
            kind = pl.lit(None, dtype=schema[str(data.truth)]).alias(str(data.truth))
            values = values.with_columns(kind)
        found.append(as_truth(values, replace(product, data=data), name))
    return replace(product, data=replace(data, calls=tuple(found)))


def _other(truth: pl.LazyFrame, product: Product) -> tuple[Level, ...]:
    name, positive = product.data.truth, product.data.positive
    assert name is not None and positive is not None
    return only_other(truth.unique().collect(engine="streaming").drop_nulls(), name, positive)


@dataclass
class _Asked:
    """A statistic of one requirement (or of its change on a slice rule) on the parts of a key."""

    name: str
    statistic: Statistic[Any]
    sketch: Sketch[Any]
    expressions: Mapping[str, pl.Expr]
    signature: bytes


@dataclass
class _Variant:
    """One requirement with one key, and what it asks for."""

    requirement: Requirement[Any]
    key: Key
    asked: list[_Asked] = field(default_factory=list)


class _Pass:
    def __init__(
        self,
        judged: Judged,
        requirements: Sequence[Requirement[Any]],
        table: Table,
        instruments: Mapping[str, Instrument],
    ) -> None:
        self._judged, self._requirements = judged, requirements
        schema = table.scan.collect_schema()
        _require_lone_cases(judged.product, requirements)
        _require_row_by_row(judged.product, schema)
        self._variants: dict[tuple[int, Key], _Variant] = {}
        self._whole: list[Key] = []
        self._made_of: dict[tuple[Key | Slice, ...], list[list[int]]] = {}
        for number, requirement in enumerate(requirements):
            self._add(number, requirement, Key(), instruments)
            for rule in requirement.slices:
                self._add(number, requirement.on(rule), Key.of(rule), instruments)
            # the whole is the sum over the parts of any key
            self._whole.append(self._without_whole(number))
        self.wanted = self._columns(schema)
        keys = dict.fromkeys(key for _, key in self._variants) or {Key(): None}
        self._parts = {key: Parts(key, schema) for key in keys}
        counted = [key for key in keys if key.by] or [Key()]
        # of all parts, whichever they are, the sum is the whole
        self._counts = {key: PatternCounts(self._flags()) for key in counted}
        self._outside: Counter[str] = Counter()
        name = None if table.known else judged.product.data.id
        self._ids = Ids(name, table.scan, table.refused, table.recorded)
        self._sample = Sample(table.sample) if table.sample else None
        self._sums = RowSums(schema) if table.recorded else None

    def declare(self, product: Product) -> None:
        """Takes what was found out about the values of whole columns."""
        self._judged = replace(self._judged, product=product)

    def see(self, batch: pl.DataFrame) -> None:
        """Prepares one batch, counts it, and forgets it."""
        hashes = self._ids.see(batch)
        if self._sample is not None:
            self._sample.see(batch, hashes)
        if self._sums is not None:
            name = self._judged.product.data.id
            self._sums.see(batch, {name: hashes} if name and self._ids.as_written else None)
            batch = batch.select(self.wanted or batch.columns)
        found = self._prepared(batch)
        if not found[INSIDE].all():
            reasons = found[columns.OUTSIDE].drop_nulls().value_counts().rows()
            self._outside.update({str(reason): int(count) for reason, count in reasons})
        pattern = pattern_of(found, self._flags())
        part = {key: parts.of(found) for key, parts in self._parts.items()}
        for key, counted in self._counts.items():
            counted.see(pattern, part[key], len(self._parts[key]))
        values = self._viewed(found)
        for variant in self._variants.values():
            for ask in variant.asked:
                if self._by_row(ask):
                    arrays, kept = values[variant.requirement.of].of(ask)
                    rows = part[variant.key]
                    ask.sketch.add(arrays, rows if kept is None else rows[kept])

    def told(self, table: Table) -> Streamed:
        """Every cell with its statistics."""
        self._ids.require_distinct(table.scan)
        groups = {
            key: counted.frame(self._parts[key].values()) for key, counted in self._counts.items()
        }
        if Key() not in groups:
            groups[Key()] = next(iter(self._counts.values())).whole().frame({})
        self._count_patterns(groups)
        planned: dict[str, list[Cell]] = {}
        gathered: dict[int, dict[str, Any]] = {}
        known: dict[SliceRule, list[Cell]] = {}
        for number, requirement in enumerate(self._requirements):
            found = list(self._cells(requirement, groups, table.others, known))
            planned[requirement.id] = [cell for cell, _ in found]
            for key in dict.fromkeys(key for _, key in found):
                here = [cell for cell, of in found if of == key and not cell.absent]
                told = key if key.by else self._whole[number]
                asked = self._variants[(number, told)].asked
                for cell, parts in zip(here, self._parts_of(told, here), strict=True):
                    gathered[id(cell)] = {ask.name: ask.sketch.of(parts) for ask in asked}
        return Streamed(
            self._judged.product,
            planned,
            gathered,
            self._population(groups[Key()]),
            self._ids.names() if table.recorded else None,
            None if self._sums is None else self._sums.hexdigest(),
            None if self._sample is None else self._sample.rows(),
        )

    def _count_patterns(self, groups: Mapping[Key, pl.DataFrame]) -> None:
        """What rests on flags alone: each row of ``groups`` stands for all cases like it."""
        for variant in self._variants.values():
            group = groups[variant.key]
            values = self._viewed(group)[variant.requirement.of]
            for ask in variant.asked:
                if not self._by_row(ask):
                    arrays, kept = values.of(ask)
                    rows = group.select(PART, CASES).to_numpy()
                    rows = rows if kept is None else rows[kept]
                    ask.sketch.add(arrays, rows[:, 0], rows[:, 1])

    def _add(
        self,
        number: int,
        requirement: Requirement[Any],
        key: Key,
        instruments: Mapping[str, Instrument],
    ) -> None:
        variant = _Variant(requirement, key)
        for name, statistic in instruments[requirement.metric].statistics(requirement).items():
            expressions = statistic.columns()
            if not isinstance(statistic, Additive):
                raise NotStreamedError(f"{requirement.metric}: {name} does not add up")
            if not all(map(is_elementwise, expressions.values())):
                raise NotStreamedError(f"{requirement.metric}: {name} looks at other rows")
            told = b"".join(word.encode() + e.meta.serialize() for word, e in expressions.items())
            variant.asked.append(_Asked(name, statistic, statistic.sketch(), expressions, told))
        before = self._variants.setdefault((number, key), variant)
        if before.requirement != requirement:
            raise NotStreamedError(f"{requirement.id} has one slice twice")

    def _without_whole(self, number: int) -> Key:
        """The key whose parts tell the whole of a requirement, which then needs no own count.

        A slice rule with a limit of its own may ask for other statistics.
        """
        whole = self._variants[number, Key()]
        for (other, key), variant in self._variants.items():
            if other == number and key.by and variant.requirement == whole.requirement:
                del self._variants[number, Key()]
                return key
        return Key()

    def _columns(self, schema: pl.Schema) -> list[str]:
        """The user's columns that are read at all."""
        product = self._judged.product
        data, costs = product.data, product.costs
        named: list[str | None] = [data.id, data.truth, *self._judged.model.needs]
        named += product.scope.fields
        named += self._judged.guard.guard.needs if self._judged.guard else ()
        named += [calls.column for calls in data.calls]
        named += [r.limit.against for r in self._requirements if r.limit.against]
        named += [] if costs is None else [cost.column for cost in costs.per_case]
        for variant in self._variants.values():
            named += variant.key.by
            for ask in variant.asked:
                for expression in ask.expressions.values():
                    named += expression.meta.root_names()
        return [name for name in dict.fromkeys(named) if name is not None and name in schema]

    def _flags(self) -> tuple[str, ...]:
        """The prepared columns that are true or false of a case."""
        calls = [columns.call(name) for name in self._judged.product.callers]
        known = [INSIDE, RATED, REFERRED, REJECTED]
        if self._judged.policy is not None:
            known += [columns.POSITIVE, columns.FLAGGED, *dict.fromkeys(calls)]
        return tuple(known)

    def _viewed(self, table: pl.DataFrame) -> dict[Whose, _Values]:
        """The columns of a table, as those call it whom requirements are about."""
        team = self._judged.product.team
        asked = {variant.requirement.of for variant in self._variants.values()}
        return {whose: _Values(viewed(table, team, whose)) for whose in asked}

    def _by_row(self, ask: _Asked) -> bool:
        """Whether a statistic needs the rows; what rests on flags alone is counted by pattern."""
        # who arbitrates follows from the other flags
        flags = {*self._flags(), columns.ARBITRATED}
        return any(set(e.meta.root_names()) - flags for e in ask.expressions.values())

    def _prepared(self, batch: pl.DataFrame) -> pl.DataFrame:
        product = self._judged.product
        found = in_scope(declare_truth(batch, product), product.scope)
        check_costs(found, product)
        return self._judged.prepared(add_calls(found, product))

    def _cells(
        self,
        requirement: Requirement[Any],
        groups: Mapping[Key, pl.DataFrame],
        others: pl.DataFrame | None,
        known: dict[SliceRule, list[Cell]],
    ) -> Iterator[tuple[Cell, Key]]:
        """Its cells; ``known`` are those of other requirements with the same rule."""
        yield Cell(requirement), Key()
        for rule in requirement.slices:
            key = Key.of(rule)
            here = groups[key].filter(pl.col(INSIDE))
            alone = replace(requirement, slices=(rule,))
            for cell in cells(alone, here, others, self._judged.product.scope, known)[1:]:
                whole = replace(cell.requirement, slices=requirement.slices)
                yield replace(cell, requirement=whole), key

    def _parts_of(self, key: Key, here: Sequence[Cell]) -> list[list[int]]:
        """Which parts of a key make up each cell."""
        if not key.by or not here:
            return [[0] for _ in here]
        slices: tuple[Key | Slice, ...] = (key, *(cell.slice for cell in here))
        if slices not in self._made_of:
            frame = pl.DataFrame(self._parts[key].values())
            where = [on_slice(c.slice, frame.schema).alias(str(i)) for i, c in enumerate(here)]
            found = frame.select(pl.int_range(pl.len()).alias("@row"), *where)
            self._made_of[slices] = [found[str(i)].arg_true().to_list() for i in range(len(here))]
        return self._made_of[slices]

    def _population(self, groups: pl.DataFrame) -> Population:
        def count(where: pl.Expr) -> int:
            return int(groups.filter(where)[CASES].sum())

        positives = None
        if columns.POSITIVE in groups.columns:
            positives = count(pl.col(columns.POSITIVE) & pl.col(INSIDE))
        return Population(
            cases=int(groups[CASES].sum()),
            units=None,
            inside=count(pl.col(INSIDE)),
            referred=count(pl.col(REFERRED) & pl.col(INSIDE)),
            positives=positives,
            outside=tuple(self._outside.most_common()),
            rejected=count(pl.col(REJECTED)),
            turned_away=self._outside[LEARNED] if self._judged.guard else None,
        )


def _require_lone_cases(product: Product, requirements: Sequence[Requirement[Any]]) -> None:
    """Sketches are of independent cases."""
    if product.marks is not None:
        raise NotStreamedError("parts of a case depend on one another")
    if product.data.unit not in (None, product.data.id):
        raise NotStreamedError("cases share units")
    if any(requirement.per_unit for requirement in requirements):
        raise NotStreamedError("a requirement is per unit")


def _require_row_by_row(product: Product, schema: pl.Schema) -> None:
    """Classes that are floats are told as whole numbers only where all of them are."""
    data = product.data
    against = [r.limit.against for r in product.requirements]
    named = [data.truth, data.prediction, data.score, *against]
    floats = [name for name in named if name and name in schema and schema[name].is_float()]
    if product.task is Task.MULTICLASS and floats:
        raise NotStreamedError(f"classes are floats in {floats[0]}")


class _Values:
    """The columns of statistics on one table, on the rows that they look at."""

    def __init__(self, table: pl.DataFrame) -> None:
        self._table = table
        self._kept: dict[Rows, NDArray[np.bool_] | None] = {}
        self._found: dict[tuple[Rows, bytes], dict[str, NDArray[Any]]] = {}

    def of(self, ask: _Asked) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_] | None]:
        """The columns on the rows that the statistic looks at, and which those are (None: all)."""
        kept = self._rows(ask.statistic.rows)
        known = self._found.get((ask.statistic.rows, ask.signature))
        if known is not None:
            return known, kept
        wanted = [e.alias(name) for name, e in ask.expressions.items()]
        if not all(e.meta.root_names() for e in wanted):
            # literals take the height of a column
            wanted.append(pl.int_range(pl.len()).alias("@row"))
        found = self._table.select(wanted)
        arrays = {}
        for name in ask.expressions:
            series = found[name] if kept is None else found[name].filter(pl.Series(kept))
            missing = series.null_count()
            if series.dtype.is_float():
                missing += int(series.is_nan().sum())
            if missing:
                raise NotStreamedError(f"{name} is missing")
            arrays[name] = series.to_numpy()
        self._found[(ask.statistic.rows, ask.signature)] = arrays
        return arrays, kept

    def _rows(self, rows: Rows) -> NDArray[np.bool_] | None:
        if rows not in self._kept:
            name = {Rows.RATED: RATED, Rows.INSIDE: INSIDE}.get(rows)
            kept = ~self._table[REJECTED] if name is None else self._table[name]
            self._kept[rows] = None if kept.all() else kept.to_numpy()
        return self._kept[rows]
