"""What `roadworthy renew` prints: the answer, every model, what the mix did, and why it fell."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from roadworthy.cli import show
from roadworthy.core.renewal import Held, ModelDrop, RenewalPlan, Renewed, Span
from roadworthy.core.successor import Due
from roadworthy.core.verdict import Outcome
from roadworthy.io import telling
from roadworthy.io.judgement_json import to_json

STYLES = {
    Held.HOLDS: "bold green",
    Held.INCONCLUSIVE: "bold yellow",
    Held.DROPPED: "bold red",
}
_MOST_KINDS = 12


def told(found: Any) -> None:
    """Whichever of its answers `renew` gave."""
    if isinstance(found, Renewed):
        renewed(found)
    elif isinstance(found, RenewalPlan):
        plan(found)
    elif isinstance(found, Due):
        due(found)
    else:
        drawn(found)


def as_json(found: Any) -> dict[str, Any]:
    """The same as one JSON object."""
    if isinstance(found, Renewed):
        return renewed_json(found)
    if isinstance(found, RenewalPlan):
        return {"schema": 1, **asdict(found)}
    if isinstance(found, Due):
        return {"schema": 1, "due": bool(found.reasons), **asdict(found)}
    from roadworthy.workflow.rolling import drawn_json

    return {"schema": 1, **drawn_json(found)}


def renewed(found: Renewed) -> None:
    """The answer, a row a model, the mix, the requirements on the fresh set, and the cause."""
    show.line()
    show.line(
        f"{found.product}: {found.outcome}",
        f"  {found.right} on {found.fresh_set} ({found.fresh_cases:,} cases) against "
        f"{found.old_set} ({found.old_cases:,}); a drop of {telling.exact(found.tolerated)} is "
        "tolerated",
        style=STYLES[found.outcome],
    )
    show.line()
    _models(found)
    for one in found.models:
        show.line(f"  {one.model}: {one.reason}.")
    _mix(found)
    show.line()
    show.line(
        f"Cause: {found.attribution.cause.removeprefix('cause ')}",
        f"  ({found.attribution.why})",
        style="bold",
    )
    _slope(found)
    _requirements(found)
    for note in found.notes:
        show.line(f"Note: {note}")


def _models(found: Renewed) -> None:
    mixed = _differs(found)
    also = ("old, at the fresh mix", "drop, re-weighted", "bounds") if mixed else ()
    show.table(
        ("model", "old", "fresh", "drop", "bounds", *also, "verdict"),
        [(*_row(one, mixed), one.outcome.value) for one in found.models],
        [STYLES[one.outcome] for one in found.models],
    )


def _row(one: ModelDrop, mixed: bool) -> tuple[str, ...]:
    name = f"{one.model} (untouched)" if one.untouched else one.model
    first = (name, f"{one.old:.3f}", f"{one.fresh:.3f}", *_span(one.crude))
    if not mixed:
        return first
    at = "-" if one.at_fresh_mix is None else f"{one.at_fresh_mix:.3f}"
    return (*first, at, *_span(one.reweighted))


def _span(span: Span | None) -> tuple[str, str]:
    if span is None:
        return "-", "-"
    return _signed(span.estimate), f"{_signed(span.low)} to {_signed(span.high)}"


def _signed(value: float) -> str:
    rounded = round(value, 3) + 0.0
    return f"{telling.MINUS if rounded < 0 else ''}{abs(rounded):.3f}"


def _differs(found: Renewed) -> bool:
    """Whether the two sets hold their kinds of case in other shares."""
    return any(abs(one.old - one.fresh) > 5e-4 for one in found.mix)


def _mix(found: Renewed) -> None:
    if not _differs(found):
        return
    show.line()
    show.line(
        f"The mix differs ({', '.join(found.by)}); the verdict is on the old set re-weighted to "
        "the fresh one:"
    )
    largest = sorted(found.mix, key=lambda one: -abs(one.old - one.fresh))[:_MOST_KINDS]
    for one in largest:
        alone = "; too few old ones to stand for them" if one.uncovered else ""
        show.line(f"  {one.stratum}: {one.old:.1%} of the old, {one.fresh:.1%} of the fresh{alone}")
    if len(found.mix) > len(largest):
        show.line(f"  and {len(found.mix) - len(largest)} more kinds")


def _slope(found: Renewed) -> None:
    slope = found.attribution
    if slope.slope is None or slope.low is None or slope.high is None:
        return
    show.line(
        f"  On the probit scale {slope.slope:.2f} ({slope.low:.2f} to {slope.high:.2f}) of the "
        "tuned models' lead over the untouched is left; 1 is a set harder for all alike."
    )


def _requirements(found: Renewed) -> None:
    show.line()
    again = found.requirements
    if again is None:
        show.line(
            "The requirements were not judged on the fresh set: ", found.not_rechecked, style="bold"
        )
        return
    show.line(
        f"The requirements on the fresh set alone: {again.answer}",
        style=show.STYLES[show.looks_like(again)],
    )
    show.table(
        show.JUDGED,
        [show.cell(verdict) for verdict in again.verdicts],
        [show.STYLES[show.looks_like(verdict)] for verdict in again.verdicts],
    )
    if again.outcome is Outcome.FAIL and found.outcome is not Held.DROPPED:
        show.line("A requirement fails on the fresh set, so this ends with 1 whatever dropped.")


def renewed_json(found: Renewed) -> dict[str, Any]:
    """The comparison as one JSON object."""
    return {
        "schema": 1,
        "product": found.product,
        "outcome": found.outcome.value,
        "rate": found.right.value,
        "tolerated": found.tolerated,
        "confidence": found.confidence,
        "old": {"set": found.old_set, "cases": found.old_cases},
        "fresh": {"set": found.fresh_set, "cases": found.fresh_cases},
        "by": list(found.by),
        "models": [asdict(one) for one in found.models],
        "mix": [asdict(one) for one in found.mix],
        "attribution": asdict(found.attribution),
        "requirements": None if found.requirements is None else to_json(found.requirements),
        "not_rechecked": found.not_rechecked or None,
        "notes": list(found.notes),
    }


def plan(found: RenewalPlan) -> None:
    """Fresh labels by drop."""
    show.line()
    each = f" for each of {found.models} models" if found.models > 1 else ""
    show.line(
        f"{found.product}: fresh labels that show a drop from {found.old_rate:.3f} on "
        f"{found.n_old:,} old cases{each}",
        f"  ({found.confidence:.0%} confidence, power {found.power:.0%}, "
        f"{telling.exact(found.tolerated)} tolerated)",
        style="bold",
    )
    show.line()
    rows = [(f"a drop of {one.drop:g}", *_labels(one.to_show_drop, found)) for one in found.needs]
    rows.append(
        (
            f"no drop of {found.tolerated:g}, if there is none",
            *_labels(found.to_show_hold, found),
        )
    )
    heads = ("to show", "fresh labels", *(("price",) if found.label_cost else ()))
    show.table(heads, rows, ["" for _ in rows])
    for one in found.needs:
        if one.why:
            show.line(f"A drop of {one.drop:g}: {one.why}.")
    if found.why_hold:
        show.line(f"No drop: {found.why_hold}.")
    show.line("Where the mix of cases differs, the old set counts for fewer: take more then.")
    if found.dependent:
        show.line(
            "Cases are planned as if independent: where those of a unit are alike, take more."
        )


def _labels(count: int | None, found: RenewalPlan) -> tuple[str, ...]:
    if count is None:
        return ("never", "-") if found.label_cost else ("never",)
    if not found.label_cost:
        return (f"{count:,}",)
    return f"{count:,}", f"{count * found.label_cost:,.0f} {found.unit}".strip()


def due(found: Due) -> None:
    """Whether a successor is due, with every reason, and what could not be asked."""
    show.line()
    if found.reasons:
        show.line(f"{found.product}: a successor is due", style="bold red")
        for reason in found.reasons:
            show.line(f"  {reason.ground}: ", reason.told)
    elif found.asked:
        show.line(f"{found.product}: no successor is due", style="bold green")
    else:
        show.line(f"{found.product}: nothing could be asked", style="bold yellow")
    if found.asked:
        show.line(f"Asked: {', '.join(found.asked)}.")
    for one in found.not_asked:
        show.line(f"Not asked: {one}.")


def drawn(found: Any) -> None:
    """What was drawn, and what to do with it."""
    show.line()
    show.line(
        f"{found.product}: {found.sealed_cases:,} of {found.production_cases:,} new cases are the "
        "next sealed set",
        f"  (share {found.share:g}, {found.sealed_units:,} units, key {found.key})",
        style="bold",
    )
    for kind, count, of in found.strata:
        show.line(f"  {kind}: {count:,} of {of:,}")
    show.line(f"Sealed next:  {found.sealed}")
    show.line(
        f"Development:  {found.development}",
        f"  ({found.retired_cases:,} retired, "
        f"{found.production_cases - found.sealed_cases:,} not drawn)",
    )
    show.line(
        "Seal the first file before anybody opens it. The ledger holds the key of this draw: who "
        "draws until it suits is seen."
    )
