"""Pictures as small SVG: axes, lines, bands and marks in one frame, and a hundred squares."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from markupsafe import Markup, escape

from roadworthy.core.picture import Share
from roadworthy.io import telling
from roadworthy.io.harmless import harmless

Point: TypeAlias = tuple[float, float]

WIDTH, HEIGHT = 360, 300
LEFT, RIGHT, TOP, BOTTOM = 44, 346, 26, 258
_SIDE, _STEP, _ACROSS = 9, 11, 20


@dataclass(frozen=True)
class Frame:
    """Axes from 0 to ``right`` and from 0 to ``top``, each with its name."""

    across: str
    up: str
    right: float = 1.0
    top: float = 1.0

    def at(self, x: float, y: float) -> Point:
        """The place of a value, kept inside the frame."""
        share = min(max(x / self.right, 0.0), 1.0), min(max(y / self.top, 0.0), 1.0)
        return (
            round(LEFT + share[0] * (RIGHT - LEFT), 1),
            round(BOTTOM - share[1] * (BOTTOM - TOP), 1),
        )

    def axes(self) -> str:
        """Both axes with round numbers, and their names."""
        x0, y0 = self.at(0, 0)
        x1, y1 = self.at(self.right, self.top)
        drawn = [_line("axis", (x0, y0), (x1, y0)), _line("axis", (x0, y0), (x0, y1))]
        for value in _ticks(self.right):
            x, _ = self.at(value, 0)
            drawn.append(_line("axis", (x, y0), (x, y0 + 4)))
            drawn.append(_text((x, y0 + 16), "middle", telling.exact(value)))
        for value in _ticks(self.top):
            _, y = self.at(0, value)
            drawn.append(_line("grid", (x0, y), (x1, y)))
            drawn.append(_text((x0 - 6, y + 4), "end", telling.exact(value)))
        drawn.append(_text((x1, HEIGHT - 6), "end", self.across, "name"))
        drawn.append(_text((4, 14), "start", self.up, "name"))
        return "".join(drawn)

    def line(self, points: Iterable[Point], name: str) -> str:
        """A line through points."""
        return f'<path class="{name}" d="{self._path(points)}"/>'

    def area(self, above: Sequence[Point], below: Sequence[Point], name: str) -> str:
        """What lies between two lines."""
        return f'<path class="{name}" d="{self._path([*above, *reversed(below)])}z"/>'

    def box(self, low: Point, high: Point, name: str) -> str:
        """A rectangle from its lowest to its highest corner."""
        (x0, y1), (x1, y0) = self.at(*low), self.at(*high)
        size = f'width="{round(x1 - x0, 1)}" height="{round(y1 - y0, 1)}"'
        return f'<rect class="{name}" x="{x0}" y="{y0}" {size}/>'

    def mark(self, at: Point, shape: int) -> str:
        """A dot for the product (0); another shape for each of the others."""
        return mark(*self.at(*at), shape)

    def _path(self, points: Iterable[Point]) -> str:
        return "M" + "L".join(f"{x} {y}" for x, y in (self.at(*point) for point in points))


SHAPES = 4


def mark(x: float, y: float, shape: int) -> str:
    """One of a few shapes around a place."""
    if shape == 0:
        return f'<circle class="mark" cx="{x}" cy="{y}" r="5"/>'
    paths = (
        f"M{x - 6} {y + 5}h12l-6 -11z",
        f"M{x - 5} {y - 5}h10v10h-10z",
        f"M{x} {y - 7}l7 7l-7 7l-7 -7z",
    )
    return f'<path class="mark other" d="{paths[(shape - 1) % len(paths)]}"/>'


def key(shape: int) -> Markup:
    """The same shape beside the words that explain it."""
    return Markup(
        f'<svg class="key" viewBox="0 0 16 16" aria-hidden="true">{mark(8, 8, shape)}</svg>'
    )


def picture(key: str, title: str, told: str, inside: str, kind: str = "curve") -> Markup:
    """A drawing with a title and its content in words, for a screen reader."""
    return Markup(
        f'<svg class="{kind}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="{key}-t {key}-d"><title id="{key}-t">{_escaped(title)}</title>'
        f'<desc id="{key}-d">{_escaped(told)}</desc>{inside}</svg>'
    )


def hundred(share: Share, key: str, title: str, told: str) -> Markup:
    """A hundred squares: filled as many as were wrong, hatched as many as may be, too."""
    seen = round(100 * share.k / share.n)
    most = seen if share.high is None else max(seen, math.ceil(100 * share.high - 1e-9))
    squares = []
    for place in range(100):
        name = "bad" if place < seen else "maybe" if place < most else "fine"
        x, y = place % _ACROSS * _STEP, place // _ACROSS * _STEP
        squares.append(f'<rect class="{name}" x="{x}" y="{y}" width="{_SIDE}" height="{_SIDE}"/>')
    width, height = _ACROSS * _STEP, 100 // _ACROSS * _STEP
    return Markup(
        f'<svg class="hundred" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{key}-t {key}-d"><title id="{key}-t">{_escaped(title)}</title>'
        f'<desc id="{key}-d">{_escaped(told)}</desc>{"".join(squares)}</svg>'
    )


def nice_top(value: float) -> float:
    """A round number at or a little above ``value``."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    steps = (n * power for n in (1, 1.5, 2, 3, 4, 5, 6, 8, 10))
    return float(f"{next(step for step in steps if step >= value * 0.9999):.6g}")


def _ticks(top: float) -> list[float]:
    power = 10.0 ** math.floor(math.log10(top / 4))
    step = next(n * power for n in (1, 2, 2.5, 5, 10) if top / (n * power) <= 5.001)
    return [float(f"{i * step:.6g}") for i in range(math.floor(top / step + 1e-9) + 1)]


def _line(name: str, start: Point, end: Point) -> str:
    return f'<line class="{name}" x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}"/>'


def _text(at: Point, anchor: str, text: str, name: str = "tick") -> str:
    return (
        f'<text class="{name}" x="{at[0]}" y="{at[1]}" text-anchor="{anchor}">'
        f"{_escaped(text)}</text>"
    )


def _escaped(text: str) -> Markup:
    return escape(harmless(text))
