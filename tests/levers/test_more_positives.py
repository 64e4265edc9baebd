"""How many cases bring the missing ones is said only where some of their kind were seen."""

from __future__ import annotations

import math
from dataclasses import replace

import polars as pl
import pytest

from roadworthy.core import columns
from roadworthy.core.certificate import CertifiedSide, Missing, Risk
from roadworthy.core.study import OpenStudy
from roadworthy.core.subject import Subject, SubjectKind
from roadworthy.levers.more_positives import _cases

CLEAR = CertifiedSide(
    "clear", Risk.FNR, 0.05, 0.05, 0, 10, "positives", 0.3, None, None, 0.3, Missing(59, "x", 10)
)
FLAG = replace(CLEAR, side="flag", risk=Risk.FPR)


def study(positive: list[bool], inside: bool = True) -> OpenStudy:
    cases = pl.DataFrame(
        {columns.POSITIVE: positive, columns.INSIDE: [inside] * len(positive)},
        schema={columns.POSITIVE: pl.Boolean, columns.INSIDE: pl.Boolean},
    )
    return OpenStudy(Subject(SubjectKind.PRODUCT, "p", "f" * 64), "open", {"cases": cases})


def test_it_takes_as_many_cases_as_bring_the_needed_of_a_kind() -> None:
    seen = study([True, False, False, False])
    assert _cases(seen, CLEAR) == 59 * 4
    assert _cases(seen, FLAG) == math.ceil(59 * 4 / 3)


@pytest.mark.parametrize("side", [CLEAR, FLAG])
def test_without_a_case_in_scope_nobody_can_say(side: CertifiedSide) -> None:
    assert _cases(study([]), side) is None
    assert _cases(study([True, False], inside=False), side) is None


def test_a_kind_that_was_never_seen_has_no_share() -> None:
    assert _cases(study([False] * 5), CLEAR) is None
    assert _cases(study([True] * 5), FLAG) is None
