"""train: fits the first rung on the training split and chooses the policy on validation data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.policy import Policy
from roadworthy.core.product import Product, SetName, Task
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments
from roadworthy.models import linear
from roadworthy.store.seen import note_open, note_seen
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.source import feature_columns, load_cases, names, truth_of
from roadworthy.workflow.subject import MODEL, TRAINED, learnt
from roadworthy.workflow.tune import Tuned, choose_threshold


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


def train(product_file: Path) -> Trained:
    """Fits, chooses and keeps; the sealed and the calibration cases are not touched."""
    product = load_product(product_file)
    workspace = Workspace.beside(product.file)
    _refuse_scored(product)
    parted = load_cases(product)
    cases = parted.open(SetName.TRAIN).filter(pl.col(columns.INSIDE))
    if cases.height == 0:
        raise BadInput(
            "there are no training cases in scope.",
            code="no_cases",
            where=str(product.file),
            next_step="Add `data: {split: {train: 0.6, validation: 0.2, sealed: 0.2, seed: 1}}`.",
        )
    features = feature_columns(product, parted.schema)
    seed = product.data.split.seed if product.data.split else 0
    fitted = linear.fit(cases, truth_of(cases, product.task), product.task, features, seed)
    content = linear.to_bytes(fitted)
    fitted_on, chose = (names(parted.open(name)) for name in (SetName.TRAIN, SetName.VALIDATION))
    # noted before the model is there: a model whose training cases are unknown is never judged
    note_seen(workspace, linear.fingerprint(content), fitted_on, chose)
    note_open(workspace, np.union1d(fitted_on, chose))
    model = linear.load(workspace.write(MODEL, content))
    tuned = _tuned(product, model, parted.open(SetName.VALIDATION))
    kept: dict[str, object] = {
        "model": model.fingerprint,
        "learnt": learnt(product),
        "product": product.fingerprint,
    }
    if tuned is not None:
        kept |= {"threshold": tuned.policy.threshold, "candidates": tuned.candidates}
    workspace.write_json(TRAINED, kept)
    return Trained(
        model.name,
        model.fingerprint,
        features,
        cases.height,
        len(content),
        None if tuned is None else tuned.policy,
        1 if tuned is None else tuned.candidates,
    )


def _tuned(product: Product, model: linear.LinearModel, cases: pl.DataFrame) -> Tuned | None:
    decision = product.decision
    if product.task is not Task.BINARY:
        return None
    if decision.threshold != "auto":
        return Tuned(Policy(decision.threshold, decision.refer_between), 1)
    return choose_threshold(product, model, cases, instruments())


def _refuse_scored(product: Product) -> None:
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
