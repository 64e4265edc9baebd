"""The team's calls: the prepared cases once more, flagged and read as product and reader do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Evidence
from roadworthy.core.instrument import Instrument
from roadworthy.core.product import Product
from roadworthy.core.requirement import Requirement, Whose
from roadworthy.core.subject import Subject
from roadworthy.core.team import UNSEEN, Team, TeamRule
from roadworthy.io.team_words import on_calls
from roadworthy.stats.reader_study import study_evidence
from roadworthy.workflow.prepare import add_calls
from roadworthy.workflow.slicing import Cell


def viewed(cases: pl.DataFrame, team: Team | None, whose: Whose) -> pl.DataFrame:
    """The cases as ``whose`` calls them; nothing is rated otherwise for the product itself.

    Every expression looks at one row, so batches and counted patterns may be viewed too.
    """
    if team is None or whose is Whose.PRODUCT or columns.FLAGGED not in cases.columns:
        return cases
    return cases.with_columns(
        _call(team).alias(columns.FLAGGED),
        _arbitrated(team).alias(columns.ARBITRATED),
        # what a person read is no longer open, so only the scope keeps a case out of the rates
        pl.col(columns.INSIDE).alias(columns.RATED),
        pl.lit(True).alias(columns.REFERRED)
        if team.rule is not TeamRule.REFERRED
        else pl.col(columns.REFERRED),
    )


def _call(team: Team) -> pl.Expr:
    """The team's call; of a case that the product hands over it is the reader's alone."""
    product, reader = pl.col(columns.FLAGGED), pl.col(columns.call(team.reader))
    match team.rule:
        case TeamRule.EITHER:
            together = product | reader
        case TeamRule.BOTH:
            together = product & reader
        case TeamRule.REFERRED:
            together = product
        case TeamRule.ARBITRATION:
            arbiter = pl.col(columns.call(str(team.arbiter)))
            together = pl.when(product == reader).then(reader).otherwise(arbiter)
    return pl.when(pl.col(columns.REFERRED)).then(reader).otherwise(together)


def _arbitrated(team: Team) -> pl.Expr:
    if team.rule is not TeamRule.ARBITRATION:
        return pl.lit(False)
    differ = pl.col(columns.FLAGGED) != pl.col(columns.call(team.reader))
    return (~pl.col(columns.REFERRED) & differ).fill_null(False)


def asked_of(product: Product, team: Team, instruments: Mapping[str, Instrument]) -> Product:
    """The product beside ``team``; where nothing is asked of a team, all that is called is now."""
    changed = replace(product, team=team)
    if any(one.of is Whose.TEAM for one in product.requirements):
        return changed
    asked = (
        replace(one, of=Whose.TEAM)
        if one.under is None and on_calls(one, instruments[one.metric])
        else one
        for one in product.requirements
    )
    return replace(changed, requirements=tuple(asked))


def with_calls(cases: pl.DataFrame, product: Product) -> pl.DataFrame:
    """Prepared cases with the calls of all who read in the team.

    Raises:
        BadInput: a case in scope has no call, or a value that is none.
    """
    have = all(columns.call(name) in cases.columns for name in product.callers)
    return cases if have else add_calls(cases, product)


@dataclass(frozen=True)
class Seen:
    """What a reader study says of a cell (None: nothing), and why a number is hypothetical."""

    evidence: Evidence | None = None
    hypothetical: str = ""


def seen(cell: Cell, team: Team | None, subject: Subject, instrument: Instrument) -> Seen:
    """Whether people were watched at it.

    What a study of this very subject measured counts in place of what follows from stored calls.
    What it did not measure (slices, costs, other metrics) stays hypothetical.
    """
    requirement = cell.requirement
    if requirement.of is not Whose.TEAM or team is None:
        return Seen()
    if not _needs_calls(requirement, instrument):
        return Seen()
    study = team.study
    if study is None:
        return Seen(hypothetical=UNSEEN)
    if not study.subject or study.subject != subject.fingerprint:
        whose = f"of another version ({study.subject[:12]})" if study.subject else "of no named one"
        return Seen(
            hypothetical=f"the reader study in {team.study_file} is on the marks {whose}, "
            f"and {UNSEEN}"
        )
    against = requirement.limit.against
    if not cell.slice.keys and not requirement.per_unit and against in (None, team.reader):
        found = study_evidence(study, requirement.metric, requirement.limit, requirement.alpha)
        if found is not None:
            return Seen(found)
    return Seen(
        hypothetical="the reader study measured something else, and of this "
        "the reader's calls were made without the product's marks"
    )


def _needs_calls(requirement: Requirement[object], instrument: Instrument) -> bool:
    """Whether a metric hangs on what people call; how much they read follows from the rule."""
    return any(
        {columns.FLAGGED, columns.ARBITRATED} & set(expression.meta.root_names())
        for statistic in instrument.statistics(requirement).values()
        for expression in statistic.columns().values()
    )
