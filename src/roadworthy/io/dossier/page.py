"""What the dossier says, worked out before anything is laid out: a judgement told for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from roadworthy.core.compression import Compression
from roadworthy.core.evidence import Measured
from roadworthy.core.instrument import About
from roadworthy.core.ladder import Ladder
from roadworthy.core.plan import Plan
from roadworthy.core.product import Product
from roadworthy.core.requirement import WHOLE, Limit, Side, Tier
from roadworthy.core.verdict import Judgement, Outcome, Verdict
from roadworthy.io import telling
from roadworthy.io.dossier import compression, plots
from roadworthy.io.dossier.answer import Answer, answer
from roadworthy.io.dossier.certificate import Told, told
from roadworthy.io.dossier.evidence import Group, groups
from roadworthy.io.dossier.figures import Figures, figures
from roadworthy.io.dossier.metrics import Formula, Metrics
from roadworthy.io.dossier.plain import Plain, plain
from roadworthy.io.dossier.planned import Planned, planned
from roadworthy.io.dossier.rules import Rules, rules
from roadworthy.io.dossier.rungs import Rungs, rungs
from roadworthy.io.dossier.ways import Ways, shared


@dataclass(frozen=True)
class Rests:
    """A statistical method, what it assumes, and which requirements rest on it."""

    method: str
    assumptions: tuple[str, ...]
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Legend:
    """One example in "How to read this page"."""

    outcome: Outcome
    plot: Markup
    meaning: str


@dataclass(frozen=True)
class Ledger:
    """What the ledger says of the judgement: one sentence, and what is wrong, if anything is."""

    told: str
    wrong: str = ""


@dataclass(frozen=True)
class Page:
    """Everything the templates lay out."""

    judgement: Judgement
    product: Product
    made: str
    answer: Answer
    gating: tuple[Group, ...]
    advisory: tuple[Group, ...]
    rests: tuple[Rests, ...]
    formulas: tuple[Formula, ...]
    legends: tuple[Legend, ...]
    plain: Plain
    figures: Figures
    planned: Planned
    ladder: Rungs
    compression: compression.Told
    certificate: Told | None
    ways: Ways
    ledger: Ledger | None
    rules: Rules


@dataclass(frozen=True)
class Beside:
    """What stands beside the judgement: plan (or why there is none), ladder, time, ledger."""

    plan: Plan | None = None
    no_plan: str = ""
    ladder: Ladder | None = None
    compression: Compression | None = None
    made: datetime | None = None
    ledger: Ledger | None = None


def page(
    judgement: Judgement, product: Product, abouts: Mapping[str, About], beside: Beside
) -> Page:
    """Tell a judgement: sentences, plots and tables, in the order of the page."""
    metrics = Metrics(judgement, abouts)
    gating = groups(judgement.where(gating=True), product, metrics, "g")
    advisory = groups(judgement.where(gating=False), product, metrics, "a")
    return Page(
        judgement=judgement,
        product=product,
        made=_date(beside.made),
        answer=answer(judgement, product, gating),
        gating=gating,
        advisory=advisory,
        rests=_rests(judgement),
        formulas=tuple(metrics.formulas()),
        legends=_legends(),
        plain=plain(judgement, product, gating, _not_following(judgement, product, metrics)),
        figures=figures(judgement.pictures, product),
        planned=planned(judgement, beside.plan, beside.no_plan),
        ladder=rungs(beside.ladder, metrics),
        compression=compression.told(beside.compression, product),
        certificate=told(judgement.certificate),
        ways=shared(judgement.ways),
        ledger=beside.ledger,
        rules=rules(product),
    )


def _date(made: datetime | None) -> str:
    # no name of a month: strftime takes it from the locale of whoever renders
    return f"{made:%Y-%m-%d %H:%M %Z}".rstrip() if made else ""


def _not_following(judgement: Judgement, product: Product, metrics: Metrics) -> tuple[str, ...]:
    """What a reader may be tempted to conclude and must not."""
    follows = ["Nothing follows for cases unlike these, or outside the scope below."]
    if judgement.set != "sealed":
        follows.append("These cases were open during development, so a lucky choice may flatter.")
    split = product.data.split
    if split is None or (split.leave_out is None and split.by is None):
        follows.append(
            "The judged cases come from the same collection as the others: how it does at a new "
            "place or in a later year was not tested."
        )
    prevalence = product.data.prevalence
    for title in metrics.follow_prevalence():
        follows.append(f"{title} depends on how common positives are ({_prevalence(prevalence)}).")
    follows.append("A slice that is not listed was not looked at, and may be worse.")
    return tuple(follows)


def _prevalence(prevalence: float | str | None) -> str:
    if prevalence is None:
        return "not declared"
    if isinstance(prevalence, str):
        return "taken as in these cases"
    return f"taken as {telling.percent(prevalence)}"


def _rests(judgement: Judgement) -> tuple[Rests, ...]:
    assumed: dict[str, dict[str, None]] = {}
    used: dict[str, dict[str, None]] = {}
    for verdict in judgement.verdicts:
        if isinstance(verdict.evidence, Measured):
            method = verdict.evidence.method
            assumed.setdefault(method, {}).update(dict.fromkeys(verdict.evidence.assumptions))
            used.setdefault(method, {})[verdict.requirement] = None
    return tuple(Rests(method, tuple(assumed[method]), tuple(used[method])) for method in assumed)


_EXAMPLES = (
    (Outcome.PASS, 0.92, 0.95, 0.98, "The whole bar lies where the limit is met."),
    (
        Outcome.INCONCLUSIVE,
        0.86,
        0.92,
        0.96,
        "The bar crosses the limit: these cases cannot tell. More cases make the bar shorter.",
    ),
    (
        Outcome.FAIL,
        0.79,
        0.83,
        0.87,
        "The whole bar lies where the limit is not met, and stays so when all "
        "requirements are looked at together.",
    ),
)


def _legends() -> tuple[Legend, ...]:
    scale = plots.Scale(0.75, 1.0)
    return tuple(
        Legend(outcome, plots.interval(_example(outcome, *seen), scale, f"l{i}", "Example"), text)
        for i, (outcome, *seen, text) in enumerate(_EXAMPLES)
    )


def _example(outcome: Outcome, low: float, seen: float, high: float) -> Verdict:
    return Verdict(
        requirement="example",
        metric="example",
        slice=WHOLE,
        tier=Tier.CRITICAL,
        limit=Limit(Side.AT_LEAST, 0.9),
        outcome=outcome,
        evidence=Measured(seen, low, high, 0.5, 0.5, 100, "cases", "example"),
        confidence=0.95,
        effective_confidence=0.95,
        reason="",
    )
