"""Every heir of a net as it would be shipped, judged on the cases that chose its parent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.compression import PARENT, Metered, Paired, PointResult, Stage
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Evidence, NotMeasured, Regime
from roadworthy.core.instrument import Instrument, Rows
from roadworthy.core.model import Model
from roadworthy.core.outcome import Outcome
from roadworthy.core.policy import Decides, Policy
from roadworthy.core.product import Product, Task
from roadworthy.core.requirement import Limit, Requirement, Side, Tier
from roadworthy.core.study import OpenStudy
from roadworthy.stats.evidence import rate
from roadworthy.stats.fixed_sequence import shown
from roadworthy.stats.gathered import Share
from roadworthy.workflow.fitting import Decided, tuned
from roadworthy.workflow.heard import Heard
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.ladder import ARTIFACT, Judge, OpenCases
from roadworthy.workflow.measure import table_of, verdicts
from roadworthy.workflow.pairs import THEIRS, asked, joined
from roadworthy.workflow.provisional import halves
from roadworthy.workflow.subject import Judged


@dataclass(frozen=True)
class Made:
    """A point as it would be shipped: read back from its artefact; ``meter`` times its net."""

    name: str
    title: str
    how: str
    artifact: bytes
    model: Model
    meter: Callable[[], Metered]


@dataclass(frozen=True)
class Entered:
    """A point's answers and decisions on the cases that judge."""

    cases: pl.DataFrame
    model: Model
    chosen: Decided | None

    @property
    def policy(self) -> Decides | None:
        """How scores become decisions; None: they are none."""
        return None if self.chosen is None else self.chosen.policy


@dataclass(frozen=True)
class Trial:
    """What all points share: the cases, the requirements, and what alpha is divided by.

    ``candidates`` counts the pairs of model and threshold among which the parent was chosen on the
    validation ``cases``, and ``own`` those of them that were the parent's.
    """

    product: Product
    cases: OpenCases
    instruments: Mapping[str, Instrument]
    candidates: int
    own: int = 1

    @property
    def judged(self) -> pl.DataFrame:
        """The validation cases that judge; the others of a triage product set its thresholds."""
        validation = self.cases.validation
        return halves(validation)[1] if self.product.decision.triage is not None else validation

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Critical requirements that nothing is said of here, such as those on latency."""
        return self._judge(1).unjudged

    def decided(self, model: Model) -> Decided | None:
        """Threshold and band as the ladder gives them."""
        some = self.cases.validation, self.cases.training
        return tuned(self.product, model, *some, self.instruments)

    def paid(self, chosen: Decided | None) -> int:
        """What alpha is divided by for one point.

        A chain of heirs hangs on one rung of the ladder and spends that rung's share of alpha: its
        own thresholds among all. A point with more thresholds to choose among divides that share.
        """
        mine = 1 if chosen is None else chosen.candidates
        return max(self.candidates, ceil(self.candidates * mine / self.own))

    def result(self, made: Made, parent: Entered | None) -> tuple[PointResult, Entered]:
        """One point, compared with the parent; None: it is the parent."""
        heard = Heard.of(made.model, self.cases.validation)
        chosen = self.decided(heard)
        policy = None if chosen is None else chosen.policy
        paid = self.paid(chosen)
        judge = self._judge(paid)
        answers = heard.answer(self.judged)
        # the model itself: of perturbed cases it must be asked anew
        found = judge.verdicts(made.name, made.model, policy, answers)
        of_size = {r.id for r in self.product.requirements if self._weighs(r)}
        quality = tuple(v for v in found if v.requirement not in of_size)
        prepared = Judged(self.product, made.model, policy).prepared(self.judged, answers)
        here = Entered(prepared, made.model, chosen)
        return (
            PointResult(
                point=made.name,
                title=made.title,
                how=made.how,
                model=made.model.fingerprint,
                bytes=len(made.artifact),
                threshold=policy.threshold if isinstance(policy, Policy) else None,
                candidates=paid,
                outcome=product_outcome(quality),
                verdicts=quality,
                budgets=tuple(v for v in found if v.requirement in of_size),
                paired=() if parent is None else self._paired(here, parent, paid),
                disagreement=self._disagreement(here, parent),
                referred=_referred(here),
                tested=Stage.AFTER,
                metered=made.meter(),
            ),
            here,
        )

    def _judge(self, candidates: int) -> Judge:
        cases = replace(self.cases, validation=self.judged)
        return Judge(self.product, cases, self.instruments, candidates)

    def _weighs(self, requirement: Requirement[Any]) -> bool:
        return table_of(requirement, self.instruments) == ARTIFACT

    def _paired(self, ours: Entered, theirs: Entered, candidates: int) -> tuple[Paired, ...]:
        """Every critical requirement that can be paired, overall and per critical slice."""
        margin = self.product.compress.margin
        critical = tuple(r for r in self.product.requirements if r.tier is Tier.CRITICAL)
        product = replace(self.product, requirements=critical)
        table = joined(ours.cases, theirs.cases, product, product, PARENT)
        try:
            wanted, _ = asked(
                product, self.instruments, table, PARENT, margin or 0.0, by_slice=True
            )
        except BadInput:
            return ()
        # the margin is in points of a share: of other numbers the difference is shown alone
        wanted = [
            one if self._is_share(one) else replace(one, tier=Tier.ADVISORY) for one in wanted
        ]
        subject = Judged(self.product, ours.model, ours.policy).subject
        study = OpenStudy(
            subject, "validation", {"cases": table}, self.cases.every, candidates=candidates
        )
        found = verdicts(replace(product, requirements=tuple(wanted)), study, self.instruments)
        return tuple(map(Paired, found))

    def _is_share(self, requirement: Requirement[Any]) -> bool:
        return self.instruments[requirement.metric].about.highest == 1.0

    def _disagreement(self, ours: Entered, theirs: Entered | None) -> Evidence:
        """The share of cases in scope that are decided otherwise, with a bound at 95 %."""
        if theirs is None:
            return NotMeasured("it is the parent")
        if self.product.task is Task.REGRESSION:
            return NotMeasured("values are no calls: see the differences")
        return disagreement(ours.cases, theirs.cases, self.product.task)


def disagreement(ours: pl.DataFrame, theirs: pl.DataFrame, task: Task) -> Evidence:
    """The share of prepared cases in scope that two subjects decide otherwise, bound at 95 %.

    A case that one refers and the other decides counts as decided otherwise.
    """
    said = (columns.REFERRED, columns.FLAGGED if task is Task.BINARY else columns.PREDICTED)
    beside = theirs.select(columns.ID, *(pl.col(one).alias(THEIRS + one) for one in said))
    table = ours.filter(columns.INSIDE).join(
        beside, on=columns.ID, how="inner", maintain_order="left"
    )
    referred, call = (pl.col(one).ne_missing(pl.col(THEIRS + one)) for one in said)
    both = pl.col(columns.REFERRED) & pl.col(THEIRS + columns.REFERRED)
    other = table.select(referred | (call & ~both)).to_series().to_numpy()
    unit = table[columns.UNIT].rank("dense").to_numpy()
    codes = None if len(unit) == 0 or int(unit.max()) == len(unit) else unit
    tally = Share(pl.lit(True), rows=Rows.INSIDE).reduce(
        {"hit": other, "among": np.ones(len(other), dtype=bool)}, codes
    )
    return rate(tally, Limit(Side.AT_MOST, 1.0), Regime(0.05), "cases")


def sequenced(
    points: Sequence[PointResult], margin: float | None
) -> tuple[tuple[PointResult, ...], str | None]:
    """The points with what the fixed sequence came to at each, and the last that is shown.

    ``points`` are in the order that was fixed before a validation case was looked at.
    """
    count = shown(met(one, margin) for one in points)
    words = [Stage.SHOWN] * count + [Stage.STOPPED] + [Stage.AFTER] * len(points)
    told = tuple(replace(one, tested=word) for one, word in zip(points, words, strict=False))
    return told, points[count - 1].point if count else None


def met(point: PointResult, margin: float | None) -> bool:
    """Whether its own test shows that it meets; the parent is compared with nobody."""
    no_worse = margin is None or point.point == PARENT or point.no_worse is Outcome.PASS
    return point.outcome is Outcome.PASS and no_worse


def _referred(one: Entered) -> float | None:
    """The share of cases in scope that go to a person; None: the policy refers nobody."""
    band = isinstance(one.policy, Policy) and one.policy.refer_between is None
    if one.policy is None or band:
        return None
    inside = one.cases.filter(columns.INSIDE)
    found: Any = inside[columns.REFERRED].mean()
    return None if found is None else float(found)
