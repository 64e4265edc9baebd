"""The ways of working for the page: names, figures above their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from roadworthy.core.ways import Figure, Way
from roadworthy.io import telling


@dataclass(frozen=True)
class Cell:
    """A figure and, below it, its bounds."""

    estimate: str
    bounds: str


@dataclass(frozen=True)
class Row:
    """One way, its cells beside the heads that a narrow screen repeats."""

    name: str
    hypothetical: bool
    cells: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class Ways:
    """The table of the section; without rows there is none."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    hypothetical: str
    title: str = "Ways of working, side by side"
    lead: str = (
        "What the same cases give when product and reader share the work in these ways. They "
        "inform and are no verdicts; the best of them was not chosen beforehand. Bounds stand "
        "beside each figure."
    )


def shared(ways: Sequence[Way]) -> Ways:
    """The section's table."""
    priced = any(way.cost for way in ways)
    unit = f" ({ways[0].unit})" if ways and ways[0].unit else ""
    heads = ["Sensitivity", "Specificity", "Human reads per 10,000"]
    heads += [f"Cost per case{unit}"] if priced else []
    rows = tuple(_row(way, heads) for way in ways)
    return Ways(
        tuple(heads), rows, next((way.hypothetical for way in ways if way.hypothetical), "")
    )


def _row(way: Way, heads: Sequence[str]) -> Row:
    figures = (way.sensitivity, way.specificity, way.reads, way.cost)
    cells = [_cell(figure, whole=place == 2) for place, figure in enumerate(figures)]
    # without prices there is one head less
    return Row(way.name, bool(way.hypothetical), tuple(zip(heads, cells, strict=False)))


def _cell(figure: Figure | None, whole: bool) -> Cell:
    if figure is None:
        return Cell("-", "")
    estimate, _, bounds = telling.figure(figure, whole).partition(" (")
    return Cell(estimate, bounds.removesuffix(")"))
