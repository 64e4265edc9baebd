"""The ways of working side by side, on the masses whose figures are known."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.tables import write_product

from roadworthy.core.team import UNSEEN
from roadworthy.core.ways import Figure, Way
from roadworthy.stats import binomial
from roadworthy.workflow import studies
from roadworthy.workflow.check import check

MASSES = Path(__file__).parents[2] / "examples" / "mammography" / "mammographic_masses.csv"
DATA = {
    "id": "case",
    "truth": "severity",
    "positive": "malignant",
    "score": "score",
    "prevalence": "as_sampled",
    "calls": {
        "radiologist": {"column": "bi_rads", "positive": [4, 5, 6, 55], "negative": [0, 2, 3]}
    },
}
FINDS = {"metric": "sensitivity", "at_least": 0.5}
TEAM = {"reader": "radiologist", "rule": "both", "refer_between": [0.3, 0.7]}


@pytest.fixture(scope="module")
def masses() -> pl.DataFrame:
    """A crude score: spiculated margins, then irregular shapes."""
    shape, margin = pl.col("shape"), pl.col("margin")
    score = pl.when(margin == "spiculated").then(0.9).when(shape == "irregular").then(0.6)
    return pl.read_csv(MASSES).with_columns(score.otherwise(0.1).alias("score"))


@pytest.fixture(scope="module")
def ways(masses: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Way]:
    costs = {"unit": "points", "miss": 10, "false_alarm": 1, "refer": 0.2}
    folder = tmp_path_factory.mktemp("masses")
    file = write_product(folder, masses, [FINDS], data=DATA, team=TEAM, costs=costs)
    return {way.name: way for way in check(file).ways}


def figure(found: Figure | None) -> Figure:
    assert found is not None
    return found


def test_the_radiologist_alone_is_the_one_of_the_source(ways: dict[str, Way]) -> None:
    """Elter et al. 2007 at BI-RADS 4 and up: 396 of 403 found, 29 of 427 spared."""
    alone = ways["radiologist alone"]
    for found, k, n in ((alone.sensitivity, 396, 403), (alone.specificity, 29, 427)):
        assert figure(found).estimate == pytest.approx(k / n)
        assert figure(found).low == pytest.approx(float(binomial.lower(k, n, 0.05)))
        assert figure(found).high == pytest.approx(float(binomial.upper(k, n, 0.05)))
    # 7 misses at 10, 398 false alarms at 1, and a read of .2 each: .76 in all
    assert figure(alone.cost).estimate == pytest.approx((70 + 398 + 0.2 * 830) / 830)
    assert not alone.hypothetical


@pytest.mark.parametrize("prevalence", ["as_sampled", 0.1])
@pytest.mark.parametrize("tried", [1, 9])
def test_a_page_says_one_thing_of_what_each_costs_alone(
    masses: pl.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    prevalence: float | str,
    tried: int,
) -> None:
    """The table of ways, and the picture of costs: the same cases, the same bounds."""
    monkeypatch.setattr(studies, "_chosen_among", lambda *_: (tried, 1))
    costs = {"unit": "points", "miss": 10, "false_alarm": 1, "refer": 0.2}
    # with a split there is something to choose on, and alpha is divided
    data = {**DATA, "prevalence": prevalence, "split": {"validation": 0.5, "sealed": 0.5}}
    found = check(write_product(tmp_path, masses, [FINDS], data=data, team=TEAM, costs=costs))
    told = {way.name: figure(way.cost) for way in found.ways}
    assert found.pictures is not None and found.pictures.costs is not None
    drawn = found.pictures.costs
    (reader,) = drawn.others
    for name, span in (("product alone", drawn.now), (f"{reader.name} alone", reader.cost)):
        assert (span.seen, span.low, span.high) == pytest.approx(
            (told[name].estimate, told[name].low, told[name].high)
        )


def test_a_second_view_lies_on_both_sides_of_each_alone(ways: dict[str, Way]) -> None:
    either, both = ways["second view: either calls"], ways["second view: both call"]
    for name in ("product alone", "radiologist alone"):
        assert figure(either.sensitivity).estimate >= figure(ways[name].sensitivity).estimate
        assert figure(both.sensitivity).estimate <= figure(ways[name].sensitivity).estimate
        assert figure(either.specificity).estimate <= figure(ways[name].specificity).estimate
        assert figure(both.specificity).estimate >= figure(ways[name].specificity).estimate
    assert either.hypothetical == both.hypothetical == UNSEEN


def test_reads_are_counted_per_ten_thousand_cases(
    ways: dict[str, Way], masses: pl.DataFrame
) -> None:
    reads = {name: figure(way.reads) for name, way in ways.items()}
    assert reads["product alone"] == Figure(0, 0, 0, 830)
    for name in ("radiologist alone", "second view: both call"):
        assert (reads[name].low, reads[name].estimate, reads[name].high) == (10_000,) * 3
    doubt = int((masses["score"] == 0.6).sum())
    triage = reads["triage"]
    assert triage.estimate == pytest.approx(10_000 * doubt / 830)
    assert triage.low == pytest.approx(10_000 * float(binomial.lower(doubt, 830, 0.05)))


def test_in_triage_the_reader_decides_the_band_and_nothing_else(
    ways: dict[str, Way], masses: pl.DataFrame
) -> None:
    called, score = masses["bi_rads"].is_in([4, 5, 6, 55]), masses["score"]
    flagged = (score >= 0.7) | ((score >= 0.3) & (score < 0.7) & called)
    ill = masses["severity"] == "malignant"
    found, spared = int((flagged & ill).sum()), int((~flagged & ~ill).sum())
    triage = ways["triage"]
    assert figure(triage.sensitivity).estimate == pytest.approx(found / 403)
    assert figure(triage.specificity).estimate == pytest.approx(spared / 427)


def test_without_a_team_no_ways_are_told(masses: pl.DataFrame, tmp_path: Path) -> None:
    assert check(write_product(tmp_path, masses, [FINDS], data=DATA)).ways == ()


def test_an_arbiter_reads_where_the_two_disagree(masses: pl.DataFrame, tmp_path: Path) -> None:
    data = {
        **DATA,
        "calls": {
            **DATA["calls"],  # type: ignore[dict-item]
            "third": {"column": "third", "positive": [1], "negative": [0]},
        },
    }
    raw = masses.with_columns(third=(pl.col("severity") == "malignant").cast(pl.Int8))
    team = {"reader": "radiologist", "rule": "arbitration", "arbiter": "third"}
    found = {
        w.name: w for w in check(write_product(tmp_path, raw, [FINDS], data=data, team=team)).ways
    }
    differ = (raw["bi_rads"].is_in([4, 5, 6, 55]) != (raw["score"] >= 0.5)).sum()
    reads = figure(found["second view: arbitration"].reads)
    assert reads.estimate == pytest.approx(10_000 * (1 + differ / 830))
