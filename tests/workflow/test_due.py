"""renew --due asks what can be asked, says what cannot, and never demands without a reason."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.cli.terminal import roadworthy
from tests.tables import SCORED, simulated, write_product

from roadworthy.core.errors import BadInput
from roadworthy.core.successor import Due, Ground
from roadworthy.workflow.certify import certify
from roadworthy.workflow.due import due

TODAY = date(2026, 11, 25)
SCOPE = [{"field": "site", "in": ["north", "south"]}, {"field": "age", "between": [20, 90]}]
OLD = simulated(600, 1)


def traffic(n: int = 800, seed: int = 2, older: int = 0, west: float = 0.0) -> pl.DataFrame:
    """Recent cases without labels."""
    rng = np.random.default_rng(seed)
    sites = rng.choice(["north", "south", "west"], n, p=[0.5, 0.5 - west, west])
    return pl.DataFrame({"site": sites, "age": rng.integers(20 + older, 90 + older, n)})


def grounds(found: Due) -> list[Ground]:
    return [reason.ground for reason in found.reasons]


def product(folder: Path, **others: Any) -> Path:
    return write_product(folder, OLD, **{"scope": SCOPE, **others})


def test_where_nothing_is_known_nothing_is_claimed(tmp_path: Path) -> None:
    found = due(product(tmp_path), today=TODAY)
    assert (found.reasons, found.asked) == ((), ())
    assert len(found.not_asked) == 4
    assert found.exit_code == 3


def test_the_same_world_demands_nothing(tmp_path: Path) -> None:
    found = due(product(tmp_path), OLD, traffic(), today=TODAY)
    assert grounds(found) == []
    assert found.exit_code == 0


@pytest.mark.parametrize(("column", "gap"), [("age", None), ("age", float("nan")), ("site", None)])
def test_values_that_go_missing_are_a_new_kind(
    tmp_path: Path, column: str, gap: float | None
) -> None:
    every_tenth = pl.int_range(pl.len()) % 10 == 0
    recent = traffic().with_columns(pl.col("age").cast(pl.Float64))
    recent = recent.with_columns(
        pl.when(every_tenth).then(pl.lit(gap)).otherwise(column).alias(column)
        if column == "age"
        else pl.when(~every_tenth).then(column).alias(column)
    )
    found = due(product(tmp_path), OLD, recent, today=TODAY)
    assert Ground.KIND in grounds(found)
    assert f"{column} missing" in found.reasons[0].told


def test_a_new_kind_of_case_demands_a_successor(tmp_path: Path) -> None:
    found = due(product(tmp_path), OLD, traffic(west=0.08), today=TODAY)
    assert grounds(found) == [Ground.KIND]
    assert "site west is" in found.reasons[0].told


def test_a_moved_world_demands_one(tmp_path: Path) -> None:
    found = due(product(tmp_path), OLD, traffic(older=12), today=TODAY)
    assert grounds(found) == [Ground.MOVED]
    assert "age" in found.reasons[0].told


def test_age_comes_from_the_file_or_the_command(tmp_path: Path) -> None:
    file = product(tmp_path, renewal={"fresh_for": 100, "made": "2026-01-01"})
    assert grounds(due(file, today=TODAY)) == [Ground.AGE]
    assert grounds(due(file, made="2026-11-01", today=TODAY)) == []
    with pytest.raises(BadInput, match="no day"):
        due(file, made="soon")


def test_a_scope_that_lets_in_what_the_set_lacks(tmp_path: Path) -> None:
    file = product(tmp_path, scope=[{"field": "site", "in": ["north", "south", "west"]}])
    assert grounds(due(file, OLD, today=TODAY)) == [Ground.SCOPE]


def test_a_scope_that_left_the_whole_set_behind(tmp_path: Path) -> None:
    file = product(tmp_path, scope=[{"field": "age", "between": [100, 120]}])
    assert grounds(due(file, OLD, today=TODAY)) == [Ground.SCOPE]


def test_a_spent_look_demands_one(tmp_path: Path) -> None:
    split = {"validation": 0.5, "sealed": 0.5}
    file = write_product(tmp_path, OLD, data={**SCORED, "split": split})
    before = due(file, today=TODAY)
    assert "budget" in before.asked and not before.reasons
    certify(file)
    assert grounds(due(file, today=TODAY)) == [Ground.BUDGET]


def test_one_patient_seen_often_moves_no_world(tmp_path: Path) -> None:
    data = {**SCORED, "unit": "patient"}
    old = OLD.with_columns(patient=pl.col("case"))
    file = write_product(tmp_path, old, data=data, scope=SCOPE)
    many = pl.concat([traffic(200), *[traffic(1, older=12)] * 200])
    many = many.with_columns(
        patient=pl.when(pl.int_range(pl.len()) < 200)
        .then(pl.int_range(pl.len()).cast(pl.String))
        .otherwise(pl.lit("one"))
    )
    assert grounds(due(file, old, many, today=TODAY)) == []


def test_traffic_without_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no column 'age'"):
        due(product(tmp_path), OLD, traffic().drop("age"), today=TODAY)


def test_the_command_gives_reasons_and_an_exit_code(tmp_path: Path) -> None:
    file = product(tmp_path)
    OLD.write_csv(tmp_path / "old.csv")
    traffic(west=0.2).write_csv(tmp_path / "recent.csv")
    words = ("--old", str(tmp_path / "old.csv"), "--traffic", str(tmp_path / "recent.csv"))
    ran = roadworthy("renew", str(file), "--due", *words)
    assert ran.code == 1
    assert "NEW_KIND: site west" in ran.out
    told = roadworthy("renew", str(file), "--due", *words, "--json")
    assert told.json["due"] is True
