"""A compression as the dossier and a page of its own tell it: the answer, two pictures, a table."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from roadworthy.core.compression import Compression, PointResult, Stage
from roadworthy.core.evidence import Measured
from roadworthy.core.outcome import Outcome
from roadworthy.core.product import Product
from roadworthy.core.requirement import Requirement
from roadworthy.core.verdict import Verdict
from roadworthy.io import compression_words as words
from roadworthy.io import ladder_words, telling
from roadworthy.io.dossier.pareto import Spot, pareto

_STAGES = {
    Stage.SHOWN: "shown",
    Stage.STOPPED: "not shown: testing stopped here",
    Stage.AFTER: "not tested any more",
}


@dataclass(frozen=True)
class Cell:
    """One critical requirement on one point."""

    id: str
    seen: str
    outcome: str


@dataclass(frozen=True)
class Row:
    """One point of the table."""

    number: int
    title: str
    how: str
    kept: bool
    size: str
    clocks: str
    memory: str
    ratio: str
    cells: tuple[Cell, ...]
    outcome: Outcome
    tested: str
    difference: str
    disagrees: str
    refers: str


@dataclass(frozen=True)
class Told:
    """The whole section; empty where nothing was compressed."""

    answer: str = ""
    lead: str = ""
    rows: tuple[Row, ...] = ()
    pictures: tuple[Markup, ...] = ()
    pictured: str = ""
    notes: tuple[str, ...] = ()


def told(found: Compression | None, product: Product) -> Told:
    """What both pages lay out."""
    if found is None:
        return Told()
    first, _, rest = found.sentence.rstrip(".").partition(". ")
    rest = f"{rest}." if rest else ""
    return Told(
        answer=f"{first}.",
        lead=rest,
        rows=tuple(_row(n, one, found) for n, one in enumerate(found.points, 1)),
        pictures=_pictures(found, product),
        pictured=_pictured(found),
        notes=words.notes(found),
    )


def _row(number: int, one: PointResult, found: Compression) -> Row:
    return Row(
        number=number,
        title=one.title,
        how=one.how,
        kept=one.point == found.kept,
        size=words.weight(one),
        clocks=words.clocks(one),
        memory=words.memory(one.metered.peak_mb),
        ratio=words.less(found, one),
        cells=tuple(map(_cell, words.shown_cells(one))),
        outcome=one.outcome,
        tested=_STAGES[one.tested],
        difference=words.difference(one),
        disagrees=words.disagrees(one),
        refers=words.refers(one),
    )


def _cell(verdict: Verdict) -> Cell:
    named = (
        f"{verdict.requirement} ({verdict.slice})" if verdict.slice.keys else verdict.requirement
    )
    if not isinstance(verdict.evidence, Measured):
        return Cell(named, "not measured", str(verdict.outcome))
    seen = telling.estimate(verdict.evidence, verdict.limit)
    bound = telling.worse_bound(verdict.evidence, verdict.limit)
    return Cell(named, f"{seen}, bound {bound}", str(verdict.outcome))


def _pictures(found: Compression, product: Product) -> tuple[Markup, ...]:
    """Size and time against the requirement that is hardest for the parent."""
    verdict = words.decisive(found.parent)
    if verdict is None:
        return ()
    by_size, by_time = (_spots(found, verdict, of_size=at) for at in (True, False))
    if not by_size:
        return ()
    up = f"{verdict.requirement}{'' if not verdict.slice.keys else f' ({verdict.slice})'}"
    limit, high = verdict.limit.threshold, verdict.limit.wants_high
    return (
        pareto(
            by_size,
            "by-size",
            "Size against what is still shown",
            ("size of the file", up),
            ladder_words.size,
            limit,
            high,
            _budget(product, "model_size_mb", 1e6),
        ),
        pareto(
            by_time,
            "by-time",
            "Time of one answer against what is still shown",
            ("median time of one answer, on this machine", up),
            ladder_words.time,
            limit,
            high,
            _budget(product, "latency_p50_ms", 1.0),
        ),
    )


def _spots(found: Compression, wanted: Verdict, *, of_size: bool) -> list[Spot]:
    spots = []
    for number, one in enumerate(found.points, 1):
        same = (v for v in one.gating if _is(v, wanted))
        evidence = next((v.evidence for v in same if isinstance(v.evidence, Measured)), None)
        if evidence is None:
            continue
        bound = evidence.low if wanted.limit.wants_high else evidence.high
        cost = float(one.bytes) if of_size else one.metered.p50_ms
        seen = evidence.estimate
        told = "kept" if one.point == found.kept else _class(one)
        spots.append(Spot(number, one.title, cost, seen, seen if bound is None else bound, told))
    return spots


def _class(one: PointResult) -> str:
    return {Stage.SHOWN: "shown", Stage.STOPPED: "stopped", Stage.AFTER: "after"}[one.tested]


def _is(verdict: Verdict, wanted: Verdict) -> bool:
    return (verdict.requirement, verdict.slice) == (wanted.requirement, wanted.slice)


def _budget(product: Product, metric: str, scale: float) -> float | None:
    """The tightest limit that product.yaml sets."""
    limits = [_most(one) * scale for one in product.requirements if one.metric == metric]
    return min(limits, default=None)


def _most(requirement: Requirement[object]) -> float:
    return requirement.limit.value


def _pictured(found: Compression) -> str:
    verdict = words.decisive(found.parent)
    if verdict is None:
        return ""
    side = "lower" if verdict.limit.wants_high else "upper"
    return (
        f"Each number is a row of the table: the disc is what was seen of {verdict.requirement}, "
        f"the requirement that is hardest for the parent, and the line from it ends at its {side} "
        "bound, which must lie on the shaded side of the required value. Left is cheaper."
    )
