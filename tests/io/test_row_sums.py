"""A fingerprint that adds up over batches says what a table says, and nothing of how it is kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.io import case_names
from roadworthy.io.mixing import hashed, mixed
from roadworthy.io.row_sums import RowSums, rows_fingerprint

FRAME = pl.DataFrame(
    {
        "id": ["b", "a", "c, with a name of more than eight bytes: ä"],
        "n": [1, None, 3],
        "x": [0.5, -0.0, float("nan")],
        "t": ["", None, "ä"],
        "f": [True, None, False],
        "d": [date(2024, 1, 2), None, date(1969, 1, 1)],
    }
)
KNOWN = "7eb2426eea7b09db9d92bac008865a3d3b7c0442dd76a64da9f2cc1b53151129"


def of(frame: pl.DataFrame) -> str:
    return rows_fingerprint([frame], frame.schema)


def test_it_is_the_same_on_every_day_and_machine() -> None:
    assert of(FRAME) == KNOWN


def test_numbers_are_mixed_as_splitmix64_does() -> None:
    """The first outputs of SplitMix64 from seed 0, as its authors' C program prints them."""
    gamma = 0x9E3779B97F4A7C15
    state = np.array([0, gamma, 2 * gamma % 2**64], dtype=np.uint64)
    known = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert mixed(state).tolist() == known


@given(st.permutations(range(3)), st.permutations(FRAME.columns), st.integers(1, 3))
def test_order_and_batches_do_not_matter(rows: list[int], order: list[str], size: int) -> None:
    mixed_up = FRAME[rows].select(order)
    assert rows_fingerprint(mixed_up.iter_slices(size), mixed_up.schema) == of(FRAME)


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
        ({"v": ["a", "a\0"]}, {"v": ["a", "a"]}),
        ({"v": ["12345678", "9"]}, {"v": ["123456789", ""]}),
        ({"v": [1, 1]}, {"v": [1]}),
        ({"v": [1, 1, 2]}, {"v": [1, 2, 2]}),
        ({"v": ["a"], "w": ["bc"]}, {"v": ["ab"], "w": ["c"]}),
        ({"v": [1, 2], "w": [1, 2]}, {"v": [1, 2], "w": [2, 1]}),
        ({"v": [1, 2], "w": [3, 4]}, {"v": [3, 4], "w": [1, 2]}),
        ({"v": [date(2024, 1, 1)]}, {"v": [datetime(2024, 1, 1)]}),
    ],
)
def test_a_table_that_says_something_else_has_another_fingerprint(
    one: dict[str, list[Any]], other: dict[str, list[Any]]
) -> None:
    assert of(pl.DataFrame(one)) != of(pl.DataFrame(other))


@given(st.lists(st.text(max_size=30), min_size=1, max_size=20, unique=True))
def test_texts_are_told_apart_and_hashed_alike_wherever_they_stand(texts: list[str]) -> None:
    together = hashed(pl.Series(texts, dtype=pl.String))
    assert len(set(together.tolist())) == len(texts)
    assert together.tolist() == [int(hashed(pl.Series([one]))[0]) for one in texts]


def test_a_million_ids_have_a_million_names() -> None:
    ids = pl.int_range(1_000_000, eager=True).cast(pl.String)
    plain = case_names.plain(ids)
    both = np.concatenate([case_names.cases(plain), case_names.units(plain)])
    assert len(np.unique(both)) == 2_000_000


def test_few_texts_many_texts_and_known_hashes_make_no_difference() -> None:
    """A column turns from few to many texts on the way, or its hashes are handed in."""
    rng = np.random.default_rng(1)
    few = [f"site {i}" for i in rng.integers(0, 50, 3_000)]
    texts = pl.Series([*few, *(f"case {i}" for i in range(3_000))]).shuffle(2)
    frame = pl.DataFrame({"t": [None, *few, *texts], "n": range(9_001)})
    assert rows_fingerprint(frame.iter_slices(700), frame.schema) == of(frame)
    whole = frame.drop_nulls()
    sums = RowSums(whole.schema)
    sums.see(whole, {"t": hashed(whole["t"])})
    assert sums.hexdigest() == of(whole)
    assert of(whole) != of(whole.with_columns(t=pl.col("t").reverse()))
