"""A set is sealed once, of cases that nobody saw, and leaves nothing readable behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import FINDS, SCORED, SPARES, rewrite, simulated, write_product
from tests.vaults import looks, sets

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.seal import State
from roadworthy.core.verdict import Outcome
from roadworthy.store.keys import VARIABLE
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.compare import compare
from roadworthy.workflow.load import load
from roadworthy.workflow.seal import seal
from roadworthy.workflow.vault import vault_of

HALF = {"validation": 0.5, "sealed": 0.5, "seed": 1}


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def opened(folder: Path, n: int = 300, **others: Any) -> Path:
    """A product of which every case is open."""
    data = {**SCORED, **others.pop("data", {})}
    return write_product(folder, simulated(n, 4, 0.98), [FINDS, SPARES], data=data, **others)


def fresh(n: int = 400, seed: int = 5, name: str = "t") -> pl.DataFrame:
    """Cases that nobody saw."""
    return simulated(n, seed, 0.98).with_columns(case=pl.format(f"{name}{{}}", pl.int_range(n)))


def refused(*given: Any, **named: Any) -> str:
    with pytest.raises(Refused) as told:
        seal(*given, **named)
    assert told.value.next_step
    return told.value.code


def test_a_table_is_sealed_and_certified_on_without_standing_anywhere(tmp_path: Path) -> None:
    file = opened(tmp_path)
    found = seal(file, fresh(), looks=2, protocol="every tenth", source="site B", labels="two")
    one = found.set
    assert (one.state, one.cases, one.left, one.stands_open) == (State.SEALED, 400, 2, False)
    assert one.provenance.protocol == "every tenth"
    assert {s["@positive"]: s["cases"] for s in one.strata} == {False: 200, True: 200}
    first = certify(file)
    assert first.outcome is Outcome.PASS and first.population.cases == 400
    assert not [note for note in first.notes if "own table" in note]
    assert sets(file)[0].state is State.IN_USE


def test_nothing_of_the_cases_can_be_read_on_the_disk(tmp_path: Path) -> None:
    file = opened(tmp_path)
    secret = fresh().with_columns(note=pl.format("written-{}", pl.int_range(400)))
    rewrite(file, data={"features": ["age"]})
    cases = pl.read_parquet(tmp_path / "cases.parquet").with_columns(note=pl.lit(""))
    cases.write_parquet(tmp_path / "cases.parquet")
    seal(file, secret)
    for path in (tmp_path / ".roadworthy").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"written-17" not in content and b"t399" not in content, path


def test_the_split_is_sealed_and_its_text_says_where_the_rows_stand(tmp_path: Path) -> None:
    file = opened(tmp_path, data={"split": HALF})
    found = seal(file)
    assert found.set.cases == 150 and found.set.stands_open and found.split
    assert any("also stand in the product's own table" in note for note in certify(file).notes)
    assert len(sets(file)) == 1, "certify used it"


def test_the_sealed_rows_are_taken_out_beside_the_users_table(tmp_path: Path) -> None:
    file = opened(tmp_path, 600, data={"split": HALF})
    before = (tmp_path / "cases.parquet").read_bytes()
    open_before = check(file).population
    seal(file)
    found = seal(file, take_out=True)
    assert len(sets(file)) == 1, "it was sealed already"
    assert (tmp_path / "cases.parquet").read_bytes() == before
    assert found.taken_out == tmp_path / "cases.open.parquet"
    (tmp_path / "cases.parquet").unlink()
    rewrite(file, data={"cases": "cases.open.parquet", "split": {"column": found.column}})
    assert check(file).population == open_before
    assert certify(file).population.cases == 300


def test_without_a_sealed_set_anywhere_certify_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as told:
        certify(opened(tmp_path))
    assert told.value.code == "no_sealed_set"
    assert not (tmp_path / ".roadworthy" / "vault.key").exists()


def test_the_newest_set_is_looked_at_or_the_one_that_is_named(tmp_path: Path) -> None:
    file = opened(tmp_path)
    first = seal(file, fresh(name="a")).set
    second = seal(file, fresh(200, 6, "b")).set
    assert certify(file).population.cases == 200
    assert certify(file, on=first.id[:6]).population.cases == 400
    assert [len(one.looks) for one in sets(file)] == [1, 1]
    assert second.id == sets(file)[1].id
    with pytest.raises(BadInput, match="no sealed set is called"):
        certify(file, on="nothing")


# ---- what is refused


def test_cases_that_stand_in_open_data_are_refused(tmp_path: Path) -> None:
    file = opened(tmp_path)
    both = pl.concat([fresh(), simulated(300, 4, 0.98).head(1)])
    assert refused(file, both) == "in_open_data"
    assert not sets(file)


def test_cases_whose_unit_is_open_are_refused(tmp_path: Path) -> None:
    raw = simulated(300, 4).with_columns(patient="p" + (pl.int_range(300) // 2).cast(pl.String))
    data = {**SCORED, "unit": "patient"}
    file = write_product(tmp_path, raw, [FINDS], data=data)
    unit = fresh().with_columns(patient=pl.lit("q") + pl.int_range(400).cast(pl.String))
    assert seal(file, unit).set.units == 400
    again = fresh(400, 6, "u").with_columns(patient="p" + pl.int_range(400).cast(pl.String))
    assert refused(file, again) == "in_open_data"


def test_cases_that_were_judged_openly_are_refused(tmp_path: Path) -> None:
    file = opened(tmp_path)
    check(file, on=fresh())
    assert refused(file, fresh()) == "sealed_seen"


def test_a_set_is_sealed_once_whatever_its_cases_are_called(tmp_path: Path) -> None:
    file = opened(tmp_path)
    seal(file, fresh())
    assert refused(file, fresh()) == "sealed_before"
    assert refused(file, fresh(name="renamed")) == "sealed_before"
    certify(file)
    assert refused(file, fresh(name="again")) == "seal_spent"
    rewrite(file, product="another")
    assert refused(file, fresh()) == "seal_spent"


def test_open_cases_under_new_ids_are_refused_where_chance_does_not_explain_it(
    tmp_path: Path,
) -> None:
    file = opened(tmp_path)
    copied = simulated(300, 4, 0.98).with_columns(case="new-" + pl.col("case"))
    assert refused(file, pl.concat([fresh(), copied.head(40)])) == "same_inputs"


def test_equal_inputs_among_few_values_are_counted_and_shown(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)

    def few(name: str) -> pl.DataFrame:
        words = {"case": [f"{name}{i}" for i in range(300)], "ill": np.arange(300) % 2}
        return pl.DataFrame({**words, "score": rng.choice([0.1, 0.4, 0.9], 300)})

    file = write_product(tmp_path, few("a"), [FINDS], data=SCORED)
    assert seal(file, few("b")).set.twins == 300


@pytest.mark.parametrize("value", [True, "seen"])
def test_labels_made_in_sight_of_an_answer_are_refused(tmp_path: Path, value: Any) -> None:
    seen = pl.lit(value=False).alias("seen")
    raw = simulated(300, 4).with_columns(seen)
    data = {**SCORED, "label_seen_with_model": value}
    file = write_product(tmp_path, raw, [FINDS], data=data)
    test = fresh().with_columns(seen=pl.int_range(400) == 7)
    assert refused(file, test) == "label_seen_with_model"
    if value == "seen":
        assert seal(file, test.filter(~pl.col("seen"))).set.cases == 399


def test_a_table_without_ids_or_cases_cannot_be_sealed(tmp_path: Path) -> None:
    file = opened(tmp_path / "a")
    with pytest.raises(BadInput, match="no rows"):
        seal(file, fresh().clear())
    text = file.read_text().replace("  id: case\n", "")
    file.write_text(text)
    with pytest.raises(BadInput, match="which case is which"):
        seal(file, fresh())


def test_looks_are_declared_in_one_place(tmp_path: Path) -> None:
    file = opened(tmp_path, confidence={"looks": 2})
    with pytest.raises(BadInput, match=r"product\.yaml says 2"):
        seal(file, fresh(), looks=3)
    assert seal(file, fresh()).set.budget.looks == 2


def test_sealed_cases_are_neither_checked_nor_compared_on(tmp_path: Path) -> None:
    file = opened(tmp_path)
    seal(file, fresh())
    both = fresh().with_columns(old=pl.col("score"))
    with pytest.raises(Refused, match="sealed"):
        check(file, on=both)
    with pytest.raises(Refused, match="sealed"):
        compare(file, score="age", on=both)


def test_a_sealed_case_that_is_open_since_spoils_the_set(tmp_path: Path) -> None:
    file = opened(tmp_path)
    seal(file, fresh())
    own = pl.read_parquet(tmp_path / "cases.parquet")
    pl.concat([own, fresh().head(1)]).write_parquet(tmp_path / "cases.parquet")
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "in_open_data" and not looks(file)


def test_dates_of_the_cases_are_told(tmp_path: Path) -> None:
    days = pl.date_range(date(2026, 1, 1), date(2026, 12, 31), eager=True).head(300)
    file = write_product(tmp_path, simulated(300, 4).with_columns(day=days), [FINDS], data=SCORED)
    later = pl.date_range(date(2027, 1, 1), date(2028, 12, 31), eager=True).head(400)
    found = seal(file, fresh().with_columns(day=later))
    assert found.set.provenance.dates == f"day 2027-01-01 to {later[-1]}"


# ---- the same, and who wrote it, on both databases


def test_a_team_shares_a_vault(
    tmp_path: Path, where: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROADWORTHY_STORE", str(where))
    monkeypatch.setenv("ROADWORTHY_ARTIFACTS", str(tmp_path / "files"))
    file = opened(tmp_path / "one")
    seal(file, fresh(), looks=2)
    assert certify(file).outcome is Outcome.PASS
    assert sets(file)[0].looks[0].answered is not None
    # another product of the team may call other cases alike
    other = write_product(
        tmp_path / "two",
        simulated(300, 7).rename({"age": "years"}),
        [FINDS],
        data=SCORED,
        product="other",
    )
    same_names = simulated(400, 9).rename({"age": "years"})
    same_names = same_names.with_columns(case=pl.format("t{}", pl.int_range(400)))
    if not isinstance(where, Path):
        assert seal(other, same_names).set.product == "other"
        assert refused(other, fresh().rename({"age": "years"})) in ("sealed_before", "seal_spent")


def test_rows_are_handed_out_against_a_look_that_was_written_down(tmp_path: Path) -> None:
    file = opened(tmp_path)
    seal(file, fresh())
    certify(file)
    product = load(file)
    with vault_of(product) as vault:
        (one,) = vault.sets()
        assert vault.rows(one, one.looks[0]).height == 400
        with pytest.raises(ValueError):
            vault.rows(one, replace(one.looks[0], number=2))


def test_of_the_key_only_its_owner_knows(tmp_path: Path) -> None:
    file = opened(tmp_path)
    seal(file, fresh())
    key = tmp_path / ".roadworthy" / "vault.key"
    assert key.stat().st_mode & 0o777 == 0o600
    secret = key.read_bytes().strip()
    for path in (tmp_path / ".roadworthy").rglob("*"):
        if path.is_file() and path != key:
            assert secret not in path.read_bytes()
    key.chmod(0o644)
    with pytest.raises(Refused, match="chmod 600"):
        certify(file)
    assert not looks(file)
