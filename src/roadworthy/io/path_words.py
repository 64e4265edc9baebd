"""Paths to yes in words, and in the lines of product.yaml that they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from roadworthy.core.evidence import Measured
from roadworthy.core.lever import Fresh
from roadworthy.core.policy import Policy, Referred
from roadworthy.core.product import Product, ScopeRule
from roadworthy.core.requirement import Tier
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import telling

SELECTED = "chosen on the very cases it was judged on, so it proves nothing yet"
LONGEST = 4


def gating(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts that gate the product."""
    return [verdict for verdict in verdicts if verdict.tier is Tier.CRITICAL]


def still_open(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The gating verdicts that are no PASS."""
    return [verdict for verdict in gating(verdicts) if verdict.outcome is not Outcome.PASS]


def name(verdict: Verdict) -> str:
    """The requirement, and its slice when it has one."""
    return f"{verdict.requirement} [{verdict.slice}]" if verdict.slice.keys else verdict.requirement


def seen(verdict: Verdict) -> str:
    """What a verdict rests on: "finds 0.93 (bound 0.905) on 300 positives"."""
    evidence = verdict.evidence
    if not isinstance(evidence, Measured):
        return f"{name(verdict)} not measured"
    estimate = telling.estimate(evidence, verdict.limit)
    bound = telling.worse_bound(evidence, verdict.limit)
    told = f"{name(verdict)} {estimate}"
    if bound != estimate:
        told += f" (bound {bound})"
    return f"{told} on {telling.count(evidence.n)} {evidence.of}"


def seen_of(verdicts: Sequence[Verdict]) -> str:
    """What the gating verdicts rest on, those that are open first."""
    ranked = sorted(gating(verdicts), key=lambda v: v.outcome is Outcome.PASS)
    told = [seen(verdict) for verdict in ranked[:LONGEST]]
    more = len(ranked) - LONGEST
    return "; ".join([*told, *([f"and {more} more"] if more > 0 else [])])


def traded(before: Sequence[Verdict], after: Sequence[Verdict]) -> str:
    """How each gating estimate moves: "finds 0.88 → 0.94; spares 0.71 → 0.62"."""
    was = {(v.requirement, v.slice): v for v in gating(before)}
    moved = []
    for verdict in gating(after):
        old = was.get((verdict.requirement, verdict.slice))
        if old is None or not isinstance(old.evidence, Measured):
            continue
        if not isinstance(verdict.evidence, Measured):
            moved.append(f"{name(verdict)} can no longer be measured")
        elif old.evidence.estimate != verdict.evidence.estimate:
            start = telling.estimate(old.evidence, old.limit)
            end = telling.estimate(verdict.evidence, verdict.limit)
            moved.append(f"{name(verdict)} {start} → {end}")
    return "; ".join(moved)


def outcome_of(verdicts: Sequence[Verdict]) -> str:
    """Which gating requirements these open cases then show."""
    left = still_open(verdicts)
    if not left:
        return "on these open cases every requirement is then met"
    shown = len(gating(verdicts)) - len(left)
    names = ", ".join(f"{name(v)} ({v.outcome})" for v in left)
    return f"on these open cases {shown} of {len(gating(verdicts))} are then met; open: {names}"


def proof(fresh: Fresh) -> str:
    """How many fresh cases would prove it, in one clause."""
    if fresh.cases is None:
        return f"fresh cases must prove it; how many cannot be said: {fresh.why}"
    chance = telling.percent(fresh.power)
    among = kinds(fresh)
    told = f"{telling.count(fresh.cases)} fresh cases{among} prove it with a probability of {chance}"
    if fresh.at_target:
        told += f", if {' and '.join(fresh.at_target)} reach their targets"
    if fresh.sealed and not fresh.more:
        return f"{told}; the sealed set has {telling.count(fresh.sealed)}"
    if fresh.sealed:
        return f"{told}; the sealed set has only {telling.count(fresh.sealed)}"
    return told


def kinds(fresh: Fresh) -> str:
    """What must be among the fresh cases: " (142 positives, 140 negatives)"."""
    most: dict[tuple[str, str], int] = {}
    for kind in fresh.kinds:
        if kind.of != "cases" or kind.where:
            key = (kind.of, kind.where)
            most[key] = max(most.get(key, 0), kind.count)
    told = [
        f"{telling.count(count)} {of}" + (f" of {where}" if where else "")
        for (of, where), count in sorted(most.items(), key=lambda item: -item[1])
    ]
    more = len(told) - LONGEST
    shown = [*told[:LONGEST], *([f"and {more} more kinds"] if more > 0 else [])]
    return f" (with {', '.join(shown)})" if shown else ""


def decision(product: Product, policy: Policy, referred: Referred | None) -> str:
    """The line of product.yaml that fixes a policy, with every digit that it hangs on."""
    words: dict[str, Any] = {"threshold": float(policy.threshold)}
    if policy.refer_between is not None:
        words["refer_between"] = [float(end) for end in policy.refer_between]
    counted = referred or product.decision.referred
    if counted is not None:
        words["referred"] = str(counted)
    return _line({"decision": words})


def scope(rules: Sequence[ScopeRule]) -> str:
    """The line of product.yaml with all scope rules."""
    return _line({"scope": [_rule(rule) for rule in rules]})


def _rule(rule: ScopeRule) -> dict[str, Any]:
    words: dict[str, Any] = {"field": rule.field}
    if rule.between is not None:
        words["between"] = list(rule.between)
    else:
        words["in"] = list(rule.levels or ())
    if rule.missing == "accept":
        words["missing"] = "accept"
    return words


def _line(words: dict[str, Any]) -> str:
    (key, value), *_ = words.items()
    # one line, with text quoted where YAML would read something else
    flow = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6)
    return f"{key}: {flow.strip()}"
