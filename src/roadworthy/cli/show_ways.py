"""What the terminal shows of the ways of working: one compact table, no verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.core.ways import Figure, Way
from roadworthy.io import telling


def ways(found: Sequence[Way]) -> None:
    """Every way with its bounds; an asterisk where nobody has seen people work like this."""
    if not found:
        return
    from roadworthy.cli import show

    unit = found[0].unit
    priced = any(way.cost for way in found)
    show.line("Ways of working on these cases (bounds at the product's confidence):", style="bold")
    show.table(
        (
            "",
            "sensitivity",
            "specificity",
            "reads per 10,000",
            *([f"cost per case{f' ({unit})' if unit else ''}"] if priced else []),
        ),
        [_row(way, priced) for way in found],
        [""] * len(found),
    )
    if any(way.hypothetical for way in found):
        show.line(f"* Hypothetical: {next(w.hypothetical for w in found if w.hypothetical)}.")
        show.line()


def _row(way: Way, priced: bool) -> tuple[str, ...]:
    reads = "-" if way.reads is None else _figure(way.reads, whole=True)
    rates = (way.sensitivity, way.specificity, *([way.cost] if priced else []))
    told = ["-" if figure is None else _figure(figure) for figure in rates]
    name = f"{way.name}{' *' if way.hypothetical else ''}"
    return (name, told[0], told[1], reads, *told[2:])


def _figure(figure: Figure, whole: bool = False) -> str:
    return telling.figure(figure, whole)
