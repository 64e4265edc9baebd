"""The ladder: the cheapest whose bounds meet is kept, and choosing is paid for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom
from tests.rungs import Column
from tests.tables import FINDS, LEARNT, SPARES, Incurious, learnable, rewrite, write_product

from roadworthy.core import columns
from roadworthy.core.errors import BadInput, RoadworthyError
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.ladder import Ladder, NotFitted, RungResult
from roadworthy.core.requirement import WHOLE, Limit, Side, Tier
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io.ladder_json import ladder_from_json, ladder_to_json
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments, rungs
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.ladder import OpenCases, choose, climb
from roadworthy.workflow.prepare import in_fixed_order
from roadworthy.workflow.source import checked
from roadworthy.workflow.subject import ladder_of, load_model
from roadworthy.workflow.train import train

SPLIT = {"train": 0.4, "validation": 0.4, "sealed": 0.2, "seed": 7}
KNOWN = {"id": "case", "truth": "ill", "positive": 1, "negative": 0, "features": ["a"]}


def learning(folder: Path, requirements: Sequence[Mapping[str, Any]], **others: Any) -> Path:
    raw = others.pop("raw", None)
    data = {**LEARNT, "split": SPLIT, **others.pop("data", {})}
    found = learnable(1500, 5) if raw is None else raw
    return write_product(folder, found, requirements, data=data, **others)


def climbed(
    folder: Path,
    raw: pl.DataFrame,
    tried: Mapping[str, Column],
    requirements: Sequence[Mapping[str, Any]] = (FINDS,),
    **others: Any,
) -> Ladder:
    """A ladder of rungs that answer with columns of ``raw``, all of which is open."""
    file = write_product(folder, None, requirements, data={**KNOWN, "split": SPLIT}, **others)
    product = load_product(file)
    cases = in_fixed_order(checked(raw, product), "memory")
    known = {r.metric: Incurious(instruments()[r.metric]) for r in product.requirements}
    return climb(product, OpenCases(cases, cases, cases), ("a",), 0, tried, known).ladder


def answered(ill: int, well: int, **found: int) -> pl.DataFrame:
    """Cases of which every named column finds so many of the ill and flags none of the well."""
    said = {
        name: [0.9] * hits + [0.1] * (ill - hits) + [0.1] * well for name, hits in found.items()
    }
    truth = [1] * ill + [0] * well
    return pl.DataFrame({"case": [f"c{i}" for i in range(len(truth))], "ill": truth, **said})


LADDER = {"low": Column("a", 0), "middle": Column("b", 1), "high": Column("c", 2)}


def test_the_cheapest_that_meets_is_kept_and_not_the_best(tmp_path: Path) -> None:
    found = climbed(tmp_path, answered(300, 50, a=270, b=295, c=300), LADDER)
    assert [result.outcome for result in found.fitted] == [
        Outcome.INCONCLUSIVE,
        Outcome.PASS,
        Outcome.PASS,
    ]
    assert (found.kept, found.meets) == ("middle", True)
    assert "column c scored best" in found.best.lower()
    assert "larger" in found.best
    assert "per case" in found.best


def test_the_order_is_that_of_the_ranks_whatever_the_names(tmp_path: Path) -> None:
    tried = {"a": Column("c", 9), "z": Column("b", 1)}
    found = climbed(tmp_path, answered(300, 50, a=0, b=300, c=300), tried)
    assert [step.rung for step in found.steps] == ["z", "a"]
    assert found.kept == "z"


def test_alpha_is_divided_by_the_rungs_that_were_judged(tmp_path: Path) -> None:
    found = climbed(tmp_path, answered(300, 50, a=270, b=285, c=290), LADDER)
    assert found.candidates == 3
    for result in found.fitted:
        for verdict in result.verdicts:
            assert 1 - verdict.effective_confidence == pytest.approx(0.05 / 3)


def test_with_an_automatic_threshold_every_threshold_of_every_rung_is_paid_for(
    tmp_path: Path,
) -> None:
    raw = answered(300, 300, a=270, b=285, c=290).with_columns(
        c=pl.Series(np.random.default_rng(1).random(600))
    )
    requirements = [FINDS, {**SPARES, "at_least": 0.9}]
    found = climbed(tmp_path, raw, LADDER, requirements, decision={"threshold": "auto"})
    assert [result.candidates for result in found.fitted] == [2, 2, 25]
    assert found.candidates == 29
    assert 1 - found.result.verdicts[0].effective_confidence == pytest.approx(0.05 / 29)


def test_when_none_meets_the_nearest_is_kept_and_that_is_said(tmp_path: Path) -> None:
    found = climbed(tmp_path, answered(100, 50, a=88, b=94, c=92), LADDER)
    assert (found.kept, found.meets) == ("middle", False)
    assert found.reason.startswith("None of the 3 can be told to meet every critical requirement")
    assert "divided by the 3 models" in found.reason


def test_of_equally_near_ones_the_cheaper_is_kept(tmp_path: Path) -> None:
    found = climbed(tmp_path, answered(100, 50, a=92, b=92, c=92), LADDER)
    assert found.kept == "low"


def test_a_rung_that_is_shown_to_miss_is_not_kept_while_another_is_not(tmp_path: Path) -> None:
    """The cheap one finds all and alarms always: it is shown to miss; the other is only unsure."""
    raw = answered(300, 300, a=300, b=272).with_columns(a=pl.lit(0.9))
    tried = {"low": LADDER["low"], "middle": LADDER["middle"]}
    found = climbed(tmp_path, raw, tried, [FINDS, SPARES])
    assert [result.outcome for result in found.fitted] == [Outcome.FAIL, Outcome.INCONCLUSIVE]
    assert found.kept == "middle"


def test_all_that_miss_are_said_to_miss(tmp_path: Path) -> None:
    found = climbed(tmp_path, answered(300, 50, a=100, b=150, c=120), LADDER)
    assert found.reason.startswith("All 3 are shown to miss a critical requirement")
    assert not found.meets


def test_a_rung_that_cannot_be_fitted_is_shown_with_the_reason(tmp_path: Path) -> None:
    refusal = BadInput("it rains.", code="rain", next_step="Wait.")
    tried = {**LADDER, "low": Column("a", 0, refusal), "high": Column("c", 2, ValueError("no X"))}
    found = climbed(tmp_path, answered(300, 50, a=300, b=300, c=300), tried)
    first, middle, last = found.steps
    assert first == NotFitted("low", "column a", "it rains.", "Wait.", "rain")
    assert isinstance(middle, RungResult)
    assert isinstance(last, NotFitted)
    assert "no X" in last.reason
    assert found.candidates == 1


def test_when_no_rung_can_be_fitted_that_is_an_error_with_the_reason(tmp_path: Path) -> None:
    refusal = BadInput("it rains.", code="rain", next_step="Wait.")
    tried = {name: Column("a", i, refusal) for i, name in enumerate(LADDER)}
    with pytest.raises(BadInput, match="it rains") as told:
        climbed(tmp_path, answered(30, 30, a=30), tried)
    assert (told.value.code, told.value.next_step) == ("rain", "Wait.")


def test_several_models_and_nothing_to_choose_on_is_an_error(tmp_path: Path) -> None:
    split = {"train": 0.5, "sealed": 0.5, "seed": 1}
    file = learning(tmp_path, [FINDS], data={"split": split})
    with pytest.raises(BadInput) as told:
        train(file)
    assert told.value.code == "no_cases"
    rewrite(file, models=["logistic"])
    found = train(file).ladder
    assert (found.kept, found.meets, found.cases) == ("logistic", False, 0)
    assert "no validation case" in found.reason


def test_advisory_requirements_do_not_choose(tmp_path: Path) -> None:
    wish = {**SPARES, "at_least": 0.99, "tier": "advisory"}
    raw = answered(300, 300, a=300, b=300).with_columns(a=pl.lit(0.9))
    tried = {"low": LADDER["low"], "middle": LADDER["middle"]}
    assert climbed(tmp_path, raw, tried, [FINDS, wish]).kept == "low"


def test_a_slice_that_misses_is_a_miss(tmp_path: Path) -> None:
    sliced = {**FINDS, "slices": [{"by": "site"}]}
    raw = answered(300, 50, a=270, b=299).with_columns(
        site=pl.when(pl.int_range(350) % 2 == 0).then(pl.lit("north")).otherwise(pl.lit("south"))
    )
    north_alone = pl.when((pl.col("ill") == 1) & (pl.col("site") == "north")).then(0.9)
    raw = raw.with_columns(a=north_alone.otherwise(0.1))
    tried = {"low": LADDER["low"], "middle": LADDER["middle"]}
    found = climbed(tmp_path, raw, tried, [{**sliced, "at_least": 0.45}])
    assert found.kept == "middle"
    assert found.fitted[0].outcome is not Outcome.PASS


def test_the_size_of_the_artefact_is_judged_and_the_time_is_left_to_check(tmp_path: Path) -> None:
    small = {"metric": "model_size_mb", "at_most": 0.01}
    fast = {"metric": "latency_p99_ms", "at_most": 1000}
    file = learning(
        tmp_path, [{**FINDS, "at_least": 0.5}, {**SPARES, "at_least": 0.4}, small, fast]
    )
    found = train(file).ladder
    outcomes = {
        result.rung: next(v.outcome for v in result.verdicts if v.metric == "model_size_mb")
        for result in found.fitted
    }
    assert outcomes == {
        "majority": Outcome.PASS,
        "logistic": Outcome.PASS,
        "boosting": Outcome.FAIL,
    }
    assert found.unjudged == ("latency_p99_ms",)
    assert (found.kept, found.meets) == ("logistic", True)


def test_requirements_that_a_constant_meets_are_told_so(tmp_path: Path) -> None:
    file = learning(tmp_path, [FINDS], decision={"threshold": "auto"})
    found = train(file).ladder
    assert (found.kept, found.meets) == ("majority", True)
    assert "do not ask a model to tell cases apart" in found.reason


def test_text_that_names_the_case_leaves_the_rungs_that_read_no_column(tmp_path: Path) -> None:
    raw = learnable(600, 5).with_columns(name=pl.format("patient {}", pl.int_range(600)))
    found = train(learning(tmp_path, [FINDS], raw=raw)).ladder
    missing = [step for step in found.steps if isinstance(step, NotFitted)]
    assert {step.code for step in missing} == {"too_many_categories"}
    assert {step.rung for step in missing} == {"logistic", "boosting"}
    assert found.kept == "majority"


def test_only_the_models_that_product_yaml_names_are_tried(tmp_path: Path) -> None:
    file = learning(tmp_path, [FINDS, SPARES], models=["logistic", "majority"])
    found = train(file)
    assert [step.rung for step in found.ladder.steps] == ["majority", "logistic"]
    assert found.candidates == 2


def test_a_model_that_nobody_announces_is_told_with_the_nearest(tmp_path: Path) -> None:
    file = learning(tmp_path, [FINDS], models=["logistics"])
    with pytest.raises(BadInput, match="logistics") as told:
        train(file)
    assert told.value.code == "unknown_model"
    assert "`logistic`" in told.value.next_step


# ---- what judging later makes of it


def test_check_on_the_choosing_cases_pays_and_certify_does_not(tmp_path: Path) -> None:
    file = learning(tmp_path, [{**FINDS, "at_least": 0.6}, SPARES], decision={"threshold": "auto"})
    candidates = train(file).candidates
    assert candidates == 51
    open_, closed = check(file), certify(file)
    for verdict in open_.verdicts:
        assert 1 - verdict.effective_confidence == pytest.approx(0.05 / 51)
    for verdict in closed.verdicts:
        assert 1 - verdict.effective_confidence == pytest.approx(0.05)
    assert any("the threshold" in note and "51" in note for note in open_.notes)


def test_check_says_of_the_kept_model_what_the_ladder_said(tmp_path: Path) -> None:
    file = learning(tmp_path, [{**FINDS, "at_least": 0.6}, SPARES], decision={"threshold": "auto"})
    found = train(file).ladder.result
    again = check(file).verdicts
    assert [v.evidence for v in again] == [v.evidence for v in found.verdicts]
    assert [v.outcome for v in again] == [v.outcome for v in found.verdicts]


@pytest.mark.parametrize("threshold", ["auto", 0.41])
def test_changing_the_page_after_training_does_not_make_the_choice_free(
    threshold: str | float, tmp_path: Path
) -> None:
    file = learning(tmp_path, [{**FINDS, "at_least": 0.6}, SPARES], decision={"threshold": "auto"})
    train(file)
    rewrite(file, purpose="something else", decision={"threshold": threshold})
    assert 1 - check(file).verdicts[0].effective_confidence <= 0.05 / 51 + 1e-12


def test_values_and_classes_pay_for_their_rungs_too(tmp_path: Path) -> None:
    near = {"metric": "within_tolerance", "at_least": 0.5, "tolerance": 3.0}
    data = {"id": "case", "truth": "noise", "split": SPLIT, "features": ["size", "shape"]}
    file = write_product(tmp_path, learnable(900, 5), [near], data=data, task="regression")
    found = train(file)
    assert (found.candidates, found.policy) == (3, None)
    assert found.ladder.kept == "majority"
    assert 1 - check(file).verdicts[0].effective_confidence == pytest.approx(0.05 / 3)


def test_the_kept_ladder_is_read_back_for_the_model_it_kept(tmp_path: Path) -> None:
    file = learning(tmp_path, [{**FINDS, "at_least": 0.6}, SPARES])
    found = train(file)
    product, workspace = load_product(file), Workspace.beside(file)
    model = load_model(product, workspace)
    assert ladder_of(model.fingerprint, workspace) == found.ladder
    stored = json.loads(workspace.path("ladder.json").read_text())
    assert ladder_to_json(ladder_from_json(stored)) == stored
    workspace.write_json("ladder.json", {**stored, "model": "another"})
    assert ladder_of(model.fingerprint, workspace) is None
    workspace.write_json("ladder.json", {**stored, "kept": "nobody"})
    with pytest.raises(BadInput):
        ladder_of(model.fingerprint, workspace)


def test_a_model_of_a_kind_that_is_gone_is_not_judged(tmp_path: Path) -> None:
    file = learning(tmp_path, [FINDS])
    train(file)
    workspace = Workspace.beside(file)
    kept = workspace.read_json("trained.json") or {}
    workspace.write_json("trained.json", {**kept, "rung": "forest"})
    with pytest.raises(BadInput) as told:
        check(file)
    assert "train" in told.value.next_step


def test_training_that_stops_between_its_files_leaves_nothing_that_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = learning(tmp_path, [FINDS])
    train(file)
    rewrite(file, data={"split": {**SPLIT, "seed": 8}}, models=["logistic"])

    def crash(*_: Any) -> Any:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "write_json", crash)
        with pytest.raises(RuntimeError):
            train(file)
    for page in (file.read_text(), file.read_text().replace("seed: 8", "seed: 7")):
        file.write_text(page)
        with pytest.raises(RoadworthyError):
            check(file)


# ---- the rule, and what it costs


def result(rung: str, outcome: Outcome, *p: float | None) -> RungResult:
    def verdict(value: float | None) -> Verdict:
        evidence = (
            NotMeasured("nothing there")
            if value is None
            else Measured(0.9, 0.8, 1.0, value, 1.0 - value, 100, "positives", "exact")
        )
        return Verdict(
            "finds",
            "sensitivity",
            WHOLE,
            Tier.CRITICAL,
            Limit(Side.AT_LEAST, 0.9),
            outcome,
            evidence,
            0.95,
            0.95,
            "",
        )

    found = tuple(verdict(value) for value in p)
    return RungResult(rung, rung, "", rung, 1, 1, 1, 0.5, outcome, found, 1.0)


UNSURE, FAIL, PASS = Outcome.INCONCLUSIVE, Outcome.FAIL, Outcome.PASS


@pytest.mark.parametrize(
    ("results", "kept"),
    [
        ([result("a", UNSURE, 0.2), result("b", PASS, 0.01), result("c", PASS, 0.0001)], "b"),
        ([result("a", UNSURE, 0.2, 0.0), result("b", UNSURE, 0.1, 0.1)], "b"),
        ([result("a", UNSURE, 0.2, 0.1), result("b", UNSURE, 0.2, 0.0)], "a"),
        ([result("a", UNSURE, None, 0.3), result("b", UNSURE, None, 0.2)], "b"),
        ([result("a", UNSURE, None, 0.1), result("b", UNSURE, 0.6, 0.1)], "b"),
        ([result("a", UNSURE, 0.1204), result("b", UNSURE, 0.1201)], "a"),
        ([result("a", FAIL, 0.9), result("b", UNSURE, 0.95)], "b"),
        ([result("a", FAIL, 1 - 1e-9), result("b", FAIL, 1 - 1e-6)], "b"),
        ([result("a", UNSURE), result("b", UNSURE)], "a"),
    ],
)
def test_the_rule(results: list[RungResult], kept: str) -> None:
    assert choose(results).rung == kept


@pytest.mark.slow
@pytest.mark.parametrize("n", [46, 300])
def test_a_ladder_of_failing_models_meets_no_more_often_than_alpha(
    n: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten models at the limit: the best of them, judged without paying, passes in a third."""
    monkeypatch.setattr("roadworthy.workflow.ladder.TIMED", 1)
    monkeypatch.setattr("roadworthy.workflow.ladder.WARM_UP", 0)
    rng, times, tried = np.random.default_rng(n), 100, 10
    names = [f"s{i}" for i in range(tried)]
    unpaid = meets = 0
    for _ in range(times):
        found = rng.random((tried, n)) < 0.9
        scores = {name: np.where(hits, 0.9, 0.1) for name, hits in zip(names, found, strict=True)}
        raw = pl.DataFrame({"case": [f"c{i}" for i in range(n)], "ill": [1] * n, **scores})
        raw = raw.with_columns(a=pl.lit(0.0))
        ladder = climbed(tmp_path, raw, {name: Column(name, 1) for name in names})
        meets += ladder.meets
        unpaid += any(_p_pass(result) <= 0.05 for result in ladder.fitted)
    assert meets <= binom.ppf(0.999, times, 0.05)
    assert unpaid >= binom.ppf(0.001, times, 0.33)


def _p_pass(result: RungResult) -> float:
    evidence = result.verdicts[0].evidence
    assert isinstance(evidence, Measured)
    return evidence.p_pass


def test_built_in_rungs_go_from_cheap_to_costly() -> None:
    known = rungs()
    ranked = sorted(("boosting", "majority", "logistic"), key=lambda name: known[name].rank)
    assert ranked == ["majority", "logistic", "boosting"]
    assert all(known[name].why for name in ranked)


def test_sealed_and_calibration_cases_are_not_handed_to_the_ladder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = {"train": 0.4, "validation": 0.2, "calibration": 0.2, "sealed": 0.2, "seed": 3}
    file = learning(tmp_path, [FINDS], data={"split": split})
    given: list[OpenCases] = []

    def watched(product: Any, cases: OpenCases, *rest: Any) -> Any:
        given.append(cases)
        return climb(product, cases, *rest)

    monkeypatch.setattr("roadworthy.workflow.train.climb", watched)
    train(file)
    (cases,) = given
    assert set(cases.training["@set"]) == {"train"}
    assert set(cases.validation["@set"]) == {"validation"}
    assert "sealed" not in set(cases.every["@set"])
    assert columns.ID in cases.training.columns
