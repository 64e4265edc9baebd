"""A column of text goes the whole way, from init to a verdict, and never in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.tables import LEARNT, rewrite, write_product
from tests.texts import messages, wordy

from roadworthy.core.errors import BadInput
from roadworthy.core.product import SetName
from roadworthy.core.verdict import Outcome
from roadworthy.io.product_yaml import load_product
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.check import check
from roadworthy.workflow.doctor import doctor
from roadworthy.workflow.finding import Finding
from roadworthy.workflow.guarding import kept_guarding
from roadworthy.workflow.guess import Told
from roadworthy.workflow.init import init
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.subject import load_model
from roadworthy.workflow.train import train

SPLIT = {"train": 0.4, "validation": 0.4, "sealed": 0.2, "seed": 7}
DATA = {**LEARNT, "split": SPLIT, "features": ["noise"], "text": ["message"]}
EASY = {"id": "finds", "metric": "sensitivity", "at_least": 0.8}


def product(folder: Path, raw: pl.DataFrame | None = None, **others: Any) -> Path:
    table = messages(600, 5) if raw is None else raw
    data = {**DATA, **others.pop("data", {})}
    return write_product(folder, table, [EASY], data=data, **{"models": ["logistic"], **others})


def bad(file: Path) -> BadInput:
    with pytest.raises(BadInput) as told:
        check(file)
    return told.value


def test_text_is_learnt_and_judged(tmp_path: Path) -> None:
    file = product(tmp_path)
    assert train(file).features == ("noise", "message")
    assert check(file).outcome is Outcome.PASS


@pytest.mark.parametrize("text", [{"message": "lsa"}, {}])
def test_a_model_that_read_otherwise_is_stale(tmp_path: Path, text: dict[str, str]) -> None:
    file = product(tmp_path, data={"features": ["noise", "message"]})
    train(file)
    rewrite(file, data={"text": text})
    assert bad(file).code == "stale_model"


@pytest.mark.parametrize("text", ["message", ["message"], {"message": "auto"}])
def test_there_are_three_ways_to_say_the_same(tmp_path: Path, text: object) -> None:
    assert load_product(product(tmp_path, data={"text": text})).data.text == {"message": None}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ({"message": "word2vec"}, "no such embedding"),
        (["ill"], "data.truth"),
        (["case"], "data.id"),
        (["mesage"], "mesage"),
        (3, "text"),
    ],
)
def test_what_cannot_be_text_is_told_with_its_place(
    tmp_path: Path, text: object, told: str
) -> None:
    problem = bad(product(tmp_path, data={"text": text}))
    assert told in problem.message and problem.next_step


def test_digits_in_a_csv_file_stay_text(tmp_path: Path) -> None:
    raw = messages(600, 5).with_columns(message=pl.format("007{}", pl.int_range(600) % 7))
    file = product(tmp_path, raw)
    raw.write_csv(tmp_path / "cases.csv")
    rewrite(file, data={"cases": "cases.csv"})
    cases = load_cases(load_product(file)).open(SetName.TRAIN)
    assert cases["message"].str.starts_with("007").all()


def test_a_rung_that_cannot_read_so_does_not_stop_the_others(tmp_path: Path) -> None:
    both, data = ["logistic", "boosting"], {"text": {"message": "tfidf"}}
    file = product(tmp_path, wordy(messages(600, 5)), models=both, data=data)
    ladder = train(file).ladder
    assert [step.rung for step in ladder.fitted] == ["logistic"]
    assert {getattr(step, "code", "") for step in ladder.steps} >= {"too_wide"}


def test_init_finds_the_text_and_writes_it_down(tmp_path: Path) -> None:
    raw = messages(400, 5)
    raw.write_csv(tmp_path / "cases.csv")
    drafted = init(tmp_path / "cases.csv", tmp_path / "product.yaml", Told())
    data = load_product(drafted.file).data
    assert data.id == "case" and data.text == {"message": None}
    assert set(data.features or ()) == {"message", "noise"}


@pytest.mark.parametrize("values", ["p-{}", "Jane Doe{}"])
def test_init_takes_no_names_for_text(tmp_path: Path, values: str) -> None:
    raw = messages(400, 5).with_columns(message=pl.format(values, pl.int_range(400)))
    raw.write_csv(tmp_path / "cases.csv")
    drafted = init(tmp_path / "cases.csv", tmp_path / "product.yaml", Told(id="case"))
    data = load_product(drafted.file).data
    assert not data.text and "message" not in (data.features or ())


def texts_of(file: Path) -> list[Finding]:
    return [found for found in doctor(file).findings if found.what == "text"]


def test_doctor_says_what_is_read_and_what_is_not_declared(tmp_path: Path) -> None:
    (declared,) = texts_of(product(tmp_path / "a"))
    assert declared.ok and "words on average" in declared.told
    raw = messages(600, 5)
    loose = {"features": ["noise", "message"], "text": {}}
    (undeclared,) = texts_of(product(tmp_path / "b", raw, data=loose))
    assert "text: [message]" in undeclared.next_step
    named = raw.with_columns(message=pl.format("p{}", pl.int_range(600)))
    (name,) = texts_of(product(tmp_path / "c", named))
    assert not name.ok and "names or codes" in name.told
    scored = raw.with_columns(score=pl.lit(0.5))
    assert not texts_of(product(tmp_path / "d", scored, data={**loose, "score": "score"}))


def test_a_guard_turns_away_what_is_written_in_other_words(tmp_path: Path) -> None:
    foreign = ["wo bleibt das Paket", "bitte die Rechnung senden", "der Stecker wird sehr warm"]
    strange = pl.DataFrame({"case": [f"g{i}" for i in range(60)], "message": foreign * 20})
    strange = strange.with_columns(
        pl.format("{} {}", "message", pl.int_range(60)).alias("message"),
        noise=pl.Series([0.1 * i - 3 for i in range(60)]),
    )
    guard = {"must_detect": [{"name": "german", "cases": "german.parquet", "at_least": 0.9}]}
    file = product(tmp_path, messages(1200, 5, gaps=0.0), guard=guard)
    strange.write_parquet(tmp_path / "german.parquet")
    train(file)
    verdicts = {one.requirement: one.outcome for one in check(file).verdicts}
    assert verdicts["detects-german"] is verdicts["guard-false-alarms"] is Outcome.PASS
    loaded = load_product(file)
    parted, workspace = load_cases(loaded), Workspace.beside(file)
    guarding = kept_guarding(loaded, workspace, parted, load_model(loaded, workspace))
    assert guarding is not None and set(guarding.guard.needs) == {"noise", "message"}


def test_a_guard_needs_few_numbers_a_text(tmp_path: Path) -> None:
    file = product(tmp_path, data={"text": {"message": "tfidf"}}, guard={})
    with pytest.raises(BadInput) as told:
        train(file)
    assert told.value.code == "no_distances" and "lsa" in told.value.next_step
