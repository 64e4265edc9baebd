"""What goes to people: most at stake first, and no reader can tell an audit from the others."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import roadworthy
from roadworthy.cli import show, show_worklist
from roadworthy.cli.show_worklist import worklist_json
from roadworthy.core import decided
from roadworthy.core.decided import AUDIT, PLACE, WHY
from roadworthy.core.errors import BadInput
from roadworthy.io.decision_words import BY_A_PERSON
from roadworthy.workflow.worklist import ReadingList, worklist

FLOATS = (
    *(decided.SCORE, decided.PROBABILITY, decided.PROBABILITY_LOW, decided.PROBABILITY_HIGH),
    *(decided.ENTROPY, decided.MUTUAL_INFORMATION, decided.AUDIT_PROBABILITY, decided.CLEAR_BELOW),
    *(decided.FLAG_ABOVE, decided.COST_CLEAR, decided.COST_FLAG, decided.COST_REFER),
)
ROUTES = {
    "BELOW_CLEAR": ("clear", "clear"),
    "ABOVE_FLAG": ("flag", "flag"),
    "AUDIT_SAMPLE": ("clear", "refer"),
}


def decisions(cases: list[dict[str, Any]], **everywhere: Any) -> pl.DataFrame:
    """A table as `decide` writes it; each case says its id, reason, score and what else differs."""
    rows = []
    for number, case in enumerate(cases):
        policy, route = ROUTES.get(case["reason"], ("refer", "refer"))
        row: dict[str, Any] = dict.fromkeys(decided.COLUMNS)
        row |= {"id": f"c{number}", decided.POLICY_ROUTE: policy, decided.ROUTE: route}
        row |= {decided.SCOPE_REASONS: [], decided.PRODUCT: "mammo", "density": "B"}
        row |= {decided.QUEUE: None if route in ("clear", "flag") else "general"}
        row |= {decided.DECIDED_AT: datetime(2026, 11, 25, 10, tzinfo=UTC)}
        rows.append({**row, **everywhere, **case})
    kinds: dict[str, Any] = dict.fromkeys(FLOATS, pl.Float64) | {
        decided.SCOPE_REASONS: pl.List(pl.String)
    }
    kinds |= {decided.QUEUE: pl.String}
    return pl.DataFrame(rows, schema_overrides=kinds, infer_schema_length=None)


def referred(*scores: float | None, **more: Any) -> list[dict[str, Any]]:
    return [{"reason": "UNCERTAIN", "score": score, **more} for score in scores]


def audits(n: int) -> list[dict[str, Any]]:
    return [{"id": f"a{i}", "reason": "AUDIT_SAMPLE", "score": 0.01} for i in range(n)]


def order(found: ReadingList) -> list[str]:
    return found.table["id"].to_list()


class TestOrder:
    def test_only_what_goes_to_a_person_is_listed(self) -> None:
        table = decisions(
            [{"reason": "BELOW_CLEAR"}, {"reason": "ABOVE_FLAG"}, *referred(0.4), *audits(1)]
        )
        assert sorted(order(worklist(table))) == ["a0", "c2"]

    def test_the_highest_score_comes_first(self) -> None:
        assert order(worklist(decisions(referred(0.3, 0.9, 0.6)))) == ["c1", "c2", "c0"]

    def test_a_probability_counts_for_more_than_a_score(self) -> None:
        cases = [
            {"reason": "UNCERTAIN", "score": 0.9, "probability": 0.1},
            {"reason": "UNCERTAIN", "score": 0.8, "probability": 0.2},
        ]
        found = worklist(decisions(cases))
        assert order(found) == ["c1", "c0"]
        assert found.ranked_by == "probability"

    def test_what_leaving_it_would_cost_counts_for_most(self) -> None:
        cases = [
            {"reason": "UNCERTAIN", "probability": 0.9, "expected_cost_clear": 9.0},
            {"reason": "UNCERTAIN", "probability": 0.1, "expected_cost_clear": 100.0},
        ]
        found = worklist(decisions(cases))
        assert order(found) == ["c1", "c0"]
        assert "nobody reads it" in found.ranked_by

    def test_an_unknown_risk_stands_where_an_average_one_does(self) -> None:
        cases = [*referred(0.9, 0.1, 0.7, 0.2), {"reason": "MISSING:score"}]
        # a score that the scope forbids to trust is no risk either
        cases.append({"reason": "OUT_OF_SCOPE:age", "score": 1.0})
        found = worklist(decisions(cases))
        assert set(order(found)[2:4]) == {"c4", "c5"}
        assert found.unknown == 2

    def test_places_count_from_one(self) -> None:
        assert worklist(decisions(referred(0.3, 0.9))).table[PLACE].to_list() == [1, 2]

    @given(st.permutations(range(12)))
    @settings(max_examples=15, deadline=None)
    def test_the_order_of_the_file_does_not_matter(self, permuted: list[int]) -> None:
        table = decisions([*referred(*np.linspace(0.2, 0.9, 8)), *audits(4)])
        assert order(worklist(table[permuted])) == order(worklist(table))

    def test_nobody_waits(self) -> None:
        found = worklist(decisions([{"reason": "BELOW_CLEAR", "score": 0.1}]))
        assert found.cases == 0
        assert "no case waits" in show.told(show_worklist.worklist, found)


class TestQueues:
    TABLE = (*referred(0.3, 0.9), *referred(0.5, queue="specialist"))

    def test_every_queue_is_counted_and_one_can_be_asked_for(self) -> None:
        table = decisions([*self.TABLE])
        assert worklist(table).queues == {"general": 2, "specialist": 1}
        found = worklist(table, queue="specialist")
        assert order(found) == ["c2"]
        assert found.table[PLACE].to_list() == [1]
        assert found.queues == {"general": 2, "specialist": 1}

    def test_what_queue_rules_read_is_listed(self) -> None:
        assert worklist(decisions([*self.TABLE])).table["density"].to_list() == ["B"] * 3

    def test_a_queue_that_is_not_there(self) -> None:
        with pytest.raises(BadInput, match="specialists"):
            worklist(decisions([*self.TABLE]), queue="specialists")

    def test_the_general_queue_may_be_empty(self) -> None:
        table = decisions(referred(0.5, queue="specialist"))
        assert worklist(table, queue="general").cases == 0


class TestBlinding:
    MIXED = (
        *referred(*np.linspace(0.2, 0.9, 30)),
        *[{"reason": "OUT_OF_SCOPE:age", "scope_reasons": ["OUT_OF_SCOPE:age"]}] * 30,
        *audits(20),
    )

    def mixed(self) -> pl.DataFrame:
        cases = [{**case, "id": case.get("id", f"c{i}")} for i, case in enumerate(self.MIXED)]
        return decisions(cases)

    def test_no_column_tells_an_audit(self) -> None:
        found = worklist(self.mixed())
        assert found.blinded
        assert not {AUDIT, *FLOATS, "route", "policy_route", "reason"} & set(found.table.columns)
        ids = pl.col("id").str.starts_with("a")
        audited = found.table.filter(ids).drop("place", "id").unique()
        others = found.table.filter(~ids).drop("place", "id").unique()
        assert audited.height == 1
        assert audited.rows()[0] in others.rows()
        assert "audit_probability" not in json.dumps(worklist_json(found))

    def test_no_place_tells_an_audit(self) -> None:
        """They stand beside cases that they pass for, all along the list."""
        found = worklist(self.mixed()).table
        why, ids = found["why"].to_list(), found["id"].to_list()
        for at, one in enumerate(ids):
            if one.startswith("a"):
                around = [*why[max(at - 1, 0) : at], *why[at + 1 : at + 2]]
                assert BY_A_PERSON in around
        places = np.array([at for at, one in enumerate(ids) if one.startswith("a")])
        assert places.min() < 25 and places.max() > 55

    def test_the_first_places_hold_no_more_and_no_fewer_audits_than_others(self) -> None:
        table = decisions([*referred(*np.linspace(0.2, 0.9, 300)), *audits(300)])
        found = worklist(table).table["id"].to_list()
        in_front = sum(one.startswith("a") for one in found[:300])
        assert 110 < in_front < 190

    def test_where_none_can_be_passed_for_no_reason_is_told(self) -> None:
        table = decisions([{"reason": "MISSING:score"}] * 3 + audits(2))
        assert worklist(table).table[WHY].unique().to_list() == [BY_A_PERSON]

    def test_it_is_told_when_asked(self) -> None:
        found = worklist(self.mixed(), unblind=True)
        shown = found.table.filter(pl.col(AUDIT))
        assert shown["id"].str.starts_with("a").all()
        assert shown.height == 20
        assert shown["score"].to_list() == [0.01] * 20
        assert "drawn for an audit" in shown[WHY][0]
        assert order(found) == order(worklist(self.mixed()))

    def test_what_is_printed_keeps_quiet_too(self) -> None:
        told = show.told(show_worklist.worklist, worklist(self.mixed()))
        assert "0.01" not in told and "drawn for an audit" not in told
        assert "--unblind" in told


class TestFiles:
    @pytest.mark.parametrize("kind", ["csv", "parquet"])
    def test_decisions_are_read_and_the_list_is_written(self, tmp_path: Path, kind: str) -> None:
        table = decisions(
            [*referred(0.5, 0.7), {"reason": "OUT_OF_SCOPE:age", "scope_reasons": ["MISSING:x"]}]
        )
        file, out = tmp_path / f"decisions.{kind}", tmp_path / f"list.{kind}"
        if kind == "csv":
            table.with_columns(pl.col("scope_reasons").list.join(" ")).write_csv(file)
        else:
            table.write_parquet(file, metadata={"roadworthy.cost_unit": "EUR"})
        found = roadworthy.worklist(file, out=out)
        assert found.out == out
        read = pl.read_csv(out) if kind == "csv" else pl.read_parquet(out)
        assert read["id"].to_list() == order(found)
        assert found.table.filter(pl.col("id") == "c2")[WHY][0] == "no value for x"
        assert {path.name for path in tmp_path.iterdir()} == {file.name, out.name}

    def test_no_decisions(self, tmp_path: Path) -> None:
        file = tmp_path / "cases.csv"
        pl.DataFrame({"id": ["a"], "score": [0.5]}).write_csv(file)
        with pytest.raises(BadInput, match="no table of decisions") as found:
            worklist(file)
        assert "roadworthy decide" in str(found.value.next_step)
        assert isinstance(found.value.value, list) and "route" in found.value.value

    @pytest.mark.parametrize("name", ["nowhere/list.csv", "list.txt", "."])
    def test_a_place_that_cannot_be_written(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(BadInput, match=r"cannot be written|neither|folder"):
            worklist(decisions(referred(0.5)), out=tmp_path / name)
        assert list(tmp_path.iterdir()) == []

    def test_the_decisions_are_not_replaced(self, tmp_path: Path) -> None:
        file = tmp_path / "decisions.parquet"
        decisions(referred(0.5)).write_parquet(file)
        before = file.read_bytes()
        with pytest.raises(BadInput, match="would replace"):
            worklist(file, out=file)
        assert file.read_bytes() == before

    def test_a_damaged_record(self) -> None:
        with pytest.raises(BadInput, match="damaged"):
            worklist(decisions(referred(0.5), route="somewhere"))

    @pytest.mark.parametrize(
        ("reason", "policy"), [("AUDIT_SAMPLE", "clear"), ("ABOVE_FLAG", "flag")]
    )
    def test_a_record_that_contradicts_itself(self, reason: str, policy: str) -> None:
        """Cleared without a person is only what the policy cleared and no audit drew."""
        table = decisions([{"reason": reason, "score": 0.5, "policy_route": policy}], route="clear")
        with pytest.raises(BadInput, match="damaged"):
            worklist(table)

    def test_two_records_of_one_case(self) -> None:
        with pytest.raises(BadInput, match="'c0' has 2 records"):
            worklist(pl.concat([decisions(referred(0.5)), decisions(referred(0.6))]))

    def test_a_notebook_shows_it(self) -> None:
        assert "place" in (worklist(decisions(referred(0.5)))._repr_html_() or "")
