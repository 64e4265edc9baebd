"""A narrower scope: the widest that one more rule leaves and that open data would pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from roadworthy.core import columns
from roadworthy.core.lever import Change, Fresh, Rejudge
from roadworthy.core.path import Amount, Path
from roadworthy.core.policy import Decides, Policy, Triage
from roadworthy.core.product import Product, ScopeRule
from roadworthy.core.requirement import Level
from roadworthy.core.standing import Cell, Standing, out_of_reach, standing
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Verdict
from roadworthy.io import path_words, telling
from roadworthy.io.levels import has_levels, holds
from roadworthy.stats.triage import calibration_cases

# a scope that leaves less than this is another product
LEAST_KEPT = 0.5
LEAST_LEVEL = 0.02
MOST_LEVELS = 12
MOST_TRIED = 40
CUTS = (0.1, 0.2, 0.3, 0.4)


@dataclass(frozen=True)
class _Tried:
    rule: ScopeRule
    kept: float
    verdicts: tuple[Verdict, ...]
    standing: Standing


class NarrowScope:
    """Leaves out the worst levels of one column, or the worst end of a range."""

    about = "narrow the scope"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """The widest sub-scope of those tried with which every gating requirement can hold."""
        before = rejudge(study)
        apart = out_of_reach(verdicts) | out_of_reach(before)
        start = standing(before, apart)
        if start.settled:
            return []
        look = rejudge.sketch(study)
        unseen = apart | out_of_reach(rejudge(look))
        first = standing(rejudge(look), unseen)
        tried = _search(look, unseen, rejudge)
        good = [one for one in tried if not one.standing.missed]
        better = [one for one in good if one.standing.meets_more_than(first)]
        if not better:
            return []
        best = min(better, key=lambda one: (not one.standing.settled, -one.kept, one.standing))
        inside = study.tables["cases"].filter(pl.col(columns.INSIDE))
        found = _try(best.rule, study, inside, apart, rejudge)
        if found.standing.missed or not found.standing.meets_more_than(start):
            return []
        return [_path(study, found, len(tried), before, rejudge)]


def _path(
    study: OpenStudy, best: _Tried, tried: int, before: Sequence[Verdict], rejudge: Rejudge
) -> Path:
    fresh = rejudge.fresh(study, Change(scope=(best.rule,)))
    again = _certified_again(study, best.rule)
    rules = (*rejudge.product.scope.rules, best.rule)
    lines = [path_words.scope(rules)]
    policy = rejudge.policy
    if isinstance(policy, Policy) and isinstance(rejudge.product.decision.threshold, str):
        # another scope would choose another threshold, and this was judged with the present one
        lines.append(path_words.decision(rejudge.product, policy, None))
    return Path(
        lever="narrow_scope",
        change=f"Narrow the scope to {best.rule.field} {telling.allowed(best.rule)}: "
        f"{telling.percent(round(best.kept, 3))} of the cases in scope stay."
        f"{_anew(policy, rejudge.product, again)}",
        expected=path_words.then(before, best.verdicts),
        cost=_cost(fresh, again, rejudge.product),
        assumed=(
            "the cases left out go to a person",
            *_assumed(policy, rejudge.product),
            *fresh.assumed,
        ),
        selection=True,
        write="\n".join(lines),
        cases=None if fresh.more is None else fresh.more + (again or 0),
        settles=fresh.settles,
        proof=path_words.proof(fresh, f"{tried} rules"),
    )


def _anew(policy: Decides | None, product: Product, again: int | None) -> str:
    """What rests on the scope, and must be made anew for another one."""
    told = ""
    if product.guard is not None:
        how = "Its guard is set for the present scope: run `roadworthy train` again."
        if product.data.score is not None or product.model is not None:
            how = "Its guard is then fitted and set anew, on the cases of that scope."
        told += f" {how}"
    if isinstance(policy, Triage):
        some = "fresh calibration cases"
        if again is not None:
            some = f"at least {telling.count(again)} {some}"
        told += f" Certify it anew on {some}: the present ones certified another scope."
    return told


def _assumed(policy: Decides | None, product: Product) -> tuple[str, ...]:
    found = []
    if product.guard is not None:
        found.append(
            "the new guard lets in what the present one lets in; it may turn other cases away"
        )
    if isinstance(policy, Triage):
        found.append(
            "the thresholds that are certified anew are like the present ones, with which this was "
            "told; a look that was declared before would do as well as fresh cases"
        )
    return tuple(found)


def _certified_again(study: OpenStudy, rule: ScopeRule) -> int | None:
    """The fewest calibration cases of the narrower scope that can certify the same again."""
    if study.certificate is None:
        return None
    inside = study.tables["cases"].filter(pl.col(columns.INSIDE))
    kept = inside.filter(_keeps(rule, inside[rule.field].dtype))
    return calibration_cases(study.certificate, kept[columns.POSITIVE].to_numpy())


def _cost(fresh: Fresh, again: int | None, product: Product) -> Amount | None:
    costs = product.costs
    if again is None or fresh.cost is None or costs is None or costs.label is None:
        return fresh.cost
    return Amount(fresh.cost.value + again * costs.label, costs.unit)


def _search(study: OpenStudy, apart: Collection[Cell], rejudge: Rejudge) -> list[_Tried]:
    """Every cut and every level by itself; then, column by column, the worst levels together."""
    table = study.tables["cases"]
    inside = table.filter(pl.col(columns.INSIDE))
    found: list[_Tried] = []
    for field in rejudge.fields:
        if len(found) >= MOST_TRIED or inside.height == 0:
            break
        column = inside[field]
        if not has_levels(column.dtype):
            continue
        if column.dtype.is_numeric() and column.n_unique() > MOST_LEVELS:
            found += [_try(rule, study, inside, apart, rejudge) for rule in _ranges(column)]
        elif column.n_unique() <= MOST_LEVELS and not column.dtype.is_temporal():
            found += _levels(column, study, inside, apart, rejudge)
    return [one for one in found if one.kept >= LEAST_KEPT]


def _levels(
    column: pl.Series,
    study: OpenStudy,
    inside: pl.DataFrame,
    apart: Collection[Cell],
    rejudge: Rejudge,
) -> list[_Tried]:
    counts = column.value_counts(sort=True)
    every = [level for level in counts[column.name].to_list() if level is not None]
    large = LEAST_LEVEL * inside.height
    small = (1.0 - LEAST_KEPT) * inside.height
    # a scope needs a level that stays in it
    drop = [lv for lv, n in counts.rows() if large <= n <= small and every != [lv]]
    alone = [
        (_try(_without(column, every, [lv]), study, inside, apart, rejudge), lv) for lv in drop
    ]
    alone.sort(key=lambda pair: pair[0].standing)
    found = [one for one, _ in alone]
    worst = [level for _, level in alone]
    for size in (2, 3):
        if len(worst) >= size and len(every) > size:
            rule = _without(column, every, worst[:size])
            found.append(_try(rule, study, inside, apart, rejudge))
    return found


def _without(
    column: pl.Series, every: Sequence[Level], dropped: Sequence[Level | None]
) -> ScopeRule:
    kept = tuple(level for level in every if level not in dropped)
    accept = column.null_count() > 0 and None not in dropped
    return ScopeRule(column.name, levels=kept, missing="accept" if accept else "refer")


def _ranges(column: pl.Series) -> Iterator[ScopeRule]:
    """The lowest or the highest tenths cut off; a missing value stays in scope."""
    known = column.drop_nulls().drop_nans() if column.dtype.is_float() else column.drop_nulls()
    missing = known.len() < column.len()
    smallest, largest = known.min(), known.max()
    ends: list[tuple[object, object]] = []
    for cut in CUTS:
        ends.append((known.quantile(cut, "higher"), largest))
        ends.append((smallest, known.quantile(1.0 - cut, "lower")))
    for low, high in dict.fromkeys(ends):
        pair = (_number(low), _number(high))
        if pair[0] < pair[1]:
            yield ScopeRule(column.name, between=pair, missing="accept" if missing else "refer")


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _try(
    rule: ScopeRule,
    study: OpenStudy,
    inside: pl.DataFrame,
    apart: Collection[Cell],
    rejudge: Rejudge,
) -> _Tried:
    kept = float(inside.select(_keeps(rule, inside[rule.field].dtype).mean()).item() or 0.0)
    verdicts = rejudge(study, Change(scope=(rule,)))
    return _Tried(rule, kept, verdicts, standing(verdicts, apart))


def _keeps(rule: ScopeRule, dtype: pl.DataType) -> pl.Expr:
    cell = pl.col(rule.field)
    if rule.between is not None:
        kept, absent = cell.is_between(*rule.between), cell.is_null()
        absent = absent | cell.is_nan() if dtype.is_float() else absent
    else:
        kept = pl.any_horizontal([holds(rule.field, dtype, level) for level in rule.levels or ()])
        absent = cell.is_null()
    return kept.fill_null(False) | (absent & pl.lit(rule.missing == "accept")).fill_null(False)
