"""Judgements to write down: a PASS, a FAIL, an open one, and one full of hostile text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.instrument import About
from roadworthy.core.ladder import Ladder, NotFitted
from roadworthy.core.need import Need
from roadworthy.core.parameters import NoParameters
from roadworthy.core.path import Amount, Path
from roadworthy.core.picture import CostCurve, Mistakes, Pictures, Price, Roc, Share, Span
from roadworthy.core.plan import Plan, PlannedCell
from roadworthy.core.policy import Referred
from roadworthy.core.product import (
    CaseCost,
    Costs,
    Data,
    Decision,
    Product,
    Scope,
    ScopeRule,
)
from roadworthy.core.requirement import (
    WHOLE,
    Limit,
    Requirement,
    Side,
    Slice,
    SliceKey,
    SliceRule,
    Tier,
)
from roadworthy.core.subject import Subject, SubjectKind
from roadworthy.core.verdict import Judgement, Outcome, Population, Verdict
from roadworthy.io import dossier
from roadworthy.io.dossier import Beside

PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
MADE = datetime(2026, 5, 4, 14, 30, tzinfo=UTC)

ABOUTS = {
    "sensitivity": About(
        title="sensitivity",
        definition="The share of the positive cases that the product flags.",
        formula="flagged positives / positives",
        source="Altman & Bland 1994, BMJ 308:1552",
        comparable=True,
    ),
    "specificity": About(
        title="specificity",
        definition="The share of the negative cases that the product does not flag.",
        formula="unflagged negatives / negatives",
        source="Altman & Bland 1994, BMJ 308:1552",
        comparable=True,
    ),
    "automation": About(
        title="automation",
        definition="The share of all cases that the product decides without a person.",
        formula="decided cases / all cases",
        source="Roadworthy's own definition",
        follows_prevalence=True,
    ),
    "latency_p99_ms": About(
        title="latency, 99th percentile",
        definition="The time that 99 of 100 cases stay within.",
        formula="smallest t such that P(time <= t) >= 0.99",
        source="Conover 1999, Practical Nonparametric Statistics, 3.2",
        better="lower",
        unit="ms",
        highest=None,
        table="timings",
    ),
    "expected_cost": About(
        title="expected cost per case",
        definition="What misses, false alarms and referrals cost, averaged over all cases.",
        formula="(misses · cost + false alarms · cost + referrals · cost) / cases",
        source="Elkan 2001",
        better="lower",
        unit="EUR",
        highest=None,
        follows_prevalence=True,
    ),
}
EXACT = "exact binomial bound (Clopper & Pearson 1934)"
INDEPENDENT = ("the cases are independent of one another", "the cases are a fair sample")


def at(column: str, value: str | float | None = None) -> Slice:
    return Slice((SliceKey(column, value),))


def span(column: str, low: float, high: float) -> Slice:
    return Slice((SliceKey(column, range=(low, high)),))


def seen(
    estimate: float,
    low: float | None,
    high: float | None,
    n: int,
    of: str = "positives",
    p: tuple[float, float] = (0.01, 0.99),
    method: str = EXACT,
    assumptions: tuple[str, ...] = INDEPENDENT,
) -> Measured:
    return Measured(estimate, low, high, p[0], p[1], n, of, method, assumptions)


def verdict(
    requirement: str,
    metric: str,
    limit: Limit,
    outcome: Outcome,
    evidence: Measured | NotMeasured,
    reason: str,
    part: Slice = WHOLE,
    tier: Tier = Tier.CRITICAL,
    need: Need | None = None,
    effective: float = 0.95,
) -> Verdict:
    return Verdict(
        requirement, metric, part, tier, limit, outcome, evidence, 0.95, effective, reason, need
    )


FINDS = Limit(Side.AT_LEAST, 0.90)
SPARES = Limit(Side.AT_LEAST, 0.30)
FAST = Limit(Side.AT_MOST, 50.0, "ms")
CHEAP = Limit(Side.AT_MOST, 20.0, "EUR")
NOT_WORSE = Limit(Side.MAX_DROP, 0.02, against="reader_call")

PRODUCT = Product(
    name="mammo-triage",
    purpose="Clear normal screening exams without a reader; refer the rest.",
    data=Data(
        cases=("cases.parquet",),
        truth="cancer",
        unit="patient",
        positive=1,
        score="ai_score",
        prevalence=0.006,
        cohort="Screening exams of women aged 40 to 80 from three centres in the north, 2021 to "
        "2024, vendors A and B. Enriched with cancers: every cancer of those years and one normal "
        "exam in ten.",
    ),
    requirements=(
        Requirement(
            "finds-cancers",
            "sensitivity",
            FINDS,
            NoParameters(),
            target=0.95,
            slices=(SliceRule(("vendor",)), SliceRule(("age",)), SliceRule(("density",))),
            because="the level of the current double reading, agreed on 3 March",
        ),
        Requirement("spares-readers", "automation", SPARES, NoParameters()),
        Requirement("not-worse", "sensitivity", NOT_WORSE, NoParameters()),
        Requirement("fast", "latency_p99_ms", FAST, NoParameters()),
        Requirement("cheap", "expected_cost", CHEAP, NoParameters(), tier=Tier.ADVISORY),
    ),
    scope=Scope(
        (
            ScopeRule("age", between=(40, 80)),
            ScopeRule("vendor", levels=("A", "B"), missing="accept"),
        )
    ),
    costs=Costs("EUR", miss=CaseCost("loss", 20000), false_alarm=400, refer=15, label=40),
    decision=Decision("auto", Referred.EXCLUDED, (0.2, 0.6)),
    fingerprint="9f2c" * 16,
)


def judged(outcome: Outcome, verdicts: tuple[Verdict, ...], set_name: str) -> Judgement:
    return Judgement(
        product="mammo-triage",
        outcome=outcome,
        set=set_name,
        subject=Subject(SubjectKind.PRODUCT, "v3", "b71d09aa" * 8),
        version="0.1.0",
        verdicts=verdicts,
        population=Population(
            4210, 3988, 4102, 2490, 203, (("OUT_OF_SCOPE:age", 96), ("MISSING:age", 12))
        ),
        fingerprints={"cases": "0a1b2c3d" * 8, "policy": "77aa88bb" * 8},
        notes=("12 cases without an age were sent to a person.",),
    )


PASSED = judged(
    PASS,
    (
        verdict(
            "finds-cancers",
            "sensitivity",
            FINDS,
            PASS,
            seen(0.9655, 0.9358, 0.9838, 203, p=(0.00004, 0.9999)),
            "With 95 % confidence, at least 0.935 of the cancers are found.",
        ),
        verdict(
            "spares-readers",
            "automation",
            SPARES,
            PASS,
            seen(0.4086, 0.3961, 0.4212, 4210, "cases"),
            "With 95 % confidence, at least 0.396 of the exams need no reader.",
        ),
        verdict(
            "fast",
            "latency_p99_ms",
            FAST,
            PASS,
            seen(31.42, 28.9, 38.114, 2000, "timings", method="order statistics"),
            "With 95 % confidence, 99 of 100 exams take at most 38.2 ms.",
        ),
    ),
    "sealed",
)

FAILED = replace(
    judged(
        FAIL,
        (
            verdict(
                "finds-cancers",
                "sensitivity",
                FINDS,
                PASS,
                seen(0.9655, 0.9358, 0.9838, 203, p=(0.00004, 0.9999)),
                "With 95 % confidence, at least 0.935 of the cancers are found.",
            ),
            verdict(
                "finds-cancers",
                "sensitivity",
                FINDS,
                FAIL,
                seen(0.7021, 0.5743, 0.8103, 47, p=(0.9999, 0.0002)),
                "At most 0.811 of the cancers are found, and 0.90 is required.",
                part=at("vendor", "B"),
            ),
            verdict(
                "finds-cancers",
                "sensitivity",
                FINDS,
                PASS,
                seen(0.968, 0.9183, 0.9911, 125),
                "With 95 % confidence, at least 0.918 of the cancers are found.",
                part=span("age", 50, 70),
            ),
            verdict(
                "finds-cancers",
                "sensitivity",
                Limit(Side.AT_LEAST, 0.85),
                OPEN,
                seen(0.8571, 0.4793, 0.9927, 7, p=(0.71, 0.68)),
                "Seven cancers cannot tell 0.85 from less.",
                part=at("density"),
                tier=Tier.ADVISORY,
                need=Need("positives", 234, None, without_error=19),
            ),
            verdict(
                "spares-readers",
                "automation",
                SPARES,
                PASS,
                seen(0.4086, 0.3961, 0.4212, 4210, "cases"),
                "With 95 % confidence, at least 0.396 of the exams need no reader.",
            ),
            verdict(
                "not-worse",
                "sensitivity",
                NOT_WORSE,
                OPEN,
                seen(0.0049, -0.0231, 0.0341, 203, method="score interval (Tango 1998)"),
                "The product may still be worse than the reader by 0.0231.",
                effective=0.975,
                need=Need("positives", 312, 420),
            ),
            verdict(
                "fast",
                "latency_p99_ms",
                FAST,
                OPEN,
                NotMeasured("no case was timed; run `roadworthy check --time` first"),
                "Nothing was timed.",
            ),
            verdict(
                "cheap",
                "expected_cost",
                CHEAP,
                FAIL,
                seen(31.7, 21.03, None, 4210, "cases", method="sum of simultaneous bounds"),
                "An exam costs more than 21 EUR on average.",
                tier=Tier.ADVISORY,
            ),
        ),
        "validation",
    ),
    paths=(
        Path(
            "scope",
            "leave vendor B out of the scope",
            "finds-cancers then passes; automation falls to 0.34",
            Amount(0, "EUR"),
        ),
        Path("labels", "label 300 more exams of vendor B", "sensitivity on vendor B near 0.92"),
    ),
)

UNSETTLED = judged(
    OPEN,
    (
        verdict(
            "finds-cancers",
            "sensitivity",
            FINDS,
            OPEN,
            seen(0.9307, 0.8735, 0.9668, 101, p=(0.19, 0.89)),
            "94 of 101 cancers were found; that does not show 0.90.",
            need=Need("positives", 203, 640, without_error=29),
        ),
        verdict(
            "spares-readers",
            "automation",
            SPARES,
            PASS,
            seen(0.4086, 0.3961, 0.4212, 4210, "cases"),
            "With 95 % confidence, at least 0.396 of the exams need no reader.",
        ),
    ),
    "sealed",
)
SAMPLES = {"pass": PASSED, "fail": FAILED, "inconclusive": UNSETTLED}


def rendered(judgement: Judgement, product: Product = PRODUCT) -> str:
    return dossier.render(judgement, product, ABOUTS, Beside(made=MADE))


class Outline(HTMLParser):
    """The elements and the visible text of a page."""

    VOID = frozenset({"meta", "br", "circle", "rect", "path", "line"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is not closed where it should be"

    def handle_data(self, data: str) -> None:
        if not {"style", "title", "desc"} & set(self.open):
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


HOSTILE = (
    '<script>alert(1)</script>"\'><img src="http://evil.example/x">\u202eSSAP\x00\x1b{{ 7*7 }}'
)


def planned(*cells: PlannedCell) -> Plan:
    return Plan("mammo-triage", 0.95, 0.8, cells, 9000, None, "sealed", 4210)


def hostile() -> str:
    """The page of what an attacker chose."""
    judgement, product, abouts, beside = _hostile()
    return dossier.render(judgement, product, abouts, beside)


def hostile_markdown() -> str:
    """The same as Markdown."""
    judgement, product, abouts, beside = _hostile()
    return dossier.render_markdown(judgement, product, abouts, beside)


def _hostile() -> tuple[Judgement, Product, dict[str, About], Beside]:
    """Every text that a user or a plug-in can choose, chosen by an attacker."""
    product = replace(
        PRODUCT,
        name=HOSTILE,
        purpose=HOSTILE,
        fingerprint=HOSTILE,
        data=replace(PRODUCT.data, cohort=HOSTILE, unit=HOSTILE, truth=HOSTILE, positive=HOSTILE),
        scope=Scope((ScopeRule(HOSTILE, levels=(HOSTILE,)),)),
        costs=Costs(HOSTILE, miss=CaseCost(HOSTILE, 1.0)),
        requirements=tuple(
            replace(requirement, because=HOSTILE) for requirement in PRODUCT.requirements
        ),
    )
    limit = Limit(Side.MAX_DROP, 0.02, HOSTILE, HOSTILE)
    evidence = Measured(
        0.0, -0.1, 0.1, 0.5, 0.5, 10, HOSTILE, method=HOSTILE, assumptions=(HOSTILE,)
    )
    need = Need(HOSTILE, 10, assumed=(HOSTILE,))
    attacked = verdict(
        HOSTILE, HOSTILE, limit, OPEN, evidence, HOSTILE, at(HOSTILE, HOSTILE), need=need
    )
    missing = replace(attacked, evidence=NotMeasured(HOSTILE), tier=Tier.ADVISORY)
    about = About(HOSTILE, HOSTILE, HOSTILE, HOSTILE, better=HOSTILE, unit=HOSTILE)
    judgement = Judgement(
        product=HOSTILE,
        outcome=OPEN,
        set=HOSTILE,
        subject=Subject(SubjectKind.READER, HOSTILE, HOSTILE),
        version=HOSTILE,
        verdicts=(attacked, missing),
        population=Population(10, 5, 5, 5, 5, ((f"OUT_OF_SCOPE:{HOSTILE}", 2), (HOSTILE, 3))),
        fingerprints={HOSTILE: HOSTILE},
        notes=(HOSTILE,),
        paths=(Path(HOSTILE, HOSTILE, HOSTILE, Amount(1.0, HOSTILE), write=HOSTILE),),
        pictures=_pictures(HOSTILE),
    )
    plan = planned(PlannedCell(HOSTILE, HOSTILE, WHOLE, Tier.CRITICAL, limit, None, need, 9, 9, 9))
    rung = NotFitted(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    ladder = Ladder(HOSTILE, False, 1, 9, (rung,), HOSTILE, HOSTILE, (HOSTILE,))
    return judgement, product, {HOSTILE: about}, Beside(plan, "", ladder)


def _pictures(name: str) -> Pictures:
    share = Share(1, 4, 0.1, 0.9)
    span = Span(1.0, 0.5, 2.0)
    return Pictures(
        0.95,
        0.5,
        tuple(Mistakes(who, share, share, share, share) for who in ("", name)),
        roc=Roc((0.0, 1.0), (0.0, 1.0), 4, 4, share, share, 0.1, 0.1),
        costs=CostCurve((0.1,), (1.0,), span, (0.5,), (2.0,), (Price(name, span),)),
        without=(("reliability", name), ("bounds", name), ("band", name)),
    )


every_sample = pytest.mark.parametrize("judgement", SAMPLES.values(), ids=SAMPLES)
