"""Images become a side, and sides the case, by the declared rule, with gaps where they may be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from tests.models.nets.learning import guidance, spots

from roadworthy.core import columns
from roadworthy.core.images import Images, Pool, Pooling
from roadworthy.core.product import Change, Task
from roadworthy.models.image_rule import ImageRule
from roadworthy.models.nets import model
from roadworthy.models.nets.augment import changed
from roadworthy.models.nets.plan import Plan
from roadworthy.models.nets.pooling import pooled
from roadworthy.models.nets.rungs import SmallNet
from roadworthy.models.nets.shape import Shape
from roadworthy.testing.pictures import PICTURE

SHORT = Plan(epochs=2, least_steps=0)
RULES = [
    Pooling(case, within, sides)
    for case in Pool
    for within in Pool
    for sides in ((), ((0, 2), (1, 3)), ((0, 1, 2), (3,)))
]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("gaps", [False, True])
def test_the_net_pools_as_the_rule_says(rule: Pooling, gaps: bool) -> None:
    """The same as plain arithmetic does, image by image."""
    torch.manual_seed(0)
    each, images = torch.randn(16, 4, 2), torch.randn(16, 4, 1, 3, 3)
    if gaps:
        gone = torch.rand(16, 4) < 0.5
        gone[:, 3] = False
        images[gone] = 0.0
    shape = Shape("cnn", "S", 2, optional=gaps, **vars(rule))
    found = pooled(each, images, shape).numpy()
    for case in range(16):
        there = [bool(images[case, at].abs().sum() > 0) for at in range(4)]
        wanted = rule.of([each[case, at].numpy() if there[at] else None for at in range(4)])
        assert np.allclose(found[case], wanted, atol=1e-6)


def test_a_rule_is_read_back_as_it_was_told() -> None:
    for rule in RULES:
        assert Pooling.read(rule.plain(), 4) == rule
        shape = Shape("cnn", "S", 1, 0, 1, 8, 8, optional=True, **vars(rule))
        assert Shape.read(shape.plain()) == shape
    with pytest.raises(ValueError, match="not every image"):
        Pooling.read({"pool": "max", "sides": [[0, 1], [1]]}, 3)


def test_noise_does_not_make_an_image_of_none() -> None:
    images = torch.ones(2, 2, 1, 8, 8)
    images[0, 1] = 0.0
    found = changed(images, tuple(Change), torch.Generator().manual_seed(0))
    assert not found[0, 1].any()
    assert found[0, 0].any() and found[1, 1].any()


def exams(folder: Path, n: int = 24) -> tuple[pl.DataFrame, pl.Series]:
    """Two images a case, of which the second, a prior, every third case lacks."""
    one, truth = spots(folder, n)
    prior = [columns.ABSENT if at % 3 == 0 else file for at, file in enumerate(one[PICTURE])]
    return one.with_columns(pl.Series(columns.file("prior"), prior)), truth


RULE = Images(
    ("picture", "prior"),
    sides=(("now", ("picture",)), ("then", ("prior",))),
    optional=("prior",),
)


def test_a_case_without_its_prior_is_answered_by_what_it_has(tmp_path: Path) -> None:
    cases, truth = exams(tmp_path)
    told = guidance(cases, images=RULE)
    features = tuple(cases.columns)
    found = SmallNet("S", SHORT).fit(cases, truth, Task.BINARY, features, 0, None, told)
    assert isinstance(found, model.TrainedNet)
    answers = found.answer(cases)
    assert answers.null_count() == 0
    # what a case has in the other place is what it is answered by, and the highest of both
    maps = list(found.score_maps(cases))
    for row, seen in enumerate(maps):
        assert seen is not None
        if row % 3 == 0:
            assert not seen[1].values.any()
        assert answers[row] == pytest.approx(max(one.values.max() for one in seen), abs=1e-5)
    file = tmp_path / "net"
    file.write_bytes(found.to_bytes())
    assert model.load(file).answer(cases).to_list() == answers.to_list()


def test_a_prior_that_is_named_and_not_there_is_no_gap(tmp_path: Path) -> None:
    cases, truth = exams(tmp_path)
    told = guidance(cases, images=RULE)
    for rung in (SmallNet("S", SHORT), ImageRule()):
        found = rung.fit(cases, truth, Task.BINARY, tuple(cases.columns), 0, None, told)
        away = cases.head(3).with_columns(
            pl.Series(columns.file("prior"), [columns.ABSENT, str(tmp_path / "away"), None])
        )
        assert found.answer(away).is_null().to_list() == [False, True, True]


def test_measures_are_pooled_by_the_same_rule_and_kept(tmp_path: Path) -> None:
    cases, truth = exams(tmp_path)
    found = ImageRule().fit(
        cases, truth, Task.BINARY, tuple(cases.columns), 0, None, guidance(cases, images=RULE)
    )
    file = tmp_path / "rule"
    file.write_bytes(found.to_bytes())
    again = ImageRule().load(file)
    assert again.answer(cases).to_list() == found.answer(cases).to_list()
