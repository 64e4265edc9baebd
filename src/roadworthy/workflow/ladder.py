"""Fits models from cheap to costly and keeps the cheapest whose bounds meet what is required."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import NotMeasured
from roadworthy.core.instrument import Instrument
from roadworthy.core.ladder import Ladder, NotFitted, RungResult
from roadworthy.core.model import Model
from roadworthy.core.policy import Policy
from roadworthy.core.product import Product, SetName, Task
from roadworthy.core.requirement import Requirement, Tier
from roadworthy.core.rung import Rung
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import ladder_words
from roadworthy.io.ladder_words import least_room
from roadworthy.io.registry import collectors
from roadworthy.models.timing import one_by_one
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.measure import table_of, verdicts
from roadworthy.workflow.subject import Judged
from roadworthy.workflow.tune import Tuned, choose_threshold
from roadworthy.workflow.weights import learn

ARTIFACT = "artifact"
TIMED, WARM_UP = 40, 5


@dataclass(frozen=True)
class OpenCases:
    """What the ladder may see: cases to fit on, cases to choose on, and all open slice levels."""

    training: pl.DataFrame
    validation: pl.DataFrame
    every: pl.DataFrame


@dataclass(frozen=True)
class Climbed:
    """The ladder, and the artefact and the policy of the rung that was kept."""

    ladder: Ladder
    artifact: bytes
    policy: Policy | None


@dataclass(frozen=True)
class _Candidate:
    """A fitted rung as it would be shipped: read back from its own artefact."""

    name: str
    rung: Rung
    title: str
    artifact: bytes
    model: Model


def climb(
    product: Product,
    cases: OpenCases,
    features: tuple[str, ...],
    seed: int,
    rungs: Mapping[str, Rung],
    instruments: Mapping[str, Instrument],
) -> Climbed:
    """Fits every rung, tunes its threshold, judges it, and keeps one.

    All is open data. Judging divides alpha by the number of pairs of rung and threshold, because
    any of them could have been chosen on these cases: a ladder over models that miss a limit says
    "meets" at most as often as one test fixed beforehand would.

    Raises:
        BadInput: no rung can be fitted, or there is nothing to choose on.
    """
    with TemporaryDirectory(prefix="roadworthy-") as folder:
        tried = tuple(
            _tried(name, rung, product.task, cases.training, features, seed, Path(folder))
            for name, rung in _from_cheap_to_costly(product, rungs)
        )
        fitted = [one for one in tried if isinstance(one, _Candidate)]
        _require_some(tried)
        _require_cases(fitted, cases.validation, product)
        policies = {one.name: _tuned(product, one, cases, instruments) for one in fitted}
        candidates = sum(1 if tuned is None else tuned.candidates for tuned in policies.values())
        judge = _Judge(product, cases, instruments, candidates)
        results = {one.name: judge.result(one, policies[one.name]) for one in fitted}
    kept = choose(tuple(results.values()))
    artifact = next(one.artifact for one in fitted if one.name == kept.rung)
    tuned = policies[kept.rung]
    ladder = Ladder(
        kept=kept.rung,
        meets=kept.outcome is Outcome.PASS,
        candidates=candidates,
        cases=int(cases.validation[columns.INSIDE].sum()),
        steps=tuple(one if isinstance(one, NotFitted) else results[one.name] for one in tried),
        reason="",
        best="",
        unjudged=judge.unjudged,
    )
    told = replace(ladder, reason=ladder_words.reason(ladder), best=ladder_words.best(ladder))
    return Climbed(told, artifact, None if tuned is None else tuned.policy)


def choose(results: Sequence[RungResult]) -> RungResult:
    """The cheapest that meets; when none does, the nearest. ``results`` go from cheap to costly.

    Nearest: not shown to miss, if there is such a one; then the one whose hardest critical cell
    has most room to its limit (``stats.room``, in standard errors). What is equal to a tenth of a
    standard error goes to the cheaper.
    """
    for result in results:
        if result.outcome is Outcome.PASS:
            return result
    return min(results, key=_distance)


def _distance(result: RungResult) -> tuple[bool, int, float]:
    unknown = sum(isinstance(verdict.evidence, NotMeasured) for verdict in result.gating)
    return result.outcome is Outcome.FAIL, unknown, -round(least_room(result), 1)


def _from_cheap_to_costly(product: Product, rungs: Mapping[str, Rung]) -> list[tuple[str, Rung]]:
    names = rungs if product.models is None else product.models
    return sorted(((name, rungs[name]) for name in names), key=lambda pair: (pair[1].rank, pair[0]))


def _tried(
    name: str,
    rung: Rung,
    task: Task,
    training: pl.DataFrame,
    features: tuple[str, ...],
    seed: int,
    folder: Path,
) -> _Candidate | NotFitted:
    title = rung.title(task)
    try:
        model = learn(rung, training, task, features, seed)
    except BadInput as problem:
        return NotFitted(
            name, title, problem.message, problem.next_step, problem.code, problem.where
        )
    except ValueError as problem:
        # what scikit-learn and those like it say of data they cannot use
        step = f"Mend the data, or leave `{name}` out of `models:`."
        return NotFitted(name, title, f"{problem}.", step, "cannot_fit")
    artifact = model.to_bytes()
    file = folder / name
    file.write_bytes(artifact)
    return _Candidate(name, rung, title, artifact, rung.load(file))


def _tuned(
    product: Product, one: _Candidate, cases: OpenCases, instruments: Mapping[str, Instrument]
) -> Tuned | None:
    decision = product.decision
    if product.task is not Task.BINARY:
        return None
    if not isinstance(decision.threshold, str):
        return Tuned(Policy(decision.threshold, decision.refer_between), 1)
    return choose_threshold(product, one.model, cases.validation, instruments)


@dataclass(frozen=True)
class _Judge:
    """Judges every rung alike: the same cases, the same requirements, the same alpha."""

    product: Product
    cases: OpenCases
    instruments: Mapping[str, Instrument]
    candidates: int

    def result(self, one: _Candidate, tuned: Tuned | None) -> RungResult:
        """One rung's verdicts, size and speed."""
        found = self._verdicts(one, None if tuned is None else tuned.policy)
        ms = one_by_one(one.model, self._timed(), TIMED, WARM_UP)
        return RungResult(
            rung=one.name,
            title=one.title,
            why=one.rung.why,
            model=one.model.fingerprint,
            bytes=len(one.artifact),
            reads=len(one.model.needs),
            candidates=1 if tuned is None else tuned.candidates,
            threshold=None if tuned is None else tuned.policy.threshold,
            outcome=product_outcome(found),
            verdicts=found,
            ms=statistics.median(ms),
        )

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Critical requirements of which nothing can be said before the model is kept."""
        others = (r for r in self.product.requirements if not self._hangs_on_the_model(r))
        return tuple(r.id for r in others if r.tier is Tier.CRITICAL)

    def _verdicts(self, one: _Candidate, policy: Policy | None) -> tuple[Verdict, ...]:
        if not self.cases.validation[columns.INSIDE].any():
            return ()
        kept = tuple(r for r in self.product.requirements if self._hangs_on_the_model(r))
        product = replace(self.product, requirements=kept)
        judged = Judged(product, one.model, policy)
        weighed = collectors()[ARTIFACT].collect(one.model, self.cases.validation)
        study = OpenStudy(
            subject=judged.subject,
            set=str(SetName.VALIDATION),
            tables={"cases": judged.prepared(self.cases.validation), ARTIFACT: weighed},
            open_levels=self.cases.every,
            candidates=self.candidates,
        )
        return verdicts(product, study, self.instruments)

    def _hangs_on_the_model(self, requirement: Requirement[Any]) -> bool:
        table = table_of(requirement, self.instruments)
        if table == ARTIFACT:
            return ARTIFACT not in self.product.data.tables
        return table == "cases" and self.instruments[requirement.metric].about.judges_calls

    def _timed(self) -> pl.DataFrame:
        inside = self.cases.validation.filter(pl.col(columns.INSIDE))
        return inside if inside.height else self.cases.training


def _require_some(tried: Sequence[_Candidate | NotFitted]) -> None:
    failed = [one for one in tried if isinstance(one, NotFitted)]
    if len(failed) < len(tried):
        return
    # a reason that all rungs share is told once
    told = dict.fromkeys(one.reason for one in failed)
    each = [f"{one.title}: {one.reason}" for one in failed]
    raise BadInput(
        next(iter(told)) if len(told) == 1 else f"no model can be fitted. {' '.join(each)}",
        code=failed[-1].code,
        where=failed[-1].where or "the training split",
        value=[one.rung for one in failed],
        next_step=failed[-1].next_step,
    )


def _require_cases(
    fitted: Sequence[_Candidate], validation: pl.DataFrame, product: Product
) -> None:
    if len(fitted) == 1 or validation[columns.INSIDE].any():
        return
    raise BadInput(
        f"{len(fitted)} kinds of model were fitted, and no validation case is in scope to choose "
        "one of them on.",
        code="no_cases",
        where=str(product.file),
        value=[one.name for one in fitted],
        next_step="Add `validation: 0.25` to `data.split`, or name one kind: `models: [logistic]`.",
    )
