"""check: judges the product on open data, as often as one likes, and says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from roadworthy import __version__
from roadworthy.core import columns
from roadworthy.core.device import TABLES, TIMINGS
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.evidence import Measured
from roadworthy.core.instrument import Instrument
from roadworthy.core.model import Brought, Model
from roadworthy.core.path import Path as Way
from roadworthy.core.policy import Policy
from roadworthy.core.product import Product, SetName
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Judgement, Outcome, Verdict
from roadworthy.io import tables
from roadworthy.io.judgement_json import to_json
from roadworthy.io.registry import instruments
from roadworthy.stats.evidence import NO_COPY
from roadworthy.store.certificates import certified_names
from roadworthy.store.devices import kept_measurement
from roadworthy.store.seen import fitted_ids, note_open, seen_ids
from roadworthy.store.workspace import Workspace, as_json
from roadworthy.workflow import on_device
from roadworthy.workflow.cleared import on_open_cases
from roadworthy.workflow.imaging import unread_notes
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.ledger import note_judged
from roadworthy.workflow.load import Given, as_product, since_loaded
from roadworthy.workflow.measure import population, table_of, verdicts_and_pictures
from roadworthy.workflow.one_pass import Found, check_other, check_own
from roadworthy.workflow.other_rungs import OtherRungs
from roadworthy.workflow.own_model import brought_notes, handed_model
from roadworthy.workflow.paths import paths, unopened
from roadworthy.workflow.perturbing import perturbed
from roadworthy.workflow.pictures import Asked
from roadworthy.workflow.set_aside import sealed_names
from roadworthy.workflow.source import Parted, known, load_cases, load_other, name_of, names
from roadworthy.workflow.studies import (
    Settled,
    other_tables,
    require_inputs,
    resolve,
    settle,
    timed_so_often,
)
from roadworthy.workflow.subject import Judged, learnt_from
from roadworthy.workflow.uncovered import covering
from roadworthy.workflow.verification import by_design, is_designed
from roadworthy.workflow.ways import ways as ways_of_working

UNVERIFIED = (
    "Some truths are unknown (`data.verification`), so rates rest on the cases that were verified "
    "by design; pictures, ways of working and paths need every truth, and are not told."
)
OPEN_DATA = (
    "Judged on open data: these cases can be looked at again and again, so this verdict guides "
    "the work and does not prove the product. `roadworthy certify` opens the sealed set for that."
)


def check(
    product: Given,
    on: object | None = None,
    time: bool = False,
    model: Callable[[pl.DataFrame], Any] | None = None,
) -> Judgement:
    """Judges on the validation split, on all cases when there is no split, or on table ``on``.

    ``on`` is the path of a CSV or Parquet file, or a polars or pandas frame. Where the product's
    own table is not there and nothing in it would be sealed, ``on`` stands in for it. ``time``
    times the model case by case first, for requirements on latency. ``model`` is judged when
    product.yaml names none: a callable that takes a polars frame of the features, and returns one
    answer a row.

    Raises:
        BadInput: something is wrong with the product, the table or the model's answers.
        Refused: ``on`` holds sealed cases.
    """
    product = as_product(product)
    registry = instruments()
    workspace = Workspace.beside(product.file)
    stand_in = on if on is not None and _stands_in(product, on) else None
    other = on if stand_in is None else None
    scored = other is None and not time and model is None and product.data.verification is None
    found = check_own(product, workspace, registry, stand_in) if scored else None
    found = found or _as_a_whole(product, workspace, registry, other, time, model, stand_in)
    judgement = Judgement(
        product=product.name,
        outcome=product_outcome(found.verdicts, found.certificate),
        set=found.set,
        subject=found.settled.judged.subject,
        version=__version__,
        verdicts=found.verdicts,
        population=found.population,
        fingerprints={
            "product.yaml": product.fingerprint,
            "data": found.data,
            "model": found.settled.judged.model.fingerprint,
            **(guard.fingerprints if (guard := found.settled.judged.guard) else {}),
        },
        notes=(
            *notes(product, found.settled, found.candidates),
            *agreements(found.verdicts),
            *hypothetical_notes(found.verdicts),
            *(() if stand_in is None else (_alone(product, stand_in),)),
            *since_loaded(product),
            *found.notes,
            OPEN_DATA,
        ),
        paths=found.paths,
        pictures=found.pictures,
        certificate=found.certificate,
        ways=found.working,
    )
    keep(workspace, product, judgement, "open" if on is None else "other")
    return judgement


def _stands_in(product: Product, on: object) -> bool:
    """Whether ``on`` is all there is: the product's own table is not there, and seals nothing."""
    if not tables.is_missing(product):
        return False
    if product.data.split is not None:
        raise BadInput(
            f"{', '.join(product.data.cases)} is not there, and only it says which cases are "
            f"sealed or were learnt from, so {name_of(on)} cannot be judged without it.",
            code="missing_file",
            where=f"{product.file.name}: data.cases",
            value=", ".join(product.data.cases),
            next_step="Put the table there, or leave `split` away if no case is sealed.",
        )
    return True


def _alone(product: Product, stand_in: object) -> str:
    return (
        f"{', '.join(product.data.cases)} is not there, so {name_of(stand_in)} stood in for it: "
        "no slice was asked for that only other open cases would show."
    )


def _as_a_whole(
    product: Product,
    workspace: Workspace,
    registry: Mapping[str, Instrument],
    on: object | None,
    time: bool,
    model: Callable[[pl.DataFrame], Any] | None,
    stand_in: object | None,
) -> Found:
    """Judges on cases that are held in memory; another table may still do in one pass."""
    parted = load_cases(product, stand_in)
    resolve(product, parted.schema, registry)
    brought = None if model is None else handed_model(product, parted.schema, model)
    settled = settle(product, workspace, parted, registry, brought)
    if on is not None and not time and product.data.verification is None:
        found = check_other(settled, parted, on, name_of(on), workspace, registry)
        if found is not None:
            return found
    cases, name, data = _set(product, parted, on)
    name = name if stand_in is None else name_of(stand_in)
    if on is None:
        refuse_fitted(workspace, settled.judged.model, cases, name)
    else:
        require_inputs(settled.judged.model, cases.schema, name)
        _refuse_known(workspace, settled.judged, parted, cases, name)
    note_open(workspace, names(cases))
    answered = settled.judged.prepared(cases)
    complete = not is_designed(answered)
    timed = answered.filter(pl.col(columns.INSIDE)) if time else None
    beside, missing = other_tables(product, settled.judged, workspace, registry, timed)
    under = perturbed(settled.judged, answered)
    certificate = settled.certificate
    if certificate is not None:
        certificate = covering(certificate, product, answered)
        if complete:
            certificate = on_open_cases(certificate, product, answered, name)
    study = OpenStudy(
        subject=settled.judged.subject,
        set=name,
        tables={"cases": answered, **under.tables, **beside},
        open_levels=parted.all_open,
        candidates=settled.candidates if on is None else 1,
        missing_tables={**missing, **under.missing},
        certificate=certificate,
    )
    asked = Asked(settled.judged, answered.schema)
    told, pictures = verdicts_and_pictures(product, study, by_design(answered, registry), asked)
    ways: tuple[Way, ...] = ()
    if complete and product_outcome(told, certificate) is not Outcome.PASS:
        sealed = unopened(product, parted)
        others = OtherRungs(product, workspace, parted, settled, registry)
        ways = paths(product, study, settled.judged.policy, told, registry, sealed, others)
    return Found(
        settled=settled,
        set=name,
        verdicts=told,
        population=population(answered),
        data=data,
        candidates=study.candidates,
        paths=ways,
        pictures=pictures,
        certificate=certificate,
        working=ways_of_working(settled.judged, answered, registry, certificate, study.candidates)
        if complete
        else (),
        notes=(
            *unread_notes(product, settled.judged.model, answered),
            *(() if complete else (UNVERIFIED,)),
        ),
    )


def notes(product: Product, settled: Settled, candidates: int) -> tuple[str, ...]:
    """What a reader must know of how the subject came about."""
    found, model = [], settled.judged.model
    if isinstance(model, Brought):
        found += [*brought_notes(model), *model.notes]
    policy, chosen = settled.judged.policy, []
    if settled.rungs > 1:
        chosen.append(f"the model ({settled.judged.model.name})")
    if isinstance(policy, Policy) and isinstance(product.decision.threshold, str):
        chosen.append(f"the threshold {policy.threshold:.4g}")
    if isinstance(policy, Policy) and product.decision.cost_ratio:
        found.append(f"The prices give the {_cuts(policy)}, if scores are chances.")
    elif isinstance(policy, Policy) and product.decision.cheapest_band:
        band = policy.refer_between
        chosen.append("no band" if band is None else f"the band {band[0]:.4g} to {band[1]:.4g}")
    if chosen:
        what = " and ".join([", ".join(chosen[:-1]), chosen[-1]] if chosen[1:] else chosen)
        were = "was" if len(chosen) == 1 else "were"
        found.append(
            f"{what[:1].upper()}{what[1:]} {were} chosen on validation data among "
            f"{settled.candidates} candidate{'s' * (settled.candidates > 1)}."
        )
    found += _machine(product, settled)
    if candidates > 1:
        found.append(f"These cases did the choosing, so alpha is divided by {candidates}.")
    return tuple(found)


def _machine(product: Product, settled: Settled) -> tuple[str, ...]:
    """Where times and memory were measured, if anything hangs on them."""
    registry = instruments()
    asked = {table_of(requirement, registry) for requirement in product.requirements}
    if not asked & set(TABLES) - set(product.data.tables):
        return ()
    workspace, ran = Workspace.beside(product.file), settled.judged.ran
    found = on_device.notes(product, ran, workspace)
    if product.device is None or not product.device.here or TIMINGS not in asked:
        return found
    often = timed_so_often(ran, product.device, workspace)
    if often < 2 or kept_measurement(workspace, product.device.name, ran.fingerprint):
        return found
    return (
        *found,
        f"It was timed {often} times, so alpha is divided by {often}: any could please.",
    )


def agreements(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """With whom the product agrees wherever the two were compared: that may be its own echo."""
    told: dict[str, bool] = {}
    for verdict in verdicts:
        found, other = verdict.evidence, verdict.limit.against
        if other is not None and isinstance(found, Measured):
            told[other] = told.get(other, True) and NO_COPY in found.assumptions
    return tuple(
        f"The product and {other} agree on every case on which they were compared. If {other} is "
        "the product's own score under a threshold, or saw it, the comparison shows nothing."
        for other, alike in told.items()
        if alike
    )


def _cuts(policy: Policy) -> str:
    told = f"threshold {policy.threshold:.4g}"
    band = policy.refer_between
    return told if band is None else f"{told} and the band {band[0]:.4g} to {band[1]:.4g}"


def hypothetical_notes(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Which verdicts rest on people acting as nobody saw them act, and why."""
    why: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.hypothetical:
            why.setdefault(verdict.hypothetical, []).append(verdict.requirement)
    return tuple(
        f"Hypothetical ({', '.join(dict.fromkeys(named))}): {reason}."
        for reason, named in why.items()
    )


def keep(workspace: Workspace, product: Product, judgement: Judgement, *names: str) -> None:
    """Keeps the judgement, and product.yaml as it was read for it, for the dossier.

    The first of ``names`` is the latest. The ledger knows of it before anybody can read it.
    """
    made = datetime.now(UTC).isoformat(timespec="seconds")
    folder = judgements(product.file)
    told = as_json({**to_json(judgement), "made": made})
    note_judged(product, judgement, told.encode())
    for name in names:
        workspace.write(f"{folder}/{name}.yaml", product.text)
        workspace.write(f"{folder}/{name}.json", told)
    workspace.write_json(f"{folder}/latest.json", {"name": names[0]})


def judgements(product_file: Path) -> str:
    """Where the judgements of a product are kept: two products may share a folder."""
    return f"judgements/{product_file.stem}"


def refuse_fitted(workspace: Workspace, model: Model, cases: pl.DataFrame, name: str) -> None:
    """After another split or table, open cases may be ones that the model was fitted on.

    Raises:
        BadInput: some of ``cases`` are.
    """
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
    kept = np.union1d(parted.sealed_names(), sealed_names(judged.product))
    sealed = int(known(cases, kept).sum())
    if sealed:
        raise Refused(
            f"{sealed} of its {cases.height} cases are in the sealed set.",
            code="sealed_cases",
            where=on,
            value=sealed,
            next_step="Leave them out; `roadworthy certify` opens the sealed set.",
        )
    used = known(cases, learnt_from(judged, parted))
    # whoever copies a certified threshold into a product of its own was helped by these cases too
    used |= known(cases, certified_names(workspace))
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
        name = name_of(on)
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
