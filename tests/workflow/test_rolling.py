"""The next sealed set is a random slice of new cases, whole units, the same for the same key."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.cli.terminal import roadworthy
from tests.tables import FINDS, SCORED, simulated, write_product

from roadworthy.core.errors import BadInput
from roadworthy.store.seen import open_names
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.check import check
from roadworthy.workflow.ledger import show
from roadworthy.workflow.rolling import Drawn, draw_next
from roadworthy.workflow.source import names

OLD = simulated(300, 1)
DATA = {**SCORED, "unit": "patient"}


def new(n: int = 600, seed: int = 2, cases_a_patient: int = 1) -> pl.DataFrame:
    found = simulated(n, seed).with_columns(case=pl.lit("new") + pl.col("case"))
    number = (pl.int_range(pl.len()) // cases_a_patient).cast(pl.String)
    return found.with_columns(patient=pl.lit("p") + number)


OLD_UNITS = OLD.with_columns(patient=pl.col("case"))


@pytest.fixture
def product(tmp_path: Path) -> Path:
    rules = [{**FINDS, "slices": [{"by": "site"}]}]
    return write_product(tmp_path / "product", OLD_UNITS, rules, data=DATA)


def drawn(file: Path, cases: pl.DataFrame, share: float = 0.5) -> Drawn:
    return draw_next(file, OLD_UNITS, cases, share, file.parent / f"renewal-{share}")


def test_every_case_goes_to_one_file_and_the_old_ones_retire(product: Path) -> None:
    found = drawn(product, new())
    sealed, rest = pl.read_parquet(found.sealed), pl.read_parquet(found.development)
    assert sealed.height == 300
    assert set(sealed["case"]) | set(rest["case"]) == set(new()["case"]) | set(OLD["case"])
    assert not set(sealed["case"]) & set(rest["case"])
    assert set(OLD["case"]) <= set(rest["case"])


def test_units_are_never_parted(product: Path) -> None:
    found = drawn(product, new(cases_a_patient=4), 0.3)
    sealed, rest = pl.read_parquet(found.sealed), pl.read_parquet(found.development)
    assert not set(sealed["patient"]) & set(rest["patient"])
    assert found.sealed_cases == sealed.height


def test_shares_are_kept_in_each_kind(product: Path) -> None:
    strata = drawn(product, new(), 0.4).strata
    assert len(strata) == 4
    for _, some, of in strata:
        assert abs(some - 0.4 * of) <= 1


def test_the_same_key_draws_the_same_and_another_draws_others(
    product: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shuffled = new().sample(fraction=1.0, shuffle=True, seed=9)
    # the first draw opens what it does not seal, so each starts from a workspace of its own
    found: list[set[str]] = []
    for key, cases in ((7, new()), (7, shuffled), (8, new())):
        with_own = write_product(
            product.parent.parent / f"p{len(found)}", OLD_UNITS, [FINDS], data=DATA
        )
        monkeypatch.setattr(secrets, "randbits", lambda bits, key=key: key)
        one = draw_next(with_own, OLD_UNITS, cases, 0.5, with_own.parent / "out")
        found.append(set(pl.read_parquet(one.sealed)["case"]))
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_the_key_is_drawn_and_written_down(product: Path) -> None:
    """Whoever draws until it suits leaves every draw in the ledger."""
    out = product.parent / "out"
    one = draw_next(product, OLD_UNITS, new(), 0.5, out)
    (entry,) = (e for e in show(product).entries if e.kind == "next_set_drawn")
    assert (entry.content["key"], entry.content["sealed"]) == (one.key, one.fingerprint)
    note = json.loads((out / "renewal.json").read_text())
    assert note["key"] == one.key
    assert note["fingerprint"] == one.fingerprint
    assert len(note["fingerprint"]) == 64


def test_what_was_not_drawn_is_open_and_what_was_is_not(product: Path) -> None:
    found = drawn(product, new())
    seen = open_names(Workspace.beside(product))
    for file, expected in ((found.sealed, False), (found.development, True)):
        cases = pl.read_parquet(file).select(
            pl.col("case").alias("@id"), pl.col("patient").alias("@unit")
        )
        told = np.isin(names(cases), seen)
        assert told.all() if expected else not told.any()


class TestRefused:
    """A sealed set holds new cases that nobody has looked at."""

    def test_cases_of_the_old_set(self, product: Path) -> None:
        with pytest.raises(BadInput, match="stand in the old and in the fresh"):
            drawn(product, pl.concat([new(), OLD_UNITS[:3]]))

    def test_cases_that_were_looked_at(self, product: Path) -> None:
        check(product, on=new()[:50])
        with pytest.raises(BadInput, match="50 of its 600 cases are no new ones"):
            drawn(product, new())

    def test_cases_without_a_label(self, product: Path) -> None:
        cases = new()
        cases[3, "ill"] = None
        with pytest.raises(BadInput, match="no value in 'ill'"):
            drawn(product, cases)

    @pytest.mark.parametrize("share", [0.0, 1.2, -0.5])
    def test_shares_that_are_none(self, product: Path, share: float) -> None:
        with pytest.raises(BadInput, match="cannot be drawn"):
            drawn(product, new(), share)

    def test_a_draw_is_never_replaced(self, product: Path) -> None:
        drawn(product, new())
        with pytest.raises(BadInput, match="there already"):
            drawn(product, new(seed=5))


def test_the_command_writes_and_names_the_files(product: Path) -> None:
    OLD_UNITS.write_csv(product.parent / "old.csv")
    new().write_csv(product.parent / "new.csv")
    out = product.parent / "next"
    ran = roadworthy(
        "renew", str(product), "--old", str(product.parent / "old.csv"),
        "--from-production", str(product.parent / "new.csv"), "--share", "0.25", "--out", str(out),
    )  # fmt: skip
    assert ran.code == 0
    assert "150 of 600 new cases are the next sealed set" in ran.out
    assert sorted(path.name for path in out.iterdir()) == [
        "development.parquet",
        "renewal.json",
        "sealed_next.parquet",
    ]
