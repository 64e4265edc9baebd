"""`roadworthy seal` and `vault status`: said plainly, to people and to programs."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.cli.terminal import roadworthy
from tests.tables import FINDS, SCORED, simulated, write_product


@pytest.fixture
def file(tmp_path: Path) -> Path:
    data = {**SCORED, "split": {"validation": 0.5, "sealed": 0.5, "seed": 1}}
    return write_product(tmp_path, simulated(400, 1, 0.8), [FINDS], data=data)


def test_sealing_says_what_it_can_and_cannot_stop_and_where_the_rows_are(file: Path) -> None:
    told = roadworthy("seal", "--product", file, "--looks", 3, "--labels", "two readers")
    assert told.code == 0
    assert "200 cases sealed as" in told.out and "3 looks, each at alpha/3" in told.out
    assert "whoever holds both the key and the disk" in told.out
    assert "still stand in the product's own table" in told.out
    assert "two readers" in told.out and "Not said" in told.out


def test_a_table_is_sealed_and_taken_out_is_told_how(file: Path, tmp_path: Path) -> None:
    taken = roadworthy("seal", "--product", file, "--take-out")
    assert "data: {cases: cases.open.parquet, split: split}" in taken.out
    test = simulated(100, 5).with_columns(case=pl.format("t{}", pl.int_range(100)))
    test.write_csv(tmp_path / "test.csv")
    found = roadworthy("seal", tmp_path / "test.csv", "--product", file, "--json")
    assert found.code == 0 and found.json["cases"] == 100
    assert len(found.json["merkle_root"]) == 64 and found.json["state"] == "SEALED"


def test_the_status_names_every_look_and_its_answer(file: Path) -> None:
    assert "0 sealed sets" in roadworthy("vault", "status", file).out
    roadworthy("seal", "--product", file, "--looks", 2)
    assert roadworthy("certify", file).code == 3
    told = roadworthy("vault", "status", file)
    assert "1 sealed set, 1 look left" in told.out
    assert "IN USE" in told.out and "NOT YET" in told.out and "column score" in told.out
    (one,) = roadworthy("vault", "status", file, "--json").json["sets"]
    assert one["state"] == "IN USE" and one["looks"][0]["answer"] == "NOT YET"
    assert one["age_days"] == 0
    roadworthy("certify", file, "--reveal", "numbers")
    assert "is retired: look 2 showed its numbers" in roadworthy("vault", "status", file).out


def test_a_refused_seal_ends_with_4_and_an_unknown_reveal_with_2(file: Path) -> None:
    assert roadworthy("seal", "--product", file).code == 0
    ended = roadworthy("seal", "--product", file, "--json")
    assert (ended.code, ended.json["error"]["code"]) == (4, "sealed_before")
    assert roadworthy("certify", file, "--reveal", "all").code == 2
