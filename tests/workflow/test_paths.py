"""The paths to yes: never for a PASS, always otherwise, true when followed, blind to the seal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tables import (
    FINDS,
    LEARNT,
    SCORED,
    SPARES,
    counted,
    judged_on,
    learnable,
    rewrite,
    simulated,
    write_product,
)

from roadworthy.core.path import Path as Way
from roadworthy.core.policy import Policy
from roadworthy.core.requirement import Tier
from roadworthy.core.study import Study
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import path_words
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments, levers
from roadworthy.workflow import studies
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.paths import Rejudging
from roadworthy.workflow.train import train

COSTS = {"unit": "EUR", "miss": 100, "false_alarm": 5, "refer": 15, "label": 40}
SLOW = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


def graded(n: int, seed: int, weak: str = "") -> pl.DataFrame:
    """Half ill; scores that rank well, save for those of vendor ``weak``."""
    rng = np.random.default_rng(seed)
    ill = np.arange(n) % 2
    vendor = rng.choice(["A", "B", "C"], n, p=[0.45, 0.4, 0.15])
    shift = np.where(vendor == weak, 0.5, 2.2)
    logit = rng.normal(size=n) + np.where(ill == 1, shift, -shift)
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": ill,
            "score": 1 / (1 + np.exp(-logit)),
            "vendor": vendor,
            "age": rng.integers(20, 90, n),
        }
    )


def by(lever: str, paths: tuple[Way, ...]) -> Way:
    """The path of one lever."""
    return next(path for path in paths if path.lever == lever)


def follow(file: Path, path: Way) -> tuple[Verdict, ...]:
    """Writes into product.yaml what the path says, and judges the same open cases."""
    for line in path.write.splitlines():
        rewrite(file, **yaml.safe_load(line))
    return check(file).verdicts


@SLOW
@given(st.tuples(*[st.integers(0, 60)] * 4).filter(lambda c: c[0] + c[1] and c[2] + c[3]))
def test_there_are_paths_exactly_where_there_is_no_pass(
    tmp_path: Path, counts: tuple[int, int, int, int]
) -> None:
    found = check(write_product(tmp_path, counted(*counts), [FINDS, SPARES]))
    assert bool(found.paths) is (found.outcome is not Outcome.PASS)


@pytest.mark.parametrize("seed", range(3))
def test_a_threshold_does_on_the_same_cases_what_its_path_says(tmp_path: Path, seed: int) -> None:
    requirements = [{**FINDS, "at_least": 0.95}, {**SPARES, "at_least": 0.8}]
    file = write_product(tmp_path, graded(800, seed), requirements, decision={"threshold": 0.8})
    before = check(file)
    path = by("threshold", before.paths)
    assert path.selection and "proves nothing yet" in path.proof
    assert path_words.then(before.verdicts, follow(file, path)) == path.expected


@pytest.mark.parametrize("seed", range(3))
def test_a_band_of_doubt_does_on_the_same_cases_what_its_path_says(
    tmp_path: Path, seed: int
) -> None:
    requirements = [{**FINDS, "at_least": 0.95}, {**SPARES, "at_least": 0.8}]
    decision = {"threshold": 0.8, "referred": "excluded"}
    raw = graded(800, seed)
    file = write_product(tmp_path, raw, requirements, decision=decision, costs=COSTS)
    before = check(file)
    path = by("refer_more", before.paths)
    after = follow(file, path)
    assert path_words.then(before.verdicts, after) == path.expected
    product = load_product(file)
    low, high = product.decision.refer_between or (0.0, 0.0)
    share = ((raw["score"] >= low) & (raw["score"] < high)).sum() / raw.height
    assert path.per_case is not None
    assert path.per_case.value == pytest.approx(15 * share)
    assert "what the person finds is not counted" in path.assumed[0]


@pytest.mark.parametrize("seed", range(3))
def test_a_narrower_scope_does_on_the_same_cases_what_its_path_says(
    tmp_path: Path, seed: int
) -> None:
    requirement = {**FINDS, "at_least": 0.93, "slices": [{"by": "vendor"}]}
    scope = [{"field": "age", "between": [25, 95]}]
    file = write_product(tmp_path, graded(1500, seed, "C"), [requirement], scope=scope)
    before = check(file)
    path = by("narrow_scope", before.paths)
    assert "vendor A, B" in path.change or "vendor B, A" in path.change
    after = follow(file, path)
    assert path_words.then(before.verdicts, after) == path.expected
    assert all(verdict.outcome is Outcome.PASS for verdict in after)


def test_what_an_automatic_threshold_chose_is_written_into_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = [{**FINDS, "slices": [{"by": "shape"}]}, {**SPARES, "at_least": 0.3}]
    data = {**LEARNT, "split": {"train": 0.3, "validation": 0.5, "sealed": 0.2, "seed": 3}}
    raw = learnable(1500, 8)
    file = write_product(tmp_path, raw, requirements, data=data, decision={"threshold": "auto"})
    train(file)
    before = check(file)
    path = by("narrow_scope", before.paths)
    chosen = train(file).policy
    assert chosen is not None
    assert f"threshold: {chosen.threshold!r}" in path.write
    # the path speaks of fresh cases, which chose nothing; these did, and check goes on paying
    monkeypatch.setattr(studies, "_chosen_among", lambda *_: (1, 1))
    monkeypatch.setattr(studies, "tried_on", lambda *_: {})
    assert path_words.then(before.verdicts, follow(file, path)) == path.expected


def test_poisoned_sealed_cases_change_no_path(tmp_path: Path) -> None:
    raw = graded(900, 5)
    sets = np.where(np.arange(900) < 500, "validation", "sealed")
    raw = raw.with_columns(split=pl.Series(sets))
    poison = pl.when(pl.col("split") == "sealed")
    worse = raw.with_columns(
        poison.then(1.0 - pl.col("score")).otherwise(pl.col("score")).alias("score"),
        poison.then(pl.col("age") + 5).otherwise(pl.col("age")).alias("age"),
    )
    data = {**SCORED, "split": {"column": "split"}}
    requirements = [{**FINDS, "at_least": 0.95}, {**SPARES, "at_least": 0.8}]
    decision = {"threshold": 0.8}
    files = [
        write_product(tmp_path / name, cases, requirements, data=data, decision=decision)
        for name, cases in (("clean", raw), ("poisoned", worse))
    ]
    assert check(files[0]).paths == check(files[1]).paths
    clean, poisoned = (certify(file) for file in files)
    assert clean.verdicts != poisoned.verdicts
    assert clean.paths == poisoned.paths != ()
    assert any("no sealed case was used" in note for note in clean.notes)


def test_a_large_enough_unopened_seal_is_the_cheapest_path(tmp_path: Path) -> None:
    few = counted(28, 2, 30).with_columns(split=pl.lit("validation"), case="v" + pl.col("case"))
    many = counted(1440, 60, 1500).with_columns(split=pl.lit("sealed"))
    data = {**SCORED, "split": {"column": "split"}}
    file = write_product(tmp_path, pl.concat([few, many]), data=data, costs=COSTS)
    found = check(file)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "roadworthy certify" in found.paths[0].change
    assert found.paths[0].cost is not None and found.paths[0].cost.value == 0.0
    assert certify(file).outcome is Outcome.PASS
    # what was opened cannot be promised again
    assert "roadworthy certify" not in check(file).paths[0].change


def test_a_sealed_study_is_refused(tmp_path: Path) -> None:
    file = write_product(tmp_path, counted(9, 1, 9, 1))
    product, study = load_product(file), judged_on(load_product(file), counted(9, 1, 9, 1))
    sealed = Study(study.subject, "sealed", study.tables)
    rejudge = Rejudging(product, None, instruments())
    with pytest.raises(TypeError, match="open data only"):
        rejudge(sealed)  # type: ignore[arg-type]


def test_rejudging_without_a_change_repeats_the_verdicts(tmp_path: Path) -> None:
    raw = graded(300, 1)
    file = write_product(tmp_path, raw, [FINDS, {**SPARES, "slices": [{"by": "vendor"}]}])
    product = load_product(file)
    again = Rejudging(product, Policy(0.5), instruments())(judged_on(product, raw))
    assert [v.evidence for v in again] == [v.evidence for v in check(file).verdicts]


def test_what_was_not_measured_names_the_command_and_comes_first(tmp_path: Path) -> None:
    raw = learnable(600, 1)
    fast = {"id": "fast", "metric": "latency_p99_ms", "at_most": 1000}
    data = {**LEARNT, "split": {"train": 0.5, "validation": 0.5, "seed": 1}}
    easy = {**FINDS, "at_least": 0.5}
    file = write_product(tmp_path, raw, [easy, fast], data=data, device="here")
    train(file)
    found = check(file)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.paths[0].lever == "make_measurable"
    assert "roadworthy check --time" in found.paths[0].change


def test_what_can_never_be_shown_says_so_and_sacrifices_nothing(tmp_path: Path) -> None:
    requirements = [FINDS, {"id": "spares", "metric": "specificity", "at_least": 1}]
    found = check(
        write_product(tmp_path, graded(300, 2), requirements, decision={"threshold": 0.9})
    )
    assert "another limit" in by("make_measurable", found.paths).change
    assert not any(path.settles for path in found.paths)


def test_scores_that_know_nothing_need_a_better_model(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    raw = counted(100, 100, 100, 100).with_columns(score=pl.Series(rng.random(400)))
    found = check(write_product(tmp_path, raw, [FINDS, {**SPARES, "at_least": 0.8}]))
    assert found.outcome is Outcome.FAIL
    assert not any(path.settles for path in found.paths)
    assert "better model" in by("otherwise", found.paths).change


def test_a_column_of_one_level_and_gaps_stops_no_check(tmp_path: Path) -> None:
    raw = graded(200, 2).with_columns(
        site=pl.when(pl.int_range(200) % 5 < 2).then(pl.lit("A")).otherwise(None)
    )
    sliced = {**FINDS, "at_least": 0.99, "slices": [{"by": "site"}]}
    found = check(write_product(tmp_path, raw, [sliced]))
    assert found.outcome is not Outcome.PASS
    assert all("in: []" not in path.write for path in found.paths)


def test_without_an_open_case_the_path_is_to_open_some(tmp_path: Path) -> None:
    raw = counted(20, 10, 20, 10).with_columns(split=pl.lit("sealed"))
    data = {**SCORED, "split": {"column": "split"}}
    found = certify(write_product(tmp_path, raw, [FINDS], data=data))
    (path,) = found.paths
    assert path.change.startswith("Open some cases")


def test_a_path_says_that_the_cases_that_chose_go_on_paying(tmp_path: Path) -> None:
    data = {**LEARNT, "split": {"train": 0.3, "validation": 0.5, "sealed": 0.2, "seed": 3}}
    requirements = [{**FINDS, "slices": [{"by": "shape"}]}, {**SPARES, "at_least": 0.3}]
    file = write_product(
        tmp_path, learnable(1500, 8), requirements, data=data, decision={"threshold": "auto"}
    )
    train(file)
    path = by("narrow_scope", check(file).paths)
    assert path_words.PAYING in path.assumed


def test_the_cheapest_path_comes_first(tmp_path: Path) -> None:
    requirements = [{**FINDS, "at_least": 0.95}, {**SPARES, "at_least": 0.8}]
    raw = graded(800, 0)
    file = write_product(tmp_path, raw, requirements, decision={"threshold": 0.8}, costs=COSTS)
    paths = [path for path in check(file).paths if path.settles]
    costs = [path.cost.value for path in paths if path.cost is not None]
    assert len(costs) == len(paths) > 1
    assert costs == sorted(costs)


def test_advisory_requirements_ask_for_no_path(tmp_path: Path) -> None:
    shown = {"id": "shown", "metric": "specificity", "at_least": 0.99, "tier": "advisory"}
    found = check(write_product(tmp_path, counted(100, 0, 50, 50), [FINDS, shown]))
    assert found.outcome is Outcome.PASS
    assert [v.tier for v in found.verdicts].count(Tier.ADVISORY) == 1
    assert found.paths == ()


def test_every_built_in_lever_is_announced() -> None:
    folder = Path(path_words.__file__).parents[1] / "levers"
    files = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert files == set(levers())
    for lever in levers().values():
        assert lever.about


def test_a_column_with_one_level_and_gaps_is_no_scope_to_narrow(tmp_path: Path) -> None:
    cases = simulated(400, 3, sensitivity=0.7).with_columns(
        pl.Series("kit", ["new" if i % 2 else None for i in range(400)])
    )
    file = write_product(tmp_path, cases, [{**FINDS, "slices": [{"by": "kit"}]}])
    for way in check(file).paths:
        assert "in: []" not in way.write
