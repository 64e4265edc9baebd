"""What is gathered on a cell must count every case once, and know which cases belong together."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from roadworthy.stats import gathered
from roadworthy.stats.gathered import (
    ByUnit,
    Mean,
    Pairs,
    Ranking,
    Raw,
    Reliability,
    Share,
    Total,
    shares_units,
)
from roadworthy.stats.paired import PairedCounts

X = pl.col("x")
Reduced = tuple[NDArray[Any], NDArray[Any]]


@st.composite
def valued(draw: st.DrawFn) -> Reduced:
    """Values of up to forty cases, and the unit of each."""
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    return rng.random(n), rng.integers(0, draw(st.integers(1, 40)), n)


class TestByUnit:
    """Sums and sizes per unit."""

    @given(valued())
    def test_nothing_is_lost(self, drawn: Reduced) -> None:
        values, unit = drawn
        found = ByUnit.of(values, unit)
        assert found.sums.sum() == pytest.approx(values.sum())
        assert found.sizes.sum() == len(values)
        assert len(found.sizes) == len(set(unit))
        assert found.dependent == shares_units(unit)

    @given(valued())
    def test_units_keep_the_order_in_which_they_come(self, drawn: Reduced) -> None:
        values, unit = drawn
        first = list(dict.fromkeys(unit))
        expected = [values[unit == one].sum() for one in first]
        assert ByUnit.of(values, unit).sums.tolist() == pytest.approx(expected)

    def test_without_units_every_case_is_its_own(self) -> None:
        found = ByUnit.of(np.array([0.2, 0.4]), None)
        assert (found.sums.tolist(), found.sizes.tolist()) == ([0.2, 0.4], [1.0, 1.0])
        assert not found.dependent
        assert not ByUnit.of(np.empty(0), None).dependent


class TestShare:
    """Hits among the cases that count."""

    def test_it_counts_hits_among_those_only(self) -> None:
        hit, among = np.array([True, True, False, True]), np.array([True, True, True, False])
        found = Share(X).reduce({"hit": hit, "among": among}, None)
        assert (found.k, found.n, found.units) == (2, 3, None)

    def test_units_of_which_one_case_counts_are_independent(self) -> None:
        """Two cases of one patient, of which only one is positive."""
        columns = {"hit": np.ones(2, bool), "among": np.array([True, False])}
        assert Share(X).reduce(columns, np.array([7, 7])).units is None
        columns = {"hit": np.ones(2, bool), "among": np.ones(2, bool)}
        units = Share(X).reduce(columns, np.array([7, 7])).units
        assert units is not None and units.sizes.tolist() == [2.0]

    def test_a_table_without_rows_gives_no_case(self) -> None:
        assert Share(X).reduce({"hit": np.empty(0), "among": np.empty(0)}, None).n == 0


class TestMean:
    """Values per case."""

    def test_it_keeps_the_ends_and_the_spread(self) -> None:
        columns = {"of": np.array([1.0, 3.0, 99.0]), "among": np.array([True, True, False])}
        found = Mean(X).reduce(columns, None)
        assert (found.n, found.smallest, found.largest, found.spread) == (2, 1.0, 3.0, 1.0)

    def test_of_nothing_there_are_no_ends(self) -> None:
        found = Mean(X).reduce({"of": np.empty(0), "among": np.empty(0)}, None)
        assert (found.n, found.smallest, found.largest) == (0, None, None)


class TestPairs:
    """Who was right on which case."""

    def test_it_counts_cases_that_only_one_side_got_right(self) -> None:
        ours = np.array([True, True, True, False, False, True])
        theirs = np.array([True, False, False, True, False, False])
        among = np.array([True] * 5 + [False])
        found = Pairs(X, X).reduce({"ours": ours, "theirs": theirs, "among": among}, None)
        assert found.counts == PairedCounts(gained=2, lost=1, n=5)
        two = np.array([1, 1, 2, 2, 3, 3])
        found = Pairs(X, X).reduce({"ours": ours, "theirs": theirs, "among": among}, two)
        assert found.units.sums.tolist() == [1.0, 0.0, 0.0]


class TestRanking:
    """Ranks, and how many independent cases they are worth."""

    def ranks(self, positive: Any, score: Any, unit: Any = None) -> gathered.Ranks:
        columns = {"positive": np.asarray(positive, bool), "score": np.asarray(score, float)}
        return Ranking(X, X).reduce(columns, None if unit is None else np.asarray(unit))

    def test_the_auc_is_scikit_learns(self) -> None:
        rng = np.random.default_rng(1)
        positive, score = rng.random(300) < 0.3, rng.random(300).round(1)
        found = self.ranks(positive, score)
        assert found.auc == pytest.approx(roc_auc_score(positive, score))
        assert (found.error, found.effective_positives) == (0.0, positive.sum())

    def test_a_histogram_says_how_far_it_may_be_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rng = np.random.default_rng(2)
        positive, score = rng.random(3000) < 0.3, rng.random(3000)
        exact = self.ranks(positive, score).auc
        monkeypatch.setattr(gathered, "EXACT_AUC_CASES", 10)
        rough = self.ranks(positive, score)
        assert rough.auc is not None and exact is not None
        assert abs(rough.auc - exact) <= rough.error < 0.01

    def test_alike_cases_are_worth_what_the_largest_unit_leaves(self) -> None:
        """Nine positives in units of 5, 2, 1 and 1: 9 / 5."""
        unit = [0] * 5 + [1] * 2 + [2, 3] + [4, 5, 6]
        found = self.ranks([1] * 9 + [0] * 3, np.arange(12), unit)
        assert found.effective_positives == pytest.approx(9 / 5)
        assert found.effective_negatives == 3
        assert found.dependent

    def test_a_unit_of_both_classes_halves_both(self) -> None:
        found = self.ranks([1, 1, 0, 0], [3, 2, 1, 0], [0, 1, 1, 2])
        assert (found.effective_positives, found.effective_negatives) == (1.0, 1.0)

    @pytest.mark.parametrize("positive", [[], [1, 1], [0, 0]])
    def test_one_class_has_no_auc(self, positive: list[int]) -> None:
        assert self.ranks(positive, [0.5] * len(positive)).auc is None


class TestOthers:
    """Bins, raw values and totals."""

    def test_bins_hold_every_case_once_both_ends_included(self) -> None:
        columns = {"score": np.array([0.0, 0.05, 0.1, 1.0]), "positive": np.array([0, 1, 1, 1])}
        found = Reliability(X, X, bins=10).reduce(columns, np.array([1, 1, 2, 3]))
        assert found.bins.n.tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
        assert found.bins.hits.sum() == 3
        assert found.dependent

    def test_a_total_knows_whether_all_its_parts_are_whole(self) -> None:
        def total(values: list[float]) -> gathered.Totalled:
            return Total(X).reduce({"of": np.array(values)}, None)

        assert (total([1, 2]).total, total([1, 2]).whole) == (3.0, True)
        assert not total([0.5, 0.5]).whole
        assert not total([float("inf")]).whole
        assert total([]).n == 0

    def test_raw_values_stay_as_they_are(self) -> None:
        assert Raw(X).reduce({"of": np.array([3, 1])}, None).tolist() == [3.0, 1.0]
