"""compare: two subjects on the same open cases, pair by pair: is one worse, or is it noise?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.comparison import Change, Compared, Comparison
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Measured, Regime
from roadworthy.core.instrument import Instrument, Rows
from roadworthy.core.product import Product, Task
from roadworthy.core.requirement import Limit, Requirement, Side
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io.registry import instruments
from roadworthy.stats.gathered import Mean, Pairs
from roadworthy.stats.paired import mcnemar_p
from roadworthy.store.seen import note_open
from roadworthy.workflow.contender import Contender
from roadworthy.workflow.gather import gather
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.load import Given, as_product, since_loaded
from roadworthy.workflow.measure import verdicts
from roadworthy.workflow.pairs import THEIRS, asked, joined, truth_and_answer
from roadworthy.workflow.slicing import Cell
from roadworthy.workflow.source import name_of, names
from roadworthy.workflow.verification import refuse_unverified

SHOWN = 5


def compare(
    first: Given,
    second: Given | None = None,
    score: str | None = None,
    on: object | None = None,
    max_drop: float = 0.0,
) -> Comparison:
    """Compares the product of ``first`` with that of ``second``, or with the column ``score``.

    Every requirement of the first product that can be compared case by case is asked as "at most
    ``max_drop`` worse than the other" (0 for metrics that are no shares), on the whole set, with
    exact paired tests. Cases: those that both may look at (validation, or all without a split),
    joined by id, or table ``on`` (a path, or a polars or pandas frame); sealed ones never.

    Raises:
        BadInput: the two have no cases in common, or differ in what is true of one.
        Refused: ``on`` holds cases that one of them has sealed.
    """
    if (second is None) == (score is None):
        raise BadInput(
            "it takes one other to compare with: a second product.yaml, or a score column.",
            code="usage",
            where="compare",
            next_step="Write `compare NEW.yaml OLD.yaml` or `compare NEW.yaml --score COLUMN`.",
        )
    if not 0.0 <= max_drop <= 1.0:
        raise BadInput(
            "a margin is a share from 0 to 1.",
            code="usage",
            where="max_drop",
            value=max_drop,
            next_step="Write 0.02 for two points.",
        )
    registry = instruments()
    product = as_product(first)
    other = _scored(product, str(score)) if second is None else as_product(second)
    _require_alike(product, other)
    ours, theirs = Contender.of(product, registry), Contender.of(other, registry)
    _require_ids(ours, theirs, on)
    raw = ours.cases(on), theirs.cases(on)
    for compared, cases in zip((product, other), raw, strict=True):
        refuse_unverified(compared, cases, "a comparison, pair by pair,")
    for side, cases in zip((ours, theirs), raw, strict=True):
        # looked at openly, as `check` does: none of them can be sealed any more
        note_open(side.workspace, names(cases))
    one, two = ours.judged.prepared(raw[0]), theirs.judged.prepared(raw[1])
    told = _names(ours, theirs)
    table = joined(one, two, product, other, told[1])
    wanted, left_out = asked(product, registry, table, told[1], max_drop)
    chosen = 1 if on is not None else ours.candidates * theirs.candidates
    study = OpenStudy(ours.judged.subject, _set(product, on), {"cases": table}, candidates=chosen)
    judged = verdicts(replace(product, requirements=tuple(wanted)), study, registry)
    same = _same(ours, theirs, table)
    units = table[columns.UNIT].n_unique()
    return Comparison(
        product=product.name,
        ours=told[0],
        theirs=told[1],
        set=study.set,
        cases=table.height,
        units=None if units == table.height else units,
        outcome=Outcome.PASS if same else product_outcome(judged),
        found=tuple(
            _compared(verdict, requirement, table, registry, product)
            for verdict, requirement in zip(judged, wanted, strict=True)
        ),
        left_out=tuple(left_out),
        notes=tuple(
            dict.fromkeys(
                (
                    *ours.notes,
                    *theirs.notes,
                    *since_loaded(product),
                    *since_loaded(other),
                    *_notes(one, two, table, chosen),
                )
            )
        ),
        same=same,
        max_drop=max_drop,
    )


def _scored(product: Product, column: str) -> Product:
    """The same product, judged by another column of its table, whatever judged it before."""
    if product.task is Task.BINARY:
        return replace(product, model=None, data=replace(product.data, score=column))
    return replace(product, model=None, data=replace(product.data, prediction=column))


def _require_alike(ours: Product, theirs: Product) -> None:
    if ours.task is theirs.task and ours.data.truth and theirs.data.truth:
        return
    raise BadInput(
        f"both must have a truth and the same task: here {ours.task} and {theirs.task}.",
        code="not_comparable",
        where=theirs.file.name,
        value=str(theirs.task),
        next_step="Compare products that answer the same question.",
    )


def _require_ids(ours: Contender, theirs: Contender, on: object | None) -> None:
    """Without ids a case is known by its row, so both must read the same file."""
    if on is not None or (ours.product.data.id and theirs.product.data.id):
        return
    files = [
        [(side.product.folder / name).resolve() for name in side.product.data.cases]
        for side in (ours, theirs)
    ]
    if files[0] != files[1]:
        raise BadInput(
            "the two tables are different files, and without ids nothing says which cases are "
            "the same.",
            code="no_id",
            where=theirs.product.file.name,
            next_step="Name the column with ids in both: `data: {id: ...}`.",
        )


def _names(ours: Contender, theirs: Contender) -> tuple[str, str]:
    """What to call the two: by their products, their subjects, or their files."""
    pairs = (
        (ours.product.name, theirs.product.name),
        (ours.judged.model.name, theirs.judged.model.name),
        (str(ours.product.file), str(theirs.product.file)),
    )
    return next((pair for pair in pairs if pair[0] != pair[1]), (pairs[1][0], "itself"))


def _compared(
    verdict: Verdict,
    requirement: Requirement[Any],
    table: pl.DataFrame,
    registry: Mapping[str, Instrument],
    product: Product,
) -> Compared:
    instrument = registry[requirement.metric]
    return Compared(
        verdict=verdict,
        about=instrument.about,
        ours=_alone(requirement, table, instrument),
        theirs=_alone(requirement, _swapped(table, product.task), instrument),
        change=None if requirement.per_unit else _change(requirement, table, instrument),
    )


def _same(ours: Contender, theirs: Contender, table: pl.DataFrame) -> bool:
    """Whether it is one subject twice: a score column of another table may hold other scores."""
    alike = (
        ours.judged.subject.fingerprint == theirs.judged.subject.fingerprint
        and ours.workspace.folder.resolve() == theirs.workspace.folder.resolve()
        and ours.parted.fingerprint == theirs.parted.fingerprint
    )
    _, answer = truth_and_answer(ours.product.task)
    differ = pl.col(answer).ne_missing(pl.col(THEIRS + answer))
    return alike and not table.select(differ.any()).item()


def _alone(
    requirement: Requirement[Any], table: pl.DataFrame, instrument: Instrument
) -> float | None:
    """The estimate of one subject by itself, on the paired cases."""
    side = Side.AT_LEAST if instrument.about.better == "higher" else Side.AT_MOST
    absolute = replace(requirement, limit=Limit(side, 0.0, requirement.limit.unit))
    gathered = gather(table, [Cell(absolute)], {requirement.metric: instrument})[0]
    evidence = instrument.measure(absolute, gathered, Regime(requirement.alpha))
    return evidence.estimate if isinstance(evidence, Measured) else None


def _swapped(table: pl.DataFrame, task: Task) -> pl.DataFrame:
    """The same pairs with the other's answers in the place of ours."""
    _, answer = truth_and_answer(task)
    own = [columns.REFERRED, answer]
    own += [columns.SCORE] if THEIRS + columns.SCORE in table.columns else []
    return table.with_columns(pl.col(THEIRS + column).alias(column) for column in own)


def _change(
    requirement: Requirement[Any], table: pl.DataFrame, instrument: Instrument
) -> Change | None:
    """Which cases the first loses and which it wins, by the metric's own idea of a case."""
    statistics = instrument.statistics(requirement)
    gains = []
    for statistic in statistics.values():
        if isinstance(statistic, Pairs):
            gain = statistic.ours.cast(pl.Float64) - statistic.theirs.cast(pl.Float64)
        elif isinstance(statistic, Mean):
            gain = statistic.of.cast(pl.Float64)
        else:
            return None
        counted = _counted(table, statistic)
        gains.append(counted.select(columns.ID, columns.UNIT, gain.alias("gain")))
        if isinstance(statistic, Mean) and "positives" not in statistics:
            break  # the other means are the two sides alone
        if len(gains) == 2:
            break  # positives and negatives: the other means are the two sides alone
    found = pl.concat(gains)
    failed, fixed = found.filter(pl.col("gain") < 0), found.filter(pl.col("gain") > 0)
    alone = found[columns.UNIT].n_unique() == found.height
    p = float(mcnemar_p(failed.height, fixed.height)) if alone else None
    ids = [_first(side[columns.ID]) for side in (failed, fixed)]
    return Change(failed.height, fixed.height, found.height, p, ids[0], ids[1])


def _counted(table: pl.DataFrame, statistic: Pairs | Mean) -> pl.DataFrame:
    rows = {Rows.RATED: pl.col(columns.RATED), Rows.INSIDE: pl.col(columns.INSIDE)}
    return table.filter(rows.get(statistic.rows, pl.lit(True)) & statistic.among)


def _first(ids: pl.Series) -> tuple[str, ...]:
    return tuple(ids.sort().head(SHOWN).to_list())


def _set(product: Product, on: object | None) -> str:
    if on is not None:
        return name_of(on)
    return "the validation set" if product.data.split else ", ".join(product.data.cases)


def _notes(one: pl.DataFrame, two: pl.DataFrame, table: pl.DataFrame, chosen: int) -> Iterator[str]:
    if table.height < max(one.height, two.height):
        alone = (one.height - table.height, two.height - table.height)
        yield (
            f"{table.height:,} cases are open to both; {alone[0]:,} of the first's and "
            f"{alone[1]:,} of the second's were left out."
        )
    apart = int((table[columns.INSIDE] & ~table[columns.RATED]).sum())
    if apart:
        yield f"{apart:,} cases that one of them refers are in no rate."
    if chosen > 1:
        yield f"These cases did the choosing, so alpha is divided by {chosen}."
    yield "Open data: this tells two versions apart, and proves neither."
