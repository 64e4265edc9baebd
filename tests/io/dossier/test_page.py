"""The page: people who must sign understand it, and nothing in it can leak or break."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path as File

import pytest
from tests.io.dossier.samples import (
    ABOUTS,
    FAILED,
    PASSED,
    PRODUCT,
    Outline,
    every_sample,
    rendered,
)

from roadworthy.core.verdict import Judgement
from roadworthy.io import dossier, telling
from roadworthy.io.judgement_json import from_json, to_json


class TestThePage:
    """One self-contained file that a manager understands and an auditor can check."""

    @every_sample
    def test_the_outcome_is_the_first_word_after_the_name_and_the_purpose(
        self, judgement: Judgement
    ) -> None:
        text = Outline(rendered(judgement)).text
        _, after = text.split(PRODUCT.purpose, 1)
        assert after.split()[0] == judgement.outcome

    @every_sample
    def test_every_verdict_appears_with_its_reason_and_its_plot(self, judgement: Judgement) -> None:
        page = Outline(rendered(judgement))
        for each in judgement.verdicts:
            assert telling.sentence(each.reason) in page.text
        plotted = [svg for svg in page.all("svg") if "plot" in (svg.get("class") or "")]
        assert len(plotted) == len(judgement.verdicts) + 3  # three more explain the page

    @every_sample
    def test_nothing_is_loaded_from_anywhere(self, judgement: Judgement) -> None:
        page = rendered(judgement)
        found = Outline(page)
        links = [v for _, attrs in found.tags for k, v in attrs.items() if k in ("src", "href")]
        assert all(link is not None and link.startswith("#") for link in links)
        assert not re.search(r"@import|url\(|<script|<link|<img|<iframe|\bon\w+=", page)
        (policy,) = [m for m in found.all("meta") if "http-equiv" in m]
        assert str(policy["content"]).startswith("default-src 'none'; style-src 'unsafe-inline'")

    @every_sample
    def test_it_is_well_formed_with_unique_ids_and_links_that_lead_somewhere(
        self, judgement: Judgement
    ) -> None:
        page = Outline(rendered(judgement))
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        named = " ".join(str(attrs.get("aria-labelledby", "")) for _, attrs in page.tags).split()
        linked = [str(attrs["href"])[1:] for attrs in page.all("a")]
        assert not page.open
        assert len(ids) == len(set(ids))
        assert set(named + linked) <= set(ids)

    @every_sample
    def test_headings_descend_one_step_at_a_time_from_a_single_h1(
        self, judgement: Judgement
    ) -> None:
        tags = Outline(rendered(judgement)).tags
        steps = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
        assert steps[0] == 1 and steps.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(steps))

    @every_sample
    def test_every_plot_and_every_table_says_what_it_is(self, judgement: Judgement) -> None:
        page = Outline(rendered(judgement))
        drawn = [svg for svg in page.all("svg") if "aria-hidden" not in svg]
        assert all(svg["role"] == "img" and svg["aria-labelledby"] for svg in drawn)
        assert len(page.all("desc")) == len(drawn)
        assert all("scope" in attrs for attrs in page.all("th"))
        assert len(page.all("caption")) == len(page.all("table"))

    def test_the_same_judgement_gives_the_same_bytes(self) -> None:
        assert rendered(FAILED) == rendered(FAILED)

    def test_a_judgement_that_was_stored_gives_the_same_page(self) -> None:
        stored = json.dumps(to_json(FAILED), allow_nan=False)
        assert rendered(from_json(json.loads(stored))) == rendered(FAILED)

    def test_the_time_is_printed_only_when_it_is_known(self) -> None:
        assert "2026-05-04 14:30 UTC" in rendered(PASSED)
        assert "2026" not in Outline(dossier.render(PASSED, PRODUCT, ABOUTS)).text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_colour_can_be_read_on_its_background(scheme: str) -> None:
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 to 1."""
    css = (File(dossier.__file__).parent / "dossier.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#\w{6})", blocks[0 if scheme == "light" else 1]))
    for text in ("ink", "soft", "pass", "fail", "inconclusive"):
        for ground in ("paper", "raised"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
