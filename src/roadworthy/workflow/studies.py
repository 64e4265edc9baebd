"""Builds the study that is judged: the subject's answers on a set, and the collectors' tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.device import TABLES, TIMINGS, Device
from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument
from roadworthy.core.model import Brought, Model
from roadworthy.core.product import Product, SetName, Task
from roadworthy.core.requirement import Requirement
from roadworthy.core.study import Study
from roadworthy.io import tables
from roadworthy.io.registry import collectors
from roadworthy.store.devices import kept_measurement
from roadworthy.store.tried import note_tried, tried_on
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.claims import claims
from roadworthy.workflow.guarding import Guarding, kept_guarding
from roadworthy.workflow.measure import on_cases, planned_cells, table_of
from roadworthy.workflow.on_device import measured_there
from roadworthy.workflow.parent import CLAIMS, UNPAID
from roadworthy.workflow.prepare import require_numbers
from roadworthy.workflow.recalibrate import calibrated
from roadworthy.workflow.source import Parted, names
from roadworthy.workflow.subject import TRAINED, Judged, kept_policy, load_model
from roadworthy.workflow.triage import certified, policy_of
from roadworthy.workflow.tune import choose_threshold, most_candidates
from roadworthy.workflow.under import require_seen

TIMED = "tables"
# columns of the kept times: on how many threads, and the number of the measurement
THREADS, NUMBER = "threads", "measured"
Certifies: TypeAlias = Callable[[Product, Workspace, Parted, Model, Guarding | None], Certificate]


@dataclass(frozen=True)
class Settled:
    """The subject as it will be judged, and among how many it was chosen on validation data.

    ``rungs`` counts the kinds of model among them, ``candidates`` pairs of model and threshold.
    ``certificate`` is what calibration cases certified a triage product for.
    """

    judged: Judged
    candidates: int
    rungs: int = 1
    certificate: Certificate | None = None


def settle(
    product: Product,
    workspace: Workspace,
    parted: Parted,
    instruments: Mapping[str, Instrument],
    model: Model | None = None,
    certify: Certifies = certified,
) -> Settled:
    """Model and policy, before any case is judged.

    An automatic threshold is chosen here, and a triage product certified on calibration cases.

    ``model`` is one that the caller brings; by default product.yaml says which. ``certify`` finds
    the certificate: whoever may take no look at calibration cases hands in ``kept_certificate``.
    """
    model = model or load_model(product, workspace, parted.schema)
    require_inputs(model, parted.schema)
    guard = kept_guarding(product, workspace, parted, model)
    model = calibrated(product, model, parted, workspace, guard)
    if product.task is not Task.BINARY or product.data.truth is None:
        return Settled(
            Judged(product, model, None, guard), *_chosen_among(product, model, workspace)
        )
    candidates, rungs = _chosen_among(product, model, workspace)
    chose = names(parted.open(SetName.VALIDATION)) if parted.split else None
    if chose is not None:
        # a number that was found by trying others on these cases is paid for like `auto`
        tried = tried_on(workspace, chose).get(model.fingerprint, 1)
        candidates = max(candidates, tried + rungs - 1)
    if product.decision.triage is not None:
        certificate = certify(product, workspace, parted, model, guard)
        return Settled(
            Judged(product, model, policy_of(certificate, product), guard),
            candidates,
            rungs,
            certificate,
        )
    policy = kept_policy(product, model, workspace)
    if policy is not None:
        return Settled(Judged(product, model, policy, guard), candidates, rungs)
    validation = Judged(product, model, None, guard).guarded(parted.open(SetName.VALIDATION))
    tuned = choose_threshold(product, model, validation, instruments)
    if chose is not None:
        note_tried(workspace, chose, {model.fingerprint: tuned.candidates})
    # each of the other rungs could have been kept as well, with a threshold of its own
    among = max(candidates, tuned.candidates + (rungs - 1) * most_candidates(product, validation))
    return Settled(Judged(product, model, tuned.policy, guard), among, rungs)


def resolve(product: Product, schema: pl.Schema, instruments: Mapping[str, Instrument]) -> None:
    """Every name that judging will need, looked up now: a typo must not spend an opening."""
    for requirement in product.requirements:
        instrument = instruments[requirement.metric]
        if requirement.under is not None:
            require_seen(product, requirement.under, schema, requirement.id)
        if requirement.slices and not instrument.about.sliceable:
            raise BadInput(
                f"{requirement.metric} is one count for the whole set and has no slices.",
                code="no_slices",
                where=f"requirement {requirement.id}",
                value=[rule.by for rule in requirement.slices],
                next_step="Leave `slices` away.",
            )
        if not on_cases(requirement, instruments):
            continue
        _require_usable(requirement, pl.DataFrame(schema=schema), instruments)


def resolve_rows(product: Product, study: Study, instruments: Mapping[str, Instrument]) -> None:
    """What only rows can show, without their truth: missing values, and slices without end.

    The ``cases`` of the study are the ones to be judged, with everything but truth and answers.
    """
    inside = study.tables["cases"].filter(pl.col(columns.INSIDE))
    for requirement in product.requirements:
        planned_cells(requirement, study, instruments, product.scope)
        if not on_cases(requirement, instruments):
            continue
        for name, missing in _gaps(inside, requirement, instruments):
            if missing:
                raise BadInput(
                    f"{missing} cases have no value in {name!r}, which {requirement.metric} needs.",
                    code="missing_value",
                    where=f"requirement {requirement.id}",
                    value=None,
                    next_step="Fill in the values, or put those cases out of scope.",
                )


def _gaps(
    inside: pl.DataFrame, requirement: Requirement[Any], instruments: Mapping[str, Instrument]
) -> Iterator[tuple[str, int]]:
    """The user's columns that a requirement reads, and how many cases lack what it makes of them.

    An expression that fills gaps needs no value; one that reads the truth cannot be asked yet.
    """
    for statistic in instruments[requirement.metric].statistics(requirement).values():
        for expression in statistic.columns().values():
            roots = expression.meta.root_names()
            own = [name for name in roots if not name.startswith("@") and name in inside.columns]
            for name in own:
                complete = set(roots) <= set(inside.columns)
                values = inside.select(expression).to_series() if complete else inside[name]
                yield name, _missing(values)


def _missing(values: pl.Series) -> int:
    without = values.null_count()
    return without + int((~values.is_finite()).sum() or 0) if values.dtype.is_float() else without


def _require_usable(
    requirement: Requirement[Any], table: pl.DataFrame, instruments: Mapping[str, Instrument]
) -> None:
    """The columns that a requirement reads are there, and what is summed or averaged is numbers."""
    where = f"requirement {requirement.id}"
    tables.require_columns(table, _own_columns(requirement, instruments), where)
    for column in _own_columns(requirement, instruments, only="of"):
        require_numbers(table.schema, column, where)


def _own_columns(
    requirement: Requirement[Any], instruments: Mapping[str, Instrument], only: str | None = None
) -> list[str]:
    """The user's columns that a requirement's statistics read; ``only`` those of one expression."""
    statistics = instruments[requirement.metric].statistics(requirement).values()
    roots = (
        root
        for statistic in statistics
        for name, expression in statistic.columns().items()
        if only in (None, name)
        for root in expression.meta.root_names()
    )
    return [name for name in dict.fromkeys(roots) if not name.startswith("@")]


def other_tables(
    product: Product,
    judged: Judged,
    workspace: Workspace,
    instruments: Mapping[str, Instrument],
    timed: pl.DataFrame | None = None,
) -> tuple[dict[str, pl.DataFrame], dict[str, str]]:
    """The tables beside ``cases`` that requirements ask for, and why the others are missing.

    A table that product.yaml names is read; one that was collected from this very model is taken
    from the workspace; ``timed`` are cases to collect anew on; weighing an artefact needs none.
    """
    as_they_are = [r for r in product.requirements if r.under is None]
    wanted = {table_of(r, instruments) for r in as_they_are} - {"cases"}
    guard = judged.guard
    found = {} if guard is None else {n: t for n, t in guard.tables.items() if n in wanted}
    ran = judged.ran
    missing: dict[str, str] = {}
    for name in sorted(wanted - set(found)):
        if name in product.data.tables:
            path = product.folder / product.data.tables[name]
            found[name] = tables.collect(tables.scan_table(path), str(path))
            continue
        collected = _collect(name, judged, ran, workspace, timed)
        if isinstance(collected, str):
            missing[name] = collected
        else:
            found[name] = collected
    _require_table_columns(product, found, instruments)
    return found, missing


def _collect(
    name: str, judged: Judged, ran: Model, workspace: Workspace, cases: pl.DataFrame | None
) -> pl.DataFrame | str:
    """The table; why there is none. ``ran`` is the model as it is run: with its guard."""
    model, machine = judged.model, judged.product.device
    collector = collectors().get(name)
    if collector is None and name not in TABLES:
        return f"there is no {name} table; name its file: `data: {{tables: {{{name}: FILE}}}}`"
    if isinstance(model, Brought):
        if why_not := model.why_not(name):
            return why_not
    elif not model.files:
        return f"{model.name} cannot be run; name a file: `data: {{tables: {{{name}: FILE}}}}`"
    timed_here = machine is not None and machine.here and name == TIMINGS
    if name in TABLES and not (timed_here and cases is not None):
        found = measured_there(name, machine, ran, workspace)
        if not isinstance(found, str) or not timed_here:
            return found
    kept = _place(name, ran, workspace)
    if name != "artifact" and cases is None:
        if not kept.exists():
            return "no case was timed; run `roadworthy check --time` first"
        table = tables.collect(tables.scan_table(kept), str(kept))
        return _as_declared(table, machine) if timed_here and machine else table
    assert collector is not None
    with _threads(machine):
        table = collector.collect(ran, pl.DataFrame() if cases is None else cases)
    if timed_here and machine is not None:
        often = timed_so_often(ran, machine, workspace) + 1
        table = table.with_columns(
            pl.lit(often).alias(NUMBER), pl.lit(machine.threads).alias(THREADS)
        )
    workspace.write(f"{TIMED}/{kept.name}", _parquet(table))
    return table.rename({NUMBER: columns.MEASURED}) if timed_here else table


def timed_so_often(ran: Model, machine: Device, workspace: Workspace) -> int:
    """How often a model was measured on a machine, by `check --time` and by `measure-device`.

    Whoever may measure again until it pleases chooses among as many measurements.
    """
    before = kept_measurement(workspace, machine.name, ran.fingerprint)
    found = 0 if before is None else int(before["measured"])
    kept = _place(TIMINGS, ran, workspace)
    if machine.here and kept.exists():
        table = tables.collect(tables.scan_table(kept), str(kept))
        known = NUMBER in table.columns and table.height
        found = max(found, int(table[NUMBER][0]) if known else 1)
    return found


def _place(name: str, ran: Model, workspace: Workspace) -> Path:
    return workspace.path(f"{TIMED}/{name}-{ran.fingerprint[:16]}.parquet")


def _as_declared(table: pl.DataFrame, machine: Device) -> pl.DataFrame | str:
    """The times, or why they are not those of the threads that are declared now."""
    if {THREADS, NUMBER} <= set(table.columns) and (table[THREADS] == machine.threads).all():
        return table.rename({NUMBER: columns.MEASURED})
    return (
        f"it was timed on other threads than the {machine.threads} of product.yaml; run "
        "`roadworthy check --time` again"
    )


def _threads(machine: Device | None) -> AbstractContextManager[object]:
    """As many threads as are declared, where a machine is."""
    if machine is None:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    limited: AbstractContextManager[object] = threadpool_limits(machine.threads)
    return limited


def _parquet(table: pl.DataFrame) -> bytes:
    from io import BytesIO

    buffer = BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


def _require_table_columns(
    product: Product, found: Mapping[str, pl.DataFrame], instruments: Mapping[str, Instrument]
) -> None:
    for requirement in product.requirements:
        table = found.get(table_of(requirement, instruments))
        if table is None:
            continue
        _require_usable(requirement, table, instruments)


def _chosen_among(product: Product, model: Model, workspace: Workspace) -> tuple[int, int]:
    """Pairs of model and threshold, and models, that ``train`` chose among on validation data."""
    kept = (workspace.read_json(TRAINED) or {}) if model.files else {}
    if kept.get("model") != model.fingerprint:
        return 1, 1
    candidates, rungs = kept.get("candidates"), kept.get("rungs")
    other = CLAIMS in kept and kept[CLAIMS] != claims(product)
    among = kept.get(UNPAID) if other else 1
    known = [one for one in (candidates, rungs, among) if type(one) is int and one >= 1]
    if len(known) == 3:
        return known[0] * known[2], known[1]
    raise BadInput(
        "this file of the workspace does not say among how many the model was chosen.",
        code="broken_workspace",
        where=str(workspace.path(TRAINED)),
        value=[str(candidates), str(rungs)],
        next_step="Run `roadworthy train` again, or restore the file from a backup.",
    )


def require_inputs(model: Model, schema: pl.Schema, where: str = "") -> None:
    """Every column that the model reads is there; ``where`` is the table, where it is another."""
    needed = [name for name in model.needs if name]
    tables.require_columns(pl.DataFrame(schema=schema), needed, where or model.name)
