"""A reader beside a product that falls short alone: on paper, and true when followed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from tests.tables import FINDS, SCORED, SPARES, rewrite, write_product

from roadworthy.core.path import Path as Way
from roadworthy.core.team import UNSEEN
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io import path_words
from roadworthy.workflow import one_pass
from roadworthy.workflow.check import check

CALLS = {"reader": {"column": "read", "positive": [1], "negative": [0]}}
ASKED = [{**FINDS, "at_least": 0.9}, {**SPARES, "at_least": 0.7}]
COSTS = {"unit": "EUR", "miss": 100, "false_alarm": 5, "refer": 15, "label": 40}


def cohort(n: int = 1000, sensitivity: float = 0.85, specificity: float = 0.9) -> pl.DataFrame:
    """Half ill; the product and the reader go wrong on cases of their own."""
    rng = np.random.default_rng(8)
    ill = np.arange(n) % 2
    right = np.where(ill == 1, sensitivity, specificity)
    ours, theirs = (np.where(rng.random(n) < right, ill, 1 - ill) for _ in range(2))
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": ill,
            "score": np.where(ours == 1, 0.9, 0.1),
            "read": theirs,
            "second": ill,
        }
    )


def written(folder: Path, requirements: Any = ASKED, raw: Any = None, **others: Any) -> Path:
    data = {**SCORED, "prevalence": "as_sampled", "calls": others.pop("calls", CALLS)}
    table = cohort() if raw is None else raw
    return write_product(folder, table, requirements, data=data, **others)


def second_view(found: Judgement) -> Way:
    return next(path for path in found.paths if path.lever == "second_view")


def follow(file: Path, path: Way, of_team: bool) -> Judgement:
    for line in path.write.splitlines():
        rewrite(file, **yaml.safe_load(line))
    page = yaml.safe_load(file.read_text())
    if of_team:
        rewrite(file, requirements=[{**one, "of": "team"} for one in page["requirements"]])
    return check(file)


def test_who_follows_it_gets_what_it_told_marked_hypothetical(tmp_path: Path) -> None:
    file = written(tmp_path, costs=COSTS)
    before = check(file)
    assert before.outcome is not Outcome.PASS
    path = second_view(before)
    assert "`of: team` in finds and spares" in path.change
    assert path.expected.startswith("hypothetical")
    assert path_words.ON_PAPER in path.assumed and "reader-study plan" in path.proof
    # reading everything has its price, and nothing on paper settles what was asked of a product
    assert path.per_case is not None and path.per_case.value == pytest.approx(15.0)
    assert not path.settles
    after = follow(file, path, of_team=True)
    assert path.expected == f"hypothetical: {path_words.then(before.verdicts, after.verdicts)}"
    assert after.outcome is Outcome.PASS and after.hypothetical == UNSEEN
    assert after.exit_code == 3


def test_all_rows_of_a_large_table_say_what_its_path_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked for on a sample, judged on all rows in one pass, and followed in one pass."""
    monkeypatch.setattr(one_pass, "MOST_AS_A_WHOLE", 0)
    monkeypatch.setattr(one_pass, "MOST_SEARCHED", 700)
    file = written(tmp_path, raw=cohort(3000, sensitivity=0.8))
    before = check(file)
    path = second_view(before)
    assert any("random sample" in told for told in path.assumed)
    after = follow(file, path, of_team=True)
    assert path.expected == f"hypothetical: {path_words.then(before.verdicts, after.verdicts)}"


def test_a_team_that_is_asked_already_only_changes_its_rule(tmp_path: Path) -> None:
    asked = [{**one, "of": "team"} for one in ASKED]
    file = written(tmp_path, asked, team={"reader": "reader", "rule": "both"})
    before = check(file)
    path = second_view(before)
    assert path.write == "team: {reader: reader, rule: either}"
    assert "of: team" not in path.change and path.settles
    assert path.assumed.count(path_words.ON_PAPER) == 1
    after = follow(file, path, of_team=False)
    assert path.expected == f"hypothetical: {path_words.then(before.verdicts, after.verdicts)}"


def test_a_reader_of_all_may_be_asked_to_read_only_what_is_in_doubt(tmp_path: Path) -> None:
    raw = cohort(sensitivity=0.97, specificity=0.97)
    doubt = pl.Series(np.random.default_rng(2).random(raw.height) < 0.2)
    raw = raw.with_columns(score=pl.when(doubt).then(0.5).otherwise("score"))
    asked = [
        {**FINDS, "at_least": 0.9, "of": "team"},
        {"id": "unread", "metric": "automation", "at_least": 0.5, "of": "team"},
    ]
    decision = {"threshold": 0.5, "refer_between": [0.4, 0.6], "referred": "excluded"}
    team = {"reader": "reader", "rule": "either"}
    file = written(tmp_path, asked, raw, team=team, decision=decision)
    before = check(file)
    path = second_view(before)
    assert "rule: referred" in path.write and path.per_case is None
    after = follow(file, path, of_team=False)
    assert after.outcome is Outcome.PASS and after.hypothetical
    assert path.expected == f"hypothetical: {path_words.then(before.verdicts, after.verdicts)}"


def test_automation_is_not_given_up_for_it(tmp_path: Path) -> None:
    """A reader who reads everything leaves nothing automated."""
    alone = {"id": "alone", "metric": "automation", "at_least": 0.5}
    found = check(written(tmp_path, [*ASKED, alone]))
    assert all(path.lever != "second_view" for path in found.paths)


def test_an_arbiter_is_asked_only_where_one_is_declared(tmp_path: Path) -> None:
    calls = {**CALLS, "second": {"column": "second", "positive": [1], "negative": [0]}}
    asked = [{**FINDS, "at_least": 0.95, "of": "team"}, {**SPARES, "at_least": 0.9, "of": "team"}]
    team = {"reader": "reader", "rule": "arbitration", "arbiter": "second"}
    raw = cohort(4000)
    assert check(written(tmp_path, asked, raw, calls=calls, team=team)).outcome is Outcome.PASS
    rewrite(tmp_path / "product.yaml", team={"rule": "either"})
    page = yaml.safe_load((tmp_path / "product.yaml").read_text())
    page["team"].pop("arbiter")
    (tmp_path / "product.yaml").write_text(yaml.safe_dump(page))
    found = check(tmp_path / "product.yaml")
    assert found.outcome is not Outcome.PASS
    assert all(path.lever != "second_view" for path in found.paths)


def test_calls_with_gaps_that_nothing_required_reads_stop_no_check(tmp_path: Path) -> None:
    gaps = cohort().with_columns(
        read=pl.when(pl.int_range(1000) % 7 > 0).then("read").otherwise(None)
    )
    found = check(written(tmp_path, raw=gaps))
    assert found.outcome is not Outcome.PASS
    assert all(path.lever != "second_view" for path in found.paths)


def test_without_anybodys_calls_nobody_is_asked(tmp_path: Path) -> None:
    found = check(written(tmp_path, calls={}))
    assert all(path.lever != "second_view" for path in found.paths)
