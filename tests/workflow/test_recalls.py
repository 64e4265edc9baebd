"""Recalls of classes and of rare slices, and whether another sampling helped, as a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables import FINDS, LEARNT, SPARES, learnable, write_product

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.ladder import Ladder
from roadworthy.core.product import Draw, Sampling, Task
from roadworthy.core.recalls import Effect, Gain
from roadworthy.io.ladder_json import ladder_from_json, ladder_to_json
from roadworthy.models.logistic import Logistic
from roadworthy.models.nets.rungs import Mlp
from roadworthy.models.sampled import Sampled, SampledRungs, shares
from roadworthy.stats.paired import PairedCounts, lower, upper
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.load import load
from roadworthy.workflow.recalls import recalls, tried
from roadworthy.workflow.subject import load_model
from roadworthy.workflow.train import train

SPLIT = {"train": 0.5, "validation": 0.5, "seed": 3}


def rare(folder: Path, sampling: Any, **others: Any) -> Path:
    cases = learnable(1200, 11)
    some = (cases["ill"] == "no") | (pl.Series(np.arange(1200)) % 8 == 0)
    data = {**LEARNT, "split": SPLIT, "prevalence": "as_sampled"}
    asks = [{**FINDS, "at_least": 0.5, "slices": [{"by": "shape"}]}, {**SPARES, "at_least": 0.4}]
    said = {"models": ["logistic"], "train": {"sampling": sampling}, **others}
    return write_product(folder, cases.filter(some), asks, data=data, **said)


def test_what_a_sampling_did_is_told_with_bounds_that_hold_at_once(tmp_path: Path) -> None:
    file = rare(tmp_path, ["natural", "balanced", "hard"])
    found = train(file).ladder
    assert [one.rung for one in found.fitted] == ["logistic", "logistic+balanced"]
    assert found.candidates == 2
    (balanced,) = found.tried
    assert (balanced.title, balanced.beside) == (
        "logistic regression, balanced",
        "logistic regression, natural",
    )
    mean, positive, negative = balanced.gains
    assert (mean.name, positive.name, negative.name) == ("", "positive", "negative")
    assert (positive.effect, negative.effect) == (Effect.HELPS, Effect.HURTS)
    assert mean.low == pytest.approx((positive.low + negative.low) / 2)
    assert ladder_from_json(ladder_to_json(found)) == found
    assert found.rare
    # and whichever was kept can be loaded
    product = load(file)
    kept = load_model(product, Workspace.beside(product.file))
    assert kept.fingerprint == found.result.model


def test_classes_come_first_and_then_the_slices_in_which_one_is_rarest(tmp_path: Path) -> None:
    found = train(rare(tmp_path, "balanced")).ladder
    assert not found.tried
    assert [(one.name, one.where) for one in found.recalls[:2]] == [
        ("positive", ""),
        ("negative", ""),
    ]
    rarest = found.recalls[2:]
    assert rarest
    assert {one.name for one in rarest} >= {"positive"}
    assert [one.n for one in rarest] == sorted(one.n for one in rarest)
    assert all("shape" in one.where and one.low is not None for one in rarest)


def answered(right: list[bool], units: list[int] | None = None) -> pl.DataFrame:
    n = len(right)
    positive = [at % 2 == 0 for at in range(n)]
    return pl.DataFrame(
        {
            columns.ID: [f"c{at}" for at in range(n)],
            columns.UNIT: [f"u{at}" for at in (units or range(n))],
            columns.RATED: [True] * n,
            columns.INSIDE: [True] * n,
            columns.POSITIVE: positive,
            columns.FLAGGED: [one == hit for one, hit in zip(positive, right, strict=True)],
        }
    )


@settings(max_examples=12, deadline=None)
@given(pairs=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=4, max_size=24))
def test_gains_are_the_exact_paired_bounds_at_their_share_of_alpha(
    pairs: list[tuple[bool, bool]], product_file: Path
) -> None:
    first, other = (answered([pair[side] for pair in pairs]) for side in (0, 1))
    product = load(product_file)
    titles = {"a": "a", "a+b": "b"}
    (found,) = tried(product, {"a": first, "a+b": other}, titles)
    for gain in found.gains[1:]:
        places = range(0 if gain.name == "positive" else 1, len(pairs), 2)
        here = [pairs[at] for at in places]
        counts = PairedCounts(
            sum(now and not before for before, now in here),
            sum(before and not now for before, now in here),
            len(here),
        )
        assert gain.low == pytest.approx(float(lower(counts, 0.05 / 2)))
        assert gain.high == pytest.approx(float(upper(counts, 0.05 / 2)))
        assert gain.low <= gain.estimate <= gain.high


@pytest.fixture(scope="module")
def product_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rare(tmp_path_factory.mktemp("rare"), "natural")


def test_the_same_model_helps_nobody(product_file: Path) -> None:
    same = answered([True, False] * 30)
    (found,) = tried(load(product_file), {"a": same, "a+b": same}, {"a": "a", "a+b": "b"})
    assert {gain.effect for gain in found.gains} == {Effect.UNKNOWN}


def test_where_cases_depend_on_each_other_nothing_is_claimed(product_file: Path) -> None:
    clustered = answered([True] * 20, [at // 4 for at in range(20)])
    (found,) = tried(load(product_file), {"a": clustered, "a+b": clustered}, {"a": "", "a+b": ""})
    assert not found.gains
    assert "depend" in found.why
    assert all(one.low is None for one in recalls(load(product_file), clustered))


def test_a_model_without_epochs_weighs_what_would_be_drawn_more_often() -> None:
    cases = learnable(400, 3)
    truth = pl.Series(cases["ill"] == "yes")
    rule = Sampling(Draw.OVERSAMPLE, 3)
    twice = shares(rule, truth, {})
    repeated = np.repeat(np.arange(400), twice.astype(int))
    features = ("size", "noise")
    ours = Sampled(Logistic(), rule).fit(cases, truth, Task.BINARY, features, 0)
    theirs = Logistic().fit(cases[repeated], truth[repeated], Task.BINARY, features, 0)
    # the same but for how columns are scaled and regularised
    assert np.abs((ours.answer(cases) - theirs.answer(cases)).to_numpy()).max() < 0.05
    plain = Logistic().fit(cases, truth, Task.BINARY, features, 0)
    assert np.abs((ours.answer(cases) - plain.answer(cases)).to_numpy()).max() > 0.05


def test_rules_of_epochs_are_tried_with_nets_alone() -> None:
    rules = (Sampling(), Sampling(Draw.HARD))
    rungs = SampledRungs({"logistic": Logistic(), "mlp": Mlp()}, rules)
    assert list(rungs) == ["logistic", "logistic+hard", "mlp", "mlp+hard"]
    repeats = {name: rungs[name].repeats for name in rungs}  # type: ignore[attr-defined]
    assert repeats == {"logistic": False, "logistic+hard": True, "mlp": False, "mlp+hard": False}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"oversample": {"times": 3, "column": "shape", "level": "square"}}, "no_such_level"),
        ({"oversample": {"times": 3, "column": "form", "level": "oval"}}, "missing_column"),
    ],
)
def test_a_level_that_nobody_has_is_named(tmp_path: Path, said: object, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        train(rare(tmp_path, said))
    assert caught.value.code == code


def test_a_level_of_a_column_or_a_class_is_seen_more_often(tmp_path: Path) -> None:
    by_column = {"oversample": {"times": 5, "column": "shape", "level": "oval"}}
    by_class = {"oversample": {"times": 5, "level": "yes"}}
    found = train(rare(tmp_path, ["natural", by_column, by_class])).ladder
    assert isinstance(found, Ladder)
    models = {one.model for one in found.fitted}
    assert len(models) == 3


def test_an_effect_is_what_both_bounds_say() -> None:
    effects = [Gain("", 0.1, low, high).effect for low, high in ((0.01, 1), (-1, 1), (-1, -0.01))]
    assert effects == [Effect.HELPS, Effect.UNKNOWN, Effect.HURTS]
