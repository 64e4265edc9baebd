"""The table of decisions is written whole or not at all, and says what it is about."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from roadworthy.core.errors import BadInput
from roadworthy.io.decisions_file import require_writable, write_decisions

TABLE = pl.DataFrame(
    {"id": ["a", "b"], "route": ["refer", "clear"], "scope_reasons": [["X:a", "Y:b"], []]}
)


def test_parquet_keeps_the_records_and_what_they_are_about(tmp_path: Path) -> None:
    out = tmp_path / "decisions.parquet"
    write_decisions(TABLE, out, {"roadworthy.product": "triage"})
    assert pl.read_parquet(out).equals(TABLE)
    assert pl.read_parquet_metadata(out)["roadworthy.product"] == "triage"


def test_csv_parts_reasons_by_blanks(tmp_path: Path) -> None:
    out = tmp_path / "decisions.csv"
    write_decisions(TABLE, out, {})
    assert out.read_text() == "id,route,scope_reasons\na,refer,X:a Y:b\nb,clear,\n"


def test_what_stood_there_stays_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "decisions.csv"
    out.write_text("yesterday's")

    def full(self: pl.DataFrame, file: str) -> None:
        Path(file).write_text("half of")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", full)
    with pytest.raises(BadInput) as told:
        write_decisions(TABLE, out, {})
    assert "cannot be written: No space left on device" in str(told.value)
    assert out.read_text() == "yesterday's"
    assert [path.name for path in tmp_path.iterdir()] == ["decisions.csv"]


def test_an_earlier_file_is_replaced_and_keeps_its_rights(tmp_path: Path) -> None:
    out = tmp_path / "decisions.csv"
    out.write_text("yesterday's")
    out.chmod(0o640)
    write_decisions(TABLE, out, {})
    assert out.read_text().startswith("id,route")
    assert out.stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_read_is_not_replaced(tmp_path: Path) -> None:
    cases = tmp_path / "cases.csv"
    cases.write_text("id\na\n")
    link = tmp_path / "link.csv"
    link.symlink_to(cases)
    with pytest.raises(BadInput, match="is read here"):
        require_writable(link, (cases,))
    require_writable(tmp_path / "decisions.parquet", (cases,))
