"""Pictures and plain counts for the dossier, gathered in the very pass that judges.

They are asked for as if they were one more requirement, so they come from the same cases, whether
a table is held in memory or streamed, and cost no second look at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Measured, NotMeasured, Regime
from roadworthy.core.instrument import About, Instrument, Rows, Statistic
from roadworthy.core.need import Need
from roadworthy.core.picture import Errors, Froc, Mistakes, Pictures, Share, Span, Wrong
from roadworthy.core.policy import Policy, Triage
from roadworthy.core.product import Product, Task
from roadworthy.core.requirement import Limit, Requirement, Side
from roadworthy.stats import binomial, gathered
from roadworthy.stats.evidence import effective
from roadworthy.stats.gathered import Tally
from roadworthy.stats.multiplicity import alpha_for_candidates
from roadworthy.stats.pictured import Counted, Deviations, Scored
from roadworthy.workflow import marked
from roadworthy.workflow.curves import curves
from roadworthy.workflow.levels import is_in
from roadworthy.workflow.slicing import Cell
from roadworthy.workflow.subject import Judged

NAME = "@pictures"
PRODUCT = ""
HALF, NINE_IN_TEN = 0.5, 0.9

POSITIVE, REFERRED = pl.col(columns.POSITIVE), pl.col(columns.REFERRED)
FLAGGED = pl.col(columns.FLAGGED).fill_null(False)
EVERYONE = pl.lit(True)


@dataclass(frozen=True)
class Reader:
    """Somebody else who called the same cases: their call, and where there is one."""

    name: str
    call: pl.Expr
    known: pl.Expr = EVERYONE


class Asked:
    """What the pictures of a product ask of its cases, in the shape of an instrument."""

    about = About("", "", "", "")
    parameters: type[Any] = type(None)

    def __init__(self, judged: Judged, schema: pl.Schema) -> None:
        self.judged = judged
        self.readers = _readers(judged.product, schema)
        limit = Limit(Side.AT_LEAST, 0.0)
        self.requirement: Requirement[Any] = Requirement(NAME, NAME, limit, None)
        self.cell = Cell(self.requirement)

    @property
    def instruments(self) -> dict[str, Instrument]:
        """The one instrument that knows what to gather."""
        return {NAME: self}

    def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
        """Counts of mistakes, and of scores or errors; scores of marks."""
        return {**self._of_answers(), **marked.asked(self.judged.product)}

    def _of_answers(self) -> Mapping[str, Statistic[Any]]:
        product = self.judged.product
        if product.data.truth is None:
            return {}
        if product.task is Task.BINARY:
            return {**_mistakes(self.readers), **_scores(self.judged)}
        truth, ours = pl.col(columns.TRUTH), pl.col(columns.PREDICTED)
        everybody = [Reader(PRODUCT, ours), *self.readers]
        if product.task is Task.MULTICLASS:
            return {
                f"{one.name}:wrong": gathered.Share(one.call != truth, rows=Rows.INSIDE)
                for one in everybody
            }
        return {f"{one.name}:off": Deviations(one.call, truth) for one in everybody}

    def measure(
        self, requirement: Requirement[Any], found: Mapping[str, Any], regime: Regime
    ) -> NotMeasured:
        """Nothing: a picture is no evidence."""
        return NotMeasured("a picture is no evidence")

    def need(
        self, requirement: Requirement[Any], seen: Measured | None, regime: Regime, power: float
    ) -> Need:
        """Nothing."""
        return Need("cases")

    def taken(self, found: Mapping[str, Any] | None, candidates: int) -> Pictures | None:
        """The pictures of what was gathered, at the confidence of the verdicts; None: of nothing.

        ``candidates`` is among how many the subject was chosen on these very cases.
        """
        product = self.judged.product
        if not found:
            return None
        alpha = alpha_for_candidates(1.0 - product.confidence.level, candidates)
        told = _Told(alpha)
        if product.data.truth is None:
            drawn = Pictures(1.0 - alpha)
        else:
            drawn = self._answered(found, told, alpha)
        if product.marks is None:
            return drawn
        froc = marked.curve(product.marks, found, alpha, told.share)
        if isinstance(froc, Froc):
            return replace(drawn, froc=froc)
        return replace(drawn, without=(*drawn.without, ("froc", froc)))

    def _answered(self, found: Mapping[str, Any], told: _Told, alpha: float) -> Pictures:
        product = self.judged.product
        names = [PRODUCT, *(reader.name for reader in self.readers)]
        policy = self.judged.policy
        if product.task is Task.BINARY:
            mistakes = tuple(_mistakes_of(name, found, told) for name in names)
            drawn = curves(self.judged, found, mistakes, alpha)
            return Pictures(
                confidence=1.0 - alpha,
                threshold=policy.threshold if isinstance(policy, Policy) else None,
                mistakes=mistakes,
                roc=drawn.roc,
                reliability=drawn.reliability,
                costs=drawn.costs,
                without=(*told.without, *drawn.without),
            )
        if product.task is Task.MULTICLASS:
            wrong = tuple(Wrong(name, told.share(found[f"{name}:wrong"])) for name in names)
            return Pictures(1.0 - alpha, wrong=wrong, without=told.without)
        errors = tuple(
            one for name in names if (one := _errors_of(name, found[f"{name}:off"], told))
        )
        return Pictures(1.0 - alpha, errors=errors, without=told.without)


class _Told:
    """Shares with their bounds; remembers why there are none."""

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha
        self._why: dict[str, None] = {}

    @property
    def without(self) -> tuple[tuple[str, str], ...]:
        return tuple(("bounds", why) for why in list(self._why)[:1])

    def refuse(self, why: str) -> None:
        self._why[why] = None

    def share(self, tally: Tally) -> Share:
        if tally.n == 0:
            return Share(0, 0)
        found = effective(tally, self.alpha)
        if isinstance(found, NotMeasured):
            self.refuse(found.reason)
            return Share(tally.k, tally.n)
        k, n = found
        low, high = binomial.lower(k, n, self.alpha), binomial.upper(k, n, self.alpha)
        return Share(tally.k, tally.n, float(low), float(high))


def _readers(product: Product, schema: pl.Schema) -> list[Reader]:
    """Everybody whose calls the table holds: compared with, or declared only."""
    against = dict.fromkeys(r.limit.against for r in product.requirements if r.limit.against)
    found = [Reader(name, pl.col(columns.call(name))) for name in against]
    for calls in product.data.calls if product.task is Task.BINARY else ():
        if calls.name in against or calls.column not in schema:
            continue
        dtype = schema[calls.column]
        yes = is_in(calls.column, dtype, calls.positive)
        no = is_in(calls.column, dtype, calls.negative)
        found.append(Reader(calls.name, yes, yes | no))
    return found


def _mistakes(readers: list[Reader]) -> dict[str, Statistic[Any]]:
    decided = ~REFERRED
    found: dict[str, Statistic[Any]] = {
        f"{PRODUCT}:referred": gathered.Share(REFERRED, rows=Rows.INSIDE)
    }
    for one in [Reader(PRODUCT, FLAGGED), *readers]:
        counts = decided if one.name == PRODUCT else EVERYONE
        missed, alarm = POSITIVE & ~one.call & counts, ~POSITIVE & one.call & counts
        for word, hit, part in (("missed", missed, POSITIVE), ("alarms", alarm, ~POSITIVE)):
            known = part & one.known
            found[f"{one.name}:{word}"] = gathered.Share(hit, known, Rows.INSIDE)
            found[f"{one.name}:{word}_of_all"] = gathered.Share(hit, one.known, Rows.INSIDE)
    return found


def _scores(judged: Judged) -> dict[str, Statistic[Any]]:
    """Counts by score; where some scores go to a person, also of the cases that do not."""
    policy, score = judged.policy, pl.col(columns.SCORE)
    if policy is None:
        return {}
    if isinstance(policy, Triage):
        # a case without a score goes to a person
        return {"scores": Scored(score.fill_null(0.0), POSITIVE, score.is_not_null())}
    found: dict[str, Statistic[Any]] = {"scores": Scored(score, POSITIVE)}
    if policy.refer_between is not None:
        reached = score >= policy.threshold
        found["decided"] = Scored(score, POSITIVE, ~REFERRED)
        found["at_found"] = gathered.Share(reached, POSITIVE, Rows.INSIDE)
        found["at_alarms"] = gathered.Share(reached, ~POSITIVE, Rows.INSIDE)
    return found


def _mistakes_of(name: str, found: Mapping[str, Any], told: _Told) -> Mistakes:
    words = ("missed", "alarms", "missed_of_all", "alarms_of_all")
    shares = {word: told.share(found[f"{name}:{word}"]) for word in words}
    referred = told.share(found[f"{PRODUCT}:referred"]) if name == PRODUCT else None
    return Mistakes(name, **shares, referred=referred)


def _errors_of(name: str, found: Counted[Any], told: _Told) -> Errors | None:
    counts = found.counts
    n = int(counts.counts.sum())
    if n == 0:
        return None
    if found.dependent:
        told.refuse("no bound on a typical error is known here for cases that share units")
    spans = []
    for q in (HALF, NINE_IN_TEN):
        low, seen, high = counts.quantile(q, told.alpha)
        spans.append(Span(seen) if found.dependent else Span(seen, low, high))
    return Errors(name, n, *spans)
