"""Every point of a compression in one picture: what it costs across, what it still shows up."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from roadworthy.io import telling
from roadworthy.io.harmless import harmless

WIDTH, HEIGHT = 440, 320
LEFT, RIGHT, TOP, BOTTOM = 52, 426, 34, 268
_ROOM, _ASIDE = 0.12, 20
_NEAR, _WIDEST = ("kept", "shown"), 0.6


@dataclass(frozen=True)
class Spot:
    """One point: its number in the table, what it costs, its estimate and the bound that decides.

    ``name`` is its class in the style sheet: kept, shown, or none of them.
    """

    number: int
    title: str
    cost: float
    seen: float
    bound: float
    name: str


@dataclass(frozen=True)
class Axes:
    """A logarithmic scale of costs and a linear one of the metric, wide enough for all."""

    left: float
    right: float
    low: float
    high: float

    def at(self, cost: float, value: float) -> tuple[float, float]:
        """The place of a point, kept inside."""
        across = math.log(cost / self.left) / math.log(self.right / self.left)
        up = (value - self.low) / (self.high - self.low)
        across, up = (min(max(share, 0.0), 1.0) for share in (across, up))
        x, y = LEFT + across * (RIGHT - LEFT), BOTTOM - up * (BOTTOM - TOP)
        return round(x, 1), round(y, 1)


def pareto(
    spots: Sequence[Spot],
    key: str,
    title: str,
    names: tuple[str, str],
    unit: Callable[[float], str],
    limit: float,
    wants_high: bool,
    budget: float | None,
) -> Markup:
    """``names`` are those of the axes, ``unit`` writes a cost; ``budget`` is the most it may be."""
    axes = _axes(spots, limit, budget)
    told = "; ".join(
        f"{one.number} {one.title}: {unit(one.cost)}, {telling.number(one.seen)}, bound "
        f"{telling.number(one.bound)}"
        for one in spots
    )
    parts = [
        _region(axes, limit, wants_high, budget),
        _scales(axes, names, unit),
        _limit(axes, limit),
        "" if budget is None else _budget(axes, budget, unit),
        *(_spot(one, axes) for one in spots),
    ]
    return Markup(
        f'<svg class="curve pareto" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="{key}-t {key}-d"><title id="{key}-t">{_safe(title)}</title>'
        f'<desc id="{key}-d">{_safe(told)}</desc>{"".join(parts)}</svg>'
    )


def _axes(spots: Sequence[Spot], limit: float, budget: float | None) -> Axes:
    costs = [one.cost for one in spots] + ([] if budget is None else [budget])
    low, high = _ends(spots, limit)
    room = (high - low or 0.1) * _ROOM
    stretch = (max(costs) / min(costs) or 1.0) ** _ROOM * 1.1
    return Axes(min(costs) / stretch, max(costs) * stretch, low - room, high + room)


def _ends(spots: Sequence[Spot], limit: float) -> tuple[float, float]:
    """Wide enough for what was shown; what is far from it leaves the picture with an arrow."""
    values = [value for one in spots for value in (one.seen, one.bound)]
    near = [limit, *(v for one in spots if one.name in _NEAR for v in (one.seen, one.bound))]
    span = max(near) - min(near) or abs(limit) or 1.0
    low = max(min(near) - _WIDEST * span, min(near + values))
    return low, min(max(near) + _WIDEST * span, max(near + values))


def _region(axes: Axes, limit: float, wants_high: bool, budget: float | None) -> str:
    """Where both lines are met."""
    right, at = axes.at(axes.right if budget is None else budget, limit)
    top, bottom = (TOP, at) if wants_high else (at, BOTTOM)
    size = f'width="{round(right - LEFT, 1)}" height="{round(bottom - top, 1)}"'
    return f'<rect class="good" x="{LEFT}" y="{top}" {size}/>'


def _scales(axes: Axes, names: tuple[str, str], unit: Callable[[float], str]) -> str:
    drawn = [_line("axis", LEFT, BOTTOM, RIGHT, BOTTOM), _line("axis", LEFT, TOP, LEFT, BOTTOM)]
    for cost in _round_costs(axes.left, axes.right):
        x, _ = axes.at(cost, axes.low)
        drawn += [_line("axis", x, BOTTOM, x, BOTTOM + 4), _text(x, BOTTOM + 17, unit(cost))]
    for value in _round_values(axes.low, axes.high):
        _, y = axes.at(axes.left, value)
        drawn += [_line("grid", LEFT, y, RIGHT, y)]
        drawn += [_text(LEFT - 6, y + 4, telling.exact(value), anchor="end")]
    drawn.append(_text(RIGHT, HEIGHT - 8, names[0], "name", "end"))
    drawn.append(_text(4, 14, names[1], "name", "start"))
    return "".join(drawn)


def _limit(axes: Axes, limit: float) -> str:
    _, y = axes.at(axes.left, limit)
    return _line("limit", LEFT, y, RIGHT, y) + _text(
        RIGHT, y - 5, f"required {telling.exact(limit)}", "at", "end"
    )


def _budget(axes: Axes, budget: float, unit: Callable[[float], str]) -> str:
    x, _ = axes.at(budget, axes.low)
    told = _text(x, TOP - 6, f"budget {unit(budget)}", "at", "middle")
    return _line("limit budget", x, TOP, x, BOTTOM) + told


def _spot(one: Spot, axes: Axes) -> str:
    x, y = axes.at(one.cost, one.seen)
    if not axes.low <= one.seen <= axes.high:
        y += _ASIDE if one.seen > axes.high else -_ASIDE
    _, end = axes.at(one.cost, one.bound) if axes.low <= one.seen <= axes.high else (x, y)
    drawn = [
        _line("whisker", x, y, x, end),
        _line("whisker", x - 4, end, x + 4, end),
        f'<circle class="mark" cx="{x}" cy="{y}" r="7.5"/>',
        _text(x, y + 3.4, str(one.number), "no"),
    ]
    if not axes.low <= one.seen <= axes.high:
        away = 1 if one.seen < axes.low else -1
        drawn.append(f'<path class="away" d="M{x - 5} {y + away * 11}h10l-5 {away * 7}z"/>')
    return f'<g class="{one.name}">{"".join(drawn)}</g>'


def _round_costs(left: float, right: float) -> list[float]:
    """A few round numbers on a logarithmic scale."""
    powers = range(math.floor(math.log10(left)), math.ceil(math.log10(right)) + 1)
    every = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    inside = [one for one in every if left <= one <= right]
    if len(inside) <= 6:
        return inside
    return [one for one in inside if math.isclose(math.log10(one) % 1, 0.0, abs_tol=1e-9)] or inside


def _round_values(low: float, high: float) -> list[float]:
    step = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(n * step for n in (1, 2, 2.5, 5, 10) if (high - low) / (n * step) <= 6)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{n * step:.6g}") for n in range(first, last + 1)]


def _line(name: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{name}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _text(x: float, y: float, text: str, name: str = "tick", anchor: str = "middle") -> str:
    return f'<text class="{name}" x="{x}" y="{y}" text-anchor="{anchor}">{_safe(text)}</text>'


def _safe(text: str) -> Markup:
    return escape(harmless(text))
