"""train: the same data give the same model, and hidden cases give nothing to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import FINDS, LEARNT, SPARES, learnable, rewrite, write_product

from roadworthy.core.errors import BadInput
from roadworthy.core.product import SetName
from roadworthy.core.verdict import Outcome
from roadworthy.io.product_yaml import load_product
from roadworthy.store.seen import seen_ids
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.check import check
from roadworthy.workflow.source import known, load_cases
from roadworthy.workflow.train import train

SPLIT = {"train": 0.5, "validation": 0.25, "sealed": 0.25, "seed": 7}
Copies = Callable[[], Path]


def small(folder: Path, raw: pl.DataFrame | None = None, **others: Any) -> Path:
    data = {**LEARNT, "split": SPLIT, **others.pop("data", {})}
    found = learnable(300, 5) if raw is None else raw
    return write_product(folder, found, [{**FINDS, "at_least": 0.6}, SPARES], data=data, **others)


def refusal(file: Path) -> BadInput:
    with pytest.raises(BadInput) as told:
        train(file)
    assert told.value.next_step
    return told.value


def test_a_model_is_learnt_that_is_better_than_chance(trained: Copies) -> None:
    judgement = check(trained())
    found = {v.requirement: v for v in judgement.verdicts}
    assert found["finds"].evidence.estimate > 0.75  # type: ignore[union-attr]
    assert found["spares"].evidence.estimate > 0.5  # type: ignore[union-attr]


def test_the_same_table_and_seed_give_the_same_artefact_and_threshold(tmp_path: Path) -> None:
    auto: dict[str, Any] = {"decision": {"threshold": "auto"}}
    once = small(tmp_path / "a", **auto)
    again = small(
        tmp_path / "b", learnable(300, 5).sample(fraction=1, shuffle=True, seed=1), **auto
    )
    first, second = train(once), train(again)
    assert first == second
    model = ".roadworthy/model.skops"
    assert (once.parent / model).read_bytes() == (again.parent / model).read_bytes()
    assert train(once) == first


def test_other_training_cases_give_another_fingerprint(tmp_path: Path) -> None:
    first = train(small(tmp_path / "a"))
    second = train(small(tmp_path / "b", data={"split": {**SPLIT, "seed": 8}}))
    assert first.fingerprint != second.fingerprint


def test_exactly_the_training_and_validation_cases_are_noted_as_seen(trained: Copies) -> None:
    file = trained()
    product = load_product(file)
    parted = load_cases(product)
    found = train(file)
    noted = seen_ids(Workspace.beside(file), found.fingerprint)
    assert known(parted.open(SetName.TRAIN, SetName.VALIDATION), noted).all()
    assert not known(parted.open(SetName.CALIBRATION), noted).any()
    assert not known(parted.sealed_inputs(product), noted).any()


def test_features_are_the_columns_that_no_other_key_names(tmp_path: Path) -> None:
    raw = learnable(300, 5).with_columns(
        patient=pl.format("p{}", pl.int_range(300)),
        reader=pl.Series(["yes", "no"] * 150),
        minutes=pl.lit(3.0),
    )
    file = small(
        tmp_path,
        raw,
        data={
            "unit": "patient",
            "prevalence": "as_sampled",
            "calls": {"doctor": {"column": "reader", "positive": ["yes"], "negative": ["no"]}},
        },
        costs={"unit": "EUR", "miss": 5, "refer": {"column": "minutes", "max": 10}},
        scope=[{"field": "noise", "between": [-9, 9]}],
    )
    assert train(file).features == ("size", "shape", "noise")


def test_a_column_that_a_requirement_counts_is_an_outcome_and_no_feature(tmp_path: Path) -> None:
    raw = learnable(300, 5).with_columns(
        crashes=(pl.col("ill") == "yes").cast(pl.Int64), miles=pl.lit(10.0)
    )
    file = small(tmp_path, raw)
    events = {"metric": "event_rate", "at_most": 1, "events": "crashes", "exposure": "miles"}
    rewrite(file, requirements=[{**FINDS, "at_least": 0.6}, events])
    assert "crashes" not in train(file).features
    assert "miles" not in train(file).features


def test_the_column_that_parts_the_data_is_no_feature(tmp_path: Path) -> None:
    raw = learnable(300, 5).with_columns(site=pl.Series(["a", "b", "c"] * 100))
    file = small(tmp_path, raw, data={"split": {"leave_out": "site", "seed": 1}})
    assert "site" not in train(file).features


def test_declared_features_are_taken_alone(tmp_path: Path) -> None:
    assert train(small(tmp_path, data={"features": ["noise"]})).features == ("noise",)


def test_cases_out_of_scope_are_not_learnt_from(tmp_path: Path) -> None:
    inside, raw = [-0.5, 0.5], learnable(300, 5)
    scope = [{"field": "noise", "between": inside}]
    found = train(small(tmp_path, raw, scope=scope))
    parted = load_cases(load_product(tmp_path / "product.yaml"))
    training = parted.open(SetName.TRAIN)
    assert (
        found.cases
        == int(training["noise"].is_between(inside[0], inside[1]).sum())
        < training.height
    )


def test_a_category_that_was_never_trained_on_is_answered_all_the_same(trained: Copies) -> None:
    file = trained()
    raw = learnable(200, 99).with_columns(
        case=pl.format("n{}", pl.int_range(200)), shape=pl.lit("a shape of tomorrow")
    )
    raw.write_parquet(file.parent / "new.parquet")
    judgement = check(file, file.parent / "new.parquet")
    assert judgement.population.cases == 200


def test_constant_and_empty_columns_do_not_stop_the_training(tmp_path: Path) -> None:
    raw = learnable(300, 5).with_columns(
        same=pl.lit(1.0),
        same_text=pl.lit("x"),
        none=pl.lit(None, dtype=pl.Float64),
        no_text=pl.lit(None, dtype=pl.String),
    )
    file = small(tmp_path, raw)
    assert "none" in train(file).features
    assert check(file).population.cases == 75


def test_one_class_is_an_error_that_says_so(tmp_path: Path) -> None:
    raw = learnable(300, 5).with_columns(
        split=pl.when(pl.col("ill") == "yes").then(pl.lit("sealed")).otherwise(pl.lit("train"))
    )
    raw = raw.with_columns(
        split=pl.when(pl.int_range(300) % 3 == 0).then(pl.lit("validation")).otherwise("split")
    )
    problem = refusal(small(tmp_path, raw, data={"split": "split"}))
    assert problem.code == "one_class"


def test_a_text_column_with_a_level_a_case_is_an_error_that_names_it(tmp_path: Path) -> None:
    raw = learnable(300, 5).with_columns(name=pl.format("patient {}", pl.int_range(300)))
    problem = refusal(small(tmp_path, raw, models=["logistic", "boosting"]))
    assert (problem.code, problem.where) == ("too_many_categories", "column name")
    assert "features" in problem.next_step


def test_a_table_with_scores_has_nothing_to_train(tmp_path: Path) -> None:
    raw = learnable(300, 5).with_columns(score=pl.lit(0.5))
    problem = refusal(small(tmp_path, raw, data={"score": "score"}))
    assert problem.code == "nothing_to_train"


def test_without_a_training_split_there_is_nothing_to_learn_from(tmp_path: Path) -> None:
    split = {"validation": 0.5, "sealed": 0.5, "seed": 1}
    assert refusal(small(tmp_path, data={"split": split})).code == "no_cases"


def test_auto_without_a_requirement_that_hangs_on_the_threshold_is_an_error(tmp_path: Path) -> None:
    file = small(tmp_path, decision={"threshold": "auto"})
    rewrite(file, requirements=[{"metric": "model_size_mb", "at_most": 1}])
    assert refusal(file).code == "nothing_to_tune_for"


def measurements(n: int, seed: int) -> pl.DataFrame:
    """Values and classes that follow ``x`` and ``kind``."""
    rng = np.random.default_rng(seed)
    x, kind = rng.normal(size=n), rng.choice(["a", "b"], n)
    y = 3 * x + np.where(kind == "a", 1.0, -1.0) + rng.normal(scale=0.1, size=n)
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "x": x,
            "kind": kind,
            "y": y,
            "class": np.where(y > 2, "high", np.where(y < -2, "low", "middle")),
        }
    )


def test_values_are_learnt_by_regression(tmp_path: Path) -> None:
    near = {"metric": "within_tolerance", "at_least": 0.9, "tolerance": 0.5}
    data = {"id": "case", "truth": "y", "split": SPLIT, "features": ["x", "kind"]}
    file = write_product(tmp_path, measurements(400, 1), [near], data=data, task="regression")
    assert train(file).policy is None
    assert check(file).outcome is Outcome.PASS


def test_classes_are_learnt_too(tmp_path: Path) -> None:
    right = {"metric": "accuracy", "at_least": 0.8}
    data = {
        "id": "case",
        "truth": "class",
        "split": SPLIT,
        "features": ["x", "kind"],
        "prevalence": "as_sampled",
    }
    file = write_product(tmp_path, measurements(600, 1), [right], data=data, task="multiclass")
    train(file)
    assert check(file).outcome is Outcome.PASS


def test_a_model_of_another_task_is_not_judged(tmp_path: Path) -> None:
    file = small(tmp_path, measurements(400, 1).with_columns(ill=pl.Series(["yes", "no"] * 200)))
    train(file)
    rewrite(
        file,
        task="regression",
        requirements=[{"metric": "mae", "at_most": 1, "max_error": 10}],
        data={"truth": "y"},
    )
    page = file.read_text().replace("  positive: 'yes'\n", "").replace("  negative: 'no'\n", "")
    file.write_text(page)
    with pytest.raises(BadInput) as told:
        check(file)
    assert "train" in told.value.next_step


def test_nothing_is_half_written_when_the_replacement_is_interrupted(
    trained: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = trained()
    workspace = file.parent / ".roadworthy"
    before = {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()}
    rewrite(file, data={"features": ["noise"]})

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(file)
    after = {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()}
    assert after == before
