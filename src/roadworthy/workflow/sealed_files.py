"""Files of sealed cases: covered by the seal through their bytes, and the same again at a look.

They are not in the encrypted set: they stay where they are, and a look reads them there.
"""

from __future__ import annotations

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.model import Model
from roadworthy.core.product import Product
from roadworthy.core.seal import SealedSet
from roadworthy.io import images
from roadworthy.models.scored_table import ScoredTable
from roadworthy.store.vault import Items
from roadworthy.workflow.candidate import Candidate
from roadworthy.workflow.imaging import digests_of, looks_at_images


def sealed_digests(cases: pl.DataFrame, product: Product) -> pl.DataFrame:
    """``@digest:X`` for every column X that names files: images, and the cases' own file.

    Raises:
        BadInput: a path is no text, leaves the folder, or names no file.
    """
    found, own = digests_of(cases), product.data.file
    if own is None or columns.digest(own) in found.columns:
        return found
    digests = _own(cases, product, own)["digest"].alias(columns.digest(own))
    return pl.DataFrame([*found, digests])


def files_of(cases: pl.DataFrame, product: Product) -> pl.DataFrame:
    """``case``, ``file`` and ``digest`` of every file that is there, whoever reads it.

    Raises:
        BadInput: a path is no text or leaves the folder, or the cases' own file is not there.
    """
    named, data = [], product.data
    for name in data.images.columns if data.images else ():
        named.append(_located(cases, product, name))
    if data.file is not None and not (data.images and data.file in data.images.columns):
        named.append(_own(cases, product, data.file))
    whole = pl.concat(named) if named else pl.DataFrame(schema=_SCHEMA)
    return whole.filter(pl.col("digest").is_not_null())


def refuse_uncovered(sealed: SealedSet, product: Product) -> None:
    """Refuses a look by a model that reads images which the seal knows nothing of.

    Raises:
        Refused: naming the first of their columns.
    """
    if not looks_at_images(product) or product.data.images is None:
        return
    for name in product.data.images.columns:
        if columns.digest(name) not in sealed.by:
            raise Refused(
                f"the set {sealed.id} was sealed without the images of {name!r}: nobody could tell "
                "whether they are the same today.",
                code="files_not_sealed",
                where="the sealed set",
                value=name,
                next_step="Seal fresh cases with `features: {image: ...}` in product.yaml.",
            )


def refuse_other_files(sealed: SealedSet, found: Candidate, items: Items) -> None:
    """Refuses cases of images that bear the ids of a sealed set, and are not what was sealed.

    Raises:
        Refused: telling how many.
    """
    hashed = any(name.startswith(columns.digest("")) for name in sealed.by)
    if not hashed or not set(sealed.by) <= set(found.raw.columns):
        return
    ours = found.hashed_by(sealed.by)
    if set(ours.ids.tolist()) != set(items.ids.tolist()):
        return
    changed = int((~ours.inputs.is_in(items.inputs.implode())).sum())
    raise Refused(
        f"{changed:,} of the {sealed.cases:,} cases of the sealed set {sealed.id} are not what was "
        "sealed: an image file has other bytes or is gone, or a row was changed.",
        code="files_changed",
        where=found.where,
        value=changed,
        next_step="Restore the files and the table as they were; no look was spent.",
    )


def refuse_shared_files(raw: pl.DataFrame, open_cases: pl.DataFrame) -> None:
    """Refuses sealed rows of which an image stands in open data by now, whatever it is called.

    Raises:
        Refused: telling how many; which they are is sealed.
    """
    ours, theirs = _digests(raw), _digests(open_cases)
    shared = int(ours.is_in(theirs.implode()).sum())
    if shared:
        raise Refused(
            f"image files of sealed cases ({shared:,}) stand in the product's open data by now: a "
            "model may have learnt from them.",
            code="same_file",
            where="the sealed set",
            value=shared,
            next_step="Take them out of the open data and train again, or seal fresh cases.",
        )


def unchanged(raw: pl.DataFrame, product: Product, model: Model) -> pl.DataFrame:
    """Sealed rows as in their table, once their files are known to be what was sealed.

    Where the answers were handed in nobody reads the files, and they may be elsewhere.

    Raises:
        Refused: a file is gone or has other bytes; telling how many and the first.
    """
    kept = digests_of(raw)
    rows = raw.drop(kept.columns)
    if product.marks is not None and columns.BOXES not in rows.columns:
        # boxes that lay open until now prove nothing of cases that were sealed without them
        rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(columns.BOXES))
    if isinstance(model, ScoredTable):
        return rows
    for column in kept.columns:
        name = column.removeprefix(columns.digest(""))
        ids = [str(at) for at in range(rows.height)]
        now = images.digests(images.located(rows[name], ids, product.folder))
        other = ~kept[column].eq_missing(now)
        if other.any():
            raise _changed(rows[name].filter(other), now.filter(other))
    return rows


def _digests(cases: pl.DataFrame) -> pl.Series:
    """Hashes of all files, image columns together."""
    each = [column.alias("digest").drop_nulls() for column in digests_of(cases)]
    return pl.concat([pl.Series("digest", [], dtype=pl.String), *each])


_SCHEMA = {"case": pl.String, "file": pl.String, "digest": pl.String}


def _located(cases: pl.DataFrame, product: Product, name: str) -> pl.DataFrame:
    ids = cases[columns.ID]
    if columns.digest(name) in cases.columns:
        files, digests = cases[columns.file(name)], cases[columns.digest(name)]
    else:
        files = images.located(cases[name], ids.to_list(), product.folder)
        digests = images.digests(files)
    return pl.DataFrame({"case": ids, "file": files, "digest": digests}, schema=_SCHEMA)


def _own(cases: pl.DataFrame, product: Product, name: str) -> pl.DataFrame:
    found = _located(cases, product, name)
    gone = found.filter(pl.col("file").is_not_null() & pl.col("digest").is_null())
    if gone.height:
        case, path = gone.select("case", "file").row(0)
        raise BadInput(
            f"the file of case {case} cannot be read.",
            code="missing_file",
            where=path,
            value=case,
            next_step="Put it there, or leave the cell empty if the case has no file.",
        )
    return found


def _changed(paths: pl.Series, now: pl.Series) -> Refused:
    first = paths[0]
    what = "is not there" if now[0] is None else "has other bytes"
    return Refused(
        f"files of sealed cases ({len(paths):,}) are not what was sealed: '{first}' {what}.",
        code="files_changed",
        where=f"column {paths.name}",
        value=first,
        next_step="Restore the files; the very same product then goes on with the same look. "
        "Nothing was judged.",
    )
