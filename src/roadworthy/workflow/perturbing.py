"""Asks the model again about the same cases as they are under every declared perturbation.

One table a perturbation, with the columns of the cases: only answers and decisions differ. Images
are perturbed while they are read, so nothing is copied and memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import Refused, RoadworthyError
from roadworthy.core.model import Model
from roadworthy.core.perturbation import ChangesImages, Under
from roadworthy.core.product import Product
from roadworthy.io import images
from roadworthy.io.stable_hash import stable_hash
from roadworthy.models.scored_table import ScoredTable
from roadworthy.models.through_files import ThroughFiles
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.imaging import looks_at_images
from roadworthy.workflow.prepare import in_scope
from roadworthy.workflow.subject import Judged
from roadworthy.workflow.under import decided
from roadworthy.workflow.withholding import gates

FILES = "perturbed"
UNTOLD = "what was wrong is not told, since it was about sealed cases"
# what judging adds to cases: asked again, the product sees none of it
_FOUND = (
    columns.SCORE, columns.PREDICTED, columns.REFERRED, columns.RATED, columns.FLAGGED,
    columns.UNREAD,
)  # fmt: skip


@dataclass(frozen=True)
class Perturbed:
    """The tables of perturbed cases by name, and why others are missing."""

    tables: Mapping[str, pl.DataFrame]
    missing: Mapping[str, str]


def perturbations_of(product: Product) -> tuple[Under, ...]:
    """Every perturbation under which something is required, once."""
    found = {str(one.under): one.under for one in product.requirements if one.under is not None}
    return tuple(found.values())


def perturbed(judged: Judged, cases: pl.DataFrame, sealed: bool = False) -> Perturbed:
    """``cases`` are prepared; of ``sealed`` ones no message of a model is told."""
    found: dict[str, pl.DataFrame] = {}
    missing: dict[str, str] = {}
    for under in perturbations_of(judged.product):
        try:
            told = _under(judged, cases, under)
        except (RoadworthyError, ValueError) as problem:
            said = getattr(problem, "message", str(problem)).rstrip(".")
            told = f"under {under} not every case was answered: {UNTOLD if sealed else said}"
        if isinstance(told, str):
            missing[under.table] = told
        else:
            found[under.table] = told
    return Perturbed(found, missing)


def never_asked(product: Product, name: str) -> dict[str, str]:
    """Why no table of perturbed cases can be there where ``name`` holds the answers."""
    return {under.table: _holds_answers(name) for under in perturbations_of(product)}


def refuse_never_asked(product: Product, model: Model) -> None:
    """No look is spent where a critical requirement could never be shown.

    Raises:
        Refused: the model cannot be asked about perturbed cases.
    """
    if isinstance(model, ScoredTable):
        refuse_unanswered(product, never_asked(product, model.name))
    if not looks_at_images(product):
        of_images = (one for one in perturbations_of(product) if _changes_images(one))
        refuse_unanswered(product, {one.table: _sees_none(model, one) for one in of_images})


def refuse_unanswered(product: Product, why: Mapping[str, str]) -> None:
    """The same where not every open case was answered under a perturbation.

    Raises:
        Refused: a critical requirement is among those in ``why``, by table.
    """
    for one in product.requirements:
        if one.under is not None and one.under.table in why and gates(one):
            raise Refused(
                f"{one.id} could never be shown: {why[one.under.table]}.",
                code="cannot_perturb",
                where="the requirements",
                value=one.id,
                next_step="Have every case answered, or referred (`decision: {mode: triage}`); or "
                "make it `tier: advisory`.",
            )


def _holds_answers(name: str) -> str:
    return (
        f"{name} holds answers and cannot be asked about perturbed cases: train a model here, or "
        "bring one, `model: {command: }`"
    )


def _changes_images(under: Under) -> bool:
    return isinstance(under.perturbation, ChangesImages)


def _sees_none(model: Model, under: Under) -> str:
    return f"{model.name} looks at no images, which {under.name} changes"


def _under(judged: Judged, cases: pl.DataFrame, under: Under) -> pl.DataFrame | str:
    """The cases as they are decided under a perturbation, or why nobody can tell."""
    product, model = judged.product, judged.model
    if isinstance(model, ScoredTable):
        return _holds_answers(model.name)
    if _changes_images(under) and not looks_at_images(product):
        return _sees_none(model, under)
    inside = cases[columns.INSIDE]
    asked = _asked(judged, changed(cases, under, _seed(product)))
    handed = inside & ~asked[columns.INSIDE]
    asked = asked.with_columns((inside & ~handed).alias(columns.INSIDE))
    with _reading(judged, under) as reader:
        answers = reader.answers(asked)
        if answers is None:
            return f"{model.name} answers nothing"
        told = reader.told(asked, answers)
    found = cases.with_columns(*told, handed.alias(columns.HANDED))
    return decided(found, judged.policy, product.decision.referred)


def changed(cases: pl.DataFrame, under: Under, seed: int) -> pl.DataFrame:
    """The cases as the product sees them; what they are, their truth and their names, stays.

    What is random hangs on ``seed``, the case and the column: the same whoever stands beside it,
    and the same for every strength of a perturbation.
    """
    kind = under.perturbation
    ids = cases[columns.ID]
    if isinstance(kind, ChangesImages):
        words = asdict(kind)  # type: ignore[call-overload]
        found = []
        for name in filter(columns.is_file, cases.columns):
            seeds = stable_hash(ids, f"{seed} {under.name} {columns.shown(name)}").to_list()
            handles = images.through(cases[name].to_list(), under.name, words, seeds)
            found.append(pl.Series(name, handles, dtype=pl.String))
        return cases.with_columns(found)
    column = kind.column
    drawn = stable_hash(ids, f"{seed} {under.name} {column}").to_numpy()
    chance = (drawn >> 11).astype(float) / 2**53 + 2.0**-54
    values = [kind.values(cases[column], chance).alias(column)]
    if (file := columns.file(column)) in cases.columns:
        gone = values[0].is_null()
        values.append(pl.select(pl.when(~gone).then(cases[file])).to_series().alias(file))
    return cases.with_columns(values)


def _asked(judged: Judged, cases: pl.DataFrame) -> pl.DataFrame:
    """Scope and guard look at what the product sees; nothing of truth or earlier answers is left.

    Without a guard of its own to look again, what one turned away before stays so.
    """
    data = judged.product.data
    truth = [name for name in (data.truth, columns.POSITIVE, columns.TRUTH) if name]
    gone = [*_FOUND, *truth, *([columns.UNFAMILIAR] if judged.guard is not None else [])]
    return judged.guarded(in_scope(cases.drop(gone, strict=False), judged.product.scope))


@contextmanager
def _reading(judged: Judged, under: Under) -> Iterator[Judged]:
    """The subject; a model that opens the images' files itself is given changed ones, for a while.

    These lie beside the product, since paths are relative to it, and some at a time.
    """
    product, model = judged.product, judged.model
    named = () if product.data.images is None else product.data.images.columns
    opened = tuple(name for name in named if name in model.needs)
    if not opened or not isinstance(under.perturbation, ChangesImages):
        yield judged
        return
    with Workspace.beside(product.file).scratch(FILES) as folder:
        yield replace(judged, model=ThroughFiles(model, opened, product.folder, folder))


def _seed(product: Product) -> int:
    return 0 if product.data.split is None else product.data.split.seed
