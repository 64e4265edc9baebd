"""The kit lets every built-in lever through, and catches proposals that nobody should follow."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from roadworthy.core import columns
from roadworthy.core.lever import Rejudge
from roadworthy.core.path import Amount, Path
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import path_words
from roadworthy.io.registry import levers
from roadworthy.testing import check_lever


@pytest.mark.parametrize("name", sorted(levers()))
def test_every_installed_lever_keeps_the_promises(name: str) -> None:
    check_lever(levers()[name])


class Sound:
    """A sound lever to be broken below: it proposes to read the truth again."""

    about = "read the truth again"
    path = Path(
        "sound",
        "Read the truth again.",
        "not known.",
        cost=Amount(3.0, "EUR"),
        assumed=("it can be read again",),
        write="purpose: read twice",
        cases=0,
    )

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        return [self.path] if path_words.still_open(rejudge(study)) else []


def test_a_sound_lever_passes() -> None:
    check_lever(Sound())


class SaysNothing(Sound):
    about = ""


class NeverHelps(Sound):
    def propose(self, *asked: Any) -> list[Path]:
        return []


class AlwaysProposes(Sound):
    def propose(self, *asked: Any) -> list[Path]:
        return [self.path]


class ChangesItsMind(Sound):
    numbers = itertools.count()

    def propose(self, *asked: Any) -> list[Path]:
        return [replace(path, cases=next(self.numbers)) for path in super().propose(*asked)]


class LooksIntoTheSeal(Sound):
    def propose(self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge) -> Any:
        if all(verdict.outcome is Outcome.PASS for verdict in verdicts):
            return []
        mean = study.tables["cases"][columns.SCORE].mean()
        return [replace(self.path, change=f"Scores are {mean!r} on average.")]


class ExpectsNothing(Sound):
    path = replace(Sound.path, expected=" ")


class CostsNaN(Sound):
    path = replace(Sound.path, cost=Amount(float("nan"), "EUR"))


class SellsASelection(Sound):
    path = replace(Sound.path, selection=True)


class SettlesBlindly(Sound):
    path = replace(Sound.path, settles=True, assumed=())


class LowersTheLimit(Sound):
    path = replace(Sound.path, write="requirements: []")


class WritesNoYaml(Sound):
    path = replace(Sound.path, write="decision: {threshold: ")


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (SaysNothing, "about is empty"),
        (NeverHelps, "proposed nothing for any product"),
        (AlwaysProposes, "for a product that passes"),
        (ChangesItsMind, "something else every time"),
        (LooksIntoTheSeal, "looks at sealed cases"),
        (ExpectsNothing, "`expected` is empty"),
        (CostsNaN, "costs"),
        (SellsASelection, "say what would prove it"),
        (SettlesBlindly, "assumes nothing"),
        (LowersTheLimit, "changes what is required"),
        (WritesNoYaml, "no line of product.yaml"),
    ],
)
def test_what_is_broken_is_told_in_a_sentence(broken: type[Sound], told: str) -> None:
    with pytest.raises(AssertionError, match=told) as caught:
        check_lever(broken())
    assert broken.__name__ in str(caught.value)
