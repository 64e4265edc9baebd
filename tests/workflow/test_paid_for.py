"""A number that was found on these very cases is paid for, however it came into product.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import FINDS, LEARNT, SCORED, learnable, rewrite, simulated, write_product

from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import NotMeasured
from roadworthy.core.verdict import Outcome
from roadworthy.io.product_yaml import load_product
from roadworthy.workflow.check import check
from roadworthy.workflow.train import train

SPLIT = {"train": 0.4, "validation": 0.4, "sealed": 0.2, "seed": 3}


def alphas(file: Path) -> set[float]:
    return {round(1.0 - v.effective_confidence, 6) for v in check(file).verdicts}


def test_a_threshold_that_auto_found_is_paid_for_when_it_is_written_down(tmp_path: Path) -> None:
    data = {**SCORED, "split": {"validation": 0.5, "sealed": 0.5, "seed": 1}}
    file = write_product(
        tmp_path, simulated(600, 1), [FINDS], data=data, decision={"threshold": 0.4}
    )
    assert alphas(file) == {0.05}
    rewrite(file, decision={"threshold": "auto"})
    (divided,) = alphas(file)
    assert divided < 0.05
    rewrite(file, decision={"threshold": 0.5})
    assert alphas(file) == {divided}


def test_so_is_one_that_was_found_for_a_trained_model(tmp_path: Path) -> None:
    file = write_product(
        tmp_path,
        learnable(600, 2),
        [{**FINDS, "at_least": 0.6}],
        data={**LEARNT, "split": SPLIT},
        models=["logistic"],
        decision={"threshold": 0.5},
    )
    train(file)
    assert alphas(file) == {0.05}
    rewrite(file, decision={"threshold": "auto"})
    (divided,) = alphas(file)
    rewrite(file, decision={"threshold": 0.3})
    assert alphas(file) == {divided} != {0.05}


def earning(n: int) -> pl.DataFrame:
    rng = np.random.default_rng(4)
    good = rng.random(n) < 0.7
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": np.where(good, "yes", "no"),
            "x": rng.normal(size=n),
            "pay": np.where(good, 10.0, -80.0),
        }
    )


def test_what_a_requirement_earns_is_no_feature(tmp_path: Path) -> None:
    profit = {"column": "pay", "min": -90, "max": 20, "when": "flagged"}
    wanted = {"metric": "profit_per_case", "at_least": 5, "costs": {"profit": profit}}
    data = {**LEARNT, "split": SPLIT, "prevalence": "as_sampled"}
    file = write_product(tmp_path, earning(500), [wanted], data=data)
    assert train(file).features == ("x",)


def test_a_model_that_answers_from_what_is_now_an_outcome_is_stale(tmp_path: Path) -> None:
    data = {**LEARNT, "split": SPLIT, "prevalence": "as_sampled"}
    file = write_product(
        tmp_path, earning(500), [{**FINDS, "at_least": 0.5}], data=data, models=["logistic"]
    )
    assert "pay" in train(file).features
    profit = {"column": "pay", "min": -90, "max": 20, "when": "flagged"}
    rewrite(
        file,
        requirements=[{"metric": "profit_per_case", "at_least": 5, "costs": {"profit": profit}}],
    )
    with pytest.raises(BadInput) as told:
        check(file)
    assert told.value.code == "stale_model"


@pytest.mark.parametrize("costs", [{"label": 40}, {"gain": {"found": 3}}])
def test_mistakes_without_a_price_are_no_cost_of_nothing(
    tmp_path: Path, costs: dict[str, Any]
) -> None:
    data = {**SCORED, "prevalence": "as_sampled"}
    requirement = {"metric": "expected_cost", "at_most": 5}
    file = write_product(
        tmp_path, simulated(200, 1), [requirement], data=data, costs={"unit": "EUR", **costs}
    )
    found = check(file)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert isinstance(found.verdicts[0].evidence, NotMeasured)


@pytest.mark.parametrize(
    "words",
    [
        {
            "costs": {"miss": 1000, "false_alarm": 10},
            "requirements": [{"metric": "expected_cost", "at_most": 5}],
        },
        {
            "harms": {"deaths": {"miss": 0.02}},
            "requirements": [{"metric": "expected_harm", "harm": "deaths", "at_most": 0.001}],
        },
    ],
)
def test_whoever_refers_everything_for_nothing_must_say_how_much_is_too_much(
    tmp_path: Path, words: dict[str, Any]
) -> None:
    decision = {"refer_between": [0.0, 1.0], "referred": "excluded"}
    data = {**SCORED, "prevalence": "as_sampled"}
    file = write_product(tmp_path, simulated(200, 1), data=data, decision=decision)
    rewrite(file, **words)
    with pytest.raises(BadInput, match="refers everything would pass"):
        load_product(file)
    automation = {"metric": "automation", "at_least": 0.3}
    rewrite(file, requirements=[*words["requirements"], automation])
    load_product(file)


def test_amounts_that_cannot_be_added_up_are_refused(tmp_path: Path) -> None:
    file = write_product(tmp_path, simulated(50, 1), costs={"miss": 1e308})
    with pytest.raises(BadInput, match="too large"):
        load_product(file)
