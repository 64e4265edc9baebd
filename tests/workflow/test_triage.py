"""The look at calibration cases: once, written down before, and for one policy only."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tables import SCORED, rewrite, write_product
from tests.vaults import looks

from roadworthy.core import columns
from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import BadInput, ExitCode, Refused, RoadworthyError
from roadworthy.core.policy import Referred, Route, Triage
from roadworthy.core.product import SetName
from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io.certificate_json import certificate_from_json, certificate_to_json
from roadworthy.io.judgement_json import from_json, to_json
from roadworthy.io.junit import to_junit
from roadworthy.io.product_yaml import load_product
from roadworthy.store import certificates
from roadworthy.store.certificates import Asked
from roadworthy.store.workspace import Workspace
from roadworthy.workflow import triage as room
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.dossier import dossier
from roadworthy.workflow.plan import plan
from roadworthy.workflow.prepare import decide, suggested
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.witnessed import note_made

SPLIT = {"validation": 0.25, "calibration": 0.5, "sealed": 0.25, "seed": 5}
AUTOMATION = {"id": "spares", "metric": "automation", "at_least": 0.10}
CLEAR = {"mode": "triage", "clear": {"fnr_at_most": 0.05}}
BOTH = {**CLEAR, "flag": {"fpr_at_most": 0.05}}


def scored(n: int = 1200, seed: int = 3, apart: float = 3.0) -> pl.DataFrame:
    """A third of the cases are ill, and their scores lie higher; a reader misses every tenth."""
    rng = np.random.default_rng(seed)
    ill = np.arange(n) % 3 == 0
    score = 1.0 / (1.0 + np.exp(-rng.normal(np.where(ill, apart, -apart), 1.5)))
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": ill.astype(int),
            "score": score,
            "vendor": rng.choice(["A", "B"], n),
            "reader": (ill & (rng.random(n) < 0.9)).astype(int),
            "patient": [f"p{i // 6}-{i % 3}" for i in range(n)],
        }
    )


def product(
    folder: Path, cases: pl.DataFrame | None = None, decision: Any = BOTH, **others: Any
) -> Path:
    data = {**SCORED, "split": SPLIT, "prevalence": "as_sampled", **others.pop("data", {})}
    table = scored() if cases is None else cases
    return write_product(folder, table, [AUTOMATION], data=data, decision=decision, **others)


def certificate(judgement: Judgement) -> Certificate:
    assert judgement.certificate is not None
    return judgement.certificate


def kept(file: Path, kind: str = ".certificate.json") -> list[Path]:
    return sorted((file.parent / ".roadworthy" / "certificates").glob(f"*{kind}"))


def refused(file: Path, kind: type[RoadworthyError] = Refused) -> str:
    with pytest.raises(kind) as told:
        check(file)
    assert told.value.next_step
    return told.value.code


def test_both_sides_are_certified_on_calibration_cases_alone(tmp_path: Path) -> None:
    judgement = check(product(tmp_path))
    found = certificate(judgement)
    assert judgement.outcome is found.outcome is Outcome.PASS
    clear, flag = found.sides
    assert (clear.side, clear.risk, clear.delta, clear.of) == ("clear", "fnr", 0.025, "positives")
    assert (clear.n, flag.n) == (200, 400)
    assert clear.bound <= 0.05 and flag.bound <= 0.05
    assert clear.threshold is not None and flag.threshold is not None
    assert clear.threshold <= flag.threshold
    seen = found.open
    assert seen is not None and seen.set == "validation" and seen.cases == 300
    assert seen.cleared + seen.referred + seen.flagged == pytest.approx(1.0)
    assert judgement.verdicts[0].evidence.estimate == pytest.approx(  # type: ignore[union-attr]
        1.0 - seen.referred
    )


def test_too_few_positives_are_inconclusive_and_say_how_many_it_takes(tmp_path: Path) -> None:
    decision = {"mode": "triage", "clear": {"fnr_at_most": 0.01}}
    file = product(tmp_path, decision=decision)
    judgement = check(file)
    (side,) = certificate(judgement).sides
    assert judgement.outcome is certificate(judgement).outcome is Outcome.INCONCLUSIVE
    assert side.threshold is None and side.needs is not None
    assert (side.needs.cases, side.needs.of, side.needs.more) == (299, "positives", 99)
    assert side.attainable == pytest.approx(1 - 0.05 ** (1 / 200))
    told = certificate(judgement).open
    assert told is not None and told.cleared == 0.0
    path = next(path for path in judgement.paths if path.lever == "more_positives")
    assert "299 positives" in path.change and "FNR at most 0.015" in path.expected
    assert 'type="INCONCLUSIVE"' in to_junit(judgement)
    page = dossier(file).html.read_text()
    assert "takes 299 positives with no miss, and there are 200 (99 missing)" in page


def test_the_sealed_set_is_not_opened_for_what_is_not_certified(tmp_path: Path) -> None:
    file = product(tmp_path, decision={"mode": "triage", "clear": {"fnr_at_most": 0.01}})
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "not_certified" and "299 positives" in told.value.message
    assert not looks(file)


def test_the_same_again_is_the_kept_certificate_and_costs_nothing(tmp_path: Path) -> None:
    file = product(tmp_path)
    first = certificate(check(file))
    # a requirement is judged elsewhere: it is no part of the policy
    rewrite(file, requirements=[{**AUTOMATION, "at_least": 0.2}])
    assert certificate(check(file)) == first
    assert certificate(certify(file)) == first
    assert len(kept(file)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"decision": {"clear": {"fnr_at_most": 0.06}}},
        {"data": {"score": "vendor_score"}},
        {"costs": {"miss": 5, "refer": 1}},
        {"costs": {"gain": {"cleared": 5}, "refer": 1}},
        {"scope": [{"field": "vendor", "in": ["A"]}]},
    ],
)
def test_another_model_decision_cost_or_scope_is_refused_on_the_same_cases(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    file = product(tmp_path, scored().with_columns(vendor_score=pl.col("score") ** 2))
    check(file)
    rewrite(file, **change)
    assert refused(file) == "calibration_spent"
    assert Refused("x", code="x", next_step="x").exit_code is ExitCode.REFUSED


def test_other_scores_or_labels_of_the_same_cases_are_refused(tmp_path: Path) -> None:
    file = product(tmp_path)
    check(file)
    scored(seed=4).write_parquet(file.parent / "cases.parquet")
    assert refused(file) == "calibration_spent"


def test_declared_looks_are_counted_and_each_has_its_share(tmp_path: Path) -> None:
    file = product(tmp_path, decision={**CLEAR, "looks": 2})
    first = certificate(check(file))
    assert (first.look, first.looks, first.sides[0].delta) == (1, 2, 0.025)
    rewrite(file, decision={"clear": {"fnr_at_most": 0.06}})
    second = certificate(check(file))
    assert (second.look, second.sides[0].delta) == (2, 0.025)
    rewrite(file, decision={"clear": {"fnr_at_most": 0.07}})
    assert refused(file) == "calibration_spent"
    rewrite(file, decision={"clear": {"fnr_at_most": 0.05}})
    assert certificate(check(file)).look == 1


def test_every_earlier_look_at_some_of_the_cases_must_have_declared_as_many(
    tmp_path: Path,
) -> None:
    workspace, now = Workspace(tmp_path / "w"), datetime.now(UTC)
    names = np.arange(20, dtype=np.uint64)
    certificates.look(workspace, names[:10], Asked("a", "d", "x", 1), now)
    certificates.look(workspace, names[10:], Asked("b", "d", "y", 3), now)
    for order in (names, names[::-1]):
        with pytest.raises(Refused) as told:
            certificates.look(workspace, order, Asked("c", "d", "z", 3), now)
        assert told.value.code == "looks_changed"


def test_looks_cannot_be_raised_afterwards(tmp_path: Path) -> None:
    file = product(tmp_path, decision=CLEAR)
    check(file)
    rewrite(file, decision={"looks": 3})
    assert refused(file) == "looks_changed"


def test_a_look_is_written_before_labels_are_used_and_a_crash_spends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = product(tmp_path)

    def crash(*_: Any) -> Any:
        assert len(kept(file, ".look.json")) == 1
        raise RuntimeError("the power went out")

    monkeypatch.setattr(room, "made_from", crash)
    with pytest.raises(RuntimeError):
        check(file)
    monkeypatch.undo()
    rewrite(file, decision={"clear": {"fnr_at_most": 0.2}})
    assert refused(file) == "calibration_spent"
    rewrite(file, decision={"clear": {"fnr_at_most": 0.05}})
    assert certificate(check(file)).outcome is Outcome.PASS


def test_a_foreign_a_broken_and_an_expired_certificate_are_refused(tmp_path: Path) -> None:
    file = product(tmp_path, decision={**CLEAR, "valid_days": 30})
    found = certificate(check(file))
    assert found.expires is not None and found.expires > found.made
    (answer,) = kept(file)
    written = json.loads(answer.read_text())
    late = {**written, "expires": "2020-01-01"}
    note_made(load_product(file), late)
    answer.write_text(json.dumps(late))
    assert refused(file) == "certificate_expired"
    other = {**written["fingerprints"], "model": "0" * 64}
    answer.write_text(json.dumps({**written, "fingerprints": other}))
    assert refused(file) == "foreign_certificate"
    answer.write_text(json.dumps({**written, "sides": [{}]}))
    assert refused(file) == "broken_certificate"


def test_an_edited_certificate_is_not_the_one_that_was_made(tmp_path: Path) -> None:
    """Otherwise whoever edits a threshold in a file would certify whatever he likes."""
    file = product(tmp_path)
    check(file)
    (answer,) = kept(file)
    written = json.loads(answer.read_text())
    written["sides"][0] |= {"threshold": 0.9, "certified": 0.9}
    answer.write_text(json.dumps(written))
    assert refused(file) == "foreign_certificate"


def test_a_look_whose_files_are_gone_is_not_forgotten(tmp_path: Path) -> None:
    file = product(tmp_path)
    check(file)
    for path in (tmp_path / ".roadworthy" / "certificates").iterdir():
        path.unlink()
    rewrite(file, decision={**BOTH, "clear": {"fnr_at_most": 0.04}})
    assert refused(file) == "broken_look"


def test_cases_that_were_open_before_certify_nothing_and_certified_ones_are_never_sealed(
    tmp_path: Path,
) -> None:
    file = product(tmp_path)
    rewrite(file, decision={"mode": "triage"})
    check(file)
    rewrite(file, data={"split": {**SPLIT, "seed": 6}})
    assert refused(file) == "calibration_seen"
    page = file.read_text()
    start = page.index("decision:")
    file.write_text(page[:start] + page[page.index("requirements:") :])
    with pytest.raises(Refused) as told:
        certify(file)
    assert told.value.code == "sealed_seen"


def test_a_table_that_holds_calibration_cases_proves_nothing(tmp_path: Path) -> None:
    file = product(tmp_path)
    check(file)
    certified = load_cases(load_product(file)).ids(SetName.CALIBRATION)
    with pytest.raises(BadInput) as told:
        check(file, on=scored().filter(pl.col("case").is_in(certified.head(20).implode())))
    assert told.value.code == "seen_cases"
    fresh = scored(600, 9).with_columns(case="x" + pl.col("case"))
    judged = check(file, on=fresh)
    seen = certificate(judged).open
    assert seen is not None and seen.cases == 600


def test_missing_and_infinite_scores_go_to_a_person(tmp_path: Path) -> None:
    cases = scored()
    lost = pl.int_range(pl.len()) % 50
    broken = (
        pl.when(lost == 0)
        .then(None)
        .when(lost == 1)
        .then(float("nan"))
        .when(lost == 2)
        .then(float("-inf"))
        .otherwise(pl.col("score"))
    )
    judgement = check(product(tmp_path, cases.with_columns(score=broken)))
    found = certificate(judgement)
    assert found.unscored > 0 and found.cases + found.unscored == 600
    assert (judgement.population.referred or 0) >= 10


def test_a_score_that_is_no_number_from_0_to_1_is_still_an_error(tmp_path: Path) -> None:
    cases = scored().with_columns(score=pl.col("score") * 2)
    assert refused(product(tmp_path, cases), BadInput) == "bad_score"


def test_what_a_policy_refers_counts_as_the_product_says() -> None:
    table = pl.DataFrame(
        {
            columns.SCORE: [0.1, 0.2, 0.5, 0.8, 0.9, None],
            columns.POSITIVE: [False, True, True, False, True, True],
            columns.INSIDE: [True] * 6,
        }
    )
    found = decide(table, Triage(0.2, 0.8), Referred.RIGHT)
    assert found[columns.REFERRED].to_list() == [False, True, True, True, False, True]
    assert found[columns.FLAGGED].to_list() == [False, True, True, False, True, True]
    nothing = decide(table, Triage(None, None), Referred.EXCLUDED)
    assert nothing[columns.REFERRED].all() and not nothing[columns.RATED].any()


def test_suggestions_are_counted_and_change_nothing_else(tmp_path: Path) -> None:
    plain = certificate(check(product(tmp_path / "plain", scored(apart=1.0))))
    file = product(tmp_path / "helped", scored(apart=1.0))
    rewrite(file, decision={"assist": {"likely_right": 0.6}})
    helped = certificate(check(file))
    assert helped.sides == plain.sides
    assert helped.open is not None and plain.open is not None
    assert helped.open.referred == plain.open.referred
    assert 0 < (helped.open.assisted or 0) < helped.open.referred
    assert plain.open.assisted is None
    right = helped.open.suggestions
    assert right is not None and right.low <= right.k / right.n <= right.high
    assert right.n == round((helped.open.assisted or 0) * helped.open.cases)
    assert certificate_from_json(certificate_to_json(helped)) == helped


@given(st.none() | st.floats(0, 1), st.booleans(), st.floats(0.5, 1, exclude_max=True))
def test_a_column_is_helped_as_a_single_case_is(
    score: float | None, inside: bool, assist_from: float
) -> None:
    policy = Triage(0.2, 0.8, assist_from)
    table = pl.DataFrame(
        {columns.SCORE: [score], columns.POSITIVE: [True], columns.INSIDE: [inside]},
        schema_overrides={columns.SCORE: pl.Float64},
    )
    (helped,) = decide(table, policy, Referred.RIGHT).select(suggested(assist_from))[:, 0]
    one = policy.route(score, () if inside else ("SCOPE:age",))
    assert helped == (one.route is Route.ASSIST)


def test_one_threshold_holds_on_every_protected_part_and_a_thin_one_is_named(
    tmp_path: Path,
) -> None:
    decision = {**CLEAR, "protect": [{"by": "vendor"}]}
    found = certificate(check(product(tmp_path / "a", decision=decision))).sides[0]
    assert found.threshold == min(p.certified for p in found.protected if p.certified is not None)
    rare = scored().with_columns(
        vendor=pl.when(pl.int_range(pl.len()) % 40 == 0)
        .then(pl.lit("C"))
        .otherwise(pl.col("vendor"))
    )
    thin = certificate(check(product(tmp_path / "b", rare, decision)))
    side = thin.sides[0]
    assert thin.outcome is Outcome.INCONCLUSIVE and side.threshold is None
    assert side.needs is not None and side.needs.of == "positives of vendor = C"
    assert "vendor = C" in side.reason


def test_cases_of_one_unit_count_once(tmp_path: Path) -> None:
    found = certificate(check(product(tmp_path, data={"unit": "patient"})))
    assert found.unit == "patient"
    assert found.sides[0].n == 100
    assert any("all of its positive cases are cleared" in one for one in found.assumptions)


@pytest.mark.parametrize("prevalence", ["as_sampled", 0.1])
def test_predictive_values_are_certified_by_a_declared_sequence(
    tmp_path: Path, prevalence: Any
) -> None:
    decision = {"mode": "triage", "clear": {"npv_at_least": 0.95}, "flag": {"ppv_at_least": 0.7}}
    cases = scored(3000, 6)
    file = product(tmp_path, cases, decision, data={"prevalence": prevalence})
    found = certificate(check(file))
    assert found.outcome is Outcome.PASS
    clear, flag = found.sides
    assert (clear.at_most, clear.at_least) == (0.05, 0.95)
    assert clear.k / clear.n < 0.05 and flag.k / flag.n < 0.3
    assert "fixed-sequence" in found.method


def test_a_predictive_value_out_of_reach_is_inconclusive(tmp_path: Path) -> None:
    decision = {"mode": "triage", "clear": {"npv_at_least": 0.9999}}
    (side,) = certificate(check(product(tmp_path, decision=decision))).sides
    assert side.threshold is None and side.needs is not None
    assert side.needs.of == "cleared cases" and side.attainable > 0.0001


def test_costs_choose_inside_what_is_certified(tmp_path: Path) -> None:
    free = certificate(check(product(tmp_path / "a"))).sides
    costs = {"miss": 200, "false_alarm": 50, "refer": 1}
    dear = certificate(check(product(tmp_path / "b", costs=costs))).sides
    assert dear[0].certified == free[0].certified and dear[1].certified == free[1].certified
    assert dear[0].threshold is not None and free[0].certified is not None
    assert dear[0].threshold < free[0].certified


def test_what_a_right_call_earns_counts_against_what_deciding_alone_costs(tmp_path: Path) -> None:
    costs: dict[str, Any] = {"miss": 200, "false_alarm": 50, "refer": 1}
    dear = certificate(check(product(tmp_path / "a", costs=costs))).sides
    costs["gain"] = {"cleared": 50}
    paid = certificate(check(product(tmp_path / "b", costs=costs))).sides
    assert dear[0].threshold is not None and paid[0].threshold is not None
    assert dear[0].threshold < paid[0].threshold <= (paid[0].certified or 0.0)


def test_a_side_that_costs_more_than_a_person_decides_nothing_and_says_so(tmp_path: Path) -> None:
    costs = {"miss": 1e9, "false_alarm": 1e9, "refer": 1e-6}
    overlapping = scored(apart=0.4)
    judgement = check(product(tmp_path, overlapping, CLEAR, costs=costs))
    (side,) = certificate(judgement).sides
    if side.threshold is None:
        assert judgement.outcome is Outcome.INCONCLUSIVE and "would cost more" in side.reason
    else:
        assert side.k == 0


def test_gross_and_net_misses_are_told_beside_a_reader(tmp_path: Path) -> None:
    calls = {"ann": {"column": "reader", "positive": [1], "negative": [0]}}
    decision = {"mode": "triage", "clear": {"fnr_at_most": 0.3}}
    found = certificate(check(product(tmp_path, decision=decision, data={"calls": calls}))).open
    assert found is not None and found.gross is not None
    (ann,) = found.readers
    assert ann.net.k + ann.also_missed.k == found.gross.k > 0
    assert ann.net.n == found.gross.n == 100
    assert found.gross.low < found.gross.k / found.gross.n < found.gross.high


def test_calibration_without_positives_is_bad_input(tmp_path: Path) -> None:
    sets = pl.Series("set", ["calibration", "validation", "sealed"] * 400)
    cases = scored().with_columns(sets)
    cases = cases.filter(~((pl.col("set") == "calibration") & (pl.col("ill") == 1)))
    cases = cases.with_columns(
        ill=pl.when(pl.col("set") == "sealed").then(1).otherwise(pl.col("ill"))
    )
    file = product(tmp_path, cases, CLEAR, data={"split": {"column": "set"}})
    assert refused(file, BadInput) == "no_calibration_cases"


def test_plan_says_what_a_certificate_and_what_audits_take(tmp_path: Path) -> None:
    decision = {"mode": "triage", "clear": {"fnr_at_most": 0.01}}
    file = product(tmp_path, decision=decision, data={"prevalence": 0.006})
    (risk,) = plan(file).certificate
    assert risk.counts == ((0, 299), (1, 473), (2, 628), (5, 1049))
    # one cleared case in 11,667 may be positive
    assert (risk.have, risk.audits) == (200, 34_954)


def test_a_certificate_survives_being_written_down(tmp_path: Path) -> None:
    judgement = check(product(tmp_path, decision={**BOTH, "protect": [{"by": "vendor"}]}))
    found = certificate(judgement)
    assert certificate_from_json(json.loads(json.dumps(certificate_to_json(found)))) == found
    stored = json.loads(json.dumps(to_json(judgement)))
    assert from_json(stored) == judgement
    assert {"outcome", "sides", "cleared", "referred", "flagged", "looks"} <= set(
        stored["certificate"]
    )
    better = {**stored, "certificate": {**stored["certificate"], "outcome": "INCONCLUSIVE"}}
    with pytest.raises(BadInput):
        from_json(better)


def test_a_product_without_triage_has_no_certificate(tmp_path: Path) -> None:
    judgement = check(product(tmp_path, decision={"threshold": 0.5}))
    assert judgement.certificate is None and to_json(judgement)["certificate"] is None
    assert not kept(tmp_path / "product.yaml")


def test_a_table_without_a_case_for_the_product_has_no_shares(tmp_path: Path) -> None:
    """Of no case nothing is a share: neither 0 % cleared nor 0 % referred."""
    scope = [{"field": "vendor", "in": ["A", "B"], "outside": "reject"}]
    file = product(tmp_path, scope=scope)
    assert check(file).outcome is Outcome.PASS
    pages = scored(30, 9).with_columns(pl.col("case") + "-page", vendor=pl.lit("test page"))
    found = check(file, on=pages)
    assert found.outcome is not Outcome.PASS
    assert certificate(found).open is None
