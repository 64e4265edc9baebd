"""A sealed case that came to stand in open data under another name spoils the set, unspent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.tables import FINDS, SCORED, SPARES, rewrite, simulated, write_product
from tests.vaults import looks, sets

from roadworthy.core.errors import BadInput, Refused
from roadworthy.workflow.certify import certify
from roadworthy.workflow.seal import seal


def measured(n: int, seed: int, name: str) -> pl.DataFrame:
    """Scored cases with a measurement that hardly two share."""
    noise = np.random.default_rng(seed).normal(size=n)
    called = pl.format(f"{name}{{}}", pl.int_range(n))
    return simulated(n, seed, 0.98).with_columns(case=called, size=pl.Series(noise))


def opened(folder: Path) -> Path:
    return write_product(folder, measured(300, 4, "open"), [FINDS, SPARES], data=SCORED)


def add(file: Path, more: pl.DataFrame) -> None:
    own = pl.read_parquet(file.parent / "cases.parquet")
    pl.concat([own, more.select(own.columns)]).write_parquet(file.parent / "cases.parquet")


def test_sealed_rows_under_new_ids_and_scores_in_open_data_open_nothing(tmp_path: Path) -> None:
    file, test = opened(tmp_path), measured(400, 5, "t")
    seal(file, test, looks=2)
    own = pl.read_parquet(tmp_path / "cases.parquet")
    add(file, test.head(30).with_columns(case="new-" + pl.col("case"), score=pl.col("score") / 2))
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "same_inputs" and told.value.value == 30
    assert not looks(file)
    own.write_parquet(tmp_path / "cases.parquet")
    certify(file)
    assert len(looks(file)) == 1, "without them it goes on"


def test_rows_of_the_split_count_as_well(tmp_path: Path) -> None:
    data = {**SCORED, "split": {"column": "set"}}
    parts = pl.Series("set", ["validation", "validation", "sealed", "sealed"] * 150)
    raw = measured(600, 4, "c").with_columns(parts)
    file = write_product(tmp_path, raw, [FINDS, SPARES], data=data)
    seal(file)
    copied = raw.filter(pl.col("set") == "sealed").head(30)
    add(file, copied.with_columns(case="new-" + pl.col("case"), set=pl.lit("validation")))
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "same_inputs" and not looks(file)


def test_twins_that_were_counted_at_sealing_are_no_new_ones(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)

    def few(name: str, n: int) -> pl.DataFrame:
        words = {"case": [f"{name}{i}" for i in range(n)], "ill": np.arange(n) % 2}
        return pl.DataFrame({**words, "score": rng.choice([0.1, 0.4, 0.9], n)})

    file = write_product(tmp_path, few("a", 300), [FINDS, SPARES], data=SCORED)
    assert seal(file, few("b", 300)).set.twins == 300
    add(file, few("more", 300))
    certify(file)
    assert len(looks(file)) == 1


@pytest.mark.parametrize("word", ["seen", "t", "maybe", "2"])
def test_a_word_that_is_neither_yes_nor_no_is_refused_by_name(tmp_path: Path, word: str) -> None:
    file = labelled(tmp_path)
    with pytest.raises(BadInput, match=f"the first is '{word}'") as told:
        seal(file, asked(["no", word]))
    assert told.value.code == "undeclared_value"
    assert "true or false, or 1 or 0" in told.value.next_step and not sets(file)


@pytest.mark.parametrize("word", ["yes", " True ", "1", "Y", None])
def test_a_label_of_which_nobody_says_that_it_is_blind_is_not(
    tmp_path: Path, word: str | None
) -> None:
    file = labelled(tmp_path)
    with pytest.raises(Refused) as told:
        seal(file, asked(["no", word]))
    assert told.value.code == "label_seen_with_model" and told.value.value == 200
    if word is None:
        assert "of 200 nobody says" in str(told.value)


@pytest.mark.parametrize("word", ["no", "FALSE", "0", "n", 0, 0.0, False])
def test_labels_that_were_made_blindly_are_sealed(tmp_path: Path, word: object) -> None:
    assert seal(labelled(tmp_path), asked([word, word])).set.cases == 400


def labelled(folder: Path) -> Path:
    file = opened(folder)
    raw = pl.read_parquet(folder / "cases.parquet").with_columns(how=pl.lit("no"))
    raw.write_parquet(folder / "cases.parquet")
    rewrite(file, data={"label_seen_with_model": "how"})
    return file


def asked(words: list[object]) -> pl.DataFrame:
    return measured(400, 5, "t").with_columns(how=pl.Series(words * 200))
