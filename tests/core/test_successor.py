"""A set demands a successor for reasons that are told, and for no others."""

from __future__ import annotations

from datetime import date

import pytest

from roadworthy.core.renewal import Renewal
from roadworthy.core.successor import Facts, Ground, Moved, NewKind, successor

TODAY = date(2026, 11, 25)
RULES = Renewal(fresh_for=365, new_kind=0.05, moved_by=0.1)
FRESH = Facts(looks_left=2, looks=5, made=date(2026, 1, 1), scope_then="a", scope_now="a")


def grounds(facts: Facts, rules: Renewal = RULES) -> list[Ground]:
    return [reason.ground for reason in successor(facts, rules, TODAY)]


def test_a_fresh_set_needs_none() -> None:
    assert grounds(FRESH) == []


def test_nothing_known_is_no_reason() -> None:
    assert grounds(Facts()) == []


@pytest.mark.parametrize(
    ("facts", "ground"),
    [
        (Facts(looks_left=0, looks=5), Ground.BUDGET),
        (Facts(made=date(2025, 11, 24)), Ground.AGE),
        (Facts(scope_then="a", scope_now="b"), Ground.SCOPE),
        (Facts(scope_changes=("the scope lets in vendor C",)), Ground.SCOPE),
        (Facts(kinds=(NewKind("vendor", "C", 60, 0.06),)), Ground.KIND),
        (Facts(moved=(Moved("age", 0.2, 0.001),)), Ground.MOVED),
    ],
)
def test_each_fact_is_a_reason(facts: Facts, ground: Ground) -> None:
    assert grounds(facts) == [ground]


@pytest.mark.parametrize(
    "facts",
    [
        Facts(made=date(2025, 11, 25)),
        Facts(kinds=(NewKind("vendor", "C", 50, 0.05),)),
        Facts(moved=(Moved("age", 0.09, 0.001),)),
        Facts(moved=(Moved("age", 0.2, 0.06),)),
        Facts(scope_then="a"),
    ],
)
def test_what_stays_within_the_rules_is_none(facts: Facts) -> None:
    assert grounds(facts) == []


def test_without_a_rule_no_set_is_too_old() -> None:
    assert grounds(Facts(made=date(1990, 1, 1)), Renewal()) == []


def test_reasons_name_their_numbers() -> None:
    facts = Facts(looks_left=0, looks=1, kinds=(NewKind("vendor", "C", 60, 0.06),))
    told = [reason.told for reason in successor(facts, RULES, TODAY)]
    assert told == [
        "its one look is spent",
        "vendor C is 6.0% of recent traffic (60 cases), and the set holds none",
    ]
