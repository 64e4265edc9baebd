"""A table of any size that is no PASS names its paths, and all rows show what they promise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tables import FINDS, SCORED, SPARES, counted, rewrite, write_product

from roadworthy.core.path import Path as Way
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io import path_words
from roadworthy.workflow import check as checking
from roadworthy.workflow import one_pass
from roadworthy.workflow.check import check
from roadworthy.workflow.stream import Streamed, stream

COSTS = {"unit": "EUR", "miss": 100, "false_alarm": 5, "refer": 15, "label": 40}
FEW = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table is one that is judged in one pass, and a sample is small."""
    monkeypatch.setattr(one_pass, "MOST_AS_A_WHOLE", 0)
    monkeypatch.setattr(one_pass, "MOST_SEARCHED", 700)


def never_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def whole(*_: Any) -> None:
        raise AssertionError("the table was read as a whole")

    monkeypatch.setattr(checking, "_as_a_whole", whole)


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
    return next(path for path in paths if path.lever == lever)


def follow(file: Path, path: Way) -> Judgement:
    for line in path.write.splitlines():
        rewrite(file, **yaml.safe_load(line))
    return check(file)


@FEW
@given(st.tuples(*[st.integers(0, 60)] * 4).filter(lambda c: c[0] + c[1] and c[2] + c[3]))
def test_there_are_paths_exactly_where_there_is_no_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: tuple[int, int, int, int]
) -> None:
    never_whole(monkeypatch)
    data = {**SCORED, "prevalence": "as_sampled"}
    asked = [FINDS, SPARES, {"metric": "auc", "at_least": 0.9}, {"metric": "ppv", "at_least": 0.5}]
    found = check(write_product(tmp_path, counted(*counts), asked, data=data))
    assert bool(found.paths) is (found.outcome is not Outcome.PASS)


CHANGES: Mapping[str, dict[str, Any]] = {
    "threshold": {"decision": {"threshold": 0.8}},
    "refer_more": {"decision": {"threshold": 0.8, "referred": "excluded"}, "costs": COSTS},
    "narrow_scope": {"scope": [{"field": "age", "between": [25, 95]}]},
}


@pytest.mark.parametrize("lever", list(CHANGES))
def test_a_path_that_a_sample_led_to_does_on_all_rows_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lever: str
) -> None:
    never_whole(monkeypatch)
    weak = "C" if lever == "narrow_scope" else ""
    asked = [{**FINDS, "at_least": 0.95}, {**SPARES, "at_least": 0.8}]
    if weak:
        asked = [{**FINDS, "at_least": 0.93, "slices": [{"by": "vendor"}]}]
    file = write_product(tmp_path, graded(6_000, 1, weak), asked, **CHANGES[lever])
    before = check(file)
    assert before.outcome is not Outcome.PASS
    path = by(lever, before.paths)
    assert "a random sample of 700 of the 6,000 cases" in path.assumed[-1]
    after = follow(file, path)
    assert path_words.then(before.verdicts, after.verdicts) == path.expected
    assert after.outcome is Outcome.PASS


def test_sizes_of_fresh_sets_rest_on_all_rows(tmp_path: Path) -> None:
    """The estimate and the cases that are told are those of the table, not of its sample."""
    data = counted(found=9_080, missed=920, cleared=9_000, alarmed=1_000)
    asked = [{**FINDS, "confidence": 0.9999}, {**SPARES, "at_least": 0.5}]
    found = check(write_product(tmp_path, data, asked, costs=COSTS))
    assert found.outcome is Outcome.INCONCLUSIVE
    path = by("more_cases", found.paths)
    assert "0.908 " in path.expected and "10,000 positives" in path.expected
    assert path.cases is not None and path.cost is not None
    assert path.cost.value == 40 * path.cases


def test_another_table_is_told_paths_that_know_of_the_seal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = {"validation": 0.5, "sealed": 0.5, "seed": 1}
    asked = [{**FINDS, "at_least": 0.95}, {**SPARES, "at_least": 0.8}]
    file = write_product(
        tmp_path,
        graded(400, 3),
        asked,
        data={**SCORED, "split": split},
        decision={"threshold": 0.8},
    )
    other = graded(3_000, 4).with_columns(case=pl.format("new {}", "case"))
    passes: list[Streamed] = []

    def watched(*given: Any) -> Streamed:
        passes.append(stream(*given))
        return passes[-1]

    monkeypatch.setattr(one_pass, "stream", watched)
    found = check(file, on=other)
    assert passes and found.outcome is not Outcome.PASS
    path = by("threshold", found.paths)
    assert "700 of the 3,000 cases" in path.assumed[-1]
    assert "the sealed set has only 200" in path.proof


def test_rows_without_ids_and_guessed_words_have_paths_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_whole(monkeypatch)
    rows = graded(3_000, 5).drop("case").with_columns(ill=pl.when(pl.col("ill") == 1).then(7))
    rows = rows.with_columns(pl.col("ill").fill_null(3))
    data = {"truth": "ill", "positive": 7, "score": "score"}
    asked = [{**FINDS, "at_least": 0.95}, {**SPARES, "at_least": 0.8}]
    file = write_product(tmp_path, rows, asked, data=data, decision={"threshold": 0.8})
    first, again = check(file), check(file)
    assert first.outcome is not Outcome.PASS
    assert first.paths == again.paths != ()
