"""ROC, reliability and cost against threshold: each drawn, and told in words beside the drawing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from roadworthy.core.picture import (
    CostCurve,
    Froc,
    Mistakes,
    Pictures,
    Reliability,
    Roc,
    Share,
    Span,
)
from roadworthy.core.product import Product
from roadworthy.io import telling
from roadworthy.io.dossier import drawing
from roadworthy.io.dossier.drawing import Frame, Point
from roadworthy.io.harmless import short


@dataclass(frozen=True)
class Legend:
    """A mark of a drawing, and what it stands for."""

    mark: Markup
    text: str


@dataclass(frozen=True)
class Figure:
    """A drawing, what its marks stand for, and how to read it (and how not to)."""

    key: str
    title: str
    drawn: Markup
    legend: tuple[Legend, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """The drawings that there are, and why others are not."""

    drawn: tuple[Figure, ...] = ()
    without: tuple[str, ...] = ()
    lead: str = ""


LEAD = (
    "Nothing here changes the answer: it shows what the same score could do, and what it is worth. "
    "Whoever picks another threshold from these pictures has chosen on these very cases, and only "
    "fresh ones can then show that it holds."
)
_TITLES = {
    "roc": "Found positives against false alarms",
    "reliability": "What scores promise",
    "costs": "Cost against threshold",
    "froc": "Found lesions against false marks",
}


def figures(pictures: Pictures | None, product: Product) -> Figures:
    """Every drawing of a judgement."""
    if pictures is None:
        return Figures()
    drawn: list[Figure] = []
    if pictures.roc is not None:
        drawn.append(_roc(pictures, pictures.roc))
    if pictures.reliability is not None:
        drawn.append(_reliability(pictures, pictures.reliability))
    if pictures.costs is not None:
        drawn.append(_costs(pictures, pictures.costs, product))
    if pictures.froc is not None:
        drawn.append(_froc(pictures, pictures.froc))
    without = [
        f"{_TITLES[what]}: not drawn, because {why}."
        for what, why in pictures.without
        if what in _TITLES
    ]
    return Figures(tuple(drawn), tuple(without) if pictures.mistakes else (), LEAD)


def _roc(pictures: Pictures, roc: Roc) -> Figure:
    frame = Frame("false alarms, as a share of negatives", "found, as a share of positives")
    curve = list(zip(roc.alarms, roc.found, strict=True))
    parts = [frame.axes(), frame.line([(0, 0), (1, 1)], "guess")]
    if roc.alarms_off is not None and roc.found_off is not None:
        parts.append(_roc_band(frame, curve, roc.alarms_off, roc.found_off))
    parts.append(frame.line(curve, "seen"))
    marks = [(roc.at_alarms, roc.at_found), *_others(pictures.mistakes)]
    told = []
    for shape, (alarms, found) in enumerate(marks):
        parts.append(_place(frame, alarms, found, shape))
        told.append(drawing.key(shape))
    threshold = "" if pictures.threshold is None else f" {telling.number(pictures.threshold)}"
    names = [f"The product at its threshold{threshold}", *_names(pictures.mistakes)]
    legend = tuple(
        Legend(mark, f"{name}: {_trade(alarms, found)}")
        for mark, name, (alarms, found) in zip(told, names, marks, strict=True)
    )
    level = telling.percent(pictures.confidence)
    notes = [
        "Up and to the left is better; the dashed line is guessing. Each place on the line is "
        "another threshold.",
        f"A rectangle shows how far a place may be off: each of its sides holds with {level} "
        "confidence (Clopper & Pearson 1934).",
        _band_note(pictures, roc, level),
    ]
    if pictures.mistakes and pictures.mistakes[0].referred and pictures.mistakes[0].referred.k:
        notes.insert(
            1,
            "The line and the product's place on it are told as if no case were sent to a person.",
        )
    title = _TITLES["roc"]
    words = f"{title} (ROC curve). " + ". ".join(one.text for one in legend)
    return Figure(
        "roc",
        f"{title} (ROC)",
        drawing.picture("roc", title, words, "".join(parts)),
        legend,
        tuple(notes),
    )


def _band_note(pictures: Pictures, roc: Roc, level: str) -> str:
    if roc.alarms_off is None:
        return f"No band is drawn around the line: {pictures.why_not('band')}."
    return (
        f"The shaded band holds the whole true curve at once, with {level} confidence "
        "(simultaneous: Kolmogorov 1933 for each class; Campbell 1994)."
    )


def _roc_band(frame: Frame, curve: list[Point], off_x: float, off_y: float) -> str:
    """Corners between neighbours, so that nothing that was thinned out lies outside."""
    pairs = list(pairwise(curve)) or [(curve[0], curve[0])]
    above = [(0.0, off_y), *((a[0] - off_x, b[1] + off_y) for a, b in pairs), (1.0, 1.0)]
    below = [(0.0, 0.0), *((b[0] + off_x, a[1] - off_y) for a, b in pairs), (1.0, 1.0 - off_y)]
    return frame.area(above, below, "band")


def _others(mistakes: Iterable[Mistakes]) -> Iterator[tuple[Share, Share]]:
    for who in list(mistakes)[1:]:
        if who.missed.n and who.alarms.n:
            yield who.alarms, _not(who.missed)


def _names(mistakes: Iterable[Mistakes]) -> Iterator[str]:
    for who in list(mistakes)[1:]:
        if who.missed.n and who.alarms.n:
            yield short(who.name)


def _not(share: Share) -> Share:
    low = None if share.high is None else 1.0 - share.high
    high = None if share.low is None else 1.0 - share.low
    return Share(share.n - share.k, share.n, low, high)


def _place(frame: Frame, alarms: Share, found: Share, shape: int) -> str:
    at = alarms.k / alarms.n, found.k / found.n
    mark = frame.mark(at, shape)
    corners = (alarms.low, found.low, alarms.high, found.high)
    if None in corners:
        return mark
    low_x, low_y, high_x, high_y = (float(corner) for corner in corners if corner is not None)
    name = "may" if shape == 0 else "may other"
    return frame.box((low_x, low_y), (high_x, high_y), name) + mark


def _trade(alarms: Share, found: Share) -> str:
    return (
        f"finds {_of_100(found)} of 100 positives, with {_of_100(alarms)} false alarms among 100 "
        "negatives"
    )


def _of_100(share: Share) -> str:
    seen = telling.number(100 * share.k / share.n, apart=(100.0,))
    if share.low is None or share.high is None:
        return seen
    low = telling.number(round(100 * share.low, 9), apart=(100.0,), rounding=telling.DOWN)
    high = telling.number(round(100 * share.high, 9), apart=(100.0,), rounding=telling.UP)
    return f"{seen} ({low} to {high})"


def _reliability(pictures: Pictures, found: Reliability) -> Figure:
    rates = [k / n for k, n in zip(found.hits, found.n, strict=True)]
    ends = [*found.score, *rates, *found.high]
    end = drawing.nice_top(max(ends))
    frame = Frame("mean score of a group", "share of positives in it", min(end, 1.0), min(end, 1.0))
    parts = [frame.axes(), frame.line([(0, 0), (frame.right, frame.top)], "guess")]
    for i, (score, rate) in enumerate(zip(found.score, rates, strict=True)):
        if found.low:
            parts.append(frame.line([(score, found.low[i]), (score, found.high[i])], "whisker"))
        parts.append(frame.mark((score, rate), 0))
    beside = _beside(found, rates) if found.low else []
    groups = len(found.n)
    title = _TITLES["reliability"]
    level = telling.percent(pictures.confidence)
    notes = [
        "On the dashed line a score of 0.3 means that 3 of 10 such cases are positive. Above it "
        "scores promise too little, below it too much.",
        f"{groups} group{'s' * (groups != 1)} of about equally many cases, by score; in the "
        "mixture of the judged cases.",
    ]
    if found.low:
        notes.append(
            f"With {level} confidence all true shares lie within their bars at once "
            "(simultaneous: Clopper & Pearson 1934 at alpha / 2B; Hoeffding 1956)."
        )
        notes.append(
            "No group is shown to be off the line."
            if not beside
            else f"Shown to be off the line: {', '.join(beside)}."
        )
    else:
        notes.append(f"No bars are drawn: {pictures.why_not('band')}.")
    words = "; ".join(
        f"score {telling.number(s)}: {k} of {n} positive"
        for s, k, n in zip(found.score, found.hits, found.n, strict=True)
    )
    drawn = drawing.picture("reliability", title, words, "".join(parts))
    legend = (
        Legend(drawing.key(0), "A group of cases: what their scores say, and what happened."),
    )
    return Figure("reliability", f"{title} (reliability)", drawn, legend, tuple(notes))


def _beside(found: Reliability, rates: list[float]) -> list[str]:
    told = []
    for score, rate, low, high in zip(found.score, rates, found.low, found.high, strict=True):
        if not low <= score <= high:
            told.append(f"scores around {telling.number(score)} ({telling.percent(rate)} positive)")
    return told


def _costs(pictures: Pictures, found: CostCurve, product: Product) -> Figure:
    unit = product.costs.unit if product.costs else ""
    shown = [*found.cost, found.now.seen, found.now.high or 0.0]
    shown += [end for other in found.others for end in (other.cost.seen, other.cost.high or 0.0)]
    threshold = pictures.threshold or 0.0
    right = drawing.nice_top(max([*found.threshold, threshold]))
    named = f"mean cost of a case{f', {short(unit, 20)}' if unit else ''}"
    frame = Frame("threshold", named, min(right, 1.0), drawing.nice_top(max(shown)))
    parts = [frame.axes()]
    if found.low:
        above = list(zip(found.threshold, found.high, strict=True))
        below = list(zip(found.threshold, found.low, strict=True))
        parts.append(frame.area(above, below, "band"))
    parts.append(frame.line(zip(found.threshold, found.cost, strict=True), "seen"))
    legend = [
        Legend(
            drawing.key(0),
            f"The product at its threshold {telling.number(threshold)}: "
            f"{_price(found.now, unit)} a case",
        )
    ]
    for shape, other in enumerate(found.others, 1):
        parts.append(frame.line([(0, other.cost.seen), (frame.right, other.cost.seen)], "reader"))
        parts.append(_cost_mark(frame, frame.right * 0.97, other.cost, shape))
        who = short(other.name)
        told = f"{who}, who reads every case: {_price(other.cost, unit)} a case"
        legend.append(Legend(drawing.key(shape), told))
    parts.append(_cost_mark(frame, threshold, found.now, 0))
    level = telling.percent(pictures.confidence)
    notes = ["The line is what a case would have cost on average at each threshold; low is good."]
    if found.low:
        notes.append(
            f"The shaded band holds at one threshold that was fixed beforehand, each side with "
            f"{level} confidence (pointwise: the sum of simultaneous exact bounds on the counts of "
            "misses, false alarms and referrals; Clopper & Pearson 1934). It does not hold for the "
            "lowest place, picked afterwards."
        )
    else:
        notes.append(f"No band is drawn: {pictures.why_not('band')}.")
    title = _TITLES["costs"]
    words = ". ".join(one.text for one in legend)
    drawn = drawing.picture("costs", title, words, "".join(parts))
    return Figure("costs", title, drawn, tuple(legend), tuple(notes))


def _froc(pictures: Pictures, froc: Froc) -> Figure:
    seen, low, high = froc.at_false.seen, froc.at_false.low, froc.at_false.high
    right = drawing.nice_top(max([*froc.false_marks, high or seen, 0.1]))
    frame = Frame("false marks per image", "lesions found, as a share", right)
    curve = list(zip(froc.false_marks, froc.found, strict=True))
    at, found = (seen, froc.at_found.k / froc.at_found.n), froc.at_found
    parts = [frame.axes(), frame.line(_stepped(curve), "seen")]
    if None not in (low, high, found.low, found.high):
        parts.append(
            frame.box((low or 0.0, found.low or 0.0), (high or 0.0, found.high or 1.0), "may")
        )
    parts.append(frame.mark(at, 0))
    legend = Legend(
        drawing.key(0),
        f"The product at its mark threshold {telling.number(froc.threshold)}: finds "
        f"{_of_100(found)} of 100 lesions, with {_price(froc.at_false, '')} false marks per image",
    )
    level = telling.percent(pictures.confidence)
    notes = [
        "Up and to the left is better. Each place on the line is another mark threshold: whoever "
        "picks one from it has chosen on these very cases.",
        f"{telling.count(found.n)} lesions in {telling.count(froc.images)} images. A lesion counts "
        "once, further marks on it are neither finds nor false.",
        f"A rectangle shows how far the place may be off: each of its sides holds with {level} "
        "confidence, however alike the lesions and the marks of one patient are (Korn & Graubard "
        "1998; betting bounds, Waudby-Smith & Ramdas 2024).",
    ]
    if found.low is None:
        notes[-1] = f"No rectangle is drawn: {pictures.why_not('bounds')}."
    title = _TITLES["froc"]
    drawn = drawing.picture("froc", title, f"{title} (FROC curve). {legend.text}", "".join(parts))
    return Figure("froc", f"{title} (FROC)", drawn, (legend,), tuple(notes))


def _stepped(curve: list[Point]) -> list[Point]:
    """From nothing shown to everything shown."""
    return [(0.0, 0.0), *curve]


def _cost_mark(frame: Frame, x: float, cost: Span, shape: int) -> str:
    bar = ""
    if cost.low is not None and cost.high is not None:
        bar = frame.line([(x, cost.low), (x, cost.high)], "whisker")
    return bar + frame.mark((x, cost.seen), shape)


def _price(cost: Span, unit: str) -> str:
    seen = telling.number(cost.seen, short(unit, 20))
    if cost.low is None or cost.high is None:
        return seen
    low = telling.number(cost.low, rounding=telling.DOWN)
    return f"{seen} ({low} to {telling.number(cost.high, rounding=telling.UP)})"
