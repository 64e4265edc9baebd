"""Paths to yes in words, and in the lines of product.yaml that they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from roadworthy.core.evidence import Measured
from roadworthy.core.lever import Fresh, OtherRung
from roadworthy.core.policy import Policy, Referred, Triage
from roadworthy.core.product import Calibrate, Change, Product
from roadworthy.core.requirement import Tier
from roadworthy.core.rung import APART
from roadworthy.core.rung import kind as kind_of
from roadworthy.core.scope import AllOf, AnyOf, Condition, OnField, Rule, WhenThen
from roadworthy.core.team import Team
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import ladder_words, telling, train_words

LONGEST = 4
PAYING = (
    "fresh cases, which chose nothing, are judged at the whole alpha; "
    "`roadworthy check` on these goes on dividing it"
)
PERSON = {
    Referred.RIGHT: "the person decides every referred case rightly",
    Referred.WRONG: "the person is counted as wrong on every referred case",
    Referred.EXCLUDED: "the rates speak only of the cases decided without a person; what the "
    "person finds is not counted",
}
ON_PAPER = "people act on the product's calls as the team's rule says, so a PASS is hypothetical"


def gating(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts that gate the product."""
    return [verdict for verdict in verdicts if verdict.tier is Tier.CRITICAL]


def still_open(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The gating verdicts that are no PASS."""
    return [verdict for verdict in gating(verdicts) if verdict.outcome is not Outcome.PASS]


def name(verdict: Verdict) -> str:
    """The requirement, and its slice when it has one."""
    return f"{verdict.requirement} [{verdict.slice}]" if verdict.slice.keys else verdict.requirement


def names(verdicts: Sequence[Verdict]) -> str:
    """The requirements and their slices, the first of many."""
    told = [name(verdict) for verdict in verdicts[:LONGEST]]
    return ", ".join([*told, *_and_more(len(verdicts))])


def wanted(verdicts: Sequence[Verdict]) -> str:
    """What would have to be true: "finds at least 0.90, where 0.62 was seen"."""
    told = []
    for verdict in verdicts[:LONGEST]:
        limit = telling.promise(name(verdict), verdict.limit)
        evidence = verdict.evidence
        if isinstance(evidence, Measured):
            limit += f", where {telling.estimate(evidence, verdict.limit)} was seen"
        told.append(limit)
    return "; ".join([*told, *_and_more(len(verdicts))])


def seen(verdict: Verdict, before: Verdict | None = None) -> str:
    """What a verdict rests on: "finds 0.88 → 0.93 (bound 0.905) on 300 positives"."""
    evidence = verdict.evidence
    if not isinstance(evidence, Measured):
        return f"{name(verdict)} not measured"
    estimate = telling.estimate(evidence, verdict.limit)
    bound = telling.worse_bound(evidence, verdict.limit)
    told = f"{name(verdict)} {estimate}"
    if before is not None and isinstance(before.evidence, Measured):
        was = telling.estimate(before.evidence, before.limit)
        told = told if was == estimate else f"{name(verdict)} {was} → {estimate}"
    if bound != estimate:
        told += f" (bound {bound})"
    return f"{told} on {telling.count(evidence.n)} {evidence.of}"


def seen_of(verdicts: Sequence[Verdict], before: Sequence[Verdict] = ()) -> str:
    """What the gating verdicts rest on, those that are open first."""
    was = {(v.requirement, v.slice): v for v in before}
    ranked = sorted(gating(verdicts), key=lambda v: v.outcome is Outcome.PASS)
    told = [seen(v, was.get((v.requirement, v.slice))) for v in ranked[:LONGEST]]
    return "; ".join([*told, *_and_more(len(ranked))])


def then(before: Sequence[Verdict], after: Sequence[Verdict]) -> str:
    """What open cases show after a change, and how each estimate moves."""
    left = still_open(after)
    told = seen_of(after, before)
    if not left:
        return f"every requirement is met on these open cases: {told}."
    names = ", ".join(f"{name(v)} ({v.outcome})" for v in left)
    shown = len(gating(after)) - len(left)
    return f"{shown} of {len(gating(after))} are met on these open cases, all but {names}: {told}."


def proof(fresh: Fresh, tried: str) -> str:
    """What would prove a choice that was made on the open cases, among ``tried``."""
    start = f"Chosen on these very cases among {tried}, so it proves nothing yet"
    if fresh.cases is None:
        return f"{start}, and fresh cases would not either: {fresh.why}."
    chance = telling.percent(fresh.power)
    told = f"{start}: {telling.count(fresh.cases)} fresh cases{kinds(fresh)} show it with a "
    told += f"probability of {chance}"
    if fresh.at_target:
        told += f", if at their targets: {', '.join(fresh.at_target)}"
    if fresh.sealed:
        only = "only " if fresh.more else ""
        told += f"; the sealed set has {only}{telling.count(fresh.sealed)}"
    return f"{told}."


def kinds(fresh: Fresh) -> str:
    """What must be among the fresh cases: " (with 142 positives, 140 negatives)"."""
    most: dict[tuple[str, str], int] = {}
    for kind in fresh.kinds:
        if kind.of != "cases" or kind.where:
            key = (kind.of, kind.where)
            most[key] = max(most.get(key, 0), kind.count)
    told = [
        f"{telling.count(count)} {of}" + (f" of {where}" if where else "")
        for (of, where), count in sorted(most.items(), key=lambda item: -item[1])
    ]
    return f" (with {', '.join([*told[:LONGEST], *_and_more(len(told))])})" if told else ""


def _and_more(count: int) -> list[str]:
    return [f"and {count - LONGEST} more"] if count > LONGEST else []


def decision(product: Product, policy: Policy, referred: Referred | None) -> str:
    """The line of product.yaml that fixes a policy, with every digit that it hangs on."""
    words: dict[str, Any] = {"threshold": float(policy.threshold)}
    if policy.refer_between is not None:
        words["refer_between"] = [float(end) for end in policy.refer_between]
    counted = referred or product.decision.referred
    if counted is not None:
        words["referred"] = str(counted)
    if product.decision.calibrate is not Calibrate.NONE:
        words["calibrate"] = str(product.decision.calibrate)
    return _line({"decision": words})


def triage(product: Product, before: Triage, after: Triage) -> str:
    """The line of product.yaml that draws certified thresholds in; what they promise stays."""
    said = yaml.safe_load(product.text)["decision"]
    if after.clear_below is not None and after.clear_below != before.clear_below:
        said["clear"] = {**said["clear"], "only_below": float(after.clear_below)}
    if after.flag_above is not None and after.flag_above != before.flag_above:
        said["flag"] = {**said["flag"], "only_above": float(after.flag_above)}
    return _line({"decision": said})


def team(product: Product, other: Team) -> str:
    """The line of product.yaml that says who shares the work, and how."""
    said = yaml.safe_load(product.text).get("team") or {}
    said = {key: value for key, value in said.items() if key != "arbiter"}
    said |= {"reader": other.reader, "rule": str(other.rule)}
    if other.arbiter is not None:
        said["arbiter"] = other.arbiter
    return _line({"team": said})


def rung(product: Product, other: OtherRung) -> str:
    """The lines of product.yaml that make `roadworthy train` keep another rung."""
    lines = [_line({"models": [kind_of(other.rung)]})]
    if len(product.training.samplings) > 1:
        lines.append(_line({"train": _sampled(product, other)}))
    said = yaml.safe_load(product.text)["data"]
    brought = {"score", "prediction"} & set(said)
    if brought:
        # what was brought is no feature of what replaces it, so the features are named
        kept = {key: value for key, value in said.items() if key not in brought}
        # where images are named, so are the other columns
        named = said["features"] if product.data.images else list(other.features)
        lines.append(_line({"data": {**kept, "features": named}}))
    if other.threshold is not None:
        lines.append(_line({"decision": _decision(product, other)}))
    return "\n".join(lines)


def augmented(product: Product, change: Change) -> str:
    """The line of product.yaml that lets nets see training images changed in one more way."""
    said = yaml.safe_load(product.text).get("train") or {}
    return _line({"train": {**said, "augment": [*map(str, product.training.augment), str(change)]}})


def _sampled(product: Product, other: OtherRung) -> dict[str, Any]:
    """What `train:` says, with the one sampling under which the other rung was fitted."""
    slug = other.rung.partition(APART)[2] or product.training.sampling.slug
    rule = next(one for one in product.training.samplings if one.slug == slug)
    return {**yaml.safe_load(product.text)["train"], "sampling": train_words.written(rule)}


def _decision(product: Product, other: OtherRung) -> dict[str, Any]:
    said = yaml.safe_load(product.text).get("decision") or {}
    if said.get("refer_between") == "cost" and other.threshold != "cost":
        # a band is chosen only where the threshold is: the one that was chosen is written down
        del said["refer_between"]
        if other.policy is not None and other.policy.refer_between is not None:
            said["refer_between"] = [float(end) for end in other.policy.refer_between]
    return {**said, "threshold": other.threshold}


def takes(other: OtherRung, present: OtherRung | None) -> str:
    """What it takes to run a model, and how much more than the present one.

    >>> takes(OtherRung("a", "line", "", 91_272, 4, ms=1.26), None)
    '91.3 kB, 1.3 ms a case, 4 columns read'
    """
    was = present or other
    size = f"{ladder_words.size(other.bytes)}{_times(other.bytes, was.bytes)}"
    time = f"{ladder_words.time(other.ms)} a case{_times(other.ms, was.ms)}"
    return f"{size}, {time}, {_columns(other.reads)}"


def _columns(reads: int) -> str:
    return f"{reads} column{'s' * (reads != 1)} read" if reads else "no column read"


def _times(now: float, was: float | None) -> str:
    """How many times as much, where that is worth a word."""
    share = now / was if now and was else 1.0
    return "" if 0.67 < share < 1.5 else f" ({share:.2g} times as much)"


def scope(rules: Sequence[Rule]) -> str:
    """The line of product.yaml with all scope rules."""
    return _line({"scope": [_rule(rule) for rule in rules]})


def _rule(rule: Rule) -> dict[str, Any]:
    words = _condition(rule.condition)
    if rule.missing != "refer":
        words["missing"] = rule.missing
    if rule.outside != "refer":
        words["outside"] = rule.outside
    return words


def _condition(found: Condition) -> dict[str, Any]:
    match found:
        case OnField(field, between=None):
            return {"field": field, "in": list(found.levels or ())}
        case OnField(field, between):
            return {"field": field, "between": list(between or ())}
        case AllOf(parts):
            return {"all_of": [_condition(part) for part in parts]}
        case AnyOf(parts):
            return {"any_of": [_condition(part) for part in parts]}
        case WhenThen(when, then):
            return {"when": _condition(when), "then": _condition(then)}


def _line(words: dict[str, Any]) -> str:
    (key, value), *_ = words.items()
    # one line, with text quoted where YAML would read something else
    flow = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6)
    return f"{key}: {flow.strip()}"
