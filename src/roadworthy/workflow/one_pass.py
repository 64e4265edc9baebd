"""check on a scored table of any size: the same verdicts, without holding the table in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument
from roadworthy.core.path import Path as Way
from roadworthy.core.product import Product, SetName, Task
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Outcome, Population, Verdict
from roadworthy.io import tables
from roadworthy.models.scored_table import ScoredTable
from roadworthy.store.seen import note_open
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.measure import table_of, verdicts
from roadworthy.workflow.source import Parted, as_text, require_declared, require_same_names
from roadworthy.workflow.stream import NotStreamedError, Table, stream
from roadworthy.workflow.studies import Settled, other_tables, resolve
from roadworthy.workflow.subject import Judged, kept_policy, load_model

# a table up to this size is read as a whole when it does not pass: paths to yes need its rows
MOST_WITH_PATHS = 1_000_000


@dataclass(frozen=True)
class Found:
    """What a judgement on open data is made of; ``data`` is the fingerprint of the table."""

    settled: Settled
    set: str
    verdicts: tuple[Verdict, ...]
    population: Population
    data: str
    candidates: int
    paths: tuple[Way, ...] = ()
    notes: tuple[str, ...] = ()


def check_own(
    product: Product, workspace: Workspace, instruments: Mapping[str, Instrument]
) -> Found | None:
    """What judging the product's own table gives, all of it open.

    None: it must be read as a whole, also to say what is wrong with it.
    """
    chosen = product.decision.threshold == "auto" or product.data.split is not None
    if chosen or product.model is not None:
        return None
    try:
        scan = tables.scan_cases(product)
        require_declared(scan, product, product.file.name)
        resolve(product, scan.collect_schema(), instruments)
        settled = Settled(_judged(product, workspace), 1)
        name = ", ".join(product.data.cases)
        return _found(settled, Table(scan, recorded=True), name, workspace, instruments)
    except (BadInput, NotStreamedError):
        return None


def check_other(
    settled: Settled,
    parted: Parted,
    on: object,
    name: str,
    workspace: Workspace,
    instruments: Mapping[str, Instrument],
) -> Found | None:
    """What judging another table gives; None: it must be read as a whole."""
    product = settled.judged.product
    try:
        scan = _scan_other(product, on)
        require_declared(scan, product, name)
        require_same_names(product, scan.collect_schema(), name)
        known = parted.all_open.filter(pl.col(columns.INSIDE))
        learnt = (SetName.VALIDATION, *((SetName.TRAIN,) if settled.judged.guard else ()))
        refused = parted.ids(SetName.SEALED, *learnt) if parted.split else None
        table = Table(scan, known, refused, recorded=True)
        return _found(settled, table, name, workspace, instruments)
    except (BadInput, NotStreamedError):
        return None


def _judged(product: Product, workspace: Workspace) -> Judged:
    model = load_model(product, workspace)
    if product.task is not Task.BINARY or product.data.truth is None:
        return Judged(product, model, None)
    return Judged(product, model, kept_policy(product, model, workspace))


def _scan_other(product: Product, on: object) -> pl.LazyFrame:
    if isinstance(on, str | Path):
        return tables.scan_table(Path(on), as_text(product))
    return tables.from_frame(on)


def _found(
    settled: Settled,
    table: Table,
    name: str,
    workspace: Workspace,
    instruments: Mapping[str, Instrument],
) -> Found:
    judged = settled.judged
    product = judged.product
    if not isinstance(judged.model, ScoredTable):
        raise NotStreamedError("a model is run")
    on_cases = [r for r in product.requirements if table_of(r, instruments) == "cases"]
    streamed = stream(judged, on_cases, table, instruments)
    others, missing = other_tables(product, judged, workspace, instruments)
    study = OpenStudy(judged.subject, name, others, candidates=1, missing_tables=missing)
    found = verdicts(product, study, instruments, streamed=streamed)
    cases = streamed.population.cases
    passed = product_outcome(found) is Outcome.PASS
    if not passed and cases <= MOST_WITH_PATHS:
        raise NotStreamedError("paths to yes are looked for in the rows")
    assert streamed.names is not None and streamed.fingerprint is not None
    note_open(workspace, streamed.names)
    without = (
        f"Paths to yes were not looked for: the table holds {cases:,} cases and was judged in one "
        f"pass. `roadworthy check` on at most {MOST_WITH_PATHS:,} of them tells the paths.",
    )
    return Found(
        settled,
        name,
        found,
        streamed.population,
        streamed.fingerprint,
        study.candidates,
        notes=() if passed else without,
    )
