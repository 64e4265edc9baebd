"""A sample of rows is the same whatever their order, and every row may be in it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.io import case_names
from roadworthy.workflow.sample import Sample


def drawn(frame: pl.DataFrame, most: int, size: int) -> list[int]:
    sample = Sample(most)
    for batch in frame.iter_slices(size):
        sample.see(batch, case_names.plain(batch["id"]))
    return sample.rows()["id"].to_list()


@given(st.permutations(range(60)), st.integers(1, 70), st.integers(1, 60))
def test_order_and_batches_do_not_matter(rows: list[int], most: int, size: int) -> None:
    frame = pl.DataFrame({"id": range(60)})
    found = drawn(frame[rows], most, size)
    assert found == drawn(frame, most, 60)
    assert len(set(found)) == len(found) == min(most, 60)


def test_it_is_as_a_random_one_would_be() -> None:
    """Means of a value that follows the ids scatter as those of random samples do."""
    ids = pl.DataFrame({"id": range(100_000)})
    means = [np.mean(drawn(ids[i : i + 10_000], 400, 3_000)) - i for i in range(0, 100_000, 10_000)]
    scatter = 10_000 / np.sqrt(12 * 400)
    assert np.mean(means) == pytest.approx(4_999.5, abs=3 * scatter / np.sqrt(10))
    assert np.std(means) < 2 * scatter
