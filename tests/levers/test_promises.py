"""More cases: a fresh set of the promised size passes as often as promised."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.tables import FINDS, SPARES, counted, outcomes_on, write_product

from roadworthy.core.verdict import Outcome
from roadworthy.stats import binomial, paired
from roadworthy.stats.paired import PairedCounts
from roadworthy.workflow.check import check

POWER, ALPHA = 0.80, 0.05


def promised(file: Path) -> int:
    """How many fresh cases the path asks for."""
    found = [path for path in check(file).paths if path.lever == "more_cases"]
    assert found and found[0].settles and found[0].cases is not None
    return found[0].cases


@pytest.mark.parametrize("positive_share", [0.5, 0.1])
@pytest.mark.parametrize(("limit", "found"), [(0.90, 95), (0.85, 90), (0.95, 98)])
def test_sensitivity_passes_on_fresh_cases_with_the_promised_power(
    tmp_path: Path, limit: float, found: int, positive_share: float
) -> None:
    negatives = round(100 / positive_share) - 100
    raw = counted(found, 100 - found, negatives)
    cases = promised(write_product(tmp_path, raw, [{**FINDS, "at_least": limit}]))
    rng = np.random.default_rng(3)
    positives = rng.binomial(cases, positive_share, 20_000)
    hits = rng.binomial(positives, found / 100)
    passed = binomial.p_above(hits, positives, limit) <= ALPHA
    assert POWER <= passed.mean() <= 0.93


@pytest.mark.parametrize("apart", [0.08, 0.16])
def test_a_paired_comparison_passes_on_fresh_cases_with_the_promised_power(
    tmp_path: Path, apart: float
) -> None:
    lost = round(apart / 2 * 50)
    raw = counted(40, 10, 25)
    # 'other' finds what we find, but for as many gained as lost
    calls = np.array([1] * 40 + [0] * 10)
    calls[:lost], calls[40 : 40 + lost] = 0, 1
    raw = raw.with_columns(other=pl.Series([*calls.tolist(), *([0] * 25)]))
    requirement = {
        "id": "no-worse",
        "metric": "sensitivity",
        "against": "other",
        "max_drop": 0.05,
        # what was seen sizes the set even where the declared disagreement is too hopeful
        "disagreement": 0.02,
    }
    cases = promised(write_product(tmp_path, raw, [requirement]))
    rng = np.random.default_rng(4)
    passes = _paired_passes()
    passed = []
    for pairs in rng.binomial(cases, 2 / 3, 400):
        gained, missed, _ = rng.multinomial(pairs, [apart / 2, apart / 2, 1 - apart])
        passed.append(passes(int(gained), int(missed), int(pairs)))
    assert np.mean(passed) >= POWER


def _paired_passes() -> Callable[[int, int, int], bool]:
    @cache
    def passes(gained: int, lost: int, n: int) -> bool:
        return paired.p_above(PairedCounts(gained, lost, n), -0.05) <= ALPHA

    return passes


def test_two_requirements_pass_together_with_the_promised_power(tmp_path: Path) -> None:
    raw = counted(95, 5, 90, 10)
    file = write_product(tmp_path, raw, [FINDS, {**SPARES, "at_least": 0.85}])
    cases = promised(file)
    rng = np.random.default_rng(5)
    passed = []
    for _ in range(300):
        ill = rng.random(cases) < 0.5
        right = rng.random(cases) < np.where(ill, 0.95, 0.90)
        found, alarmed = int((ill & right).sum()), int((~ill & ~right).sum())
        fresh = counted(found, int(ill.sum()) - found, int((~ill & right).sum()), alarmed)
        passed.append(all(outcome is Outcome.PASS for outcome in outcomes_on(file, fresh)))
    assert np.mean(passed) >= POWER


def test_dependent_cases_ask_for_more(tmp_path: Path) -> None:
    unit = np.repeat(np.arange(60), 4)
    hit = unit < 57
    raw = pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(240)],
            "ill": [1] * 240,
            "score": np.where(hit, 0.9, 0.1),
            "patient": [f"p{u}" for u in unit],
        }
    )
    alone = promised(write_product(tmp_path / "a", raw, [{**FINDS, "at_least": 0.93}]))
    data = {"id": "case", "truth": "ill", "positive": 1, "negative": 0, "score": "score"}
    grouped = promised(
        write_product(
            tmp_path / "b", raw, [{**FINDS, "at_least": 0.93}], data={**data, "unit": "patient"}
        )
    )
    assert grouped > 3 * alone
