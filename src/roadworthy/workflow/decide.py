"""decide: what becomes of new cases, one record each: alone, to a person, and for which reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.outcome import Outcome
from roadworthy.core.policy import REFERS_ALL
from roadworthy.core.product import Costs, Product, Task
from roadworthy.io import certificate_words, decisions_file
from roadworthy.io.registry import instruments
from roadworthy.store.workspace import Workspace
from roadworthy.workflow import chances
from roadworthy.workflow.decisions import Decided, Decisions, summed_up
from roadworthy.workflow.imaging import with_reasons
from roadworthy.workflow.last_verdict import last_verdict
from roadworthy.workflow.load import Given, as_product, since_loaded
from roadworthy.workflow.marking import with_marks
from roadworthy.workflow.new_cases import new_cases
from roadworthy.workflow.own_model import handed_model
from roadworthy.workflow.prepare import check_case_costs, require_numbers
from roadworthy.workflow.records import records
from roadworthy.workflow.routes import Rules, routed
from roadworthy.workflow.source import Parted, load_cases, name_of
from roadworthy.workflow.studies import Settled, settle
from roadworthy.workflow.subject import Judged
from roadworthy.workflow.triage import kept_certificate
from roadworthy.workflow.uncovered import uncovered


def decide(
    product: Given,
    cases: object,
    out: str | Path | None = None,
    model: Callable[[pl.DataFrame], Any] | None = None,
) -> Decisions:
    """Decides new cases, of which no truth is read, and writes one record a case to ``out``.

    ``cases`` is the path of a CSV or Parquet file, or a polars or pandas frame; ``out`` names a
    Parquet or CSV file, None: nothing is written. A triage product decides by the certificate that
    `check` kept; where that has expired every case goes to a person. ``model`` answers when
    product.yaml names none, as in `check`.

    Raises:
        BadInput: something is wrong with the product, the table or the model's answers.
        Refused: nothing is certified, something else is, or sealed cases are among them.
    """
    product = as_product(product)
    _require_binary(product)
    target = None if out is None else _target(product, cases, Path(out))
    workspace = Workspace.beside(product.file)
    parted = load_cases(product)
    brought = None if model is None else handed_model(product, parted.schema, model)
    settled = settle(product, workspace, parted, instruments(), brought, kept_certificate)
    _require_certified(product, settled.certificate)
    decided = _decided(product, settled, parted, cases, datetime.now(UTC))
    notes = (*since_loaded(product), *last_verdict(product, workspace, settled.judged))
    found = summed_up(decided, name_of(cases), notes)
    if target is None:
        return found
    scope = tuple(certificate_words.scope_rule(rule) for rule in product.scope.rules)
    promised = _promised(settled.certificate)
    told = decisions_file.about(product, scope, promised)
    decisions_file.write_decisions(found.table, target, told)
    return replace(found, out=target)


def _promised(certificate: Certificate | None) -> str:
    """What the certificate says of cleared cases; empty where there is none."""
    if certificate is None:
        return ""
    told = [
        certificate_words.guaranteed(side, certificate.confidence)
        for side in certificate.sides
        if side.side == "clear"
    ]
    return " ".join(told)


def _decided(
    product: Product, settled: Settled, parted: Parted, table: object, now: datetime
) -> Decided:
    judged, certificate = settled.judged, settled.certificate
    why_not = chances.why_no_chance(product, judged.model)
    costs = product.costs if why_not is None and chances.priced(product.costs) else None
    cases = new_cases(product, parted, table, _needed(product, judged, costs))
    cases = judged.guarded(cases)
    _check_costs(cases, costs)
    found, told = chances.answered(judged.model, cases)
    answers = judged.answers(cases, found)
    assert answers is not None
    table_of_records, rules = recorded(judged, certificate, cases, answers, now, told)
    return Decided(product, table_of_records, rules, certificate, why_not)


def recorded(
    judged: Judged,
    certificate: Certificate | None,
    cases: pl.DataFrame,
    answers: pl.Series,
    now: datetime,
    told: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, Rules]:
    """The records of ``cases`` that were answered, and the rules that decided them.

    ``told`` is the model's distribution, where it has one.
    """
    product = judged.product
    why_not = chances.why_no_chance(product, judged.model)
    costs = product.costs if why_not is None and chances.priced(product.costs) else None
    scored = cases.with_columns(answers.alias(columns.SCORE))
    scored = with_reasons(product, judged.model, scored)
    scored = with_marks(scored, product, judged.model)
    rules = _rules(product, judged, certificate, scored, now)
    made = routed(scored, rules).with_columns(chances.chances(told, known=why_not is None))
    made = made.with_columns(chances.expected_costs(costs))
    return records(made, judged, certificate, rules.policy, now), rules


def _rules(
    product: Product,
    judged: Judged,
    certificate: Certificate | None,
    scored: pl.DataFrame,
    now: datetime,
) -> Rules:
    """The policy in force: what a certificate does not speak of, or no longer, is a person's."""
    assert judged.policy is not None
    audit = product.decision.audit
    if certificate is None:
        return Rules(judged.policy, audit=audit)
    if certificate.expired(now.date()):
        return Rules(REFERS_ALL, expired=True, audit=audit)
    silent = tuple(uncovered(certificate, product, scored))
    return Rules(judged.policy, silent=silent, audit=audit)


def _check_costs(cases: pl.DataFrame, costs: Costs | None) -> None:
    inside = cases.filter(pl.col(columns.INSIDE))
    for cost in () if costs is None else chances.cost_columns(costs):
        require_numbers(cases.schema, cost.column, "costs")
        check_case_costs(inside, cost)


def _require_binary(product: Product) -> None:
    if product.task is Task.BINARY and product.data.truth is not None:
        return
    what = (
        f"the task is {product.task.value}, and only a score of yes or no is cleared, flagged or "
        "referred"
        if product.task is not Task.BINARY
        else "the product counts what happened and answers nothing about a case"
    )
    raise BadInput(
        f"{what}.",
        code="no_routes",
        where=f"{product.file.name}: task",
        value=str(product.task),
        next_step="Use the model's own answers, or write a binary product.",
    )


def _target(product: Product, cases: object, out: Path) -> Path:
    read = [product.file, *(product.folder / name for name in product.data.cases)]
    read += [Path(cases)] if isinstance(cases, str | Path) else []
    decisions_file.require_writable(out, tuple(read))
    return out


def _require_certified(product: Product, certificate: Certificate | None) -> None:
    """A product that may decide nothing alone is not let to refer everything in silence."""
    if certificate is None or certificate.outcome is Outcome.PASS:
        return
    why = [
        side.reason or "; ".join(certificate_words.missing(side))
        for side in certificate.sides
        if side.threshold is None
    ]
    told = f": {why[0].rstrip('.')}" if why and why[0] else ""
    raise Refused(
        f"the certificate of {certificate.made} is {certificate.outcome}{told}.",
        code="not_certified",
        where=f"{product.file.name}: decision",
        value=str(certificate.outcome),
        next_step="`roadworthy check` says what is missing; until then a person decides.",
    )


def _needed(product: Product, judged: Judged, costs: Costs | None) -> list[str]:
    """The columns that anything here reads of a new case, whatever else its table holds."""
    found = [name for name in judged.model.needs if name]
    found += product.scope.fields
    if product.marks is not None and product.data.images is not None:
        found += product.data.images.columns
    found += () if judged.guard is None else judged.guard.guard.needs
    if product.decision.triage is not None:
        found += [name for rule in product.decision.triage.protect for name in rule.by]
    found += product.worklist.fields
    found += () if costs is None else [cost.column for cost in chances.cost_columns(costs)]
    return found
