"""A threshold for the lowest cost: exactly the cheapest, and paid for where it was chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import LEARNT, SCORED, learnable, rewrite, simulated, write_product

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Measured
from roadworthy.core.verdict import Outcome
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments
from roadworthy.models.scored_table import ScoredTable
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.subject import kept_policy, load_model
from roadworthy.workflow.train import train
from roadworthy.workflow.tune import Tuned, choose_threshold

HALF = {"validation": 0.5, "sealed": 0.5, "seed": 1}
COSTS = {"unit": "EUR", "miss": 5, "false_alarm": 1}
CHEAP = {"id": "cheap", "metric": "expected_cost", "at_most": 1.0}
DATA = {**SCORED, "split": HALF, "prevalence": "as_sampled"}


def scored(folder: Path, raw: pl.DataFrame | None = None, **changed: Any) -> Path:
    found = simulated(400, 2) if raw is None else raw
    others = {"data": DATA, "costs": COSTS, "decision": {"threshold": "cost"}, **changed}
    return write_product(folder, found, [CHEAP], **others)


def tuned(file: Path) -> tuple[Tuned, pl.DataFrame]:
    product = load_product(file)
    cases = load_cases(product).all_open
    return choose_threshold(
        product, ScoredTable("score", pl.Float64()), cases, instruments()
    ), cases


def cost(cases: pl.DataFrame, threshold: float, miss: float = 5.0, alarm: float = 1.0) -> float:
    ill, score = cases[columns.POSITIVE].to_numpy(), cases["score"].to_numpy()
    return float(np.where(ill, miss * (score < threshold), alarm * (score >= threshold)).mean())


def test_no_other_threshold_is_cheaper_on_the_cases_that_chose(tmp_path: Path) -> None:
    found, cases = tuned(scored(tmp_path))
    every = [cost(cases, t) for t in cases["score"]]
    assert cost(cases, found.policy.threshold) == pytest.approx(min(every))
    assert found.candidates == cases["score"].n_unique() + 1


def test_the_data_that_chose_pays_for_every_cut_and_sealed_data_pays_nothing(
    tmp_path: Path,
) -> None:
    file = scored(tmp_path)
    candidates = tuned(file)[0].candidates
    open_, closed = check(file), certify(file)
    assert 1 - open_.verdicts[0].effective_confidence == pytest.approx(0.05 / candidates)
    assert 1 - closed.verdicts[0].effective_confidence == pytest.approx(0.05)
    assert any(str(candidates) in note for note in open_.notes)
    assert open_.subject == closed.subject


def test_a_band_is_chosen_with_it_and_pays_for_every_pair(tmp_path: Path) -> None:
    raw = simulated(300, 2).with_columns(pl.col("score").round(1))
    decision = {"threshold": "cost", "refer_between": "cost", "referred": "excluded"}
    file = scored(tmp_path, raw, decision=decision, costs={**COSTS, "refer": 0.1})
    found, cases = tuned(file)
    band = found.policy.refer_between
    assert band is not None and band[1] == found.policy.threshold
    distinct = cases["score"].n_unique() + (cases["score"].max() != 1.0)
    assert found.candidates == distinct * (distinct + 1) // 2
    judged = check(file)
    assert judged.population.referred == int(cases["score"].is_between(*band, "left").sum())
    assert any("the band" in note for note in judged.notes)


def test_a_band_that_is_fixed_stays_and_the_rest_is_cut_where_it_is_cheapest(
    tmp_path: Path,
) -> None:
    decision = {"threshold": "cost", "refer_between": [0.3, 0.7], "referred": "excluded"}
    priced = {**COSTS, "refer": 0.1}
    found, cases = tuned(scored(tmp_path, decision=decision, costs=priced))
    assert found.policy.refer_between == (0.3, 0.7)
    outside = cases.filter(~pl.col("score").is_between(0.3, 0.7, "left"))
    every = [cost(outside, t) for t in outside["score"]]
    assert cost(outside, found.policy.threshold) == pytest.approx(min(every))


def test_prices_per_case_move_the_threshold(tmp_path: Path) -> None:
    """The ill cases with low scores are worth a thousand, the others nothing."""
    raw = simulated(300, 2).with_columns(
        loss=pl.when(pl.col("score") < 0.2).then(1000.0).otherwise(0.0)
    )
    dear = {**COSTS, "miss": {"column": "loss", "max": 1000}}
    assert tuned(scored(tmp_path / "dear", raw, costs=dear))[0].policy.threshold < 0.2
    assert tuned(scored(tmp_path / "flat", raw))[0].policy.threshold > 0.2


def test_a_declared_prevalence_weighs_the_cases(tmp_path: Path) -> None:
    """Where one in a thousand is ill, flagging hardly pays."""
    rare = scored(tmp_path / "rare", data={**DATA, "prevalence": 0.001})
    usual = scored(tmp_path / "usual")
    assert tuned(rare)[0].policy.threshold > tuned(usual)[0].policy.threshold


def test_the_cost_ratio_is_no_choice_and_costs_no_alpha(tmp_path: Path) -> None:
    judged = check(scored(tmp_path, decision={"threshold": "cost_ratio"}))
    assert 1 - judged.verdicts[0].effective_confidence == pytest.approx(0.05)
    assert any("threshold 0.1667" in note and "chances" in note for note in judged.notes)


def test_what_training_chose_is_what_is_judged_band_included(tmp_path: Path) -> None:
    file = write_product(
        tmp_path,
        learnable(300, 3),
        [CHEAP],
        data={**LEARNT, "prevalence": "as_sampled", "split": {**HALF, "train": 0.4, "sealed": 0.1}},
        costs={**COSTS, "refer": 0.2},
        train={"weights": "costs"},
        models=["majority", "logistic"],
        decision={"threshold": "cost", "refer_between": "cost", "referred": "excluded"},
    )
    trained = train(file)
    product, workspace = load_product(file), Workspace.beside(file)
    assert kept_policy(product, load_model(product, workspace), workspace) == trained.policy
    judged = check(file)
    assert 1 - judged.verdicts[0].effective_confidence == pytest.approx(0.05 / trained.candidates)
    # another target is another file, and the choice is made anew: no cheaper than before
    rewrite(file, purpose="another text")
    again = check(file)
    assert 1 - again.verdicts[0].effective_confidence <= 0.05 / trained.candidates + 1e-12
    rewrite(file, costs={"miss": 7})
    with pytest.raises(BadInput) as told:
        check(file)
    assert told.value.code == "stale_model"


def test_with_nobody_in_scope_nothing_can_be_chosen(tmp_path: Path) -> None:
    file = scored(tmp_path, scope=[{"field": "age", "between": [500, 600]}])
    with pytest.raises(BadInput) as told:
        check(file)
    assert told.value.code == "no_cases"


@pytest.mark.slow
def test_a_threshold_chosen_on_the_judged_cases_passes_no_more_often_than_alpha(
    tmp_path: Path,
) -> None:
    """Scores that know nothing: every threshold costs at least .5, and the cheapest seen less."""
    rng, runs, passed = np.random.default_rng(8), 60, 0
    unpaid = 0
    file = scored(
        tmp_path,
        simulated(40, 1),
        costs={"miss": 1, "false_alarm": 1},
        data={**DATA, "split": {"validation": 1.0}},
    )
    rewrite(file, requirements=[{**CHEAP, "at_most": 0.4999}])
    for _ in range(runs):
        raw = pl.DataFrame(
            {
                "case": [f"c{i}" for i in range(120)],
                "ill": rng.integers(0, 2, 120),
                "score": rng.random(120),
            }
        )
        raw.write_parquet(tmp_path / "cases.parquet")
        verdict = check(file).verdicts[0]
        assert isinstance(verdict.evidence, Measured)
        passed += verdict.outcome is Outcome.PASS
        unpaid += verdict.evidence.p_pass <= 0.05
    # without paying for the choice it would be a coin toss, not a test
    assert unpaid > 0.1 * runs
    assert passed <= 0.05 * runs + 3 * (0.05 * 0.95 * runs) ** 0.5


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "None"), (float("nan"), "nan"), (float("inf"), "inf"), (-1.0, "-1.0"), (901.0, "901")],
)
def test_a_cost_column_with_gaps_or_beyond_its_ends_is_refused(
    tmp_path: Path, value: float | None, told: str
) -> None:
    raw = simulated(60, 2).with_columns(
        loss=pl.when(pl.col("case") == "c7").then(pl.lit(value, pl.Float64)).otherwise(3.0)
    )
    file = scored(tmp_path, raw, costs={**COSTS, "miss": {"column": "loss", "max": 900}})
    with pytest.raises(BadInput) as error:
        check(file)
    assert error.value.code == "bad_cost"
    assert "case c7" in error.value.message and told in error.value.message


def test_a_gain_may_be_negative_down_to_its_declared_end(tmp_path: Path) -> None:
    raw = simulated(60, 2).with_columns(interest=pl.lit(-3.0))
    gain = {"cleared": {"column": "interest", "min": -3, "max": 9}}
    check(scored(tmp_path / "in", raw, costs={**COSTS, "gain": gain}))
    gain["cleared"]["min"] = -2
    with pytest.raises(BadInput, match="from -2 to the declared maximum 9"):
        check(scored(tmp_path / "out", raw, costs={**COSTS, "gain": gain}))


def test_a_true_class_without_a_price_is_refused(tmp_path: Path) -> None:
    raw = pl.DataFrame({"case": ["a", "b", "c"], "ill": ["x", "y", "z"], "said": ["x", "y", "y"]})
    data = {"id": "case", "truth": "ill", "prediction": "said", "prevalence": "as_sampled"}
    matrix = {"x": {"y": 1}, "y": {"x": 2}}
    file = write_product(
        tmp_path, raw, [CHEAP], data=data, task="multiclass", costs={"matrix": matrix}
    )
    with pytest.raises(BadInput) as told:
        check(file)
    assert told.value.code == "missing_class"
    assert "z" in told.value.message and "costs.matrix" in str(told.value.where)
