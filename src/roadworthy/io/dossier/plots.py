"""An interval against its limit, drawn as a small SVG that also speaks to a screen reader."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from roadworthy.core.evidence import Measured, Withheld
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import telling
from roadworthy.io.harmless import harmless

WIDTH, HEIGHT = 320, 54
LEFT, RIGHT = 14, 306
TOP, MIDDLE, BOTTOM = 4, 19, 34
TEXT = 48
_LABEL = 62
_SHORT = 12
# A slice of three cases may have bounds a hundred times wider than the whole set's: beyond this
# many times what the whole set spans, an interval leaves the picture with an arrow.
_WIDEST = 8.0


@dataclass(frozen=True)
class Scale:
    """The values at the left and the right end; the same for every verdict on one metric."""

    low: float
    high: float
    lowest: float | None = None
    highest: float | None = None

    def x(self, value: float) -> float:
        """The horizontal place of a value, kept inside the picture."""
        share = (value - self.low) / (self.high - self.low)
        return round(LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT), 1)

    def holds(self, value: float) -> bool:
        """Whether the value lies in the picture."""
        return self.low <= value <= self.high


def scale_over(
    verdicts: Sequence[Verdict], lowest: float | None = None, highest: float | None = None
) -> Scale:
    """A scale that shows every limit, and the intervals unless a few are far wider than the rest.

    ``lowest`` and ``highest`` are the values that the metric can take; no room is left beyond them.
    """
    core = _values(v for v in verdicts if not v.slice.keys) or _values(verdicts) or [0.0, 1.0]
    limits = [verdict.limit.threshold for verdict in verdicts]
    low, high = min(core + limits), max(core + limits)
    room = _WIDEST * _width(low, high)
    everything = [*_values(verdicts), low, high]
    low = max(min(everything), low - room)
    high = min(max(everything), high + room)
    return _rounded_out(low, high, lowest, highest)


def _values(verdicts: Iterable[Verdict]) -> list[float]:
    found: list[float] = []
    for verdict in verdicts:
        found.append(verdict.limit.threshold)
        if isinstance(verdict.evidence, Measured):
            seen = (verdict.evidence.low, verdict.evidence.estimate, verdict.evidence.high)
            found += [value for value in seen if value is not None and math.isfinite(value)]
    return found


def _rounded_out(low: float, high: float, lowest: float | None, highest: float | None) -> Scale:
    """Ends at round numbers a little outside, but not where the metric has no values."""
    span = _width(low, high)
    step = _nice(span / 5)
    left, right = (
        math.floor((low - span / 20) / step) * step,
        math.ceil((high + span / 20) / step) * step,
    )
    if lowest is not None and low >= lowest:
        left = max(left, lowest)
    if highest is not None and high <= highest:
        right = min(right, highest)
    if not left < right:
        left, right = low - span / 2, high + span / 2
    return Scale(float(f"{left:.12g}"), float(f"{right:.12g}"), lowest, highest)


def _width(low: float, high: float) -> float:
    """What the values span, or their own size where they are one value but for rounding errors."""
    size = max(abs(low), abs(high))
    if size < 1e-300:
        return 1.0
    return high - low if high - low > 1e-9 * size else size


def _nice(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(nice * power for nice in (1, 2, 5, 10) if nice * power >= step * 0.999)


def interval(verdict: Verdict, scale: Scale, key: str, title: str, unit: str = "") -> Markup:
    """The verdict's interval, its estimate and its limit; ``key`` must be unique in the page."""
    parts = [_region(verdict, scale), _axis(scale), _limit(verdict, scale, unit)]
    if isinstance(verdict.evidence, Measured):
        parts += [_span(verdict.evidence, scale), _estimate(verdict, verdict.evidence, scale)]
    else:
        untold = isinstance(verdict.evidence, Withheld)
        words = "not told" if untold else "not measured"
        parts.append(_instead(words, scale.x(verdict.limit.threshold)))
    about = _escaped(_description(verdict, unit))
    outcome = verdict.outcome.value.lower()
    return Markup(
        f'<svg class="plot {outcome}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{_escaped(title)}</title><desc id="{key}-d">{about}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _description(verdict: Verdict, unit: str) -> str:
    limit = telling.promise("The limit:", verdict.limit, unit)
    if not isinstance(verdict.evidence, Measured):
        untold = isinstance(verdict.evidence, Withheld)
        return f"{limit}. {'Not told' if untold else 'Not measured'}."
    seen = telling.estimate(verdict.evidence, verdict.limit, unit)
    between = telling.bounds(verdict.evidence, verdict.limit, unit)
    return f"{limit}. Estimate: {seen}. Bounds: {between}. {verdict.outcome}."


def _region(verdict: Verdict, scale: Scale) -> str:
    """Where the limit is met."""
    at = scale.x(verdict.limit.threshold)
    left, right = (at, RIGHT) if verdict.limit.wants_high else (LEFT, at)
    width = round(right - left, 1)
    return f'<rect class="meets" x="{left}" y="{TOP}" width="{width}" height="{BOTTOM - TOP}"/>'


def _axis(scale: Scale) -> str:
    axis = _line("axis", LEFT, BOTTOM, RIGHT, BOTTOM)
    step = _nice((scale.high - scale.low) / 5)
    first = math.ceil(scale.low / step - 1e-9)
    last = math.floor(scale.high / step + 1e-9)
    places = [scale.x(i * step) for i in range(first, last + 1)]
    return axis + "".join(_line("axis", x, BOTTOM, x, BOTTOM + 3) for x in places)


def _limit(verdict: Verdict, scale: Scale, unit: str) -> str:
    """The limit's line and label, and the ends of the scale where they leave it room."""
    threshold = verdict.limit.threshold
    at = scale.x(threshold)
    anchor = "start" if at < LEFT + _LABEL / 2 else "end" if at > RIGHT - _LABEL / 2 else "middle"
    unit = verdict.limit.unit or unit
    label = telling.exact(threshold, unit if len(unit) <= _SHORT else "")
    drawn = [
        _line("limit", at, TOP - 3, at, BOTTOM + 4),
        _text(at, TEXT, anchor, f"limit {label}", "at"),
    ]
    room = _LABEL + 3.2 * len(label)
    if at - LEFT > room:
        drawn.append(_text(LEFT, TEXT, "start", telling.exact(scale.low), "end"))
    if RIGHT - at > room:
        drawn.append(_text(RIGHT, TEXT, "end", telling.exact(scale.high), "end"))
    return "".join(drawn)


def _instead(words: str, limit_at: float) -> str:
    """Words in place of a bar, on the side of the limit that has more room."""
    side = LEFT if limit_at - LEFT > RIGHT - limit_at else RIGHT
    return _text((limit_at + side) / 2, MIDDLE + 4, "middle", words, "none")


def _span(measured: Measured, scale: Scale) -> str:
    """The bar from bound to bound; an arrow where it has no end or leaves the picture."""
    low = measured.low if measured.low is not None else -math.inf
    high = measured.high if measured.high is not None else math.inf
    bar = _line("span", scale.x(low), MIDDLE, scale.x(high), MIDDLE)
    return bar + _end(low, scale, -1) + _end(high, scale, 1)


def _end(bound: float, scale: Scale, way: int) -> str:
    x = scale.x(bound)
    if scale.holds(bound):
        return _line("span", x, MIDDLE - 5, x, MIDDLE + 5)
    tip = x + 7 * way
    return f'<path class="tip" d="M{x} {MIDDLE - 5}L{tip} {MIDDLE}L{x} {MIDDLE + 5}z"/>'


def _estimate(verdict: Verdict, measured: Measured, scale: Scale) -> str:
    """A dot for PASS, a cross for FAIL, a diamond for INCONCLUSIVE: colour is not the only sign."""
    x, y = scale.x(measured.estimate), MIDDLE
    match verdict.outcome:
        case Outcome.PASS:
            return f'<circle class="seen" cx="{x}" cy="{y}" r="5"/>'
        case Outcome.FAIL:
            corners = f"M{x - 5} {y - 5}l10 10m0 -10l-10 10"
            return f'<path class="halo" d="{corners}"/><path class="seen cross" d="{corners}"/>'
        case Outcome.INCONCLUSIVE:
            return f'<path class="seen open" d="M{x - 6} {y}l6 -6l6 6l-6 6z"/>'


def _line(name: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{name}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _text(x: float, y: float, anchor: str, text: str, name: str) -> str:
    return f'<text class="{name}" x="{x}" y="{y}" text-anchor="{anchor}">{_escaped(text)}</text>'


def _escaped(text: str) -> Markup:
    return escape(harmless(text))
