"""Who is judged: the scores in the table, or the trained model, with its policy and scope."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.ladder import Ladder
from roadworthy.core.model import Brought, Certain, Model, Uncertain
from roadworthy.core.policy import Decides, Policy
from roadworthy.core.product import (
    OWN_MODULE,
    Calibrate,
    Product,
    Sampling,
    SetName,
    Task,
    TrainRules,
)
from roadworthy.core.rung import Rung
from roadworthy.core.subject import Subject, SubjectKind
from roadworthy.io.ladder_json import ladder_from_json
from roadworthy.io.registry import rungs
from roadworthy.models.calibrated import Calibrated, CalibratedModel
from roadworthy.models.nets.own_rung import OwnModule
from roadworthy.models.reading import Reading
from roadworthy.models.sampled import SampledRungs
from roadworthy.models.scored_table import ScoredTable
from roadworthy.models.wrapped_rungs import WithOneMore, WrappedRungs
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.guarding import Guarding
from roadworthy.workflow.imaging import require_read
from roadworthy.workflow.marking import content_of, judged_marks
from roadworthy.workflow.own_model import own_model
from roadworthy.workflow.prepare import (
    as_class,
    check_scores,
    decide,
    only_finite,
    require_numbers,
    without_decision,
)
from roadworthy.workflow.source import Parted, model_columns, names

TRAINED = "trained.json"
MODEL = "model.skops"
LADDER = "ladder.json"


@dataclass(frozen=True)
class Judged:
    """A model and, for binary tasks, the policy that turns its score into a decision."""

    product: Product
    model: Model
    policy: Decides | None
    guard: Guarding | None = None

    @property
    def subject(self) -> Subject:
        """Name and fingerprint over model, policy, referral rule, scope and guard."""
        parts = {
            "model": self.model.fingerprint,
            "policy": None if self.policy is None else asdict(self.policy),
            "referred": self.product.decision.referred,
            "scope": [asdict(rule) for rule in self.product.scope.rules],
        }
        if self.guard is not None:
            parts["guard"] = self.guard.guard.fingerprint
        if self.product.marks is not None:
            parts["marks"] = content_of(self.product)
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode())
        return Subject(SubjectKind.PRODUCT, self.model.name, digest.hexdigest())

    @property
    def ran(self) -> Model:
        """The model as it is run, weighed and timed: with its guard."""
        return self.model if self.guard is None else self.guard.before(self.model)

    def answers(self, cases: pl.DataFrame, found: pl.Series | None = None) -> pl.Series | None:
        """The model's answers, checked; None when the product only counts what happened.

        ``cases`` needs the columns that the model reads, ``@id`` and ``@inside``; no truth.
        ``found`` is what the model answered, if it was asked already.
        """
        if self.product.data.truth is None:
            return None
        if isinstance(self.model, ScoredTable) and self.product.task is not Task.MULTICLASS:
            require_numbers(cases.schema, self.model.column, self.product.file.name)
        found = self.model.answer(cases) if found is None else found
        if not isinstance(self.model, Brought):
            require_read(self.product, self.model, cases, found)
        if self.product.task is Task.MULTICLASS:
            found = as_class(found)
        if self.product.task is Task.BINARY:
            triage = self.product.decision.triage is not None
            found = only_finite(found) if triage else found
            scored = cases.with_columns(found.alias(columns.SCORE))
            check_scores(scored, self.model.name, needed=not triage)
        else:
            answered = cases.with_columns(found.alias(columns.PREDICTED))
            _refuse_no_answer(answered, self.product.task)
        return found

    def guarded(self, cases: pl.DataFrame) -> pl.DataFrame:
        """Cases at which the guard has looked, if there is one; no truth is needed."""
        return cases if self.guard is None else self.guard.look(cases, self.product.scope)

    def prepared(self, cases: pl.DataFrame, answers: pl.Series | None = None) -> pl.DataFrame:
        """Cases with answers and decisions; ``answers`` saves asking the model again."""
        cases = judged_marks(self.guarded(cases), self.product, self.model)
        answers = self.answers(cases) if answers is None else answers
        if answers is None:
            return without_decision(cases)
        if self.policy is None:
            return without_decision(cases.with_columns(self.told(cases, answers)))
        scored = cases.with_columns(answers.alias(columns.SCORE))
        return decide(scored, self.policy, self.product.decision.referred)

    def told(self, cases: pl.DataFrame, answers: pl.Series) -> tuple[pl.Series, ...]:
        """The ``answers`` to ``cases`` as columns; of several classes with how certain each is.

        The certainty is null where the model cannot tell: none of other answers may stay.
        """
        if self.product.task is Task.BINARY:
            return (answers.alias(columns.SCORE),)
        said = answers.alias(columns.PREDICTED)
        return (said, self._certainty(cases)) if self.product.task is Task.MULTICLASS else (said,)

    def _certainty(self, cases: pl.DataFrame) -> pl.Series:
        """How probable the model finds the classes that it names."""
        if isinstance(self.model, Uncertain):
            found = self.model.distribution(cases)["score"]
        elif isinstance(self.model, Certain):
            found = self.model.certainty(cases)
        else:
            found = pl.Series([None] * cases.height, dtype=pl.Float64)
        return found.alias(columns.CERTAINTY)


def learnt_from(judged: Judged, parted: Parted) -> NDArray[np.uint64]:
    """Names of the cases that set anything of the subject: threshold, calibrator, guard, triage."""
    found = parted.chosen_on(calibrated=isinstance(judged.model, CalibratedModel))
    if judged.guard is not None:
        found = np.union1d(found, names(parted.open(SetName.TRAIN, SetName.VALIDATION)))
    if judged.product.decision.triage is not None:
        found = np.union1d(found, names(parted.open(SetName.CALIBRATION)))
    return found


def load_model(product: Product, workspace: Workspace, schema: pl.Schema | None = None) -> Model:
    """The model or the scored column that product.yaml names, otherwise what ``train`` left.

    ``schema`` are the columns of the cases: a model of the team's own may be sent some of them.
    """
    if product.model is not None:
        return own_model(product, pl.Schema() if schema is None else schema)
    column = product.data.score or product.data.prediction
    if column is not None or product.data.truth is None:
        kind = None if product.task is Task.MULTICLASS else pl.Float64()
        return ScoredTable(column or "", kind)
    if not workspace.path(MODEL).exists():
        raise BadInput(
            "there is neither a score column nor a trained model to judge.",
            code="no_model",
            where=str(product.file),
            next_step="Run `roadworthy train`, name the scores' column, `data: {score: }`, or name "
            "a model of your own, `model: {command: }`.",
        )
    kept = workspace.read_json(TRAINED) or {}
    known, rung = rungs_of(product), str(kept.get("rung", ""))
    if rung in known and kept.get("learnt") == learnt(product):
        model = known[rung].load(workspace.path(MODEL))
        # a column that has become an outcome since is nothing to answer from
        proper = schema is None or set(model.needs) <= set(model_columns(product, schema))
        if proper and kept.get("model") == model.fingerprint:
            return model
    raise BadInput(
        "product.yaml says something else of truth, features or models than when it was trained.",
        code="stale_model",
        where=str(product.file),
        next_step="Run `roadworthy train` again.",
    )


def rungs_of(product: Product) -> Mapping[str, Rung]:
    """Every installed kind of model, reading, sampled and calibrated as product.yaml asks."""
    method, texts, found = product.decision.calibrate, product.data.text, rungs()
    if product.training.module is not None:
        own = OwnModule(product.training.module, product.folder)
        found = WithOneMore(found, OWN_MODULE, own)
    if texts:
        found = WrappedRungs(found, lambda rung: Reading(rung, texts))
    if product.training.samplings != (Sampling(),):
        found = SampledRungs(found, product.training.samplings)
    if method is not Calibrate.NONE:
        found = WrappedRungs(found, lambda rung: Calibrated(rung, method))
    return found


def ladder_of(model: str | None, workspace: Workspace) -> Ladder | None:
    """The ladder on which ``train`` kept the model with this fingerprint; None: none such."""
    kept = workspace.read_json(LADDER)
    if kept is None or kept.get("model") != model:
        return None
    return ladder_from_json(kept)


def learnt(product: Product) -> str:
    """A hash of what training takes from product.yaml: another one asks for another model."""
    data = product.data
    truth = (product.task, data.truth, data.positive, data.negative)
    said: tuple[object, ...] = (*truth, data.features, product.models, product.decision.calibrate)
    if data.text:
        said = (*said, dict(data.text))
    # who may see sealed cases is no matter of what was learnt
    training = replace(product.training, sealed_out=False)
    if training != TrainRules():
        said = (*said, repr(training), repr(product.costs))
    if data.images is not None:
        said = (*said, repr(data.images))
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


def kept_policy(product: Product, model: Model, workspace: Workspace) -> Policy | None:
    """The policy that product.yaml fixes, or the one that ``train`` chose; None: not chosen yet.

    Of a triage product neither does: calibration cases certify one (``workflow.triage``).
    """
    decision = product.decision
    if decision.triage is not None:
        return None
    if not isinstance(decision.threshold, str):
        return Policy(decision.threshold, decision.refer_between)
    kept = workspace.read_json(TRAINED)
    if (
        kept is None
        or kept.get("model") != model.fingerprint
        or kept.get("product") != product.fingerprint
    ):
        return None
    threshold, candidates = kept.get("threshold"), kept.get("candidates")
    if not isinstance(threshold, float) or not 0.0 <= threshold <= 1.0:
        return None
    if not isinstance(candidates, int) or candidates < 1:
        return None
    if not decision.cheapest_band:
        return Policy(threshold, decision.refer_between)
    band = kept.get("refer_between")
    return Policy(threshold, None if band is None else (float(band[0]), float(band[1])))


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
