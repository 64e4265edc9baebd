"""Tables are read whole and as they were written, or refused with what to do."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Data, Product
from roadworthy.io.tables import collect, from_frame, require_columns, scan_cases, scan_table


def product(folder: Path, *cases: str, **meaning: Any) -> Product:
    data = Data(cases=cases, **{"truth": "y", **meaning})
    return Product("p", data, (), file=folder / "product.yaml")


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows(frame: pl.LazyFrame) -> list[tuple[Any, ...]]:
    return frame.collect().rows()


def test_csv_and_parquet_say_the_same(tmp_path: Path) -> None:
    frame = pl.DataFrame({"y": [1, 0, None], "s": [0.5, 1.0, 0.25], "t": ["a", None, "ä, b"]})
    frame.write_csv(tmp_path / "c.csv")
    frame.write_parquet(tmp_path / "c.PARQUET")
    for name in ("c.csv", "c.PARQUET"):
        assert_frame_equal(scan_cases(product(tmp_path, name)).collect(), frame)


def test_an_empty_field_is_missing_also_between_quotes(tmp_path: Path) -> None:
    write(tmp_path / "c.csv", 'y,t\n1,""\n0,\n1,x\n')
    assert rows(scan_table(tmp_path / "c.csv")) == [(1, None), (0, None), (1, "x")]


def test_ids_and_units_of_a_csv_file_keep_their_zeros(tmp_path: Path) -> None:
    write(tmp_path / "c.csv", "case,patient,y\n007,01,1\n7,1,0\n")
    found = scan_cases(product(tmp_path, "c.csv", id="case", unit="patient"))
    assert rows(found) == [("007", "01", 1), ("7", "1", 0)]


def test_a_letter_after_many_numbers_makes_the_whole_column_text(tmp_path: Path) -> None:
    many = "".join(f"{number},1\n" for number in range(20_000))
    write(tmp_path / "c.csv", f"code,y\n{many}7A,0\n")
    found = scan_table(tmp_path / "c.csv").collect()
    assert found["code"].dtype == pl.String
    assert found["code"][-1] == "7A"


def test_globs_are_sorted_and_no_file_is_read_twice(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        write(tmp_path / "d" / f"{name}.csv", f"y,n\n1,{name}\n")
    found = scan_cases(product(tmp_path, "d/*.csv", "d/a.csv", "**/c.csv"))
    assert rows(found) == [(1, "a"), (1, "b"), (1, "c")]


def test_a_name_with_brackets_is_a_name_when_there_is_such_a_file(tmp_path: Path) -> None:
    write(tmp_path / "c[1].csv", "y\n1\n")
    assert rows(scan_cases(product(tmp_path, "c[1].csv"))) == [(1,)]


def test_files_may_order_their_columns_differently(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", "y,x\n1,2\n")
    write(tmp_path / "2.csv", "x,y\n3,0\n")
    assert rows(scan_cases(product(tmp_path, "*.csv"))) == [(1, 2), (0, 3)]


@pytest.mark.parametrize(
    ("one", "other", "kind", "values"),
    [
        ("007", "7A", pl.String, ["007", "7A"]),
        ("1", "0.5", pl.Float64, [1.0, 0.5]),
        ("1", "", pl.Int64, [1, None]),
        ("", "x", pl.String, [None, "x"]),
        ("true", "", pl.Boolean, [True, None]),
        ("true", "1", pl.String, ["true", "1"]),
    ],
)
def test_a_column_that_looks_different_from_file_to_file_gets_one_type(
    tmp_path: Path, one: str, other: str, kind: Any, values: list[object]
) -> None:
    write(tmp_path / "1.csv", f"y,x\n1,{one}\n")
    write(tmp_path / "2.csv", f"y,x\n1,{other}\n")
    found = scan_cases(product(tmp_path, "*.csv")).collect()["x"]
    assert (found.dtype, found.to_list()) == (kind, values)


def test_numbers_of_different_width_fit_together_and_text_does_not(tmp_path: Path) -> None:
    for name, kind in (("1", pl.Int32), ("2", pl.Int64)):
        pl.DataFrame({"y": [1]}, schema={"y": kind}).write_parquet(tmp_path / f"{name}.parquet")
    assert rows(scan_cases(product(tmp_path, "*.parquet"))) == [(1,), (1,)]
    pl.DataFrame({"y": ["1"]}).write_parquet(tmp_path / "3.parquet")
    with pytest.raises(BadInput, match=r"3\.parquet: The column 'y' is Int32 in '1\.parquet'"):
        scan_cases(product(tmp_path, "*.parquet"))


def broken_parquet(cut: int) -> bytes:
    import io

    held = io.BytesIO()
    pl.DataFrame({"y": list(range(1000))}).write_parquet(held)
    return held.getvalue()[:cut]


# name, content, where, what is said, what to do
BROKEN: list[tuple[str, str | bytes, str, str, str]] = [
    ("c.txt", "y\n1\n", "c.txt", "neither .csv nor .parquet but '.txt'", "Convert"),
    ("c.csv", "", "c.csv", "is empty", "Write a header"),
    ("c.csv", "y,x\n", "c.csv", "no rows", "with cases"),
    ("c.csv", "y,y\n1,2\n", "c.csv", "two columns 'y'", "Rename"),
    ("c.csv", ",y\n1,2\n", "c.csv", "no name for column 1", "index=False"),
    ("c.csv", "y,@id\n1,2\n", "c.csv", "'@id' is reserved", "no leading @"),
    ("c.csv", "y;x\n1;2\n", "c.csv", "semicolons", "commas"),
    ("c.csv", "y,x\n1,2\n1\n1,3\n", "c.csv:3", "1 fields, and the header has 2", "cut off"),
    ("c.csv", "y,x\n1,2\n1,2,3\n", "c.csv:3", "3 fields, and the header has 2", "quotes"),
    ("c.csv", "y,x,z\n1,2,3\n1,2", "c.csv:3", "2 fields, and the header has 3", "cut off"),
    ("c.csv", 'y,x\n1,"2\n3,4\n', "c.csv", "opens a quote that it never closes", "Close"),
    ("c.csv", b"y,\xe4\n1,2\n", "c.csv", "UTF-8", "Save"),
    (
        "c.csv",
        b"y,x\n" + b"1,a\n" * 9999 + b"1,\xe4\n",
        "c.csv",
        "cannot be read",
        "Write it again",
    ),
    ("c.parquet", b"", "c.parquet", "cannot be read", "cut off"),
    ("c.parquet", b"PAR1 nonsense", "c.parquet", "cannot be read", "cut off"),
    ("c.parquet", broken_parquet(300), "c.parquet", "cannot be read", "cut off"),
]


@pytest.mark.parametrize(("name", "content", "where", "says", "then"), BROKEN)
def test_a_broken_file_is_named(
    tmp_path: Path, name: str, content: str | bytes, where: str, says: str, then: str
) -> None:
    write(tmp_path / name, content)
    with pytest.raises(BadInput) as caught:
        collect(scan_cases(product(tmp_path, name)), name)
    assert caught.value.where == where
    assert says in caught.value.message
    assert then in caught.value.next_step


def test_damage_inside_a_parquet_file_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    whole = bytearray(broken_parquet(1_000_000))
    whole[10:60] = b"\xff" * 50
    write(path, bytes(whole))
    with pytest.raises(BadInput, match=r"c\.parquet"):
        collect(scan_table(path), path.name)


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path / "cases.csv", "y\n1\n")
    with pytest.raises(BadInput, match=r"case\.csv' does not exist.*Did you mean `cases\.csv`"):
        scan_cases(product(tmp_path, "case.csv"))
    with pytest.raises(BadInput, match=r"No file matches '\*\.parquet'"):
        scan_cases(product(tmp_path, "*.parquet"))
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(BadInput, match="is a folder"):
        scan_cases(product(tmp_path, "d.csv"))


def test_files_with_different_columns_or_kinds_do_not_fit_together(tmp_path: Path) -> None:
    write(tmp_path / "1.csv", "y,x\n1,2\n")
    write(tmp_path / "2.csv", "y,z\n1,2\n")
    with pytest.raises(BadInput, match=r"'1\.csv' has a column 'x', and '2\.csv' does not"):
        scan_cases(product(tmp_path, "*.csv"))
    pl.DataFrame({"y": [1], "x": [2]}).write_parquet(tmp_path / "3.parquet")
    with pytest.raises(BadInput, match="in CSV and in Parquet"):
        scan_cases(product(tmp_path, "1.csv", "3.parquet"))


def test_a_missing_column_names_the_nearest(tmp_path: Path) -> None:
    frame = pl.DataFrame({"vendor": ["A"], "age": [1]})
    require_columns(frame, ["age", "vendor"], "product.yaml:7")
    with pytest.raises(BadInput) as caught:
        require_columns(frame.lazy(), ["age", "vender"], "product.yaml:7")
    assert (caught.value.where, caught.value.value) == ("product.yaml:7", "vender")
    assert caught.value.next_step == "Did you mean `vendor`?"


FRAME = {"y": [1, 0], "s": [0.5, None], "t": ["a", None]}


@pytest.mark.parametrize(
    "handed", [pl.DataFrame(FRAME), pl.LazyFrame(FRAME), pd.DataFrame(FRAME, index=[5, 5])]
)
def test_frames_can_be_handed_over(handed: object) -> None:
    assert_frame_equal(from_frame(handed).collect(), pl.DataFrame(FRAME))


def test_pandas_frames_are_read_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("pyarrow")

    monkeypatch.setattr(pl, "from_pandas", missing)
    frame = pd.DataFrame({**FRAME, "b": [True, False], "c": pd.Categorical(["u", "v"])})
    found = from_frame(frame).collect()
    expected = pl.DataFrame({**FRAME, "b": [True, False], "c": ["u", "v"]})
    assert_frame_equal(found, expected)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: [1, 2], "A list is not a table"),
        (lambda: pl.DataFrame({"y": []}), "no rows"),
        (lambda: pl.DataFrame(), "no rows"),
        (lambda: pl.DataFrame({"@id": [1]}), "'@id' is reserved"),
        (lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' is used twice"),
        (lambda: pd.DataFrame([[1, 2]]), "0 is not text"),
        (lambda: pl.LazyFrame({"a": [1]}).select("b"), "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        from_frame(make())
    assert caught.value.next_step


def test_reading_a_table_does_not_import_pandas(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = builtins.__import__

    def watched(name: str, *rest: Any, **named: Any) -> Any:
        assert name.split(".")[0] != "pandas"
        return real(name, *rest, **named)

    write(tmp_path / "c.csv", "y\n1\n")
    monkeypatch.setattr(builtins, "__import__", watched)
    assert rows(scan_table(tmp_path / "c.csv")) == [(1,)]
    assert rows(from_frame(pl.DataFrame({"y": [1]}))) == [(1,)]


def test_a_copy_of_a_file_does_not_count_its_cases_twice(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write(tmp_path / name, "y,s\n1,0.9\n0,0.1\n")
    with pytest.raises(BadInput) as told:
        scan_cases(product(tmp_path, "*.csv"))
    assert told.value.code == "same_file"
