"""decide: one record a case, by what was certified; and whatever is wrong is refused before."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer
from tests.tables import LEARNT, SCORED, SPARES, learnable, rewrite, simulated, write_product
from tests.workflow import test_uncovered as uncovered
from tests.workflow.test_triage import BOTH, CLEAR, kept, product, scored

from roadworthy.core import decided
from roadworthy.core.errors import BadInput, ExitCode, Refused, RoadworthyError
from roadworthy.core.policy import Route
from roadworthy.core.verdict import Outcome
from roadworthy.io.product_yaml import load_product
from roadworthy.workflow.check import check
from roadworthy.workflow.decide import decide
from roadworthy.workflow.decisions import Decisions
from roadworthy.workflow.train import train
from roadworthy.workflow.witnessed import note_made

AUDITED = {**BOTH, "audit": {"share": 0.05, "seed": 7}}
PRICES = {"unit": "EUR", "miss": 100, "false_alarm": 5, "refer": 1}


def new(n: int = 400, seed: int = 9, **others: Any) -> pl.DataFrame:
    """Cases that nobody saw, in the same columns, without their truth."""
    found = scored(n, seed).with_columns(case=pl.format("n{}", pl.int_range(pl.len()))).drop("ill")
    return found.with_columns(**others)


def certified(folder: Path, decision: Any = AUDITED, **others: Any) -> Path:
    file = product(folder, decision=decision, **others)
    assert check(file).outcome is Outcome.PASS
    return file


def told(kind: type[RoadworthyError], file: Path, cases: object, **others: Any) -> str:
    with pytest.raises(kind) as found:
        decide(file, cases, **others)
    return str(found.value)


def state(file: Path) -> dict[str, bytes]:
    """Every file of the workspace."""
    folder = file.parent / ".roadworthy"
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestRecords:
    """One record a case, complete, in order."""

    def test_they_hold_what_was_decided_by_what_and_why(self, tmp_path: Path) -> None:
        worklist = {"queues": [{"name": "second", "when": [{"field": "vendor", "in": ["B"]}]}]}
        file = certified(tmp_path, worklist=worklist, data={"unit": "patient"})
        cases = new()
        found = decide(file, cases)
        table = found.table
        before = [name for name in decided.BEFORE_FIELDS if name != decided.MARKS]
        assert table.columns == [*before, "vendor", *decided.AFTER_FIELDS]
        assert table["id"].to_list() == cases["case"].to_list()
        assert table["unit"].to_list() == cases["patient"].to_list()
        assert table["score"].to_list() == cases["score"].to_list()
        assert found.certificate is not None
        low, high = (found.certificate.threshold(side) for side in ("clear", "flag"))
        assert low is not None and high is not None
        for row in table.to_dicts():
            route = "clear" if row["score"] < low else "flag" if row["score"] > high else "refer"
            audited = row["reason"] == "AUDIT_SAMPLE"
            assert row["policy_route"] == route
            assert row["route"] == ("refer" if audited else route)
            assert row["audit_probability"] == (0.05 if route == "clear" else None)
            person = row["route"] == "refer"
            assert row["queue"] == (
                None if not person else "second" if row["vendor"] == "B" else "general"
            )
            assert row["scope_reasons"] == []
        assert found.audits == (table["reason"] == "AUDIT_SAMPLE").sum() > 0
        assert table["decided_at"].n_unique() == 1
        assert table.schema["decided_at"] == pl.Datetime("us", "UTC")
        versions = table.select(decided.AFTER_FIELDS).unique()
        assert versions.height == 1
        assert versions["certificate_fingerprint"][0] and versions["guard_fingerprint"][0] is None

    def test_a_queue_by_score_does_not_hand_the_score_to_readers(self, tmp_path: Path) -> None:
        """It stands in the record already; beside what rules read, a reader would be shown it."""
        high = {"name": "high", "when": [{"field": "ai", "between": [0.5, 1.0]}]}
        asked = {"worklist": {"queues": [high]}, "data": {"score": "ai"}}
        file = certified(tmp_path, cases=scored().rename({"score": "ai"}), **asked)
        table = decide(file, new().rename({"score": "ai"})).table
        assert "ai" not in table.columns
        people = table.filter(pl.col("queue").is_not_null())
        assert ((people["queue"] == "high") == (people["score"] >= 0.5)).all()

    def test_the_same_cases_are_drawn_for_an_audit_in_another_order(self, tmp_path: Path) -> None:
        file = certified(tmp_path)
        one, other = decide(file, new()).table, decide(file, new().reverse()).table
        assert other.reverse().drop("decided_at").equals(one.drop("decided_at"))

    def test_calibrated_scores_are_chances_and_actions_have_expected_costs(
        self, tmp_path: Path
    ) -> None:
        split = {"train": 0.25, "validation": 0.15, "calibration": 0.4, "sealed": 0.2, "seed": 5}
        file = product(
            tmp_path,
            scored(1500),
            decision={**BOTH, "calibrate": "venn_abers"},
            data={"split": split},
            costs=PRICES,
        )
        check(file)
        table = decide(file, new()).table
        p = table["probability"]
        assert p.null_count() == 0 and p.equals(table["score"].alias("probability"))
        assert (table["probability_low"] <= p).all() and (p <= table["probability_high"]).all()
        assert table["entropy"].null_count() == 0
        assert table["mutual_information"].null_count() == table.height
        assert (table["expected_cost_clear"] - 100 * p).abs().max() < 1e-9  # type: ignore[operator]
        assert (table["expected_cost_flag"] - 5 * (1 - p)).abs().max() < 1e-9  # type: ignore[operator]
        assert table["expected_cost_refer"].unique().to_list() == [1.0]

    def test_a_plain_score_is_no_chance_and_a_note_says_so(self, tmp_path: Path) -> None:
        found = decide(certified(tmp_path, costs=PRICES), new())
        empty = ["probability", "probability_low", "expected_cost_clear", "expected_cost_refer"]
        assert found.table.select(pl.col(empty).null_count()).row(0) == (400,) * 4
        assert any("scores are not calibrated" in note for note in found.notes)

    def test_no_chance_is_told_where_positives_are_rarer_than_in_training(
        self, tmp_path: Path
    ) -> None:
        split = {"train": 0.25, "validation": 0.15, "calibration": 0.4, "sealed": 0.2, "seed": 5}
        decision = {**BOTH, "calibrate": "sigmoid"}
        data = {"split": split, "prevalence": 0.01}
        file = product(tmp_path, scored(1500), decision=decision, data=data)
        check(file)
        found = decide(file, new())
        assert found.table["probability"].null_count() == 400
        assert any("`data.prevalence` says 0.01" in note for note in found.notes)

    def test_what_lies_out_of_scope_goes_to_a_person_or_back_to_the_sender(
        self, tmp_path: Path
    ) -> None:
        scope = [
            {"field": "vendor", "in": ["A", "B"], "missing": "refer"},
            {"field": "score", "between": [0, 0.9999999], "outside": "reject"},
        ]
        file = certified(tmp_path, scope=scope)
        first = pl.int_range(pl.len())
        cases = new(
            vendor=pl.when(first == 0)
            .then(None)
            .when(first < 3)
            .then(pl.lit("Z"))
            .otherwise("vendor"),
            score=pl.when((first == 2) | (first == 3)).then(1.0).otherwise("score"),
        )
        table = decide(file, cases).table
        rows = table.select("route", "reason", "scope_reasons", "queue", "audit_probability").rows()
        assert rows[0] == ("refer", "MISSING:vendor", ["MISSING:vendor"], "general", None)
        assert rows[1] == ("refer", "OUT_OF_SCOPE:vendor", ["OUT_OF_SCOPE:vendor"], "general", None)
        both = ["OUT_OF_SCOPE:score", "OUT_OF_SCOPE:vendor"]
        assert rows[2] == ("reject", "OUT_OF_SCOPE:score", both, None, None)
        assert rows[3] == ("reject", "OUT_OF_SCOPE:score", ["OUT_OF_SCOPE:score"], None, None)
        assert table["scope_reasons"][4].to_list() == []

    def test_a_missing_score_goes_to_a_person(self, tmp_path: Path) -> None:
        cases = new(score=pl.when(pl.int_range(pl.len()) < 2).then(None).otherwise("score"))
        table = decide(certified(tmp_path), cases).table
        assert table.select("route", "reason").rows()[:2] == [("refer", "MISSING:score")] * 2

    def test_a_column_of_the_cases_may_be_called_as_one_of_the_records(
        self, tmp_path: Path
    ) -> None:
        names = {"vendor": "reason", "patient": "route"}
        cases = scored().rename(names)
        scope = [{"field": "reason", "in": ["A"]}]
        file = product(tmp_path, cases, decision=AUDITED, scope=scope, data={"unit": "route"})
        check(file)
        table = decide(file, new().rename(names)).table
        other = new()["vendor"] == "B"
        told = table.filter(other)["scope_reasons"].to_list()
        assert told and all(reasons == ["OUT_OF_SCOPE:reason"] for reasons in told)
        assert table["unit"].to_list() == new()["patient"].to_list()

    def test_the_truth_is_never_read(self, tmp_path: Path) -> None:
        file = certified(tmp_path)
        nonsense = new().with_columns(ill=pl.lit("nobody knows"))
        assert (
            decide(file, nonsense)
            .table.drop("decided_at")
            .equals(decide(file, new()).table.drop("decided_at"))
        )


class TestWithoutACertificate:
    """What is not certified decides nothing, and no look is taken on the side."""

    def test_nothing_certified_yet(self, tmp_path: Path) -> None:
        file = product(tmp_path)
        assert told(Refused, file, new()) == (
            "product.yaml: decision: nothing is certified yet, so nothing may be decided without a "
            "person. Run `roadworthy check` first: it certifies the policy on the calibration "
            "cases, once."
        )
        assert not kept(file, ".look.json")

    def test_not_certified(self, tmp_path: Path) -> None:
        file = product(tmp_path, decision={"mode": "triage", "clear": {"fnr_at_most": 0.01}})
        check(file)
        message = told(Refused, file, new(), out=tmp_path / "out.parquet")
        assert "is INCONCLUSIVE: FNR at most 0.01 takes 299 positives with no miss" in message
        assert "until then a person decides" in message
        assert not (tmp_path / "out.parquet").exists()

    @pytest.mark.parametrize(
        ("changed", "what"),
        [
            ({"data": {"score": "other"}}, "another model and other values"),
            ({"decision": {"clear": {"fnr_at_most": 0.06}}}, "another decision"),
        ],
    )
    def test_a_foreign_certificate(
        self, tmp_path: Path, changed: dict[str, Any], what: str
    ) -> None:
        table = scored().with_columns(other=pl.col("score") ** 2)
        file = product(tmp_path, table, decision=BOTH)
        check(file)
        rewrite(file, **changed)
        day = json.loads(kept(file, ".look.json")[0].read_text())["at"][:10]
        cases = new().with_columns(other=pl.col("score") ** 2)
        message = told(Refused, file, cases, out=tmp_path / "out.parquet")
        assert (
            f"the certificate of {day} is about {what}. Restore what was certified, or bring"
            in (message)
        )
        assert not (tmp_path / "out.parquet").exists()

    def test_other_calibration_cases(self, tmp_path: Path) -> None:
        file = certified(tmp_path)
        changed = scored().with_columns(score=pl.col("score") * 0.99)
        changed.write_parquet(tmp_path / "cases.parquet")
        assert "is about other values" in told(Refused, file, new())

    def test_an_expired_certificate_refers_every_case_and_says_so(self, tmp_path: Path) -> None:
        file = certified(tmp_path, {**AUDITED, "valid_days": 30})
        (answer,) = kept(file)
        written = json.loads(answer.read_text())
        late = {**written, "expires": "2020-01-01"}
        note_made(load_product(file), late)
        answer.write_text(json.dumps(late))
        found = decide(file, new(), tmp_path / "out.parquet")
        assert found.exit_code is ExitCode.INCONCLUSIVE
        assert found.expired == "2020-01-01" and "certificate expired" in found.headline
        table = pl.read_parquet(tmp_path / "out.parquet")
        assert (
            table["route"].unique().to_list()
            == table["policy_route"].unique().to_list()
            == ["refer"]
        )
        assert table["reason"].unique().to_list() == ["CERTIFICATE_EXPIRED"]
        assert table["clear_below"].null_count() == table["audit_probability"].null_count() == 400
        assert table["queue"].unique().to_list() == ["general"]

    def test_nothing_in_the_workspace_changes(self, tmp_path: Path) -> None:
        file = certified(tmp_path)
        before = state(file)
        decide(file, new(), tmp_path / "out.parquet")
        assert state(file) == before

    def test_a_protected_level_that_came_later_goes_to_a_person(self, tmp_path: Path) -> None:
        file = uncovered.product(tmp_path, uncovered.parted())
        check(file)
        cases = new(
            vendor=pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("C")).otherwise("vendor")
        )
        table = decide(file, cases).table
        assert table["reason"].to_list()[:3] == ["NOT_CERTIFIED:vendor"] * 3
        assert table["policy_route"].to_list()[:3] == ["refer"] * 3
        assert "clear" in table["route"].to_list()[3:]


class TestBadInput:
    """What is wrong is told with its column, value and place; nothing is written."""

    def test_a_column_that_changed_its_type(self, tmp_path: Path) -> None:
        file = certified(tmp_path, scope=[{"field": "vendor", "in": ["A", "B"]}])
        assert told(BadInput, file, new(vendor=pl.int_range(pl.len()))) == (
            "the frame: the column 'vendor' holds Int64 here, and String in the cases that the "
            "product was made with. Write its values as they were; a text such as 'n/a' makes a "
            "column of numbers text."
        )
        path = tmp_path / "new.csv"
        new(score=pl.lit("n/a")).write_csv(path)
        assert "new.csv: the column 'score' holds String here, and Float64 in the cases" in told(
            BadInput, file, path
        )

    def test_what_a_file_format_changes_is_no_change(self, tmp_path: Path) -> None:
        """CSV reads levels such as 1 as numbers, and a column without values as text."""
        table = scored().with_columns(vendor=pl.col("vendor").replace({"A": "1", "B": "2"}))
        file = product(tmp_path, table, scope=[{"field": "vendor", "in": ["1", "2"]}])
        check(file)
        cases = new(vendor=pl.lit("1"))
        cases.write_csv(tmp_path / "new.csv")
        told = decide(file, tmp_path / "new.csv").table
        assert told.drop("decided_at").equals(decide(file, cases).table.drop("decided_at"))
        cases.with_columns(vendor=pl.lit(None)).write_csv(tmp_path / "none.csv")
        none = decide(file, tmp_path / "none.csv").table
        assert none["reason"].unique().to_list() == ["MISSING:vendor"]

    @pytest.mark.parametrize("column", ["case", "score", "vendor", "patient"])
    def test_a_column_that_is_missing(self, tmp_path: Path, column: str) -> None:
        scope = [{"field": "vendor", "in": ["A", "B"]}]
        file = certified(tmp_path, scope=scope, data={"unit": "patient"})
        assert told(BadInput, file, new().drop(column)).startswith(
            f"the frame: There is no column '{column}'."
        )

    def test_an_id_on_two_rows(self, tmp_path: Path) -> None:
        file = certified(tmp_path)
        cases = pl.concat([new(10), new(2)])
        assert told(BadInput, file, cases) == (
            "column case: 2 ids in 'case' stand on more than one row: n0, n1. Give every case one "
            "row; use `unit:` for cases that belong together."
        )

    def test_sealed_cases(self, tmp_path: Path) -> None:
        file = certified(tmp_path)
        assert told(Refused, file, scored()) == (
            "the frame: 300 of its 1200 cases are in the sealed set. Leave them out: their scores "
            "are seen when `roadworthy certify` opens it."
        )

    def test_a_score_that_is_none(self, tmp_path: Path) -> None:
        file = certified(tmp_path)
        cases = new(score=pl.when(pl.int_range(pl.len()) == 1).then(1.5).otherwise("score"))
        assert "1 of 400 scores are not numbers from 0 to 1: case n1 has 1.5" in told(
            BadInput, file, cases
        )

    def test_a_cost_column_that_is_missing_or_has_gaps(self, tmp_path: Path) -> None:
        split = {"train": 0.25, "validation": 0.15, "calibration": 0.4, "sealed": 0.2, "seed": 5}
        costs = {**PRICES, "miss": {"column": "amount", "max": 100}}
        table = scored(1500).with_columns(amount=pl.lit(50.0))
        decision = {**BOTH, "calibrate": "sigmoid"}
        file = product(tmp_path, table, decision=decision, data={"split": split}, costs=costs)
        check(file)
        assert "There is no column 'amount'." in told(BadInput, file, new())
        gaps = new(amount=pl.when(pl.int_range(pl.len()) > 0).then(50.0))
        assert "1 of 400 costs in 'amount' are not numbers from 0 to the declared maximum" in told(
            BadInput, file, gaps
        )
        whole = decide(file, new(amount=pl.lit(50.0))).table
        assert whole["expected_cost_clear"].max() <= 50.0  # type: ignore[operator]

    def test_products_whose_answers_are_not_routed(self, tmp_path: Path) -> None:
        task = {"task": "multiclass", "data": {"prediction": "said"}}
        cases = pl.DataFrame({"case": ["a", "b"], "ill": ["x", "y"], "said": ["x", "y"]})
        data = {"id": "case", "truth": "ill", "prediction": "said"}
        file = write_product(
            tmp_path,
            cases,
            [{"metric": "accuracy", "at_least": 0.5}],
            data={**data, "prevalence": "as_sampled"},
            task=task["task"],
        )
        assert told(BadInput, file, cases) == (
            "product.yaml: task: the task is multiclass, and only a score of yes or no is cleared, "
            "flagged or referred. Use the model's own answers, or write a binary product."
        )

    @pytest.mark.parametrize(
        ("out", "what"),
        [
            ("out.txt", "is neither .parquet nor .csv"),
            ("nowhere/out.csv", "cannot be written: its folder is not there"),
            ("cases.parquet", "is read here, and decisions would replace it"),
            ("new.parquet", "is read here, and decisions would replace it"),
            ("folder.csv", "is a folder"),
        ],
    )
    def test_a_file_that_cannot_be_written(self, tmp_path: Path, out: str, what: str) -> None:
        file = certified(tmp_path)
        (tmp_path / "folder.csv").mkdir()
        new().write_parquet(tmp_path / "new.parquet")
        before = (tmp_path / "cases.parquet").read_bytes()
        assert told(BadInput, file, tmp_path / "new.parquet", out=tmp_path / out) == (
            f"--out: '{tmp_path / out}' {what}. Name another file: `--out decisions.parquet`."
        )
        assert (tmp_path / "cases.parquet").read_bytes() == before


class TestThresholds:
    """A product with one threshold decides too."""

    def test_it_needs_no_certificate_and_no_split(self, tmp_path: Path) -> None:
        decision = {
            "threshold": 0.5,
            "refer_between": [0.4, 0.6],
            "referred": "excluded",
            "audit": {"share": 0.5},
        }
        file = write_product(tmp_path, simulated(400, 1), [SPARES], decision=decision)
        cases = simulated(300, 2).drop("ill").with_columns(case=pl.col("case") + "-new")
        found = decide(file, cases)
        reasons = dict(found.reasons)
        assert set(reasons) == {
            *("SCORE:below_threshold", "SCORE:at_or_above_threshold"),
            *("DOUBT:score", "AUDIT_SAMPLE"),
        }
        assert found.table["clear_below"][0] == 0.4 and found.table["flag_above"][0] == 0.6
        assert found.table["certificate_fingerprint"].null_count() == 300
        assert any("never judged" in note for note in found.notes)

    def test_a_missing_score_is_refused_as_everywhere(self, tmp_path: Path) -> None:
        file = write_product(tmp_path, simulated(400, 1), [SPARES])
        cases = simulated(3, 2).with_columns(
            score=pl.Series([None, 0.5, 0.5]), case=pl.Series(["a", "b", "c"])
        )
        assert "1 of 3 scores are not numbers from 0 to 1: case a has None" in told(
            BadInput, file, cases
        )

    def test_an_automatic_threshold_is_the_one_that_was_chosen(self, tmp_path: Path) -> None:
        split = {"train": 0.5, "validation": 0.5, "seed": 3}
        file = write_product(
            tmp_path,
            learnable(400, 11),
            [{"metric": "sensitivity", "at_least": 0.75}, SPARES],
            data={**LEARNT, "split": split},
            decision={"threshold": "auto"},
            models=["logistic"],
        )
        trained = train(file)
        cases = learnable(100, 5).drop("ill").with_columns(case=pl.col("case") + "-new")
        found = decide(file, cases)
        assert trained.policy is not None
        assert found.table["clear_below"].unique().to_list() == [trained.policy.threshold]
        assert found.table["model_fingerprint"].unique().to_list() == [trained.fingerprint]


def test_a_model_that_is_handed_in_decides_by_the_certificate_that_check_made_for_it(
    tmp_path: Path,
) -> None:
    file = product(tmp_path, data={"score": None, "features": ["score"]}, decision=BOTH)
    rewritten = file.read_text().replace("  score: null\n", "")
    file.write_text(rewritten)

    def halved(cases: pl.DataFrame) -> list[float]:
        return [float(score) / 2 for score in cases["score"]]

    assert check(file, model=halved).outcome is Outcome.PASS
    table = decide(file, new(), model=halved).table
    assert table["score"].to_list() == [score / 2 for score in new()["score"]]
    assert set(table["route"]) >= {"clear", "flag"}


def test_a_guard_sends_what_is_strange_to_a_person(tmp_path: Path) -> None:
    split = {"train": 0.3, "validation": 0.2, "calibration": 0.4, "sealed": 0.1, "seed": 5}
    rng = np.random.default_rng(1)
    known = scored(1500).with_columns(a=pl.Series(rng.normal(size=1500)), b=pl.lit(0.0))
    known = known.with_columns(b=pl.col("a") + pl.Series(rng.normal(size=1500)))
    file = product(
        tmp_path, known, data={"split": split}, decision=BOTH, guard={"features": ["a", "b"]}
    )
    check(file)
    first = pl.int_range(pl.len())
    cases = new(a=pl.when(first == 0).then(90.0).otherwise(0.1), b=pl.lit(0.2))
    table = decide(file, cases).table
    row = table.row(0, named=True)
    assert (row["route"], row["reason"]) == ("refer", "OUT_OF_SCOPE_LEARNED")
    assert row["scope_reasons"] == ["OUT_OF_SCOPE_LEARNED"]
    assert row["guard_fingerprint"] and (table["route"][1:] != "refer").any()


def test_a_verdict_that_is_no_pass_is_told(tmp_path: Path) -> None:
    file = write_product(tmp_path, simulated(400, 1, sensitivity=0.5), data=SCORED)
    assert check(file).outcome is Outcome.FAIL
    cases = simulated(50, 2).with_columns(case=pl.col("case") + "-new")
    (note,) = [note for note in decide(file, cases).notes if "did not pass" in note]
    assert note.startswith("This product did not pass: on cases.parquet it was judged FAIL on 20")


def test_wdbc_from_training_to_decisions(tmp_path: Path) -> None:
    """train, check, decide: the certificate holds, and what was cleared is almost all benign."""
    found = load_breast_cancer()
    names = [f"x{i}" for i in range(10)]
    table = pl.DataFrame(found.data[:, :10], schema=names).with_columns(
        case=pl.format("w{}", pl.int_range(pl.len())),
        malignant=pl.Series(found.target == 0).cast(pl.Int64),
    )
    ours, later = table[:449], table[449:]
    file = write_product(
        tmp_path,
        ours,
        [{"metric": "automation", "at_least": 0.1}],
        data={
            "id": "case",
            "truth": "malignant",
            "positive": 1,
            "negative": 0,
            "prevalence": "as_sampled",
            "split": {"train": 0.4, "validation": 0.1, "calibration": 0.5, "seed": 1},
        },
        decision={
            "mode": "triage",
            "clear": {"fnr_at_most": 0.05},
            "calibrate": "sigmoid",
            "audit": {"share": 0.1, "seed": 3},
        },
        costs=PRICES,
        models=["logistic"],
    )
    train(file)
    assert check(file).outcome is Outcome.PASS
    later.write_csv(tmp_path / "later.csv")
    decisions = decide(file, tmp_path / "later.csv", tmp_path / "decisions.parquet")
    records = pl.read_parquet(tmp_path / "decisions.parquet")
    assert records["id"].to_list() == later["case"].to_list()
    assert records["probability"].null_count() == records["expected_cost_flag"].null_count() == 0
    cleared = records["policy_route"] == Route.CLEAR.value
    assert cleared.sum() > 0.3 * later.filter(malignant=0).height
    assert later.filter(cleared)["malignant"].sum() <= 2
    assert decisions.audits == (records["reason"] == "AUDIT_SAMPLE").sum() > 0
    seen = pl.read_parquet_metadata(tmp_path / "decisions.parquet")
    assert seen["roadworthy.product"] == "tested" and seen["roadworthy.cost_unit"] == "EUR"


def test_the_day_of_the_record_is_the_day_it_was_made(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    found: Decisions = decide(certified(tmp_path, CLEAR), new(20))
    at = found.table["decided_at"][0]
    assert before <= at <= datetime.now(UTC)
