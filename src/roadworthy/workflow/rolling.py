"""renew --from-production: the next sealed set is drawn from new cases, and the old one retires."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product, SetName, Split, Task
from roadworthy.core.shown import Shown
from roadworthy.io import splits, tables
from roadworthy.io.fingerprint import fingerprint
from roadworthy.store.seen import note_open, open_names
from roadworthy.store.workspace import Workspace, unwritable
from roadworthy.workflow.both_sets import FRESH, OLD, SET, joined, refuse_sealed, sliced
from roadworthy.workflow.ledger import note
from roadworthy.workflow.load import Given, as_product
from roadworthy.workflow.source import known, load_cases, name_of, names, scan_other

NEXT, DEVELOPMENT, NOTE = "sealed_next.parquet", "development.parquet", "renewal.json"
# a key that nobody could choose, and that JSON keeps exactly
_KEY_BITS = 52


@dataclass(frozen=True)
class Drawn(Shown):
    """What was drawn: the files, how many cases and units each holds, and the key it was.

    ``strata`` holds, kind by kind, its name, the cases drawn and all of them.
    """

    product: str
    sealed: Path
    development: Path
    note: Path
    share: float
    key: int
    sealed_cases: int
    sealed_units: int
    production_cases: int
    retired_cases: int
    strata: tuple[tuple[str, int, int], ...]
    fingerprint: str

    @property
    def headline(self) -> str:
        """The answer in one line."""
        return f"{self.product}: {self.sealed_cases:,} cases drawn into {self.sealed}"


def draw_next(
    product: Given,
    old: object,
    production: object,
    share: float,
    out: Path = Path("renewal"),
) -> Drawn:
    """Draws ``share`` of newly labelled ``production`` cases; the rest and ``old`` are development.

    Whole units are drawn, by a keyed hash of their names, in each class and each kind of case that
    requirements slice by. The key is drawn here, after the cases were labelled, and written into
    the ledger before the files: nobody could have placed a case, or drawn until it suited. Nothing
    is overwritten.

    Raises:
        BadInput: a case stands in both tables, was looked at before, has no label, or nothing is
            left to draw.
        Refused: ``old`` holds sealed cases that nobody has opened.
    """
    product = as_product(product)
    _require(product, share, out)
    cases = joined(product, {OLD: old, FRESH: production}, [])
    refuse_sealed(product, cases.filter(pl.col(SET) == OLD))
    new = cases.filter(pl.col(SET) == FRESH)
    _refuse_seen(product, new, name_of(production))
    chosen = secrets.randbits(_KEY_BITS)
    kinds = _kinds(new, product)
    picked = _picked(new, kinds, share, chosen)
    parts = {which: _raw(product, table) for which, table in ((OLD, old), (FRESH, production))}
    sealed = parts[FRESH].filter(picked)
    development = _stacked(parts[OLD], parts[FRESH].filter(~picked), name_of(production))
    found = Drawn(
        product=product.name,
        sealed=out / NEXT,
        development=out / DEVELOPMENT,
        note=out / NOTE,
        share=share,
        key=chosen,
        sealed_cases=sealed.height,
        sealed_units=new.filter(picked)[columns.UNIT].n_unique(),
        production_cases=new.height,
        retired_cases=parts[OLD].height,
        strata=_told(kinds, picked),
        fingerprint=fingerprint(sealed, product.data.id),
    )
    told = {"key": chosen, "sealed": found.fingerprint, "cases": new.height}
    note(product, "next_set_drawn", told)
    _write(found, sealed, development)
    # from now on whoever seals knows that these are open
    open_ = pl.concat([cases.filter(pl.col(SET) == OLD), new.filter(~picked)])
    note_open(Workspace.beside(product.file), names(open_))
    return found


def _require(product: Product, share: float, out: Path) -> None:
    if not 0.0 < share <= 1.0:
        raise BadInput(
            f"a share of {share:g} cannot be drawn.",
            code="usage",
            where="--share",
            value=share,
            next_step="Write half of the cases as 0.5.",
        )
    if product.data.truth is None:
        raise BadInput(
            "nothing says what is true of a case, and a sealed set without truth judges nothing.",
            code="no_truth",
            where=f"{product.file.name}: data",
            next_step="Name the column with the truth: `data: {truth: ...}`.",
        )
    for name in (NEXT, DEVELOPMENT, NOTE):
        if (out / name).exists():
            raise BadInput(
                f"{out / name} is there already, and a drawn set is never replaced.",
                code="exists",
                where="--out",
                value=str(out / name),
                next_step="Name another folder: `--out renewal-2`.",
            )


def _refuse_seen(product: Product, new: pl.DataFrame, name: str) -> None:
    """A case that somebody looked at, or that is in the product's own table, is no fresh one."""
    seen = known(new, open_names(Workspace.beside(product.file)))
    if not tables.is_missing(product):
        parted = load_cases(product)
        seen |= known(new, names(parted.all_open))
        if SetName.SEALED in parted.sizes():
            seen |= known(new, parted.sealed_names())
    if seen.any():
        first = new.filter(pl.Series(seen))[columns.ID][0]
        raise BadInput(
            f"{int(seen.sum()):,} of its {new.height:,} cases are no new ones: they, or their "
            f"units, were used or looked at before; the first is case {first}.",
            code="seen_cases",
            where=name,
            value=int(seen.sum()),
            next_step="Leave them out: a sealed set holds cases that nobody has looked at.",
        )


def _kinds(new: pl.DataFrame, product: Product) -> pl.Series:
    """What shares are kept of: the class, and the columns that requirements slice by."""
    told = []
    if product.task is Task.BINARY:
        told.append(
            pl.when(columns.POSITIVE).then(pl.lit("positive")).otherwise(pl.lit("negative"))
        )
    elif product.task is Task.MULTICLASS:
        told.append(pl.col(columns.TRUTH))
    told += [
        pl.col(name).cast(pl.String).fill_null("missing")
        for name in sliced(product)
        if name in new.columns and not new.schema[name].is_float()
    ]
    inside = pl.when(columns.INSIDE).then(pl.lit("")).otherwise(pl.lit(" (out of scope)"))
    if not told:
        return new.select(pl.concat_str(pl.lit("all cases"), inside)).to_series()
    return new.select(pl.concat_str(told, separator=", ") + inside).to_series()


def _picked(new: pl.DataFrame, kinds: pl.Series, share: float, key: int) -> pl.Series:
    """Which cases are drawn; a unit as a whole, in the kind of its rarest case."""
    by_size = kinds.value_counts().sort("count", kinds.name, descending=[True, False])
    order = {name: place for place, name in enumerate(by_size[kinds.name])}
    code = kinds.replace_strict(order, return_dtype=pl.Int64)
    if share == 1.0:
        return pl.repeat(True, new.height, eager=True)
    fractions = {SetName.SEALED: share, SetName.TRAIN: 1.0 - share}
    drawn = splits.at_random(code, new[columns.UNIT], Split(fractions=fractions, seed=key))
    sealed = drawn.filter(pl.col("set") == SetName.SEALED.value)["unit"]
    picked = new[columns.UNIT].is_in(sealed.to_list())
    if not picked.any():
        raise BadInput(
            f"a share of {share:g} of {new.height:,} cases leaves nothing to seal.",
            code="no_cases",
            where="--share",
            value=share,
            next_step="Draw a larger share, or label more cases.",
        )
    return picked


def _raw(product: Product, table: object) -> pl.DataFrame:
    return tables.collect(scan_other(product, table), name_of(table))


def _stacked(old: pl.DataFrame, rest: pl.DataFrame, name: str) -> pl.DataFrame:
    """The retired set and the cases not drawn; a column that one of them lacks is empty there."""
    try:
        return pl.concat([old, rest], how="diagonal_relaxed")
    except pl.exceptions.PolarsError as problem:
        raise BadInput(
            "its columns cannot stand below those of the old table: "
            f"{str(problem).splitlines()[0]}.",
            code="different_columns",
            where=name,
            next_step="Write each column with the same type in both tables.",
        ) from problem


def _told(kinds: pl.Series, picked: pl.Series) -> tuple[tuple[str, int, int], ...]:
    counted = (
        pl.DataFrame({"kind": kinds, "drawn": picked})
        .group_by("kind")
        .agg(pl.col("drawn").sum().cast(pl.Int64), pl.len().alias("all"))
        .sort("kind")
    )
    return tuple((str(kind), int(drawn), int(count)) for kind, drawn, count in counted.iter_rows())


def _write(found: Drawn, sealed: pl.DataFrame, development: pl.DataFrame) -> None:
    """All three files, each whole; the note last, so that it vouches for the other two."""
    try:
        for path, frame in ((found.sealed, sealed), (found.development, development)):
            content = BytesIO()
            frame.write_parquet(content)
            _create(path, content.getvalue())
        note = {**drawn_json(found), "schema": 1}
        _create(found.note, (json.dumps(note, indent=2) + "\n").encode())
    except OSError as problem:
        raise unwritable(found.sealed.parent, problem) from problem


def _create(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def drawn_json(found: Drawn) -> dict[str, object]:
    """What was drawn, as plain values."""
    return {
        "product": found.product,
        "sealed": str(found.sealed),
        "development": str(found.development),
        "share": found.share,
        "key": found.key,
        "sealed_cases": found.sealed_cases,
        "sealed_units": found.sealed_units,
        "production_cases": found.production_cases,
        "retired_cases": found.retired_cases,
        "strata": [
            {"kind": kind, "drawn": drawn, "cases": count} for kind, drawn, count in found.strata
        ],
        "fingerprint": found.fingerprint,
    }
