"""Scores that come from elsewhere are made into probabilities here, on training cases alone."""

from __future__ import annotations

import hashlib

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.model import Brought, Model
from roadworthy.core.product import Calibrate, Product, SetName
from roadworthy.models import calibrators
from roadworthy.models.calibrated import CalibratedBrought, CalibratedModel, chosen
from roadworthy.store.seen import note_open
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.guarding import Guarding
from roadworthy.workflow.prepare import check_scores
from roadworthy.workflow.source import Parted, names, truth_of


def calibrated(
    product: Product,
    model: Model,
    parted: Parted,
    workspace: Workspace,
    guard: Guarding | None = None,
) -> Model:
    """The model with the calibrator that product.yaml asks for; one that ``train`` kept has it.

    The calibrator of a model from elsewhere learns from the training split, which that model may
    have learnt from too: it is judged on other cases like everything else. Cases that the rules or
    the ``guard`` turn away teach it nothing.
    """
    method = product.decision.calibrate
    if method is Calibrate.NONE or isinstance(model, CalibratedModel):
        return model
    cases = parted.open(SetName.TRAIN) if parted.split else parted.open().clear()
    if guard is not None and cases.height:
        cases = guard.look(cases, product.scope)
    cases = cases.filter(pl.col(columns.INSIDE))
    if not cases.height:
        raise BadInput(
            f"`calibrate: {method}` needs training cases, and there are none in scope.",
            code="no_cases",
            where=f"{product.file.name}: decision.calibrate",
            value=str(method),
            next_step="Give `data.split` a share for train, or write `calibrate: none`.",
        )
    truth = truth_of(cases, product.task).to_numpy()
    calibrators.require_enough(truth, "the training split")
    answers = model.answer(cases)
    check_scores(cases.with_columns(answers.alias(columns.SCORE)), model.name)
    seed = product.data.split.seed if product.data.split else 0
    calibrator = chosen(method, answers.to_numpy(), truth, seed)
    # whatever was learnt from can no longer be sealed
    note_open(workspace, names(cases))
    told = f"{model.fingerprint}\0".encode() + calibrators.to_bytes(calibrator)
    digest = hashlib.sha256(told).hexdigest()
    if isinstance(model, Brought):
        return CalibratedBrought(model, calibrator, None, digest)
    return CalibratedModel(model, calibrator, None, digest)
