"""What `roadworthy explain` prints: one metric, or the list of all."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from roadworthy.cli import show
from roadworthy.core.instrument import About
from roadworthy.core.product import Task
from roadworthy.workflow.explain import Explained, Listed, Word

WIDTH = 96


def explained(found: Explained) -> None:
    """Definition, formula, pitfalls, words and a snippet to paste."""
    about = found.about
    show.line()
    show.line(found.metric, f"  {about.title}", style="bold")
    show.line()
    for head, text in _facts(about):
        _paragraph(head, text)
    show.line()
    if about.pitfalls:
        show.line("Beware:", style="bold")
        for pitfall in about.pitfalls:
            _item(pitfall)
        show.line()
    if found.words:
        show.line("Its own words in product.yaml:", style="bold")
        for word in found.words:
            _item(_word(word))
        if found.meaning:
            show.line()
            _item(found.meaning, mark="  ")
        show.line()
    show.line("In product.yaml, with numbers of your own:", style="bold")
    show.line("  requirements:")
    for one in found.snippet.splitlines():
        show.line(f"    {one}")


def listed(found: Sequence[Listed]) -> None:
    """All metrics: for which task, and what each is."""
    show.line()
    head = f"{len(found)} metrics"
    show.line(head, "  `roadworthy explain METRIC` says more of one", style="bold")
    for task, title in _GROUPS:
        here = [one for one in found if not one.broken and _group(one) == task]
        if here:
            show.line()
            show.line(title, style="bold")
        for one in here:
            _entry(one.metric, one.definition)
    broken = [one for one in found if one.broken]
    if broken:
        show.line()
        show.line("Cannot be used", style="bold red")
        for one in broken:
            _entry(one.metric, one.broken)


def explained_json(found: Explained) -> dict[str, Any]:
    """One metric as a JSON object."""
    about = found.about
    return {
        "schema": 1,
        "metric": found.metric,
        "title": about.title,
        "definition": about.definition,
        "formula": about.formula,
        "source": about.source,
        "better": about.better,
        "unit": about.unit,
        "tasks": _tasks(about),
        "table": about.table,
        "comparable": about.comparable,
        "per_unit": about.per_unit,
        "sliceable": about.sliceable,
        "needs_prevalence": about.follows_prevalence,
        "pitfalls": list(about.pitfalls),
        "words": [vars(word) for word in found.words],
        "snippet": found.snippet,
    }


def listed_json(found: Sequence[Listed]) -> dict[str, Any]:
    """All metrics as a JSON object."""
    return {"schema": 1, "metrics": [vars(one) | {"tasks": list(one.tasks)} for one in found]}


_GROUPS = (
    ("binary", "Binary"),
    ("binary, multiclass", "Binary and multiclass"),
    ("multiclass", "Multiclass"),
    ("regression", "Regression"),
    ("any", "Any task"),
    ("other", "Others"),
)


def _group(one: Listed) -> str:
    if len(one.tasks) == len(Task):
        return "any"
    told = ", ".join(one.tasks)
    return told if told in dict(_GROUPS) else "other"


def _tasks(about: About) -> list[str]:
    return [str(task) for task in Task if task in about.tasks]


def _facts(about: About) -> list[tuple[str, str]]:
    unit = f", in {about.unit}" if about.unit else ""
    facts = [
        ("what", about.definition),
        ("formula", about.formula),
        ("better", f"{about.better}{unit}"),
        ("tasks", ", ".join(_tasks(about))),
        ("can be", _offers(about)),
        ("source", about.source),
    ]
    if about.follows_prevalence:
        needs = "`data: {prevalence: }`, as_sampled or the share of positives in later use"
        facts.insert(4, ("needs", needs))
    if about.table != "cases":
        facts.insert(4, ("needs", f"the table `{about.table}`, which a collector or you provide"))
    return facts


def _offers(about: About) -> str:
    offered = {
        "compared with somebody else's calls (`against`)": about.comparable,
        "counted `per: unit`": about.per_unit,
        "required on `slices`": about.sliceable,
    }
    return "; ".join(text for text, given in offered.items() if given) or "one limit for the whole"


def _word(word: Word) -> str:
    about = f" {word.about[:1].upper()}{word.about[1:]}." if word.about else ""
    default = f"; {word.default}" if word.default == "must be given" else f"; else {word.default}"
    return f"`{word.name}`: {word.kind}{default}.{about}"


def _paragraph(head: str, text: str) -> None:
    for place, part in enumerate(wrap(text, WIDTH - 10)):
        show.line(f"{head if place == 0 else '':<10}{part}")


def _item(text: str, mark: str = "- ") -> None:
    for place, part in enumerate(wrap(text, WIDTH - 4)):
        show.line(f"  {mark if place == 0 else '  '}{part}")


def _entry(name: str, text: str) -> None:
    for place, part in enumerate(wrap(text, WIDTH - 24)):
        show.line(f"  {name if place == 0 else '':<22}{part}")
