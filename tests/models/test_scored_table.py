"""A table that holds the answers: the column is the subject, and nothing is run."""

from __future__ import annotations

import polars as pl

from roadworthy.models.scored_table import ScoredTable


def test_the_column_is_the_answer_in_the_order_of_the_rows() -> None:
    frame = pl.DataFrame({"s": [0.9, 0.1]})
    assert ScoredTable("s", pl.Float64()).answer(frame).to_list() == [0.9, 0.1]


def test_what_is_no_number_is_missing_and_not_zero() -> None:
    frame = pl.DataFrame({"s": ["0.9", "high", None]})
    assert ScoredTable("s", pl.Float64()).answer(frame).to_list() == [0.9, None, None]


def test_another_column_is_another_subject_and_there_is_nothing_to_ship() -> None:
    one, other = ScoredTable("s", pl.Float64()), ScoredTable("t", pl.Float64())
    assert one.fingerprint != other.fingerprint
    assert one.fingerprint == ScoredTable("s", pl.Float64()).fingerprint
    assert one.files == ()
    assert one.needs == ("s",)
