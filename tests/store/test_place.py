"""Where the store is: the shell says, or product.yaml, or it is in the workspace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from roadworthy.core.product import Data, Product, Store
from roadworthy.store.place import Place, store_of

PRODUCT = Product("x", Data(("cases.csv",)), (), file=Path("/team/product.yaml"))
OWN = Path("/team/.roadworthy")
ADDRESS = "postgresql+psycopg://ann@db/store"


@pytest.mark.parametrize(
    ("declared", "environ", "expected"),
    [
        (None, {}, Place(OWN / "store.db", OWN / "artifacts")),
        (Store(ADDRESS), {}, Place(ADDRESS, OWN / "artifacts")),
        (Store(ADDRESS, "/srv/files"), {}, Place(ADDRESS, Path("/srv/files"))),
        (Store(None, "files"), {}, Place(OWN / "store.db", Path("/team/files"))),
        (Store("sqlite:///kept/a.db"), {}, Place(Path("/team/kept/a.db"), OWN / "artifacts")),
        (Store("sqlite:////srv/a.db"), {}, Place(Path("/srv/a.db"), OWN / "artifacts")),
        (Store("sqlite:///a.db"), {"ROADWORTHY_STORE": ADDRESS}, Place(ADDRESS, OWN / "artifacts")),
        (
            Store(ADDRESS, "files"),
            {"ROADWORTHY_ARTIFACTS": "/mnt/files"},
            Place(ADDRESS, Path("/mnt/files")),
        ),
        (None, {"ROADWORTHY_STORE": ""}, Place(OWN / "store.db", OWN / "artifacts")),
    ],
)
def test_the_shell_comes_first_then_the_file_then_the_workspace(
    declared: Store | None, environ: dict[str, str], expected: Place
) -> None:
    assert store_of(replace(PRODUCT, store=declared), environ) == expected


def test_a_file_that_is_not_read_has_what_the_shell_says() -> None:
    found = store_of(Path("/team/product.yaml"), {"ROADWORTHY_STORE": ADDRESS})
    assert found == Place(ADDRESS, OWN / "artifacts")
