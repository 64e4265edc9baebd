"""Lesion sensitivity counts every lesion once, and knows that those of a patient are alike."""

from __future__ import annotations

import polars as pl
import pytest
from tests.instruments.measuring import ALPHA, at_least, measured, not_measured, outcome, table

from roadworthy.core import columns
from roadworthy.core.verdict import Outcome
from roadworthy.instruments.lesion_sensitivity import LesionSensitivity
from roadworthy.stats import binomial
from roadworthy.testing import check_instrument

METRIC = "lesion_sensitivity"


def marked(
    lesions: list[int], found: list[int], unit: list[str] | None = None, why: str | None = None
) -> pl.DataFrame:
    counts = {columns.LESION_COUNT: lesions, columns.FOUND: found}
    return table(unit=unit, **counts).with_columns(
        pl.lit(why, dtype=pl.String).alias(columns.UNMARKED),
        pl.lit(0).alias(columns.FALSE_COUNT),
        pl.lit(1).alias(columns.IMAGES),
    )


def test_it_keeps_the_promises_of_an_instrument() -> None:
    check_instrument(LesionSensitivity())


def test_one_lesion_a_patient_is_an_exact_binomial() -> None:
    found = measured(METRIC, marked([1] * 60 + [0] * 40, [1] * 57 + [0] * 43), at_least(0.8))
    assert (found.n, found.of) == (60, "lesions")
    assert found.low == pytest.approx(float(binomial.lower(57, 60, ALPHA)))


def test_lesions_of_one_patient_are_fewer_proofs() -> None:
    alone = marked([1] * 200, [1] * 180 + [0] * 20)
    together = marked([4] * 50, [4] * 45 + [0] * 5)
    one, other = (measured(METRIC, cases, at_least(0.8)) for cases in (alone, together))
    assert one.estimate == other.estimate == 0.9
    assert one.low is not None
    assert other.low is not None
    assert other.low < one.low


def test_fewer_than_fifty_patients_with_several_lesions_prove_nothing() -> None:
    told = not_measured(METRIC, marked([3] * 49, [3] * 49), at_least(0.5))
    assert "49 units" in told


def test_images_without_a_lesion_change_nothing() -> None:
    few = marked([1] * 60, [1] * 58 + [0] * 2)
    more = marked([1] * 60 + [0] * 400, [1] * 58 + [0] * 402)
    assert measured(METRIC, few, at_least(0.8)).low == measured(METRIC, more, at_least(0.8)).low


def test_without_lesions_or_without_marks_it_is_not_measured() -> None:
    assert "no lesions" in not_measured(METRIC, marked([0, 0], [0, 0]), at_least(0.5))
    why = "there is no table of true boxes"
    assert "true boxes" in not_measured(METRIC, marked([1], [1], why=why), at_least(0.5))


def test_another_missed_lesion_never_turns_a_no_into_a_yes() -> None:
    seen = [
        outcome(METRIC, marked([1] * 100, [1] * k + [0] * (100 - k)), at_least(0.8))
        for k in (60, 75, 85, 95)
    ]
    assert seen == [Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE, Outcome.PASS]
