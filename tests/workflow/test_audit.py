"""The audit sample: which cleared cases a person sees hangs on their ids and the seed alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest, chisquare, norm

from roadworthy.core.policy import Audit
from roadworthy.workflow.audit import drawn

IDS = pl.Series([f"case-{i:06}" for i in range(60_000)])
FIRST = [11, 30, 99, 105, 115, 148, 155, 160, 165]


@pytest.mark.parametrize("seed", [0, 1, 7, -3, 2**40])
@pytest.mark.parametrize("share", [0.002, 0.02, 0.5])
def test_as_many_are_drawn_as_declared(seed: int, share: float) -> None:
    k = int(drawn(IDS, Audit(share, seed)).sum())
    assert binomtest(k, len(IDS), share).pvalue > 1e-4


def test_the_draw_is_uniform_along_the_table_and_hangs_on_no_number_in_the_id() -> None:
    found = drawn(IDS, Audit(0.1, 7))
    along = found.reshape(60, -1).sum(axis=1)
    by_last_digit = found.reshape(-1, 10).sum(axis=0)
    assert chisquare(along).pvalue > 1e-4
    assert chisquare(by_last_digit).pvalue > 1e-4
    # no runs: whether one is drawn says nothing of the next
    both = int((found[1:] & found[:-1]).sum())
    assert binomtest(both, len(found) - 1, 0.01).pvalue > 1e-4


def test_the_draw_is_independent_of_the_score() -> None:
    rng = np.random.default_rng(3)
    score = rng.random(len(IDS))
    found = drawn(IDS, Audit(0.05, 7))
    assert abs(score[found].mean() - 0.5) < norm.ppf(0.9999) * np.sqrt(1 / 12 / found.sum())


def test_the_same_case_and_seed_give_the_same_draw_whatever_the_order() -> None:
    audit = Audit(0.05, 7)
    found = drawn(IDS, audit)
    assert (drawn(IDS.reverse(), audit)[::-1] == found).all()
    alone = drawn(IDS[100:101], audit)
    assert alone[0] == found[100]


def test_a_larger_share_draws_the_same_cases_and_more() -> None:
    few, many = (drawn(IDS, Audit(share, 7)) for share in (0.02, 0.10))
    assert (many[few]).all() and many.sum() > few.sum()


def test_seeds_draw_apart() -> None:
    one, other = (drawn(IDS, Audit(0.2, seed)) for seed in (1, 2))
    assert binomtest(int((one & other).sum()), len(IDS), 0.04).pvalue > 1e-4


def test_all_none_and_no_audit() -> None:
    assert drawn(IDS, Audit(1.0)).all()
    assert not drawn(IDS, None).any()
    assert drawn(IDS.clear(), Audit(0.5)).shape == (0,)


def test_the_draw_is_the_same_on_every_machine() -> None:
    """What was drawn for an audit must be found again years later."""
    assert np.flatnonzero(drawn(IDS[:200], Audit(0.05, 7))).tolist() == FIRST
