"""A judgement as JUnit XML, so that a build server shows it and turns red unless it is PASS."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import ExitCode
from roadworthy.core.requirement import Slice, Tier, Whose
from roadworthy.core.verdict import Judgement, Outcome, Verdict
from roadworthy.io.certificate_words import guaranteed, missing, promise
from roadworthy.io.harmless import harmless

# Build servers turn red for both. An error is a test that came to no answer, which is what
# INCONCLUSIVE means; a failure is an answer.
_RED = {Outcome.FAIL: "failure", Outcome.INCONCLUSIVE: "error"}


def to_junit(judgement: Judgement) -> str:
    """One test suite with a test case for each verdict.

    A gating FAIL is a failure and a gating INCONCLUSIVE an error, so the build is red exactly when
    the product does not pass, or passes on paper only (hypothetical). An advisory verdict that does
    not pass is skipped, with its message.
    """
    suite = Xml.Element("testsuite", name=harmless(judgement.product))
    for verdict in judgement.verdicts:
        _add_verdict(suite, verdict, judgement.withheld)
    if judgement.certificate is not None:
        _add_certificate(suite, judgement.certificate)
    if judgement.hypothetical:
        # first in the suite, as the format asks
        properties = Xml.Element("properties")
        told = harmless(judgement.hypothetical)
        Xml.SubElement(properties, "property", name="hypothetical", value=told)
        suite.insert(0, properties)
    if judgement.outcome is not _worst(judgement) or _on_paper(judgement):
        _add_product(suite, judgement)
    _count(suite)
    root = Xml.Element("testsuites", {**suite.attrib, "name": f"roadworthy {judgement.version}"})
    root.append(suite)
    Xml.indent(root)
    # written here: ElementTree would name this machine's own encoding
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _worst(judgement: Judgement) -> Outcome:
    """What the test cases alone would say: a build without one gating verdict is green."""
    gating = [verdict.outcome for verdict in judgement.where(gating=True)]
    if judgement.certificate is not None:
        gating.append(judgement.certificate.outcome)
    return Outcome.worst(gating) if gating else Outcome.PASS


def _add_verdict(suite: Xml.Element, verdict: Verdict, withheld: str) -> None:
    whose = f"{verdict.metric} of the team" if verdict.of is Whose.TEAM else verdict.metric
    limit = f"{whose} {verdict.limit}{' (hypothetical)' if verdict.hypothetical else ''}"
    case = _case(suite, verdict.requirement, f"{limit} [{_where(verdict.slice)}]")
    if verdict.outcome is Outcome.PASS:
        return
    if verdict.tier is Tier.ADVISORY:
        message = f"advisory, does not gate: {verdict.word}: {verdict.reason or withheld}"
        Xml.SubElement(case, "skipped", message=harmless(message))
        return
    _redden(case, verdict.outcome, verdict.reason or f"{verdict.word}: {withheld}")


def _add_certificate(suite: Xml.Element, certificate: Certificate) -> None:
    """One test case a side; a side that decides nothing alone is red."""
    for side in certificate.sides:
        case = _case(suite, "certificate", f"{side.side}: {promise(side.risk, side.at_most)}")
        if side.threshold is None:
            told = (guaranteed(side, certificate.confidence), *missing(side))
            _redden(case, Outcome.INCONCLUSIVE, " ".join(told))


def _on_paper(judgement: Judgement) -> bool:
    """A PASS that nobody has seen happen: the shell sees no 0 either."""
    return judgement.outcome is Outcome.PASS and judgement.exit_code is not ExitCode.PASS


def _add_product(suite: Xml.Element, judgement: Judgement) -> None:
    case = _case(suite, "product", judgement.product)
    if _on_paper(judgement):
        told = f"{judgement.answer}, so nothing is proven: {judgement.hypothetical}."
        _redden(case, Outcome.INCONCLUSIVE, told)
    if judgement.outcome is not Outcome.PASS:
        _redden(case, judgement.outcome, "The product does not pass, whatever its parts say.")


def _where(part: Slice) -> str:
    return str(part) if part.keys else "all cases"


def _case(suite: Xml.Element, group: str, name: str) -> Xml.Element:
    return Xml.SubElement(suite, "testcase", classname=harmless(group), name=harmless(name))


def _redden(case: Xml.Element, outcome: Outcome, reason: str) -> None:
    told = harmless(reason)
    Xml.SubElement(case, _RED[outcome], message=told, type=outcome.value).text = told


def _count(suite: Xml.Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for plural, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(plural, str(len(suite.findall(f"testcase/{tag}"))))
