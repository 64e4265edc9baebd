"""`renewal:` in product.yaml: days, shares, and a day that is one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.tables import simulated, write_product

from roadworthy.core.errors import BadInput
from roadworthy.core.renewal import Renewal
from roadworthy.io.product_yaml import load_product


def read(folder: Path, **renewal: Any) -> Renewal:
    return load_product(write_product(folder, simulated(10, 1), renewal=renewal)).renewal


def test_what_is_not_written_has_a_default(tmp_path: Path) -> None:
    file = write_product(tmp_path, simulated(10, 1))
    assert load_product(file).renewal == Renewal(None, None, 0.05, 0.10)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, fresh_for=365, made="2026-03-31", new_kind=0.02, moved_by=0.2)
    assert found == Renewal(365, date(2026, 3, 31), 0.02, 0.2)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("fresh_for", 0),
        ("fresh_for", "a year"),
        ("made", "31.3.2026"),
        ("new_kind", 1.0),
        ("new_kind", -0.1),
        ("moved_by", 5),
        ("fresh", 365),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(tmp_path: Path, word: str, value: Any) -> None:
    with pytest.raises(BadInput, match=word):
        read(tmp_path, **{word: value})
