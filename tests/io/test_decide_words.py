"""Audits and queues in product.yaml: what may be written, and what is told of anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.tables import SPARES, simulated, write_product

from roadworthy.core.errors import BadInput
from roadworthy.core.policy import Audit
from roadworthy.core.product import Product
from roadworthy.core.scope import AllOf, OnField
from roadworthy.core.worklist import Queue
from roadworthy.io.product_yaml import load_product
from roadworthy.workflow.source import load_cases

DENSE = {"field": "site", "in": ["north"]}
OLD = {"field": "age", "between": [60, 90]}


def read(folder: Path, **said: Any) -> Product:
    return load_product(write_product(folder, simulated(40, 1), [SPARES], **said))


def refused(folder: Path, **said: Any) -> str:
    with pytest.raises(BadInput) as told:
        read(folder, **said)
    return str(told.value)


def test_an_audit_and_queues_arrive(tmp_path: Path) -> None:
    queues = [{"name": "dense", "when": [DENSE]}, {"name": "both", "when": [DENSE, OLD]}]
    found = read(
        tmp_path, decision={"audit": {"share": 0.02, "seed": 7}}, worklist={"queues": queues}
    )
    assert found.decision.audit == Audit(0.02, 7)
    dense, old = OnField("site", None, ("north",)), OnField("age", (60.0, 90.0))
    assert found.worklist.queues == (Queue("dense", dense), Queue("both", AllOf((dense, old))))


def test_an_audit_of_a_triage_product_arrives_too(tmp_path: Path) -> None:
    split = {"validation": 0.25, "calibration": 0.5, "sealed": 0.25, "seed": 5}
    decision = {"mode": "triage", "clear": {"fnr_at_most": 0.05}, "audit": {"share": 1}}
    data = {"id": "case", "truth": "ill", "positive": 1, "score": "score", "split": split}
    assert read(tmp_path, decision=decision, data=data).decision.audit == Audit(1.0, 0)


def test_without_them_nothing_is_audited_and_there_is_one_queue(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found.decision.audit is None and found.worklist.names == ("general",)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"decision": {"audit": {"share": 0}}},
            "product.yaml:12: `decision.audit.share` is 0, and such an audit looks at nothing. "
            "Write 0.02, or remove `audit`.",
        ),
        (
            {"decision": {"audit": {"share": 2}}},
            "product.yaml:12: `decision.audit.share` must be more than 0 and at most 1, not 2. "
            "Use 0.02.",
        ),
        (
            {"decision": {"audit": {"shares": 0.02}}},
            "product.yaml:12: `decision.audit.shares` is an unknown key. Did you mean `share`?",
        ),
        (
            {"worklist": {"queues": [{"name": "general", "when": [DENSE]}]}},
            "product.yaml:12: `worklist.queues[1].name` is general, the queue of all cases that no "
            "rule takes. Give it another name.",
        ),
        (
            {"worklist": {"queues": [{"name": "a", "when": []}]}},
            "product.yaml:13: `worklist.queues[1].when` is an empty list, so the queue would take "
            "every case. Write a condition such as {field: density, in: [C, D]}.",
        ),
        (
            {"worklist": {"queues": []}},
            "product.yaml:11: `worklist.queues` is an empty list. Add a queue, or remove "
            "`worklist`.",
        ),
        (
            {
                "worklist": {
                    "queues": [{"name": "a", "when": [DENSE]}, {"name": "a", "when": [OLD]}]
                }
            },
            "product.yaml:11: `worklist.queues` names 'a' twice. Give every queue its own name.",
        ),
        (
            {"worklist": {"queues": [{"name": "a", "when": [{"field": "ill", "in": [1]}]}]}},
            "product.yaml:13: `worklist.queues[1].when` looks at 'ill', the truth, which nobody "
            "knows of a new case. Look at another column.",
        ),
        (
            {"worklist": {"queues": [{"name": "a", "when": [{"field": "score", "in": [1]}]}]}},
            "product.yaml:13: `worklist.queues[1].when` looks at 'score', the name of a column of "
            "the decisions. Rename that column of the cases.",
        ),
        (
            {"worklist": {"queues": [{"name": "a", "when": [{"field": "audit", "in": [1]}]}]}},
            "product.yaml:13: `worklist.queues[1].when` looks at 'audit', the name of a column of "
            "the worklist. Rename that column of the cases.",
        ),
        (
            {
                "decision": {"audit": {"share": 0.02}},
                "data": {"truth": "ill", "positive": 1, "score": "score"},
            },
            "product.yaml:9: `decision.audit` draws cases by their ids, and no column names them. "
            "Add `data: {id: COLUMN}`.",
        ),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_line(
    tmp_path: Path, said: dict[str, Any], message: str
) -> None:
    assert refused(tmp_path, **said).startswith(message)


def test_answers_that_are_not_routed_have_neither(tmp_path: Path) -> None:
    data = {"id": "case", "truth": "ill", "prediction": "score", "prevalence": "as_sampled"}
    metric = [{"metric": "accuracy", "at_least": 0.5}]
    worklist = {"queues": [{"name": "a", "when": [DENSE]}]}
    file = write_product(
        tmp_path, simulated(40, 1), metric, data=data, task="multiclass", worklist=worklist
    )
    with pytest.raises(BadInput, match="cases that are routed, and the task is multiclass"):
        load_product(file)


def test_a_queue_on_a_column_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    worklist = {"queues": [{"name": "a", "when": [{"field": "sight", "in": ["north"]}]}]}
    product = read(tmp_path, worklist=worklist)
    with pytest.raises(BadInput) as told:
        load_cases(product)
    assert str(told.value).startswith("product.yaml: worklist: There is no column 'sight'.")
    assert "site" in told.value.next_step
    assert "sight" not in pl.read_parquet(tmp_path / "cases.parquet").columns
