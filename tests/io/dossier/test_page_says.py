"""What the page says: never more than was shown, and never less than was judged."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.io.dossier.samples import (
    ABOUTS,
    EXACT,
    FAIL,
    FAILED,
    FAST,
    FINDS,
    INDEPENDENT,
    PASS,
    PASSED,
    PRODUCT,
    UNSETTLED,
    Outline,
    at,
    planned,
    rendered,
)

from roadworthy.core.need import Need
from roadworthy.core.plan import PlannedCell
from roadworthy.core.product import (
    Data,
    Product,
    Split,
)
from roadworthy.core.requirement import (
    WHOLE,
    Limit,
    Side,
    Tier,
)
from roadworthy.io import dossier
from roadworthy.io.dossier.page import Beside
from roadworthy.io.dossier.page import page as told


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
        answer = told(FAILED, PRODUCT, ABOUTS, Beside()).answer
        assert answer.why == "1 of 6 required checks is shown not to hold; 2 more are open."
        assert answer.deciding == (
            "Sensitivity at least 0.90 (vendor: B). "
            "At most 0.811 of the cancers are found, and 0.90 is required.",
        )

    def test_an_open_question_says_what_would_settle_it(self) -> None:
        answer = told(UNSETTLED, PRODUCT, ABOUTS, Beside()).answer
        assert answer.next == (
            "A fresh set with 203 positives would show it with a probability of 80\xa0%, "
            "if the product is as good as its target.",
        )

    def test_many_deciding_checks_are_counted_not_hidden(self) -> None:
        (first, *_) = UNSETTLED.verdicts
        many = replace(
            UNSETTLED, verdicts=tuple(replace(first, slice=at("site", i)) for i in range(9))
        )
        answer = told(many, PRODUCT, ABOUTS, Beside()).answer
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
        finds = told(FAILED, PRODUCT, ABOUTS, Beside()).gating[0]
        assert (finds.outcome, finds.shown) == (FAIL, "at most 0.811 (vendor: B)")

    def test_a_slice_with_its_own_limit_says_so(self) -> None:
        part = replace(
            PASSED.verdicts[0], slice=at("density", "dense"), limit=Limit(Side.AT_LEAST, 0.85)
        )
        judgement = replace(PASSED, verdicts=(*PASSED.verdicts, part))
        assert "The limit here at least 0.85." in Outline(rendered(judgement)).text

    def test_what_was_not_measured_has_no_number(self) -> None:
        (cell,) = told(FAILED, PRODUCT, ABOUTS, Beside()).gating[3].cells
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
        text = Outline(dossier.render(PASSED, PRODUCT, ABOUTS, Beside(plan))).text
        assert "finds-cancers All cases 263 positives 203 positives" in text
        assert "fast All cases no timer 2,000 timings" in text
