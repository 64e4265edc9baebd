"""Fits models from cheap to costly and keeps the cheapest whose bounds meet what is required."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import NotMeasured
from roadworthy.core.guidance import Guidance
from roadworthy.core.instrument import Instrument
from roadworthy.core.ladder import Ladder, NotFitted, RungResult
from roadworthy.core.model import Model
from roadworthy.core.policy import Decides, Policy
from roadworthy.core.product import Product, SetName
from roadworthy.core.requirement import Requirement, Tier
from roadworthy.core.rung import Rung, kind
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import ladder_words
from roadworthy.io.ladder_words import least_room
from roadworthy.io.registry import collectors
from roadworthy.models.timing import one_by_one
from roadworthy.stats import quantiles
from roadworthy.workflow.fitting import Candidate, Decided, fit, tuned
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.ladder_gain import gained
from roadworthy.workflow.measure import on_cases, table_of, verdicts
from roadworthy.workflow.perturbing import perturbed
from roadworthy.workflow.provisional import halves
from roadworthy.workflow.recalls import recalls
from roadworthy.workflow.recalls import tried as tried_samplings
from roadworthy.workflow.subject import Judged

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
    """The ladder, the policy of the rung that was kept, and the artefacts of all, by name.

    A triage product has no policy yet: calibration cases certify it.
    """

    ladder: Ladder
    artifacts: Mapping[str, bytes]
    policy: Policy | None

    @property
    def artifact(self) -> bytes:
        """That of the rung that was kept."""
        return self.artifacts[self.ladder.kept]


def climb(
    product: Product,
    cases: OpenCases,
    features: tuple[str, ...],
    seed: int,
    rungs: Mapping[str, Rung],
    instruments: Mapping[str, Instrument],
    before: Mapping[str, int] | None = None,
    guidance: Guidance | None = None,
) -> Climbed:
    """Fits every rung, tunes its threshold, judges it, and keeps one.

    All is open data. Judging divides alpha by the number of pairs of rung and threshold, because
    any of them could have been chosen on these cases: a ladder over models that miss a limit says
    "meets" at most as often as one test fixed beforehand would. ``before`` are thresholds, by the
    fingerprint of their model, that were tried on some of these cases earlier: they are paid for
    too, since what they showed is why this ladder is climbed.

    Raises:
        BadInput: no rung can be fitted, or there is nothing to choose on.
    """
    with TemporaryDirectory(prefix="roadworthy-") as folder:
        tried = tuple(
            fit(name, rung, product.task, cases.training, features, seed, Path(folder), guidance)
            for name, rung in by_rank(asked_for(product, rungs))
        )
        fitted = [one for one in tried if isinstance(one, Candidate)]
        _require_some(tried)
        _require_cases(fitted, cases.validation, product)
        policies = {
            one.name: tuned(product, one.model, cases.validation, cases.training, instruments)
            for one in fitted
        }
        if product.decision.triage is not None:
            # the other half set the thresholds, and would flatter them
            cases = replace(cases, validation=halves(cases.validation)[1])
        pairs = _pairs(fitted, policies, before or {})
        judge = Judge(product, cases, instruments, sum(pairs.values()))
        results = {one.name: judge.result(one, policies[one.name]) for one in fitted}
    subjects = {
        one.name: Judged(product, one.model, None if chosen is None else chosen.policy)
        for one in fitted
        for chosen in (policies[one.name],)
    }
    kept = choose(tuple(results.values()))
    chosen = policies[kept.rung]
    ladder = Ladder(
        kept=kept.rung,
        meets=kept.outcome is Outcome.PASS,
        candidates=sum(pairs.values()),
        cases=int(cases.validation[columns.INSIDE].sum()),
        steps=tuple(one if isinstance(one, NotFitted) else results[one.name] for one in tried),
        reason="",
        best="",
        unjudged=judge.unjudged,
        earlier=len(pairs) - len(fitted),
        recalls=recalls(product, judge.answered[kept.rung]) if judge.answered else (),
        tried=tried_samplings(product, judge.answered, {one.name: one.title for one in fitted}),
        running=product.running,
    )
    top = ladder_words.top(ladder)
    if top is not None:
        ahead, behind = (subjects[one.rung] for one in (top, kept))
        hardest = ladder_words.hardest(kept).requirement
        ladder = replace(
            ladder, gain=gained(hardest, ahead, behind, cases.validation, instruments, top.rung)
        )
    told = replace(ladder, reason=ladder_words.reason(ladder), best=ladder_words.best(ladder))
    artifacts = {one.name: one.artifact for one in fitted}
    policy = None if chosen is None else chosen.policy
    return Climbed(told, artifacts, policy if isinstance(policy, Policy) else None)


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


def by_rank(rungs: Mapping[str, Rung]) -> list[tuple[str, Rung]]:
    """The rungs with their names, from cheap to costly."""
    return sorted(rungs.items(), key=lambda pair: (pair[1].rank, pair[0]))


def asked_for(product: Product, rungs: Mapping[str, Rung]) -> dict[str, Rung]:
    """The rungs that ``models:`` names; without it those that are tried by default."""
    named = product.models
    if named is not None:
        found = {name: rungs[name] for name in rungs if kind(name) in named}
    else:
        found = {name: rung for name, rung in rungs.items() if _by_default(rung, product)}
    return {name: rung for name, rung in found.items() if not _repeats(rung)}


def _repeats(rung: object) -> bool:
    """Whether it, or the rung inside of it, would be fitted as another one is already."""
    while rung is not None:
        if getattr(rung, "repeats", False):
            return True
        rung = getattr(rung, "inner", None)
    return False


def _by_default(rung: Rung, product: Product) -> bool:
    """Whether anything is there that it could read, and it is no rung that must be named."""
    images, named = product.data.images, product.data.features or ()
    if getattr(rung, "reads_images", False) and images is None:
        return False
    only_images = images is not None and set(named) <= set(images.columns)
    reads = getattr(rung, "reads_images", False) or not getattr(rung, "reads_table", True)
    return bool(getattr(rung, "by_default", True)) and (reads or not only_images)


def _pairs(
    fitted: Sequence[Candidate], policies: Mapping[str, Decided | None], before: Mapping[str, int]
) -> dict[str, int]:
    """How many thresholds of which model could have been chosen, on this ladder or before it."""
    pairs = dict(before)
    for one in fitted:
        chosen = policies[one.name]
        now = 1 if chosen is None else chosen.candidates
        pairs[one.model.fingerprint] = max(now, pairs.get(one.model.fingerprint, 0))
    return pairs


def _threshold(chosen: Decided | None) -> float | None:
    policy = None if chosen is None else chosen.policy
    return policy.threshold if isinstance(policy, Policy) else None


@dataclass(frozen=True)
class Judge:
    """Judges every rung alike: the same cases, the same requirements, the same alpha."""

    product: Product
    cases: OpenCases
    instruments: Mapping[str, Instrument]
    candidates: int
    answered: dict[str, pl.DataFrame] = field(default_factory=dict)

    def result(self, one: Candidate, chosen: Decided | None) -> RungResult:
        """One rung's verdicts, size and speed."""
        policy = None if chosen is None else chosen.policy
        found = self.verdicts(one.name, one.model, policy)
        ms = one_by_one(one.model, self._timed(), TIMED, WARM_UP)
        return RungResult(
            rung=one.name,
            title=one.title,
            why=one.rung.why,
            model=one.model.fingerprint,
            bytes=len(one.artifact),
            reads=len(one.model.needs),
            candidates=1 if chosen is None else chosen.candidates,
            threshold=_threshold(chosen),
            outcome=product_outcome(found),
            verdicts=found,
            ms=statistics.median(ms),
            ms_p99=quantiles.estimate(ms, 0.99) if ms else None,
            ms_mean=statistics.fmean(ms),
            took=one.took,
        )

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Critical requirements of which nothing can be said before the model is kept."""
        others = (r for r in self.product.requirements if not self._hangs_on_the_model(r))
        return tuple(r.id for r in others if r.tier is Tier.CRITICAL)

    def verdicts(
        self, name: str, model: Model, policy: Decides | None, answers: pl.Series | None = None
    ) -> tuple[Verdict, ...]:
        """Every requirement that hangs on the model, on every slice; none without cases.

        ``answers`` saves asking the model again; of perturbed cases it is asked all the same.
        """
        if not self.cases.validation[columns.INSIDE].any():
            return ()
        kept = tuple(r for r in self.product.requirements if self._hangs_on_the_model(r))
        product = replace(self.product, requirements=kept)
        judged = Judged(product, model, policy)
        weighed = collectors()[ARTIFACT].collect(model, self.cases.validation)
        answered = self.answered[name] = judged.prepared(self.cases.validation, answers)
        under = perturbed(judged, answered)
        study = OpenStudy(
            subject=judged.subject,
            set=str(SetName.VALIDATION),
            tables={"cases": answered, **under.tables, ARTIFACT: weighed},
            open_levels=self.cases.every,
            candidates=self.candidates,
            missing_tables=under.missing,
        )
        return verdicts(product, study, self.instruments)

    def _hangs_on_the_model(self, requirement: Requirement[Any]) -> bool:
        table = table_of(requirement, self.instruments)
        if table == ARTIFACT:
            return ARTIFACT not in self.product.data.tables
        about = self.instruments[requirement.metric].about
        judges = about.judges_calls or about.judges_marks
        return on_cases(requirement, self.instruments) and judges

    def _timed(self) -> pl.DataFrame:
        inside = self.cases.validation.filter(pl.col(columns.INSIDE))
        return inside if inside.height else self.cases.training


def _require_some(tried: Sequence[Candidate | NotFitted]) -> None:
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


def _require_cases(fitted: Sequence[Candidate], validation: pl.DataFrame, product: Product) -> None:
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
