"""What may be sealed: cases that nobody saw, that stand nowhere else, and were labelled blindly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.product import Product
from roadworthy.core.seal import SealedSet
from roadworthy.io import case_files, case_names
from roadworthy.io.case_files import Lookalike
from roadworthy.io.stable_hash import stable_hash
from roadworthy.stats.twins import more_than_chance
from roadworthy.store.certificates import certified_names
from roadworthy.store.earlier import opened_before
from roadworthy.store.seen import open_names
from roadworthy.store.vault import Items, Vault
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.candidate import Candidate
from roadworthy.workflow.sealed_files import files_of
from roadworthy.workflow.source import names
from roadworthy.workflow.vault import (
    columns_kept,
    inputs_of,
    ours,
    own_twins,
    shared_with,
    vault_if_there,
)

EXAMPLES = 5
FRESH = "Leave them out, or bring cases that nobody saw."


def refuse_standing(
    sealed: SealedSet | None, items: Items, open_cases: pl.DataFrame, seen: NDArray[np.uint64]
) -> None:
    """Refuses a set of which a case stands in open data now, or was seen since it was sealed.

    By its name, its unit or, of a set that is kept, by its inputs. ``seen`` are names of cases and
    units.

    Raises:
        Refused: telling how many.
    """
    told = (
        (
            seen,
            "sealed_seen",
            "were open before: trained on or judged by `train` or `check` in "
            "this workspace, under another split or table",
        ),
        (names(open_cases), "in_open_data", "stand in the product's own open data as well"),
    )
    for called, code, why in told:
        shared = int(items.known(called).sum())
        if shared:
            raise Refused(
                f"{shared:,} of the {len(items.ids):,} sealed cases {why}.",
                code=code,
                where="the sealed set",
                value=shared,
                next_step="Restore the split and table as they were, or bring cases that nobody "
                "saw.",
            )
    if sealed is not None:
        _refuse_twins(sealed, items, open_cases)


def refuse_lacking(product: Product, sealed: SealedSet, needs: Sequence[str]) -> None:
    """Refuses a look by a model that reads a column which the sealed rows do not have.

    Raises:
        BadInput: naming the first of ``needs`` that is not there.
    """
    with vault_if_there(product) as vault:
        kept = columns_kept(vault, sealed) if vault else None
    for name in needs:
        if kept is not None and name and not name.startswith("@") and name not in kept:
            raise BadInput(
                f"the model reads {name!r}, and the sealed set {sealed.id} has no such column: it "
                "could not answer. No look was spent.",
                code="missing_column",
                where="the sealed set",
                value=name,
                next_step="Train a model that reads what the sealed cases have, or seal fresh "
                "cases that have it.",
            )


def refuse_open(product: Product, found: Candidate, open_cases: pl.DataFrame) -> None:
    """Refuses cases, or cases of units, that stand in open data or were ever open here.

    Raises:
        Refused: naming the first of them.
    """
    standing = np.concatenate(
        [
            case_names.cases(case_names.plain(open_cases[columns.ID])),
            case_names.units(case_names.plain(open_cases[columns.UNIT])),
        ]
    )
    _refuse_known(found, standing, "stand in the product's own open data too", "in_open_data")
    workspace = Workspace.beside(product.file)
    seen = np.union1d(open_names(workspace), certified_names(workspace))
    told = "were open before: trained on or judged by `train` or `check` in this workspace"
    _refuse_known(found, seen, told, "sealed_seen")


def refuse_sealed_before(
    product: Product, vault: Vault | None, sets: Sequence[SealedSet], found: Candidate
) -> None:
    """Refuses cases that were ever sealed or opened here, whatever they are called now.

    Raises:
        Refused: ``seal_spent`` where somebody looked at them, else ``sealed_before``.
    """
    before = opened_before(Workspace.beside(product.file))
    if len(before):
        shared = int(np.isin(stable_hash(found.cases[columns.ID]).to_numpy(), before).sum())
        if shared:
            raise _shared(shared, found, "were opened before there was a vault", "seal_spent")
    for one in sets:
        assert vault is not None
        theirs = vault.items(one)
        shared = shared_with(found.hashed_by(one.by), theirs, one_product=ours(vault, one, product))
        if shared and one.looks:
            raise spent(one, shared, found.cases.height)
        if shared:
            told = f"are in the sealed set {one.id}, which stands sealed since {one.at[:10]}"
            raise _shared(shared, found, told, "sealed_before")


def refuse_labels(product: Product, found: Candidate) -> None:
    """Refuses labels that were made in sight of a model's answer: they agree with it too often.

    Raises:
        Refused: naming how many. BadInput: a word in the column is neither yes nor no.
    """
    said = product.data.label_seen_with_model
    if said is False:
        return
    seen = pl.Series([True] * found.cases.height) if said is True else _seen(found, str(said))
    count, untold = int(seen.sum()), int(seen.null_count())
    if count or untold:
        nobody = f", and of {untold:,} nobody says whether they were" if untold else ""
        raise Refused(
            f"{count:,} of {found.cases.height:,} labels were made in sight of a model's answer"
            f"{nobody} (`label_seen_with_model`): whoever sees the answer agrees with it too "
            "often.",
            code="label_seen_with_model",
            where=found.where,
            value=count + untold,
            next_step="Have them labelled blindly, or leave them out.",
        )


def twins_in_open(found: Candidate, open_cases: pl.DataFrame) -> int:
    """How many cases have equal inputs in open data, which chance may explain.

    Raises:
        Refused: chance does not: they are the same cases under other ids.
    """
    if not set(found.by) <= set(open_cases.columns) or not open_cases.height:
        return 0
    theirs = inputs_of(open_cases, found.by)
    alike = found.items.inputs.is_in(theirs.implode())
    shared = int(alike.sum())
    if _no_chance(shared, found.items.inputs, theirs):
        first = found.cases.filter(alike)[columns.ID][0]
        raise _refused(
            f"{shared:,} of {found.cases.height:,} cases have exactly the inputs of open cases, "
            f"which is no chance in this table (case {first} is the first): they are the same "
            "cases under other ids.",
            "same_inputs",
            found,
            shared,
        )
    return shared


def refuse_lookalikes(
    product: Product, found: Candidate, open_cases: pl.DataFrame, accepted: Sequence[str]
) -> None:
    """Refuses files that stand in open data too, or images that look like one there.

    ``accepted`` names cases whose likeness a person looked at and took for chance.

    Raises:
        Refused: naming the first pairs. BadInput: the cases' own file is not there.
    """
    sealed, standing = (files_of(cases, product) for cases in (found.cases, open_cases))
    if sealed.is_empty() or standing.is_empty():
        return
    near = case_files.alike(case_files.known(sealed), case_files.known(standing))
    # a case may have several files
    first = {one.sealed: one for one in near if not _accepts(one, accepted)}
    alike = sorted(first.values(), key=lambda one: not one.same_file)
    if alike:
        shown = "; ".join(map(str, alike[:EXAMPLES]))
        one = alike[0]
        raise Refused(
            f"{len(alike):,} sealed cases have files of open cases: {shown}.",
            code="same_file" if one.same_file else "near_duplicate",
            where=found.where,
            value=one.sealed,
            next_step=FRESH
            if one.same_file
            else f"Leave them out. If you looked and case {one.sealed} only looks like another: "
            f"`roadworthy seal --accept {one.sealed}`.",
        )


def spent(sealed: SealedSet, shared: int | None = None, of: int = 0) -> Refused:
    """Nobody may look at these cases any more."""
    last = sealed.looks[-1]
    if sealed.passed is not None and not sealed.retired and shared is None:
        what = "The sealed set said PASS, which ends its looks"
        last = sealed.passed
    elif shared is None or shared >= of:
        what = (
            f"The sealed set was opened {len(sealed.looks)} of {sealed.budget.looks} "
            f"time{'s' * (sealed.budget.looks != 1)}"
            if sealed.budget.looks > 1
            else "The sealed set was opened 1 of 1 times"
        )
    else:
        what = f"{shared} of its {of} cases were already opened in another sealed set"
    return Refused(
        f"{what} (last for {last.subject!r}, {last.at[:10]}).",
        code="seal_spent",
        where="the sealed set",
        value=last.at,
        next_step="Its answer is kept: `roadworthy dossier --set sealed`. Check on the validation "
        "set, or collect a fresh test set.",
    )


_YES = ("true", "1", "1.0", "yes", "y")
_NO = ("false", "0", "0.0", "no", "n")


def _seen(found: Candidate, column: str) -> pl.Series:
    """Whether each label was made in sight of an answer; null: nobody says so."""
    words = found.raw[column].cast(pl.String).str.strip_chars().str.to_lowercase()
    strange = found.raw[column].filter(words.is_not_null() & ~words.is_in((*_YES, *_NO)))
    if len(strange):
        raise BadInput(
            f"{len(strange):,} of {found.raw.height:,} values of {column!r} "
            f"(`label_seen_with_model`) are neither yes nor no; the first is {strange[0]!r}.",
            code="undeclared_value",
            where=f"{found.where}: column {column}",
            value=str(strange[0]),
            next_step="Write yes or no (or true or false, or 1 or 0), whether the label was made "
            "in sight of a model's answer.",
        )
    return words.is_in(_YES)


def _refuse_twins(sealed: SealedSet, items: Items, open_cases: pl.DataFrame) -> None:
    """Refuses a set whose inputs came to stand in open data, more of them than chance has."""
    if not set(sealed.by) <= set(open_cases.columns) or not open_cases.height:
        return
    theirs = inputs_of(open_cases, sealed.by)
    shared = int(items.inputs.is_in(theirs.implode()).sum())
    # those that were there when it was sealed are chance's
    if shared > sealed.twins and _no_chance(shared, items.inputs, theirs):
        raise Refused(
            f"{shared:,} of the {sealed.cases:,} sealed cases have exactly the inputs of open "
            f"cases ({sealed.twins:,} had when they were sealed), which is no chance in this "
            "table: they are the same cases under other ids. No look was spent.",
            code="same_inputs",
            where="the sealed set",
            value=shared,
            next_step="Take them out of the open data and train again, or bring cases that nobody "
            "saw.",
        )


def _no_chance(shared: int, ours: pl.Series, theirs: pl.Series) -> bool:
    """Whether ``shared`` of our cases have their inputs in the other table by more than chance."""
    lookalikes, of = max(
        ((own_twins(one), len(one)) for one in (theirs, ours)),
        key=lambda pair: pair[0] / max(pair[1], 1),
    )
    return more_than_chance(shared, len(ours), lookalikes, of)


def _accepts(one: Lookalike, accepted: Sequence[str]) -> bool:
    return one.sealed in accepted and not one.same_file


def _refuse_known(found: Candidate, names: NDArray[np.uint64], told: str, code: str) -> None:
    known = found.items.known(names)
    if not known.any():
        return
    first = found.cases.filter(pl.Series(known))[columns.ID][0]
    where = f" ({first} is the first; a case counts when one of its unit is there)"
    raise _shared(int(known.sum()), found, f"{told}{where}", code)


def _shared(count: int, found: Candidate, told: str, code: str) -> Refused:
    return _refused(f"{count:,} of {found.cases.height:,} cases {told}.", code, found, count)


def _refused(message: str, code: str, found: Candidate, count: int) -> Refused:
    return Refused(message, code=code, where=found.where, value=count, next_step=FRESH)
