"""A case has the same hash wherever it was read from, and another as soon as anything differs."""

from __future__ import annotations

import datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.io.items import item_hashes


def hashes(frame: pl.DataFrame, *names: str) -> list[bytes]:
    return [row.tobytes() for row in item_hashes(frame, names or frame.columns)]


def one(**values: object) -> bytes:
    (found,) = hashes(pl.DataFrame({name: [value] for name, value in values.items()}))
    return found


def test_the_hash_is_what_its_recipe_says() -> None:
    """An oracle, byte by byte: names, then kind, length and bytes of every value by name."""
    frame = pl.DataFrame({"b": ["é"], "a": [1.5], "c": [None], "d": [True]})
    frame = frame.with_columns(pl.col("c").cast(pl.String))
    names = b"roadworthy item 1\x001:a1:b1:c1:d"
    number = b"\x01" + (8).to_bytes(4, "little") + np.float64(1.5).tobytes()
    text = b"\x02" + (2).to_bytes(4, "little") + "é".encode()
    nothing = b"\x00" + (0).to_bytes(4, "little")
    truth = b"\x03" + (1).to_bytes(4, "little") + b"\x01"
    inner = sha256(names)
    inner.update(number + text + nothing + truth)
    # a null text holds no bytes
    assert hashes(frame) == [inner.digest()]


CELLS = st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["", "a", "ab", "1"]))


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12))
def test_rows_have_equal_hashes_exactly_when_they_are_equal(
    rows: list[tuple[str | None, str | None]],
) -> None:
    frame = pl.DataFrame(rows, schema={"x": pl.String, "y": pl.String}, orient="row")
    found = hashes(frame)
    for i, left in enumerate(rows):
        for j, right in enumerate(rows):
            assert (found[i] == found[j]) is (left == right)


@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_numbers_have_equal_hashes_exactly_when_they_are_equal(values: list[float]) -> None:
    found = hashes(pl.DataFrame({"x": values}, schema={"x": pl.Float64}))
    for i, left in enumerate(values):
        for j, right in enumerate(values):
            same = left == right or (left != left and right != right)
            assert (found[i] == found[j]) is same


def test_widths_and_files_do_not_matter(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "case": ["a", "b", None],
            "n": [1, None, -7],
            "x": [0.5, 2.0, None],
            "day": [datetime.date(2026, 1, 2), None, datetime.date(1969, 12, 31)],
        }
    )
    narrow = frame.with_columns(pl.col("n").cast(pl.Int8), pl.col("x").cast(pl.Float32))
    as_float = frame.with_columns(pl.col("n").cast(pl.Float64))
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    read = [pl.read_csv(tmp_path / "t.csv"), pl.read_parquet(tmp_path / "t.parquet")]
    for other in (narrow, as_float, *read, frame.select(frame.columns[::-1])):
        assert hashes(other) == hashes(frame)


def test_kinds_are_told_apart() -> None:
    assert len({one(x=1), one(x="1"), one(x=True), one(x=2), one(y=1), one(x=1.5)}) == 6
    assert one(x=1) == one(x=1.0)
    assert one(x=0.0) == one(x=-0.0)


@pytest.mark.parametrize("large", [2**53 + 1, 2**63 - 1, -(2**63)])
def test_whole_numbers_beyond_a_float_are_told_apart(large: int) -> None:
    assert one(x=large) != one(x=large + (1 if large < 0 else -1))


def test_unsigned_numbers_and_lists_and_categories_have_hashes() -> None:
    assert one(x=2**64 - 1) != one(x=2**64 - 2)
    assert one(x=[1, 2]) != one(x=[1, 3])
    words = pl.Series("x", ["a", "b"])
    assert hashes(words.cast(pl.Categorical).to_frame()) == hashes(words.to_frame())


def test_only_the_named_columns_count() -> None:
    frame = pl.DataFrame({"case": ["a", "b"], "x": [1, 1]})
    first, second = hashes(frame, "x")
    assert first == second
    assert len(set(hashes(frame))) == 2


def test_a_key_makes_other_hashes() -> None:
    frame = pl.DataFrame({"x": [1]})
    assert (item_hashes(frame, ["x"], b"k") != item_hashes(frame, ["x"])).any()


def test_long_tables_are_hashed_row_by_row_like_short_ones() -> None:
    rows = (1 << 17) + 3
    frame = pl.DataFrame({"x": np.arange(rows), "w": [f"{'z' * (i % 5)}{i}" for i in range(rows)]})
    found = item_hashes(frame, frame.columns)
    assert found.shape == (rows, 32)
    assert (found[-5:] == item_hashes(frame.tail(5), frame.columns)).all()


def test_no_rows_have_no_hashes() -> None:
    assert item_hashes(pl.DataFrame({"x": []}, schema={"x": pl.String}), ["x"]).shape == (0, 32)
