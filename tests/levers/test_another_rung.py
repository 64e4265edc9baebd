"""Another rung: what its path promises is what training it brings; nothing that is kept changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from tests.rungs import Column
from tests.tables import FINDS, LEARNT, SPARES, learnable, rewrite, write_product

from roadworthy.core.path import Path as Way
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io import path_words
from roadworthy.workflow import other_rungs, studies
from roadworthy.workflow.check import check
from roadworthy.workflow.train import train

SPLIT = {"train": 0.4, "validation": 0.4, "sealed": 0.2, "seed": 7}
EASY, HARD = [{**FINDS, "at_least": 0.5}], [{**FINDS, "at_least": 0.6}, SPARES]
AUTO: Mapping[str, Any] = {"decision": {"threshold": "auto"}}


def product(folder: Path, requirements: Any = HARD, **others: Any) -> Path:
    raw = others.pop("raw", None)
    data = {**LEARNT, "split": SPLIT, **others.pop("data", {})}
    found = learnable(600, 5) if raw is None else raw
    return write_product(folder, found, requirements, data=data, **others)


def offered(judgement: Judgement) -> Way | None:
    found = [path for path in judgement.paths if path.lever == "another_rung"]
    assert len(found) <= 1
    return found[0] if found else None


def follow(file: Path, path: Way) -> Judgement:
    """Does what the path says: leaves out, writes, trains, and judges the same open cases."""
    page = yaml.safe_load(file.read_text())
    if "leave out" in path.change and "`model:`" in path.change:
        del page["model"]
    for line in path.write.splitlines():
        page |= yaml.safe_load(line)
    file.write_text(yaml.safe_dump(page, sort_keys=False))
    train(file)
    return check(file)


def kept_promise(file: Path, before: Judgement, monkeypatch: pytest.MonkeyPatch) -> Judgement:
    """Follows the path, and finds the standing that it promised for fresh cases."""
    path = offered(before)
    assert path is not None
    assert path.selection and "proves nothing yet" in path.proof
    # the path speaks of fresh cases, which chose nothing; these did, and check goes on paying
    with monkeypatch.context() as patch:
        patch.setattr(studies, "_chosen_among", lambda *_: (1, 1))
        patch.setattr(studies, "tried_on", lambda *_: {})
        after = follow(file, path)
    assert path_words.then(before.verdicts, after.verdicts) == path.expected
    return after


@pytest.fixture
def outgrown(tmp_path: Path) -> Path:
    """A product whose requirements grew after the cheapest model was kept."""
    file = product(tmp_path, EASY, **AUTO)
    assert train(file).ladder.kept == "majority"
    rewrite(file, requirements=HARD)
    return file


def test_after_the_requirements_changed_a_rung_that_was_not_kept_is_proposed(
    outgrown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = check(outgrown)
    path = offered(before)
    assert path is not None and path.settles
    assert path.write == "models: [logistic]"
    assert "which was tried and not kept, instead of majority rule" in path.change
    assert "kB" in path.change and "ms a case" in path.change and "3 columns read" in path.change
    assert kept_promise(outgrown, before, monkeypatch).outcome is Outcome.PASS


def test_what_was_tried_before_is_paid_for_when_the_path_was_followed(outgrown: Path) -> None:
    path = offered(check(outgrown))
    assert path is not None
    follow(outgrown, path)
    found = train(outgrown).ladder
    assert [step.rung for step in found.steps] == ["logistic"]
    assert (found.candidates, found.earlier) == (51, 2)
    assert "now and earlier" in found.reason
    assert 1 - check(outgrown).verdicts[0].effective_confidence == pytest.approx(0.05 / 51)


def test_a_rung_that_models_leaves_out_is_proposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = product(tmp_path, HARD, models=["majority"], **AUTO)
    train(file)
    before = check(file)
    path = offered(before)
    assert path is not None and "which `models:` leaves out" in path.change
    assert kept_promise(file, before, monkeypatch).outcome is Outcome.PASS


def test_a_threshold_that_was_given_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = product(tmp_path, HARD, models=["majority"], decision={"threshold": 0.4})
    train(file)
    before = check(file)
    path = offered(before)
    assert path is not None and path.write == "models: [logistic]"
    kept_promise(file, before, monkeypatch)


def test_a_table_with_scores_of_its_own_is_shown_what_could_be_trained_from_its_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = learnable(600, 5).with_columns(score=pl.lit(0.9))
    file = product(tmp_path, raw=raw, data={"score": "score"})
    before = check(file)
    path = offered(before)
    assert path is not None and "leave out `score:` of `data:`" in path.change
    after = kept_promise(file, before, monkeypatch)
    assert after.outcome is Outcome.PASS
    # the scores that it replaces are none of its features
    assert "score" not in yaml.safe_load(file.read_text())["data"]["features"]


def test_a_model_from_elsewhere_is_shown_what_could_be_trained_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs_of_rungs.py").write_text("def score(cases):\n    return [0.9] * len(cases)")
    file = product(tmp_path, model={"python": "theirs_of_rungs:score"})
    before = check(file)
    path = offered(before)
    assert path is not None and "leave out `model:`" in path.change
    assert kept_promise(file, before, monkeypatch).outcome is Outcome.PASS


def test_values_have_no_threshold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    near = {"metric": "within_tolerance", "at_least": 0.5, "tolerance": 1.0}
    raw = learnable(600, 5).with_columns(y=3 * pl.col("noise"))
    data = {"id": "case", "truth": "y", "split": SPLIT, "features": ["noise", "shape"]}
    file = write_product(tmp_path, raw, [near], data=data, task="regression", models=["majority"])
    train(file)
    before = check(file)
    path = offered(before)
    assert path is not None and path.write == "models: [logistic]"
    assert kept_promise(file, before, monkeypatch).outcome is Outcome.PASS


def test_what_was_not_measured_of_another_rung_is_assumed_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = {"id": "fast", "metric": "latency_p50_ms", "at_most": 1e6}
    file = product(tmp_path, [*HARD, fast], models=["majority"], device="here", **AUTO)
    train(file)
    before = check(file, time=True)
    path = offered(before)
    assert path is not None
    assert "it meets fast, for which it was not measured yet" in path.assumed
    kept_promise(file, before, monkeypatch)


def test_its_own_size_is_judged(tmp_path: Path) -> None:
    small = {"id": "small", "metric": "model_size_mb", "at_most": 0.005}
    file = product(tmp_path, [*HARD, small], models=["majority"], **AUTO)
    train(file)
    assert offered(check(file)) is None


def workspace(file: Path, *names: str) -> dict[str, bytes]:
    return {name: (file.parent / ".roadworthy" / name).read_bytes() for name in names}


def test_a_check_changes_nothing_of_the_model_that_is_kept(tmp_path: Path) -> None:
    file = product(tmp_path, HARD, models=["majority"], **AUTO)
    train(file)
    kept = ("model.skops", "trained.json", "ladder.json", "tried.json")
    before = workspace(file, *kept)
    assert offered(check(file)) is not None
    assert workspace(file, *kept) == before


def test_what_was_fitted_once_is_not_fitted_again(
    outgrown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("fitted again")

    monkeypatch.setattr(other_rungs, "fit", never)
    assert offered(check(outgrown)) is not None


@pytest.mark.parametrize("broken", ["logistic.model", "logistic.json"])
def test_a_kept_rung_that_is_not_whole_is_fitted_anew(outgrown: Path, broken: str) -> None:
    before = offered(check(outgrown))
    (file,) = (outgrown.parent / ".roadworthy" / "rungs").glob(f"*/{broken}")
    file.write_bytes(file.read_bytes()[:-20])
    after = offered(check(outgrown))
    assert before is not None and after is not None
    assert after.expected == before.expected


def test_other_training_cases_make_other_rungs(outgrown: Path) -> None:
    rungs = outgrown.parent / ".roadworthy" / "rungs"
    (before,) = rungs.iterdir()
    rewrite(outgrown, data={"features": ["size"]})
    train(outgrown)
    (after,) = rungs.iterdir()
    assert before.name != after.name


def test_a_product_that_passes_fits_nothing(tmp_path: Path) -> None:
    raw = learnable(600, 5).with_columns(score=(pl.col("ill") == "yes").cast(pl.Float64))
    file = product(tmp_path, raw=raw, data={"score": "score"})
    assert check(file).outcome is Outcome.PASS
    assert not (file.parent / ".roadworthy" / "rungs").exists()


def test_a_rung_is_never_judged_on_cases_that_it_learnt_from(tmp_path: Path) -> None:
    raw = learnable(600, 5).with_columns(score=pl.lit(0.9))
    split = {"column": "set"}
    sets = ["train", "validation", "sealed"] * 200
    raw = raw.with_columns(set=pl.Series(sets))
    file = product(tmp_path, raw=raw, data={"score": "score", "split": split})
    learnt = raw.filter(pl.col("set") == "train")
    learnt.write_parquet(tmp_path / "learnt.parquet")
    assert offered(check(file)) is not None
    assert offered(check(file, tmp_path / "learnt.parquet")) is None


def test_what_would_take_long_is_left_to_train_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_rungs, "MOST_LEARNT", 10)
    file = product(tmp_path, HARD, models=["majority"], **AUTO)
    train(file)
    path = offered(check(file))
    assert path is not None and not path.settles
    assert "Let `roadworthy train` try logistic regression and gradient boosting" in path.change
    assert path.write == "models: [logistic, boosting]"


@pytest.mark.parametrize("wrong", [RuntimeError("it rains"), ValueError("no X"), KeyError("k")])
def test_a_strangers_rung_that_breaks_stops_no_check(
    tmp_path: Path, wrong: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = product(tmp_path, HARD, models=["majority"], **AUTO)
    train(file)
    known = {"theirs": Column("noise", 1, wrong)}
    monkeypatch.setattr(other_rungs, "rungs_of", lambda _: known)
    found = check(file)
    assert found.outcome is Outcome.FAIL
    assert offered(found) is None
    assert found.paths


@pytest.mark.parametrize(
    "left",
    [
        {"split": {"validation": 0.5, "sealed": 0.5, "seed": 1}},
        {"features": []},
    ],
)
def test_without_training_cases_or_features_there_is_no_other_rung(
    tmp_path: Path, left: dict[str, Any]
) -> None:
    raw = learnable(600, 5).with_columns(score=pl.lit(0.9))
    if "features" in left:
        raw = raw.select("case", "ill", "score")
        left = {}
    found = check(product(tmp_path, raw=raw, data={"score": "score", **left}))
    assert found.outcome is Outcome.FAIL
    assert offered(found) is None


def test_sealed_cases_change_no_other_rung(tmp_path: Path) -> None:
    raw = learnable(600, 5).with_columns(
        score=pl.lit(0.9), set=pl.Series(["train", "validation", "sealed"] * 200)
    )
    poisoned = raw.with_columns(
        pl.when(pl.col("set") == "sealed").then(-pl.col("noise")).otherwise("noise").alias("noise")
    )
    data = {"score": "score", "split": {"column": "set"}}
    files = [
        product(tmp_path / name, raw=one, data=data)
        for name, one in (("clean", raw), ("poisoned", poisoned))
    ]
    clean, other = (offered(check(file)) for file in files)
    assert clean is not None and other is not None
    assert (clean.write, clean.expected, clean.proof) == (other.write, other.expected, other.proof)


@pytest.mark.parametrize("band", [{}, {"refer_between": "cost", "referred": "excluded"}])
@pytest.mark.parametrize("most", [other_rungs.MOST_TUNED, 100])
def test_by_cost_the_path_is_judged_at_its_own_cheapest_cut_and_can_be_followed(
    tmp_path: Path, band: Mapping[str, str], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_rungs, "MOST_TUNED", most)
    cheap = {"id": "cheap", "metric": "expected_cost", "at_most": 0.75}
    file = product(
        tmp_path,
        [cheap],
        data={"prevalence": "as_sampled"},
        costs={"miss": 3, "false_alarm": 2, "refer": 0.8},
        models=["majority"],
        decision={"threshold": "cost", **band},
    )
    train(file)
    # what is tuned at once is what the ladder told; a rung that is new to it is fitted
    path = offered(check(file))
    assert path is not None
    lines = [yaml.safe_load(line) for line in path.write.splitlines()]
    (said,) = [line["decision"] for line in lines if "decision" in line] or [None]
    assert said is None or "cost" not in said.values()
    assert (said is None) == (most > 100)
    assert follow(file, path).verdicts
