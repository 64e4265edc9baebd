"""The part of product.yaml on the team: whose calls meet the product's, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument
from roadworthy.core.product import Data, Product, Task
from roadworthy.core.requirement import Requirement, Whose
from roadworthy.core.team import Team, TeamRule
from roadworthy.io.nearest import did_you_mean
from roadworthy.io.problems import Problem
from roadworthy.io.reader_study_json import read_reader_study
from roadworthy.io.shapes import Words
from roadworthy.io.words import Pair, Text, choice
from roadworthy.io.yaml_lines import KeyPath

RuleWord = Annotated[TeamRule, choice({rule.value: rule for rule in TeamRule})]
_NO_CALLS = frozenset({"@score", "@predicted", "@id"})


class TeamWords(Words):
    """Product and reader together: a second view, or a reader for what the product refers."""

    reader: Text
    """Whose calls, a name from data.calls."""
    rule: RuleWord
    """either: one positive call is enough; both: it takes two; arbitration: the arbiter decides
    where they disagree; referred: the reader reads only what the product refers."""
    arbiter: Text | None = None
    """Who decides where reader and product disagree, a name from data.calls."""
    refer_between: Pair | None = None
    """Triage beside the other ways: scores in this band would go to the reader, lower ones be
    cleared, higher ones flagged; for a product whose decision refers none itself."""
    study: Text | None = None
    """What `roadworthy reader-study analyse` wrote on readers with and without the marks."""

    def core(self, folder: Path, study: bool = True) -> Team | Problem:
        """The team that this describes, or why its study cannot be read."""
        team = Team(self.reader, self.rule, self.arbiter, self.refer_between)
        if self.study is None or not study:
            return team
        try:
            found = read_reader_study(folder / self.study)
        except BadInput as error:
            message = f"names a file that cannot be used: {error.message.rstrip('.')}"
            return Problem(("team", "study"), message, error.next_step, error.code)
        return replace(team, study=found, study_file=self.study)


def team_problems(product: Product) -> Iterator[Problem]:
    """What the team may not say."""
    team = product.team
    if team is None:
        return
    if product.task is not Task.BINARY:
        message = f"joins yes and no, and the task is {product.task.value}"
        yield Problem(("team",), message, "Remove it.")
    for key, name in (("reader", team.reader), ("arbiter", team.arbiter)):
        if name is not None:
            yield from _known(product.data, ("team", key), name)
    if team.rule is TeamRule.ARBITRATION and team.arbiter is None:
        message = "is arbitration, and nobody decides where reader and product disagree"
        step = "Add `arbiter:` a name from data.calls."
        yield Problem(("team", "rule"), message, step, "missing_key")
    if team.rule is not TeamRule.ARBITRATION and team.arbiter is not None:
        message = f"is given, and the rule is {team.rule.value}"
        yield Problem(("team", "arbiter"), message, "Write `rule: arbitration`, or remove it.")
    band = team.refer_between
    if band is not None and not 0 <= band[0] < band[1] <= 1:
        message = f"must lie from 0 to 1, not [{band[0]:g}, {band[1]:g}]"
        yield Problem(("team", "refer_between"), message, "Scores lie from 0 to 1.")
    if band is not None and product.decision.triage is not None:
        message = "is given, and the product is a triage of its own: `decision: {mode: triage}`"
        yield Problem(("team", "refer_between"), message, "Remove it.")
    if band is not None and (product.decision.refer_between or product.decision.cheapest_band):
        message = "is given twice: `decision.refer_between` is the band of the product itself"
        yield Problem(("team", "refer_between"), message, "Remove one of the two.")
    if team.arbiter == team.reader:
        step = "Name a second person's calls."
        yield Problem(("team", "arbiter"), "is the reader, who would judge the own case", step)


def _known(data: Data, path: KeyPath, name: str) -> Iterator[Problem]:
    names = [calls.name for calls in data.calls]
    if name in names:
        return
    if not names:
        message = f"is '{name}', and the data declare nobody's calls"
        step = f"Add `data: {{calls: {{{name}: {{column: , positive: [], negative: []}}}}}}`."
    else:
        message = f"is '{name}', whose calls are not declared in data.calls"
        step = did_you_mean(name, names, "calls")
    yield Problem(path, message, step, "unknown_calls")


def whose_problems(
    path: KeyPath, product: Product, requirement: Requirement[object], instrument: Instrument
) -> Iterator[Problem]:
    """What a requirement on the team may not ask."""
    if requirement.of is not Whose.TEAM:
        return
    at: KeyPath = (*path, "of")
    if product.team is None:
        message = "is team, and the product declares none"
        step = "Add `team: {reader: ..., rule: either}`, or remove `of`."
        yield Problem(at, message, step, "missing_key")
    if not on_calls(requirement, instrument):
        message = f"is team, and `{requirement.metric}` is not counted from calls"
        step = "Remove `of`, or use a metric of calls, such as sensitivity or specificity."
        yield Problem(at, message, step)


def on_calls(requirement: Requirement[object], instrument: Instrument) -> bool:
    """Whether a metric rests on flags and referrals: a team has no score of its own."""
    about = instrument.about
    if Task.BINARY not in about.tasks or about.table != "cases":
        return False
    roots = {
        root
        for statistic in instrument.statistics(requirement).values()
        for expression in statistic.columns().values()
        for root in expression.meta.root_names()
    }
    return not roots & _NO_CALLS and bool(roots & {"@flagged", "@referred"} or not roots)
