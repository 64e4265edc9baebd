"""Product alone, reader alone, second view and triage on the same cases, each with bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.evidence import Evidence, Measured, Regime
from roadworthy.core.instrument import Instrument
from roadworthy.core.outcome import Outcome
from roadworthy.core.policy import Decides, Policy, Triage
from roadworthy.core.product import CaseCost, Costs, Product
from roadworthy.core.requirement import Limit, Requirement, Side, Whose
from roadworthy.core.team import UNSEEN, Team, TeamRule
from roadworthy.core.ways import Figure, Way
from roadworthy.stats.evidence import rate
from roadworthy.stats.gathered import Tally
from roadworthy.stats.multiplicity import alpha_for_candidates
from roadworthy.stats.reader_study import study_evidence
from roadworthy.workflow.gather import gather
from roadworthy.workflow.prepare import doubt_and_flag
from roadworthy.workflow.slicing import Cell
from roadworthy.workflow.subject import Judged
from roadworthy.workflow.team import viewed

PER = 10_000
ALONE = "product alone"
# what is measured is not compared with it: only the bounds are kept
_ANY = {"higher": Limit(Side.AT_LEAST, 0.5), "lower": Limit(Side.AT_MOST, 0.5)}


def ways(
    judged: Judged,
    cases: pl.DataFrame,
    instruments: Mapping[str, Instrument],
    certificate: Certificate | None = None,
    candidates: int = 1,
) -> tuple[Way, ...]:
    """Every way in which the declared team could work on prepared ``cases``; no team: none.

    Bounds are one-sided, way by way, at the confidence of the verdicts and pictures beside them:
    ``candidates`` is among how many the product was chosen on these very cases. The best of several
    ways is picked by looking, so none of them is a verdict. What a triage product would decide
    alone is told only once its ``certificate`` passes: until then its policy is not the one that is
    meant.
    """
    product, policy = judged.product, judged.policy
    if product.team is None or policy is None:
        return ()
    certified = certificate is None or certificate.outcome is Outcome.PASS
    alpha = alpha_for_candidates(1.0 - product.confidence.level, candidates)
    measuring = _Measuring(product, instruments, alpha)
    found = [measuring.way(one) for one in _tables(product.team, policy, cases, certified)]
    study = product.team.study
    if study is not None and study.subject == judged.subject.fingerprint and certified:
        found.append(_studied(product, alpha))
    return tuple(found)


@dataclass(frozen=True)
class _Table:
    """The cases as one way calls and reads them; ``reads_all``: its rule has everybody read."""

    name: str
    cases: pl.DataFrame
    hypothetical: str = ""
    reads_all: bool = False


def _tables(team: Team, policy: Decides, cases: pl.DataFrame, certified: bool) -> Iterator[_Table]:
    """The cases as each way calls and reads them."""
    score, nobody, everybody = pl.col(columns.SCORE), pl.lit(False), pl.lit(True)

    def shared(rule: TeamRule, doubt: pl.Expr, flagged: pl.Expr) -> pl.DataFrame:
        table = cases.with_columns(
            flagged.alias(columns.FLAGGED),
            # out of scope a person reads, whatever the way
            (~pl.col(columns.INSIDE) | doubt.fill_null(False)).alias(columns.REFERRED),
        )
        return viewed(table, _team(team, rule), Whose.TEAM)

    doubt, flagged = doubt_and_flag(policy)
    if isinstance(policy, Policy):
        yield _Table(ALONE, shared(TeamRule.REFERRED, nobody, flagged))
        alone = nobody
    else:
        # what lies between its thresholds the product cannot call, so a person always does
        alone = doubt
    yield _Table(
        f"{team.reader} alone", shared(TeamRule.REFERRED, everybody, flagged), reads_all=True
    )
    if not certified:
        return
    for rule, name in _SECOND_VIEWS.items():
        if rule is not TeamRule.ARBITRATION or team.arbiter is not None:
            yield _Table(f"second view: {name}", shared(rule, alone, flagged), UNSEEN, True)
    band = team.refer_between
    if isinstance(policy, Triage) or policy.refer_between:
        yield _Table("triage", shared(TeamRule.REFERRED, doubt, flagged), UNSEEN)
    elif band is not None:
        # a band that is only tried out parts the scores by itself: clear below, flag above
        between = (score >= band[0]) & (score < band[1])
        yield _Table("triage", shared(TeamRule.REFERRED, between, score >= band[1]), UNSEEN)


_SECOND_VIEWS = {
    TeamRule.EITHER: "either calls",
    TeamRule.BOTH: "both call",
    TeamRule.ARBITRATION: "arbitration",
}


def _team(team: Team, rule: TeamRule) -> Team:
    return Team(team.reader, rule, team.arbiter if rule is TeamRule.ARBITRATION else None)


@dataclass(frozen=True)
class _Measuring:
    product: Product
    instruments: Mapping[str, Instrument]
    alpha: float

    def way(self, of: _Table) -> Way:
        """The figures of one way."""
        costs = self.product.costs
        priced = costs is not None and self.product.data.prevalence is not None
        return Way(
            of.name,
            of.hypothetical,
            unit=costs.unit if costs else "",
            sensitivity=self._figure("sensitivity", of.cases),
            specificity=self._figure("specificity", of.cases),
            reads=self._reads(of),
            cost=self._cost(of, costs) if priced and costs is not None else None,
        )

    def _cost(self, of: _Table, costs: Costs) -> Figure | None:
        """What a case costs; who works alone has no reads of others to be priced."""
        if of.name == ALONE:
            return self._figure("expected_cost", of.cases, Whose.PRODUCT, costs=costs)
        if of.hypothetical or isinstance(costs.refer, CaseCost):
            # as a requirement on the team is measured, which may stand on the same page
            return self._figure("expected_cost", of.cases, costs=costs)
        # a reader alone reads every case: what that costs is certain and needs no bound
        calls = self._figure("expected_cost", of.cases, costs=replace(costs, refer=0.0))
        return None if calls is None else _more(calls, costs.refer)

    def _figure(
        self, metric: str, table: pl.DataFrame, of: Whose = Whose.TEAM, **words: Any
    ) -> Figure | None:
        return _told(self._measured(metric, table, of, **words))

    def _measured(
        self, metric: str, table: pl.DataFrame, of: Whose = Whose.TEAM, **words: Any
    ) -> Evidence:
        instrument = self.instruments[metric]
        if instrument.about.follows_prevalence:
            words["prevalence"] = self.product.data.prevalence
        asked = Requirement(
            id=metric,
            metric=metric,
            limit=_ANY[instrument.about.better],
            parameters=instrument.parameters(**words),
            confidence=1.0 - self.alpha,
            of=of,
        )
        gathered = gather(table, [Cell(asked)], self.instruments)[0]
        return instrument.measure(asked, gathered, Regime(self.alpha))

    def _reads(self, of: _Table) -> Figure | None:
        """Human reads per 10,000 cases, also of those out of scope; exact where the rule fixes it.

        An arbiter reads once more.
        """
        table = of.cases
        read, again = table[columns.REFERRED], int(table[columns.ARBITRATED].sum())
        if of.reads_all:
            more = Figure(0.0, 0.0, 0.0, table.height) if not again else self._share(again, table)
            return _per(more, lambda value: 1.0 + value)
        if not read.any() and not self.product.scope.rules:
            return Figure(0.0, 0.0, 0.0, table.height)
        if self.product.data.prevalence is None:
            return None
        found = _told(self._measured("automation", table))
        return None if found is None else _per(_flipped(found), lambda value: value)

    def _share(self, k: int, table: pl.DataFrame) -> Figure | None:
        regime = Regime(self.alpha)
        return _told(rate(Tally(k, table.height), _ANY["higher"], regime, "cases"))


def _told(found: Evidence) -> Figure | None:
    if not isinstance(found, Measured) or found.low is None or found.high is None:
        return None
    return Figure(found.estimate, found.low, found.high, found.n)


def _more(found: Figure, certain: float) -> Figure:
    low, seen, high = (value + certain for value in (found.low, found.estimate, found.high))
    return Figure(seen, low, high, found.n)


def _flipped(found: Figure) -> Figure:
    return Figure(1.0 - found.estimate, 1.0 - found.high, 1.0 - found.low, found.n)


def _per(found: Figure | None, of: Any) -> Figure | None:
    if found is None:
        return None
    low, seen, high = (PER * of(value) for value in (found.low, found.estimate, found.high))
    return Figure(seen, low, high, found.n)


def _studied(product: Product, alpha: float) -> Way:
    """The readers with marks, as the reader study saw them, on its own cases."""
    assert product.team is not None and product.team.study is not None
    study = product.team.study

    def rate_of(metric: str) -> Figure | None:
        found = study_evidence(study, metric, _ANY["higher"], alpha)
        return None if found is None else _told(found)

    return Way(
        "readers with marks (reader study, its own cases)",
        sensitivity=rate_of("sensitivity"),
        specificity=rate_of("specificity"),
    )
