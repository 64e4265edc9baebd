"""train: climbs the ladder of models and keeps the cheapest that meets what is required."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.ladder import Ladder
from roadworthy.core.policy import Policy
from roadworthy.core.product import Product, SetName
from roadworthy.io.ladder_json import ladder_to_json
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments, rungs
from roadworthy.models.guard import FittedGuard
from roadworthy.store.seen import note_open, note_seen
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.guarding import GUARD, Guarding, fitted
from roadworthy.workflow.ladder import Climbed, OpenCases, climb
from roadworthy.workflow.source import feature_columns, load_cases, names
from roadworthy.workflow.subject import LADDER, MODEL, TRAINED, learnt


@dataclass(frozen=True)
class Trained:
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


def train(product_file: Path) -> Trained:
    """Fits, chooses and keeps; the sealed and the calibration cases are not touched."""
    product = load_product(product_file)
    workspace = Workspace.beside(product.file)
    _refuse_scored(product)
    parted = load_cases(product)
    training = parted.open(SetName.TRAIN).filter(pl.col(columns.INSIDE))
    if training.height == 0:
        raise BadInput(
            "there are no training cases in scope.",
            code="no_cases",
            where=str(product.file),
            next_step="Add `data: {split: {train: 0.6, validation: 0.2, sealed: 0.2, seed: 1}}`.",
        )
    features = feature_columns(product, parted.schema)
    seed = product.data.split.seed if product.data.split else 0
    guard = None if product.guard is None else fitted(product, parted)
    validation = parted.open(SetName.VALIDATION)
    if guard is not None:
        validation = Guarding(guard).look(validation, product.scope)
    cases = OpenCases(training, validation, parted.all_open)
    climbed = climb(product, cases, features, seed, rungs(), instruments())
    ladder, kept = climbed.ladder, climbed.ladder.result
    remembered, told = _kept(product, climbed), ladder_to_json(climbed.ladder)
    fitted_on, chose = (names(parted.open(name)) for name in (SetName.TRAIN, SetName.VALIDATION))
    # noted before the model is there: a model whose training cases are unknown is never judged
    note_seen(workspace, kept.model, fitted_on, chose)
    note_open(workspace, np.union1d(fitted_on, chose))
    if guard is not None:
        guard = guard.before(kept.model)
        workspace.write(GUARD, guard.to_bytes())
    workspace.write(MODEL, climbed.artifact)
    workspace.write_json(TRAINED, remembered)
    workspace.write_json(LADDER, told)
    return Trained(
        kept.title,
        kept.model,
        features,
        training.height,
        kept.bytes,
        climbed.policy,
        ladder.candidates,
        ladder,
        guard,
    )


def _kept(product: Product, climbed: Climbed) -> dict[str, object]:
    """What judging must know of the model, and among how many it was chosen."""
    ladder = climbed.ladder
    kept: dict[str, object] = {
        "model": ladder.result.model,
        "rung": ladder.kept,
        "learnt": learnt(product),
        "product": product.fingerprint,
        "rungs": len(ladder.fitted),
        "candidates": ladder.candidates,
    }
    if climbed.policy is not None:
        kept["threshold"] = climbed.policy.threshold
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
