"""What the best rung gains over the cheapest that meets is told in pairs, with its bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.rungs import Column
from tests.tables import FINDS, LEARNT, learnable, write_product

from roadworthy.core.ladder import Ladder, Took
from roadworthy.io import ladder_words
from roadworthy.io.ladder_json import ladder_from_json, ladder_to_json
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments
from roadworthy.stats import paired
from roadworthy.stats.paired import PairedCounts
from roadworthy.workflow.dossier import dossier
from roadworthy.workflow.ladder import OpenCases, climb
from roadworthy.workflow.prepare import in_fixed_order
from roadworthy.workflow.source import checked
from roadworthy.workflow.train import train

SPLIT = {"train": 0.5, "validation": 0.5, "seed": 7}
KNOWN = {"id": "case", "truth": "ill", "positive": 1, "negative": 0, "features": ["a"]}
PRICED = {"unit": "EUR", "compute_hour": 0.05, "cases_per_year": 100_000}


def climbed(folder: Path, hits: tuple[int, int], **others: Any) -> Ladder:
    """The cheap one finds the first so many of 300, the dear one the first so many."""
    said = {
        name: [0.9] * found + [0.1] * (350 - found) for name, found in zip("ab", hits, strict=True)
    }
    raw = pl.DataFrame({"case": [f"c{i}" for i in range(350)], "ill": [1] * 300 + [0] * 50, **said})
    file = write_product(folder, None, [FINDS], data={**KNOWN, "split": SPLIT}, **others)
    product = load_product(file)
    cases = in_fixed_order(checked(raw, product), "memory")
    tried = {"cheap": Column("a", 0), "dear": Column("b", 1)}
    return climb(product, OpenCases(cases, cases, cases), ("a",), 0, tried, instruments()).ladder


def test_the_gain_is_that_of_the_paired_test_on_the_same_cases(tmp_path: Path) -> None:
    found = climbed(tmp_path, (290, 299))
    assert (found.kept, found.meets) == ("cheap", True)
    gain, counts = found.gain, PairedCounts(9, 0, 300)
    assert gain is not None and gain.rung == "dear"
    assert gain.estimate == pytest.approx(9 / 300)
    assert gain.low == pytest.approx(paired.lower(counts, 0.05))
    assert gain.high == pytest.approx(paired.upper(counts, 0.05))
    assert "On the same 300 cases it gains +0.03 in finds" in found.best


def test_where_the_kept_one_scored_best_nothing_is_gained(tmp_path: Path) -> None:
    found = climbed(tmp_path, (299, 290))
    assert found.gain is None
    assert found.best == "No other model scored better."


def test_cases_for_a_person_are_nobodys_gain(tmp_path: Path) -> None:
    band = {"threshold": 0.5, "refer_between": [0.4, 0.5], "referred": "excluded"}
    found = climbed(tmp_path, (290, 299), decision=band)
    assert found.gain is None


def test_money_follows_from_what_was_clocked_and_from_declared_prices(tmp_path: Path) -> None:
    ladder = climbed(tmp_path, (290, 299), costs=PRICED)
    assert ladder.running is not None
    for rung in ladder.fitted:
        bill = ladder_words.bill(rung, ladder.running)
        assert bill is not None and rung.took is not None and rung.ms_mean is not None
        assert bill.training == pytest.approx(rung.took.cpu_s / 3600 * 0.05)
        assert bill.thousand == pytest.approx(rung.ms_mean * 1000 / 3.6e6 * 0.05)
        assert bill.year == pytest.approx(bill.thousand * 100)
        assert np.median([rung.ms, rung.ms_p99 or 0.0]) >= rung.ms
    assert "EUR" in ladder.best and "a year" in ladder.best


def test_without_a_price_no_money_is_told(tmp_path: Path) -> None:
    ladder = climbed(tmp_path, (290, 299))
    assert not ladder_words.bills(ladder)
    assert "computing" not in ladder.best


def test_what_computing_costs_is_no_price_of_a_mistake(tmp_path: Path) -> None:
    file = write_product(tmp_path, None, [FINDS], data={**KNOWN, "split": SPLIT}, costs=PRICED)
    product = load_product(file)
    assert product.costs is None
    assert product.running is not None and product.running.cases_per_year == 100_000


def test_a_ladder_goes_through_json_with_what_it_cost(tmp_path: Path) -> None:
    ladder = climbed(tmp_path, (290, 299), costs=PRICED)
    back = ladder_from_json(json.loads(json.dumps(ladder_to_json(ladder), allow_nan=False)))
    assert (back.gain, back.running) == (ladder.gain, ladder.running)
    assert [rung.took for rung in back.fitted] == [rung.took for rung in ladder.fitted]
    assert isinstance(back.result.took, Took)


def test_the_dossier_tells_training_milliseconds_and_money(tmp_path: Path) -> None:
    data = {**LEARNT, "split": SPLIT}
    easy = {**FINDS, "at_least": 0.5}
    file = write_product(
        tmp_path,
        learnable(300, 5),
        [easy],
        data=data,
        costs=PRICED,
        models=["majority", "logistic"],
    )
    train(file)
    from roadworthy.workflow.check import check

    check(file)
    page = dossier(file).html.read_text()
    assert "trained in" in page
    assert "EUR for 1,000 decisions" in page
