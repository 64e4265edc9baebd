"""check: judges the product on open data, as often as one likes, and says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from roadworthy import __version__
from roadworthy.core import columns
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.instrument import Instrument
from roadworthy.core.model import Brought, Model
from roadworthy.core.path import Path as Way
from roadworthy.core.product import Product, SetName
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io.judgement_json import to_json
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments
from roadworthy.store.seen import fitted_ids, note_open, seen_ids
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.measure import population, verdicts
from roadworthy.workflow.one_pass import Found, check_other, check_own
from roadworthy.workflow.own_model import brought_notes, handed_model
from roadworthy.workflow.paths import paths, unopened
from roadworthy.workflow.source import Parted, known, load_cases, load_other, names
from roadworthy.workflow.studies import Settled, other_tables, resolve, settle
from roadworthy.workflow.subject import Judged

OPEN_DATA = (
    "Judged on open data: these cases can be looked at again and again, so this verdict guides "
    "the work and does not prove the product. `roadworthy certify` opens the sealed set for that."
)


def check(
    product_file: Path,
    on: object | None = None,
    time: bool = False,
    model: Callable[[pl.DataFrame], Any] | None = None,
) -> Judgement:
    """Judges on the validation split, on all cases when there is no split, or on table ``on``.

    ``on`` is the path of a CSV or Parquet file, or a polars or pandas frame. ``time`` times the
    model case by case first, for requirements on latency. ``model`` is judged when product.yaml
    names none: a callable that takes a polars frame of the features, and returns one answer a row.
    """
    product = load_product(product_file)
    registry = instruments()
    workspace = Workspace.beside(product.file)
    scored = on is None and not time and model is None
    found = check_own(product, workspace, registry) if scored else None
    found = found or _as_a_whole(product, workspace, registry, on, time, model)
    judgement = Judgement(
        product=product.name,
        outcome=product_outcome(found.verdicts),
        set=found.set,
        subject=found.settled.judged.subject,
        version=__version__,
        verdicts=found.verdicts,
        population=found.population,
        fingerprints={
            "product.yaml": product.fingerprint,
            "data": found.data,
            **(guard.fingerprints if (guard := found.settled.judged.guard) else {}),
        },
        notes=(*notes(product, found.settled, found.candidates), *found.notes, OPEN_DATA),
        paths=found.paths,
    )
    keep(workspace, product, judgement, "open" if on is None else "other")
    return judgement


def _as_a_whole(
    product: Product,
    workspace: Workspace,
    registry: Mapping[str, Instrument],
    on: object | None,
    time: bool,
    model: Callable[[pl.DataFrame], Any] | None,
) -> Found:
    """Judges on cases that are held in memory; another table may still do in one pass."""
    parted = load_cases(product)
    resolve(product, parted.schema, registry)
    brought = None if model is None else handed_model(product, parted.schema, model)
    settled = settle(product, workspace, parted, registry, brought)
    if on is not None and not time:
        found = check_other(settled, parted, on, _name(on), workspace, registry)
        if found is not None:
            return found
    cases, name, data = _set(product, parted, on)
    if on is None:
        _refuse_fitted(workspace, settled.judged.model, cases, name)
    else:
        _refuse_known(workspace, settled.judged, parted, cases, name)
    note_open(workspace, names(cases))
    answered = settled.judged.prepared(cases)
    timed = answered.filter(pl.col(columns.INSIDE)) if time else None
    others, missing = other_tables(product, settled.judged, workspace, registry, timed)
    study = OpenStudy(
        subject=settled.judged.subject,
        set=name,
        tables={"cases": answered, **others},
        open_levels=parted.all_open,
        candidates=settled.candidates if on is None else 1,
        missing_tables=missing,
    )
    told = verdicts(product, study, registry)
    ways: tuple[Way, ...] = ()
    if product_outcome(told) is not Outcome.PASS:
        sealed = unopened(workspace, parted)
        ways = paths(product, study, settled.judged.policy, told, registry, sealed)
    return Found(settled, name, told, population(answered), data, study.candidates, ways)


def notes(product: Product, settled: Settled, candidates: int) -> tuple[str, ...]:
    """What a reader must know of how the subject came about."""
    found, model = [], settled.judged.model
    if isinstance(model, Brought):
        found += [*brought_notes(model), *model.notes]
    policy, chosen = settled.judged.policy, []
    if settled.rungs > 1:
        chosen.append(f"the model ({settled.judged.model.name})")
    if policy is not None and product.decision.threshold == "auto":
        chosen.append(f"the threshold {policy.threshold:.4g}")
    if chosen:
        what, were = " and ".join(chosen), "was" if len(chosen) == 1 else "were"
        found.append(
            f"{what[:1].upper()}{what[1:]} {were} chosen on validation data among "
            f"{settled.candidates} candidates."
        )
    if candidates > 1:
        found.append(f"These cases did the choosing, so alpha is divided by {candidates}.")
    return tuple(found)


def keep(workspace: Workspace, product: Product, judgement: Judgement, name: str) -> None:
    """Keeps the judgement, and product.yaml as it was read for it, for the dossier."""
    made = datetime.now(UTC).isoformat(timespec="seconds")
    folder = judgements(product.file)
    workspace.write(f"{folder}/{name}.yaml", product.text)
    workspace.write_json(f"{folder}/{name}.json", {**to_json(judgement), "made": made})
    workspace.write_json(f"{folder}/latest.json", {"name": name})


def judgements(product_file: Path) -> str:
    """Where the judgements of a product are kept: two products may share a folder."""
    return f"judgements/{product_file.stem}"


def _refuse_fitted(workspace: Workspace, model: Model, cases: pl.DataFrame, name: str) -> None:
    """After another split or table, open cases may be ones that the model was fitted on."""
    if not model.files or isinstance(model, Brought):
        return
    shared = int(known(cases, fitted_ids(workspace, model.fingerprint)).sum())
    if shared:
        raise BadInput(
            f"{shared} of these {cases.height} cases fitted the model: the table or its split "
            "changed since.",
            code="fitted_cases",
            where=name,
            value=shared,
            next_step="Restore the split that the model was trained with, or run "
            "`roadworthy train` again.",
        )


def _refuse_known(
    workspace: Workspace, judged: Judged, parted: Parted, cases: pl.DataFrame, on: str
) -> None:
    """Another table must bring other cases: no sealed ones, none that the subject learnt from."""
    model = judged.model
    sealed = int(known(cases, parted.sealed_names()).sum())
    if sealed:
        raise Refused(
            f"{sealed} of its {cases.height} cases are in the sealed set.",
            code="sealed_cases",
            where=on,
            value=sealed,
            next_step="Leave them out; `roadworthy certify` opens the sealed set.",
        )
    used = known(cases, parted.chosen_on())
    if judged.guard is not None:
        used |= known(cases, names(parted.open(SetName.TRAIN, SetName.VALIDATION)))
    if model.files and not isinstance(model, Brought):
        used |= known(cases, seen_ids(workspace, model.fingerprint))
    if used.any():
        raise BadInput(
            f"{int(used.sum())} of its {cases.height} cases were used to train or to choose.",
            code="seen_cases",
            where=on,
            value=int(used.sum()),
            next_step="Leave them out: a product proves nothing on what it learnt from.",
        )


def _set(product: Product, parted: Parted, on: object | None) -> tuple[pl.DataFrame, str, str]:
    """The cases to judge, what the set is called, and the fingerprint of its table."""
    if on is not None:
        name = _name(on)
        cases, fingerprint = load_other(product, on, name)
        return cases, name, fingerprint
    name = str(SetName.VALIDATION) if parted.split else ", ".join(product.data.cases)
    cases = parted.open(SetName.VALIDATION)
    if cases.height == 0:
        raise BadInput(
            "the split leaves no validation cases, so there is nothing to check on.",
            code="no_cases",
            where=f"{product.file.name}: data.split",
            next_step="Add a validation set to `data.split`, or name a table: `--on FILE`.",
        )
    return cases, name, parted.fingerprint


def _name(on: object) -> str:
    return str(on) if isinstance(on, str | Path) else "a frame"
