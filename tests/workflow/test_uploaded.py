"""Answers that are handed in are a subject of their own, known by what they say."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.tables import FINDS, LEARNT, SCORED, learnable, rewrite, simulated, write_product
from tests.vaults import looks

from roadworthy.core.errors import BadInput
from roadworthy.core.verdict import Outcome
from roadworthy.workflow.certify import certify
from roadworthy.workflow.seal import seal


def sealed(folder: Path, looks: int = 3) -> tuple[Path, pl.DataFrame]:
    file = write_product(folder, simulated(200, 1), [FINDS], data=SCORED)
    test = simulated(300, 2).with_columns(case=pl.format("t{}", pl.int_range(300)))
    seal(file, test.with_columns(score=pl.lit(0.0) + pl.int_range(300) / 1e6), looks=looks)
    return file, test


def answers(test: pl.DataFrame, ill: float, well: float) -> pl.DataFrame:
    score = pl.when(pl.col("ill") == 1).then(ill).otherwise(well).alias("score")
    return test.select("case", score)


def test_each_table_of_answers_is_another_subject_and_another_look(tmp_path: Path) -> None:
    file, test = sealed(tmp_path)
    bad, good = answers(test, 0.2, 0.1), answers(test, 0.9, 0.1)
    first = certify(file, predictions=bad)
    again = certify(file, predictions=bad.sample(fraction=1.0, shuffle=True, seed=1))
    second = certify(file, predictions=good)
    assert (first.outcome, second.outcome) == (Outcome.INCONCLUSIVE, Outcome.PASS)
    assert again.subject == first.subject != second.subject
    assert len(looks(file)) == 2
    assert any("weaker evidence" in note for note in second.notes)


def test_answers_come_from_a_file_too(tmp_path: Path) -> None:
    file, test = sealed(tmp_path)
    answers(test, 0.9, 0.1).write_csv(tmp_path / "new.csv")
    found = certify(file, predictions=tmp_path / "new.csv")
    assert found.outcome is Outcome.PASS and "new.csv" in found.subject.name


def test_answers_that_leave_a_case_out_or_name_it_twice_open_nothing(tmp_path: Path) -> None:
    file, test = sealed(tmp_path)
    whole = answers(test, 0.9, 0.1)
    for table, told in (
        (whole.head(299), "1 of 300 sealed cases have no answer"),
        (pl.concat([whole, whole.head(1)]), "more than one answer"),
        (whole.drop("score"), "score"),
    ):
        with pytest.raises(BadInput, match=told):
            certify(file, predictions=table)
    assert not looks(file)


def test_answers_that_are_no_scores_open_nothing(tmp_path: Path) -> None:
    file, test = sealed(tmp_path)
    whole = answers(test, 0.9, 0.1)
    text = pl.when(pl.col("case") == "t7").then(pl.lit("n/a")).otherwise(pl.col("score"))
    for table, told in (
        (whole.with_columns(pl.col("score") * 100), "scores are not numbers from 0 to 1"),
        (whole.with_columns(score=text), "the first is 'n/a' of case t7"),
        (whole.with_columns(score=pl.lit(float("nan"))), "scores are not numbers from 0 to 1"),
    ):
        with pytest.raises(BadInput, match=told):
            certify(file, predictions=table)
    assert not looks(file)


def test_a_product_with_a_model_answers_for_itself(tmp_path: Path) -> None:
    file = write_product(tmp_path, learnable(200, 1), [FINDS], data=LEARNT)
    test = learnable(200, 2).with_columns(case=pl.format("t{}", pl.int_range(200)))
    seal(file, test)
    with pytest.raises(BadInput, match="names no column of answers"):
        certify(file, predictions=test)
    rewrite(file, data={"score": "noise"})
