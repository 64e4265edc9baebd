"""A card: what a notebook shows of a result, laid out by one template for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from roadworthy.core.verdict import Outcome
from roadworthy.io.harmless import harmless, one_line

# under white letters, and, a little lighter, as lines on white and on black
COLOURS = {Outcome.PASS: "#1f7a3d", Outcome.INCONCLUSIVE: "#946200", Outcome.FAIL: "#c9252d"}
LINES = {Outcome.PASS: "#2c9c55", Outcome.INCONCLUSIVE: "#b57b00", Outcome.FAIL: "#e0444b"}
NEUTRAL = "#57606a"


@dataclass(frozen=True)
class Row:
    """Cells of a table; the last one is told as a badge when it has an outcome."""

    cells: tuple[str, ...]
    outcome: Outcome | None = None
    plot: Markup | None = None
    strong: bool = False
    ends: bool = False


@dataclass(frozen=True)
class Reason:
    """Why something is as it is, and sentences on what would settle it."""

    name: str
    told: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Way:
    """A path to yes: the change, its price, the lines to write, and facts about it."""

    change: str
    price: str
    write: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Beside:
    """A second table, of things that are compared and not judged."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """The answer first (``word``, on ``colour``), then the table, why, and what is next."""

    title: str
    after: str = ""
    word: str = ""
    colour: str = NEUTRAL
    leads: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    plotted: str = ""
    alarms: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    beside: Beside | None = None
    reasons: tuple[Reason, ...] = ()
    ways: tuple[Way, ...] = ()
    notes: tuple[str, ...] = ()


def laid_out(card: Card) -> str:
    """One piece of HTML that brings all its looks along: no style sheet, script or request."""
    return _environment().get_template("card.html.j2").render(card=card)


def as_text(text: str) -> str:
    """Plain text, as a terminal shows it."""
    return _environment().get_template("text.html.j2").render(text=Markup.escape(harmless(text)))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("roadworthy.notebook", ""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["colours"] = COLOURS
    return environment


def _shown(value: object) -> object:
    """Every value that a template prints goes through here, so that none can be forgotten."""
    return one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value
