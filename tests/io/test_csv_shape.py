"""Every row of a CSV file has as many fields as the header, whatever its size."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadworthy.core.errors import BadInput
from roadworthy.io import csv_shape
from roadworthy.io.csv_shape import check_csv

FIELDS = st.text(alphabet='ab,"\n\r ', max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    table=st.lists(st.lists(FIELDS, min_size=3, max_size=3), max_size=8),
    ends=st.sampled_from(["\n", "\r\n"]),
    block=st.integers(min_value=1, max_value=40),
    bad=st.none() | st.tuples(st.integers(0, 7), st.sampled_from([2, 4])),
)
def test_the_first_row_with_another_number_of_fields_is_found_however_the_file_is_read(
    tmp_path: Path,
    table: list[list[str]],
    ends: str,
    block: int,
    bad: tuple[int, int] | None,
) -> None:
    if bad is not None and bad[0] < len(table):
        table[bad[0]] = ["x"] * bad[1]
    held = io.StringIO()
    csv.writer(held, lineterminator=ends).writerows([["a", "b", "c"], *table])
    path = tmp_path / "t.csv"
    path.write_bytes(held.getvalue().encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_shape, "_BLOCK", block)
        if bad is None or bad[0] >= len(table):
            assert check_csv(path) == ("a", "b", "c")
            return
        with pytest.raises(BadInput) as caught:
            check_csv(path)
    assert caught.value.where == f"t.csv:{bad[0] + 2}"
    assert caught.value.value == bad[1]


def test_blank_lines_and_a_missing_last_line_end_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\r\n1,2\r\n\r\n\n3,4")
    assert check_csv(path) == ("a", "b")
