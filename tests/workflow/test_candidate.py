"""A case is known under another id by what describes it, not by what somebody said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.tables import FINDS, SCORED, SPARES, rewrite, write_product
from tests.vaults import looks, sets
from tests.workflow.test_unseen import measured, opened

from roadworthy.core.errors import Refused
from roadworthy.workflow.certify import certify
from roadworthy.workflow.load import load
from roadworthy.workflow.seal import seal
from roadworthy.workflow.vault import input_columns


def by(folder: Path, raw: pl.DataFrame, **data: Any) -> set[str]:
    file = write_product(folder, raw, [FINDS], data={**SCORED, **data})
    return set(input_columns(load(file), raw))


def test_what_was_said_of_a_case_does_not_describe_it(tmp_path: Path) -> None:
    raw = measured(300, 4, "c").with_columns(
        how=pl.lit("no"), reader=pl.col("ill"), other=pl.col("score")
    )
    calls = {"r": {"column": "reader", "positive": 1, "negative": 0}}
    described = {"site", "age", "size", "other"}
    found = by(tmp_path, raw, label_seen_with_model="how", calls=calls)
    assert found == described


def test_a_name_does_not_describe_a_case_unless_it_is_declared_text(tmp_path: Path) -> None:
    raw = measured(300, 4, "c").with_columns(
        accession=pl.format("A{}", pl.int_range(300)),
        row=pl.int_range(300),
        story=pl.format("patient {} came in", pl.int_range(300)),
    )
    text = {"text": "story"}
    assert by(tmp_path, raw) == {"site", "age", "size"}
    assert by(tmp_path, raw, **text) == {"site", "age", "size", "story"}


def test_where_most_cases_look_alike_the_score_is_the_last_resort(tmp_path: Path) -> None:
    raw = measured(300, 4, "c")
    assert by(tmp_path, raw.select("case", "ill", "score")) == {"score"}
    assert by(tmp_path, raw.select("case", "ill", "score", "site")) == {"score", "site"}


def test_the_same_cases_with_new_ids_scores_and_numbers_are_known_again(tmp_path: Path) -> None:
    file = opened(tmp_path)
    cases = pl.read_parquet(tmp_path / "cases.parquet").with_columns(
        accession=pl.format("O{}", pl.int_range(300))
    )
    cases.write_parquet(tmp_path / "cases.parquet")
    test = measured(400, 5, "t").with_columns(accession=pl.format("T{}", pl.int_range(400)))
    seal(file, test)
    certify(file)
    again = measured(400, 5, "renamed").with_columns(
        score=0.05 + 0.9 * pl.col("ill"), accession=pl.format("N{}", pl.int_range(400))
    )
    with pytest.raises(Refused) as told:
        seal(file, again)
    assert told.value.code == "seal_spent"


def test_a_column_that_open_cases_lack_does_not_hide_their_twins(tmp_path: Path) -> None:
    file = opened(tmp_path)
    copied = pl.read_parquet(tmp_path / "cases.parquet").with_columns(
        case="new-" + pl.col("case"), remark=pl.int_range(300) / 7
    )
    with pytest.raises(Refused) as told:
        seal(file, copied)
    assert told.value.code == "same_inputs"


def test_other_scores_in_the_split_are_not_what_was_sealed(tmp_path: Path) -> None:
    """The sealed scores would be judged, and the answer taken for one on the new ones."""
    data = {**SCORED, "split": {"validation": 0.5, "sealed": 0.5, "seed": 1}}
    file = write_product(tmp_path, measured(600, 4, "c"), [FINDS, SPARES], data=data)
    seal(file)
    raw = pl.read_parquet(tmp_path / "cases.parquet")
    raw.with_columns(pl.col("score") / 2).write_parquet(tmp_path / "cases.parquet")
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "sealed_before" and not looks(file)
    raw.with_columns(remark=pl.lit("x")).write_parquet(tmp_path / "cases.parquet")
    rewrite(file, product="renamed")
    certify(file)
    assert len(sets(file)) == 1, "another column or name changes no case"
