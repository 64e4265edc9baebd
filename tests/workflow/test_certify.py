"""The seal: opened once, after everything that could fail, and by nobody in another way."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from tests.tables import FINDS, LEARNT, SCORED, SPARES, learnable, rewrite, simulated, write_product
from tests.vaults import looks, sets

from roadworthy.core.errors import BadInput, ExitCode, Refused, RoadworthyError
from roadworthy.core.product import SetName
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io.product_yaml import load_product
from roadworthy.io.stable_hash import stable_hash
from roadworthy.store.artifacts import Artifacts
from roadworthy.store.workspace import Workspace, unwritable
from roadworthy.workflow import certify as room
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.train import train

HALF = {"validation": 0.5, "sealed": 0.5, "seed": 1}
Copies = Callable[[], Path]


def sealed(folder: Path, requirements: Any = (FINDS,), n: int = 400, **others: Any) -> Path:
    """Scored cases of which half are sealed."""
    data = {**SCORED, "split": HALF, **others.pop("data", {})}
    return write_product(folder, simulated(n, 4), requirements, data=data, **others)


def refused(file: Path, kind: type[RoadworthyError] = Refused) -> str:
    with pytest.raises(kind) as told:
        certify(file)
    assert told.value.next_step
    return told.value.code


def test_the_sealed_set_is_judged_and_only_it(tmp_path: Path) -> None:
    file = sealed(tmp_path)
    product = load_product(file)
    parted = load_cases(product)
    judgement = certify(file)
    assert judgement.set == "sealed"
    assert judgement.population.cases == parted.sizes()[SetName.SEALED] == 200
    rows = parted.to_seal()
    right = rows.filter(pl.col("@positive"))["score"] >= 0.5
    assert judgement.verdicts[0].evidence.estimate == pytest.approx(right.mean())  # type: ignore[union-attr]
    assert len(looks(file)) == 1


def test_the_very_same_gets_its_answer_again_and_no_second_look(tmp_path: Path) -> None:
    file = sealed(tmp_path)
    first = certify(file)
    again = certify(file)
    assert again.verdicts == first.verdicts and again.outcome is first.outcome
    assert "it cost nothing" in again.notes[-1]
    assert len(looks(file)) == 1


def test_a_second_look_is_refused_whoever_else_asks(tmp_path: Path) -> None:
    file = sealed(tmp_path)
    certify(file)
    rewrite(file, decision={"threshold": 0.4})
    assert refused(file) == "seal_spent"
    assert Refused("x", code="x", next_step="x").exit_code is ExitCode.REFUSED
    assert len(looks(file)) == 1


def test_the_opening_is_written_before_the_truth_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = sealed(tmp_path)

    def crash(*_: Any) -> Any:
        assert len(looks(file)) == 1, "the opening stands before anything is measured"
        raise RuntimeError("the power went out")

    monkeypatch.setattr(room, "verdicts_and_pictures", crash)
    with pytest.raises(RuntimeError):
        certify(file)
    monkeypatch.undo()
    assert len(looks(file)) == 1


def test_an_interrupted_look_goes_on_with_the_same_opening_and_gives_one_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = sealed(tmp_path)

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "verdicts_and_pictures", interrupted)
    with pytest.raises(KeyboardInterrupt):
        certify(file)
    monkeypatch.undo()
    assert certify(file).set == "sealed"
    assert len(looks(file)) == 1
    rewrite(file, decision={"threshold": 0.4})
    assert refused(file) == "seal_spent"


def test_an_interrupted_look_is_spent_for_every_other_subject_or_requirement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = sealed(tmp_path)

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "verdicts_and_pictures", interrupted)
    with pytest.raises(KeyboardInterrupt):
        certify(file)
    monkeypatch.undo()
    rewrite(file, decision={"threshold": 0.4})
    assert refused(file) == "seal_spent"


def test_scores_that_changed_after_an_interrupt_do_not_go_on_with_the_old_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = sealed(tmp_path)

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(room, "verdicts_and_pictures", interrupted)
        with pytest.raises(KeyboardInterrupt):
            certify(file)
    raw = pl.read_parquet(tmp_path / "cases.parquet")
    better = pl.when(pl.col("ill") == 1).then(0.99).otherwise("score").alias("score")
    raw.with_columns(better).write_parquet(tmp_path / "cases.parquet")
    assert refused(file) == "seal_spent"


def test_openings_from_before_the_vault_stay_spent(tmp_path: Path) -> None:
    """As roadworthy wrote them down then: hashes of ids, and a note beside them."""
    file = sealed(tmp_path)
    ids = stable_hash(load_cases(load_product(file)).ids(SetName.SEALED)).to_numpy()
    workspace = Workspace.beside(file)
    workspace.write("openings/ab.ids", np.sort(ids)[:1].astype("<u8").tobytes())
    workspace.write_json("openings/ab.opened.json", {"seal": "x", "at": "2026-05-04"})
    assert refused(file) == "seal_spent"
    workspace.write("openings/ab.ids", b"cut")
    assert refused(file) == "broken_opening"
    assert not looks(file)


def test_cases_that_were_judged_openly_can_not_be_sealed(tmp_path: Path) -> None:
    """Else a team could try seeds on open data until the sealed rest is sure to pass."""
    file = sealed(tmp_path)
    check(file)
    rewrite(file, data={"split": {**HALF, "seed": 2}})
    assert refused(file) == "sealed_seen"
    assert not looks(file)


def test_a_set_that_was_open_for_want_of_a_split_can_not_be_sealed(tmp_path: Path) -> None:
    file = sealed(tmp_path)
    text = file.read_text()
    page = yaml.safe_load(text)
    del page["data"]["split"]
    file.write_text(yaml.safe_dump(page))
    check(file)
    file.write_text(text)
    assert refused(file) == "sealed_seen"


def test_another_seed_does_not_seal_opened_cases_again(tmp_path: Path) -> None:
    file = sealed(tmp_path)
    certify(file)
    rewrite(file, data={"split": {**HALF, "seed": 2}})
    assert refused(file) == "seal_spent"


def test_another_name_requirement_or_threshold_buys_no_second_look(tmp_path: Path) -> None:
    file = sealed(tmp_path)
    certify(file)
    rewrite(file, product="another", requirements=[{**FINDS, "at_least": 0.1}])
    assert refused(file) == "seal_spent"
    rewrite(file, decision={"threshold": 0.2})
    assert refused(file) == "seal_spent"


def test_shuffled_rows_and_new_columns_buy_no_second_look(tmp_path: Path) -> None:
    file = sealed(tmp_path)
    certify(file)
    rewrite(file, decision={"threshold": 0.4})
    raw = pl.read_parquet(file.parent / "cases.parquet")
    raw.sample(fraction=1.0, shuffle=True, seed=9).write_parquet(file.parent / "cases.parquet")
    assert refused(file) == "seal_spent"
    raw.with_columns(extra=pl.lit(1)).write_parquet(file.parent / "cases.parquet")
    assert refused(file) == "seal_spent"


def test_new_ids_buy_no_second_look(tmp_path: Path) -> None:
    file = sealed(tmp_path)
    certify(file)
    raw = pl.read_parquet(file.parent / "cases.parquet")
    raw.with_columns(case="new-" + pl.col("case")).write_parquet(file.parent / "cases.parquet")
    assert refused(file) == "seal_spent"
    assert len(looks(file)) == 1


def test_ids_stored_as_another_number_type_buy_no_second_look(tmp_path: Path) -> None:
    raw = simulated(400, 4).with_columns(case=pl.int_range(400))
    file = write_product(tmp_path, raw, data={**SCORED, "split": HALF})
    certify(file)
    rewrite(file, decision={"threshold": 0.4})
    raw.with_columns(pl.col("case").cast(pl.Float64)).write_parquet(tmp_path / "cases.parquet")
    assert refused(file) == "seal_spent"


def test_one_opened_case_among_fresh_ones_is_enough_to_refuse(tmp_path: Path) -> None:
    file = sealed(tmp_path)
    certify(file)
    parted = load_cases(load_product(file))
    opened = parted.to_seal()["case"]
    fresh = simulated(300, 5).with_columns(case=pl.format("n{}", pl.int_range(300)))
    words = ["sealed"] * 150 + ["validation"] * 150
    fresh = fresh.with_columns(split=pl.Series(words))
    one = simulated(400, 4).filter(pl.col("case") == opened[0]).with_columns(split=pl.lit("sealed"))
    pl.concat([fresh, one]).write_parquet(tmp_path / "cases.parquet")
    page = {**SCORED, "cases": "cases.parquet", "split": "split"}
    rewrite(file, data=page)
    assert refused(file) == "seal_spent"
    fresh.write_parquet(tmp_path / "cases.parquet")
    assert certify(file).set == "sealed", "a fresh test set is welcome"


def test_a_fresh_sealed_set_may_be_opened_after_an_old_one(tmp_path: Path) -> None:
    file = sealed(tmp_path)
    certify(file)
    fresh = simulated(400, 6).with_columns(case=pl.format("n{}", pl.int_range(400)))
    fresh.write_parquet(tmp_path / "cases.parquet")
    assert certify(file).population.cases == 200
    assert len(looks(file)) == 2


# ---- what must not spend the opening


BROKEN = {
    "a slice column that is not there": {"requirements": [{**FINDS, "slices": [{"by": "sight"}]}]},
    "an unknown reader": {
        "requirements": [{"metric": "sensitivity", "against": "nobody", "max_drop": 0.1}]
    },
    "a column of an instrument that is not there": {
        "requirements": [
            {"metric": "event_rate", "at_most": 1, "events": "crashes", "exposure": "miles"}
        ]
    },
    "an unknown metric": {"requirements": [{"metric": "sensitivitty", "at_least": 0.9}]},
    "a scope column that is not there": {"scope": [{"field": "agge", "between": [1, 2]}]},
    "a score column that is not there": {"data": {"score": "skore"}},
    "too many levels": {"requirements": [{**FINDS, "slices": [{"by": "case"}]}]},
    "ranges over words": {
        "requirements": [{**FINDS, "slices": [{"by": "site", "ranges": [[0, 1]]}]}]
    },
    "gaps in a column of an instrument": {
        "requirements": [
            {"metric": "event_rate", "at_most": 1, "events": "gaps", "exposure": "age"}
        ]
    },
    "a table that is not there": {
        "data": {"tables": {"timings": "nowhere.csv"}},
        "requirements": [FINDS, {"metric": "latency_p99_ms", "at_most": 5}],
    },
    "a threshold with nothing to hang on": {
        "decision": {"threshold": "auto"},
        "requirements": [
            {"metric": "event_rate", "at_most": 1, "events": "age", "exposure": "age"}
        ],
    },
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_mistake_does_not_spend_the_opening(tmp_path: Path, broken: dict[str, Any]) -> None:
    file = sealed(tmp_path)
    raw = pl.read_parquet(tmp_path / "cases.parquet")
    gaps = pl.when(pl.int_range(pl.len()) % 7 == 0).then(None).otherwise(1.0).alias("gaps")
    raw.with_columns(gaps).write_parquet(tmp_path / "cases.parquet")
    shutil.copy(file, tmp_path / "good.yaml")
    rewrite(file, **broken)
    refused(file, BadInput)
    assert not looks(file)
    shutil.copy(tmp_path / "good.yaml", file)
    assert certify(file).set == "sealed"


@pytest.mark.parametrize("score", [None, float("nan"), 1.5])
def test_a_bad_score_in_the_sealed_set_does_not_spend_the_opening(
    tmp_path: Path, score: float | None
) -> None:
    file = sealed(tmp_path)
    good = pl.read_parquet(tmp_path / "cases.parquet")
    parted = load_cases(load_product(file))
    rows = parted.to_seal()
    one = rows["case"][0]
    spoilt = pl.when(pl.col("case") == one).then(pl.lit(score, pl.Float64)).otherwise("score")
    good.with_columns(spoilt.alias("score")).write_parquet(tmp_path / "cases.parquet")
    assert refused(file, BadInput) == "bad_score"
    assert not looks(file)


def test_a_workspace_that_cannot_be_written_spends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = sealed(tmp_path)
    for room_, broken in ((Workspace, "write"), (Artifacts, "put_file")):

        def full(self: Any, *_: Any) -> Any:
            raise unwritable(self.folder, OSError(28, "No space left on device"))

        with monkeypatch.context() as patch:
            patch.setattr(room_, broken, full)
            assert refused(file, BadInput) == "unwritable_workspace"
        assert not looks(file)
    assert certify(file).set == "sealed"


def test_without_a_sealed_set_there_is_nothing_to_certify_on(tmp_path: Path) -> None:
    open_only = {"train": 0.5, "validation": 0.5, "seed": 1}
    file = write_product(tmp_path / "a", simulated(100, 1), data={**SCORED, "split": open_only})
    assert refused(file, BadInput) == "no_sealed_set"
    file = write_product(tmp_path / "b", simulated(100, 1))
    assert refused(file, BadInput) == "no_sealed_set"


# ---- sealed cases do not leak


def test_a_sealed_case_that_the_model_learnt_from_is_refused(trained: Copies) -> None:
    file = trained()
    rewrite(
        file,
        data={
            "split": {"train": 0.4, "validation": 0.2, "calibration": 0.1, "sealed": 0.3, "seed": 4}
        },
    )
    assert refused(file, RoadworthyError) in ("sealed_seen", "other_model", "stale_model")
    assert not looks(file)


def test_a_model_whose_training_cases_are_unknown_is_refused(trained: Copies) -> None:
    file = trained()
    for note in (file.parent / ".roadworthy" / "seen").iterdir():
        if not note.name.endswith(".tried.ids"):
            note.unlink()
    assert refused(file, BadInput) == "unknown_training"
    assert not looks(file)


def test_training_that_stops_half_way_leaves_no_model_that_certify_would_trust(
    trained: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Train on other cases, fail after the model was written, and go back to the old split."""
    file = trained()
    before = file.read_text()
    rewrite(file, data={"split": {"train": 0.6, "validation": 0.2, "sealed": 0.2, "seed": 5}})

    def crash(*_: Any) -> Any:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "write_json", crash)
        with pytest.raises(RuntimeError):
            train(file)
    file.write_text(before)
    with pytest.raises(RoadworthyError):
        certify(file)
    assert not looks(file)


def test_certify_judges_the_threshold_that_train_chose(trained: Copies) -> None:
    file = trained()
    open_, closed = check(file), certify(file)
    assert open_.subject.fingerprint == closed.subject.fingerprint
    assert any("chosen on validation" in note for note in closed.notes)
    assert closed.verdicts[0].effective_confidence == pytest.approx(0.95)
    assert open_.verdicts[0].effective_confidence > 0.95


def test_what_sealed_and_calibration_cases_say_changes_nothing_before_the_opening(
    tmp_path: Path,
) -> None:
    """Model, threshold and open judgement are the same when every hidden cell is forged."""
    rng = np.random.default_rng(2)
    raw = learnable(600, 3).with_columns(
        split=pl.Series(rng.choice(["train", "validation", "calibration", "sealed"], 600))
    )
    hidden = pl.col("split").is_in(["sealed", "calibration"])
    forged = raw.with_columns(
        pl.when(hidden & (pl.col("ill") == "yes"))
        .then(pl.lit("no"))
        .when(hidden)
        .then(pl.lit("yes"))
        .otherwise("ill")
        .alias("ill"),
        pl.when(hidden).then(-9.0).otherwise("size").alias("size"),
        pl.when(hidden).then(pl.lit("never seen")).otherwise("shape").alias("shape"),
    )
    found = []
    for name, frame in (("true", raw), ("forged", forged)):
        file = write_product(
            tmp_path / name,
            frame,
            [{**FINDS, "at_least": 0.7}, SPARES],
            data={**LEARNT, "split": "split"},
            decision={"threshold": "auto"},
        )
        found.append((train(file), check(file).verdicts))
    assert found[0] == found[1]


def test_the_judgement_is_kept_for_the_dossier_with_its_seal(tmp_path: Path) -> None:
    file = sealed(tmp_path)
    judgement = certify(file)
    kept = json.loads(
        (tmp_path / ".roadworthy" / "judgements" / "product" / "sealed.json").read_text()
    )
    assert kept["outcome"] == judgement.outcome
    assert kept["fingerprints"]["sealed set"] == sets(file)[0].root


def _race(folder: str, start: Any, answers: Any) -> None:
    start.wait()
    try:
        answers.put(repr(certify(Path(folder) / "product.yaml").verdicts))
    except Refused as problem:
        answers.put(problem.code)


@pytest.mark.slow
def test_of_two_processes_that_race_exactly_one_opens(tmp_path: Path) -> None:
    """The other is refused, or goes on with the same opening to the same answer."""
    file = sealed(tmp_path)
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(2), context.Queue()
    racers = [context.Process(target=_race, args=(str(tmp_path), start, answers)) for _ in range(2)]
    for racer in racers:
        racer.start()
    told = sorted(answers.get(timeout=60) for _ in racers)
    for racer in racers:
        racer.join()
    assert len({one for one in told if one != "seal_spent"}) == 1
    assert len(looks(file)) == 1


def test_a_product_that_is_good_passes_and_a_bad_one_fails(tmp_path: Path) -> None:
    found: dict[str, Judgement] = {}
    for name, sensitivity in (("good", 0.99), ("bad", 0.6)):
        raw = simulated(1200, 8, sensitivity=sensitivity)
        file = write_product(tmp_path / name, raw, [FINDS, SPARES], data={**SCORED, "split": HALF})
        found[name] = certify(file)
    assert found["good"].outcome is Outcome.PASS
    assert found["bad"].outcome is Outcome.FAIL
