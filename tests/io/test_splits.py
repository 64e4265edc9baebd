"""Every case has one set; units stay whole; shares are kept; nothing depends on the row order."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Calls, Data, Product, SetName, Split, Task
from roadworthy.io.splits import assign

TRAIN, VALIDATION, CALIBRATION, SEALED = SetName
FOUR = {TRAIN: 0.5, VALIDATION: 0.1, CALIBRATION: 0.2, SEALED: 0.2}
TWO = {TRAIN: 0.75, SEALED: 0.25}


def product(split: Split | None, task: Task = Task.BINARY, **meaning: Any) -> Product:
    positive = 1 if task is Task.BINARY else None
    known = {"truth": "y", "id": "id", "positive": positive, **meaning}
    data = Data(cases=("c.csv",), split=split, **known)
    return Product("p", data, (), task=task, file=Path("product.yaml"))


def table(positives: int, negatives: int) -> pl.DataFrame:
    total = positives + negatives
    ids = [f"case-{number}" for number in range(total)]
    return pl.DataFrame({"id": ids, "y": [1] * positives + [0] * negatives})


def sizes(frame: pl.DataFrame, sets: pl.Series, **where: Any) -> dict[str, int]:
    rows = frame.with_columns(sets)
    for name, value in where.items():
        rows = rows.filter(pl.col(name) == value)
    return dict(rows["set"].value_counts().rows())


def refused(frame: pl.DataFrame, declared: Product) -> BadInput:
    with pytest.raises(BadInput) as caught:
        assign(frame, declared)
    assert caught.value.where == "product.yaml: data.split"
    assert caught.value.next_step
    return caught.value


def test_a_quarter_of_403_positives_is_101_sealed_ones() -> None:
    frame = table(403, 427)
    sets = assign(frame, product(Split(TWO, seed=7)))
    assert sizes(frame, sets, y=1) == {"train": 302, "sealed": 101}
    assert sizes(frame, sets, y=0) == {"train": 320, "sealed": 107}


SHARES = st.lists(st.integers(1, 9), min_size=2, max_size=4)


@given(SHARES, st.lists(st.integers(40, 200), min_size=1, max_size=6), st.integers(0, 99))
def test_counts_match_the_shares_to_within_one_in_every_class_and_in_all(
    parts: list[int], classes: list[int], seed: int
) -> None:
    fractions = {name: part / sum(parts) for name, part in zip(SetName, parts, strict=False)}
    truth = [f"class {k}" for k, size in enumerate(classes) for _ in range(size)]
    frame = pl.DataFrame({"id": range(len(truth)), "y": truth})
    sets = assign(frame, product(Split(fractions, seed=seed), Task.MULTICLASS))
    for k, size in enumerate(classes):
        found = sizes(frame, sets, y=f"class {k}")
        for name, share in fractions.items():
            assert abs(found.get(name.value, 0) - share * size) < 1
    found = sizes(frame, sets)
    for name, share in fractions.items():
        assert abs(found[name.value] - share * len(truth)) < 1


def test_many_rare_classes_leave_no_set_empty() -> None:
    frame = pl.DataFrame({"id": range(100), "y": [f"class {k}" for k in range(100)]})
    sets = assign(frame, product(Split(TWO), Task.MULTICLASS))
    assert sizes(frame, sets) == {"train": 75, "sealed": 25}


@settings(max_examples=25)
@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_the_order_of_rows_does_not_matter(random: Any, seed: int) -> None:
    frame = table(30, 50).with_columns(
        unit=pl.int_range(80) // 3, day=pl.int_range(80) % 17, site=pl.int_range(80) // 30
    )
    order = list(range(80))
    random.shuffle(order)
    for split in (
        Split(FOUR, seed=seed),
        Split(FOUR, by="day"),
        Split(TWO, seed=seed),
        Split({TRAIN: 1.0}, seed=seed, leave_out="site"),
    ):
        for meaning in ({}, {"unit": "unit"}, {"id": None}):
            declared = product(split, Task.REGRESSION, **meaning)
            assert assign(frame, declared)[order].equals(assign(frame[order], declared))


def test_the_split_is_the_same_in_another_process_and_from_numbers_or_text() -> None:
    code = (
        "import polars as pl\n"
        "from roadworthy.core.product import *\n"
        "from roadworthy.io.splits import assign\n"
        "f = pl.DataFrame({'id': [str(i) for i in range(40)], 'y': [0, 1] * 20})\n"
        "s = Split({SetName.TRAIN: .75, SetName.SEALED: .25}, seed=7)\n"
        "d = Data(('c',), truth='y', id='id', positive=1, split=s)\n"
        "print(*assign(f, Product('p', d, ())).eq('sealed').arg_true().to_list())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    numbers = pl.DataFrame({"id": range(40), "y": [0, 1] * 20})
    declared = product(Split(TWO, seed=7))
    for frame in (numbers, numbers.with_columns(pl.col("id").cast(pl.Float64))):
        sealed = (assign(frame, declared) == "sealed").arg_true().to_list()
        assert other.stdout.split() == [str(row) for row in sealed]
    # the last ten by hash, five of each truth: computed with hashlib alone
    assert sealed == by_hand(range(40))


def by_hand(names: Any) -> list[int]:
    from hashlib import blake2b

    def rank(name: int) -> int:
        digest = blake2b(b"7\x00" + str(name).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little")

    halves = [sorted((n for n in names if n % 2 == odd), key=rank)[-5:] for odd in (0, 1)]
    return sorted(halves[0] + halves[1])


def test_another_seed_is_another_split() -> None:
    frame = table(100, 100)
    one, other = (assign(frame, product(Split(TWO, seed=seed))) for seed in (1, 2))
    assert 40 < (one != other).sum() < 110


@given(st.integers(1, 6), st.integers(0, 20))
def test_no_unit_is_parted(per_unit: int, seed: int) -> None:
    frame = table(60, 140).with_columns(patient=pl.int_range(200) // per_unit % 50)
    for split in (Split(FOUR, seed=seed), Split(FOUR, by="id2")):
        rows = frame.with_columns(id2=pl.int_range(200))
        sets = assign(rows, product(split, Task.REGRESSION, unit="patient"))
        per_patient = rows.with_columns(sets).group_by("patient").agg(pl.col("set").n_unique())
        assert per_patient["set"].to_list() == [1] * per_patient.height


def test_a_unit_with_one_positive_case_counts_as_positive() -> None:
    frame = pl.DataFrame({"id": range(400), "u": [k // 2 for k in range(400)], "y": [0, 1] * 200})
    frame = frame.with_columns(y=pl.when(pl.col("u") < 100).then(0).otherwise("y"))
    sets = assign(frame, product(Split(TWO), unit="u"))
    assert sizes(frame, sets, y=1) == {"train": 75, "sealed": 25}


def test_without_ids_a_later_score_or_call_moves_no_case() -> None:
    frame = table(40, 60).drop("id").with_columns(x=pl.int_range(100) % 7)
    declared = product(
        Split(FOUR), id=None, score="s", calls=(Calls("reader", "bi_rads", (1,), (0,)),)
    )
    plain = assign(frame, product(Split(FOUR), id=None))
    scored = frame.with_columns(s=pl.int_range(100) / 100, bi_rads=pl.lit(1))
    assert assign(scored, declared).equals(plain)
    assert len(set(plain)) == 4


def test_a_regression_needs_no_truth_to_be_parted() -> None:
    frame = table(0, 100)
    sets = assign(frame, product(Split(FOUR), Task.REGRESSION))
    assert sizes(frame, sets) == {"train": 50, "validation": 10, "calibration": 20, "sealed": 20}
    assert assign(frame, product(Split(FOUR), truth=None, positive=None)).equals(sets)


def test_the_newest_are_sealed() -> None:
    days = [date(2024, 1, 1 + k) for k in range(20)]
    frame = pl.DataFrame({"id": range(20), "y": [1] * 20, "day": days})
    split = Split({TRAIN: 0.6, VALIDATION: 0.2, SEALED: 0.2}, by="day")
    expected = ["train"] * 12 + ["validation"] * 4 + ["sealed"] * 4
    assert assign(frame, product(split)).to_list() == expected
    written = frame.with_columns(pl.col("day").cast(pl.String))
    assert assign(written, product(split)).to_list() == expected
    years = frame.with_columns(day=pl.int_range(20) + 2000.5)
    assert assign(years, product(split)).to_list() == expected


def test_a_unit_goes_where_its_newest_case_is() -> None:
    frame = pl.DataFrame(
        {"id": range(6), "y": [1] * 6, "u": ["a", "b", "c", "d", "a", "e"], "t": range(6)}
    )
    sets = assign(frame, product(Split({TRAIN: 0.6, SEALED: 0.4}, by="t"), unit="u"))
    assert sets.to_list() == ["sealed", "train", "train", "train", "sealed", "sealed"]


@given(st.lists(st.integers(0, 9), min_size=20, max_size=60))
def test_cases_of_one_date_stay_together_and_sets_follow_in_time(times: list[int]) -> None:
    frame = pl.DataFrame({"id": range(len(times)), "y": [1] * len(times), "t": times})
    try:
        sets = assign(frame, product(Split(FOUR, by="t")))
    except BadInput as reason:
        assert "is empty" in reason.message
        return
    place = {name.value: at for at, name in enumerate(SetName)}
    ordered = frame.with_columns(sets).sort("t")
    rank = ordered["set"].replace_strict(place)
    assert rank.is_sorted()
    assert ordered.group_by("t").agg(pl.col("set").n_unique())["set"].max() == 1


@pytest.mark.parametrize(
    ("times", "says", "then"),
    [
        (["2024-01-01", None], "1 cases have no date in `t` (rows 2)", "Fill in"),
        (["2024-01-01", "31.12.2024"], "'31.12.2024', which is no ISO date", "2024-03-31"),
        (["2024-13-01", "2024-01-01"], "'2024-13-01', which is no ISO date", "2024-03-31"),
        ([1.0, float("nan")], "no date in `t`", "Fill in"),
        ([True, False], "holds Boolean", "column with dates"),
        ([5, 5], "The set `train` is empty: 'sealed' (2)", "Add cases"),
    ],
)
def test_times_that_cannot_be_ordered_are_refused(
    times: list[object], says: str, then: str
) -> None:
    frame = pl.DataFrame({"id": [1, 2], "y": [1, 0], "t": times})
    error = refused(frame, product(Split({TRAIN: 0.5, SEALED: 0.5}, by="t")))
    assert says in error.message
    assert then in error.next_step


def test_a_column_can_name_the_sets() -> None:
    words = ["train", "validation", "calibration", "sealed"]
    frame = pl.DataFrame({"id": range(4), "y": [1] * 4, "fold": words})
    found = assign(frame, product(Split(column="fold")))
    assert (found.to_list(), found.name) == (words, "set")
    categories = frame.with_columns(pl.col("fold").cast(pl.Categorical))
    assert assign(categories, product(Split(column="fold"))).to_list() == words


@pytest.mark.parametrize(
    ("folds", "units", "says", "then"),
    [
        (["train", "test", "test"], [1, 2, 3], "sets': 'test' (2)", "Write train, valid"),
        (["train", None, "sealed"], [1, 2, 3], "sets': missing (1)", "Write train"),
        ([1, 2, 3], [1, 2, 3], "1 (1), 2 (1), 3 (1)", "Write train"),
        (
            ["train", "sealed", "sealed"],
            [8, 8, 9],
            "1 units have cases in two sets: '8'",
            "one set",
        ),
        (["train", "train", "sealed"], [1, 2, 3], "None of the 1 sealed cases is pos", "Seal more"),
        (["train", "train", "sealed"], [1, None, 3], "1 cases have no unit (rows 2)", "Fill in"),
    ],
)
def test_a_column_of_sets_must_be_in_order(
    folds: list[object], units: list[object], says: str, then: str
) -> None:
    frame = pl.DataFrame({"id": range(3), "y": [1, 1, 0], "fold": folds, "u": units})
    error = refused(frame, product(Split(column="fold"), unit="u"))
    assert says in error.message
    assert then in error.next_step


SITES = pl.DataFrame(
    {"id": range(90), "y": [0, 1] * 45, "site": ["A"] * 30 + ["B"] * 30 + ["C"] * 30}
)
REST = {TRAIN: 0.75, VALIDATION: 0.25}


def test_named_levels_are_sealed_whole_and_the_rest_is_parted() -> None:
    split = Split(REST, leave_out="site", sealed_levels=("C",))
    sets = assign(SITES, product(split))
    assert sizes(SITES, sets, site="C") == {"sealed": 30}
    assert sizes(SITES.filter(pl.col("site") != "C"), sets[:60]) == {"train": 45, "validation": 15}


def test_the_seed_chooses_a_level_when_none_is_named() -> None:
    chosen = set()
    for seed in range(20):
        sets = assign(SITES, product(Split(REST, seed=seed, leave_out="site")))
        sealed = SITES.filter(sets == "sealed")["site"].unique().to_list()
        assert len(sealed) == 1
        chosen.update(sealed)
    assert chosen == {"A", "B", "C"}


@pytest.mark.parametrize(
    ("change", "levels", "says", "then"),
    [
        ({}, ("D",), "`site` has no level 'D'; it has 'A' (30), 'B' (30), 'C' (30)", "one of"),
        ({}, ("A", "B", "C"), "All levels of `site` are sealed", "at least one open"),
        ({"site": "A"}, (), "one level only: 'A' (90)", "at least two"),
        ({"unit": 1}, ("A",), "1 units have cases in sealed and in open levels: '1'", "one set"),
        ({"y": 0}, ("A",), "None of the 30 sealed cases is positive; in all, 0 of 90", "positive"),
    ],
)
def test_levels_that_cannot_be_left_out_are_refused(
    change: dict[str, Any], levels: tuple[str, ...], says: str, then: str
) -> None:
    frame = SITES.with_columns(pl.lit(value).alias(name) for name, value in change.items())
    split = Split(REST, leave_out="site", sealed_levels=levels)
    error = refused(frame, product(split, unit="unit" if "unit" in change else None))
    assert says in error.message
    assert then in error.next_step


def test_a_case_without_a_site_is_refused() -> None:
    frame = SITES.with_columns(site=pl.when(pl.col("id") > 1).then("site"))
    assert (
        "2 cases have no `site` (rows 1, 2)"
        in refused(frame, product(Split(REST, leave_out="site"))).message
    )


def test_a_sealed_set_without_positives_says_what_there_is() -> None:
    error = refused(table(1, 30), product(Split({TRAIN: 0.9, SEALED: 0.1})))
    assert "in all, 1 of 31 are (y: 0 (30), 1 (1))" in error.message
    assert "check `data.positive`" in error.next_step
    error = refused(table(30, 30), product(Split(TWO), positive="1"))
    assert "in all, 0 of 60" in error.message


def test_a_binary_truth_without_a_positive_value_is_refused() -> None:
    error = refused(table(9, 9), product(Split(TWO), positive=None))
    assert error.next_step == "Add `data.positive`."


def test_a_set_that_stays_empty_is_refused() -> None:
    error = refused(table(3, 3), product(Split({TRAIN: 0.45, VALIDATION: 0.01, SEALED: 0.54})))
    assert "The set `validation` is empty" in error.message


def test_a_missing_column_names_the_nearest() -> None:
    error = refused(table(3, 3).rename({"y": "yy"}), product(Split(TWO)))
    assert (error.message, error.next_step) == (
        "There is no column 'y'.",
        "Did you mean `yy`?",
    )


def test_without_a_split_there_is_nothing_to_assign() -> None:
    with pytest.raises(ValueError, match="no split"):
        assign(table(1, 1), product(None))


def test_a_million_cases_are_parted_in_seconds() -> None:
    total = 1_000_000
    truth = np.random.default_rng(7).random(total) < 0.01
    ids = pl.int_range(total, eager=True).cast(pl.String)
    frame = pl.DataFrame({"id": ids, "y": truth.astype(int)})
    start = time.process_time()
    sets = assign(frame, product(Split(FOUR)))
    assert time.process_time() - start < 15
    assert sizes(frame, sets)["sealed"] == pytest.approx(total / 5, abs=1)
