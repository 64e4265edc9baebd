"""What the terminal shows of the ways of working: one compact table, no verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.core.ways import Figure, Way
from roadworthy.io import telling

LEAD = "Ways of working on these cases (bounds at the confidence of the verdicts):"


def ways(found: Sequence[Way]) -> None:
    """Every way with its bounds; an asterisk where nobody has seen people work like this."""
    if not found:
        return
    from roadworthy.cli import show

    show.line(LEAD, style="bold")
    show.table(heads(found), rows(found), [""] * len(found))
    for told in on_paper(found):
        show.line(told)
        show.line()


def heads(found: Sequence[Way]) -> tuple[str, ...]:
    """What the columns are called; without prices there is one less."""
    unit = f" ({found[0].unit})" if found[0].unit else ""
    priced = (f"cost per case{unit}",) if _priced(found) else ()
    return ("", "sensitivity", "specificity", "reads per 10,000", *priced)


def rows(found: Sequence[Way]) -> tuple[tuple[str, ...], ...]:
    """A row a way."""
    priced = _priced(found)
    return tuple(_row(way, priced) for way in found)


def on_paper(found: Sequence[Way]) -> tuple[str, ...]:
    """What the asterisk stands for; nothing where all was seen."""
    why = next((way.hypothetical for way in found if way.hypothetical), "")
    return (f"* Hypothetical: {why}.",) if why else ()


def _priced(found: Sequence[Way]) -> bool:
    return any(way.cost for way in found)


def _row(way: Way, priced: bool) -> tuple[str, ...]:
    reads = _figure(way.reads, whole=True)
    rates = (way.sensitivity, way.specificity, *([way.cost] if priced else []))
    told = [_figure(figure) for figure in rates]
    name = f"{way.name}{' *' if way.hypothetical else ''}"
    return (name, told[0], told[1], reads, *told[2:])


def _figure(figure: Figure | None, whole: bool = False) -> str:
    return "-" if figure is None else telling.figure(figure, whole)
