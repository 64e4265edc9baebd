"""What `train:` and `features:` may say, and what is said when they say something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from roadworthy.core.errors import BadInput
from roadworthy.core.images import Images, Pool
from roadworthy.core.product import Change, Draw, LossName, Product, Sampling, TrainRules
from roadworthy.io.product_yaml import parse_product

HEAD = """version: 1
product: p
data: {cases: a.csv, truth: t, positive: 1, features: FEATURES}
requirements: [{metric: auc, at_least: 0.9}]
"""
BALANCED = Sampling(Draw.BALANCED)


def parsed(more: str, features: str = "[age]", task: str = "binary") -> Product:
    text = HEAD.replace("FEATURES", features) + more
    if task == "regression":
        asked = "metric: mae, max_error: 9, at_most"
        text = text.replace(", positive: 1", "").replace("metric: auc, at_least", asked)
        text += "task: regression\n"
    return parse_product(text, Path("product.yaml"))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("{loss: focal}", TrainRules(None, LossName.FOCAL, 2.0)),
        ("{loss: {focal: 1}}", TrainRules(None, LossName.FOCAL, 1.0)),
        ("{loss: class_balanced}", TrainRules(None, LossName.CLASS_BALANCED, 0.999)),
        ("{loss: {sensitivity_at: 0.9}}", TrainRules(None, LossName.SENSITIVITY_AT, 0.9)),
        ("{sampling: balanced}", TrainRules(samplings=(BALANCED,))),
        ("{sampling: {oversample: 3}}", TrainRules(samplings=(Sampling(Draw.OVERSAMPLE, 3),))),
        (
            "{sampling: [natural, balanced, {oversample: {times: 2, column: site, level: B}}]}",
            TrainRules(samplings=(Sampling(), BALANCED, Sampling(Draw.OVERSAMPLE, 2, "site", "B"))),
        ),
        ("{module: 'm.n:build'}", TrainRules(module="m.n:build")),
        (
            "{module: 'm:build', sealed: predictions}",
            TrainRules(module="m:build", sealed_out=True),
        ),
        ("{augment: none}", TrainRules(augment=())),
        ("{augment: [flip, noise]}", TrainRules(augment=(Change.FLIP, Change.NOISE))),
    ],
)
def test_what_may_be_said(said: str, meant: TrainRules) -> None:
    assert parsed(f"train: {said}\n").training == meant


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{loss: focus}", "focal"),
        ("{module: build}", "names no function"),
        ("{sealed: predictions}", "names no module"),
        ("{loss: sensitivity_at}", "at which specificity"),
        ("{loss: {sensitivity_at: 90}}", "lies not between 0 and 1"),
        ("{loss: {cost: 3}}", "which it does not have"),
        ("{loss: cost}", "no costs are declared"),
        ("{loss: profit}", "no profit is declared"),
        ("{augment: [flip, flip]}", "lists 'flip' twice"),
        ("{augment: mirror}", "flip"),
        ("{}", "is empty"),
        ("{loss: [cost]}", "must be one of"),
        ("{sampling: rare}", "natural"),
        ("{sampling: oversample}", "does not say how often"),
        ("{sampling: {oversample: 1}}", "shows cases 1 times as often"),
        ("{sampling: {oversample: {times: 3, column: site}}}", "does not say all"),
        ("{sampling: {oversample: {times: 3, every: 2}}}", "knows no 'every'"),
        ("{sampling: [hard, hard]}", "twice"),
        ("{sampling: []}", "empty list"),
        ("{sampling: cost}", "is not declared"),
        ("{sampling: {oversample: {times: 3, column: t, level: 1}}}", "no property of a case"),
    ],
)
def test_what_may_not(said: str, told: str) -> None:
    with pytest.raises(BadInput, match=told) as caught:
        parsed(f"train: {said}\n")
    assert "train" in str(caught.value.where) or "product.yaml" in str(caught.value.where)


def test_costs_are_counted_once() -> None:
    costs = "costs: {miss: 5, false_alarm: 1}\n"
    assert parsed(costs + "train: {loss: cost}\n").training.loss is LossName.COST
    with pytest.raises(BadInput, match="counts these already"):
        parsed(costs + "train: {loss: cost, weights: costs}\n")
    assert parsed(costs + "train: {sampling: cost}\n").training.sampling.draw is Draw.COST
    for also in ("weights: costs", "loss: cost"):
        with pytest.raises(BadInput, match="count the costs already"):
            parsed(costs + f"train: {{sampling: cost, {also}}}\n")


@pytest.mark.parametrize("said", ["{loss: focal}", "{sampling: balanced}"])
def test_values_have_no_classes(said: str) -> None:
    with pytest.raises(BadInput, match="the task is regression"):
        parsed(f"train: {said}\n", task="regression")


def test_images_are_features() -> None:
    found = parsed("", "{image: [cc, mlo], columns: age, pool: mean, side: 64}").data
    assert found.features == ("age", "cc", "mlo")
    assert found.images == Images(("cc", "mlo"), Pool.MEAN, 64, within=Pool.MEAN)
    assert parsed("").data.images is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{columns: [age]}", "image"),
        ("{image: scan, columns: [scan]}", "which is an image"),
        ("{image: scan, side: 3}", "at least 8"),
        ("{image: scan, pool: most}", "one of max, mean"),
        ("{images: scan}", "image"),
        ("{image: t}", "the truth"),
    ],
)
def test_what_images_may_not_be(said: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        parsed("", said)


def test_a_net_of_the_teams_own_is_one_more_kind_of_model() -> None:
    models = "models: [logistic, own_module]\n"
    assert parsed(f"train: {{module: 'm:build'}}\n{models}").models == ("logistic", "own_module")
    with pytest.raises(BadInput, match="nothing says which module that is"):
        parsed(models)
