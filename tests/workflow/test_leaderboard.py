"""A development leaderboard tells a score only when it beats the best, and certifies nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.cli.terminal import roadworthy
from tests.tables import SCORED, rewrite, write_product

from roadworthy.core.errors import Refused
from roadworthy.stats.leaderboard import ladder
from roadworthy.workflow.leaderboard import leaderboard


def cases(**rates: float) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    n = 400
    ill = np.arange(n) % 2
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": ill,
            **{
                name: np.where((rng.permutation(n) < rate * n) == (ill == 1), 0.9, 0.1)
                for name, rate in rates.items()
            },
        }
    )


TABLE = cases(score=0.80, alike=0.805, better=0.90)


@pytest.fixture
def product(tmp_path: Path) -> Path:
    return write_product(tmp_path, TABLE, data=SCORED)


class TestLadder:
    """The mechanism by itself."""

    def test_random_answers_do_not_climb_it(self) -> None:
        rng = np.random.default_rng(1)
        told = ladder(rng.integers(0, 2, (300, 1000)))
        assert told[-1].told < 0.57

    def test_what_is_told_never_falls(self) -> None:
        rng = np.random.default_rng(2)
        told = [one.told for one in ladder(rng.integers(0, 2, (100, 50)))]
        assert told == sorted(told)

    def test_cases_of_one_unit_are_one_stroke_of_luck(self) -> None:
        first, second = np.zeros(90), np.zeros(90)
        second[:30] = 1.0
        assert ladder([first, second])[-1].new
        assert not ladder([first, second], np.repeat([0, 1, 2], 30))[-1].new

    def test_anything_but_right_and_wrong_is_refused(self) -> None:
        with pytest.raises(ValueError, match="0 or 1"):
            ladder([[0.5, 1.0]])


def test_a_score_is_told_only_when_it_is_better(product: Path) -> None:
    leaderboard(product, TABLE, "score")
    second = leaderboard(product, TABLE, "alike")
    assert (second.best, second.submissions[-1].new) == ("score", False)
    assert second.submissions[-1].told == pytest.approx(0.80)
    third = leaderboard(product, TABLE, "better")
    assert (third.best, len(third.submissions)) == ("better", 3)
    assert third.submissions[-1].told == pytest.approx(0.90)


def test_another_order_of_rows_is_the_same_board_and_other_cases_another(product: Path) -> None:
    leaderboard(product, TABLE, "score")
    assert len(leaderboard(product, TABLE.reverse(), "alike").submissions) == 2
    assert len(leaderboard(product, TABLE[:200], "alike").submissions) == 1


def test_sealed_cases_stand_on_no_board(product: Path) -> None:
    rewrite(product, data={"split": {"validation": 0.5, "sealed": 0.5}})
    with pytest.raises(Refused):
        leaderboard(product, TABLE, "score")


def test_the_command_says_that_it_certifies_nothing(product: Path) -> None:
    TABLE.write_csv(product.parent / "dev.csv")
    words = ("--on", str(product.parent / "dev.csv"), "--submit", "better")
    ran = roadworthy("leaderboard", str(product), *words)
    assert ran.code == 0
    assert "better is the new best" in ran.out
    assert "certifies nothing" in ran.out
    assert roadworthy("leaderboard", str(product), *words, "--json").json["certifies"] is None
