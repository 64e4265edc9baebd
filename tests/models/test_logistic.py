"""The rung of lines: learns what tables hold, answers what it never saw, is never executed."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import learnable

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Task
from roadworthy.models.logistic import Logistic
from roadworthy.models.pipelines import TrainedPipeline, load, matrix

FEATURES = ("size", "shape", "noise")


def binary(n: int = 400, seed: int = 1) -> tuple[pl.DataFrame, pl.Series]:
    cases = learnable(n, seed)
    return cases, cases["ill"] == "yes"


def fitted(features: tuple[str, ...] = FEATURES, **changed: pl.Expr) -> TrainedPipeline:
    cases, truth = binary()
    found = Logistic().fit(cases.with_columns(**changed), truth, Task.BINARY, features, 0)
    assert isinstance(found, TrainedPipeline)
    return found


def test_scores_are_probabilities_that_rank_the_positive_class_higher() -> None:
    cases, truth = binary(seed=2)
    scores = fitted().answer(cases)
    assert scores.is_between(0, 1).all()
    assert scores.filter(truth).mean() > scores.filter(~truth).mean() + 0.3  # type: ignore[operator]


def test_gaps_in_numbers_and_in_categories_are_answered() -> None:
    cases = pl.DataFrame(
        {"size": [None, float("nan"), 1.0], "shape": [None, "oval", None], "noise": [0.0, 0.0, 0.0]}
    )
    assert fitted().answer(cases).is_finite().all()


def test_a_missing_number_may_mean_something() -> None:
    """Where gaps go with the truth, the model learns them: they are not just filled in."""
    rng = np.random.default_rng(1)
    ill = rng.random(400) < 0.5
    size = pl.Series(
        [None if one else float(x) for one, x in zip(ill, rng.normal(size=400), strict=True)]
    )
    cases = pl.DataFrame({"size": size})
    model = Logistic().fit(cases, pl.Series(ill), Task.BINARY, ("size",), 0)
    scores = model.answer(pl.DataFrame({"size": [None, 0.0]}, schema={"size": pl.Float64}))
    assert scores[0] > 0.9 and scores[1] < 0.1


def test_an_unseen_category_counts_as_no_category() -> None:
    cases = pl.DataFrame({"size": [0.0], "shape": ["new"], "noise": [0.0]})
    assert fitted().answer(cases).is_finite().all()


@pytest.mark.parametrize(
    "dead",
    [pl.lit(1.0), pl.lit(None, pl.Float64), pl.lit("x"), pl.lit(None, pl.String), pl.lit(True)],
)
def test_a_column_that_says_nothing_changes_nothing(dead: pl.Expr) -> None:
    cases, _ = binary(seed=2)
    with_dead = fitted((*FEATURES, "dead"), dead=dead).answer(cases.with_columns(dead=dead))
    without = fitted().answer(cases)
    assert with_dead.to_numpy() == pytest.approx(without.to_numpy(), abs=0.02)


def test_a_number_column_that_arrives_as_text_is_refused_by_name() -> None:
    """A text such as '?' makes a column of numbers text, and nobody may guess the others."""
    cases = pl.DataFrame({"size": ["1.0", "?"], "shape": ["oval"] * 2, "noise": [0.0] * 2})
    with pytest.raises(BadInput, match="'size' holds String") as told:
        matrix(cases, fitted().card.numbers, fitted().card.categories)
    assert told.value.next_step


def test_one_class_is_an_error() -> None:
    cases, _ = binary()
    with pytest.raises(BadInput) as told:
        Logistic().fit(cases, pl.Series([True] * 400), Task.BINARY, FEATURES, 0)
    assert told.value.code == "one_class"


def test_a_text_column_with_a_name_a_case_is_an_error() -> None:
    cases, truth = binary()
    with pytest.raises(BadInput) as told:
        Logistic().fit(cases, truth, Task.BINARY, ("case",), 0)
    assert told.value.code == "too_many_categories"


def test_classes_and_values_are_learnt() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=300)
    cases = pl.DataFrame({"x": x})
    values = Logistic().fit(cases, pl.Series(2 * x), Task.REGRESSION, ("x",), 0).answer(cases)
    assert values.to_numpy() == pytest.approx(2 * x, abs=0.05)
    names = pl.Series(np.where(x > 0, "up", "down"))
    classes = Logistic().fit(cases, names, Task.MULTICLASS, ("x",), 0).answer(cases)
    assert classes.dtype == pl.String
    assert (classes == names).mean() > 0.95  # type: ignore[operator]


def test_the_file_gives_back_the_same_model(tmp_path: Path) -> None:
    model, (cases, _) = fitted(), binary(seed=2)
    (tmp_path / "m.skops").write_bytes(model.to_bytes())
    again = load(tmp_path / "m.skops")
    assert again.card == model.card
    assert again.answer(cases).to_list() == model.answer(cases).to_list()
    assert again.files == (tmp_path / "m.skops",)
    assert again.fingerprint == sha256((tmp_path / "m.skops").read_bytes()).hexdigest()
    assert sorted(again.needs) == sorted(FEATURES)


def test_the_same_fit_gives_the_same_bytes_and_another_fit_other_bytes() -> None:
    assert fitted().to_bytes() == fitted().to_bytes()
    assert fitted().to_bytes() != fitted(("size", "shape")).to_bytes()


def refused(path: Path) -> BadInput:
    with pytest.raises(BadInput) as told:
        load(path)
    assert "train" in told.value.next_step
    return told.value


class Bomb:
    """What a stranger might put into a model file: a command that runs when it is read."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04 half a zip"])
def test_a_broken_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.skops").write_bytes(content)
    assert refused(tmp_path / "m.skops").code == "unreadable_model"


def test_a_pickle_is_refused_and_never_executed(tmp_path: Path) -> None:
    bomb, path = tmp_path / "exploded", tmp_path / "m.skops"
    path.write_bytes(pickle.dumps(Bomb(bomb)))
    assert refused(path).code == "unreadable_model"
    assert not bomb.exists()


def test_a_model_file_with_a_function_of_the_system_is_refused_and_never_executed(
    tmp_path: Path,
) -> None:
    from skops.io import dumps

    bomb, path = tmp_path / "exploded", tmp_path / "m.skops"
    path.write_bytes(dumps({"pipeline": Bomb(bomb), "card": {}}))
    assert refused(path).code == "untrusted_model"
    assert not bomb.exists()
    path.write_bytes(dumps({"pipeline": os.system, "card": {}}))
    assert refused(path).code in ("untrusted_model", "unreadable_model")


def edited(content: bytes, **card: Any) -> bytes:
    """The model file with other words in the card, everything else as it was."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            for before, after in card.items():
                text = text.replace(json.dumps(before).encode(), json.dumps(after).encode())
            new.writestr(name, text)
    return result.getvalue()


def test_an_edited_file_has_another_fingerprint_or_is_refused(tmp_path: Path) -> None:
    content = fitted().to_bytes()
    path = tmp_path / "m.skops"
    path.write_bytes(edited(content, binary="binary"))
    assert load(path).fingerprint != sha256(content).hexdigest()
    path.write_bytes(edited(content, task="tusk"))
    assert refused(path).code == "unreadable_model"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    content = fitted().to_bytes()
    (tmp_path / "m.skops").write_bytes(content[: int(len(content) * share)])
    assert refused(tmp_path / "m.skops").code == "unreadable_model"
