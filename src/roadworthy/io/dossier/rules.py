"""How the product works, for the page: scope, guard, decision, and what mistakes cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from roadworthy.core.guard import Guard
from roadworthy.core.product import Calibrate, CostMatrix, Costs, Decision, Harm, Product, Task
from roadworthy.core.scope import Rule, ScopeRule
from roadworthy.io import telling

Row = tuple[str, str]

REST = (
    "A case outside any of these leaves the rates. What goes to a person counts as not automated; "
    "what is no case for the product is counted apart."
)
SPEAKS = "All verdicts on cases speak of those that neither the rules nor the guard turn away."


@dataclass(frozen=True)
class Rules:
    """The section, in rows and sentences; what is empty is left out.

    ``scope`` rows hold fields, what is allowed, and what becomes of a case outside, and of one in
    which it is not recorded.
    """

    scope: tuple[tuple[str, str, str, str], ...]
    no_scope: str
    guard: str
    decision: str
    costs: tuple[Row, ...]
    weighed: str
    harms: tuple[Row, ...]
    rest: str = REST
    speaks: str = SPEAKS


def rules(product: Product) -> Rules:
    """What product.yaml says of how cases are decided."""
    costs = product.costs
    return Rules(
        scope=tuple(_scope(rule) for rule in product.scope.rules),
        no_scope="" if product.scope.rules else _no_scope(product.guard),
        guard="" if product.guard is None else _guard(product.guard),
        decision=_decision(product.decision) if product.task is Task.BINARY else "",
        costs=() if costs is None else tuple(_costs(costs)),
        weighed=_weighed(product),
        harms=tuple(row for harm in product.harms for row in _harm(harm)),
    )


def _scope(rule: Rule) -> tuple[str, str, str, str]:
    allowed = (
        telling.allowed(rule) if isinstance(rule, ScopeRule) else telling.condition(rule.condition)
    )
    becomes = telling.what_becomes
    return ", ".join(rule.fields), allowed, becomes(rule.outside), becomes(rule.missing)


def _no_scope(guard: Guard | None) -> str:
    told = "No scope was declared: every case counts as in scope"
    return f"{told}, and nothing keeps unfamiliar cases away." if guard is None else f"{told}."


def _guard(guard: Guard) -> str:
    on = f" on {', '.join(guard.features)}" if guard.features else ""
    told = [
        "A case that the rules let in and that lies too far from the cases the product learnt from "
        f"goes to a person too. How far is measured by {' and '.join(guard.methods)}{on}, and the "
        "largest of these counts. Of cases in scope at most "
        f"{telling.percent(guard.false_alarms_at_most)} may be turned away, at "
        f"{telling.percent(guard.confidence)} confidence."
    ]
    told += [
        f"Of “{one.name}” cases it must turn away at least {telling.percent(one.at_least)}."
        for one in guard.must_detect
    ]
    return " ".join(told)


def _decision(decision: Decision) -> str:
    ratio = decision.cost_ratio
    at = _score(decision.threshold, ratio)
    if decision.triage is not None:
        told = "Certified thresholds decide which scores are cleared or flagged; all others go to "
        told += f"a person.{_drawn_in(decision)}"
    elif isinstance(decision.threshold, str):
        lowest = ", for the lowest cost" if decision.threshold == "cost" else ""
        told = f"The threshold was chosen on the validation set{lowest}, and cases with a score at "
        told += "or above it are flagged."
    else:
        why = ": what the prices say, if a score is the chance of a positive" if ratio else ""
        told = f"Cases with a score of {at} or more are flagged{why}."
    if decision.refer_between is not None:
        low, high = (_score(end, ratio) for end in decision.refer_between)
        told += f" A score from {low} to below {high} is too doubtful and goes to a person."
    elif decision.cheapest_band and not ratio:
        told += " So was the band of scores that goes to a person."
    return f"{told} A case that goes to a person {telling.referred(decision.referred)}."


def _drawn_in(decision: Decision) -> str:
    triage = decision.triage
    assert triage is not None
    told = []
    if triage.only_below is not None:
        told.append(f"only scores below {triage.only_below:.4g} are cleared")
    if triage.only_above is not None:
        told.append(f"only scores above {triage.only_above:.4g} are flagged")
    return f" Of what is certified, {' and '.join(told)}." if told else ""


def _score(value: float | str, worked_out: bool) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.4g}" if worked_out else telling.exact(value)


def _costs(costs: Costs) -> Iterator[Row]:
    unit = costs.unit
    if costs.matrix is not None:
        yield from _matrix(costs.matrix, unit)
        for name, gain in costs.earned:
            yield f"{name}, called so, earns", telling.cost(gain, unit)
    else:
        yield "A missed positive", telling.cost(costs.miss, unit)
        yield "A false alarm", telling.cost(costs.false_alarm, unit)
        yield "A case sent to a person", telling.cost(costs.refer, unit)
        if costs.found:
            yield "A positive that is flagged earns", telling.cost(costs.found, unit)
        if costs.cleared:
            yield "A negative that is cleared earns", telling.cost(costs.cleared, unit)
        if costs.profit:
            earned = telling.cost(costs.profit.earned, unit)
            yield f"A case that is {costs.profit.when} brings in", earned
    if costs.label is not None:
        yield "A label", telling.cost(costs.label, unit)


def _matrix(found: CostMatrix, unit: str) -> Iterator[Row]:
    for truth in found.classes:
        for call in found.classes:
            if call != truth:
                yield f"{truth} called {call}", telling.cost(found.of(truth, call), unit)


def _weighed(product: Product) -> str:
    if product.weights is None or product.costs is None:
        return ""
    if product.decision.calibrate in (Calibrate.NONE, Calibrate.TEMPERATURE):
        return "Training weighed its cases by these costs, so scores are no chances."
    return (
        "Training weighed its cases by these costs; its scores were made into chances again on "
        "training cases that all count alike."
    )


def _harm(harm: Harm) -> Iterator[Row]:
    if harm.matrix is not None:
        yield from _matrix(harm.matrix, harm.unit)
    for said, amount in (
        ("a missed positive", harm.miss),
        ("a false alarm", harm.false_alarm),
        ("a case sent to a person", harm.refer),
        ("a positive that is flagged", harm.found),
        ("a negative that is cleared", harm.cleared),
    ):
        if amount:
            yield f"{harm.name}: {said}", telling.cost(amount, harm.unit)
