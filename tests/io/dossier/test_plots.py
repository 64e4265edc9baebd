"""An interval against its limit: a drawing says what the numbers say."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path as File
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.io.dossier.samples import (
    CHEAP,
    FAIL,
    FINDS,
    NOT_WORSE,
    OPEN,
    PASS,
    PASSED,
    SAMPLES,
    at,
    rendered,
    seen,
    verdict,
)

from roadworthy.core.requirement import (
    WHOLE,
    Limit,
    Side,
)
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import telling
from roadworthy.io.dossier import plots

finite = st.floats(-1e9, 1e9)


@st.composite
def measured_verdicts(draw: st.DrawFn) -> Verdict:
    low, middle, high = sorted((draw(finite), draw(finite), draw(finite)))
    limit = Limit(draw(st.sampled_from(Side)), draw(finite))
    evidence = seen(
        middle,
        draw(st.sampled_from([low, None, -math.inf])),
        draw(st.sampled_from([high, None, math.inf])),
        9,
    )
    part = draw(st.sampled_from([WHOLE, at("vendor", "B")]))
    return verdict("r", "m", limit, draw(st.sampled_from(Outcome)), evidence, "because", part)


class TestPlots:
    """A drawing says what the numbers say."""

    @given(st.lists(measured_verdicts(), min_size=1, max_size=4))
    def test_everything_is_drawn_inside_the_picture_whatever_the_scale(
        self, verdicts: list[Verdict]
    ) -> None:
        scale = plots.scale_over(verdicts)
        for each in verdicts:
            svg = Xml.fromstring(plots.interval(each, scale, "k", "title"))
            places = [
                float(value)
                for part in svg.iter()
                for name, value in part.attrib.items()
                if name in ("x", "x1", "x2", "cx")
            ]
            assert all(plots.LEFT <= place <= plots.RIGHT for place in places)

    @given(st.lists(measured_verdicts(), min_size=1, max_size=4))
    def test_every_limit_lies_in_the_scale(self, verdicts: list[Verdict]) -> None:
        scale = plots.scale_over(verdicts)
        assert scale.low < scale.high
        assert all(scale.holds(each.limit.threshold) for each in verdicts)

    @pytest.mark.parametrize(
        ("limit", "expected"),
        [
            (Limit(Side.AT_LEAST, 0.9), (plots.Scale(0.8, 1.0).x(0.9), plots.RIGHT)),
            (Limit(Side.AT_MOST, 0.9), (plots.LEFT, plots.Scale(0.8, 1.0).x(0.9))),
            (Limit(Side.MIN_GAIN, 0.9), (plots.Scale(0.8, 1.0).x(0.9), plots.RIGHT)),
        ],
    )
    def test_the_shaded_side_is_the_one_that_meets_the_limit(
        self, limit: Limit, expected: tuple[float, float]
    ) -> None:
        each = verdict("r", "m", limit, PASS, seen(0.9, 0.85, 0.95, 9), "because")
        svg = Xml.fromstring(plots.interval(each, plots.Scale(0.8, 1.0), "k", "title"))
        shaded = svg.find("rect")
        assert shaded is not None
        left = float(shaded.attrib["x"])
        assert (left, left + float(shaded.attrib["width"])) == pytest.approx(expected)

    def test_a_drop_is_drawn_as_a_negative_gain(self) -> None:
        each = verdict("r", "m", NOT_WORSE, OPEN, seen(0.0, -0.03, 0.03, 9), "because")
        scale = plots.scale_over([each])
        assert scale.x(-0.02) < scale.x(0.0)
        assert f"limit {telling.MINUS}0.02" in plots.interval(each, scale, "k", "title")

    @pytest.mark.parametrize(
        ("outcome", "shape"), [(PASS, "<circle"), (FAIL, "seen cross"), (OPEN, "seen open")]
    )
    def test_every_outcome_has_a_shape_of_its_own(self, outcome: Outcome, shape: str) -> None:
        drawn = {
            each: plots.interval(
                verdict("r", "m", FINDS, each, seen(0.9, 0.8, 0.95, 9), "because"),
                plots.Scale(0.5, 1.0),
                "k",
                "title",
            )
            for each in Outcome
        }
        assert [each for each in Outcome if shape in drawn[each]] == [outcome]

    def test_a_bound_that_does_not_exist_ends_in_an_arrow(self) -> None:
        scale = plots.Scale(0.0, 1.0)
        for low, high, arrows in ((0.2, 0.4, 0), (None, 0.4, 1), (0.2, None, 1), (None, None, 2)):
            each = verdict("r", "m", FINDS, OPEN, seen(0.3, low, high, 9), "because")
            assert plots.interval(each, scale, "k", "title").count('class="tip"') == arrows

    def test_a_wild_slice_does_not_flatten_everybody_else(self) -> None:
        whole = verdict("r", "m", CHEAP, PASS, seen(15.0, 12.0, 18.0, 999), "because")
        wild = replace(whole, slice=at("site", "x"), evidence=seen(19.0, 1.0, 1e6, 3))
        scale = plots.scale_over([whole, wild])
        assert scale.high < 200
        assert 'class="tip"' in plots.interval(wild, scale, "k", "title")

    def test_a_rate_has_no_room_beyond_one(self) -> None:
        assert plots.scale_over(PASSED.verdicts[:1], 0.0, 1.0).high == 1.0

    def test_a_tiny_scale_is_not_lost(self) -> None:
        limit = Limit(Side.AT_MOST, 1e-9)
        each = verdict("r", "m", limit, OPEN, seen(0.0, 0.0, 3e-9, 1), "because")
        scale = plots.scale_over([each], 0.0)
        assert 3e-9 <= scale.high < 1e-8
        assert "limit 1e-9" in plots.interval(each, scale, "k", "title")

    def test_a_screen_reader_hears_the_numbers_and_the_outcome(self) -> None:
        each = verdict("r", "m", FINDS, PASS, seen(0.9655, 0.9358, 0.9838, 203), "because")
        svg = Xml.fromstring(plots.interval(each, plots.Scale(0.8, 1.0), "k", "Sensitivity"))
        assert svg.findtext("title") == "Sensitivity"
        assert svg.findtext("desc") == (
            "The limit: at least 0.90. Estimate: 0.966. Bounds: 0.935 to 0.984. PASS."
        )


if __name__ == "__main__":  # to look at them
    for name, sample in SAMPLES.items():
        File(f"dossier-{name}.html").write_text(rendered(sample), encoding="utf-8")
