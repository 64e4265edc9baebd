"""certify: opens the sealed set, once, after everything else is settled, and judges on it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from roadworthy import __version__
from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.model import Brought, Model
from roadworthy.core.product import Product, SetName
from roadworthy.core.study import Study
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io.certificate_words import guaranteed
from roadworthy.io.judgement_json import to_json
from roadworthy.io.registry import instruments
from roadworthy.store.certificates import certified_names
from roadworthy.store.seal import note_answer, open_seal, refuse_opened, unanswered
from roadworthy.store.seen import note_open, open_names, seen_ids
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.check import UNVERIFIED, agreements, hypothetical_notes, keep, notes
from roadworthy.workflow.imaging import unread_notes
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.ledger import note
from roadworthy.workflow.load import Given, as_product, since_loaded
from roadworthy.workflow.measure import population, verdicts_and_pictures
from roadworthy.workflow.paths import open_paths
from roadworthy.workflow.pictures import Asked
from roadworthy.workflow.source import Parted, known, load_cases, names
from roadworthy.workflow.studies import other_tables, resolve, resolve_rows, settle
from roadworthy.workflow.uncovered import covering
from roadworthy.workflow.verification import by_design, is_designed
from roadworthy.workflow.ways import ways as ways_of_working


def certify(product: Given) -> Judgement:
    """Resolves everything, writes the opening down, and only then looks."""
    product = as_product(product)
    registry = instruments()
    workspace = Workspace.beside(product.file)
    _refuse_more_looks(product)
    parted = load_cases(product)
    _require_sealed(product, parted)
    resolve(product, parted.schema, registry)
    settled = settle(product, workspace, parted, registry)
    _refuse_uncertified(settled.certificate)
    judged = settled.judged
    # timed anew, on open cases: whoever could choose among timings would choose the best
    timed = parted.all_open.filter(pl.col(columns.INSIDE))
    others, missing = other_tables(product, judged, workspace, registry, timed)
    seal = parted.seal(product.confidence.looks)
    ids = parted.sealed_ids()
    subject = str(judged.subject)
    opening = unanswered(workspace, seal, ids, subject, product.fingerprint)
    if opening is None:
        refuse_opened(workspace, seal, ids)
    inputs = judged.guarded(parted.sealed_inputs(product))
    if settled.certificate is not None:
        _refuse_uncertified(covering(settled.certificate, product, inputs))
    _refuse_open(workspace, judged.model, inputs)
    # the model answers, and whatever else can fail does, before the seal is opened
    answers = judged.answers(inputs)
    blind = Study(
        judged.subject, "sealed", {"cases": inputs, **others}, open_levels=parted.all_open
    )
    resolve_rows(product, blind, registry)
    note_open(workspace, names(parted.open(SetName.VALIDATION)))
    ways = open_paths(product, settled, parted, workspace, registry, others, missing)
    if opening is None:
        now = datetime.now(UTC)
        note(
            product,
            "seal_opened",
            {"seal": seal.fingerprint, "subject": judged.subject.fingerprint},
        )
        opening = open_seal(workspace, seal, ids, subject, product.fingerprint, now)
    answered = judged.prepared(parted.opened(opening), answers)
    study = Study(
        subject=judged.subject,
        set=str(SetName.SEALED),
        tables={"cases": answered, **others},
        open_levels=parted.all_open,
        missing_tables=missing,
        certificate=ways.certificate,
    )
    asked = Asked(judged, answered.schema)
    complete = not is_designed(answered)
    found, pictures = verdicts_and_pictures(product, study, by_design(answered, registry), asked)
    outcome = product_outcome(found, ways.certificate)
    judgement = Judgement(
        product=product.name,
        outcome=outcome,
        set=study.set,
        subject=judged.subject,
        version=__version__,
        verdicts=found,
        population=population(answered),
        fingerprints={
            "product.yaml": product.fingerprint,
            "data": parted.fingerprint,
            "model": judged.model.fingerprint,
            "sealed set": seal.fingerprint,
            **(judged.guard.fingerprints if judged.guard else {}),
        },
        notes=(
            *notes(product, settled, 1),
            *agreements(found),
            *hypothetical_notes(found),
            *unread_notes(product, judged.model, answered),
            f"The sealed set was opened for this on {opening.at[:10]}: look 1 of {seal.looks}.",
            *(ways.notes if outcome is not Outcome.PASS else ()),
            *(() if complete else (UNVERIFIED,)),
            *since_loaded(product),
        ),
        paths=ways.paths if outcome is not Outcome.PASS else (),
        pictures=pictures,
        certificate=ways.certificate,
        ways=ways_of_working(judged, answered, registry, ways.certificate) if complete else (),
    )
    note_answer(workspace, ids, to_json(judgement))
    keep(workspace, product, judgement, "sealed", f"sealed-{seal.fingerprint[:16]}")
    return judgement


def _refuse_more_looks(product: Product) -> None:
    if product.confidence.looks > 1:
        raise Refused(
            f"{product.confidence.looks} looks at one sealed set need a vault that pays for each "
            "of them, and there is none yet.",
            code="looks_need_vault",
            where=str(product.file),
            value=product.confidence.looks,
            next_step="Set `confidence: {looks: 1}`.",
        )


def _refuse_uncertified(certificate: Certificate | None) -> None:
    """Whatever the sealed cases showed, the answer could be no more than INCONCLUSIVE."""
    if certificate is None or certificate.outcome is Outcome.PASS:
        return
    why = [guaranteed(one, certificate.confidence) for one in certificate.sides if one.reason]
    why = why or list(certificate.notes[-1:])
    raise Refused(
        f"what the product would decide alone is not certified, so opening the sealed set would "
        f"prove nothing. {' '.join(why)}",
        code="not_certified",
        where="the calibration split",
        next_step="`roadworthy check` says what is missing and what could be certified now.",
    )


def _require_sealed(product: Product, parted: Parted) -> None:
    if not parted.sizes().get(SetName.SEALED):
        raise BadInput(
            "no cases are sealed, so there is nothing to certify on.",
            code="no_sealed_set",
            where=str(product.file),
            next_step="Part the data: `data: {split: {validation: 0.5, sealed: 0.5, seed: 1}}`.",
        )


def _refuse_open(workspace: Workspace, model: Model, cases: pl.DataFrame) -> None:
    """A case that was trained on or judged openly, or one of its unit, proves nothing any more."""
    seen = np.union1d(open_names(workspace), certified_names(workspace))
    if model.files and not isinstance(model, Brought):
        seen = np.union1d(seen, seen_ids(workspace, model.fingerprint))
    shared = int(known(cases, seen).sum())
    if shared:
        raise Refused(
            f"{shared} of the {cases.height} sealed cases were open before: trained on or judged "
            "by `train` or `check` in this workspace, under another split or table.",
            code="sealed_seen",
            where="the sealed set",
            value=shared,
            next_step="Restore the split and table as they were, or bring cases that nobody saw.",
        )
