"""plan: the published sample sizes, before any data, and without a look at what is sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.tables import FINDS, SCORED, SPARES, simulated, write_product

from roadworthy.core.plan import PlannedCell
from roadworthy.core.requirement import Tier
from roadworthy.workflow.plan import plan

AT = {**FINDS, "target": 0.95}
PARTED = {"validation": 0.5, "sealed": 0.5, "seed": 1}


def only(file: Path) -> PlannedCell:
    (cell,) = plan(file).cells
    return cell


def sites(n: int, levels: int) -> pl.DataFrame:
    return simulated(n, 1).with_columns(site=pl.format("s{}", pl.int_range(n) // 2 % levels))


def test_one_rate_needs_the_published_number_of_positives(tmp_path: Path) -> None:
    cell = only(write_product(tmp_path, None, [AT]))
    assert (cell.needed, cell.need.of) == (203, "positives")
    assert cell.need.without_error == 29


@pytest.mark.parametrize(("cells", "each"), [(1, 203), (3, 286), (10, 391), (50, 504)])
def test_the_power_is_shared_by_all_cells_that_gate(tmp_path: Path, cells: int, each: int) -> None:
    many = [{**AT, "id": f"r{i}"} for i in range(cells)]
    found = plan(write_product(tmp_path, None, many))
    assert {cell.needed for cell in found.cells} == {each}


def test_slices_share_the_power_too_and_advisory_cells_cost_none(tmp_path: Path) -> None:
    rules = [{"by": "site", "levels": [f"s{i}" for i in range(9)]}]
    rules_and_more = [{**AT, "slices": rules}, {**SPARES, "tier": "advisory", "target": 0.9}]
    found = plan(write_product(tmp_path, sites(2000, 9), rules_and_more))
    critical = [cell for cell in found.cells if cell.tier is Tier.CRITICAL]
    assert len(critical) == 10
    assert {cell.needed for cell in critical} == {391}


def test_slices_of_the_data_are_planned_with_their_share(tmp_path: Path) -> None:
    found = plan(write_product(tmp_path, sites(2000, 9), [{**AT, "slices": [{"by": "site"}]}]))
    whole, *parts = found.cells
    assert len(parts) == 9
    assert whole.cases == pytest.approx(391 * 2, abs=1)
    assert all(part.cases == pytest.approx(391 * 2 * 9, rel=0.01) for part in parts)
    assert found.cases == max(part.cases or 0 for part in parts)


def test_a_rate_of_one_can_never_be_shown_and_the_plan_says_why(tmp_path: Path) -> None:
    found = plan(write_product(tmp_path, None, [{**FINDS, "at_least": 1.0}]))
    assert len(found.never) == 1
    assert found.never[0].need.never
    assert found.cases is None


def test_an_advisory_requirement_that_can_never_be_shown_stops_nobody(tmp_path: Path) -> None:
    hopeless = {**SPARES, "at_least": 1.0, "tier": "advisory"}
    assert plan(write_product(tmp_path, None, [AT, hopeless])).never == ()


def test_before_there_is_data_the_declared_prevalence_gives_the_cases(tmp_path: Path) -> None:
    data = {**SCORED, "prevalence": 0.01}
    both = [AT, {**SPARES, "target": 0.6}]
    found = plan(write_product(tmp_path, None, both, data=data))
    finds, spares = found.cells
    assert finds.needed is not None and spares.needed is not None
    assert finds.cases == pytest.approx(finds.needed / 0.01, abs=1)
    assert spares.cases == pytest.approx(spares.needed / 0.99, abs=1)
    assert found.cases == finds.cases
    assert found.have is None


def test_labels_cost_what_they_cost(tmp_path: Path) -> None:
    file = write_product(
        tmp_path, simulated(400, 1), [AT], costs={"unit": "EUR", "miss": 100, "label": 40}
    )
    found = plan(file)
    assert found.cost is not None and found.cases is not None
    assert (found.cost.value, found.cost.unit) == (40 * found.cases, "EUR")


def test_what_the_judging_set_has_is_counted(tmp_path: Path) -> None:
    file = write_product(tmp_path, simulated(1000, 1), [AT], data={**SCORED, "split": PARTED})
    found = plan(file)
    (cell,) = found.cells
    assert (found.judging_set, found.have) == ("sealed", 500)
    assert (cell.have, cell.enough) == (250, True)
    few = write_product(tmp_path / "few", simulated(100, 1), [AT], data={**SCORED, "split": PARTED})
    assert plan(few).cells[0].enough is False


def test_planned_looks_are_sized_for_the_rate_that_needs_most(tmp_path: Path) -> None:
    looks = {look.looks: look for look in plan(write_product(tmp_path, None, [AT])).looks}
    assert set(looks) == {2, 3}
    for count, look in looks.items():
        assert len(look.sizes) == count
        assert look.expected < look.sizes[-1]


def test_looks_are_paid_for_in_the_size(tmp_path: Path) -> None:
    paid = write_product(tmp_path, None, [AT], confidence={"looks": 10, "power": 0.9})
    assert only(paid).needed == 452


def hidden_truth(folder: Path, forge: bool) -> dict[str, Any]:
    """A plan on data of which the sealed cases say something else, as often."""
    raw = simulated(800, 1).with_columns(split=pl.Series(["validation", "sealed"] * 400))
    raw = raw.with_columns(ill=pl.Series([1, 1, 0, 0] * 200))
    if forge:
        hidden = pl.col("split") == "sealed"
        raw = raw.with_columns(
            ill=pl.when(hidden).then(1 - pl.col("ill")).otherwise("ill"),
            score=pl.when(hidden).then(0.5).otherwise("score"),
        )
    file = write_product(folder, raw, [AT, SPARES], data={**SCORED, "split": "split"})
    return vars(plan(file))


def test_of_sealed_truths_only_the_counts_are_known(tmp_path: Path) -> None:
    assert hidden_truth(tmp_path / "a", False) == hidden_truth(tmp_path / "b", True)


def test_planning_writes_nothing(tmp_path: Path) -> None:
    file = write_product(tmp_path, simulated(400, 1), [AT], data={**SCORED, "split": PARTED})
    plan(file)
    assert not (tmp_path / ".roadworthy").exists()


def test_a_comparison_is_sized_by_how_often_the_two_disagree(tmp_path: Path) -> None:
    needed = []
    for disagreement in (0.05, 0.2):
        one = {
            "metric": "sensitivity",
            "against": "twin",
            "max_drop": 0.05,
            "target": 0.0,
            "disagreement": disagreement,
        }
        needed.append(only(write_product(tmp_path / str(disagreement), None, [one])).needed)
    assert needed[0] is not None and needed[1] is not None
    assert needed[0] < needed[1]
