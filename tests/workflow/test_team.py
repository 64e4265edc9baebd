"""Product and reader together: the team's call, its reads, its costs, what is hypothetical."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product as every
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cli.terminal import roadworthy
from tests.tables import SCORED, judged_on, verdicts_on, write_product
from tests.workflow.test_gather import same

from roadworthy.core import columns
from roadworthy.core.errors import BadInput, ExitCode
from roadworthy.core.evidence import Measured
from roadworthy.core.reader_study import Arm, Compared, Endpoint, ReaderStudy
from roadworthy.core.requirement import Limit, Side, Whose
from roadworthy.core.team import UNSEEN, Team, TeamRule
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io.judgement_json import from_json, to_json
from roadworthy.io.junit import to_junit
from roadworthy.io.product_yaml import load_product
from roadworthy.io.reader_study_json import reader_study_to_json
from roadworthy.io.registry import instruments
from roadworthy.models.scored_table import ScoredTable
from roadworthy.notebook.page import html as show_card
from roadworthy.stats import costs
from roadworthy.store.workspace import Workspace
from roadworthy.workflow import one_pass
from roadworthy.workflow.check import check
from roadworthy.workflow.dossier import dossier
from roadworthy.workflow.gather import gather
from roadworthy.workflow.reader_study import subject_of as study_subject
from roadworthy.workflow.slicing import cells
from roadworthy.workflow.stream import Table, stream
from roadworthy.workflow.subject import Judged, kept_policy
from roadworthy.workflow.team import viewed

CALLS = {
    "reader": {"column": "read", "positive": [1], "negative": [0]},
    "arbiter": {"column": "third", "positive": [1], "negative": [0]},
}
DATA = {**SCORED, "calls": CALLS, "prevalence": "as_sampled"}
FINDS = {"id": "finds", "metric": "sensitivity", "at_least": 0.5, "of": "team"}
COSTS = {"unit": "EUR", "miss": 10, "false_alarm": 1, "refer": 0.2}


def everything() -> pl.DataFrame:
    """Every combination of truth, product, reader and arbiter, and of a score in doubt."""
    rows = list(every((0, 1), (0.1, 0.5, 0.9), (0, 1), (0, 1)))
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(len(rows))],
            **{
                name: [row[place] for row in rows]
                for place, name in enumerate(("ill", "score", "read", "third"))
            },
        }
    )


def team(rule: str) -> dict[str, str]:
    arbiter = {"arbiter": "arbiter"} if rule == "arbitration" else {}
    return {"reader": "reader", "rule": rule, **arbiter}


def prepared(tmp_path: Path, rule: str, raw: pl.DataFrame, **others: Any) -> pl.DataFrame:
    file = write_product(tmp_path, raw, [FINDS], data=DATA, team=team(rule), **others)
    product = load_product(file)
    return viewed(judged_on(product, raw).tables["cases"], product.team, Whose.TEAM)


def expected(rule: str, flagged: bool, reader: bool, third: bool, doubt: bool) -> tuple[bool, ...]:
    """Call, whether somebody read, whether somebody arbitrated."""
    if doubt:
        return reader, True, False
    if rule == "either":
        return flagged or reader, True, False
    if rule == "both":
        return flagged and reader, True, False
    if rule == "referred":
        return flagged, False, False
    return (reader if flagged == reader else third), True, flagged != reader


@pytest.mark.parametrize("rule", [rule.value for rule in TeamRule])
@pytest.mark.parametrize("band", [None, [0.4, 0.6]])
def test_the_teams_call_is_what_the_rule_says(tmp_path: Path, rule: str, band: Any) -> None:
    decision = {"decision": {"refer_between": band, "referred": "excluded"}} if band else {}
    found = prepared(tmp_path, rule, everything(), **decision)
    assert found[columns.RATED].all()
    names = (columns.FLAGGED, columns.REFERRED, columns.ARBITRATED)
    for row in found.rows(named=True):
        doubt = band is not None and row["score"] == 0.5
        told = expected(rule, row["score"] >= 0.5, row["read"] == 1, row["third"] == 1, doubt)
        assert tuple(row[name] for name in names) == told, row


def test_out_of_scope_the_reader_decides_alone_and_no_rate_counts_it(tmp_path: Path) -> None:
    scope = [{"field": "third", "in": [1]}]
    found = prepared(tmp_path, "both", everything(), scope=scope)
    outside = found.filter(pl.col("third") == 0)
    assert not outside[columns.RATED].any()
    assert (outside[columns.FLAGGED] == (outside["read"] == 1)).all()


def cohort(n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": rng.integers(0, 2, n),
            "score": rng.choice([0.1, 0.5, 0.9], n),
            "read": rng.integers(0, 2, n),
            "third": rng.integers(0, 2, n),
            "site": rng.choice(["a", "b"], n),
        }
    )


BY = [{"by": "site", "min_share": 0}]
SEVERAL = [
    {**FINDS, "slices": BY},
    {"metric": "specificity", "at_least": 0.5, "slices": BY},
    {"id": "auto", "metric": "automation", "at_least": 0.1, "of": "team", "slices": BY},
    {"id": "drop", "metric": "specificity", "against": "reader", "max_drop": 0.1, "of": "team"},
    {"id": "cost", "metric": "expected_cost", "at_most": 10, "of": "team", "slices": BY},
    {"id": "ppv", "metric": "ppv", "at_least": 0.1, "of": "team"},
]


@given(st.integers(0, 10_000), st.sampled_from([rule.value for rule in TeamRule]), st.booleans())
@settings(max_examples=15, deadline=None)
def test_one_pass_over_batches_gives_the_teams_figures_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rule: str, doubt: bool
) -> None:
    raw, folder = cohort(60, seed), tmp_path_factory.mktemp("team")
    decision = {"refer_between": [0.4, 0.6], "referred": "excluded"} if doubt else {}
    file = write_product(
        folder, raw, SEVERAL, data=DATA, team=team(rule), costs=COSTS, decision=decision
    )
    product = load_product(file)
    model = ScoredTable("score", pl.Float64())
    judged = Judged(product, model, kept_policy(product, model, Workspace.beside(file)))
    streamed = stream(judged, product.requirements, Table(raw.lazy(), batch=17), instruments())
    whole = judged_on(product, raw).tables["cases"]
    for one in product.requirements:
        table = viewed(whole, product.team, one.of)
        planned = cells(one, table.filter(pl.col(columns.INSIDE)), None, product.scope)
        found = gather(table, planned, instruments())
        assert [cell.slice for cell in planned] == [c.slice for c in streamed.cells[one.id]]
        for cell, told in zip(streamed.cells[one.id], found, strict=True):
            for name, value in told.items():
                # values are only kept for dependent cases
                if value is not None and streamed.gathered[id(cell)][name] is not None:
                    assert same(streamed.gathered[id(cell)][name], value), (one.id, name)


def told(file: Path, raw: pl.DataFrame) -> dict[str, Verdict]:
    return {verdict.requirement: verdict for verdict in verdicts_on(file, raw)}


def estimate(verdict: Verdict) -> float:
    assert isinstance(verdict.evidence, Measured)
    return verdict.evidence.estimate


def test_every_read_and_every_mistake_of_the_team_is_paid(tmp_path: Path) -> None:
    raw = cohort(400, 1)
    asked = [{"id": "cost", "metric": "expected_cost", "at_most": 9, "of": "team"}]
    for rule in TeamRule:
        file = write_product(tmp_path / rule, raw, asked, data=DATA, team=team(rule), costs=COSTS)
        total = 0.0
        for row in raw.rows(named=True):
            call, read, again = expected(
                rule, row["score"] >= 0.5, row["read"] == 1, row["third"] == 1, doubt=False
            )
            total += 0.2 * (read + again) + 10 * (row["ill"] and not call)
            total += 1.0 * (not row["ill"] and call)
        assert estimate(told(file, raw)["cost"]) == pytest.approx(total / raw.height)


PRICED: dict[str, Any] = {
    "costs": {
        **COSTS,
        "gain": {"found": 4, "cleared": 0.5},
        "profit": {"column": "earns", "min": -3, "max": 5, "when": "flagged"},
    },
    "harms": {"minutes": {"unit": "min", "refer": 5, "found": 2, "false_alarm": 30}},
}
METRICS: dict[str, dict[str, Any]] = {
    "expected_utility": {"at_least": -9},
    "expected_harm": {"at_most": 39, "harm": "minutes"},
    "profit_per_case": {"at_least": -9},
}


@pytest.mark.parametrize("rule", [rule.value for rule in TeamRule])
@pytest.mark.parametrize("units", [False, True])
def test_what_the_team_earns_and_harms_is_its_own_and_not_the_products(
    tmp_path: Path, rule: str, units: bool
) -> None:
    raw = cohort(300, 3).with_columns(
        earns=pl.Series(np.random.default_rng(4).choice([-3.0, 0.0, 5.0], 300)),
        pair=pl.int_range(300) // 2,
    )
    asked = [{"id": name, "metric": name, "of": "team", **more} for name, more in METRICS.items()]
    data = {**DATA, "unit": "pair"} if units else DATA
    file = write_product(
        tmp_path,
        raw,
        asked,
        data=data,
        team=team(rule),
        decision={"refer_between": [0.4, 0.6], "referred": "excluded"},
        **PRICED,
    )
    utility, harm, profit = 0.0, 0.0, 0.0
    for row in raw.rows(named=True):
        call, read, again = expected(
            rule, row["score"] >= 0.5, row["read"] == 1, row["third"] == 1, row["score"] == 0.5
        )
        reads, ill = read + again, row["ill"] == 1
        right = {(True, True): 4, (False, False): 0.5, (True, False): -10, (False, True): -1}
        utility += right[ill, call] - 0.2 * reads
        harm += {(True, True): 2, (False, True): 30}.get((ill, call), 0) + 5 * reads
        profit += row["earns"] * call - 0.2 * reads
    found = {name: estimate(one) for name, one in told(file, raw).items()}
    assert found == {
        "expected_utility": pytest.approx(utility / 300),
        "expected_harm": pytest.approx(harm / 300),
        "profit_per_case": pytest.approx(profit / 300),
    }


def test_the_bound_on_the_teams_cost_is_that_of_all_its_counts_at_once(tmp_path: Path) -> None:
    raw = cohort(400, 5)
    asked = [{"id": "cost", "metric": "expected_cost", "at_most": 9, "of": "team"}]
    file = write_product(tmp_path, raw, asked, data=DATA, team=team("arbitration"), costs=COSTS)
    kinds = {"miss": 0, "alarm": 0, "again": 0}
    for row in raw.rows(named=True):
        call, _, again = expected(
            "arbitration", row["score"] >= 0.5, row["read"] == 1, row["third"] == 1, doubt=False
        )
        kinds["miss"] += row["ill"] and not call
        kinds["alarm"] += call and not row["ill"]
        kinds["again"] += again
    n = raw.height
    groups = [
        costs.Group((kinds["miss"], kinds["alarm"]), (10.0, 1.0), n),
        costs.Group((n,), (0.2,), n),
        costs.Group((kinds["again"],), (0.2,), n),
    ]
    found = told(file, raw)["cost"].evidence
    assert isinstance(found, Measured)
    assert found.n == n
    assert found.high == pytest.approx(costs.upper(groups, 0.05))
    assert found.low == pytest.approx(costs.lower(groups, 0.05))


def test_the_team_automates_only_what_nobody_reads(tmp_path: Path) -> None:
    raw = cohort(300, 2)
    asked = [{"id": "auto", "metric": "automation", "at_least": 0.1, "of": "team"}]
    decision = {"refer_between": [0.4, 0.6], "referred": "excluded"}
    shares = {}
    for rule in ("either", "referred"):
        file = write_product(
            tmp_path / rule, raw, asked, data=DATA, team=team(rule), decision=decision
        )
        shares[rule] = estimate(told(file, raw)["auto"])
    assert shares == {"either": 0.0, "referred": pytest.approx((raw["score"] != 0.5).mean())}


def test_a_unit_is_flagged_by_the_team_when_one_of_its_cases_is(tmp_path: Path) -> None:
    raw = pl.DataFrame(
        {
            "case": ["a1", "a2", "b1", "b2"],
            "woman": ["a", "a", "b", "b"],
            "ill": [1, 0, 1, 0],
            "score": [0.1, 0.9, 0.1, 0.1],
            "read": [0, 0, 0, 0],
            "third": [0, 0, 0, 0],
        }
    )
    file = write_product(
        tmp_path,
        raw,
        [{**FINDS, "per": "unit"}],
        data={**DATA, "unit": "woman"},
        team=team("either"),
    )
    assert estimate(told(file, raw)["finds"]) == 0.5


def good(n: int = 400) -> pl.DataFrame:
    """Product and reader are both nearly always right."""
    ill = np.arange(n) % 2
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": ill,
            "score": np.where(ill == 1, 0.9, 0.1),
            "read": ill,
            "third": ill,
        }
    )


MIXED = [
    {**FINDS, "at_least": 0.9},
    {"id": "alone", "metric": "sensitivity", "at_least": 0.9},
    {"id": "auto", "metric": "automation", "at_most": 1, "of": "team", "tier": "advisory"},
]


def test_a_hypothetical_pass_says_so_wherever_it_is_told(tmp_path: Path) -> None:
    file = write_product(tmp_path, good(), MIXED[:2], data=DATA, team=team("both"))
    judgement = check(file)
    found = {verdict.requirement: verdict for verdict in judgement.verdicts}
    assert judgement.outcome is Outcome.PASS
    assert judgement.hypothetical == found["finds"].hypothetical == UNSEEN
    assert found["finds"].of is Whose.TEAM
    assert not found["alone"].hypothetical
    stored = to_json(judgement)
    assert stored["hypothetical"] == UNSEEN
    assert [one["of_whom"] for one in stored["verdicts"]] == ["team", "product"]
    assert from_json(json.loads(json.dumps(stored))) == judgement
    red = Xml.fromstring(to_junit(judgement))
    assert "sensitivity of the team at least 0.9 (hypothetical)" in to_junit(judgement)
    assert (red.get("errors"), red.get("failures")) == ("1", "0")
    assert "PASS (hypothetical)" in repr(judgement)
    assert "PASS (hypothetical)" in show_card(judgement)
    written = dossier(file)
    page = written.html.read_text()
    assert written.hypothetical
    assert "<title>PASS (hypothetical): tested</title>" in page
    text = written.markdown.read_text()
    assert text.startswith("# tested: PASS (hypothetical)\n")
    assert "| PASS (hypothetical) |" in text
    assert "## Ways of working, side by side" in text
    assert UNSEEN.split(";")[0] in page.replace("&#39;", "'")


def test_nothing_is_proven_on_paper_so_the_shell_sees_no_0(tmp_path: Path) -> None:
    file = write_product(tmp_path, good(), MIXED[:2], data=DATA, team=team("both"))
    for command in ("check", "check --json", "check --quiet"):
        ran = roadworthy(*command.split(), file)
        assert ran.code == ExitCode.INCONCLUSIVE
        assert "hypothetical" in ran.out
    found = json.loads(roadworthy("check", "--json", file).out)
    assert (found["outcome"], found["hypothetical"]) == ("PASS", UNSEEN)
    alone = write_product(tmp_path / "alone", good(), MIXED[1:2], data=DATA, team=team("both"))
    assert roadworthy("check", alone).code == ExitCode.PASS


def test_a_table_of_any_size_is_judged_on_paper_too_and_told_no_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_product(tmp_path, good(), MIXED[:2], data=DATA, team=team("both"))
    whole = check(file)
    monkeypatch.setattr(one_pass, "MOST_AS_A_WHOLE", 100)
    passed = check(file)
    assert passed.verdicts == whole.verdicts
    assert passed.answer == "PASS (hypothetical)"
    assert passed.exit_code is ExitCode.INCONCLUSIVE
    assert whole.ways
    assert not passed.ways
    assert any("Ways of working were not laid side by side" in note for note in passed.notes)


def test_a_path_to_a_hypothetical_pass_says_what_it_assumes(tmp_path: Path) -> None:
    few = write_product(tmp_path, good(20), [MIXED[0]], data=DATA, team=team("both"))
    judgement = check(few)
    assert judgement.outcome is Outcome.INCONCLUSIVE
    assert judgement.paths
    assert all("a PASS is hypothetical" in path.assumed[-1] for path in judgement.paths)
    alone = write_product(tmp_path / "alone", good(20), [MIXED[1]], data=DATA, team=team("both"))
    assert "hypothetical" not in str([path.assumed for path in check(alone).paths])


def test_an_observed_failure_needs_no_hypothesis(tmp_path: Path) -> None:
    raw = good().with_columns(score=pl.lit(0.1))
    asked = [MIXED[1], {"metric": "specificity", "of": "team", "at_least": 0.9}]
    file = write_product(tmp_path, raw, asked, data=DATA, team=team("both"))
    judgement = check(file)
    assert judgement.outcome is Outcome.FAIL
    assert not judgement.hypothetical


def study(of: str, sensitivity: float, se: float = 0.01) -> ReaderStudy:
    arm = Arm(sensitivity, se, 20.0)
    gain = Arm(0.0, se, 20.0)
    limit = Limit(Side.MAX_DROP, 0.05)
    evidence = Measured(0.0, -0.02, 0.02, 0.001, 0.999, 200, "positives", "tested")
    one = Compared(
        Endpoint.SENSITIVITY, limit, Outcome.PASS, evidence, 200, "positives", arm, arm, gain
    )
    return ReaderStudy(Outcome.PASS, (one,), 8, 400, 200, 0.95, "tested", of, "0", "0")


ASKED = [
    {**FINDS, "at_least": 0.9},
    {"ready": "no_worse_than_reader", "reader": "reader", "max_drop": 0.05, "of": "team"},
]


def studied(tmp_path: Path, found: ReaderStudy) -> dict[str, Verdict]:
    folder = tmp_path / found.subject[:8]
    folder.mkdir(parents=True)
    (folder / "study.json").write_text(json.dumps(reader_study_to_json(found)))
    named = {**team("both"), "study": "study.json"}
    file = write_product(folder, good(), ASKED, data=DATA, team=named)
    return {v.requirement: v for v in check(file).verdicts}


def subject_of(tmp_path: Path) -> str:
    file = write_product(tmp_path / "first", good(), ASKED[:1], data=DATA, team=team("both"))
    return check(file).subject.fingerprint


def test_what_a_study_of_this_product_measured_counts_in_place_of_stored_calls(
    tmp_path: Path,
) -> None:
    """Stored calls say 1.0; readers who were watched reached .80, and .80 is what counts."""
    found = studied(tmp_path, study(subject_of(tmp_path), 0.80))
    finds = found["finds"]
    assert estimate(finds) == 0.80
    assert finds.outcome is Outcome.FAIL
    assert not finds.hypothetical
    compared = found["no_worse_than_reader-sensitivity"]
    assert estimate(compared) == 0.0
    assert compared.outcome is Outcome.PASS
    assert not compared.hypothetical
    # the study did not look at specificity
    assert found["no_worse_than_reader-specificity"].hypothetical


def test_a_study_of_other_marks_takes_no_label_away(tmp_path: Path) -> None:
    found = studied(tmp_path, study("another", 0.80))
    assert estimate(found["finds"]) == 1.0
    assert "another version" in found["finds"].hypothetical


def test_another_study_is_another_claim(tmp_path: Path) -> None:
    prints = set()
    for sensitivity in (0.8, 0.9):
        (tmp_path / "study.json").write_text(
            json.dumps(reader_study_to_json(study("x", sensitivity)))
        )
        named = {**team("both"), "study": "study.json"}
        prints.add(
            load_product(write_product(tmp_path, good(), ASKED, data=DATA, team=named)).fingerprint
        )
    assert len(prints) == 2


def test_without_a_team_nothing_is_viewed_otherwise() -> None:
    table = everything()
    assert viewed(table, None, Whose.TEAM) is table
    both = Team("reader", TeamRule.BOTH)
    assert viewed(table, replace(both), Whose.PRODUCT) is table


@pytest.mark.parametrize("stray", [None, 7])
def test_a_reader_without_a_call_on_every_case_is_refused(tmp_path: Path, stray: Any) -> None:
    read = pl.Series("read", [stray] + [1] * 399)
    file = write_product(tmp_path, good().with_columns(read), [FINDS], data=DATA, team=team("both"))
    with pytest.raises(BadInput, match="never declared") as told:
        check(file)
    assert told.value.where == "column read"
    assert not (tmp_path / ".roadworthy" / "judgements").exists()


def test_a_study_may_be_named_before_it_is_analysed(tmp_path: Path) -> None:
    file = write_product(
        tmp_path, good(), ASKED, data=DATA, team={**team("both"), "study": "later.json"}
    )
    with pytest.raises(BadInput, match=r"later\.json"):
        load_product(file)
    fingerprint = subject_of(tmp_path)
    assert study_subject(file) == ("tested", fingerprint)
