"""One scan for all cells gives what a filter per cell would, and never a number for no value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables import FINDS, SCORED, judged_on, verdicts_on, write_product

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.instrument import Rows
from roadworthy.core.verdict import Outcome
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments
from roadworthy.workflow.gather import gather
from roadworthy.workflow.levels import on_slice
from roadworthy.workflow.prepare import per_unit as by_unit
from roadworthy.workflow.slicing import Cell, cells

SITES = ["a", "b", None]


def table(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    """Cases from (ill, score, site, age, twin) per case; units of two cases each."""
    ill, score, site, age, twin = zip(*rows, strict=True)
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(len(rows))],
            "patient": [f"p{i // 2}" for i in range(len(rows))],
            "ill": ill,
            "score": score,
            "site": site,
            "age": age,
            "twin": twin,
        },
        schema_overrides={"site": pl.String, "age": pl.Float64, "score": pl.Float64},
    )


ROW = st.tuples(
    st.integers(0, 1),
    st.sampled_from([0.1, 0.45, 0.55, 0.9]),
    st.sampled_from(SITES),
    st.sampled_from([10.0, 40.0, 50.0, 80.0, None]),
    st.integers(0, 1),
)
BY = [{"by": "site", "min_share": 0}, {"by": "age", "ranges": [[10, 50], [50, 90]]}]
MANY = [
    {**FINDS, "slices": [*BY, {"by": ["site", "twin"], "min_share": 0}]},
    {"metric": "specificity", "at_least": 0.5, "slices": BY},
    {"metric": "ppv", "at_least": 0.5, "slices": BY},
    {"metric": "sensitivity", "id": "gain", "against": "twin", "max_drop": 0.1, "slices": BY},
    {"metric": "automation", "at_least": 0.1, "slices": BY},
    {"metric": "auc", "at_least": 0.5, "slices": BY},
    {"metric": "brier", "at_most": 0.5, "slices": BY},
]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_product(
        tmp_path_factory.mktemp("many"),
        None,
        MANY,
        data={**SCORED, "unit": "patient", "prevalence": "as_sampled"},
        scope=[{"field": "age", "between": [20, 90], "missing": "accept"}],
        decision={"threshold": 0.5, "refer_between": [0.4, 0.5], "referred": "excluded"},
    )


def alone(found: pl.DataFrame, cell: Cell) -> dict[str, Any]:
    """What one cell gets when its own rows are filtered first and nothing else is there."""
    result = {}
    statistics = instruments()[cell.requirement.metric].statistics(cell.requirement)
    for name, statistic in statistics.items():
        kept = {Rows.RATED: columns.RATED, Rows.INSIDE: columns.INSIDE}.get(statistic.rows)
        rows = found.filter(on_slice(cell.slice, found.schema))
        rows = rows.filter(pl.col(kept)) if kept else rows
        asked = {k: rows.with_columns(e.alias("x"))["x"] for k, e in statistic.columns().items()}
        arrays = {
            key: (one.fill_null(False) if one.dtype == pl.Boolean else one).to_numpy()
            for key, one in asked.items()
        }
        result[name] = statistic.reduce(arrays, rows[columns.UNIT].rank("dense").to_numpy())
    return result


def same(one: Any, other: Any) -> bool:
    """Equality that also looks into arrays."""
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if hasattr(one, "__dict__") and vars(one):
        return all(same(vars(one)[key], vars(other)[key]) for key in vars(one))
    return bool(one == other)


@settings(max_examples=40)
@given(st.lists(ROW, min_size=1, max_size=40))
def test_every_cell_gets_what_filtering_its_own_rows_would_give(
    many: Path, rows: list[Any]
) -> None:
    product = load_product(many)
    found = judged_on(product, table(rows)).tables["cases"]
    inside = found.filter(pl.col(columns.INSIDE))
    planned = [cell for r in product.requirements for cell in cells(r, inside, None, product.scope)]
    at_once = gather(found, planned, instruments())
    for cell, got in zip(planned, at_once, strict=True):
        expected = alone(found, cell)
        assert got.keys() == expected.keys()
        for name in got:
            assert same(got[name], expected[name]), (str(cell.slice), cell.requirement.id, name)


def test_dependent_cases_are_measured_by_unit_and_lone_ones_are_not(tmp_path: Path) -> None:
    rows = [(1, 0.9, "a", 50.0, 1)] * 200
    pairs = write_product(tmp_path / "pairs", None, data={**SCORED, "unit": "patient"})
    lone = write_product(tmp_path / "lone", None, data={**SCORED, "unit": "case"})
    by_unit, by_case = (verdicts_on(file, table(rows))[0].evidence for file in (pairs, lone))
    assert isinstance(by_unit, Measured) and isinstance(by_case, Measured)
    assert by_unit.p_pass > by_case.p_pass
    assert by_case.p_pass == pytest.approx(0.9**200)
    assert by_unit.p_pass == pytest.approx(0.9**100)


# ---- per: unit


def per_unit(folder: Path, metric: str = "sensitivity", at: float = 0.5, **others: Any) -> Path:
    one = {"metric": metric, "at_least": at, "per": "unit"}
    return write_product(
        folder,
        None,
        [one],
        data={**SCORED, "unit": "patient", "prevalence": "as_sampled"},
        **others,
    )


def measured(file: Path, rows: Sequence[tuple[Any, ...]]) -> Measured:
    found = verdicts_on(file, table(rows))[0].evidence
    assert isinstance(found, Measured), found
    return found


def test_per_unit_finds_a_patient_by_one_of_her_cases(tmp_path: Path) -> None:
    rows = [(1, 0.9, "a", 50, 0), (1, 0.1, "a", 50, 0)] * 30
    rows += [(1, 0.1, "a", 50, 0), (0, 0.1, "a", 50, 0)] * 10
    found = measured(per_unit(tmp_path), rows)
    assert (found.n, found.estimate) == (40, 0.75)


def test_per_unit_clears_a_patient_only_if_all_her_cases_are_cleared(tmp_path: Path) -> None:
    rows = [(0, 0.9, "a", 50, 0), (0, 0.1, "a", 50, 0)] * 10
    rows += [(0, 0.1, "a", 50, 0), (0, 0.1, "a", 50, 0)] * 30
    found = measured(per_unit(tmp_path, "specificity"), rows)
    assert (found.n, found.estimate) == (40, 0.75)


def test_a_unit_of_which_one_case_is_out_of_scope_needs_a_person(tmp_path: Path) -> None:
    scope = [{"field": "age", "between": [20, 90]}]
    rows = [(0, 0.1, "a", 10, 0), (0, 0.1, "a", 50, 0), (0, 0.1, "a", 50, 0), (0, 0.1, "a", 50, 0)]
    product = load_product(per_unit(tmp_path, scope=scope))
    found = by_unit(judged_on(product, table(rows)).tables["cases"]).sort(columns.UNIT)
    assert found[columns.REFERRED].to_list() == [True, False]
    assert found[columns.RATED].to_list() == [True, True]


def test_a_case_out_of_scope_neither_finds_nor_loses_a_patient(tmp_path: Path) -> None:
    scope = [{"field": "age", "between": [20, 90]}]
    rows = [(1, 0.9, "a", 10, 0), (1, 0.1, "a", 50, 0)] * 20
    rows += [(1, 0.1, "a", 10, 0), (1, 0.9, "a", 50, 0)] * 60
    rows += [(1, 0.1, "a", 10, 0), (1, 0.1, "a", 10, 0)] * 20
    found = measured(per_unit(tmp_path, scope=scope), rows)
    assert (found.n, found.estimate) == (80, 0.75)


def test_a_referral_that_counts_as_wrong_never_finds_a_patient(tmp_path: Path) -> None:
    """The wrong call on her healthy case is a false alarm; she has a miss all the same."""
    decision = {"threshold": 0.5, "refer_between": [0.4, 0.5], "referred": "wrong"}
    rows = [(1, 0.1, "a", 50, 0), (0, 0.45, "a", 50, 0)] * 40
    found = measured(per_unit(tmp_path, decision=decision), rows)
    assert (found.n, found.estimate) == (40, 0.0)


def test_a_referral_that_counts_as_wrong_alarms_a_healthy_patient(tmp_path: Path) -> None:
    decision = {"threshold": 0.5, "refer_between": [0.4, 0.5], "referred": "wrong"}
    rows = [(0, 0.1, "a", 50, 0), (0, 0.45, "a", 50, 0)] * 40
    found = measured(per_unit(tmp_path, "specificity", decision=decision), rows)
    assert (found.n, found.estimate) == (40, 0.0)


# ---- missing values


EVENTS = {"metric": "event_rate", "at_most": 0.5, "events": "crashes", "exposure": "miles"}


def rates(folder: Path, crashes: list[Any], miles: list[Any]) -> pl.DataFrame:
    raw = pl.DataFrame({"trip": [str(i) for i in range(len(crashes))]})
    return raw.with_columns(
        crashes=pl.Series(crashes, dtype=pl.Float64), miles=pl.Series(miles, dtype=pl.Float64)
    )


@pytest.mark.parametrize("gap", [None, float("nan")])
def test_a_missing_value_in_a_needed_column_is_a_named_error_and_never_a_zero(
    tmp_path: Path, gap: float | None
) -> None:
    raw = rates(tmp_path, [0, gap, 0], [10, 10, 10])
    file = write_product(tmp_path, None, [EVENTS], data={"id": "trip"})
    with pytest.raises(BadInput) as told:
        verdicts_on(file, raw)
    assert told.value.code == "missing_value"
    assert "crashes" in str(told.value)


def test_a_missing_value_outside_the_scope_is_nobodys_business(tmp_path: Path) -> None:
    raw = rates(tmp_path, [0, None], [10, 10]).with_columns(road=pl.Series(["dry", "ice"]))
    file = write_product(
        tmp_path, None, [EVENTS], data={"id": "trip"}, scope=[{"field": "road", "in": ["dry"]}]
    )
    found = verdicts_on(file, raw)[0].evidence
    assert isinstance(found, Measured)
    assert found.estimate == 0.0


def test_an_infinite_value_is_never_measured(tmp_path: Path) -> None:
    raw = rates(tmp_path, [0, 0], [10, float("inf")])
    file = write_product(tmp_path, None, [EVENTS], data={"id": "trip"})
    try:
        found = verdicts_on(file, raw)[0]
    except BadInput as problem:
        assert "miles" in str(problem)
    else:
        assert isinstance(found.evidence, NotMeasured)
        assert found.outcome is Outcome.INCONCLUSIVE
