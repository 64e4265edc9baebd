"""The vault of a product: opened where its store is, and asked which cases are sealed in it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product
from roadworthy.core.seal import SealedSet, State
from roadworthy.io import case_names
from roadworthy.io.items import item_hashes
from roadworthy.store.vault import Items, Vault
from roadworthy.store.workspace import FOLDER, Workspace
from roadworthy.workflow.imaging import looks_at_images
from roadworthy.workflow.source import feature_columns
from roadworthy.workflow.store import opened

if TYPE_CHECKING:
    from roadworthy.workflow.candidate import Candidate

Names = NDArray[np.uint64]


@contextmanager
def vault_of(product: Product) -> Iterator[Vault]:
    """The vault of a product, begun if there is none."""
    Workspace.beside(product.file).require_version()
    with opened(product, create=True) as store:
        yield Vault(store.database, store.artifacts, product.folder / FOLDER)


@contextmanager
def vault_if_there(product: Product) -> Iterator[Vault | None]:
    """The vault of a product; None: nothing was ever sealed or written down for it."""
    with ExitStack() as stack:
        try:
            store = stack.enter_context(opened(product))
        except BadInput as problem:
            if problem.code != "no_store":
                raise
            yield None
            return
        yield Vault(store.database, store.artifacts, product.folder / FOLDER)


def names_in(product: Product, *, retired: bool = False) -> Names:
    """Names of all cases in this product's sealed sets, or in those that are retired."""
    with vault_if_there(product) as vault:
        if vault is None:
            return np.empty(0, dtype=np.uint64)
        kept = [
            vault.names(one).both
            for one in vault.sets()
            if ours(vault, one, product) and (one.state is State.RETIRED) is retired
        ]
    return np.concatenate(kept) if kept else np.empty(0, dtype=np.uint64)


def ours(vault: Vault, sealed: SealedSet, product: Product) -> bool:
    """Whether a set's ids mean this product's cases: those of a workspace do, whatever their name.

    In a store that a team or a custodian shares, two products may call different cases alike.
    """
    file = vault.database.file
    own = file is not None and file.parent.resolve() == vault.folder.resolve()
    return sealed.product == product.name or own


def items_of(raw: pl.DataFrame, cases: pl.DataFrame, by: tuple[str, ...]) -> Items:
    """The hashes of cases: ``raw`` are their rows as in the table, ``cases`` the prepared ones."""
    return Items(
        ids=case_names.cases(case_names.plain(cases[columns.ID])),
        units=case_names.units(case_names.plain(cases[columns.UNIT])),
        inputs=inputs_of(raw, by),
    )


def inputs_of(raw: pl.DataFrame, by: tuple[str, ...]) -> pl.Series:
    """One hash a row over the columns ``by``, whatever the case is called; dtype Binary."""
    hashes = item_hashes(raw, by)
    return pl.Series("inputs", [row.tobytes() for row in hashes], dtype=pl.Binary)


def input_columns(
    product: Product, raw: pl.DataFrame, known: Collection[str] | None = None
) -> tuple[str, ...]:
    """Columns by which the same case is known under another id: those that describe it.

    Neither the id, the unit, the truth nor the set that the case is in; nor what somebody said of
    it (scores, calls, costs), which the next model says otherwise; nor names such as an accession
    number. Of images the bytes count, whatever the files are called. Where most cases look alike by
    what is left, equal rows would say nothing, and what was said of them counts as well. Columns
    outside of ``known`` (those of the open cases) count where no other is left.
    """
    data, split = product.data, product.data.split
    apart = {data.id, data.unit, data.truth, split.column if split else None}
    read = data.images.columns if data.images and looks_at_images(product) else ()
    own = {n for n in raw.columns if n not in apart and not n.startswith("@")} - set(read)
    own = {n for n in own if known is None or n in known} or own
    described = own & _described(product, raw.schema)
    names = {n for n in own if _is_name(product, raw[n])}
    digests = {columns.digest(name) for name in read}
    found = (described - names) | digests
    if not found or 2 * int(raw.select(sorted(found)).is_duplicated().sum()) > raw.height:
        found |= (own - names) or own
    return tuple(sorted(found))


def _described(product: Product, schema: pl.Schema) -> set[str]:
    """Columns that describe a case, as far as product.yaml tells."""
    data = product.data
    declared = {*(data.features or ()), *data.text} - {data.score, data.prediction}
    try:
        # what a model could learn from if nothing were declared: no other key names it
        others = feature_columns(replace(product, data=replace(data, features=None)), schema)
    except BadInput:
        others = ()
    return declared | set(others)


def _is_name(product: Product, column: pl.Series) -> bool:
    """Whether every case has another value, as names have it; measurements and texts apart."""
    if column.name in {*product.data.text, *(product.data.features or ())}:
        return False
    named = column.dtype in (pl.String, pl.Categorical, pl.Enum) or column.dtype.is_integer()
    return named and len(column) > 1 and column.n_unique() == len(column)


def hashes_kept(
    raw: pl.DataFrame,
    product: Product,
    items: Items,
    by: tuple[str, ...],
    hashes: NDArray[np.uint8],
) -> bytes:
    """What is kept of a set in the clear: hashes, and which columns the rows have; a Parquet file.

    Where the answers stand in a column that tells no inputs apart, a hash tells whether they
    are still the same.
    """
    said = [name for name in _answer_columns(product) if name in raw.columns and name not in by]
    told = [inputs_of(raw, (*by, name)).alias(_with(name)) for name in said]
    item = pl.Series("item", [row.tobytes() for row in hashes], dtype=pl.Binary)
    buffer = BytesIO()
    own = json.dumps(
        [name for name in raw.columns if not name.startswith("@") or _boxes(raw, name)]
    )
    pl.DataFrame([items.inputs, item, *told]).write_parquet(buffer, metadata={_COLUMNS: own})
    return buffer.getvalue()


def _boxes(raw: pl.DataFrame, name: str) -> bool:
    return name == columns.BOXES and bool(raw[name].is_not_null().any())


def columns_kept(vault: Vault, sealed: SealedSet) -> tuple[str, ...] | None:
    """Which columns the sealed rows have, true boxes too; None: that was not written down."""
    told = pl.read_parquet_metadata(BytesIO(vault.artifacts.get(sealed.items))).get(_COLUMNS)
    return None if told is None else tuple(json.loads(told))


def same_rows(product: Product, vault: Vault, sealed: SealedSet, found: Candidate) -> bool:
    """Whether these are the cases of a sealed set, with the same inputs and the same answers."""
    if not same_cases(found.hashed_by(sealed.by), vault.items(sealed)):
        return False
    kept = pl.read_parquet(BytesIO(vault.artifacts.get(sealed.items)))
    for name in _answer_columns(product):
        if _with(name) in kept.columns:
            theirs = replace(vault.names(sealed), inputs=kept[_with(name)])
            ours = replace(found.items, inputs=inputs_of(found.raw, (*sealed.by, name)))
            return same_cases(ours, theirs)
    return True


def _answer_columns(product: Product) -> tuple[str, ...]:
    said = product.data.score or product.data.prediction
    return () if said is None else (said,)


def _with(answers: str) -> str:
    return f"inputs with {answers}"


_COLUMNS = "roadworthy columns"


def same_cases(ours: Items, theirs: Items) -> bool:
    """Whether two sets hold the very same cases, with the same inputs."""
    if len(ours.ids) != len(theirs.ids):
        return False
    return _pairs(ours).equals(_pairs(theirs))


def _pairs(items: Items) -> pl.DataFrame:
    return pl.DataFrame({"id": items.ids, "inputs": items.inputs}).sort("id", "inputs")


def shared_with(ours: Items, theirs: Items, *, one_product: bool) -> int:
    """How many of our cases are in the other set, by id, by unit, or by equal inputs.

    Cases of different products may be called alike: there an equal id counts with equal inputs
    only. Equal inputs alone count where chance does not explain them.
    """
    from roadworthy.stats.twins import more_than_chance

    if one_product:
        found = int((np.isin(ours.ids, theirs.ids) | np.isin(ours.units, theirs.units)).sum())
    else:
        found = _pairs(ours).join(_pairs(theirs), on=["id", "inputs"], how="semi").height
    alike = int(ours.inputs.is_in(theirs.inputs.implode()).sum())
    lookalikes, of = max(
        ((own_twins(one.inputs), len(one.ids)) for one in (ours, theirs)),
        key=lambda pair: pair[0] / max(pair[1], 1),
    )
    if more_than_chance(alike, len(ours.ids), lookalikes, of):
        found = max(found, alike)
    return found


def own_twins(inputs: pl.Series) -> int:
    """How many rows have a twin in their own table."""
    return int(inputs.is_duplicated().sum())
