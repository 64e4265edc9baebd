"""What can be known without opening a set fails before it is opened, or sealed."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.tables import FINDS, LEARNT, SPARES, learnable, rewrite, write_product
from tests.vaults import looks, sets
from tests.workflow.test_unseen import measured, opened

from roadworthy.core.errors import BadInput
from roadworthy.workflow.certify import certify
from roadworthy.workflow.seal import seal
from roadworthy.workflow.train import train

SCORE = pl.col("score")


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (SCORE * 100, "scores are not numbers from 0 to 1"),
        (SCORE.cast(pl.String), "holds String, and numbers are needed"),
        (pl.when(SCORE > 0.2).then(SCORE), "scores are not numbers from 0 to 1"),
    ],
)
def test_scores_that_no_look_could_use_are_not_sealed(
    tmp_path: Path, score: pl.Expr, told: str
) -> None:
    file = opened(tmp_path)
    with pytest.raises(BadInput, match=told):
        seal(file, measured(400, 5, "t").with_columns(score=score))
    assert not sets(file)


def test_a_column_that_waits_for_answers_is_sealed(tmp_path: Path) -> None:
    file, test = opened(tmp_path), measured(400, 5, "t")
    seal(file, test.with_columns(score=pl.lit(None, dtype=pl.Float64)), looks=2)
    assert certify(file, predictions=test.select("case", "score")).population.cases == 400


def learning(folder: Path, **data: object) -> Path:
    raw = learnable(300, 1).with_columns(set=pl.Series(["train", "validation"] * 150))
    split = {"split": {"column": "set"}}
    data = {**LEARNT, **split, **data}
    return write_product(folder, raw, [FINDS, SPARES], data=data, models=["logistic"])


def fresh() -> pl.DataFrame:
    return learnable(300, 2).with_columns(case=pl.format("t{}", pl.int_range(300)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (pl.col("size").cast(pl.String), "'size' holds String here and Float64"),
        (pl.lit(0.5).alias("shape"), "'shape' holds Float64 here and String"),
    ],
)
def test_features_of_another_kind_are_not_sealed(
    tmp_path: Path, change: pl.Expr, told: str
) -> None:
    file = learning(tmp_path)
    with pytest.raises(BadInput, match=told):
        seal(file, fresh().with_columns(change))
    codes = fresh().with_columns(pl.lit(3).alias("shape"))
    assert seal(file, codes).set.cases == 300, "codes are categories too"


def test_a_table_that_lacks_a_feature_is_not_sealed_unless_nothing_reads_it(
    tmp_path: Path,
) -> None:
    file = learning(tmp_path)
    with pytest.raises(BadInput, match="'noise' is not in the table"):
        seal(file, fresh().drop("noise"))
    rewrite(file, data={"features": ["size", "shape"]})
    assert seal(file, fresh().drop("noise")).set.cases == 300


def test_a_model_that_reads_what_the_sealed_cases_lack_opens_nothing(tmp_path: Path) -> None:
    file = learning(tmp_path, features=["size", "shape"])
    seal(file, fresh().drop("noise"))
    rewrite(file, data={"features": ["size", "shape", "noise"]})
    train(file)
    with pytest.raises(BadInput, match="reads 'noise', and the sealed set") as told:
        certify(file)
    assert told.value.code == "missing_column" and not looks(file)
