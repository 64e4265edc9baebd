"""The product's cases, read and checked once, and parted so that sealed ones stay sealed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Costs, Product, SetName, Task
from roadworthy.io import case_names, splits, tables
from roadworthy.io.fingerprint import fingerprint
from roadworthy.io.row_sums import rows_fingerprint
from roadworthy.workflow.imaging import digests_of, looks_at_images, with_files
from roadworthy.workflow.marking import require_known_cases, with_boxes
from roadworthy.workflow.prepare import (
    add_calls,
    check_costs,
    declare_truth,
    identify,
    in_fixed_order,
    in_scope,
)
from roadworthy.workflow.verification import designed, of_own_table, require_truths

SET = "@set"


@dataclass(frozen=True)
class Parted:
    """The cases by set. Open ones are handed out freely, sealed ones to the vault alone."""

    _cases: pl.DataFrame
    fingerprint: str
    split: bool

    @property
    def schema(self) -> pl.Schema:
        """The columns that every set has."""
        return self._cases.schema

    def open(self, *names: SetName) -> pl.DataFrame:
        """The cases of open sets; without a split all cases are open."""
        if SetName.SEALED in names:
            raise ValueError("sealed cases go to the vault, and are handed out against an opening")
        return self._cases.filter(pl.col(SET).is_in([str(name) for name in names]))

    @property
    def all_open(self) -> pl.DataFrame:
        """Every case that is not sealed."""
        return self._cases.filter(pl.col(SET) != str(SetName.SEALED))

    def sizes(self) -> dict[SetName, int]:
        """How many cases each set holds."""
        counts = dict(self._cases[SET].value_counts().rows())
        return {name: counts[str(name)] for name in SetName if str(name) in counts}

    def sealed_names(self) -> NDArray[np.uint64]:
        """Hashes of the sealed ids and of their units, for ``known``."""
        return names(self._sealed())

    def chosen_on(self, *, calibrated: bool = False) -> NDArray[np.uint64]:
        """Names of the cases on which an automatic threshold is chosen; none without a split.

        ``calibrated``: those that a calibrator learnt from count as well.
        """
        learnt = (SetName.TRAIN,) if calibrated else ()
        chose = (SetName.VALIDATION, *learnt) if self.split else ()
        return names(self.open(*chose))

    def ids(self, *names: SetName) -> pl.Series:
        """The ids of sets, to compare with others; no row of a sealed set is handed out."""
        return self._cases.filter(pl.col(SET).is_in([str(name) for name in names]))[columns.ID]

    def total_sealed(self, worth: pl.Expr) -> float:
        """A sum over sealed cases, such as a class count, known since sets are stratified."""
        return float(self._sealed().select(worth.sum()).item() or 0.0)

    def sealed_inputs(self, product: Product) -> pl.DataFrame:
        """The sealed cases without their truth: what can be checked before anybody looks."""
        known = (columns.POSITIVE, columns.TRUTH, columns.VERIFIED, columns.BOXES)
        truth = (product.data.truth, *known)
        return self._sealed().drop([name for name in truth if name], strict=False)

    def to_seal(self) -> pl.DataFrame:
        """The sealed cases with their truth, hashed and encrypted by `workflow.seal` alone."""
        return self._sealed()

    def _sealed(self) -> pl.DataFrame:
        return self._cases.filter(pl.col(SET) == str(SetName.SEALED))


def names(cases: pl.DataFrame) -> NDArray[np.uint64]:
    """Hashes by which cases are known again: of their ids and of their units, shape (names,)."""
    return case_names.distinct(np.concatenate(_names(cases)))


def known(cases: pl.DataFrame, kept: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which cases are among those that ``names`` told of, or share a unit with one of them."""
    ids, units = _names(cases)
    return np.isin(ids, kept) | np.isin(units, kept)


def _names(cases: pl.DataFrame) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    ids, units = case_names.plain(cases[columns.ID]), case_names.plain(cases[columns.UNIT])
    return case_names.cases(ids), case_names.units(units)


def load_cases(product: Product, stand_in: object | None = None) -> Parted:
    """Reads, checks and parts the cases of the product; nothing is changed on disk.

    ``stand_in`` is a table (a path or a frame) that takes the place of the product's own.
    """
    _require_id(product)
    name = product.file.name if stand_in is None else name_of(stand_in)
    if stand_in is None:
        raw = tables.collect(tables.scan_cases(product), str(product.data.cases[0]))
        product = of_own_table(product, raw.schema)
    else:
        raw = tables.collect(scan_other(product, stand_in), name)
    require_declared(raw, product, name)
    cases = checked(raw, product)
    if stand_in is None:
        require_known_cases(cases, product)
    if product.data.split is None:
        assigned = pl.Series(SET, [str(SetName.VALIDATION)] * raw.height, dtype=pl.String)
    else:
        assigned = splits.assign(raw, product).rename(SET)
    require_truths(cases, assigned, product)
    # each set by its own rows: what is sealed does not even order what a model learns from
    sets = cases.with_columns(assigned).partition_by(SET, as_dict=True)
    ordered = [
        in_fixed_order(part, fingerprint(part.select(raw.columns), product.data.id))
        for _, part in sorted(sets.items())
    ]
    told = _fingerprint(raw, cases)
    return Parted(pl.concat(ordered), told, product.data.split is not None)


def _require_id(product: Product) -> None:
    """A case that is known by its row alone could change its set when the table changes."""
    if product.data.split is not None and product.data.id is None:
        raise BadInput(
            "cases are parted into sets, and nothing says which case is which.",
            code="no_id",
            where=f"{product.file.name}: data",
            next_step="Name the column with their ids: `data: {id: ...}`.",
        )


def load_other(product: Product, table: object, name: str) -> tuple[pl.DataFrame, str]:
    """Another table with the product's columns, checked the same way, and its fingerprint.

    ``table`` is a path, or a polars or pandas frame.
    """
    raw = tables.collect(scan_other(product, table), name)
    require_declared(raw, product, name)
    require_same_names(product, raw.schema, name)
    key = fingerprint(raw, product.data.id)
    cases = checked(raw, product)
    return in_fixed_order(cases, key), _fingerprint(raw, cases)


def _fingerprint(raw: pl.DataFrame, cases: pl.DataFrame) -> str:
    """A hash of the table and of the images that it names."""
    whole = raw.hstack(digests_of(cases))
    if columns.BOXES in cases.columns:
        whole = whole.with_columns(cases[columns.BOXES])
    return rows_fingerprint([whole], whole.schema)


def scan_other(product: Product, table: object) -> pl.LazyFrame:
    """A table that a caller names or hands over; ids in a CSV file stay text."""
    if isinstance(table, str | Path):
        return tables.scan_table(Path(table), (*as_text(product), *product.data.text))
    return tables.from_frame(table, name_of(table))


def name_of(table: object) -> str:
    """What a table is called in a verdict and in errors: its path, or that it was handed over."""
    return str(table) if isinstance(table, str | Path) else tables.HANDED_OVER


def require_same_names(product: Product, schema: pl.Schema, name: str) -> None:
    """Ids read as numbers lost their zeros: 00007 of the sealed set would look like a new 7."""
    for column in as_text(product):
        ours = tables.scan_cases(product).collect_schema()[column]
        if (ours == pl.String) != (schema[column] == pl.String):
            raise BadInput(
                f"the column {column!r} holds {schema[column]} here and {ours} in the "
                "product's own table, so nobody can tell whether they are the same cases.",
                code="other_names",
                where=name,
                value=str(schema[column]),
                next_step="Read ids as text, or hand in the path of the file.",
            )


def as_text(product: Product) -> tuple[str, ...]:
    """Ids and units stay text, so that 007 does."""
    return tuple(name for name in (product.data.id, product.data.unit) if name)


def checked(raw: pl.DataFrame, product: Product) -> pl.DataFrame:
    """Ids, units, truth, scope, calls and image files of every row, before any set is looked at."""
    found = in_scope(declare_truth(identify(raw, product), product), product.scope)
    found = designed(found, product)
    check_costs(found, product)
    return with_boxes(with_files(add_calls(found, product), product), product)


def require_declared(raw: pl.DataFrame | pl.LazyFrame, product: Product, table: str) -> None:
    """Every column that product.yaml names outside of instruments' own parameters is in ``raw``."""
    data, file = product.data, product.file.name
    named = [data.id, data.unit, data.truth, data.score, data.prediction, *(data.features or ())]
    named += [*data.text, *(calls.column for calls in data.calls)]
    named += [] if data.verification is None else data.verification.columns
    named += [data.file, seen if isinstance(seen := data.label_seen_with_model, str) else None]
    if data.split and table == file:
        named += [data.split.column, data.split.by, data.split.leave_out]
    tables.require_columns(raw, [name for name in named if name], f"{table}: data")
    tables.require_columns(raw, product.scope.fields, f"{table}: scope")
    tables.require_columns(raw, product.worklist.fields, f"{file}: worklist")
    if (triage := product.decision.triage) is not None:
        protected = [name for rule in triage.protect for name in rule.by]
        tables.require_columns(raw, protected, f"{file}: decision.protect")
    own = {calls.name for calls in data.calls}
    for requirement in product.requirements:
        wanted = [name for rule in requirement.slices for name in rule.by]
        if requirement.limit.against and requirement.limit.against not in own:
            wanted.append(requirement.limit.against)
        if requirement.under is not None:
            wanted += requirement.under.columns
        line = f":{requirement.line}" if requirement.line else ""
        tables.require_columns(raw, wanted, f"{file}{line}: requirement {requirement.id}")


def feature_columns(product: Product, schema: pl.Schema) -> tuple[str, ...]:
    """What a model may learn from: the declared features, or all columns no other key names."""
    data = product.data
    if data.features is not None:
        return tuple(dict.fromkeys((*data.features, *data.text)))
    named = {data.id, data.unit, data.truth, data.score, data.prediction, data.file}
    # how a label was made is known when it is made: no model may learn from it
    named |= {data.label_seen_with_model} if isinstance(data.label_seen_with_model, str) else set()
    named |= {calls.column for calls in data.calls}
    named |= set() if data.verification is None else set(data.verification.columns)
    for requirement in product.requirements:
        named |= {requirement.limit.against, *_own_columns(requirement.parameters)}
        # what a case costs or earns is known when it is over: no model may learn from it
        own = getattr(requirement.parameters, "costs", None)
        named |= {cost.column for cost in own.per_case} if isinstance(own, Costs) else set()
    if data.split:
        named |= {data.split.column, data.split.by, data.split.leave_out}
    if product.costs:
        named |= {cost.column for cost in product.costs.per_case}
    found = tuple(n for n in schema.names() if n not in named and not n.startswith("@"))
    if not found:
        raise BadInput(
            "no column is left to learn from.",
            code="no_features",
            where="product.yaml",
            next_step="Name the columns to learn from: `data: {features: [...]}`.",
        )
    return found


def model_columns(product: Product, schema: pl.Schema) -> tuple[str, ...]:
    """What a model that is trained here reads: the features, of images their files.

    Raises:
        BadInput: no column is left to learn from.
    """
    found, images = feature_columns(product, schema), product.data.images
    if images is None or not looks_at_images(product):
        return found
    return tuple(columns.file(name) if name in images.columns else name for name in found)


def _own_columns(parameters: Any) -> list[str]:
    """Columns that an instrument's parameters name: what is counted is an outcome, no feature."""
    names = [one.name for one in fields(parameters) if one.metadata.get("column")]
    return [getattr(parameters, name) for name in names]


def truth_of(cases: pl.DataFrame, task: Task) -> pl.Series:
    """The prepared truth: bool, str or float."""
    return cases[columns.POSITIVE if task is Task.BINARY else columns.TRUTH]
