"""What can be known of a table before it is sealed or judged, so that no look is lost to it."""

from __future__ import annotations

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product, Task
from roadworthy.workflow.candidate import Candidate
from roadworthy.workflow.prepare import check_scores, only_finite, require_numbers
from roadworthy.workflow.source import feature_columns


def check_answers(
    product: Product, cases: pl.DataFrame, column: str, where: str, *, needed: bool = False
) -> None:
    """Refuses answers in ``column`` that no look could use; ``needed``: each case needs one.

    ``cases`` have ``@id`` and ``@inside``. Classes are told when they are judged.

    Raises:
        BadInput: naming the first cases.
    """
    if product.task is Task.MULTICLASS:
        return
    said = cases[column]
    numbers = said.cast(pl.Float64, strict=False)
    finite = numbers.is_finite() if product.task is not Task.BINARY else pl.lit(value=True)
    stray = cases.filter((numbers.is_null() & said.is_not_null()) | ~finite)
    if stray.height:
        raise BadInput(
            f"{stray.height:,} of {cases.height:,} answers in {column!r} are not numbers; the "
            f"first is {stray[column][0]!r} of case {stray[columns.ID][0]}.",
            code="not_a_number",
            where=where,
            value=str(stray[column][0]),
            next_step="Correct them, or leave the cell empty where there is no answer.",
        )
    if product.task is Task.BINARY:
        triage = product.decision.triage is not None
        scores = only_finite(numbers) if triage else numbers
        scored = cases.with_columns(scores.alias(columns.SCORE))
        check_scores(scored, where, needed=needed and not triage)


def refuse_unanswerable(product: Product, found: Candidate, open_cases: pl.DataFrame) -> None:
    """Refuses cases on which no answer could count, whoever asks.

    Scores that are none, where the product reads them; features that are not there, or are not of
    the kind that a model learns from in the open cases, where it is trained.

    Raises:
        BadInput: naming the first.
    """
    column = product.data.score or product.data.prediction
    if product.model is not None or product.data.truth is None:
        return
    if column is None:
        _refuse_other_features(product, found, open_cases)
        return
    if product.task is not Task.MULTICLASS:
        require_numbers(found.raw.schema, column, found.where)
    # a column without one answer waits for answers that are handed in
    needed = found.raw[column].null_count() < found.raw.height
    check_answers(product, found.cases, column, found.where, needed=needed)


def _refuse_other_features(product: Product, found: Candidate, open_cases: pl.DataFrame) -> None:
    for name in feature_columns(product, open_cases.schema):
        if open_cases[name].null_count() == open_cases.height:
            continue  # nothing is learnt from it
        theirs, ours = open_cases.schema[name], found.raw.schema.get(name)
        if ours is None:
            raise BadInput(
                f"the column {name!r} is not in the table, and a model may learn from it in the "
                "open cases: it could not answer.",
                code="missing_column",
                where=found.where,
                value=name,
                next_step="Add it, or say what a model reads: `data: {features: [...]}`.",
            )
        # whole numbers are categories too: codes such as 3 and 4
        other = not ours.is_numeric() if theirs.is_numeric() else ours.is_float()
        if other:
            raise BadInput(
                f"the column {name!r} holds {ours} here and {theirs} in the open cases: a model "
                "that learnt there could not answer.",
                code="other_kind",
                where=found.where,
                value=str(ours),
                next_step="Write the values as they are there; a text such as 'n/a' makes a "
                "column of numbers text.",
            )
