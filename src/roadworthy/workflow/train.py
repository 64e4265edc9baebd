"""train: climbs the ladder of models and keeps the cheapest that meets what is required."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import numpy as np

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.guidance import Progress
from roadworthy.core.ladder import Ladder, NotFitted
from roadworthy.core.policy import Policy
from roadworthy.core.product import Product, SetName
from roadworthy.core.shown import Shown
from roadworthy.io.ladder_json import ladder_to_json
from roadworthy.io.registry import instruments
from roadworthy.models.guard import FittedGuard
from roadworthy.store.seen import note_open, note_seen
from roadworthy.store.tried import note_tried, tried_on
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.guarding import GUARD, Guarding, fitted
from roadworthy.workflow.guiding import guidance_of
from roadworthy.workflow.imaging import counted, listed, looks_at_images, unread
from roadworthy.workflow.kept_rungs import Training, keep_rung
from roadworthy.workflow.ladder import Climbed, OpenCases, climb
from roadworthy.workflow.ledger import note
from roadworthy.workflow.load import Given, as_product
from roadworthy.workflow.source import load_cases, names
from roadworthy.workflow.subject import LADDER, MODEL, TRAINED, learnt, rungs_of

# where nets keep their state while they are trained
STATES = "training"


@dataclass(frozen=True)
class Trained(Shown):
    """What training left behind."""

    model: str
    fingerprint: str
    features: tuple[str, ...]
    cases: int
    bytes: int
    policy: Policy | None
    candidates: int
    ladder: Ladder
    guard: FittedGuard | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Trained {self.model!r} on {self.cases:,} cases>"


def train(product: Given, progress: Progress | None = None) -> Trained:
    """Fits, chooses and keeps; the sealed and the calibration cases are not touched.

    ``progress`` is called after every epoch of a net.
    """
    product = as_product(product)
    workspace = Workspace.beside(product.file)
    _refuse_scored(product)
    parted = load_cases(product)
    training = Training.of(product, parted)
    guard = None if product.guard is None else fitted(product, parted)
    validation = parted.open(SetName.VALIDATION)
    if guard is not None:
        validation = Guarding(guard).look(validation, product.scope)
    cases = OpenCases(training.cases, validation, parted.all_open)
    fitted_on, chose = (names(parted.open(name)) for name in (SetName.TRAIN, SetName.VALIDATION))
    before = tried_on(workspace, chose)
    known = rungs_of(product)
    kept_states = workspace.path(f"{STATES}/{training.key}")
    guidance = guidance_of(product, training.cases, progress, kept_states)
    climbed = climb(
        product,
        cases,
        training.features,
        training.seed,
        known,
        instruments(),
        before,
        guidance,
    )
    ladder, kept = climbed.ladder, climbed.ladder.result
    remembered, told = _kept(product, climbed), ladder_to_json(climbed.ladder)
    # noted before the model is there: a model whose training cases are unknown is never judged
    note_seen(workspace, kept.model, fitted_on, chose)
    note_open(workspace, np.union1d(fitted_on, chose))
    note_tried(workspace, chose, {result.model: result.candidates for result in ladder.fitted})
    for result in ladder.fitted:
        artifact = climbed.artifacts[result.rung]
        rung = known[result.rung]
        keep_rung(workspace, training.key, result.rung, rung, artifact, result.ms, result.took)
    if not any(step.code == "nan_loss" for step in ladder.steps if isinstance(step, NotFitted)):
        # nothing was interrupted; states of trainings that nobody will go on with are in the way
        shutil.rmtree(workspace.path(STATES), ignore_errors=True)
    if guard is not None:
        guard = guard.before(kept.model)
        workspace.write(GUARD, guard.to_bytes())
    workspace.write(MODEL, climbed.artifact)
    workspace.write_json(TRAINED, remembered)
    workspace.write_json(LADDER, told)
    note(product, "trained", {"model": kept.model, "rung": ladder.kept})
    return Trained(
        kept.title,
        kept.model,
        tuple(map(columns.shown, training.features)),
        training.cases.height,
        kept.bytes,
        climbed.policy,
        ladder.candidates,
        ladder,
        guard,
        _notes(product, training),
    )


def _notes(product: Product, training: Training) -> tuple[str, ...]:
    """Which training cases taught nothing because of an image."""
    found = unread(training.cases) if looks_at_images(product) else ()
    if not found:
        return ()
    return (f"{counted(found, training.cases.height)} and taught nothing: {listed(found)}.",)


def _kept(product: Product, climbed: Climbed) -> dict[str, object]:
    """What judging must know of the model, and among how many it was chosen."""
    ladder = climbed.ladder
    kept: dict[str, object] = {
        "model": ladder.result.model,
        "rung": ladder.kept,
        "learnt": learnt(product),
        "product": product.fingerprint,
        "rungs": len(ladder.fitted) + ladder.earlier,
        "candidates": ladder.candidates,
    }
    if climbed.policy is not None:
        kept["threshold"] = climbed.policy.threshold
        kept["refer_between"] = climbed.policy.refer_between
    return kept


def _refuse_scored(product: Product) -> None:
    if product.model is not None:
        raise BadInput(
            "the file names a model of your own, so there is nothing to train here.",
            code="nothing_to_train",
            where=str(product.file),
            value="model",
            next_step="Run `roadworthy check`, or take `model:` out to train one here.",
        )
    column = product.data.score or product.data.prediction
    if column is not None or product.data.truth is None:
        raise BadInput(
            "the table already holds the answers to judge, so there is nothing to train."
            if column
            else "there is no truth column to learn from.",
            code="nothing_to_train",
            where=str(product.file),
            value=column,
            next_step="Run `roadworthy check`, or take `score:` out of `data:`."
            if column
            else "Name it: `data: {truth: ...}`.",
        )
