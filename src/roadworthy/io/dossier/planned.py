"""The plan beside what was judged: how many observations it takes, and how many there were."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.core.evidence import Measured
from roadworthy.core.plan import Plan
from roadworthy.core.verdict import Judgement
from roadworthy.io import plan_words, telling
from roadworthy.io.dossier.evidence import counted, where


@dataclass(frozen=True)
class Row:
    """How many observations were planned for a requirement, and how many there were."""

    id: str
    where: str
    planned: str
    had: str


@dataclass(frozen=True)
class Planned:
    """The plan as a table, with what it takes in all; ``why_not`` says why there is none."""

    lead: str = ""
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    why_not: str = ""


def planned(judgement: Judgement, plan: Plan | None, why_not: str = "") -> Planned:
    """The plan of the product as it was judged."""
    if plan is None:
        return Planned(why_not=why_not)
    judged = {(v.requirement, v.slice): v.evidence for v in judgement.verdicts}
    rows = []
    for cell in plan.cells:
        evidence = judged.get((cell.requirement, cell.slice))
        had = counted(evidence if isinstance(evidence, Measured) else None)
        told = cell.need.never or plan_words.needed(cell)
        rows.append(Row(cell.requirement, where(cell.slice), told, had))
    power, level = telling.percent(plan.power), telling.percent(plan.confidence)
    lead = (
        f"The test that shows every requirement at once with {level} confidence and a probability "
        f"of {power}, if the product is as good as its targets. {plan_words.in_all(plan)}"
    )
    looks = [plan_words.look(look) for look in plan.looks]
    return Planned(lead.strip(), tuple(rows), (*looks, *plan.notes))
