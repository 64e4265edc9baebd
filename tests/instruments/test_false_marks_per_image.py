"""False marks count on all images, and however they crowd the bound holds."""

from __future__ import annotations

import polars as pl
import pytest
from tests.instruments.measuring import ALPHA, at_most, measured, not_measured, table

from roadworthy.core import columns
from roadworthy.instruments.false_marks_per_image import FalseMarksPerImage, Parameters
from roadworthy.stats import means
from roadworthy.testing import check_instrument

METRIC = "false_marks_per_image"
FIVE = Parameters(5)


def marked(false: list[int], images: list[int]) -> pl.DataFrame:
    return table(**{columns.FALSE_COUNT: false, columns.IMAGES: images}).with_columns(
        pl.lit(None, dtype=pl.String).alias(columns.UNMARKED),
        pl.lit(0).alias(columns.FOUND),
        pl.lit(0).alias(columns.LESION_COUNT),
    )


def test_it_keeps_the_promises_of_an_instrument() -> None:
    check_instrument(FalseMarksPerImage())


def test_it_is_a_mean_over_images_and_not_over_cases() -> None:
    found = measured(METRIC, marked([4, 0, 1], [4, 2, 4]), at_most(1.0), FIVE)
    assert found.estimate == pytest.approx(0.5)
    assert (found.n, found.of) == (10, "images")


def test_its_bounds_are_those_of_betting_on_patients() -> None:
    false, images = [0, 1, 0, 2] * 25, [4] * 100
    found = measured(METRIC, marked(false, images), at_most(0.5), FIVE)
    assert found.high == pytest.approx(means.upper(false, images, ALPHA, 0.0, 5.0))


def test_images_that_could_not_be_read_are_no_images() -> None:
    read, more = [1, 0] * 40, [1, 0] * 40 + [0] * 20
    assert (
        measured(METRIC, marked(read, [1] * 80), at_most(1.0), FIVE).n
        == measured(METRIC, marked(more, [1] * 80 + [0] * 20), at_most(1.0), FIVE).n
        == 80
    )


def test_more_marks_than_are_declared_have_no_bound() -> None:
    assert "lies outside" in not_measured(METRIC, marked([9], [1]), at_most(1.0), FIVE)


def test_no_image_is_no_number() -> None:
    assert "no images" in not_measured(METRIC, marked([0], [0]), at_most(1.0), FIVE)
