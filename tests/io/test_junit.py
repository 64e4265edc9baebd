"""JUnit XML: the build is red exactly when the product does not pass, and always well formed."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.requirement import WHOLE, Limit, Side, Slice, SliceKey, Tier
from roadworthy.core.subject import Subject, SubjectKind
from roadworthy.core.verdict import Judgement, Outcome, Population, Verdict
from roadworthy.io.junit import to_junit

PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
SEEN = Measured(0.95, 0.92, 0.98, 0.01, 0.99, 200, "positives", "exact")


def verdict(outcome: Outcome, tier: Tier = Tier.CRITICAL, name: str = "finds") -> Verdict:
    limit = Limit(Side.AT_LEAST, 0.9)
    return Verdict(
        name, "sensitivity", WHOLE, tier, limit, outcome, SEEN, 0.95, 0.95, f"because {name}"
    )


def judged(*verdicts: Verdict) -> Judgement:
    return Judgement(
        product="triage",
        outcome=Outcome.worst(v.outcome for v in verdicts if v.tier is Tier.CRITICAL),
        set="sealed",
        subject=Subject(SubjectKind.PRODUCT, "v3", "ab12"),
        version="0.1.0",
        verdicts=verdicts,
        population=Population(1000, None, 990, 10),
    )


def suite(judgement: Judgement) -> Xml.Element:
    (found,) = Xml.fromstring(to_junit(judgement)).findall("testsuite")
    return found


def is_red(found: Xml.Element) -> bool:
    return bool(found.findall("testcase/failure") or found.findall("testcase/error"))


def test_each_outcome_has_its_own_sign() -> None:
    found = suite(
        judged(
            verdict(PASS),
            verdict(FAIL),
            verdict(OPEN),
            verdict(PASS, Tier.ADVISORY),
            verdict(FAIL, Tier.ADVISORY),
            verdict(OPEN, Tier.ADVISORY),
        )
    )
    signs = [[child.tag for child in case] for case in found.findall("testcase")]
    assert signs == [[], ["failure"], ["error"], [], ["skipped"], ["skipped"]]


def test_a_message_carries_the_reason_and_an_advisory_says_that_it_does_not_gate() -> None:
    found = suite(judged(verdict(FAIL), verdict(OPEN, Tier.ADVISORY, "nice")))
    failure, skipped = found.find("testcase/failure"), found.find("testcase/skipped")
    assert failure is not None and skipped is not None
    assert (failure.get("message"), failure.text) == ("because finds", "because finds")
    assert skipped.get("message") == "advisory, does not gate: INCONCLUSIVE: because nice"


def test_a_test_case_is_named_by_requirement_limit_and_slice() -> None:
    part = replace(verdict(PASS), slice=Slice((SliceKey("vendor", "B"),)))
    cases = suite(judged(verdict(PASS), part)).findall("testcase")
    assert [(case.get("classname"), case.get("name")) for case in cases] == [
        ("finds", "sensitivity at least 0.9 [all cases]"),
        ("finds", "sensitivity at least 0.9 [vendor = B]"),
    ]


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.sampled_from(Tier)), max_size=6))
def test_the_build_is_red_exactly_when_the_product_does_not_pass(
    cells: list[tuple[Outcome, Tier]],
) -> None:
    judgement = judged(*(verdict(outcome, tier) for outcome, tier in cells))
    assert is_red(suite(judgement)) is (judgement.outcome is not PASS)


@pytest.mark.parametrize("outcome", [FAIL, OPEN])
def test_the_build_is_red_when_only_the_product_does_not_pass(outcome: Outcome) -> None:
    assert is_red(suite(replace(judged(verdict(PASS)), outcome=outcome)))


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.sampled_from(Tier)), max_size=6))
def test_the_counts_are_those_of_the_test_cases(cells: list[tuple[Outcome, Tier]]) -> None:
    judgement = judged(*(verdict(outcome, tier) for outcome, tier in cells))
    root = Xml.fromstring(to_junit(judgement))
    found = suite(judgement)
    expected = {
        "tests": len(found.findall("testcase")),
        "failures": len(found.findall("testcase/failure")),
        "errors": len(found.findall("testcase/error")),
        "skipped": len(found.findall("testcase/skipped")),
    }
    for element in (root, found):
        assert {name: int(element.get(name, "-1")) for name in expected} == expected
    assert expected["tests"] - len(cells) == (
        judgement.outcome is OPEN and not any(tier is Tier.CRITICAL for _, tier in cells)
    )


@given(st.text(alphabet=st.characters()))
def test_any_name_gives_well_formed_xml(name: str) -> None:
    hostile = replace(judged(verdict(FAIL, name=name)), product=name)
    text = to_junit(hostile)
    text.encode("utf-8")
    assert is_red(suite(hostile))


def test_markup_and_control_characters_in_names_stay_text() -> None:
    name = 'a<b attr="1">&\x00\x1b\ud800\ufffe]]>'
    case = suite(judged(verdict(FAIL, name=name))).find("testcase")
    assert case is not None
    assert case.get("classname") == 'a<b attr="1">&\ufffd\ufffd\ufffd\ufffd]]>'


def test_what_was_not_measured_is_an_error() -> None:
    missing = replace(verdict(OPEN), evidence=NotMeasured("no case was timed"))
    assert suite(judged(missing)).find("testcase/error") is not None


def test_the_same_judgement_gives_the_same_text() -> None:
    assert to_junit(judged(verdict(FAIL))) == to_junit(judged(verdict(FAIL)))
