"""A judgement as JSON: programs can rely on its keys, and nothing is lost on the way back."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.errors import BadInput, ExitCode
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.need import Need
from roadworthy.core.path import Amount, Path
from roadworthy.core.requirement import WHOLE, Limit, Side, Slice, SliceKey, Tier
from roadworthy.core.subject import Subject, SubjectKind
from roadworthy.core.verdict import Judgement, Outcome, Population, Verdict
from roadworthy.io.judgement_json import from_json, to_json

KEYS = ["schema", "product", "outcome", "set", "subject", "version", "verdicts", "paths"]
VERDICT_KEYS = [
    "requirement",
    "metric",
    "slice",
    "tier",
    "limit",
    "outcome",
    "estimate",
    "low",
    "high",
    "p_pass",
    "p_fail",
    "n",
    "confidence",
    "effective_confidence",
    "method",
    "reason",
    "needs",
]
NUMBERS = ("estimate", "low", "high", "p_pass", "p_fail", "n")

texts = st.text(max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
shares = st.floats(0, 1)
counts = st.integers(0, 10**12)
maybe_counts = st.none() | counts
levels = texts | st.integers() | numbers | st.booleans()
low_ends = st.just(-math.inf) | numbers
high_ends = st.just(math.inf) | numbers

keys = (
    st.builds(SliceKey, texts)
    | st.builds(SliceKey, texts, value=levels)
    | st.builds(SliceKey, texts, range=st.tuples(low_ends, high_ends))
)
slices = st.lists(keys, max_size=3, unique_by=lambda key: key.column).map(
    lambda found: Slice(tuple(found))
)
measurements = st.builds(
    Measured,
    estimate=numbers,
    low=st.none() | numbers,
    high=st.none() | numbers,
    p_pass=shares,
    p_fail=shares,
    n=counts,
    of=texts,
    method=texts,
    assumptions=st.lists(texts, max_size=2).map(tuple),
)
needs = st.builds(
    Need,
    of=texts,
    at_target=maybe_counts,
    at_observed=maybe_counts,
    without_error=maybe_counts,
    never=st.none() | texts,
    among=st.none() | texts,
    assumed=st.lists(texts, max_size=2).map(tuple),
)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    evidence = draw(measurements | st.builds(NotMeasured, texts))
    missing = isinstance(evidence, NotMeasured)
    return Verdict(
        requirement=draw(texts),
        metric=draw(texts),
        slice=draw(slices),
        tier=draw(st.sampled_from(Tier)),
        limit=Limit(
            draw(st.sampled_from(Side)), draw(numbers), draw(texts), draw(st.none() | texts)
        ),
        outcome=Outcome.INCONCLUSIVE if missing else draw(st.sampled_from(Outcome)),
        evidence=evidence,
        confidence=draw(shares),
        effective_confidence=draw(shares),
        reason=draw(texts),
        need=draw(st.none() | needs),
        target=draw(st.none() | numbers),
    )


@st.composite
def judgements(draw: st.DrawFn) -> Judgement:
    found = tuple(draw(st.lists(verdicts(), max_size=3)))
    gating = [verdict.outcome for verdict in found if verdict.tier is Tier.CRITICAL]
    outside = st.lists(st.tuples(texts, counts), max_size=2).map(tuple)
    costs = st.none() | st.builds(Amount, numbers, texts)
    said = st.lists(texts, max_size=2).map(tuple)
    path = st.builds(
        Path,
        *(texts, texts, texts, costs, said, st.booleans(), texts, costs),
        st.none() | counts,
        settles=st.booleans(),
        proof=texts,
    )
    paths = st.lists(path, max_size=2)
    return Judgement(
        product=draw(texts),
        outcome=Outcome.worst(gating),
        set=draw(texts),
        subject=Subject(draw(st.sampled_from(SubjectKind)), draw(texts), draw(texts)),
        version=draw(texts),
        verdicts=found,
        population=Population(
            draw(counts), draw(maybe_counts), 0, 0, draw(maybe_counts), draw(outside)
        ),
        fingerprints=draw(st.dictionaries(texts, texts, max_size=2)),
        notes=tuple(draw(st.lists(texts, max_size=2))),
        paths=tuple(draw(paths)),
    )


SEEN = Measured(0.95, 0.92, 0.98, 0.01, 0.99, 200, "positives", "exact", ("fair sample",))
FINDS = Verdict(
    requirement="finds",
    metric="sensitivity",
    slice=WHOLE,
    tier=Tier.CRITICAL,
    limit=Limit(Side.AT_LEAST, 0.9),
    outcome=Outcome.PASS,
    evidence=SEEN,
    confidence=0.95,
    effective_confidence=0.95,
    reason="shown",
)
JUDGEMENT = Judgement(
    product="triage",
    outcome=Outcome.PASS,
    set="sealed",
    subject=Subject(SubjectKind.PRODUCT, "v3", "ab12"),
    version="0.1.0",
    verdicts=(FINDS,),
    population=Population(1000, None, 990, 10, 200, (("OUT_OF_SCOPE:age", 10),)),
)


def only_verdict(verdict: Verdict) -> dict[str, Any]:
    stored: dict[str, Any] = to_json(replace(JUDGEMENT, verdicts=(verdict,)))["verdicts"][0]
    return stored


@given(judgements())
def test_what_is_written_reads_back_the_same_also_through_text(judgement: Judgement) -> None:
    text = json.dumps(to_json(judgement), allow_nan=False)
    assert from_json(json.loads(text)) == judgement


@given(judgements())
def test_the_promised_keys_come_first_and_in_order(judgement: Judgement) -> None:
    stored = to_json(judgement)
    assert list(stored)[:8] == KEYS
    assert all(list(verdict)[: len(VERDICT_KEYS)] == VERDICT_KEYS for verdict in stored["verdicts"])


def test_a_measured_verdict_is_written_in_full() -> None:
    limit = Limit(Side.MAX_DROP, 0.02, "", "reader")
    need = Need("positives", 312, None, 59)
    verdict = replace(FINDS, limit=limit, need=need, outcome=Outcome.INCONCLUSIVE)
    stored = only_verdict(verdict)
    assert stored["limit"] == {"side": "max_drop", "value": 0.02, "unit": "", "against": "reader"}
    assert [stored[name] for name in NUMBERS] == [0.95, 0.92, 0.98, 0.01, 0.99, 200]
    assert {"of": "positives", "at_target": 312, "at_observed": None}.items() <= stored[
        "needs"
    ].items()


def test_a_limit_without_a_comparison_has_no_against() -> None:
    assert only_verdict(FINDS)["limit"] == {"side": "at_least", "value": 0.9, "unit": ""}


def test_what_was_not_measured_has_no_number_at_all() -> None:
    stored = only_verdict(
        replace(FINDS, outcome=Outcome.INCONCLUSIVE, evidence=NotMeasured("no case was timed"))
    )
    assert all(stored[name] is None for name in (*NUMBERS, "method"))
    assert stored["not_measured"] == "no case was timed"


def test_a_slice_names_a_value_a_range_or_what_is_missing() -> None:
    part = Slice(
        (
            SliceKey("vendor", "B"),
            SliceKey("age", range=(40, math.inf)),
            SliceKey("density"),
        )
    )
    assert only_verdict(replace(FINDS, slice=part))["slice"] == {
        "vendor": {"value": "B"},
        "age": {"range": [40, None]},
        "density": {"missing": True},
    }
    assert only_verdict(FINDS)["slice"] is None


def test_an_endless_bound_is_null_and_means_no_bound() -> None:
    stored = only_verdict(replace(FINDS, evidence=replace(SEEN, low=-math.inf, high=math.inf)))
    assert (stored["low"], stored["high"]) == (None, None)


@pytest.mark.parametrize(
    "broken",
    [
        replace(FINDS, limit=Limit(Side.AT_MOST, math.nan)),
        replace(FINDS, slice=Slice((SliceKey("a", 1), SliceKey("a", 2)))),
    ],
)
def test_what_json_cannot_say_is_refused_and_never_bent(broken: Verdict) -> None:
    with pytest.raises(ValueError, match=r"infinite|inf|nan|twice"):
        only_verdict(broken)


def test_keys_that_a_later_version_adds_are_passed_over() -> None:
    stored = to_json(replace(JUDGEMENT, verdicts=(replace(FINDS, need=Need("positives", 9)),)))
    read = from_json(stored)
    for part in (
        stored,
        stored["population"],
        stored["verdicts"][0],
        stored["verdicts"][0]["needs"],
    ):
        part["later"] = True
    assert from_json(stored) == read


def edited(**changes: object) -> dict[str, Any]:
    return {**to_json(JUDGEMENT), **changes}


@pytest.mark.parametrize(
    "stored",
    [
        edited(schema=2),
        {},
        edited(verdicts="none"),
        edited(verdicts=[{}]),
        edited(subject=None),
        edited(outcome="YES"),
        edited(population={"cases": 1}),
    ],
)
def test_a_file_that_is_no_judgement_is_bad_input_with_a_next_step(stored: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        from_json(stored)
    assert caught.value.exit_code is ExitCode.BAD_INPUT
    assert caught.value.next_step


def test_a_failing_judgement_cannot_be_edited_into_a_pass() -> None:
    failed = replace(
        JUDGEMENT, outcome=Outcome.FAIL, verdicts=(replace(FINDS, outcome=Outcome.FAIL),)
    )
    stored = {**to_json(failed), "outcome": "PASS"}
    with pytest.raises(BadInput, match="The product says PASS, and its gating verdicts say FAIL"):
        from_json(stored)


def test_a_pass_that_nobody_measured_is_refused() -> None:
    unmeasured = replace(FINDS, evidence=NotMeasured("no case was timed"))
    with pytest.raises(BadInput, match="nothing was measured"):
        from_json(to_json(replace(JUDGEMENT, verdicts=(unmeasured,))))


def test_a_pass_without_any_gating_verdict_is_refused() -> None:
    with pytest.raises(BadInput, match="its gating verdicts say INCONCLUSIVE"):
        from_json(to_json(replace(JUDGEMENT, verdicts=())))
