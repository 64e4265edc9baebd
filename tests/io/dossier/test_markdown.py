"""The dossier as Markdown: the same story in the same order, and harmless whatever it names."""

from __future__ import annotations

import re
from dataclasses import replace

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from tests.io.dossier.pictures import at_prevalence, with_pictures
from tests.io.dossier.samples import (
    ABOUTS,
    MADE,
    SAMPLES,
    Outline,
    every_sample,
    hostile_markdown,
)

from roadworthy.core.verdict import Judgement, Outcome
from roadworthy.io import dossier, telling
from roadworthy.io.dossier import Beside
from roadworthy.io.harmless import markdown

PRODUCT = at_prevalence("as_sampled")


def written(judgement: Judgement) -> str:
    return dossier.render_markdown(judgement, PRODUCT, ABOUTS, Beside(made=MADE))


def read(text: str) -> Outline:
    return Outline(
        cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)
    )


@every_sample
def test_the_answer_comes_first_then_plain_words_then_requirements(judgement: Judgement) -> None:
    text = written(with_pictures(judgement))
    assert text.startswith(f"# {judgement.product}: {judgement.outcome}\n")
    wanted = [
        "In plain words",
        "What is required",
        "At other thresholds",
        "What exactly was judged",
    ]
    places = [text.index(f"## {heading}") for heading in wanted]
    assert places == sorted(places)


@every_sample
def test_every_verdict_stands_in_it_with_its_reason(judgement: Judgement) -> None:
    text = written(judgement)
    for verdict in judgement.verdicts:
        assert markdown(telling.sentence(verdict.reason)) in text


@every_sample
def test_it_says_what_the_page_says(judgement: Judgement) -> None:
    shown = read(written(with_pictures(judgement))).text
    page = dossier.told_page(with_pictures(judgement), PRODUCT, ABOUTS, Beside(made=MADE))
    said = [page.answer.why, page.plain.lead, *page.plain.meaning, *page.plain.untested]
    said += [note for figure in page.figures.drawn for note in figure.notes]
    for line in said:
        assert " ".join(line.split()) in shown


def test_a_pass_that_its_verdicts_do_not_carry_is_never_written() -> None:
    with pytest.raises(ValueError, match="judge again"):
        written(replace(SAMPLES["fail"], outcome=Outcome.PASS))


def test_hostile_names_make_no_link_no_picture_and_no_element() -> None:
    text = hostile_markdown()
    found = read(text)
    tables = {"table", "thead", "tbody", "tr", "th", "td"}
    allowed = {"h1", "h2", "h3", "p", "strong", "ul", "ol", "li", "code"} | tables
    assert {tag for tag, _ in found.tags} <= allowed
    assert not re.search("[\x00\x1b\u202a-\u202e\u2066-\u2069]", text)
    assert "<script>alert(1)</script>" in found.text
