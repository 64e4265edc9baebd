"""The dossier: people who must sign understand it, and nothing in it can lie, leak or break."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path as File
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.instrument import About
from roadworthy.core.need import Need
from roadworthy.core.parameters import NoParameters
from roadworthy.core.path import Amount, Path
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
    Split,
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
from roadworthy.io import dossier, telling
from roadworthy.io.dossier import plots
from roadworthy.io.dossier.page import page as told
from roadworthy.io.judgement_json import from_json, to_json

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
            4210, 3988, 4102, 2490, 203, (("SCOPE:age", 96), ("MISSING:age", 12))
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
    return dossier.render(judgement, product, ABOUTS, made=MADE)


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
        population=Population(10, 5, 5, 5, 5, ((f"SCOPE:{HOSTILE}", 2), (HOSTILE, 3))),
        fingerprints={HOSTILE: HOSTILE},
        notes=(HOSTILE,),
        paths=(Path(HOSTILE, HOSTILE, HOSTILE, Amount(1.0, HOSTILE)),),
    )
    plan = planned(PlannedCell(HOSTILE, HOSTILE, WHOLE, Tier.CRITICAL, limit, None, need, 9, 9, 9))
    return dossier.render(judgement, product, {HOSTILE: about}, plan)


every_sample = pytest.mark.parametrize("judgement", SAMPLES.values(), ids=SAMPLES)


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


class TestWhatItSays:
    """What a person takes away is what was shown, and no more."""

    def test_a_pass_that_its_verdicts_do_not_carry_is_never_printed(self) -> None:
        with pytest.raises(ValueError, match="says PASS and its gating verdicts FAIL"):
            rendered(replace(FAILED, outcome=PASS))

    def test_a_sealed_pass_says_what_the_answer_covers(self) -> None:
        text = Outline(rendered(PASSED)).text
        assert "All 3 required checks are shown to hold, on sealed cases." in text
        assert "Open data" not in text

    def test_a_pass_on_open_data_is_never_told_as_the_proof(self) -> None:
        text = Outline(rendered(replace(PASSED, set="validation"))).text
        assert "so far only on open cases" in text
        assert "it is not the final proof" in text

    def test_a_fail_names_the_check_that_decides_and_what_stays_open(self) -> None:
        answer = told(FAILED, PRODUCT, ABOUTS, None, None).answer
        assert answer.why == "1 of 6 required checks is shown not to hold; 2 more are open."
        assert answer.deciding == (
            "Sensitivity at least 0.90 (vendor: B). "
            "At most 0.811 of the cancers are found, and 0.90 is required.",
        )

    def test_an_open_question_says_what_would_settle_it(self) -> None:
        answer = told(UNSETTLED, PRODUCT, ABOUTS, None, None).answer
        assert answer.next == (
            "A fresh set with 203 positives would show it with a probability of 80\xa0%, "
            "if the product is as good as its target.",
        )

    def test_many_deciding_checks_are_counted_not_hidden(self) -> None:
        (first, *_) = UNSETTLED.verdicts
        many = replace(
            UNSETTLED, verdicts=tuple(replace(first, slice=at("site", i)) for i in range(9))
        )
        answer = told(many, PRODUCT, ABOUTS, None, None).answer
        assert len(answer.deciding) + answer.unnamed == 9

    def test_a_judgement_of_nothing_says_so(self) -> None:
        text = Outline(rendered(replace(UNSETTLED, verdicts=()))).text
        assert "Nothing that gates the product was judged." in text
        assert "No requirement gates this product" in text

    def test_advisory_verdicts_stand_apart_and_say_why_they_do_not_gate(self) -> None:
        text = Outline(rendered(FAILED)).text
        gating, advisory = text.split("For information: these do not gate")
        assert "Seven cancers" not in gating
        assert "Fewer than 2 % of the cases are of this kind." in advisory
        assert "Declared advisory." in advisory

    def test_a_group_shows_the_worst_of_its_slices_and_never_only_the_whole_set(self) -> None:
        finds = told(FAILED, PRODUCT, ABOUTS, None, None).gating[0]
        assert (finds.outcome, finds.shown) == (FAIL, "at most 0.811 (vendor: B)")

    def test_a_slice_with_its_own_limit_says_so(self) -> None:
        part = replace(
            PASSED.verdicts[0], slice=at("density", "dense"), limit=Limit(Side.AT_LEAST, 0.85)
        )
        judgement = replace(PASSED, verdicts=(*PASSED.verdicts, part))
        assert "The limit here at least 0.85." in Outline(rendered(judgement)).text

    def test_what_was_not_measured_has_no_number(self) -> None:
        (cell,) = told(FAILED, PRODUCT, ABOUTS, None, None).gating[3].cells
        assert (cell.n, cell.estimate, cell.bounds) == ("none", "", "")
        assert "not measured" in cell.plot
        assert "No case was timed" in cell.reason

    def test_few_cases_are_said_plainly(self) -> None:
        assert "Only 7 positives" in Outline(rendered(FAILED)).text

    def test_a_stricter_confidence_is_explained(self) -> None:
        text = Outline(rendered(FAILED)).text
        assert "must be shown with 95 % confidence; each bound is computed at 97.5 %" in text

    def test_every_metric_is_explained_once_and_every_method_with_what_it_assumes(self) -> None:
        _, meaning = Outline(rendered(FAILED)).text.split("What the numbers mean")
        for metric in ("sensitivity", "automation", "latency_p99_ms", "expected_cost"):
            assert meaning.count(ABOUTS[metric].formula) == 1
            assert meaning.count(ABOUTS[metric].definition) == 1
            assert ABOUTS[metric].source in meaning
        assert meaning.count(f"{EXACT} Used for finds-cancers, spares-readers.") == 1
        assert INDEPENDENT[0] in meaning

    def test_a_metric_whose_plug_in_is_gone_is_still_shown(self) -> None:
        text = Outline(dossier.render(PASSED, PRODUCT, {})).text
        assert "Latency p99 ms at most 50 ms" in text
        assert "Its plug-in is not installed here." in text

    def test_the_cases_their_scope_and_the_costs_are_told(self) -> None:
        text = Outline(rendered(FAILED)).text
        for said in (
            PRODUCT.data.cohort,
            "Out of scope: age is not within 40 to 80, both included 96",
            "Out of scope: age is not recorded 12",
            "vendor A, B goes to a person stays in scope",
            "differs by case (column loss), at most 20,000 EUR",
            "A score from 0.20 to below 0.60 is too doubtful and goes to a person.",
            "is left out of the rates",
            "Automation depends on how common positives are (taken as 0.6 %).",
            "12 cases without an age were sent to a person.",
            "leave vendor B out of the scope",
        ):
            assert said in text

    def test_what_nobody_wrote_down_is_said(self) -> None:
        bare = Product("bare", Data(("x.csv",), "y", prevalence="as_sampled"), ())
        text = Outline(rendered(FAILED, bare)).text
        assert "Nobody has written down who these cases are" in text
        assert "No scope was declared" in text
        assert "(taken as in these cases)" in text

    def test_a_newest_or_left_out_part_is_not_called_the_same_collection(self) -> None:
        newest = replace(PRODUCT, data=replace(PRODUCT.data, split=Split(by="date")))
        assert "the same collection" in rendered(PASSED)
        assert "the same collection" not in rendered(PASSED, newest)

    def test_the_plan_stands_beside_what_was_judged(self) -> None:
        finds = Need("positives", 203)
        never = Need("timings", never="no timer")
        gates = Tier.CRITICAL
        plan = planned(
            PlannedCell("finds-cancers", "s", WHOLE, gates, FINDS, 0.95, finds, 263, 9000, 203),
            PlannedCell("fast", "l", WHOLE, gates, FAST, None, never, None, None, None),
        )
        text = Outline(dossier.render(PASSED, PRODUCT, ABOUTS, plan)).text
        assert "finds-cancers All cases 263 positives 203 positives" in text
        assert "fast All cases no timer 2,000 timings" in text


class TestHostileText:
    """Names come from files and plug-ins: they are shown and do nothing."""

    def test_no_element_comes_from_a_name(self) -> None:
        page = hostile()
        found = Outline(page)
        assert not found.all("script") and not found.all("img")
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page

    def test_no_control_or_direction_character_survives(self) -> None:
        assert not re.search("[\x00\x1b\u202a-\u202e\u2066-\u2069]", hostile())

    def test_a_name_is_no_template(self) -> None:
        assert "{{ 7*7 }}" in hostile()

    def test_right_to_left_names_stay_readable(self) -> None:
        assert "בדיקה" in rendered(replace(PASSED, product="בדיקה"))

    def test_a_surrogate_does_not_stop_the_page_from_being_saved(self) -> None:
        rendered(replace(PASSED, product="x\ud800")).encode("utf-8")


class TestNumbers:
    """Rounding is for reading, and never changes the answer."""

    @given(
        st.floats(-1e12, 1e12),
        st.floats(-1e12, 1e12),
        st.sampled_from([telling.NEAREST, telling.DOWN, telling.UP]),
    )
    def test_a_rounded_number_stays_on_its_side_of_the_limit(
        self, value: float, limit: float, rounding: str
    ) -> None:
        shown = read_back(telling.number(value, apart=(limit,), rounding=rounding))
        assert (shown > limit) == (value > limit)
        assert (shown < limit) == (value < limit)

    def test_a_value_at_its_limit_reads_as_the_limit(self) -> None:
        assert telling.number(0.9004, apart=(0.9004,)) == telling.exact(0.9004) == "0.9004"

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_a_bound_is_rounded_away_from_the_claim(self, value: float) -> None:
        assert read_back(telling.number(value, rounding=telling.DOWN)) <= value
        assert read_back(telling.number(value, rounding=telling.UP)) >= value

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_a_limit_is_shown_exactly(self, value: float) -> None:
        assert read_back(telling.exact(value)) == value

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (0.9, "0.900"),
            (0.99962, "0.9996"),
            (1.0, "1"),
            (0.0, "0"),
            (0.0042, "0.0042"),
            (-0.0231, f"{telling.MINUS}0.023"),
            (3.17e-5, "3.2e-5"),
            (12047.3, "12,047"),
            (2.748e11, "2.7e11"),
            (math.inf, "∞"),
        ],
    )
    def test_numbers_read_well(self, value: float, shown: str) -> None:
        assert telling.number(value) == shown

    def test_a_comparison_is_told_as_better_or_worse(self) -> None:
        drop = Limit(Side.MAX_DROP, 0.02, against="reader")
        measured = seen(0.0, -0.0231, 0.0102, 200)
        assert telling.estimate(measured, drop) == "no difference"
        assert telling.bounds(measured, drop) == "worse by 0.024 to better by 0.011"

    @pytest.mark.parametrize(
        ("limit", "shown"),
        [
            (Limit(Side.AT_LEAST, 0.9), "Recall at least 0.90"),
            (Limit(Side.AT_MOST, 50, "ms"), "Recall at most 50\xa0ms"),
            (Limit(Side.AT_MOST, 1e-9), "Recall at most 1e-9"),
            (Limit(Side.MAX_DROP, 0.02, against="B"), "Recall at most 0.02 worse than B"),
            (Limit(Side.MAX_DROP, 0, against="B"), "Recall not worse than B"),
            (Limit(Side.MIN_GAIN, 0.1, against="B"), "Recall at least 0.10 better than B"),
        ],
    )
    def test_a_limit_is_told_in_words(self, limit: Limit, shown: str) -> None:
        assert telling.promise("Recall", limit) == shown

    def test_open_ends_are_told(self) -> None:
        assert telling.pinned(SliceKey("age", range=(-math.inf, 40))) == "age below 40"
        assert telling.pinned(SliceKey("age", range=(70, math.inf))) == "age 70 and above"
        assert telling.bounds(seen(0.5, None, None, 3), FINDS) == "no bound on either side"
        assert telling.bounds(seen(0.5, None, 0.6, 3), FINDS) == "no lower bound; up to 0.600"

    def test_a_need_that_can_never_be_met_says_why(self) -> None:
        assert telling.needs(Need("cases", 10, never="the limit is 1"), 0.8) == (
            "This can never be shown: the limit is 1.",
        )


def read_back(text: str) -> float:
    return float(text.replace(telling.MINUS, "-").replace(",", ""))


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
