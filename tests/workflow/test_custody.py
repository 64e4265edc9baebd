"""What an engineer hands in can never read a sealed row, run code, or leave the bundle."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from tests.custody import CUSTODIAN, Here, desk_here, fresh_cases, here, team
from tests.tables import FINDS, SPARES, learnable, rewrite, write_product

from roadworthy.core.errors import BadInput, Refused, RoadworthyError
from roadworthy.store import ledger
from roadworthy.workflow import certify as room
from roadworthy.workflow.check import check
from roadworthy.workflow.load import load
from roadworthy.workflow.subject import learnt
from roadworthy.workflow.train import train

__all__ = ["here"]  # a fixture


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """A desk on SQLite, where the database makes no difference."""
    return desk_here(tmp_path, str(tmp_path / "custodian" / "store.db"), monkeypatch)


class Evil:
    """A pickle that runs a command when somebody reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


def refused(here: Here, file: Path, **ask: Any) -> RoadworthyError:
    """Why it is turned down; nothing was looked at for it."""
    before = here.looks
    with pytest.raises(RoadworthyError) as told:
        here.look(file, **ask)
    assert here.looks == before
    assert told.value.next_step
    return told.value


# ---- what it does


def test_an_engineer_gets_the_bit_and_the_ledger_tells_who_asked(
    here: Here, tmp_path: Path
) -> None:
    file = team(tmp_path / "team")
    name = here.seal(file, fresh_cases())
    told = here.look(file)
    judgement = told["judgement"]
    assert judgement["outcome"] == "INCONCLUSIVE"
    assert all(one["withheld"] and one["estimate"] is None for one in judgement["verdicts"])
    assert told["custodian"]["set"] == name
    with here.desk.vault() as vault, vault.database.reading() as connection:
        assert ledger.verify(connection) is None
        (asked,) = ledger.entries(connection, kind="look_committed")
        assert asked.content["frozen"]["asked_by"] == "erin"
    assert told["custodian"]["ledger"]["number"] == here.desk.head()["number"]


def test_the_same_question_is_the_stored_answer_whoever_asks(here: Here, tmp_path: Path) -> None:
    file = team(tmp_path / "team")
    here.seal(file, fresh_cases())
    first = here.look(file)
    again = here.look(file, CUSTODIAN)
    assert here.looks == 1
    assert again["judgement"]["verdicts"] == first["judgement"]["verdicts"]
    assert "cost nothing" in str(again["judgement"]["notes"])


def test_a_trained_model_travels_and_the_answer_is_that_of_the_place_itself(
    quick: Here, tmp_path: Path
) -> None:
    data = {
        "id": "case",
        "truth": "ill",
        "positive": "yes",
        "negative": "no",
        "split": {"train": 0.6, "validation": 0.4, "seed": 1},
    }
    asked = [{"id": "finds", "metric": "sensitivity", "at_least": 0.6}]
    file = write_product(
        tmp_path / "team",
        learnable(500, 1),
        asked,
        data=data,
        decision={"threshold": "auto"},
        models=["logistic"],
    )
    train(file)
    raw = learnable(400, 2).with_columns(("t" + pl.col("case")).alias("case"))
    quick.seal(file, raw)
    told = quick.look(file)["judgement"]
    assert told["outcome"] == "PASS"
    assert told["fingerprints"]["model"] == check(file).fingerprints["model"]
    # and the very same stands as an answer where the vault is
    (sealed,) = quick.sets()
    assert quick.desk.answer(sealed.id, 1)["verdicts"] == told["verdicts"]
    # a file that would run something when it is read is not read
    ran = tmp_path / "ran"
    (file.parent / ".roadworthy" / "model.skops").write_bytes(pickle.dumps(Evil(ran)))
    refused(quick, file)
    assert not ran.exists()


def test_the_last_look_tells_numbers_and_retires_the_set(quick: Here, tmp_path: Path) -> None:
    file = team(tmp_path / "team", confidence={"looks": 1})
    quick.seal(file, fresh_cases())
    told = quick.look(file)["judgement"]
    assert told["verdicts"][0]["estimate"] is not None
    assert quick.sets()[0].retired


# ---- reading a set in another way


def swapped(file: Path) -> None:
    rewrite(file, data={"positive": 0, "negative": 1})


CHANGES: dict[str, Callable[[Path], None]] = {
    "positive": swapped,
    "truth": lambda file: rewrite(file, data={"truth": "site", "positive": "north"}),
    "id": lambda file: rewrite(file, data={"id": "age"}),
    "unit": lambda file: rewrite(file, data={"unit": "site"}),
    "score": lambda file: rewrite(file, data={"score": "ill"}),
    "other score": lambda file: rewrite(file, data={"score": "age"}),
    "prevalence": lambda file: rewrite(file, data={"prevalence": 0.5}),
    "task": lambda file: rewrite(
        file,
        task="regression",
        requirements=[{"id": "near", "metric": "mae", "at_most": 1e9}],
        data={"truth": "age", "prediction": "score"},
    ),
    "product": lambda file: rewrite(file, product="another"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_product_reads_the_columns_of_a_set_in_another_way(
    quick: Here, tmp_path: Path, change: str
) -> None:
    file = team(tmp_path / "team")
    name = quick.seal(file, fresh_cases())
    CHANGES[change](file)
    if change in ("truth", "task"):
        page = yaml.safe_load(file.read_text())
        page["data"].pop("negative", None)
        if change == "task":
            page["data"].pop("positive", None)
            page["data"].pop("score", None)
        file.write_text(yaml.safe_dump(page))
    refused(quick, file, set=name)
    assert quick.sets()[0].left == 3
    if change == "prevalence":
        notes = quick.look(file, CUSTODIAN)["judgement"]["notes"]
        assert any("`prevalence` was None; now it is" in note for note in notes)


def test_another_name_gets_no_second_opinion_and_wears_nothing_out(
    here: Here, tmp_path: Path
) -> None:
    file = team(tmp_path / "team")
    name = here.seal(file, fresh_cases())
    here.look(file)
    other = team(tmp_path / "other", product="renamed")
    assert refused(here, other).code == "no_sealed_set"
    assert refused(here, other, set=name).code == "other_meaning"
    # nor does a custodian seal the same cases once more
    with pytest.raises(Refused) as told:
        here.seal(other, fresh_cases())
    assert told.value.code == "seal_spent"
    assert len(here.sets()) == 1


def test_rows_that_call_themselves_sealed_are_not_judged(quick: Here, tmp_path: Path) -> None:
    raw = fresh_cases(300).with_columns(
        pl.Series("part", ["validation", "sealed"] * 150),
    )
    file = write_product(
        tmp_path / "team",
        raw,
        [FINDS],
        data={
            "id": "case",
            "truth": "ill",
            "positive": 1,
            "score": "score",
            "split": {"column": "part"},
        },
    )
    assert refused(quick, file).code == "sealed_rows_handed_in"
    assert quick.sets() == ()


def test_more_than_one_bit_is_told_of_known_questions_only(quick: Here, tmp_path: Path) -> None:
    file = team(tmp_path / "team", confidence={"looks": 2})
    quick.seal(file, fresh_cases())
    named = tmp_path / "team" / "ids.csv"
    named.write_text("tc1\ntc3\n")
    nosy: list[list[dict[str, Any]]] = [
        [{"id": "one", "metric": "named_cases", "cases": "ids.csv"}],
        [{**FINDS, "slices": [{"by": "site"}]}],
        [{"id": "rows", "metric": "sensitivity", "at_least": 0.1, "slices": [{"by": "case"}]}],
    ]
    for requirements in nosy:
        rewrite(file, requirements=requirements)
        assert refused(quick, file, reveal="requirements").code == "other_questions"
        assert refused(quick, file, reveal="numbers").code == "not_yours_to_retire"
    # one bit of it may be asked, and that is a look
    rewrite(file, requirements=nosy[0])
    told = quick.look(file)["judgement"]
    # the paths name them as the engineer did: they look at open cases alone
    assert "tc1" not in json.dumps({**told, "paths": None})
    # but the last look tells numbers
    rewrite(file, requirements=nosy[1])
    assert refused(quick, file).code == "other_questions"
    # a custodian, who holds the rows anyway, may
    assert quick.look(file, CUSTODIAN)["judgement"]["verdicts"][0]["n"]


def test_a_milder_requirement_may_be_asked_and_the_verdict_says_so(
    quick: Here, tmp_path: Path
) -> None:
    file = team(tmp_path / "team", confidence={"looks": 1})
    quick.seal(file, fresh_cases())
    rewrite(file, requirements=[{**FINDS, "at_least": 0.5}, SPARES])
    notes = quick.look(file)["judgement"]["notes"]
    assert any("When the set was sealed" in one and "0.5" in one for one in notes)


@pytest.mark.parametrize("looks", [1, 2])
def test_what_goes_wrong_on_sealed_rows_is_not_told(
    quick: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    file = team(tmp_path / "team", confidence={"looks": looks})
    quick.seal(file, fresh_cases())

    def broken(*_: Any, **__: Any) -> Any:
        raise BadInput(
            "the first is case tc17", code="odd", where="row 17", next_step="Look at it."
        )

    monkeypatch.setattr(room, "checked", broken)
    monkeypatch.setattr(room, "verdicts", broken)
    try:
        told = json.dumps(quick.look(file))
    except BadInput as problem:
        assert problem.code == "look_interrupted"
        told = str(vars(problem))
    assert "tc17" not in told
    assert "row 17" not in told
    assert quick.looks == 1


# ---- running code, and leaving the bundle


@pytest.mark.parametrize(
    "model",
    [
        {"command": ["sh", "-c", "touch ran"]},
        {"url": "http://127.0.0.1:9/score", "sealed": "predictions"},
        {"python": "evil:score", "sealed": "predictions"},
    ],
)
def test_no_code_of_a_product_is_run(quick: Here, tmp_path: Path, model: dict[str, Any]) -> None:
    file = team(tmp_path / "team")
    quick.seal(file, fresh_cases())
    ran = tmp_path / "ran"
    (file.parent / "evil.py").write_text(f"open({str(ran)!r}, 'w')")
    page = yaml.safe_load(file.read_text())
    page["data"].pop("score")
    file.write_text(yaml.safe_dump({**page, "model": model}))
    assert refused(quick, file).code == "model_reaches_out"
    assert not ran.exists()
    assert not list(quick.scratch.rglob("ran"))


def test_images_do_not_travel_so_nobody_pays_for_a_look_at_none(
    quick: Here, tmp_path: Path
) -> None:
    file = team(tmp_path / "team")
    scans = fresh_cases().with_columns(("scans/" + pl.col("case")).alias("scan"))
    quick.seal(file, scans)
    page = yaml.safe_load(file.read_text())
    page["data"].pop("score")
    page["data"]["features"] = {"image": "scan"}
    file.write_text(yaml.safe_dump(page))
    problem = refused(quick, file)
    assert (problem.code, problem.value) == ("files_do_not_travel", "scan")
    with pytest.raises(BadInput, match="do not travel to a vault"):
        quick.seal(file, scans)
    assert len(quick.sets()) == 1


def test_no_code_of_a_net_that_was_trained_elsewhere_is_run(quick: Here, tmp_path: Path) -> None:
    file = team(tmp_path / "team")
    quick.seal(file, fresh_cases())
    ran = tmp_path / "ran"
    (file.parent / "evil_net.py").write_text(f"open({str(ran)!r}, 'w')")
    (file.parent / ".roadworthy").mkdir(exist_ok=True)
    (file.parent / ".roadworthy" / "model.skops").write_bytes(b"PK")
    page = yaml.safe_load(file.read_text())
    page["data"].pop("score")
    page["data"]["split"] = {"train": 0.5, "validation": 0.5, "seed": 1}
    page["train"] = {"module": "evil_net:Net", "sealed": "predictions"}
    file.write_text(yaml.safe_dump({**page, "models": ["own_module"]}))
    learnt_here = {"rung": "own_module", "learnt": learnt(load(file))}
    (file.parent / ".roadworthy" / "trained.json").write_text(json.dumps(learnt_here))
    assert refused(quick, file).code == "model_reaches_out"
    assert not ran.exists()


@pytest.mark.parametrize("told", ["/etc/passwd", "a/../../out.csv"])
@pytest.mark.parametrize("word", ["cases", "because", "ids", "study"])
def test_no_file_outside_the_bundle_is_read(
    quick: Here, tmp_path: Path, told: str, word: str
) -> None:
    file = team(tmp_path / "team")
    quick.seal(file, fresh_cases())
    changed: dict[str, dict[str, Any]] = {
        "cases": {"data": {"cases": ["cases.parquet", told]}},
        # a table may have any name, one that is prose elsewhere too
        "because": {"data": {"tables": {"because": told}}},
        "ids": {"requirements": [{"id": "one", "metric": "named_cases", "cases": told}]},
        "study": {"team": {"study": told}},
    }
    rewrite(file, **changed[word])
    problem = refused(quick, file)
    assert problem.code == "outside_the_bundle"
    assert "root:" not in str(vars(problem))


def test_prose_may_say_what_it_likes(quick: Here, tmp_path: Path) -> None:
    file = team(tmp_path / "team", purpose="/dev/null", requirements=[{**FINDS, "because": "../x"}])
    quick.seal(file, fresh_cases())
    assert quick.look(file)["judgement"]["withheld"]


def test_a_store_or_a_key_that_comes_along_is_not_used(quick: Here, tmp_path: Path) -> None:
    file = team(tmp_path / "team")
    quick.seal(file, fresh_cases())
    rewrite(file, store={"database": f"sqlite:///{tmp_path}/stolen.db", "artifacts": str(tmp_path)})
    assert quick.look(file)["judgement"]["withheld"]
    assert not (tmp_path / "stolen.db").exists()
    assert quick.looks == 1
    for name in ("vault.key", "store.db", "artifacts/ab/cd"):
        path = file.parent / ".roadworthy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
        assert refused(quick, file).code == "bad_bundle"
        path.unlink()


@pytest.mark.parametrize("name", ["../product.yaml", "/etc/passwd", "..", "", "nowhere.yaml"])
def test_product_yaml_is_in_the_bundle(quick: Here, tmp_path: Path, name: str) -> None:
    file = team(tmp_path / "team")
    quick.seal(file, fresh_cases())
    assert refused(quick, file, product=name).code in ("outside_the_bundle", "bad_bundle")
    assert refused(quick, file, predictions="../../x.csv").code == "bad_bundle"
    assert refused(quick, file, reveal=["numbers"]).code == "bad_bundle"


# ---- a set without its meaning, a place without a set, and retiring


def test_nothing_is_sealed_or_judged_where_no_set_is_kept(quick: Here, tmp_path: Path) -> None:
    assert refused(quick, team(tmp_path / "team")).code == "no_sealed_set"


def test_a_set_is_retired_once_and_for_good(here: Here, tmp_path: Path) -> None:
    file = team(tmp_path / "team")
    name = here.seal(file, fresh_cases())
    with pytest.raises(BadInput):
        here.desk.retire(name, "  ", "carl")
    assert here.desk.retire(name[:6], "the scanner was replaced", "carl") == name
    assert here.sets()[0].retired == "the scanner was replaced (carl)"
    with pytest.raises(Refused):
        here.desk.retire(name, "again", "carl")
    assert refused(here, file).code == "seal_spent"


def test_predictions_travel_and_stand_in_for_the_column(quick: Here, tmp_path: Path) -> None:
    file = team(tmp_path / "team")
    raw = fresh_cases()
    name = quick.seal(file, raw.drop("score").with_columns(pl.lit(0.5).alias("score")))
    assert name
    folder = tmp_path / "answers"
    folder.mkdir()
    raw.select("case", "score").write_csv(folder / "answers.csv")
    table = folder / "answers.csv"
    answered = quick.look(file, table=table, predictions=table.name)["judgement"]
    assert any("handed in" in one for one in answered["notes"])
    assert "answers.csv" in answered["subject"]["name"]
