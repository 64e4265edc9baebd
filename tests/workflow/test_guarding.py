"""The guard from product.yaml to a verdict: what it turns away, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import LEARNT, SCORED, rewrite, write_product

from roadworthy.core import columns
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.product import SetName
from roadworthy.core.verdict import Judgement, Outcome, Verdict
from roadworthy.io.judgement_json import from_json, to_json
from roadworthy.io.product_yaml import load_product
from roadworthy.store.workspace import Workspace
from roadworthy.workflow import one_pass
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.guarding import GUARD, features_of, fitted
from roadworthy.workflow.not_streamed import NotStreamedError
from roadworthy.workflow.plan import plan
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.train import train

SPLIT = {"train": 0.4, "validation": 0.3, "sealed": 0.3, "seed": 3}
FINDS = {"id": "finds", "metric": "sensitivity", "at_least": 0.5}
FAR = {"name": "far", "cases": "far.parquet", "at_least": 0.9}
GUARDED = {"features": ["emb_*"], "must_detect": [FAR]}


def cases(n: int, seed: int, shift: float = 0.0, prefix: str = "c") -> pl.DataFrame:
    """Cases that ``emb_0`` tells apart; ``shift`` moves them away from where others are."""
    draw = np.random.default_rng(seed)
    first, second = draw.normal(size=(2, n)) + shift
    return pl.DataFrame(
        {
            "case": [f"{prefix}{i}" for i in range(n)],
            "ill": np.where(draw.random(n) < 1 / (1 + np.exp(-3 * (first - shift))), "yes", "no"),
            "emb_0": first,
            "emb_1": second,
            "site": draw.choice(["north", "south"], n),
        }
    )


def product(folder: Path, guard: dict[str, Any] | None = None, **others: Any) -> Path:
    """A product with a model to train and a guard to fit, and the set it must detect."""
    data = {**LEARNT, "features": ["emb_0", "emb_1"], "split": SPLIT}
    others = {"models": ["logistic"], "guard": GUARDED if guard is None else guard, **others}
    file = write_product(folder, cases(1200, 1), [FINDS], data=data, **others)
    cases(200, 2, shift=8.0, prefix="f").write_parquet(folder / "far.parquet")
    return file


@pytest.fixture(scope="module")
def guarded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guarded") / "product"
    train(product(folder))
    return folder


@pytest.fixture
def guarded(guarded_once: Path, tmp_path: Path) -> Path:
    """A fresh copy of the trained product: its product.yaml."""
    return Path(shutil.copytree(guarded_once, tmp_path / "copy")) / "product.yaml"


def by_id(found: Judgement) -> dict[str, Verdict]:
    return {one.requirement: one for one in found.verdicts}


def refused(run: Callable[[], object], code: str, *said: str) -> None:
    with pytest.raises((BadInput, Refused)) as told:
        run()
    assert told.value.code == code, told.value
    assert all(word in str(told.value) for word in said), told.value
    assert told.value.next_step


def test_a_guard_that_is_declared_is_required_on_open_and_on_sealed_cases(guarded: Path) -> None:
    for found in (check(guarded), certify(guarded)):
        told = by_id(found)
        assert list(told) == ["finds", "guard-false-alarms", "detects-far"]
        assert {one.outcome for one in told.values()} == {Outcome.PASS}
        assert told["guard-false-alarms"].evidence.n == 360  # type: ignore[union-attr]
        assert told["detects-far"].evidence.n == 200  # type: ignore[union-attr]
        people = found.population
        assert people.turned_away is not None and people.looked_at == 360
        assert people.inside == 360 - people.turned_away
        assert {"guard", "must_detect far"} <= set(found.fingerprints)
        assert from_json(json.loads(json.dumps(to_json(found)))).population == people


def test_what_the_guard_turns_away_goes_to_a_person_before_any_score_is_decided(
    guarded: Path, tmp_path: Path
) -> None:
    strange = pl.concat([cases(100, 5, prefix="n"), cases(40, 6, shift=9.0, prefix="s")])
    strange.write_parquet(tmp_path / "new.parquet")
    automated = {"metric": "automation", "at_least": 0.1, "prevalence": "as_sampled"}
    rewrite(guarded, requirements=[FINDS, automated])
    found = check(guarded, on=tmp_path / "new.parquet")
    away = found.population.turned_away
    assert away is not None and 40 <= away <= 45
    assert dict(found.population.outside) == {"OUT_OF_SCOPE_LEARNED": away}
    alone = by_id(found)["automation"].evidence
    assert alone.estimate == pytest.approx(1 - away / 140)  # type: ignore[union-attr]


def test_too_few_validation_cases_are_inconclusive_with_the_number_that_is_needed(
    tmp_path: Path,
) -> None:
    few = {"train": 0.6, "validation": 0.1, "sealed": 0.3, "seed": 3}
    file = product(tmp_path)
    rewrite(file, data={"split": few})
    train(file)
    found = by_id(check(file))["guard-false-alarms"]
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.need is not None and found.need.without_error == 149
    # no bound can be shown, so only what is farther than every validation case is turned away
    assert found.evidence.estimate == 0.0  # type: ignore[union-attr]


def test_a_set_that_the_guard_does_not_see_fails_the_product(guarded: Path) -> None:
    cases(200, 9, shift=0.01, prefix="g").write_parquet(guarded.parent / "far.parquet")
    found = check(guarded)
    assert by_id(found)["detects-far"].outcome is Outcome.FAIL
    assert found.outcome is Outcome.FAIL
    assert not any(path.settles for path in found.paths)
    assert "better_guard" in {path.lever for path in found.paths}


def test_a_must_detect_set_that_overlaps_the_reference_is_refused_by_name(guarded: Path) -> None:
    far, own = guarded.parent / "far.parquet", cases(1200, 1)
    parted = load_cases(load_product(guarded))
    sealed = set(parted.ids(*list(parted.sizes())).to_list()) - set(parted.all_open[columns.ID])
    known = parted.all_open["case"][0]
    moved = cases(50, 3, shift=8.0, prefix="f")
    by_name = moved.with_columns(case=pl.Series([known, *moved["case"][1:].to_list()]))
    by_name.write_parquet(far)
    refused(lambda: check(guarded), "must_detect_overlap", "far", known)
    twin = own.filter(pl.col("case") == known).with_columns(case=pl.lit("twin"))
    pl.concat([moved, twin]).write_parquet(far)
    refused(lambda: check(guarded), "must_detect_overlap", "far", "same features", "twin")
    leak = next(iter(sorted(sealed)))
    moved.with_columns(case=pl.Series([leak, *moved["case"][1:].to_list()])).write_parquet(far)
    refused(lambda: check(guarded), "sealed_cases", "far")
    moved.drop("emb_1").write_parquet(far)
    refused(lambda: check(guarded), "missing_column", "emb_1")
    moved.with_columns(emb_1=pl.lit("high")).write_parquet(far)
    refused(lambda: check(guarded), "type_changed", "emb_1")
    pl.concat([moved, moved[:1]]).write_parquet(far)
    refused(lambda: check(guarded), "duplicate_id")


def test_a_guard_of_another_model_other_features_or_another_scope_is_refused(
    guarded: Path,
) -> None:
    page = guarded.read_text()
    rewrite(guarded, guard={"features": ["emb_0"]})
    refused(lambda: check(guarded), "stale_guard", "features")
    guarded.write_text(page)
    rewrite(guarded, scope=[{"field": "site", "in": ["north"]}])
    refused(lambda: certify(guarded), "stale_guard", "scope")
    guarded.write_text(page)
    workspace = Workspace.beside(guarded)
    other = fitted(load_product(guarded), load_cases(load_product(guarded))).before("another")
    workspace.write(GUARD, other.to_bytes())
    refused(lambda: check(guarded), "stale_guard", "another model")
    workspace.path(GUARD).unlink()
    refused(lambda: check(guarded), "no_guard", "roadworthy train")


def test_another_table_is_judged_alike_in_one_pass_and_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = scored(tmp_path)
    strange = pl.concat([cases(300, 5, prefix="n"), cases(40, 6, shift=9.0, prefix="s")])
    with_scores(strange).write_parquet(tmp_path / "new.parquet")
    in_one_pass = check(file, on=tmp_path / "new.parquet")
    assert in_one_pass.outcome is Outcome.PASS
    monkeypatch.setattr(one_pass, "stream", _not_streamed)
    whole = check(file, on=tmp_path / "new.parquet")
    assert whole.verdicts == in_one_pass.verdicts
    assert whole.population == in_one_pass.population
    assert whole.subject == in_one_pass.subject


def _not_streamed(*given: object) -> None:
    raise NotStreamedError("as a whole")


def with_scores(found: pl.DataFrame) -> pl.DataFrame:
    ill = (pl.col("ill") == "yes").cast(pl.Int64)
    return found.with_columns(ill, score=pl.when(pl.col("ill") == "yes").then(0.9).otherwise(0.1))


def scored(folder: Path, **others: Any) -> Path:
    """A product whose scores stand in the table: its guard is fitted when it is judged."""
    data = {**SCORED, "split": SPLIT}
    file = write_product(
        folder, with_scores(cases(1200, 1)), [FINDS], data=data, guard=GUARDED, **others
    )
    cases(200, 2, shift=8.0, prefix="f").write_parquet(folder / "far.parquet")
    return file


def test_a_table_of_scores_has_a_guard_without_training_anything(tmp_path: Path) -> None:
    file = scored(tmp_path)
    found, again = check(file), check(file)
    assert found.outcome is Outcome.PASS and found.subject == again.subject
    assert Workspace.beside(file).path(GUARD).exists()
    learnt = load_cases(load_product(file)).all_open.select("case").head(5)
    with_scores(cases(1200, 1)).join(learnt, on="case").write_parquet(tmp_path / "known.parquet")
    refused(lambda: check(file, on=tmp_path / "known.parquet"), "seen_cases")


def test_the_guard_is_part_of_the_subject(tmp_path: Path) -> None:
    file = scored(tmp_path)
    before = check(file).subject.fingerprint
    rewrite(file, guard={"false_alarms_at_most": 0.05})
    assert check(file).subject.fingerprint != before


def test_cases_of_one_unit_set_the_threshold_once(tmp_path: Path) -> None:
    raw = with_scores(cases(1200, 1)).with_columns(patient=pl.int_range(1200) // 3)
    data = {**SCORED, "split": SPLIT, "unit": "patient"}
    file = write_product(tmp_path, raw, [FINDS], data=data, guard={"features": ["emb_*"]})
    guard = fitted(load_product(file), load_cases(load_product(file)))
    assert guard.card.n == 120


def test_patterns_find_columns_and_never_the_truth(tmp_path: Path) -> None:
    file = product(tmp_path, {"features": ["emb_*", "i*"]})
    schema = load_cases(load_product(file)).schema
    refused(lambda: features_of(load_product(file), schema), "missing_column", "i*")
    rewrite(file, guard={"features": ["emb_1", "emb_*"]})
    assert features_of(load_product(file), schema) == ("emb_1", "emb_0")
    by_default = product(tmp_path / "b", {"must_detect": [FAR]})
    assert features_of(load_product(by_default), schema) == ("emb_0", "emb_1")
    rewrite(file, guard={"features": ["*"]})
    assert features_of(load_product(file), schema) == ("emb_0", "emb_1", "site")


@pytest.mark.parametrize(
    ("guard", "said"),
    [
        ({"methods": ["knn"]}, "alone"),
        ({"methods": ["knn", "mahalanobi"]}, "no such method"),
        ({"methods": ["knn", "knn"]}, "twice"),
        ({"false_alarms_at_most": 2}, "between 0 and 1"),
        ({"false_alarms_at_most": 0}, "between 0 and 1"),
        ({"features": ["ill"]}, "the truth"),
        ({"must_detect": [FAR, FAR]}, "twice"),
        ({"must_detect": [{**FAR, "at_least": 1}]}, "between 0 and 1"),
        ({"must_detect": [{"name": "far", "at_least": 0.9}]}, "is missing"),
        ({"featurs": ["x"]}, "unknown key"),
    ],
)
def test_a_guard_that_cannot_be_meant_is_refused_with_its_line(
    tmp_path: Path, guard: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput) as told:
        load_product(product(tmp_path, guard))
    assert said in str(told.value) and told.value.next_step
    assert str(told.value.where).startswith("product.yaml:")


def test_a_guard_needs_training_and_validation_cases_and_ids_of_its_own(tmp_path: Path) -> None:
    file = product(tmp_path)
    rewrite(file, requirements=[{**FINDS, "id": "detects-far"}])
    refused(lambda: load_product(file), "duplicate_id", "detects-far")
    rewrite(file, requirements=[{"metric": "must_detect", "set": "near", "at_least": 0.5}])
    refused(lambda: load_product(file), "wrong_value", "near")
    rewrite(file, requirements=[FINDS], data={"split": {"train": 0.5, "sealed": 0.5, "seed": 1}})
    refused(lambda: load_product(file), "missing_key", "validation")
    none = write_product(tmp_path / "b", None, [{"metric": "guard_false_alarms", "at_most": 0.1}])
    refused(lambda: load_product(none), "missing_key", "guard: {}")


def test_a_plan_says_what_a_guard_needs_before_there_is_one(tmp_path: Path) -> None:
    found = plan(product(tmp_path))
    needed = {row.requirement: row.needed for row in found.cells}
    assert needed["guard-false-alarms"] == 149 and needed["detects-far"] == 29
    assert found.cases is not None


def test_the_guard_is_weighed_with_the_model(guarded: Path) -> None:
    size = {"metric": "model_size_mb", "at_most": 50}
    rewrite(guarded, requirements=[FINDS, size])
    found = by_id(check(guarded))["model_size_mb"].evidence
    assert found.n == 2  # type: ignore[union-attr]


TRIAGED = {"train": 0.25, "validation": 0.25, "calibration": 0.25, "sealed": 0.25, "seed": 3}


def triaged(folder: Path, guard: dict[str, Any]) -> Path:
    """A triage product whose table holds scores, and every tenth case far from the others."""
    score = 1 / (1 + (-4 * pl.col("emb_0")).exp())
    far = pl.int_range(pl.len()) % 10 == 0
    table = cases(1600, 4).with_columns(ill=pl.col("emb_0") > 0, score=score)
    table = table.with_columns(emb_1=pl.when(far).then(40.0).otherwise("emb_1"))
    # what the guard learns from holds none of them
    table = table.with_columns(
        set=pl.when(~far)
        .then(
            pl.Series(
                [("train", "validation", "calibration", "sealed")[i % 4] for i in range(1600)]
            )
        )
        .otherwise(pl.lit("calibration"))
    )
    data = {**SCORED, "truth": "ill", "positive": True, "score": "score", "split": "set"}
    data |= {"prevalence": "as_sampled", "features": ["emb_0", "emb_1"]}
    spares = {"metric": "automation", "at_least": 0.1}
    decision = {"mode": "triage", "clear": {"fnr_at_most": 0.05}}
    return write_product(folder, table, [spares], data=data, guard=guard, decision=decision)


def test_what_the_guard_turns_away_certifies_nothing_and_another_guard_is_another_subject(
    tmp_path: Path,
) -> None:
    file = triaged(tmp_path, {"features": ["emb_*"]})
    found = check(file)
    certificate = found.certificate
    assert certificate is not None and certificate.outcome is Outcome.PASS
    calibration = load_cases(load_product(file)).sizes()[SetName.CALIBRATION]
    # the far ones are referred before the policy is asked, and so is a false alarm now and then
    assert calibration - 160 - 40 < certificate.cases <= calibration - 160
    assert certificate.fingerprints["guard"] == found.fingerprints["guard"]
    assert check(file).certificate == certificate
    rewrite(file, guard={"features": ["emb_1"]})
    refused(lambda: check(file), "calibration_spent")
