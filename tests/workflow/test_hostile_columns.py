"""Whatever the columns of a table are called, and whatever they hold, nothing is misread."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.tables import FINDS, LEARNT, SPARES, learnable, simulated, write_product

from roadworthy.core.errors import BadInput, RoadworthyError
from roadworthy.core.verdict import Judgement
from roadworthy.workflow.check import check
from roadworthy.workflow.guess import Told
from roadworthy.workflow.init import init
from roadworthy.workflow.plan import plan
from roadworthy.workflow.train import train

PATTERNS = ["*", "^.*$", "^ill$", "^$", "^(?i)AGE$", "^[$"]
NEARLY = ["**", "^ill", "ill$", ".*", "a*"]
ODD = [
    "a b",
    "a:b",
    "#x",
    "- a",
    "{x}",
    "'",
    '"',
    "é",
    "日本",
    "=1+1",
    "null",
    "1",
    "x\ty",
    "%s",
    "\\",
]
NAMES = st.one_of(
    st.sampled_from([*NEARLY, *ODD]),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12),
)
ROLES = ["case", "ill", "score", "site", "age"]


def can_be_named(name: str) -> bool:
    """Blank, reserved and pattern names are refused, each by name; ``-`` tells `init` "none"."""
    pattern = name == "*" or (name.startswith("^") and name.endswith("$"))
    return name.strip() not in ("", "-") and not name.startswith("@") and not pattern


def renamed(names: list[str], cases: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame([cases[role].alias(name) for role, name in zip(ROLES, names, strict=True)])


def scored(folder: Path, cases: pl.DataFrame, names: list[str]) -> Path:
    case, ill, score, site, age = names
    finds = {**FINDS, "slices": [{"by": site}, {"by": age, "ranges": [[0, 50], [50, 100]]}]}
    return write_product(
        folder,
        renamed(names, cases),
        [finds, SPARES],
        data={"id": case, "truth": ill, "positive": 1, "score": score},
        scope=[{"field": age, "between": [25, 100]}],
    )


def told(judgement: Judgement) -> list[tuple[Any, ...]]:
    """What was judged, apart from what columns are called."""
    return [
        (v.requirement, [(key.value, key.range) for key in v.slice.keys], v.outcome, v.evidence)
        for v in judgement.verdicts
    ]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, Judgement]:
    cases = simulated(120, 4)
    return cases, check(scored(tmp_path_factory.mktemp("plain"), cases, ROLES))


@settings(max_examples=12)
@given(st.lists(NAMES, min_size=5, max_size=5, unique=True))
def test_names_change_no_verdict(
    tmp_path_factory: pytest.TempPathFactory,
    plain: tuple[pl.DataFrame, Judgement],
    names: list[str],
) -> None:
    assume(all(map(can_be_named, names)))
    cases, expected = plain
    folder = tmp_path_factory.mktemp("named")
    file = scored(folder, cases, names)
    assert told(check(file)) == told(expected)
    assert plan(file).cases is not None
    shutil.rmtree(folder)


@settings(max_examples=10)
@given(st.lists(NAMES, min_size=5, max_size=5, unique=True), st.sampled_from(["csv", "parquet"]))
def test_what_init_drafts_can_be_planned_and_judged(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], kind: str
) -> None:
    assume(all(map(can_be_named, names)))
    folder = tmp_path_factory.mktemp("drafted")
    table = renamed(names, simulated(120, 4))
    path = folder / f"cases.{kind}"
    if kind == "csv":
        assume(not any('"' in name for name in names))  # polars leaves them doubled in a header
        table.write_csv(path)
    else:
        table.write_parquet(path)
    case, ill, score, _, _ = names
    drafted = init(path, folder / "product.yaml", Told(ill, "1", case, None, score))
    assert plan(drafted.file).cells
    assert check(drafted.file).verdicts
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("kind", ["csv", "parquet", "frame"])
def test_a_name_that_polars_takes_for_a_pattern_is_refused(
    tmp_path: Path, name: str, kind: str
) -> None:
    """It would look up other columns, also in the methods of the column itself."""
    cases = learnable(30, 11).rename({"noise": name})
    file = write_product(tmp_path, cases, [FINDS], data=LEARNT)
    with pytest.raises(BadInput) as caught:
        if kind == "frame":
            (tmp_path / "cases.parquet").unlink()
            check(file, cases)
        elif kind == "csv":
            cases.write_csv(tmp_path / "cases.csv")
            init(tmp_path / "cases.csv", tmp_path / "drafted.yaml")
        else:
            plan(file)
    assert (caught.value.code, caught.value.value) == ("pattern_column", name)
    assert not (tmp_path / "drafted.yaml").exists()


ROWS = 40
VALUES: dict[str, Callable[[], pl.Series]] = {
    "list": lambda: pl.Series([[1, 2]] * ROWS),
    "struct": lambda: pl.Series([{"a": 1}] * ROWS),
    "binary": lambda: pl.Series([b"a", b"b"] * (ROWS // 2)),
    "object": lambda: pl.Series([object()] * ROWS, dtype=pl.Object),
    "decimal": lambda: pl.Series([Decimal("0.5"), Decimal("1")] * (ROWS // 2)),
    "duration": lambda: pl.Series([timedelta(seconds=i) for i in range(ROWS)]),
    "time": lambda: pl.Series([time(i % 24) for i in range(ROWS)]),
    "datetime": lambda: pl.Series([datetime(2024, 1, 1, i % 24) for i in range(ROWS)]),
    "zoned": lambda: pl.Series(
        [datetime(2024, 1, 1, i % 24) for i in range(ROWS)]
    ).dt.replace_time_zone("Europe/Berlin"),
    "enum": lambda: pl.Series(["a", "b"] * (ROWS // 2), dtype=pl.Enum(["a", "b"])),
    "categorical": lambda: pl.Series(["a", "b"] * (ROWS // 2), dtype=pl.Categorical),
    "null": lambda: pl.Series([None] * ROWS, dtype=pl.Null),
    "int128": lambda: pl.Series(range(ROWS), dtype=pl.Int128),
    "infinite": lambda: pl.Series([float("inf"), float("nan")] * (ROWS // 2)),
}
PLACES = ["id", "unit", "truth", "score", "slice", "scope", "range", "against", "cost", "feature"]


def placed(folder: Path, odd: pl.Series, place: str) -> tuple[Path, pl.DataFrame]:
    """A product that reads a column of an odd type in one place."""
    cases = simulated(ROWS, 4).with_columns(odd.alias("odd"))
    data: dict[str, Any] = {"id": "case", "truth": "ill", "positive": 1, "score": "score"}
    finds: dict[str, Any] = dict(FINDS)
    others: dict[str, Any] = {}
    requirements = [finds, SPARES]
    if place in ("id", "unit", "truth", "score"):
        data[place] = "odd"
    elif place == "slice":
        finds["slices"] = [{"by": "odd"}]
    elif place == "range":
        finds["slices"] = [{"by": "odd", "ranges": [[0, 1], [1, 2]]}]
    elif place == "scope":
        others["scope"] = [{"field": "odd", "in": ["a", 1]}]
    elif place == "against":
        finds = {"id": "near", "metric": "sensitivity", "against": "odd", "max_drop": 0.1}
        requirements = [finds]
    elif place == "cost":
        others["costs"] = {"miss": {"column": "odd", "max": 100}, "false_alarm": 1}
        data["prevalence"] = "as_sampled"
        requirements = [{"id": "cheap", "metric": "expected_cost", "at_most": 5}]
    else:
        del data["score"]
        data["split"] = {"train": 0.5, "validation": 0.5, "seed": 1}
        data["features"] = ["odd", "age"]
        others["models"] = ["majority", "logistic"]
    file = write_product(folder, None, requirements, data=data, **others)
    if place == "feature":
        cases.write_parquet(folder / "cases.parquet")
    return file, cases


@pytest.mark.parametrize("kind", VALUES)
def test_an_odd_type_works_or_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    odd = VALUES[kind]()
    for place in PLACES:
        if kind == "object" and place == "feature":
            continue  # no file holds objects
        file, cases = placed(tmp_path / place, odd, place)
        try:
            if place == "feature":
                train(file)
            assert check(file, None if place == "feature" else cases).verdicts
        except RoadworthyError as problem:
            assert isinstance(problem, BadInput)
            assert "'odd'" in str(problem) or "odd" in str(problem.where), (place, str(problem))
