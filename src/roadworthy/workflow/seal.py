"""seal: cases become a sealed set: checked, hashed, encrypted, and written down."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product, SetName
from roadworthy.core.seal import Budget, Provenance, SealedSet
from roadworthy.core.shown import Shown
from roadworthy.io import tables
from roadworthy.io.fingerprint import fingerprint
from roadworthy.io.items import item_hashes
from roadworthy.io.merkle import merkle_root
from roadworthy.io.registry import instruments
from roadworthy.store.cipher import VaultKey, encrypted
from roadworthy.store.keys import FILE, vault_key
from roadworthy.store.vault import SALT_BYTES, Envelope, Vault, sealed_sets
from roadworthy.store.workspace import unwritable
from roadworthy.workflow.candidate import Candidate
from roadworthy.workflow.candidate_answers import refuse_unanswerable
from roadworthy.workflow.imaging import digests_of
from roadworthy.workflow.load import Given, as_product
from roadworthy.workflow.meaning import meant
from roadworthy.workflow.prepare import in_fixed_order
from roadworthy.workflow.sealed_files import sealed_digests
from roadworthy.workflow.source import (
    SET,
    Parted,
    checked,
    load_cases,
    name_of,
    require_declared,
    require_same_names,
    scan_other,
)
from roadworthy.workflow.strata import strata_of
from roadworthy.workflow.studies import resolve
from roadworthy.workflow.unseen import (
    refuse_labels,
    refuse_lookalikes,
    refuse_open,
    refuse_sealed_before,
    twins_in_open,
)
from roadworthy.workflow.vault import (
    hashes_kept,
    input_columns,
    items_of,
    same_rows,
    vault_if_there,
    vault_of,
)

TAKEN_OUT = "cases.open.parquet"


@dataclass(frozen=True)
class Sealed(Shown):
    """A set that was sealed; ``taken_out`` is the table without it, if one was written.

    ``column`` of that table says which set each other case is in. ``files`` of the cases are known
    by their SHA-256 and lie where they were.
    """

    set: SealedSet
    product: str
    key: str
    taken_out: Path | None = None
    split: bool = False
    column: str = ""
    files: int = 0

    def __repr__(self) -> str:
        return f"<Sealed {self.set.id}: {self.set.cases:,} cases, {self.set.budget.looks} looks>"

    @property
    def headline(self) -> str:
        """The outcome in one line."""
        return f"{self.product}: {self.set.cases:,} cases sealed as {self.set.id}"


def seal(
    product: Given,
    table: object | None = None,
    *,
    looks: int | None = None,
    protocol: str = "",
    source: str = "",
    labels: str = "",
    accept: Sequence[str] = (),
    take_out: bool = False,
) -> Sealed:
    """Seals a table of cases, or the sealed part of the product's split.

    ``table`` is a path or a frame with the product's columns. ``looks`` is how often it may be
    looked at (by default what product.yaml says); with the confidence it is frozen now.
    ``protocol``, ``source`` and ``labels`` say how the cases were sampled, where they are from and
    who labelled them. ``accept`` names cases whose image resembles an open one, which a person has
    looked at. ``take_out`` writes the product's table without the sealed cases beside it.

    Raises:
        BadInput: something is wrong with the product or the table.
        Refused: some cases were seen, stand in open data, were sealed before, or were labelled in
            sight of a model's answer.
    """
    product = as_product(product)
    parted = load_cases(product)
    resolve(product, parted.schema, instruments())
    found = _of_split(product, parted) if table is None else _of_table(product, table, parted)
    refuse_unanswerable(product, found, parted.all_open)
    budget = _budget(product, looks)
    with vault_if_there(product) as vault:
        sets = vault.sets() if vault else ()
        if vault is not None and take_out and table is None:
            for one in sets:
                # it is sealed already: what is left is to take it out
                if same_rows(product, vault, one, found):
                    key_file = str(vault.folder / FILE)
                    return _taken_out(product, parted, one, key_file, _files(found))
        twins = refuse_unfit(product, vault, sets, found, parted.all_open, accept)
    provenance = Provenance(protocol, source, labels, _dates(found.raw), tuple(accept))
    with vault_of(product) as vault:
        key = vault_key(vault.folder, create=True)
        envelope = enclose(
            *(product, found, budget, key),
            provenance=provenance,
            twins=twins,
            stands_open=table is None,
        )
        with vault.database.writing() as connection:
            # somebody else may have sealed some of these cases meanwhile
            refuse_sealed_before(product, vault, sealed_sets(connection), found)
            kept = envelope.keep(vault, connection, datetime.now(UTC))
    if take_out and table is None:
        return _taken_out(product, parted, kept, key.where, _files(found))
    return Sealed(kept, product.name, key.where, split=table is None, files=_files(found))


def refuse_unfit(
    product: Product,
    vault: Vault | None,
    sets: Sequence[SealedSet],
    found: Candidate,
    open_cases: pl.DataFrame,
    accept: Sequence[str] = (),
) -> int:
    """Refuses what cannot be sealed; how many cases have chance twins in open data otherwise.

    Raises:
        Refused: see `workflow.unseen`.
    """
    refuse_labels(product, found)
    refuse_sealed_before(product, vault, sets, found)
    refuse_open(product, found, open_cases)
    refuse_lookalikes(product, found, open_cases, accept)
    return twins_in_open(found, open_cases)


def enclose(
    product: Product,
    found: Candidate,
    budget: Budget,
    key: VaultKey,
    *,
    provenance: Provenance | None = None,
    twins: int = 0,
    stands_open: bool = False,
) -> Envelope:
    """The set, encrypted; nothing is written."""
    provenance = provenance or Provenance(dates=_dates(found.raw))
    # without a secret in it, whoever knows a case's inputs could try labels until the hash fits
    salt = os.urandom(SALT_BYTES)
    hashes = item_hashes(found.raw, found.raw.columns, salt)
    root = merkle_root(hashes)
    sealed = SealedSet(
        id=root[:16],
        root=root,
        product=product.name,
        cases=found.cases.height,
        units=found.cases[columns.UNIT].n_unique(),
        budget=budget,
        at="",
        key=key.name,
        content="",
        names="",
        items="",
        by=found.by,
        provenance=provenance,
        strata=strata_of(found.cases, product),
        stands_open=stands_open,
        twins=twins,
        meant=meant(product),
    )
    content = encrypted(salt + _parquet(found.raw), key, sealed.id)
    names = pl.DataFrame({"id": found.items.ids, "unit": found.items.units})
    items = hashes_kept(found.raw, product, found.items, found.by, hashes)
    return Envelope(sealed, content, _parquet(names), items)


def candidate(
    product: Product, cases: pl.DataFrame, where: str, known: Collection[str] | None = None
) -> Candidate:
    """Prepared cases as something to be sealed: the user's own columns, and hashes of files.

    ``known`` are the columns of the open cases, where these are of another table.
    """
    raw = cases.select([name for name in cases.columns if not name.startswith("@")])
    raw = raw.hstack(sealed_digests(cases, product))
    if columns.BOXES in cases.columns:
        # true boxes are truth: they are sealed with the case, and no table is asked again
        raw = raw.with_columns(cases[columns.BOXES])
    by = input_columns(product, raw, known)
    return Candidate(raw, cases, items_of(raw, cases, by), by, where)


def budget_of(product: Product) -> Budget:
    """What product.yaml says of confidence and looks, to be frozen."""
    return Budget(product.confidence.level, product.confidence.shares)


def _of_split(product: Product, parted: Parted) -> Candidate:
    if not parted.sizes().get(SetName.SEALED):
        raise no_sealed_cases(product)
    return candidate(product, parted.to_seal(), f"{product.file.name}: data.split")


def no_sealed_cases(product: Product) -> BadInput:
    """Neither the split nor the vault has any."""
    return BadInput(
        "no cases are sealed, so there is nothing to certify on.",
        code="no_sealed_set",
        where=str(product.file),
        next_step="Part the data: `data: {split: {validation: 0.5, sealed: 0.5, seed: 1}}`; or "
        "seal a table of its own: `roadworthy seal TEST`.",
    )


def _of_table(product: Product, table: object, parted: Parted) -> Candidate:
    name = name_of(table)
    if product.data.id is None:
        raise BadInput(
            "nothing says which case is which, so nobody could tell whether a sealed one was seen.",
            code="no_id",
            where=f"{product.file.name}: data",
            next_step="Name the column with their ids: `data: {id: ...}`.",
        )
    raw = tables.collect(scan_other(product, table), name)
    require_declared(raw, product, name)
    require_same_names(product, raw.schema, name)
    # in an order that hangs on no value: bets on sequences need one, whatever the file's own is
    ordered = in_fixed_order(checked(raw, product), fingerprint(raw, product.data.id))
    return candidate(product, ordered, name, parted.schema)


def _budget(product: Product, looks: int | None) -> Budget:
    said = product.confidence
    if looks is None or looks == said.looks:
        return budget_of(product)
    if looks < 1 or said.looks != 1 or said.spending:
        raise BadInput(
            f"`--looks {looks}` and product.yaml says {said.looks}."
            if looks >= 1
            else f"{looks} looks are none.",
            code="two_budgets",
            where=f"{product.file.name}: confidence",
            value=looks,
            next_step="Say it in one place: `confidence: {looks: 3}`, or `--looks 3`.",
        )
    return Budget(said.level, (1.0 / looks,) * looks)


def _dates(raw: pl.DataFrame) -> str:
    """From when to when, for every column that holds dates."""
    found = []
    for name, kind in raw.schema.items():
        if kind == pl.Date or isinstance(kind, pl.Datetime):
            days = raw[name].cast(pl.String)
            first, last = days.min(), days.max()
            found += [f"{name} {first!s} to {last!s}"] if first is not None else []
    return "; ".join(found)


def _files(found: Candidate) -> int:
    """How many files the seal covers."""
    return sum(column.count() for column in digests_of(found.raw))


def _taken_out(product: Product, parted: Parted, sealed: SealedSet, key: str, files: int) -> Sealed:
    """The product's table without its sealed cases, with the set that each other case is in."""
    opened = parted.all_open
    own = [name for name in opened.columns if not name.startswith("@")]
    split = product.data.split.column if product.data.split else None
    column = split or _free(own)
    sets = [] if split else [pl.col(SET).alias(column)]
    file = product.folder / TAKEN_OUT
    beside = file.with_name(f".{file.name}.new")
    try:
        opened.select(*own, *sets).write_parquet(beside)
        beside.replace(file)
    except OSError as problem:
        raise unwritable(file, problem) from problem
    finally:
        beside.unlink(missing_ok=True)
    return Sealed(sealed, product.name, key, file, split=True, column=column, files=files)


def _free(own: Sequence[str]) -> str:
    """What the column with the sets is called: a name that no column has yet."""
    name = "split"
    while name in own:
        name += "_"
    return name


def _parquet(table: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()
