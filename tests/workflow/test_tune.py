"""An automatic threshold: chosen on validation cases in scope, and paid for where it was chosen."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.tables import FINDS, SCORED, SPARES, rewrite, simulated, write_product

from roadworthy.core.errors import BadInput
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments
from roadworthy.models.scored_table import ScoredTable
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.tune import CANDIDATES, Tuned, choose_threshold

HALF = {"validation": 0.5, "sealed": 0.5, "seed": 1}
AUTO = {"threshold": "auto"}


def tuned(file: Path) -> Tuned:
    product = load_product(file)
    model = ScoredTable("score", pl.Float64())
    return choose_threshold(product, model, load_cases(product).all_open, instruments())


def scored(folder: Path, raw: pl.DataFrame | None = None) -> Path:
    found = simulated(800, 2) if raw is None else raw
    return write_product(
        folder, found, [FINDS, SPARES], data={**SCORED, "split": HALF}, decision=AUTO
    )


def test_the_threshold_is_a_score_that_was_seen_and_at_most_25_are_tried(tmp_path: Path) -> None:
    file = scored(tmp_path)
    found = tuned(file)
    seen = load_cases(load_product(file)).all_open["score"]
    assert found.policy.threshold in seen.to_list()
    assert found.candidates <= CANDIDATES


def test_few_different_scores_are_few_candidates(tmp_path: Path) -> None:
    raw = simulated(400, 2).with_columns((pl.col("score") * 3).round(0) / 3)
    assert tuned(scored(tmp_path, raw)).candidates == 4


def test_the_hardest_requirement_has_the_most_room_at_the_chosen_threshold(tmp_path: Path) -> None:
    """Of scores that separate well, the chosen threshold lies between the classes."""
    found = tuned(scored(tmp_path, simulated(800, 2, sensitivity=1.0, specificity=1.0)))
    assert 0.4 < found.policy.threshold <= 0.6


def test_the_data_that_chose_pays_for_every_candidate_and_sealed_data_pays_nothing(
    tmp_path: Path,
) -> None:
    file = scored(tmp_path)
    candidates = tuned(file).candidates
    assert candidates > 1
    open_, closed = check(file), certify(file)
    for verdict in open_.verdicts:
        assert 1 - verdict.effective_confidence == pytest.approx(0.05 / candidates)
    for verdict in closed.verdicts:
        assert 1 - verdict.effective_confidence == pytest.approx(0.05)
    assert any(str(candidates) in note for note in open_.notes)
    assert open_.subject == closed.subject


def test_another_table_did_not_choose_and_does_not_pay(tmp_path: Path) -> None:
    file = scored(tmp_path)
    fresh = simulated(300, 9).with_columns(case=pl.format("n{}", pl.int_range(300)))
    fresh.write_parquet(tmp_path / "fresh.parquet")
    judgement = check(file, tmp_path / "fresh.parquet")
    assert 1 - judgement.verdicts[0].effective_confidence == pytest.approx(0.05)


def test_a_threshold_that_was_given_costs_nothing(tmp_path: Path) -> None:
    file = scored(tmp_path)
    rewrite(file, decision={"threshold": 0.5})
    assert 1 - check(file).verdicts[0].effective_confidence == pytest.approx(0.05)


def test_sealed_scores_and_truths_do_not_choose(tmp_path: Path) -> None:
    raw = simulated(800, 2).with_columns(split=pl.Series(["validation", "sealed"] * 400))
    raw = raw.with_columns(ill=pl.Series([1, 1, 0, 0] * 200))
    hidden = pl.col("split") == "sealed"
    forged = raw.with_columns(
        score=pl.when(hidden).then(0.123).otherwise("score"),
        ill=pl.when(hidden).then(1 - pl.col("ill")).otherwise("ill"),
    )
    found = []
    for name, frame in (("true", raw), ("forged", forged)):
        file = scored(tmp_path / name, frame)
        rewrite(file, data={"split": "split"})
        found.append(check(file))
    assert found[0].verdicts == found[1].verdicts
    assert found[0].subject == found[1].subject


def test_scores_out_of_scope_are_no_candidates(tmp_path: Path) -> None:
    raw = simulated(400, 2).with_columns(
        score=pl.when(pl.col("age") < 50).then(0.77).otherwise("score")
    )
    file = scored(tmp_path, raw)
    rewrite(file, scope=[{"field": "age", "between": [50, 90]}])
    assert tuned(file).policy.threshold != 0.77


def test_with_nobody_in_scope_nothing_can_be_chosen(tmp_path: Path) -> None:
    file = scored(tmp_path)
    rewrite(file, scope=[{"field": "age", "between": [500, 600]}])
    with pytest.raises(BadInput) as told:
        check(file)
    assert told.value.code == "no_cases"
