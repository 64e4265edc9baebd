"""How the product works is told alike on the page and in Markdown."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from tests.io.dossier.pictures import at_prevalence
from tests.io.dossier.samples import ABOUTS, MADE, SAMPLES
from tests.io.dossier.test_markdown import read

from roadworthy.core.certificate import Certificate, CertifiedSide, MaxRisk, Risk
from roadworthy.core.guard import Guard, MustDetect
from roadworthy.core.outcome import Outcome
from roadworthy.core.policy import Referred
from roadworthy.core.product import CaseCost, Costs, Decision, Harm, Product, Scope, TriageRules
from roadworthy.core.scope import JointRule, OnField, ScopeRule, WhenThen
from roadworthy.io import dossier
from roadworthy.io.dossier import Beside
from roadworthy.io.dossier.rules import rules

BARE = replace(at_prevalence("as_sampled"), scope=Scope(()))
FULL = replace(
    BARE,
    scope=Scope(
        (
            ScopeRule("age", between=(40.0, 80.0)),
            ScopeRule("page", levels=("form",), missing="accept", outside="reject"),
        )
    ),
    guard=Guard(("px_*",), must_detect=(MustDetect("turned", "turned.parquet", 0.95),)),
    costs=Costs("EUR", miss=CaseCost("exposure", 20_000.0), false_alarm=400.0, refer=15.0),
    harms=(Harm("biopsies", "biopsies", found=1.0, false_alarm=1.0),),
    decision=Decision(
        referred=Referred.RIGHT,
        triage=TriageRules((MaxRisk(Risk.FNR, 0.01),), only_below=0.0125),
    ),
)
SIDE = CertifiedSide(
    "clear", Risk.FNR, 0.01, 0.05, 0, 300, "positives", 0.0099, 0.0125, 0.02, 0.0099
)
CERTIFICATE = Certificate(
    outcome=Outcome.PASS,
    sides=(SIDE,),
    confidence=0.95,
    look=1,
    looks=1,
    method="exact order statistic on counts",
    unit=None,
    scope=(),
    prevalence="as_sampled",
    cases=900,
    positives=300,
    negatives=600,
    unscored=2,
    made="2026-11-25",
    expires="2027-11-25",
    fingerprints={"model": "m" * 64, "guard": None},
    assumptions=("cases to come are like these",),
)


def both(product: Product, certificate: Certificate | None = None) -> tuple[str, str]:
    """The text of the page, and that of the Markdown, both as they are read."""
    judgement = replace(SAMPLES["pass"], certificate=certificate)
    beside = Beside(made=MADE)
    page = dossier.render(judgement, product, ABOUTS, beside)
    bare = " ".join(html.unescape(re.sub("<[^>]*>", " ", page)).split())
    return bare, read(dossier.render_markdown(judgement, product, ABOUTS, beside)).text


@pytest.mark.parametrize("product", [BARE, FULL], ids=["bare", "full"])
def test_every_sentence_stands_in_both(product: Product) -> None:
    told = rules(product)
    wanted = [told.no_scope, told.guard, told.decision]
    wanted += [cell for row in told.scope for cell in row]
    wanted += [cell for row in (*told.costs, *told.harms) for cell in row]
    for text in both(product):
        for sentence in wanted:
            assert " ".join(sentence.split()) in text
        assert "How the product works" in text


def test_a_scope_a_guard_and_what_becomes_of_the_others_are_told() -> None:
    told = rules(FULL)
    assert told.scope[0][:3] == ("age", "40 to 80, both included", "goes to a person")
    assert told.no_scope == ""
    assert "at most 2" in told.guard and "“turned”" in told.guard and "px_*" in told.guard
    assert "only scores below 0.0125 are cleared" in told.decision
    assert told.costs[0][1].startswith("differs by case (column exposure)")
    assert [said for said, _ in told.harms] == [
        "biopsies: a false alarm",
        "biopsies: a positive that is flagged",
    ]


def test_without_scope_and_guard_nobody_is_told_that_something_keeps_cases_away() -> None:
    assert "nothing keeps unfamiliar cases away" in rules(BARE).no_scope
    guarded = replace(BARE, guard=Guard())
    assert "nothing keeps" not in rules(guarded).no_scope


def test_a_joint_rule_is_told_in_words() -> None:
    rule = JointRule(
        WhenThen(OnField("paper", levels=("yellow",)), OnField("scanner", levels=("A",)))
    )
    (row,) = rules(replace(BARE, scope=Scope((rule,)))).scope
    assert row[1] == "where paper is yellow, scanner is A"


def test_a_certificate_is_told_in_both_with_its_counts_and_fingerprints() -> None:
    page = dossier.told_page(
        replace(SAMPLES["pass"], certificate=CERTIFICATE), FULL, ABOUTS, Beside(made=MADE)
    )
    told = page.certificate
    assert told is not None
    for text in both(FULL, CERTIFICATE):
        for line in (*told.rests, told.method, told.meanings, told.lead, told.lines[0].guaranteed):
            assert " ".join(line.split()) in text
        assert "valid until 2027-11-25" in text and "m" * 64 in text
        assert "What it may decide without a person" in text
    assert all("What it may decide" not in text for text in both(FULL))
