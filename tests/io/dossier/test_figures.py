"""ROC, reliability and cost: drawn inside their frames, told in words, with every band named."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.io.dossier.pictures import (
    COSTS,
    OURS,
    PICTURES,
    RELIABILITY,
    ROC,
    at_prevalence,
    with_pictures,
)
from tests.io.dossier.samples import rendered

from roadworthy.core.picture import Pictures, Share, Span
from roadworthy.io.dossier import drawing
from roadworthy.io.dossier.drawing import Frame
from roadworthy.io.dossier.figures import figures

PRODUCT = at_prevalence("as_sampled")


def words(pictures: Pictures | None = PICTURES) -> dict[str, str]:
    drawn = figures(pictures, PRODUCT).drawn
    return {
        figure.key: " ".join([*(one.text for one in figure.legend), *figure.notes])
        for figure in drawn
    }


def test_every_band_is_named_for_what_it_is_with_its_source() -> None:
    told = words()
    assert "whole true curve at once" in told["roc"] and "Campbell 1994" in told["roc"]
    assert "each of its sides" in told["roc"] and "Clopper & Pearson 1934" in told["roc"]
    assert "at once" in told["reliability"] and "Hoeffding 1956" in told["reliability"]
    assert "pointwise" in told["costs"] and "picked afterwards" in told["costs"]
    assert "only fresh ones" in figures(PICTURES, PRODUCT).lead.replace("\n", " ")


def test_the_product_and_the_reader_are_told_with_their_bounds() -> None:
    told = words()
    assert "threshold 0.500: finds 98 (95.4 to 99.3) of 100 positives" in told["roc"]
    assert "reader_call: finds 95 (91.6 to 97.3) of 100 positives" in told["roc"]
    assert "2\xa0EUR (1.50 to 2.90) a case" in told["costs"]
    assert "reader_call, who reads every case: 2.50\xa0EUR" in told["costs"]


def test_groups_off_the_line_are_named_and_others_are_not() -> None:
    told = words()["reliability"]
    assert "Shown to be off the line: scores around 0.800 (72\xa0% positive)." in told
    near = replace(RELIABILITY, high=(0.13, 0.85))
    assert "No group is shown" in words(replace(PICTURES, reliability=near))["reliability"]


def test_without_a_band_it_says_why() -> None:
    bare = replace(
        PICTURES,
        roc=replace(ROC, alarms_off=None, found_off=None),
        reliability=replace(RELIABILITY, low=(), high=()),
        costs=replace(COSTS, low=(), high=(), now=Span(2.0)),
        without=(("band", "cases share units"),),
    )
    assert all("cases share units" in told for told in words(bare).values())
    page = rendered(with_pictures(pictures=bare), PRODUCT)
    assert 'class="band"' not in page
    assert 'class="band"' in rendered(with_pictures(), PRODUCT)


def test_what_is_not_drawn_is_said() -> None:
    none = Pictures(0.95, 0.5, (OURS,), without=(("roc", "one class only"), ("costs", "why so")))
    found = figures(none, PRODUCT)
    assert not found.drawn
    assert [line.split(",")[1].strip() for line in found.without] == [
        "because one class only.",
        "because why so.",
    ]
    assert figures(None, PRODUCT).without == ()


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=8),
    st.lists(st.floats(0, 1), min_size=1, max_size=8),
    st.floats(0.001, 0.9),
    st.floats(0, 1),
)
def test_everything_is_drawn_inside_the_picture(
    alarms: list[float], found: list[float], off: float, at: float
) -> None:
    size = min(len(alarms), len(found))
    k = int(at * 100)
    share = Share(k, 100, at * 0.5, min(1.0, at * 1.5))
    roc = replace(
        ROC,
        alarms=(0.0, *sorted(alarms[:size]), 1.0),
        found=(0.0, *sorted(found[:size]), 1.0),
        at_alarms=share,
        at_found=share,
        alarms_off=off,
        found_off=off,
    )
    (figure, *_) = figures(replace(PICTURES, roc=roc), PRODUCT).drawn
    drawn = re.sub(r"<(title|desc).*?</\1>", "", str(figure.drawn))
    for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", drawn):
        assert -8 <= float(x) <= drawing.WIDTH and 0 <= float(y) <= drawing.HEIGHT


@pytest.mark.parametrize("value", [1e-9, 0.03, 0.99, 1.0, 7.2, 12047.0, 3e12])
def test_an_axis_ends_at_a_round_number_with_a_few_ticks(value: float) -> None:
    top = drawing.nice_top(value)
    assert value * 0.999 <= top <= 2.1 * value
    axes = Frame("across", "up", top, top).axes()
    assert 6 <= axes.count('class="tick"') <= 14


def test_an_axis_without_values_still_has_an_end() -> None:
    assert drawing.nice_top(0.0) == drawing.nice_top(float("inf")) == 1.0
