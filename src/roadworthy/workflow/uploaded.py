"""Answers on sealed cases that somebody hands in: they become the subject, by their own hash."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product, Task
from roadworthy.io import case_names, tables
from roadworthy.io.fingerprint import fingerprint
from roadworthy.models.scored_table import ScoredTable
from roadworthy.workflow.candidate_answers import check_answers
from roadworthy.workflow.prepare import id_text
from roadworthy.workflow.source import name_of, scan_other


def uploaded(product: Product, table: object, sealed: NDArray[np.uint64]) -> ScoredTable:
    """A subject that answers with a table of ids and answers, for the cases ``sealed`` (hashes).

    Raises:
        BadInput: product.yaml names a model, the table lacks a column, or a sealed case in it.
    """
    data, name = product.data, name_of(table)
    column = data.score or data.prediction
    if column is None or data.id is None:
        raise BadInput(
            "predictions were handed in, and product.yaml names no column of answers.",
            code="two_models" if product.model else "no_answers",
            where=product.file.name,
            value=name,
            next_step="Name the columns: `data: {id: ..., score: ...}`; the table needs both.",
        )
    raw = tables.collect(scan_other(product, table), name)
    tables.require_columns(raw, [data.id, column], name)
    answers = raw.select(id_text(raw, data.id).alias(columns.ID), column)
    if answers[columns.ID].is_duplicated().any():
        twice = answers.filter(pl.col(columns.ID).is_duplicated())[columns.ID][0]
        raise BadInput(
            f"case {twice} has more than one answer.",
            code="duplicate_id",
            where=name,
            value=twice,
            next_step="Give every case one row.",
        )
    known = case_names.cases(case_names.plain(answers[columns.ID]))
    missing = int((~np.isin(sealed, known)).sum())
    if missing:
        raise BadInput(
            f"{missing:,} of {len(sealed):,} sealed cases have no answer.",
            code="missing_answers",
            where=name,
            value=missing,
            next_step="Answer every sealed case; the set was not opened.",
        )
    # where a case is in scope is sealed: whether each needs an answer is seen at the look
    check_answers(
        product, answers.with_columns(pl.lit(value=True).alias(columns.INSIDE)), column, name
    )
    kind = None if product.task is Task.MULTICLASS else pl.Float64()
    called = Path(name).name
    return ScoredTable(column, kind, called, fingerprint(answers, columns.ID), answers)
