"""Simulates teams that ask a test set again and again; writes docs/sealed-sets.md and its figure.

All labels and all answers are coin tosses: every product is right half of the time, whatever its
team does. A set is fooled when it says that one is right more often than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roadworthy.stats import adaptive
from roadworthy.workflow.vault_explain import ALPHA, CASES, FAILING, LIMIT, vault_explain

PAGE = Path(__file__).with_name("sealed-sets.md")
FIGURE = Path(__file__).with_name("sealed-sets.svg")
BEGIN, END = "<!-- made by docs/sealed_sets.py -->", "<!-- end -->"
SEED, LABELS, RUNS, TEAMS = 20261125, 1000, 60, 1500
TRIES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ASKED = (1, 5, 20, 50)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fooled:
    """Share of teams that ever get a false PASS after so many looks, way by way."""

    looks: int
    shown_naive: float
    shown_share: float
    hidden_naive: float
    hidden_share: float


def shown(rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Mean accuracy that the set shows after k told scores: best of k, and boosted; (tries,)."""
    best = [adaptive.best_of(k, LABELS, 400, rng).mean() for k in TRIES]
    boosted = [adaptive.boosted(k, LABELS, RUNS, rng).mean() for k in TRIES]
    return np.array(best), np.array(boosted)


def fooled(rng: np.random.Generator) -> list[Fooled]:
    """Teams of coin tosses that climb on told scores, or only change and hope; limit one half."""
    most = max(ASKED)
    told = adaptive.climbed(most, CASES, TEAMS, rng, told=True)
    hidden = adaptive.climbed(most, CASES, TEAMS, rng, told=False)

    def share(hits: NDArray[np.int64], alpha: float) -> float:
        return float(adaptive.passes(hits, CASES, 0.5, alpha).mean())

    return [
        Fooled(
            k,
            share(told[:, :k], ALPHA),
            share(told[:, :k], ALPHA / k),
            share(hidden[:, :k], ALPHA),
            share(hidden[:, :k], ALPHA / k),
        )
        for k in ASKED
    ]


def tables(teams: list[Fooled], best: Floats, boosted: Floats) -> str:
    """Everything that is made: the price of looks, the teams, and what the set shows."""
    told = vault_explain()
    lines = [
        "| looks | positives needed (first) | safe from |",
        "|---|---|---|",
        *(f"| {one.looks} | {one.first} | {one.safe} |" for one in told.prices),
        "",
        f"Twenty looks at products that truly reach {FAILING:g}, limit {LIMIT:g}, {CASES} cases "
        "(exact): "
        f"a gate on the estimate passes one of them for {told.by_point:.0%} of teams, an "
        f"uncorrected bound for {told.by_bound:.1%}, the bound at alpha/20 for "
        f"{told.by_share:.1%}.",
        "",
        f"Simulated teams that ever get a false PASS ({TEAMS:,} teams, {CASES} cases, all of them "
        "coin tosses, limit .50):",
        "",
        "| looks | scores shown, alpha each | scores shown, alpha/k | one bit, alpha each "
        "| one bit, alpha/k |",
        "|---|---|---|---|---|",
        *(
            f"| {one.looks} | {one.shown_naive:.1%} | {one.shown_share:.1%} | "
            f"{one.hidden_naive:.1%} | {one.hidden_share:.1%} |"
            for one in teams
        ),
        "",
        f"What {LABELS:,} random labels show after k told scores (the truth is .500):",
        "",
        "| k | best of k | boosting attack | Phi(sqrt(2k/(pi n))) |",
        "|---|---|---|---|",
        *(
            f"| {k:,} | {a:.3f} | {b:.3f} | {adaptive.boosted_accuracy(k, LABELS):.3f} |"
            for k, a, b in zip(TRIES, best, boosted, strict=True)
        ),
    ]
    return "\n".join(lines)


def figure(teams: list[Fooled], best: Floats, boosted: Floats) -> str:
    """Left: what the set shows by scores told; right: teams fooled by looks."""
    formula = np.array([adaptive.boosted_accuracy(k, LABELS) for k in TRIES])
    left = _panel(44, "Accuracy shown; the truth is .50", (0.5, 0.6, 0.7, 0.8), TRIES)
    left += _curve(44, TRIES, formula, (0.5, 0.8), "w w0")
    left += _dots(44, TRIES, boosted, (0.5, 0.8), "d1")
    left += _curve(44, TRIES, best, (0.5, 0.8), "w w2")
    right = _panel(484, "Teams with a false PASS", (0.0, 0.25, 0.5, 0.75, 1.0), ASKED)
    ways = ("shown_naive", "shown_share", "hidden_naive", "hidden_share")
    for place, way in enumerate(ways):
        share = np.array([getattr(one, way) for one in teams])
        right += _curve(484, ASKED, share, (0.0, 1.0), f"w v{place}")
    right += _level(484, ALPHA, (0.0, 1.0))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 310" role="img" '
        'aria-label="What told scores cost a test set">'
        f"<style>{STYLE}</style>{left}{right}{_legend()}</svg>\n"
    )


WIDTH, HEIGHT, TOP = 350, 180, 34
STYLE = (
    "text{font:12px sans-serif;fill:#333}.t{font-weight:600}.m{text-anchor:middle}"
    ".e{text-anchor:end}.a{fill:none;stroke:#999}.w{fill:none;stroke-width:2}.w0{stroke:#b45f06}"
    ".w2{stroke:#0b5394}.d1{fill:#b45f06}.v0{stroke:#b45f06}.v1{stroke:#b45f06;"
    "stroke-dasharray:5 3}.v2{stroke:#0b5394}.v3{stroke:#0b5394;stroke-dasharray:5 3}"
    ".n{stroke:#999;stroke-dasharray:2 3}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.w0,.v0,.v1{stroke:#f6b26b}.d1{fill:#f6b26b}"
    ".w2,.v2,.v3{stroke:#6fa8dc}}"
)


def _x(x0: float, k: float, most: float) -> float:
    return x0 + WIDTH * float(np.log(k) / np.log(most))


def _y(value: float, ends: tuple[float, float]) -> float:
    return TOP + HEIGHT * (1.0 - (value - ends[0]) / (ends[1] - ends[0]))


def _panel(x0: float, title: str, marks: tuple[float, ...], ticks: tuple[int, ...]) -> str:
    ends = (marks[0], marks[-1])
    parts = [
        f'<text x="{x0}" y="{TOP - 14}" class="t">{title}</text>',
        f'<path class="a" d="M{x0} {TOP}v{HEIGHT}h{WIDTH}"/>',
    ]
    parts += [
        f'<text x="{x0 - 6}" y="{_y(mark, ends) + 4:.0f}" class="e">{mark:g}</text>'
        for mark in marks
    ]
    parts += [
        f'<text x="{_x(x0, k, ticks[-1]):.0f}" y="{TOP + HEIGHT + 16}" class="m">{k:,}</text>'
        for k in ticks
        if k in (1, 5, 10, 20, 50, 100, 1000)
    ]
    return "".join(parts)


def _curve(
    x0: float, ks: tuple[int, ...], values: Floats, ends: tuple[float, float], kind: str
) -> str:
    points = " ".join(
        f"{_x(x0, k, ks[-1]):.1f},{_y(float(value), ends):.1f}"
        for k, value in zip(ks, values, strict=True)
    )
    return f'<polyline class="{kind}" points="{points}"/>'


def _dots(
    x0: float, ks: tuple[int, ...], values: Floats, ends: tuple[float, float], kind: str
) -> str:
    return "".join(
        f'<circle class="{kind}" r="3.5" cx="{_x(x0, k, ks[-1]):.1f}" '
        f'cy="{_y(float(value), ends):.1f}"/>'
        for k, value in zip(ks, values, strict=True)
    )


def _level(x0: float, value: float, ends: tuple[float, float]) -> str:
    return f'<path class="n" d="M{x0} {_y(value, ends):.1f}h{WIDTH}"/>'


def _legend() -> str:
    entries = (
        (44, 262, "w w0", "boosting attack (line: formula, dots: simulated)"),
        (44, 282, "w w2", "best of k"),
        (484, 262, "w v0", "scores shown, alpha each"),
        (484, 282, "w v1", "scores shown, alpha/k"),
        (664, 262, "w v2", "one bit, alpha each"),
        (664, 282, "w v3", "one bit, alpha/k"),
    )
    told = "".join(
        f'<path class="{kind}" d="M{x} {y - 4}h24"/><text x="{x + 30}" y="{y}">{text}</text>'
        for x, y, kind, text in entries
    )
    return told + (
        f'<text x="{44 + WIDTH}" y="302" class="e">right: scores told</text>'
        f'<text x="{484 + WIDTH}" y="302" class="e">right: looks; dotted: alpha = .05</text>'
    )


def made() -> tuple[str, str]:
    """The tables of the page, and the figure."""
    rng = np.random.default_rng(SEED)
    best, boosted = shown(rng)
    teams = fooled(rng)
    return tables(teams, best, boosted), figure(teams, best, boosted)


if __name__ == "__main__":
    text, drawing = made()
    page = PAGE.read_text()
    start, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    PAGE.write_text(f"{page[:start]}\n\n{text}\n\n{page[end:]}")
    FIGURE.write_text(drawing)
    print(f"wrote {PAGE} and {FIGURE}")
