"""certify: opens the sealed set, once, after everything else is settled, and judges on it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roadworthy import __version__
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.model import Model
from roadworthy.core.product import Product, SetName
from roadworthy.core.study import Study
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments
from roadworthy.store.seal import open_seal, refuse_opened
from roadworthy.store.seen import seen_ids
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.check import keep, notes
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.measure import population, verdicts
from roadworthy.workflow.paths import NO_PATHS, open_paths
from roadworthy.workflow.source import Parted, load_cases
from roadworthy.workflow.studies import other_tables, resolve, resolve_rows, settle


def certify(product_file: Path) -> Judgement:
    """Resolves everything, writes the opening down, and only then looks."""
    product = load_product(product_file)
    registry = instruments()
    workspace = Workspace.beside(product.file)
    _refuse_more_looks(product)
    parted = load_cases(product)
    _require_sealed(product, parted)
    resolve(product, parted.schema, registry)
    settled = settle(product, workspace, parted, registry)
    judged = settled.judged
    others, missing = other_tables(product, judged, workspace, registry)
    seal = parted.seal(product.confidence.looks)
    ids = parted.sealed_ids()
    refuse_opened(workspace, seal, ids)
    _refuse_seen(workspace, judged.model, ids)
    # the model answers, and whatever else can fail does, before the seal is opened
    inputs = parted.sealed_inputs(product)
    answers = judged.answers(inputs)
    resolve_rows(product, inputs, registry)
    ways = open_paths(product, settled, parted, registry, others, missing)
    now = datetime.now(UTC)
    opening = open_seal(workspace, seal, ids, str(judged.subject), product.fingerprint, now)
    answered = judged.prepared(parted.opened(opening), answers)
    study = Study(
        subject=judged.subject,
        set=str(SetName.SEALED),
        tables={"cases": answered, **others},
        open_levels=parted.all_open,
        missing_tables=missing,
    )
    found = verdicts(product, study, registry)
    outcome = product_outcome(found)
    if outcome is Outcome.PASS:
        ways = NO_PATHS
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
            "sealed set": seal.fingerprint,
        },
        notes=(
            *notes(product, settled, 1),
            f"The sealed set was opened for this on {opening.at[:10]}: look 1 of {seal.looks}.",
            *ways.notes,
        ),
        paths=ways.paths,
    )
    keep(workspace, product, judgement, "sealed")
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


def _require_sealed(product: Product, parted: Parted) -> None:
    if not parted.sizes().get(SetName.SEALED):
        raise BadInput(
            "no cases are sealed, so there is nothing to certify on.",
            code="no_sealed_set",
            where=str(product.file),
            next_step="Part the data: `data: {split: {validation: 0.5, sealed: 0.5, seed: 1}}`.",
        )


def _refuse_seen(workspace: Workspace, model: Model, ids: NDArray[np.uint64]) -> None:
    """A case that the model was fitted or tuned on proves nothing."""
    if not model.files:
        return
    shared = int(np.isin(ids, seen_ids(workspace, model.fingerprint)).sum())
    if shared:
        raise Refused(
            f"{shared} of the {len(ids)} sealed cases were used to train this model: the table or "
            "its split changed since.",
            code="sealed_seen",
            where="the sealed set",
            value=shared,
            next_step="Restore the split that the model was trained with, or train again on the "
            "present one.",
        )
