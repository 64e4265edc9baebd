"""calibrate: scores of any origin become probabilities, and only training cases teach how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import FINDS, LEARNT, SCORED, SPARES, learnable, rewrite, simulated, write_product

from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Measured
from roadworthy.core.policy import Policy
from roadworthy.core.product import SetName
from roadworthy.io import path_words
from roadworthy.io.product_yaml import load_product
from roadworthy.store.seen import open_names
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.check import check
from roadworthy.workflow.source import known, load_cases
from roadworthy.workflow.train import train

SPLIT = {"train": 0.5, "validation": 0.25, "sealed": 0.25, "seed": 7}
TRUE = {"id": "true", "metric": "calibration_error", "at_most": 0.2}


def overconfident(n: int, seed: int) -> pl.DataFrame:
    """Scores whose log-odds are three times too large."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1, n)
    ill = rng.random(n) < 1 / (1 + np.exp(-odds))
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": ill.astype(int),
            "score": 1 / (1 + np.exp(-3 * odds)),
        }
    )


def scored(folder: Path, **others: Any) -> Path:
    data = {**SCORED, "split": SPLIT, "prevalence": "as_sampled", **others.pop("data", {})}
    return write_product(folder, overconfident(3000, 1), [TRUE], data=data, **others)


def seen(file: Path) -> float:
    found = check(file).verdicts[0].evidence
    assert isinstance(found, Measured)
    return found.estimate


def test_a_column_of_scores_that_is_too_sure_is_mended(tmp_path: Path) -> None:
    file = scored(tmp_path)
    before = seen(file)
    rewrite(file, decision={"calibrate": "auto"})
    judgement = check(file)
    assert seen(file) < 0.5 * before
    assert judgement.subject.name == "column score, temperature calibration"


def test_a_trained_model_is_calibrated_and_read_back(tmp_path: Path) -> None:
    data = {**LEARNT, "split": SPLIT}
    file = write_product(
        tmp_path,
        learnable(900, 5),
        [{**FINDS, "at_least": 0.6}, SPARES],
        data=data,
        decision={"threshold": "auto", "calibrate": "sigmoid"},
        models=["logistic", "boosting"],
    )
    found = train(file)
    assert "calibrated" in found.model
    assert check(file).subject.name.endswith("sigmoid calibration")
    rewrite(file, decision={"threshold": "auto", "calibrate": "isotonic"})
    with pytest.raises(BadInput) as told:
        check(file)
    assert told.value.code == "stale_model"


def test_the_cases_it_learnt_from_can_no_longer_be_sealed_or_judged_on(tmp_path: Path) -> None:
    file = scored(tmp_path, decision={"calibrate": "sigmoid"})
    check(file)
    parted = load_cases(load_product(file))
    noted = open_names(Workspace.beside(file))
    assert known(parted.open(SetName.TRAIN), noted).all()
    own = parted.open(SetName.TRAIN).select("case", "ill", "score")
    with pytest.raises(BadInput) as told:
        check(file, on=own)
    assert told.value.code == "seen_cases"


def test_other_training_cases_make_another_subject(tmp_path: Path) -> None:
    first = check(scored(tmp_path / "a", decision={"calibrate": "sigmoid"})).subject
    other = scored(
        tmp_path / "b", decision={"calibrate": "sigmoid"}, data={"split": {**SPLIT, "seed": 8}}
    )
    assert check(other).subject.fingerprint != first.fingerprint


def test_a_model_of_ones_own_is_calibrated_as_well(tmp_path: Path) -> None:
    file = scored(tmp_path, decision={"calibrate": "sigmoid"}, data={"features": ["score"]})
    page = file.read_text().replace("  score: score\n", "")
    file.write_text(page)
    judgement = check(file, model=lambda cases: cases["score"])
    assert judgement.subject.name.endswith("sigmoid calibration")
    assert any("built elsewhere" in note for note in judgement.notes)


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ({"data": {"split": {"validation": 0.5, "sealed": 0.5, "seed": 1}}}, "no_cases"),
        ({"scope": [{"field": "score", "between": [0.999, 1]}]}, "too_few_to_calibrate"),
    ],
)
def test_without_cases_to_learn_from_nothing_is_calibrated(
    tmp_path: Path, others: dict[str, Any], code: str
) -> None:
    file = scored(tmp_path, decision={"calibrate": "auto"}, **others)
    with pytest.raises(BadInput) as told:
        check(file)
    assert (told.value.code, "calibrate" in told.value.next_step) == (code, True)


def test_only_a_score_can_be_calibrated(tmp_path: Path) -> None:
    data = {"id": "case", "truth": "ill", "prediction": "score", "split": SPLIT}
    requirement = {"metric": "mae", "at_most": 1, "max_error": 5}
    file = write_product(
        tmp_path,
        overconfident(100, 1),
        [requirement],
        data=data,
        task="regression",
        decision={"calibrate": "auto"},
    )
    with pytest.raises(BadInput, match="needs a score"):
        load_product(file)


def test_the_ensemble_is_tried_only_where_it_is_named(tmp_path: Path) -> None:
    data = {**LEARNT, "split": SPLIT}
    file = write_product(tmp_path, learnable(300, 5), [{**FINDS, "at_least": 0.6}], data=data)
    assert "ensemble" not in {step.rung for step in train(file).ladder.steps}
    rewrite(file, models=["ensemble"])
    assert [step.rung for step in train(file).ladder.steps] == ["ensemble"]


def test_a_path_that_writes_another_threshold_keeps_the_calibration(tmp_path: Path) -> None:
    decision = {"threshold": "auto", "calibrate": "sigmoid"}
    file = write_product(
        tmp_path, simulated(400, 3), [FINDS], data={**SCORED, "split": SPLIT}, decision=decision
    )
    line = path_words.decision(load_product(file), Policy(0.25), None)
    assert line == "decision: {threshold: 0.25, calibrate: sigmoid}"
