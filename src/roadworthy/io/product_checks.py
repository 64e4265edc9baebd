"""What the product as a whole may not say, although every part of it is well formed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from roadworthy.core.guard import FALSE_ALARMS, MUST_DETECT, STRANGENESS
from roadworthy.core.policy import Referred
from roadworthy.core.product import OWN_MODULE, Product, SetName, Task
from roadworthy.core.requirement import Requirement, Side, Tier, Whose
from roadworthy.io import registry
from roadworthy.io.cost_checks import cost_problems
from roadworthy.io.decide_checks import decide_problems
from roadworthy.io.guard_words import implied_ids
from roadworthy.io.mark_checks import mark_problems
from roadworthy.io.nearest import did_you_mean
from roadworthy.io.net_checks import net_problems
from roadworthy.io.problems import Page, Problem
from roadworthy.io.requirement_checks import DECLARE_PREVALENCE
from roadworthy.io.requirement_reader import Written
from roadworthy.io.shapes import shown
from roadworthy.io.team_words import team_problems
from roadworthy.io.train_checks import train_problems

AUTOMATION = "automation"


def product_problems(page: Page, product: Product, written: Sequence[Written]) -> Iterator[Problem]:
    """Everything that is wrong with the product as a whole."""
    yield from _truth(product, written)
    yield from _verification(product)
    yield from _outputs(product)
    yield from _model(product)
    yield from net_problems(product)
    yield from _roles(product)
    yield from _readers(product)
    yield from _tables(product)
    yield from _decision(page, product)
    yield from _triage(product)
    yield from cost_problems(page, product, written)
    yield from train_problems(product)
    yield from _models(product)
    yield from team_problems(product)
    yield from _guard(product, written)
    yield from decide_problems(product)
    yield from mark_problems(product, written)
    yield from _ids(written)
    yield from _gate(product)
    yield from _automation(product, written)


def _truth(product: Product, written: Sequence[Written]) -> Iterator[Problem]:
    data, binary = product.data, product.task is Task.BINARY
    judging = [one.requirement.metric for one in written if one.about.judges_calls]
    if data.truth is None:
        if judging:
            step = f"Add `truth: ` and the column with the truth: `{judging[0]}` needs it."
            yield Problem(("data", "truth"), "is missing", step, "missing_key")
    elif binary and data.positive is None:
        step = f"Add `positive:` the value of `{data.truth}` that counts as positive, such as 1."
        yield Problem(("data", "positive"), "is missing", step, "missing_key")
    for key in ("positive", "negative"):
        if not binary and getattr(data, key) is not None:
            message = f"is a word of binary tasks, and the task is {product.task.value}"
            yield Problem(("data", key), message, "Remove it, or write `task: binary`.")
    if binary and data.positive is not None and data.positive == data.negative:
        message = f"is {shown(data.negative)}, and so is `data.positive`"
        yield Problem(("data", "negative"), message, "Name the other value, or remove it.")
    if not binary and isinstance(data.prevalence, float | int):
        message = f"is a share of positives, and the task is {product.task.value}"
        yield Problem(("data", "prevalence"), message, "Write as_sampled.")


def _verification(product: Product) -> Iterator[Problem]:
    """Audits are of cleared cases, which only a binary product has, and need a truth to come."""
    if product.data.verification is None:
        return
    path = ("data", "verification")
    if product.task is not Task.BINARY:
        message = f"is of cases that are cleared, and the task is {product.task.value}"
        yield Problem(path, message, "Remove it.")
    elif product.data.truth is None:
        step = "Add `truth: ` and the column with the truth; it may be empty where nobody looked."
        yield Problem(("data", "truth"), "is missing", step, "missing_key")


def _outputs(product: Product) -> Iterator[Problem]:
    binary = product.task is Task.BINARY
    strange, usual = ("prediction", "score") if binary else ("score", "prediction")
    if getattr(product.data, strange) is not None:
        message = f"is not read for the task {product.task.value}"
        yield Problem(("data", strange), message, f"Name the column under `{usual}`.")


def _model(product: Product) -> Iterator[Problem]:
    """A model of the team's own answers for itself, and sees nothing that gives the truth away."""
    data = product.data
    if product.model is None:
        return
    for key in ("score", "prediction"):
        if getattr(data, key) is not None:
            message = f"names a model, and `data.{key}` a column that holds the answers already"
            yield Problem(("model",), message, "Remove one of the two.")
    if product.models is not None:
        message = "names kinds of model to train, and `model` one that is there already"
        yield Problem(("models",), message, "Remove one of the two.")
    kept_back = {calls.column: f"the calls of {calls.name}" for calls in data.calls}
    for requirement in product.requirements:
        if requirement.limit.against:
            kept_back.setdefault(requirement.limit.against, "somebody else's calls")
    if data.split is not None and data.split.column is not None:
        kept_back[data.split.column] = "the sets that the cases are parted into"
    for name in data.features or ():
        if name in kept_back:
            message = f"holds '{name}', {kept_back[name]}"
            yield Problem(("data", "features"), message, "Remove it: no model here is sent that.")


def _roles(product: Product) -> Iterator[Problem]:
    roles = ("truth", "id", "unit", "score", "prediction")
    for one, other in combinations(roles, 2):
        name = getattr(product.data, other)
        # a case may be its own unit
        if (
            name is not None
            and name == getattr(product.data, one)
            and (one, other) != ("id", "unit")
        ):
            message = f"is '{name}', and so is `data.{one}`"
            yield Problem(("data", other), message, "One column has one of these meanings.")
    yield from _text(product)
    if product.data.truth is not None and product.data.truth in (product.data.features or ()):
        message = f"holds '{product.data.truth}', the truth"
        yield Problem(("data", "features"), message, "Remove it: a model must not see the truth.")


def _text(product: Product) -> Iterator[Problem]:
    """A column of text is a feature, and nothing else; its embedding is installed."""
    data = product.data
    names = {getattr(data, role): role for role in ("truth", "id", "unit", "score", "prediction")}
    for name, how in data.text.items():
        if name in names:
            message = f"holds '{name}', and it is `data.{names[name]}`"
            yield Problem(("data", "text"), message, "Text is a feature: remove it here.")
        if how is not None and how not in registry.embeddings():
            step = did_you_mean(how, ["auto", *registry.embeddings()], "embeddings")
            message = f"is {shown(how)}, and there is no such embedding"
            yield Problem(("data", "text", name), message, step, "unknown_embedding")


def _readers(product: Product) -> Iterator[Problem]:
    """Somebody else's calls are not the product's own answers, nor the truth, by another name."""
    own = {getattr(product.data, role): role for role in ("truth", "score", "prediction")}
    for calls in product.data.calls:
        role = own.get(calls.column)
        if role is not None:
            message = f"is '{calls.column}', and so is `data.{role}`"
            path = ("data", "calls", calls.name, "column")
            yield Problem(path, message, "Name the column with somebody else's calls.")


def _tables(product: Product) -> Iterator[Problem]:
    if "cases" in product.data.tables:
        step = "Name the file under `data.cases`."
        yield Problem(("data", "tables", "cases"), "is the name of the main table", step)


def _decision(page: Page, product: Product) -> Iterator[Problem]:
    for key in ("threshold", "refer_between", "calibrate"):
        if product.task is not Task.BINARY and page.value(("decision", key)) is not None:
            message = f"needs a score, and the task is {product.task.value}"
            yield Problem(("decision", key), message, "Remove it.")
    threshold = product.decision.threshold
    if not isinstance(threshold, str):
        return
    split = product.data.split
    if split is None or (split.column is None and SetName.VALIDATION not in split.fractions):
        message = f"is {threshold}, and there are no validation cases to choose it on"
        step = "Add a validation set to `data.split`, or write the threshold as a number."
        yield Problem(("decision", "threshold"), message, step)


def _triage(product: Product) -> Iterator[Problem]:
    """A certificate needs cases of its own, scores, and what its risks depend on."""
    rules = product.decision.triage
    if rules is None:
        return
    if product.task is not Task.BINARY:
        message = f"is triage, which needs a score, and the task is {product.task.value}"
        yield Problem(("decision", "mode"), message, "Remove it.")
        return
    if product.data.truth is None:
        message = "is triage, and no truth is declared to certify it by"
        yield Problem(("decision", "mode"), message, "Add `data: {truth: COLUMN}`.")
    split = product.data.split
    if split is None or (split.column is None and SetName.CALIBRATION not in split.fractions):
        message = "is triage, and there are no calibration cases to certify it on"
        step = (
            "Part the data: `data: {split: {train: 0.4, validation: 0.1, calibration: 0.3, "
            "sealed: 0.2, seed: 1}}`."
        )
        yield Problem(("decision", "mode"), message, step)
    for one in rules.risks:
        if one.risk.predictive and product.data.prevalence is None:
            path = ("decision", one.risk.side, f"{one.risk.value}_at_least")
            message = "depends on prevalence, and none is declared"
            yield Problem(path, message, DECLARE_PREVALENCE, "missing_key")


def _models(product: Product) -> Iterator[Problem]:
    known = [*registry.rungs(), *([OWN_MODULE] if product.training.module else [])]
    for place, name in enumerate(product.models or ()):
        if name == OWN_MODULE and name not in known:
            message = f"is {name}, and nothing says which module that is"
            yield Problem(("models", place), message, "Add `train: {module: my_net:build}`.")
        elif name not in known:
            step = did_you_mean(name, known, "kinds of model")
            message = f"is {shown(name)}, and there is no such kind of model"
            yield Problem(("models", place), message, step, "unknown_model")


def _guard(product: Product, written: Sequence[Written]) -> Iterator[Problem]:
    guard, split = product.guard, product.data.split
    sets = {name for one in written if (name := getattr(one.requirement.parameters, "set", None))}
    if guard is None:
        its = (FALSE_ALARMS, MUST_DETECT, STRANGENESS)
        needing = [one for one in written if one.about.table in its]
        for one in needing:
            message = f"is of a guard, and there is none: `{one.requirement.metric}`"
            yield Problem((*one.path, "metric"), message, "Add `guard: {}`.", "missing_key")
        return
    for place, name in enumerate(guard.methods):
        if name not in registry.guards():
            step = did_you_mean(name, registry.guards(), "methods")
            message = f"is {shown(name)}, and there is no such method"
            yield Problem(("guard", "methods", place), message, step, "unknown_method")
    asked = (SetName.TRAIN, SetName.VALIDATION)
    if split is None or (split.column is None and not set(asked) <= set(split.fractions)):
        message = "is fitted on training cases and set on validation cases, and they are not parted"
        step = "Add `data: {split: {train: 0.5, validation: 0.25, sealed: 0.25, seed: 1}}`."
        yield Problem(("guard",), message, step, "missing_key")
    if product.data.truth in (guard.features or ()):
        message = f"holds {shown(product.data.truth)}, the truth"
        yield Problem(("guard", "features"), message, "Remove it: a guard must not see the truth.")
    for name in sorted(sets - {one.name for one in guard.must_detect}):
        step = did_you_mean(name, [one.name for one in guard.must_detect], "sets")
        message = f"has no set {shown(name)} that a requirement names"
        yield Problem(("guard", "must_detect"), message, step)
    for one in written:
        if one.requirement.id in implied_ids(guard):
            message = f"gives the id '{one.requirement.id}', which the guard's own requirement has"
            yield Problem((*one.path, "id"), message, "Add an `id` of its own.", "duplicate_id")


def _ids(written: Sequence[Written]) -> Iterator[Problem]:
    seen: dict[str, Written] = {}
    for one in written:
        first = seen.setdefault(one.requirement.id, one)
        if first is not one:
            key = "id" if one.words.id else "metric"
            line = first.requirement.line
            message = f"gives the id '{one.requirement.id}', which line {line} has already"
            yield Problem((*one.path, key), message, "Add an `id` of its own.", "duplicate_id")


def _gate(product: Product) -> Iterator[Problem]:
    if not any(map(_gates, product.requirements)):
        message = "are all advisory: nothing gates the product"
        step = "Make at least one of them `tier: critical`."
        yield Problem(("requirements",), message, step, "no_requirement")


def _gates(requirement: Requirement[object]) -> bool:
    """Whether it gates on the whole set: a slice alone says nothing of the product."""
    return requirement.tier is Tier.CRITICAL


def _automation(product: Product, written: Sequence[Written]) -> Iterator[Problem]:
    # under a perturbation a product may refer more: what limits that must hold there
    limited = {_place(one) for one in written if _limits_referral(one.requirement)}
    for one in written:
        if (there := _place(one)) in limited:
            continue
        referred = getattr(one.requirement.parameters, "referred", product.decision.referred)
        if one.about.referral_counts and referred is Referred.RIGHT:
            message = (
                f"counts a referred case as right, and nothing limits referral{there}: "
                "a product that refers everything would pass"
            )
            step = (
                "Add {metric: automation, at_least: ...} with a limit above 0, or count referred "
                if not there
                else "Add {metric: robustness, of: automation, at_least: ..., under: [...]} with "
                "the same perturbation and a limit above 0, or count referred "
            )
            yield Problem(one.path, message, f"{step}cases as `excluded`.")
        elif _leaves_rates(product, one.requirement):
            message = (
                f"leaves out what the scope or the guard turns away only{there}, and nothing "
                "limits that: a product that turns away whatever became hard would pass"
            )
            step = (
                "Add {metric: robustness, of: automation, at_least: ..., under: [...]} with the "
                "same perturbation and a limit above 0."
            )
            yield Problem(one.path, message, step, "missing_requirement")
        elif _refers(product) and _free_to_refer(one.requirement):
            message = (
                f"counts a referred case as free, and nothing limits referral{there}: "
                "a product that refers everything would pass"
            )
            step = "Add {metric: automation, at_least: ...} with a limit above 0, or the price of"
            yield Problem(one.path, message, f"{step} a referral, `refer: ...`.")


def _leaves_rates(product: Product, requirement: Requirement[object]) -> bool:
    """Whether cases that are turned away under a perturbation alone would not be counted."""
    if requirement.under is None or requirement.metric == AUTOMATION:
        return False
    counts = product.decision.referred in (Referred.RIGHT, Referred.WRONG)
    if (counts and product.task is Task.BINARY) or requirement.tier is not Tier.CRITICAL:
        return False
    changed = getattr(requirement.under.perturbation, "column", None)
    return product.guard is not None or changed in product.scope.fields


def _place(one: Written) -> str:
    """Where a requirement is about other cases than they are."""
    return "" if one.requirement.under is None else f" under {one.requirement.under}"


def _refers(product: Product) -> bool:
    decision = product.decision
    band = decision.refer_between is not None or decision.cheapest_band
    return band or decision.triage is not None


def _free_to_refer(requirement: Requirement[object]) -> bool:
    """Whether a product that hands every case to a person costs, or harms, nobody."""
    return requirement.of is not Whose.TEAM and _price_of_referral(requirement) == 0.0


def _price_of_referral(requirement: Requirement[object]) -> object:
    """What a referral adds to what is counted; None: it is no cost and no harm."""
    words = {"expected_cost": "costs", "expected_harm": "named"}
    priced = getattr(requirement.parameters, words.get(requirement.metric, ""), None)
    return getattr(priced, "refer", None)


def _limits_referral(requirement: Requirement[object]) -> bool:
    limit = requirement.limit
    if requirement.tier is not Tier.CRITICAL:
        return False
    if requirement.metric == AUTOMATION:
        return limit.side is Side.AT_LEAST and limit.value > 0
    # minutes of reading, say, of which a referral of every case would take too many
    price = _price_of_referral(requirement)
    dear = isinstance(price, float) and price > limit.value
    return limit.side is Side.AT_MOST and dear and requirement.of is not Whose.TEAM
