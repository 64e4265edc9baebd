"""Stricter thresholds inside the certified ones: certified still, and true when followed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.tables import SCORED, rewrite, write_product

from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import BadInput
from roadworthy.core.path import Path as Way
from roadworthy.core.policy import Triage
from roadworthy.core.product import Product, SetName
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io import path_words
from roadworthy.io.product_yaml import load_product
from roadworthy.workflow.calibrate import made_from
from roadworthy.workflow.check import check
from roadworthy.workflow.drawn_in import drawn_in
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.triage import policy_of

SPLIT = {"validation": 0.25, "calibration": 0.5, "sealed": 0.25, "seed": 5}
BOTH = {"mode": "triage", "clear": {"fnr_at_most": 0.05}, "flag": {"fpr_at_most": 0.1}}
TRUSTED = {"id": "trust", "metric": "ppv", "at_least": 0.9}
ALONE = {"id": "alone", "metric": "automation", "at_least": 0.2}
COSTS = {"unit": "EUR", "miss": 100, "false_alarm": 1.2, "refer": 1}


def scored(n: int = 2400, seed: int = 3, apart: float = 1.6) -> pl.DataFrame:
    """A third of the cases are ill, and their scores lie higher."""
    rng = np.random.default_rng(seed)
    ill = np.arange(n) % 3 == 0
    score = 1.0 / (1.0 + np.exp(-rng.normal(np.where(ill, apart, -apart), 1.5)))
    return pl.DataFrame(
        {"case": [f"c{i}" for i in range(n)], "ill": ill.astype(int), "score": score}
    )


def written(folder: Path, decision: object = BOTH, **others: object) -> Path:
    data = {**SCORED, "split": SPLIT, "prevalence": "as_sampled"}
    return write_product(folder, scored(), [TRUSTED, ALONE], data=data, decision=decision, **others)


def stricter(found: Judgement) -> Way:
    return next(path for path in found.paths if path.lever == "decide_less")


def certificate(found: Judgement) -> Certificate:
    assert found.certificate is not None
    return found.certificate


@pytest.mark.parametrize("costs", [{}, {"costs": COSTS}])
def test_who_follows_it_gets_what_it_told_and_keeps_the_certificate(
    tmp_path: Path, costs: dict[str, object]
) -> None:
    file = written(tmp_path, **costs)
    before = check(file)
    assert before.outcome is not Outcome.PASS
    path = stricter(before)
    assert path.selection and path.settles and "proves nothing yet" in path.proof
    for line in path.write.splitlines():
        rewrite(file, **yaml.safe_load(line))
    after = check(file)
    assert path_words.then(before.verdicts, after.verdicts) == path.expected
    was, now = certificate(before), certificate(after)
    assert now.fingerprints == was.fingerprints and (now.look, now.looks) == (1, 1)
    assert now.outcome is Outcome.PASS
    for old, new in zip(was.sides, now.sides, strict=True):
        assert new.k <= old.k and new.bound == old.bound and new.certified == old.certified
    assert was.open is not None and now.open is not None
    assert now.open.referred > was.open.referred
    told = "more of the cases in scope go to a person"
    share = round(100 * (now.open.referred - was.open.referred), 1)
    assert told in path.change and f"{share:g}" in path.change
    # what decides is part of what was judged
    assert before.subject != after.subject


def test_what_referring_costs_is_told_per_case(tmp_path: Path) -> None:
    path = stricter(check(written(tmp_path, costs=COSTS)))
    assert path.per_case is not None and 0.0 < path.per_case.value < 1.0


def test_thresholds_wider_than_the_certified_ones_change_nothing(tmp_path: Path) -> None:
    wide = {
        **BOTH,
        "clear": {"fnr_at_most": 0.05, "only_below": 0.999},
        "flag": {"fpr_at_most": 0.1, "only_above": 0.001},
    }
    file = written(tmp_path)
    before = check(file)
    rewrite(file, decision=wide)
    after = check(file)
    assert policy_of(certificate(after), load_product(file)) == policy_of(
        certificate(before), load_product(file)
    )
    assert [v.evidence for v in after.verdicts] == [v.evidence for v in before.verdicts]


def test_a_threshold_that_leaves_nothing_is_inconclusive_and_says_so(tmp_path: Path) -> None:
    nothing = {**BOTH, "clear": {"fnr_at_most": 0.05, "only_below": 1e-12}}
    found = check(written(tmp_path, nothing))
    side = certificate(found).sides[0]
    assert found.outcome is certificate(found).outcome is Outcome.INCONCLUSIVE
    assert side.threshold is None and "only below" in side.reason


def test_it_counts_the_errors_beyond_the_new_thresholds(tmp_path: Path) -> None:
    file = written(tmp_path)
    low, high = policy_of(certificate(check(file)), load_product(file)), 0.9
    assert isinstance(low, Triage) and low.clear_below is not None
    drawn = {
        **BOTH,
        "clear": {"fnr_at_most": 0.05, "only_below": low.clear_below / 2},
        "flag": {"fpr_at_most": 0.1, "only_above": high},
    }
    rewrite(file, decision=drawn)
    clear, flag = certificate(check(file)).sides
    cases = load_cases(load_product(file)).open(SetName.CALIBRATION)
    ill, score = cases["ill"].to_numpy() == 1, cases["score"].to_numpy()
    assert clear.k == int((score[ill] < low.clear_below / 2).sum())
    assert flag.k == int((score[~ill] > high).sum())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Product, pl.DataFrame, Certificate]:
    """A product, its calibration cases with scores, and what they certify."""
    product = load_product(written(tmp_path_factory.mktemp("made")))
    cases = load_cases(product).open(SetName.CALIBRATION)
    cases = cases.with_columns(pl.col("score").alias(columns.SCORE))
    return product, cases, made_from(product, cases, cases, np.empty(0))


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_whatever_is_written_never_decides_more_than_is_certified(
    made: tuple[Product, pl.DataFrame, Certificate], low: float, high: float
) -> None:
    """Why it is no further look: the risk only falls with what is decided."""
    product, cases, found = made
    rules = product.decision.triage
    assert rules is not None
    rules = replace(rules, only_below=low, only_above=high)
    asked = replace(product, decision=replace(product.decision, triage=rules))
    now, was = policy_of(drawn_in(asked, cases, found), asked), policy_of(found, asked)
    assert was.clear_below is not None and was.flag_above is not None
    assert now.clear_below is None or now.clear_below <= min(was.clear_below, low)
    assert now.flag_above is None or now.flag_above >= max(was.flag_above, high)


@pytest.mark.parametrize(
    ("side", "words", "key"),
    [
        ("clear", {"npv_at_least": 0.9, "only_below": 0.1}, "only_below"),
        ("flag", {"ppv_at_least": 0.9, "only_above": 0.9}, "only_above"),
        ("clear", {"fnr_at_most": 0.1, "only_below": 1.5}, "only_below"),
        ("clear", {"only_below": 0.5}, "clear"),
    ],
)
def test_what_a_stricter_threshold_need_not_keep_is_refused(
    tmp_path: Path, side: str, words: dict[str, float], key: str
) -> None:
    file = written(tmp_path, {"mode": "triage", side: words})
    with pytest.raises(BadInput, match=key):
        load_product(file)


def test_a_side_with_a_predictive_value_stays_as_it_is(tmp_path: Path) -> None:
    decision = {"mode": "triage", "flag": {"ppv_at_least": 0.8}}
    found = check(written(tmp_path, decision))
    assert certificate(found).outcome is Outcome.PASS
    assert found.outcome is not Outcome.PASS
    assert all(path.lever != "decide_less" for path in found.paths)


def test_before_it_is_certified_there_is_nothing_to_be_stricter_with(tmp_path: Path) -> None:
    decision = {"mode": "triage", "clear": {"fnr_at_most": 0.0001}}
    found = check(written(tmp_path, decision))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert {path.lever for path in found.paths} == {"more_positives"}
