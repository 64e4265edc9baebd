"""Pictures come from the very cases that were judged, and say no more than those do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables import FINDS, SCORED, SPARES, counted, rewrite, simulated, write_product

from roadworthy.core.picture import Pictures, Share
from roadworthy.stats import binomial
from roadworthy.workflow import check as checking
from roadworthy.workflow import one_pass
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.dossier import dossier

SAMPLED = {**SCORED, "prevalence": "as_sampled"}
COSTS = {"unit": "EUR", "miss": 100, "false_alarm": 3, "refer": 1}
COSTLY = {"id": "cheap", "metric": "expected_cost", "at_most": 1000}
READER = {"calls": {"reader": {"column": "said", "positive": ["yes"], "negative": ["no"]}}}


def pictured(file: Path) -> Pictures:
    found = check(file).pictures
    assert found is not None
    return found


def share(k: int, n: int, alpha: float = 1.0 - 0.95) -> Share:
    low, high = float(binomial.lower(k, n, alpha)), float(binomial.upper(k, n, alpha))
    return Share(k, n, low, high)


def test_mistakes_are_counted_with_the_bounds_of_the_verdicts(tmp_path: Path) -> None:
    file = write_product(tmp_path, counted(190, 10, 250, 50), [FINDS], data=SAMPLED)
    judgement = check(file)
    assert judgement.pictures is not None
    (ours,) = judgement.pictures.mistakes
    assert (ours.missed, ours.alarms) == (share(10, 200), share(50, 300))
    assert (ours.missed_of_all, ours.alarms_of_all) == (share(10, 500), share(50, 500))
    assert ours.referred == share(0, 500)
    seen: Any = judgement.verdicts[0].evidence
    assert ours.missed.high == pytest.approx(1 - seen.low)


def test_who_is_only_declared_is_counted_on_the_cases_with_a_call(tmp_path: Path) -> None:
    cases = counted(90, 10, 80, 20)
    said = ["yes"] * 95 + ["no"] * 5 + ["no"] * 60 + ["yes"] * 20 + [None] * 20
    file = write_product(
        tmp_path,
        cases.with_columns(pl.Series("said", said)),
        [FINDS],
        data={**SAMPLED, **READER},
    )
    ours, theirs = pictured(file).mistakes
    assert (ours.name, theirs.name) == ("", "reader")
    assert (theirs.missed, theirs.alarms) == (share(5, 100), share(20, 80))
    assert theirs.referred is None


def test_a_referred_case_is_nobodys_mistake(tmp_path: Path) -> None:
    file = write_product(
        tmp_path,
        counted(90, 10, 80, 20),
        [FINDS],
        data=SAMPLED,
        decision={"threshold": 0.5, "refer_between": [0.05, 0.2], "referred": "excluded"},
        costs=COSTS,
    )
    found = pictured(file)
    (ours,) = found.mistakes
    assert (ours.missed.k, ours.missed.n, ours.alarms.k) == (0, 100, 20)
    assert ours.referred is not None and ours.referred.k == 90
    assert found.roc is not None and found.roc.at_found == share(90, 100)
    assert found.costs is not None
    assert found.costs.now.seen == pytest.approx((20 * 3 + 90 * 1) / 200)


def test_the_cost_now_is_the_verdicts_own(tmp_path: Path) -> None:
    for prevalence in ("as_sampled", 0.01):
        file = write_product(
            tmp_path,
            simulated(2000, 3),
            [COSTLY],
            data={**SCORED, "prevalence": prevalence},
            costs=COSTS,
        )
        judgement = check(file)
        assert judgement.pictures is not None and judgement.pictures.costs is not None
        now, seen = judgement.pictures.costs.now, judgement.verdicts[0].evidence
        told: Any = seen
        assert (now.seen, now.low, now.high) == pytest.approx((told.estimate, told.low, told.high))


def test_curves_pass_through_what_is_counted_at_the_threshold(tmp_path: Path) -> None:
    file = write_product(
        tmp_path,
        simulated(3000, 5),
        [FINDS],
        data=SAMPLED,
        costs=COSTS,
        decision={"threshold": 0.3},
    )
    found = pictured(file)
    assert found.roc is not None and found.costs is not None
    at = found.roc.at_alarms.k / found.roc.at_alarms.n
    on_curve = np.interp(at, found.roc.alarms, found.roc.found)
    assert on_curve == pytest.approx(found.roc.at_found.k / found.roc.at_found.n, abs=0.03)
    cost = np.interp(0.3, found.costs.threshold, found.costs.cost)
    assert cost == pytest.approx(found.costs.now.seen, rel=0.1)
    low, cost_, high = (np.array(x) for x in (found.costs.low, found.costs.cost, found.costs.high))
    assert np.all(low <= cost_) and np.all(cost_ <= high)
    assert len(found.roc.alarms) <= 45 and found.reliability is not None


@pytest.mark.parametrize("ill", [0, 1])
def test_no_curve_comes_from_one_class(tmp_path: Path, ill: int) -> None:
    cases = simulated(400, 3).filter(pl.col("ill") == ill)
    file = write_product(tmp_path, cases, [FINDS, SPARES], data=SAMPLED, costs=COSTS)
    found = pictured(file)
    assert found.roc is None and found.costs is None
    assert "one class" in found.why_not("roc")
    assert dossier(file).html.exists()


def test_cases_that_share_units_have_no_band_and_few_units_no_bounds(tmp_path: Path) -> None:
    for units, bounded in ((100, True), (20, False)):
        cases = simulated(600, 5).with_columns(
            pl.Series("patient", [f"p{i % units}" for i in range(600)])
        )
        data = {**SAMPLED, "unit": "patient"}
        file = write_product(tmp_path / str(units), cases, [FINDS], data=data, costs=COSTS)
        found = pictured(file)
        assert found.roc is not None and found.reliability is not None and found.costs is not None
        assert found.roc.found_off is None and found.reliability.low == found.costs.low == ()
        assert "unit" in found.why_not("band")
        assert (found.mistakes[0].missed.low is not None) is bounded
        assert bool(found.why_not("bounds")) is not bounded
        page = dossier(file).html.read_text(encoding="utf-8")
        assert "No band is drawn" in page and ("no honest range" in page) is not bounded


def test_what_a_declared_prevalence_forbids_is_not_drawn(tmp_path: Path) -> None:
    file = write_product(
        tmp_path, simulated(600, 5), [FINDS], data={**SCORED, "prevalence": 0.01}, costs=COSTS
    )
    found = pictured(file)
    assert found.reliability is None and "prevalence" in found.why_not("reliability")
    rewrite(file, data={"prevalence": None})
    rewrite(file, data=SCORED)
    text = file.read_text().replace("  prevalence: null\n", "")
    file.write_text(text)
    found = pictured(file)
    assert found.costs is None and "prevalence" in found.why_not("costs")


def test_a_choice_on_these_cases_is_paid_for_in_the_pictures_too(tmp_path: Path) -> None:
    half = {"validation": 0.5, "sealed": 0.5, "seed": 1}
    file = write_product(
        tmp_path,
        simulated(800, 3),
        [FINDS],
        data={**SAMPLED, "split": half},
        decision={"threshold": "auto"},
    )
    judgement = check(file)
    assert judgement.pictures is not None
    assert judgement.pictures.confidence == judgement.verdicts[0].effective_confidence > 0.95
    sealed = certify(file)
    assert sealed.pictures is not None and sealed.pictures.confidence == pytest.approx(0.95)


def test_classes_and_values_are_counted_too(tmp_path: Path) -> None:
    kinds = pl.DataFrame({"case": ["a", "b", "c", "d"], "kind": list("xxyz"), "said": list("xxyy")})
    data = {"id": "case", "truth": "kind", "prediction": "said", "prevalence": "as_sampled"}
    right = {"metric": "accuracy", "at_least": 0.5}
    file = write_product(tmp_path / "m", kinds, [right], data=data, task="multiclass")
    (wrong,) = pictured(file).wrong
    assert wrong.of_all == share(1, 4)
    values = pl.DataFrame(
        {"case": range(100), "kg": [50.0] * 100, "said": [50.0 + i / 10 for i in range(100)]}
    )
    near = {"metric": "within_tolerance", "tolerance": 5, "at_least": 0.5}
    data = {"id": "case", "truth": "kg", "prediction": "said"}
    file = write_product(tmp_path / "r", values, [near], data=data, task="regression")
    (errors,) = pictured(file).errors
    assert errors.half.seen == pytest.approx(4.9, rel=0.01)
    assert errors.nine_in_ten.seen == pytest.approx(8.9, rel=0.01)


def test_what_only_counts_events_has_no_pictures_and_a_dossier(tmp_path: Path) -> None:
    drives = pl.DataFrame({"drive": range(50), "crashes": [0] * 50, "miles": [1e6] * 50})
    rate = {"metric": "event_rate", "events": "crashes", "exposure": "miles", "at_most": 1}
    file = write_product(tmp_path, drives, [rate], data={"id": "drive"})
    assert check(file).pictures is None
    assert "judged by what happened" in dossier(file).markdown.read_text(encoding="utf-8")


ROW = st.tuples(
    st.integers(0, 1),
    st.sampled_from([0.0, 1e-9, 0.3, 0.45, 0.5, 0.9, 1.0]),
    st.sampled_from(["yes", "no", None]),
    st.sampled_from([10, 50, None]),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=40))
def test_one_pass_gives_the_very_same_pictures(
    tmp_path_factory: pytest.TempPathFactory, rows: Sequence[tuple[Any, ...]]
) -> None:
    ill, score, said, age = zip(*rows, strict=True)
    cases = pl.DataFrame(
        {"case": range(len(rows)), "ill": ill, "score": score, "said": said, "age": age},
        schema_overrides={"said": pl.String, "age": pl.Int64, "score": pl.Float64},
    )
    file = write_product(
        tmp_path_factory.mktemp("same"),
        cases,
        [{"metric": "sensitivity", "at_least": 0.5}],
        data={**SAMPLED, **READER},
        costs=COSTS,
        scope=[{"field": "age", "between": [20, 90], "missing": "accept"}],
        decision={"threshold": 0.5, "refer_between": [0.4, 0.5], "referred": "excluded"},
    )
    with pytest.MonkeyPatch.context() as patch:
        # also what does not pass is judged in one pass then
        patch.setattr(one_pass, "MOST_AS_A_WHOLE", 0)
        patch.setattr(checking, "_as_a_whole", None)
        once = check(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checking, "check_own", lambda *_: None)
        whole = check(file)
    assert once.pictures == whole.pictures is not None


@pytest.mark.parametrize(
    ("costs", "told"),
    [
        ({**COSTS, "gain": {"found": 2}}, "right calls earn something too"),
        ({**COSTS, "profit": {"column": "score", "max": 1, "when": "flagged"}}, "case to case"),
    ],
)
def test_a_curve_that_would_know_only_a_part_of_the_prices_is_not_drawn(
    tmp_path: Path, costs: Any, told: str
) -> None:
    found = pictured(write_product(tmp_path, simulated(200, 3), [FINDS], data=SAMPLED, costs=costs))
    assert found.costs is None
    assert told in found.why_not("costs")
