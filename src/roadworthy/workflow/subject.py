"""Who is judged: the scores in the table, or the trained model, with its policy and scope."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.model import Model
from roadworthy.core.policy import Policy
from roadworthy.core.product import Product, Task
from roadworthy.core.subject import Subject, SubjectKind
from roadworthy.models import linear
from roadworthy.models.scored_table import ScoredTable
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.prepare import add_calls, check_scores, decide, without_decision

POLICY = "policy.json"
MODEL = "model.skops"


@dataclass(frozen=True)
class Judged:
    """A model and, for binary tasks, the policy that turns its score into a decision."""

    product: Product
    model: Model
    policy: Policy | None

    @property
    def subject(self) -> Subject:
        """Name and fingerprint over model, policy, referral rule and scope."""
        parts = {
            "model": self.model.fingerprint,
            "policy": None if self.policy is None else asdict(self.policy),
            "referred": self.product.decision.referred,
            "scope": [asdict(rule) for rule in self.product.scope.rules],
        }
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode())
        return Subject(SubjectKind.PRODUCT, self.model.name, digest.hexdigest())

    def answers(self, cases: pl.DataFrame) -> pl.Series | None:
        """The model's answers; None when the product only counts what happened."""
        return None if self.product.data.truth is None else self.model.answer(cases)

    def prepared(self, cases: pl.DataFrame, answers: pl.Series | None = None) -> pl.DataFrame:
        """Cases with answers, decisions and others' calls; ``answers`` saves asking the model."""
        found = cases
        if self.product.data.truth is not None:
            answers = self.model.answer(cases) if answers is None else answers
            if self.product.task is Task.BINARY:
                scored = cases.with_columns(answers.alias(columns.SCORE))
                found = check_scores(scored, self.model.name)
            else:
                found = cases.with_columns(answers.alias(columns.PREDICTED))
                _refuse_no_answer(found, self.product.task)
        if self.policy is None or self.product.data.truth is None:
            found = without_decision(found)
        else:
            found = decide(found, self.policy, self.product.decision.referred)
        return add_calls(found, self.product)


def load_model(product: Product, workspace: Workspace) -> Model:
    """The scored column when product.yaml names one, otherwise what ``train`` left."""
    column = product.data.score or product.data.prediction
    if column is not None or product.data.truth is None:
        kind = pl.String() if product.task is Task.MULTICLASS else pl.Float64()
        return ScoredTable(column or "", kind)
    if not workspace.path(MODEL).exists():
        raise BadInput(
            "there is neither a score column nor a trained model to judge.",
            code="no_model",
            where=str(product.file),
            next_step="Run `roadworthy train`, or name the column with scores: `data: {score: }`.",
        )
    return linear.load(workspace.path(MODEL))


def kept_policy(product: Product, model: Model, workspace: Workspace) -> Policy | None:
    """The policy that product.yaml fixes, or the one that ``train`` chose; None: not chosen yet."""
    decision = product.decision
    if decision.threshold != "auto":
        return Policy(decision.threshold, decision.refer_between)
    kept = workspace.read_json(POLICY)
    if (
        kept is None
        or kept.get("model") != model.fingerprint
        or kept.get("product") != product.fingerprint
    ):
        return None
    return Policy(float(kept["threshold"]), decision.refer_between)


def _refuse_no_answer(cases: pl.DataFrame, task: Task) -> None:
    answer = pl.col(columns.PREDICTED)
    bad = cases.filter(
        answer.is_null() if task is Task.MULTICLASS else (answer.is_null() | ~answer.is_finite())
    )
    if bad.height:
        raise BadInput(
            f"{bad.height} of {cases.height} predictions are missing or not finite; the first is "
            f"that of case {bad[columns.ID][0]}.",
            code="bad_prediction",
            where="the predictions",
            value=None,
            next_step="Give a prediction for every case.",
        )
