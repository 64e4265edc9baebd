"""The fingerprint of a table depends on what its cases say, and on nothing else."""

from __future__ import annotations

import struct
import subprocess
import sys
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.io.fingerprint import fingerprint

FRAME = pl.DataFrame(
    {
        "id": ["b", "a", "c"],
        "n": [1, None, 3],
        "x": [0.5, -0.0, float("nan")],
        "t": ["", None, "ä"],
        "f": [True, None, False],
        "d": [date(2024, 1, 2), None, date(1969, 1, 1)],
        "m": [datetime(2024, 1, 2, 3, tzinfo=UTC), None, None],
    }
)
KNOWN = "51d93e346b9af133cdd0792ec9782cc3de12db6536fb555e2e73849319b6f059"


def test_it_is_the_same_on_every_day_and_machine() -> None:
    assert fingerprint(FRAME, "id") == KNOWN
    code = (
        "import polars as pl; from roadworthy.io.fingerprint import fingerprint as f;"
        "print(f(pl.DataFrame({'id': ['x', 'y'], 'v': [1, 2]}), 'id'))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert other.stdout.strip() == fingerprint(pl.DataFrame({"id": ["x", "y"], "v": [1, 2]}), "id")


def test_it_is_the_hash_of_the_sorted_columns_written_out_by_hand() -> None:
    frame = pl.DataFrame({"n": [1, None], "id": ["b", "aa"]})
    ids = b"\x002:id:text\x00" + bytes([0b0]) + struct.pack("<2q", 2, 1) + b"aab"
    numbers = b"\x001:n:whole\x00" + bytes([0b10000000]) + struct.pack("<2q", 0, 1)
    assert fingerprint(frame, "id") == sha256(b"2 rows" + ids + numbers).hexdigest()


@given(st.permutations(range(3)), st.permutations(FRAME.columns), st.sampled_from([None, "id"]))
def test_the_order_of_rows_and_columns_does_not_matter(
    rows: list[int], names: list[str], id: str | None
) -> None:
    assert fingerprint(FRAME[rows].select(names), id) == fingerprint(FRAME, id)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pl.Series([1, 2], dtype=pl.Int8), pl.Series([1, 2], dtype=pl.Int64)),
        (pl.Series([0.0, 0.5], dtype=pl.Float32), pl.Series([-0.0, 0.5], dtype=pl.Float64)),
        (pl.Series(["a", "b"]), pl.Series(["a", "b"], dtype=pl.Categorical)),
        (pl.Series(["a", "b"]), pl.Series(["a", "b"], dtype=pl.Enum(["b", "a"]))),
        (
            pl.Series([datetime(2024, 1, 1)], dtype=pl.Datetime("ms")),
            pl.Series([datetime(2024, 1, 1)], dtype=pl.Datetime("ns")),
        ),
    ],
)
def test_how_a_value_is_stored_does_not_matter(one: pl.Series, other: pl.Series) -> None:
    assert fingerprint(one.to_frame("v")) == fingerprint(other.to_frame("v"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"v": [1]}, {"v": [2]}),
        ({"v": [1]}, {"w": [1]}),
        ({"v": [1]}, {"v": [1.0]}),
        ({"v": [1]}, {"v": [True]}),
        ({"v": [1]}, {"v": ["1"]}),
        ({"v": [None, 0]}, {"v": [0, 0]}),
        ({"v": ["", "x"]}, {"v": [None, "x"]}),
        ({"v": ["ab", "c"]}, {"v": ["a", "bc"]}),
        ({"v": [1, 1]}, {"v": [1]}),
        ({"v": ["a"], "w": ["bc"]}, {"v": ["ab"], "w": ["c"]}),
        ({"v": [1, 2], "w": [1, 2]}, {"v": [1, 2], "w": [2, 1]}),
        ({"v": [date(2024, 1, 1)]}, {"v": [datetime(2024, 1, 1)]}),
        ({"v": [[1, 2]]}, {"v": [[2, 1]]}),
    ],
)
def test_a_table_that_says_something_else_has_another_fingerprint(
    one: dict[str, list[Any]], other: dict[str, list[Any]]
) -> None:
    assert fingerprint(pl.DataFrame(one)) != fingerprint(pl.DataFrame(other))


def test_an_id_that_is_used_twice_still_gives_one_fingerprint() -> None:
    frame = pl.DataFrame({"id": ["a", "a", "b"], "v": [2, 1, 3]})
    assert fingerprint(frame, "id") == fingerprint(frame[[1, 0, 2]], "id")


def test_large_unsigned_numbers_are_kept_apart() -> None:
    large = [2**64 - 1, 2**63]
    one = pl.DataFrame({"v": large}, schema={"v": pl.UInt64})
    assert fingerprint(one) != fingerprint(one.reverse().with_columns(v=pl.col("v") - 1))
