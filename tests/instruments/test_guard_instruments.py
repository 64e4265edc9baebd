"""Requirements on a guard keep the promises of instruments, and nothing seen is nothing shown."""

from __future__ import annotations

import polars as pl
import pytest
from tests.instruments.measuring import at_least, at_most, measured, need, not_measured, outcome

from roadworthy.core import columns
from roadworthy.core.requirement import Requirement
from roadworthy.core.verdict import Outcome
from roadworthy.instruments.guard_false_alarms import GuardFalseAlarms
from roadworthy.instruments.must_detect import Detection, Parameters
from roadworthy.testing import check_instrument


def turned(away: int, of: int) -> pl.DataFrame:
    return pl.DataFrame({"turned_away": [True] * away + [False] * (of - away)})


def detected(name: str, away: int, of: int, units: int | None = None) -> pl.DataFrame:
    unit = [f"{name}{i % (units or of)}" for i in range(of)]
    return turned(away, of).with_columns(pl.lit(name).alias("set"), pl.Series(columns.UNIT, unit))


def test_they_keep_the_promises_of_an_instrument() -> None:
    few = Requirement("", "guard_false_alarms", at_most(0.02), GuardFalseAlarms.parameters())
    check_instrument(GuardFalseAlarms(), table=turned(3, 400), requirement=few)
    table = pl.concat([detected("far", 80, 90), detected("near", 1, 50)])
    seen = Requirement("", "must_detect", at_least(0.8), Parameters("far"))
    check_instrument(Detection(), table=table, requirement=seen)


@pytest.mark.parametrize(("cases", "found"), [(149, Outcome.PASS), (148, Outcome.INCONCLUSIVE)])
def test_149_cases_and_no_fewer_show_two_percent_of_false_alarms(
    cases: int, found: Outcome
) -> None:
    assert outcome("guard_false_alarms", turned(0, cases), at_most(0.02)) is found
    assert need("guard_false_alarms", at_most(0.02)).without_error == 149


def test_one_set_says_nothing_of_another_and_an_absent_one_is_not_measured() -> None:
    table = pl.concat([detected("far", 100, 100), detected("near", 0, 100)])
    for name, found in (("far", Outcome.PASS), ("near", Outcome.FAIL)):
        assert outcome("must_detect", table, at_least(0.9), Parameters(name)) is found
    assert "gone" in not_measured("must_detect", table, at_least(0.9), Parameters("gone"))


def test_many_pictures_of_one_patient_are_no_more_evidence_than_the_patient() -> None:
    alone = measured("must_detect", detected("far", 300, 300), at_least(0.9), Parameters("far"))
    shared = detected("far", 300, 300, units=60)
    together = measured("must_detect", shared, at_least(0.9), Parameters("far"))
    assert alone.low is not None and together.low is not None and together.low < alone.low
