"""reader-study: plans that fit the analysis, schedules that balance, tables that are checked."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.cli import main
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import NotMeasured
from roadworthy.core.reader_study import Endpoint
from roadworthy.core.requirement import Limit, Side
from roadworthy.core.verdict import Outcome
from roadworthy.io.reader_study_json import read_reader_study, reader_study_to_json
from roadworthy.workflow.reader_plan import Effort, Guess, Schedule, plan
from roadworthy.workflow.reader_study import analyse, margin

NO_WORSE = margin(0.05, None)


def schedule(folder: Path, cases: int = 400, readers: int = 5) -> pl.DataFrame:
    file = folder / "schedule.csv"
    effort = Effort(power=0.1)
    guess = Guess()
    plan(Endpoint.SENSITIVITY, NO_WORSE, [readers], [cases], guess, effort, Schedule(file, seed=4))
    return pl.read_csv(file)


def readings(folder: Path, lost: float = 0.0, readers: int = 6, cases: int = 120) -> pl.DataFrame:
    """A finished study: readers find .9, and lose the share ``lost`` of calls with marks."""
    rng = np.random.default_rng(1)
    table = schedule(folder, cases, readers).with_columns(
        truth=pl.col("case").str.slice(4).cast(pl.Int32) % 2,
        date=pl.when(pl.col("session") == 1)
        .then(pl.lit("2026-01-05"))
        .otherwise(pl.lit("2026-02-09")),
    )
    right = rng.random(table.height) < 0.9
    right &= ~((table["condition"] == "with").to_numpy() & (rng.random(table.height) < lost))
    call = np.where(right, table["truth"].to_numpy(), 1 - table["truth"].to_numpy())
    score = np.round(call + rng.normal(0, 0.3, table.height), 3)
    return table.with_columns(call=pl.Series(call), score=pl.Series(score))


def written(folder: Path, table: pl.DataFrame) -> Path:
    file = folder / "readings.csv"
    table.write_csv(file)
    return file


def test_no_loss_passes_and_a_great_one_fails(tmp_path: Path) -> None:
    found = analyse(written(tmp_path, readings(tmp_path, cases=400)), NO_WORSE)
    assert found.outcome is Outcome.PASS
    assert [one.endpoint for one in found.found] == list(Endpoint)
    worse = analyse(written(tmp_path, readings(tmp_path, lost=0.3)), NO_WORSE)
    assert worse.outcome is Outcome.FAIL
    calls = worse.of("sensitivity")
    assert calls is not None and calls.difference is not None
    assert calls.difference.estimate < -0.15


def test_what_was_analysed_is_read_back_as_it_was(tmp_path: Path) -> None:
    found = analyse(written(tmp_path, readings(tmp_path)), NO_WORSE)
    assert read_reader_study(tmp_path / "reader_study.json") == found


@pytest.mark.parametrize(
    "changed",
    [
        {"outcome": "PASS"},
        {"schema": 2},
        {"kind": "judgement"},
        {"endpoints": []},
    ],
)
def test_a_file_that_was_bettered_by_hand_is_refused(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    study = analyse(written(tmp_path, readings(tmp_path, lost=0.3)), NO_WORSE)
    file = tmp_path / "study.json"
    file.write_text(json.dumps({**reader_study_to_json(study), **changed}))
    with pytest.raises(BadInput) as told:
        read_reader_study(file)
    assert told.value.code == "reader_study"


def test_fewer_than_five_readers_are_never_a_pass(tmp_path: Path) -> None:
    table = readings(tmp_path, cases=400)
    few = table.filter(pl.col("reader").is_in(["reader01", "reader02", "reader03", "reader04"]))
    found = analyse(written(tmp_path, few), NO_WORSE)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert all(isinstance(one.evidence, NotMeasured) for one in found.found)


def without_first(table: pl.DataFrame) -> pl.DataFrame:
    session = pl.when(pl.col("condition") == "with").then(2).otherwise(1)
    date = pl.when(pl.col("condition") == "with").then(pl.lit("2026-02-09"))
    return table.with_columns(session=session, date=date.otherwise(pl.lit("2026-01-05")))


def first_row(table: pl.DataFrame, **said: Any) -> pl.DataFrame:
    """The table with other values in its first row."""
    return pl.concat(
        [table[:1].with_columns(**{k: pl.lit(v) for k, v in said.items()}), table[1:]],
        how="vertical_relaxed",
    )


SPOILT: dict[str, tuple[Any, str]] = {
    "a reading twice": (lambda t: pl.concat([t, t[:1]]), "duplicate_reading"),
    "a reading lost": (lambda t: t[1:], "missing_reading"),
    "one reader": (lambda t: t.filter(pl.col("reader") == "reader01"), "one_reader"),
    "one class": (lambda t: t.filter(pl.col("truth") == 1), "one_class"),
    "no session": (lambda t: t.drop("session"), "missing_column"),
    "neither call nor score": (lambda t: t.drop("call", "score"), "no_reading"),
    "another condition": (lambda t: first_row(t, condition="assisted"), "unknown_condition"),
    "no call": (lambda t: first_row(t, call=5), "undeclared_value"),
    "an empty score": (lambda t: first_row(t, score=None), "missing_value"),
    "two truths": (lambda t: first_row(t, truth=1 - t["truth"][0]), "two_truths"),
    "marks always second": (without_first, "unbalanced_order"),
    "sessions in words": (
        lambda t: t.with_columns(session=pl.format("session {}", pl.col("session"))),
        "not_a_number",
    ),
    "one session": (lambda t: t.with_columns(session=pl.lit(1)), "no_washout"),
    "two days between": (
        lambda t: t.with_columns(date=pl.format("2026-01-0{}", pl.col("session") * 2)),
        "no_washout",
    ),
    "dates in words": (lambda t: t.with_columns(date=pl.lit("in May")), "not_a_date"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_table_that_is_no_crossover_is_refused_and_nothing_is_written(
    tmp_path: Path, how: str
) -> None:
    spoil, code = SPOILT[how]
    file = written(tmp_path, spoil(readings(tmp_path)))
    with pytest.raises(BadInput) as told:
        analyse(file, NO_WORSE)
    assert told.value.code == code
    assert told.value.where == "readings.csv"
    assert not (tmp_path / "reader_study.json").exists()


@given(st.integers(2, 9), st.integers(2, 30), st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_a_schedule_is_a_balanced_crossover(
    tmp_path_factory: pytest.TempPathFactory, readers: int, half: int, seed: int
) -> None:
    """Every reader meets every case once in each session and condition, half with marks first."""
    from roadworthy.core.reader_plan import Size
    from roadworthy.workflow.reader_plan import _rows

    cases = 2 * half
    size = Size(readers, cases, half, 1.0, 1.0)
    rows = list(_rows(size, Schedule(Path("unused"), seed=seed)))
    assert len(rows) == 2 * readers * cases
    assert len({(r, case, how) for r, _, _, case, how in rows}) == len(rows)
    assert len({(r, session, case) for r, session, _, case, _ in rows}) == len(rows)
    assert len({(r, session, order) for r, session, order, _, _ in rows}) == len(rows)
    first = Counter(r for r, session, _, _, how in rows if session == 1 and how == "with")
    assert set(first.values()) == {half}


def test_the_schedule_takes_the_teams_own_case_names(tmp_path: Path) -> None:
    names = tmp_path / "cases.txt"
    names.write_text("".join(f"exam-{i}\n" for i in range(100)))
    file = tmp_path / "schedule.csv"
    effort = Effort(power=0.1)
    plan(Endpoint.AUC, NO_WORSE, [5], [100], Guess(), effort, Schedule(file, names))
    with file.open() as read:
        assert {row["case"] for row in csv.DictReader(read)} == set(names.read_text().split())
    with pytest.raises(BadInput, match="names 100 cases"):
        plan(Endpoint.AUC, NO_WORSE, [5], [120], Guess(), effort, Schedule(file, names))


def test_more_readers_or_cases_never_have_less_power() -> None:
    found = plan(Endpoint.AUC, NO_WORSE, [5, 10, 20], [50, 100, 400], Guess(), Effort())
    power = {(size.readers, size.cases): size.power for size in found.sizes}
    for j, n in power:
        assert all(power[(a, b)] >= power[(j, n)] for a, b in power if a >= j and b >= n)


def test_a_size_that_would_not_be_judged_has_no_power() -> None:
    found = plan(Endpoint.SENSITIVITY, NO_WORSE, [4], [5000], Guess(), Effort())
    assert found.best is None
    assert found.sizes[0].refused


def test_a_plan_from_a_pilot_takes_its_spread(tmp_path: Path) -> None:
    pilot = written(tmp_path, readings(tmp_path, cases=100))
    found = plan(Endpoint.SPECIFICITY, NO_WORSE, [8], [100, 1000], Guess(pilot=pilot), Effort())
    assert found.expected == pytest.approx(0.9, abs=0.05)
    assert found.sizes[0].power < found.sizes[1].power
    assert "pilot" in found.assumed[1]


@pytest.mark.parametrize(
    ("guess", "limit"),
    [
        (Guess(gain=-0.05), NO_WORSE),
        (Guess(gain=0.0), Limit(Side.MIN_GAIN, 0.0, against="r")),
        (Guess(r3=0.5), NO_WORSE),
        (Guess(expected=1.0), NO_WORSE),
        (Guess(expected=float("nan")), NO_WORSE),
    ],
)
def test_what_no_study_shows_is_refused(guess: Guess, limit: Limit) -> None:
    with pytest.raises(BadInput):
        plan(Endpoint.AUC, limit, [8], [100], guess, Effort())


@pytest.mark.parametrize("given_", [(None, None), (0.05, 0.0), (1.5, None), (-0.1, None)])
def test_one_margin_is_needed(given_: tuple[float | None, float | None]) -> None:
    with pytest.raises(BadInput):
        margin(*given_)


def run(*words: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["roadworthy", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_commands_end_with_the_outcome_and_print_one_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = str(written(tmp_path, readings(tmp_path, lost=0.3)))
    words = ["reader-study", "analyse", table, "--max-drop", "0.05", "--json"]
    assert run(*words, monkeypatch=monkeypatch) == 1
    assert json.loads(capsys.readouterr().out)["outcome"] == "FAIL"
    words = ["reader-study", "plan", "--max-drop", "0.05", "--cases", "600", "--json"]
    assert run(*words, monkeypatch=monkeypatch) == 0
    assert json.loads(capsys.readouterr().out)["best"]["cases"] == 600
    words = ["reader-study", "plan", "--max-drop", "0.01", "--cases", "20"]
    assert run(*words, monkeypatch=monkeypatch) == 3
    assert "No size looked at is large enough" in capsys.readouterr().out
