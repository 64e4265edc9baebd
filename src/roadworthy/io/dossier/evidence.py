"""Verdicts told for people: a requirement with its slices, each with a plot and its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from roadworthy.core.evidence import Measured, NotMeasured, Withheld
from roadworthy.core.product import Product
from roadworthy.core.requirement import Limit, Requirement, Slice, Tier
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import telling
from roadworthy.io.dossier import plots
from roadworthy.io.dossier.metrics import Metrics

FEW = 30


@dataclass(frozen=True)
class Cell:
    """One verdict."""

    where: str
    limit_here: str
    outcome: Outcome
    n: str
    few: str
    plot: Markup
    estimate: str
    bounds: str
    reason: str
    settle: tuple[str, ...]
    advisory_because: str
    verdict: Verdict


@dataclass(frozen=True)
class Group:
    """A requirement with its verdicts: the whole set first, then the slices."""

    key: str
    id: str
    promise: str
    confidence: str
    definition: str
    because: str
    outcome: Outcome
    shown: str
    parts: str
    cells: tuple[Cell, ...]
    hypothetical: bool = False
    word: str = ""


def groups(
    verdicts: Sequence[Verdict], product: Product, metrics: Metrics, key: str
) -> tuple[Group, ...]:
    """One group for each requirement, in the order in which the judge tells them."""
    together: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        together.setdefault(verdict.requirement, []).append(verdict)
    declared = {requirement.id: requirement for requirement in product.requirements}
    return tuple(
        _group(among, declared.get(name), metrics, f"{key}{place}")
        for place, (name, among) in enumerate(together.items(), 1)
    )


def _group(
    verdicts: list[Verdict],
    requirement: Requirement[Any] | None,
    metrics: Metrics,
    key: str,
) -> Group:
    ordered = sorted(verdicts, key=lambda verdict: bool(verdict.slice.keys))
    first = ordered[0]
    limit = _common_limit(ordered, requirement)
    about = metrics.abouts.get(first.metric)
    under = None if requirement is None else requirement.under
    title = telling.of_whom(metrics.title(first.metric), first.of)
    cells = tuple(
        _cell(verdict, requirement, metrics, limit, f"{key}-{place}")
        for place, verdict in enumerate(ordered, 1)
    )
    return Group(
        key=key,
        id=first.requirement,
        promise=telling.promise(
            title if under is None else f"{title} under {under}",
            limit,
            metrics.unit(first.metric),
        ),
        confidence=_confidence(first),
        definition=telling.sentence(about.definition) if about else "",
        because=telling.sentence(requirement.because)
        if requirement and requirement.because
        else "",
        outcome=Outcome.worst(cell.outcome for cell in cells),
        shown=_shown(cells, metrics.unit(first.metric)),
        parts=_parts(cells),
        cells=cells,
        hypothetical=any(cell.verdict.hypothetical for cell in cells),
        word=first.word if isinstance(first.evidence, Withheld) else "",
    )


def _common_limit(ordered: list[Verdict], requirement: Requirement[Any] | None) -> Limit:
    """The limit that heads the group; a verdict with another one says so beside its bar."""
    first = ordered[0]
    alone = all(verdict.limit == first.limit for verdict in ordered)
    return first.limit if alone or not first.slice.keys or not requirement else requirement.limit


def _cell(
    verdict: Verdict,
    requirement: Requirement[Any] | None,
    metrics: Metrics,
    limit: Limit,
    key: str,
) -> Cell:
    unit, title = metrics.unit(verdict.metric), metrics.title(verdict.metric)
    evidence, place = verdict.evidence, where(verdict.slice)
    measured = evidence if isinstance(evidence, Measured) else None
    power = requirement.power if requirement else None
    return Cell(
        where=place,
        limit_here="" if verdict.limit == limit else telling.promise("here", verdict.limit, unit),
        outcome=verdict.outcome,
        n="not told" if isinstance(evidence, Withheld) else counted(measured),
        few=_few(measured),
        plot=plots.interval(verdict, metrics.scale(verdict), key, f"{title}, {place}", unit),
        estimate=telling.estimate(measured, verdict.limit, unit) if measured else "",
        bounds=telling.bounds(measured, verdict.limit, unit) if measured else "",
        reason=_reason(verdict),
        settle=_settle(verdict, power),
        advisory_because=_advisory_because(verdict, requirement),
        verdict=verdict,
    )


def where(part: Slice) -> str:
    """The cases of a slice, in words."""
    return ", ".join(telling.pinned(key) for key in part.keys) or "All cases"


def counted(measured: Measured | None) -> str:
    """How many observations, and of what."""
    return f"{telling.count(measured.n)} {measured.of}" if measured else "none"


def _few(measured: Measured | None) -> str:
    if measured is None or measured.n >= FEW:
        return ""
    return f"Only {measured.n} {measured.of}: too few to say more than the bar shows."


def _reason(verdict: Verdict) -> str:
    reason = telling.sentence(verdict.reason) if verdict.reason else ""
    evidence = verdict.evidence
    if isinstance(evidence, NotMeasured) and evidence.reason not in verdict.reason:
        return f"{reason} {telling.sentence(evidence.reason)}".strip()
    return reason


def _settle(verdict: Verdict, power: float | None) -> tuple[str, ...]:
    if verdict.need is None or verdict.outcome is not Outcome.INCONCLUSIVE:
        return ()
    return telling.needs(verdict.need, power, where(verdict.slice) if verdict.slice.keys else "")


def _advisory_because(verdict: Verdict, requirement: Requirement[Any] | None) -> str:
    if verdict.tier is not Tier.ADVISORY:
        return ""
    if requirement is None or requirement.tier is Tier.ADVISORY:
        return "Declared advisory."
    columns = {key.column for key in verdict.slice.keys}
    rules = [rule for rule in requirement.slices if set(rule.by) == columns]
    if not rules or any(rule.tier is Tier.ADVISORY for rule in rules):
        return "This slice is declared advisory."
    share = telling.percent(min(rule.min_share for rule in rules))
    return f"Fewer than {share} of the cases are of this kind."


def _confidence(verdict: Verdict) -> str:
    asked = f"must be shown with {telling.percent(verdict.confidence)} confidence"
    if abs(verdict.effective_confidence - verdict.confidence) < 1e-9:
        return asked
    stricter = telling.percent(verdict.effective_confidence)
    return (
        f"{asked}; each bound is computed at {stricter}, to pay for looking more than once "
        "or for choosing on the same cases"
    )


def _shown(cells: tuple[Cell, ...], unit: str) -> str:
    """What the evidence supports where it is worst."""
    worst = max(cells, key=lambda cell: cell.outcome.severity)
    supported = _supported(worst.verdict, unit)
    return f"{supported} ({worst.where})" if worst.verdict.slice.keys else supported


def _supported(verdict: Verdict, unit: str) -> str:
    """The bound that counts, or both while the question is open."""
    measured, limit = verdict.evidence, verdict.limit
    if isinstance(measured, Withheld):
        return "not told"
    if not isinstance(measured, Measured):
        return "not measured"
    between = telling.bounds(measured, limit, unit)
    if verdict.outcome is Outcome.INCONCLUSIVE or limit.compares:
        return between
    below = (verdict.outcome is Outcome.PASS) == limit.wants_high
    bound = measured.low if below else measured.high
    if bound is None:
        return between
    rounding = telling.DOWN if below else telling.UP
    value = telling.number(bound, limit.unit or unit, (limit.threshold,), rounding)
    return f"at least {value}" if below else f"at most {value}"


def _parts(cells: tuple[Cell, ...]) -> str:
    slices = [cell.outcome for cell in cells if cell.verdict.slice.keys]
    if not slices:
        return "none"
    counted = [(slices.count(outcome), outcome) for outcome in Outcome]
    return ", ".join(f"{n} {outcome}" for n, outcome in counted if n)
