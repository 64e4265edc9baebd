"""The vault of a product: opened where its store is, and asked which cases are sealed in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

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
from roadworthy.workflow.store import opened

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


def input_columns(product: Product, schema: pl.Schema) -> tuple[str, ...]:
    """Columns by which the same case is known under another id: all that say neither who nor how.

    Neither the id, the unit, the truth nor the set that the case is in. Of images the bytes count,
    whatever the files are called.
    """
    data, split = product.data, product.data.split
    apart = {data.id, data.unit, data.truth, split.column if split else None}
    read = data.images.columns if data.images and looks_at_images(product) else ()
    own = {n for n in schema.names() if n not in apart and not n.startswith("@")}
    return tuple(sorted((own - set(read)) | {columns.digest(name) for name in read}))


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
