"""check on a scored table of any size: the same verdicts, without holding the table in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument
from roadworthy.core.path import Path as Way
from roadworthy.core.picture import Pictures
from roadworthy.core.product import Calibrate, Product, SetName, Task
from roadworthy.core.study import OpenStudy, Study
from roadworthy.core.verdict import Outcome, Population, Verdict
from roadworthy.core.ways import Way as WayOfWorking
from roadworthy.io import tables
from roadworthy.models.scored_table import ScoredTable
from roadworthy.store.certificates import certified_names
from roadworthy.store.seen import note_open
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.all_rows import paths_of_all_rows
from roadworthy.workflow.imaging import looks_at_images
from roadworthy.workflow.judge import product_outcome
from roadworthy.workflow.measure import table_of, verdicts, verdicts_and_pictures
from roadworthy.workflow.not_streamed import NotStreamedError
from roadworthy.workflow.paths import MOST_SEARCHED, unopened
from roadworthy.workflow.perturbing import never_asked
from roadworthy.workflow.pictures import Asked
from roadworthy.workflow.set_aside import sealed_names
from roadworthy.workflow.source import (
    Parted,
    name_of,
    require_declared,
    require_same_names,
    scan_other,
)
from roadworthy.workflow.stream import Table, stream
from roadworthy.workflow.studies import Settled, other_tables, resolve
from roadworthy.workflow.subject import Judged, kept_policy, load_model

# a table up to this size is read as a whole when it does not pass: all its rows look for paths
MOST_AS_A_WHOLE = 100_000


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
    pictures: Pictures | None = None
    certificate: Certificate | None = None
    working: tuple[WayOfWorking, ...] = ()
    notes: tuple[str, ...] = ()


def check_own(
    product: Product,
    workspace: Workspace,
    instruments: Mapping[str, Instrument],
    stand_in: object | None = None,
) -> Found | None:
    """What judging the product's own table gives, all of it open, or one that stands in for it.

    None: it must be read as a whole, also to say what is wrong with it.
    """
    chosen = isinstance(product.decision.threshold, str) or product.data.split is not None
    if chosen or product.model is not None or looks_at_images(product):
        return None
    if product.decision.calibrate is not Calibrate.NONE:
        return None
    try:
        own = stand_in is None
        scan = tables.scan_cases(product) if own else scan_other(product, stand_in)
        require_declared(scan, product, product.file.name if own else name_of(stand_in))
        resolve(product, scan.collect_schema(), instruments)
        settled = Settled(_judged(product, workspace), 1)
        name = ", ".join(product.data.cases) if own else name_of(stand_in)
        table = Table(scan, recorded=True, sample=MOST_SEARCHED)
        return _found(settled, table, name, workspace, instruments)
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
    if product.decision.triage is not None or looks_at_images(product):
        # where its cases go is counted in the rows; files are found once all rows are there
        return None
    if certified_names(workspace).size or sealed_names(product).size:
        # whether a certificate was made on them, or the vault holds them, is asked of every row
        return None
    try:
        scan = scan_other(product, on)
        require_declared(scan, product, name)
        require_same_names(product, scan.collect_schema(), name)
        inside = parted.all_open.filter(pl.col(columns.INSIDE))
        learnt = (SetName.VALIDATION, *((SetName.TRAIN,) if settled.judged.guard else ()))
        refused = parted.ids(SetName.SEALED, *learnt) if parted.split else None
        table = Table(scan, inside, refused, recorded=True, sample=MOST_SEARCHED)
        return _found(settled, table, name, workspace, instruments, parted)
    except (BadInput, NotStreamedError):
        return None


def sealed_verdicts(
    judged: Judged, raw: pl.DataFrame, study: Study, instruments: Mapping[str, Instrument]
) -> tuple[Verdict, ...] | None:
    """The verdicts on sealed rows in one pass, where the scores stand in them; None: it cannot be.

    ``study`` holds the other tables. The rows were checked when they were sealed.
    """
    product, model = judged.product, judged.model
    plain = isinstance(model, ScoredTable) and model.answers is None and judged.guard is None
    decided = product.decision.triage is not None or product.team is not None
    if not plain or decided or product.data.verification is not None:
        return None
    on_cases = [r for r in product.requirements if table_of(r, instruments) == "cases"]
    known = study.open_levels
    inside = None if known is None else known.filter(pl.col(columns.INSIDE))
    try:
        streamed = stream(judged, on_cases, Table(raw.lazy(), inside, known=True), instruments)
        return verdicts(product, study, instruments, streamed=streamed)
    except NotStreamedError:
        return None


def _judged(product: Product, workspace: Workspace) -> Judged:
    model = load_model(product, workspace)
    if product.task is not Task.BINARY or product.data.truth is None:
        return Judged(product, model, None)
    return Judged(product, model, kept_policy(product, model, workspace))


def _found(
    settled: Settled,
    table: Table,
    name: str,
    workspace: Workspace,
    instruments: Mapping[str, Instrument],
    parted: Parted | None = None,
) -> Found:
    judged = settled.judged
    product = judged.product
    if not isinstance(judged.model, ScoredTable):
        raise NotStreamedError("a model is run")
    on_cases = [r for r in product.requirements if table_of(r, instruments) == "cases"]
    asked = Asked(judged, table.scan.collect_schema())
    wanted = {**instruments, **asked.instruments}
    streamed = stream(judged, [*on_cases, asked.requirement], table, wanted)
    others, missing = other_tables(product, judged, workspace, instruments)
    missing |= never_asked(product, judged.model.name)
    known = None if parted is None else parted.all_open
    study = OpenStudy(judged.subject, name, others, known, missing_tables=missing)
    found, pictures = verdicts_and_pictures(product, study, instruments, asked, streamed)
    passed = product_outcome(found) is Outcome.PASS
    cases = streamed.population.cases
    if (not passed or product.team is not None) and cases <= MOST_AS_A_WHOLE:
        raise NotStreamedError("paths to yes and ways of working are looked for in all rows")
    assert streamed.names is not None and streamed.fingerprint is not None
    note_open(workspace, streamed.names)
    paths: tuple[Way, ...] = ()
    if not passed:
        sealed = 0 if parted is None else unopened(product, parted)
        paths = paths_of_all_rows(judged, table, streamed, found, study, instruments, sealed)
    return Found(
        settled,
        name,
        found,
        streamed.population,
        streamed.fingerprint,
        study.candidates,
        paths,
        pictures,
        notes=() if product.team is None else (_no_ways(cases),),
    )


def _no_ways(cases: int) -> str:
    return (
        f"Ways of working were not laid side by side: the table holds {cases:,} cases and was "
        f"judged in one pass. `roadworthy check` on at most {MOST_AS_A_WHOLE:,} of them does."
    )
