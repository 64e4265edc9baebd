"""Plain words: mistakes as people count them, and no number that nobody measured."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.io.dossier.pictures import OURS, PICTURES, READER, at_prevalence, with_pictures
from tests.io.dossier.samples import ABOUTS, FAILED, PASSED, UNSETTLED, Outline, rendered

from roadworthy.core.picture import Errors, Pictures, Share, Span, Wrong
from roadworthy.core.product import Prevalence, Product
from roadworthy.core.verdict import Judgement
from roadworthy.io.dossier import Beside
from roadworthy.io.dossier.page import page
from roadworthy.io.dossier.plain import Plain


def plain(judgement: Judgement, product: Product) -> Plain:
    return page(judgement, product, ABOUTS, Beside()).plain


def told(found: Plain) -> list[tuple[str, ...]]:
    return [(row.who, *(f"{c.seen} {c.between}" for c in row.counts)) for row in found.rows]


def test_as_sampled_it_is_what_was_counted_in_10000_cases() -> None:
    found = plain(with_pictures(), at_prevalence("as_sampled"))
    assert told(found) == [
        ("The product", "80 between 27 and 183", "600 between 430 and 806"),
        ("reader_call", "200 between 110 and 337", "1,200 between 970 and 1,470"),
    ]
    assert "about 4,000 of them are positive" in found.lead
    assert "All lines rest on the same 500 cases." in found.asides


def test_at_a_declared_prevalence_the_classes_are_weighed_by_it() -> None:
    found = plain(with_pictures(), at_prevalence(0.01))
    assert told(found)[0] == ("The product", "2 between 0 and 5", "990 between 712 and 1,327")
    assert "about 100 are positive" in found.lead and "not counted here" in found.lead


def test_without_a_prevalence_nothing_is_told_of_10000_cases() -> None:
    found = plain(with_pictures(), at_prevalence(None))
    assert found.heads == ("Misses, of 1,000 positives", "False alarms, of 1,000 negatives")
    assert told(found)[0][1:] == ("20 between 7 and 46", "100 between 72 and 134")
    assert "10,000" not in " ".join((found.lead, *found.heads, *found.asides))


def test_no_mistake_at_all_is_never_told_as_none() -> None:
    none = replace(OURS, missed=Share(0, 200, 0.0, 0.0149), missed_of_all=Share(0, 500, 0.0, 0.006))
    pictures = replace(PICTURES, mistakes=(none,))
    found = plain(with_pictures(pictures=pictures), at_prevalence("as_sampled"))
    assert told(found)[0][1] == "0 between 0 and 60"
    one = replace(OURS, missed=Share(1, 200, 0.0002, 0.0235))
    found = plain(with_pictures(pictures=replace(PICTURES, mistakes=(one,))), at_prevalence(0.006))
    assert told(found)[0][1] == "fewer than 1 between 0 and 2"


def test_a_bound_that_nobody_can_give_is_said_to_be_missing() -> None:
    bare = replace(OURS, missed_of_all=Share(4, 500))
    pictures = replace(PICTURES, mistakes=(bare,), without=(("bounds", "12 units are too few"),))
    found = plain(with_pictures(pictures=pictures), at_prevalence("as_sampled"))
    assert told(found)[0][1] == "80 no honest range can be given"
    assert any("12 units are too few" in aside for aside in found.asides)


def test_a_class_without_cases_was_not_tested() -> None:
    lone = replace(OURS, missed=Share(0, 0))
    found = plain(with_pictures(pictures=replace(PICTURES, mistakes=(lone,))), at_prevalence(None))
    assert told(found)[0][1] == "not tested there was no such case"


def test_other_tasks_have_their_own_words() -> None:
    wrong = Pictures(0.95, wrong=(Wrong("", Share(5, 100, 0.02, 0.1025)),))
    found = plain(with_pictures(pictures=wrong), at_prevalence("as_sampled"))
    assert told(found) == [("The product", "500 between 200 and 1,025")]
    found = plain(with_pictures(pictures=wrong), at_prevalence(None))
    assert told(found) == [("The product", "50 between 20 and 103")]
    assert "another number holds" in found.lead
    errors = Pictures(0.95, errors=(Errors("", 100, Span(1.4, 1.2, 1.61), Span(3.0, 2.5)),))
    found = plain(with_pictures(pictures=errors), at_prevalence(None))
    assert told(found) == [("The product", "1.40 between 1.20 and 1.61", "3 2.50 or more")]


def test_the_three_answers_are_explained() -> None:
    product = at_prevalence("as_sampled")
    passed, failed, unsettled = (
        " ".join(plain(judgement, product).meaning) for judgement in (PASSED, FAILED, UNSETTLED)
    )
    assert "at most one such test in 20" in passed and "not mean that there are no mista" in passed
    assert "shown not to hold" in failed
    assert "neither yes nor no" in unsettled and "no “almost passed”" in unsettled


def test_what_was_not_tested_is_named_first() -> None:
    found = plain(FAILED, at_prevalence("as_sampled"))
    assert any("no case was timed" in line for line in found.untested)
    assert any("108 cases outside the scope" in line for line in found.untested)
    assert any("2,490 cases that went to a person" in line for line in found.untested)
    assert any("limits are the right ones" in line for line in found.unknowable)


@pytest.mark.parametrize("prevalence", ["as_sampled", 0.006, None])
def test_it_is_the_first_thing_after_the_answer_and_draws_a_hundred_squares_each(
    prevalence: Prevalence | None,
) -> None:
    found = Outline(rendered(with_pictures(), at_prevalence(prevalence)))
    headings = [word for word in found.words if word in ("In plain words", "What is required")]
    assert headings == ["In plain words", "What is required"]
    squares = [svg for svg in found.all("svg") if svg.get("class") == "hundred"]
    assert len(squares) == 4
    of = [r["class"] for r in found.all("rect") if r.get("class") in ("bad", "maybe", "fine")]
    assert len(of) == 400 and of[:100].count("bad") == 2 and of[:100].count("maybe") == 3
    assert READER.name in found.text
