"""`store:` in product.yaml names a database or a folder, and holds no password."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Store
from roadworthy.io.product_yaml import parse_product

REST = """version: 1
product: x
data: {cases: a.csv, truth: t, positive: 1}
requirements: [{metric: sensitivity, at_least: 0.9}]
"""


def read(line: str) -> Store | None:
    return parse_product(f"{REST}{line}\n", Path("product.yaml")).store


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", None),
        ("store: postgresql+psycopg://ann@db:5432/x", Store("postgresql+psycopg://ann@db:5432/x")),
        ("store: postgresql:///x?host=/run", Store("postgresql:///x?host=/run")),
        ("store: sqlite:///kept/a.db", Store("sqlite:///kept/a.db")),
        ("store: {artifacts: /srv/files}", Store(None, "/srv/files")),
        (
            "store: {database: postgresql://db/x, artifacts: files}",
            Store("postgresql://db/x", "files"),
        ),
    ],
)
def test_an_address_or_a_mapping(line: str, expected: Store | None) -> None:
    assert read(line) == expected


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("store: mysql://db/x", "begins with 'mysql'"),
        ("store: store.db", "begins with nothing"),
        ("store: sqlite://", "names no file"),
        ("store: postgresql://db:port/x", "is no address of a database"),
        ("store: 7", "must be a mapping"),
        ("store:", "is empty"),
        ("store: {databse: x}", "Did you mean `database`?"),
        ("store: {artifacts: ''}", "must be text"),
    ],
)
def test_anything_else_is_told_with_its_line(line: str, told: str) -> None:
    with pytest.raises(BadInput, match=r"product\.yaml:5") as caught:
        read(line)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ann:s3cret@db/x",
        "mysql://ann:s3cret@db/x",
        "postgresql://db/x?user=ann&password=s3cret",
    ],
)
def test_a_password_is_refused_and_never_repeated(address: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(f"store: {address}")
    assert caught.value.code == "password_in_file"
    assert "s3cret" not in str(caught.value) and "s3cret" not in str(caught.value.value)
