"""Share the work with a reader: the product as a second view, or a reader where it is in doubt."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.lever import Change, Rejudge
from roadworthy.core.path import Amount, Path
from roadworthy.core.policy import Policy
from roadworthy.core.product import Product
from roadworthy.core.requirement import Whose
from roadworthy.core.standing import Cell, Standing, out_of_reach, standing
from roadworthy.core.study import OpenStudy
from roadworthy.core.team import Team, TeamRule
from roadworthy.core.verdict import Verdict
from roadworthy.io import path_words, telling
from roadworthy.stats.prices import per_case

_ALL = frozenset({TeamRule.EITHER, TeamRule.BOTH, TeamRule.ARBITRATION})
_HOW = {
    TeamRule.EITHER: "Switch to a second view: {reader} reads every case, and a case is positive "
    "where {reader} or the product calls it",
    TeamRule.BOTH: "Switch to a second view: {reader} reads every case, and a case is positive "
    "where {reader} and the product both call it",
    TeamRule.ARBITRATION: "Switch to a second view: {reader} reads every case, and {arbiter} "
    "decides where {reader} and the product differ",
    TeamRule.REFERRED: "Let {reader} read what the product refers, and nothing else",
}


@dataclass(frozen=True)
class _Tried:
    team: Team
    verdicts: tuple[Verdict, ...]
    standing: Standing


class SecondView:
    """Puts a reader, whose calls are known, beside a product that falls short alone."""

    about = "let a reader share the work"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """The way of working that reads least, of those with which all can hold on paper."""
        before = rejudge(study)
        apart = out_of_reach(verdicts) | out_of_reach(before)
        start = standing(before, apart)
        if start.settled:
            return []
        others = _teams(rejudge)
        tried = [found for team in others if (found := _try(study, team, apart, rejudge))]
        good = [one for one in tried if not one.standing.missed]
        better = [one for one in good if one.standing.meets_more_than(start)]
        if not better:
            return []
        best = min(
            better,
            key=lambda one: (not one.standing.settled, one.team.rule in _ALL, one.standing),
        )
        return [_path(study, best, len(tried), before, rejudge)]


def _teams(rejudge: Rejudge) -> Iterator[Team]:
    """Every other way for those whose calls the data declare."""
    product, policy = rejudge.product, rejudge.policy
    if policy is None:
        return
    refers = not isinstance(policy, Policy) or policy.refer_between is not None
    said = product.team
    for team in [said] if said else [Team(one.name, TeamRule.EITHER) for one in product.data.calls]:
        for rule in TeamRule:
            if rule is TeamRule.ARBITRATION and team.arbiter is None:
                continue
            if rule is TeamRule.REFERRED and not refers:
                continue
            if said is not None and rule is said.rule and _of_team(product):
                continue
            arbiter = team.arbiter if rule is TeamRule.ARBITRATION else None
            yield replace(team, rule=rule, arbiter=arbiter)


def _of_team(product: Product) -> bool:
    return any(one.of is Whose.TEAM for one in product.requirements)


def _try(study: OpenStudy, team: Team, apart: Collection[Cell], rejudge: Rejudge) -> _Tried | None:
    try:
        after = rejudge(study, Change(team=team))
    except BadInput:
        # nothing that is required reads these calls yet, so nobody has said that they are whole
        return None
    return _Tried(team, after, standing(after, apart))


def _path(
    study: OpenStudy, found: _Tried, tried: int, before: Sequence[Verdict], rejudge: Rejudge
) -> Path:
    product, team = rejudge.product, found.team
    fresh = rejudge.fresh(study, Change(team=team))
    paid = _more_reading(study, team, product)
    price = f", for {telling.number(paid.value, paid.unit)} a case" if paid else ""
    how = _HOW[team.rule].format(reader=team.reader, arbiter=team.arbiter)
    asked = _newly_asked(before, found.verdicts)
    of_both = f" Ask it of both together: `of: team` in {_listed(asked)}." if asked else ""
    study_of = "; a reader study shows whether people act so: `roadworthy reader-study plan`."
    return Path(
        lever="second_view",
        change=f"{how}{price}.{of_both}",
        expected=f"hypothetical: {path_words.then(before, found.verdicts)}",
        cost=fresh.cost,
        assumed=(
            path_words.ON_PAPER,
            *([f"who set {_listed(asked)} agrees that product and reader reach it"] * bool(asked)),
            *fresh.assumed,
        ),
        selection=True,
        write=path_words.team(product, team),
        per_case=paid,
        cases=fresh.more,
        # on paper alone nothing is settled that was not on paper before
        settles=fresh.settles and not asked,
        proof=path_words.proof(fresh, f"{tried} ways of working").rstrip(".") + study_of,
    )


def _newly_asked(before: Sequence[Verdict], after: Sequence[Verdict]) -> tuple[str, ...]:
    """The requirements that are asked of the team and were asked of the product."""
    was = {one.requirement for one in before if one.of is Whose.TEAM}
    now = [one.requirement for one in after if one.of is Whose.TEAM]
    return tuple(name for name in dict.fromkeys(now) if name not in was)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _more_reading(study: OpenStudy, team: Team, product: Product) -> Amount | None:
    """What is read beyond what is read now, priced per case in scope; None: no price, no more."""
    said = product.team
    if team.rule not in _ALL or (said and said.rule in _ALL and _of_team(product)):
        return None
    inside = study.tables["cases"].filter(pl.col(columns.INSIDE))
    paid = per_case(inside, ~pl.col(columns.REFERRED), product.costs)
    if paid is None or team.rule is not TeamRule.ARBITRATION:
        return paid
    differ = (pl.col(columns.FLAGGED) != pl.col(columns.call(team.reader))).fill_null(False)
    again = per_case(inside, ~pl.col(columns.REFERRED) & differ, product.costs)
    return Amount(paid.value + (again.value if again else 0.0), paid.unit)
