"""Limits, numbers and needs in the words of people who must sign, and who are no statisticians."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from roadworthy.core.evidence import Measured
from roadworthy.core.need import Need
from roadworthy.core.path import Path
from roadworthy.core.policy import Referred
from roadworthy.core.product import CaseCost, Scope, ScopeRule
from roadworthy.core.requirement import Level, Limit, Side, SliceKey, Whose
from roadworthy.core.scope import (
    LEARNED,
    AllOf,
    AnyOf,
    Condition,
    Ground,
    Missing,
    OnField,
    Outside,
    WhenThen,
)
from roadworthy.core.ways import Figure
from roadworthy.io.harmless import short

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NEAREST, DOWN, UP = ROUND_HALF_EVEN, ROUND_FLOOR, ROUND_CEILING
_SMALL, _LARGE = Decimal("1e-4"), Decimal("1e9")


def number(
    value: float, unit: str = "", apart: Collection[float] = (), rounding: str = NEAREST
) -> str:
    """A number rounded for reading: about three digits, and never onto the other side of a limit.

    Digits are added until the rounded number lies on the same side as ``value`` of 0, of 1, and of
    everything in ``apart``, and a value that is one of these is told exactly: a bound that misses
    a limit never reads as if it met it, nor the other way round. A bound is rounded ``DOWN`` or
    ``UP``, so that the page never claims more than was shown.

    >>> number(0.9531), number(12.43, "ms"), number(2.1e-9), number(0.89996, apart=[0.9])
    ('0.953', '12.4\\xa0ms', '2.1e-9', '0.89996')
    >>> number(0.9358, rounding=DOWN)
    '0.935'
    """
    if not math.isfinite(value):
        return with_unit("∞" if value > 0 else f"{MINUS}∞", unit)
    if value in apart:
        return exact(value, unit)
    others = [_written(other) for other in (0.0, 1.0, *apart) if other != value]
    written = _written(value)
    rounded = next(
        rounded
        for extra in range(20)
        if _all_same_side(rounded := _rounded(written, extra, rounding), written, others)
    )
    return with_unit(_typeset(rounded, least_decimals=0), unit)


def exact(value: float, unit: str = "") -> str:
    """A number as it was written down, never rounded: limits and scope.

    >>> exact(0.9), exact(0.995), exact(20000, "EUR")
    ('0.90', '0.995', '20,000\\xa0EUR')
    """
    written = _written(value).normalize()
    return with_unit(_typeset(written, least_decimals=2 if 0 < abs(value) < 1 else 0), unit)


def percent(share: float) -> str:
    """A share in percent.

    >>> percent(0.95), percent(1 - 0.05 / 3)
    ('95\\xa0%', '98.3\\xa0%')
    """
    hundredths = round(100 * share, 10)
    digits = next(d for d in range(3, 17) if hundredths == 100 or f"{hundredths:.{d}g}" != "100")
    return with_unit(f"{hundredths:.{digits}g}", "%")


def p_value(p: float) -> str:
    """A p-value; the exact size of a very small one carries no meaning.

    >>> p_value(0.0312), p_value(1e-9)
    ('0.031', '< 0.001')
    """
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def count(n: int) -> str:
    """A whole number.

    >>> count(12047)
    '12,047'
    """
    return f"{n:,}"


def with_unit(text: str, unit: str) -> str:
    """A number and its unit on one line."""
    return f"{text}{NBSP}{unit}" if unit else text


def sentence(text: str) -> str:
    """Text that opens with a capital and closes with a full stop."""
    text = text.strip()
    closed = text if text.endswith((".", "!", "?")) else f"{text}."
    return closed[:1].upper() + closed[1:]


def of_whom(title: str, of: Whose) -> str:
    """A metric's name, and whose calls it counts unless they are the product's own.

    >>> of_whom("sensitivity", Whose.TEAM)
    'sensitivity of the team'
    """
    return f"{title} of the team" if of is Whose.TEAM else title


def promise(title: str, limit: Limit, unit: str = "") -> str:
    """What must hold, as a phrase: "Sensitivity at least 0.90"."""
    value = exact(limit.value, limit.unit or unit)
    other = limit.against or "the other calls"
    match limit.side:
        case Side.MAX_DROP if limit.value == 0:
            return f"{title} not worse than {other}"
        case Side.MAX_DROP:
            return f"{title} at most {value} worse than {other}"
        case Side.MIN_GAIN:
            return f"{title} at least {value} better than {other}"
        case Side.AT_LEAST:
            return f"{title} at least {value}"
        case Side.AT_MOST:
            return f"{title} at most {value}"


def estimate(measured: Measured, limit: Limit, unit: str = "") -> str:
    """What was seen: "0.953", or "better by 0.03" for a comparison."""
    return _told(measured.estimate, limit, unit, NEAREST)


def bounds(measured: Measured, limit: Limit, unit: str = "") -> str:
    """Both bounds: "0.912 to 0.979"; a missing one is said."""
    # "0 to 3 ms": one unit is enough, unless the upper bound is missing
    once = unit if measured.high is None or limit.compares else None
    low = None if measured.low is None else _told(measured.low, limit, once, DOWN)
    high = None if measured.high is None else _told(measured.high, limit, unit, UP)
    if low is None and high is None:
        return "no bound on either side"
    if low is None:
        return f"no lower bound; up to {high}"
    if high is None:
        return f"from {low}; no upper bound"
    return f"{low} to {high}"


def figure(found: Figure, whole: bool = False) -> str:
    """An estimate and its bounds, rounded away from the estimate.

    >>> figure(Figure(0.98263, 0.96501, 0.99299, 403))
    '0.983 (0.965 to 0.993)'
    """
    if whole:
        low, high = math.floor(found.low), math.ceil(found.high)
        if low == high:
            return count(low)
        return f"{count(round(found.estimate))} ({count(low)} to {count(high)})"
    low_told, high_told = number(found.low, rounding=DOWN), number(found.high, rounding=UP)
    return f"{number(found.estimate)} ({low_told} to {high_told})"


def worse_bound(measured: Measured, limit: Limit, unit: str = "") -> str:
    """The bound that decides about PASS: the lower one where more is better."""
    bound = measured.low if limit.wants_high else measured.high
    if bound is None:
        return "no bound"
    return _told(bound, limit, unit, DOWN if limit.wants_high else UP)


def _told(value: float, limit: Limit, unit: str | None, rounding: str) -> str:
    shown = "" if unit is None else limit.unit or unit
    told = number(value, shown, apart=(limit.threshold,), rounding=rounding)
    if not limit.compares:
        return told
    if value == 0:
        return "no difference"
    return f"worse by {told.removeprefix(MINUS)}" if value < 0 else f"better by {told}"


def needs(need: Need, power: float | None, where: str = "") -> tuple[str, ...]:
    """What more would settle it, a sentence each; ``where`` names the slice it must come from."""
    if need.never:
        return (sentence(f"This can never be shown: {need.never}"),)
    as_seen = "the product is as good as it looked here"
    chance = f"with a probability of {percent(power)}" if power else "very probably"
    among = f"{need.of} ({where})" if where else need.of
    told = []
    if need.at_target is not None:
        told.append(
            f"A fresh set with {count(need.at_target)} {among} would show it {chance}, "
            "if the product is as good as its target."
        )
    if need.at_observed is not None:
        told.append(f"It takes {count(need.at_observed)} {among} if {as_seen}.")
    if need.without_error is not None:
        least = f"{count(need.without_error)} {among}"
        told.append(f"It takes at least {least}, even without a single error.")
    told.extend(sentence(f"This assumes that {assumed}") for assumed in need.assumed)
    return tuple(told)


def pinned(key: SliceKey) -> str:
    """One column of a slice: "age 40 to 50", "vendor B", "density not recorded"."""
    column = short(key.column)
    if key.missing:
        return f"{column} not recorded"
    if key.range is None:
        return f"{column}: {level(key.value)}"
    low, high = key.range
    if low == -math.inf:
        return f"{column} below {exact(high)}"
    if high == math.inf:
        return f"{column} {exact(low)} and above"
    return f"{column} {exact(low)} to below {exact(high)}"


def level(value: Level | None) -> str:
    """A value of a column; an empty or blank text would not be seen."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return exact(value) if math.isfinite(value) else str(value)
    return short(str(value)) if str(value).strip() else f"“{value}”"


def allowed(rule: ScopeRule | OnField) -> str:
    """The values that a condition on one column lets in."""
    if rule.between is not None:
        return f"{exact(rule.between[0])} to {exact(rule.between[1])}, both included"
    return ", ".join(level(value) for value in rule.levels or ()) or "nothing"


def condition(found: Condition) -> str:
    """What must hold of a case in scope: "where density is C, vendor is A"."""
    match found:
        case OnField():
            return f"{found.field} is {allowed(found)}"
        case AllOf():
            return f"({' and '.join(map(condition, found.parts))})"
        case AnyOf():
            return f"({' or '.join(map(condition, found.parts))})"
        case WhenThen():
            return f"where {condition(found.when)}, {condition(found.then)}"


def what_becomes(does: Missing | Outside) -> str:
    """What happens to a case that a scope rule leaves outside."""
    return {
        "refer": "goes to a person",
        "reject": "is no case for the product",
        "accept": "stays in scope",
    }[does]


def outside(code: str, scope: Scope) -> str:
    """A reason code such as ``OUT_OF_SCOPE:age``, told."""
    if code == LEARNED:
        return "too far from what the product learnt from, as the guard measures it"
    kind, _, named = code.partition(":")
    rules = [rule for rule in scope.rules if rule.beyond.code.partition(":")[2] == named]
    fields = " or ".join(rules[0].fields) if rules else named
    if kind == Ground.MISSING:
        return f"{fields} is not recorded"
    if kind == Ground.SCOPE and len(rules) == 1:
        rule = rules[0]
        if isinstance(rule, ScopeRule):
            return f"{fields} is not within {allowed(rule)}"
        return f"it does not hold that {condition(rule.condition)}"
    return f"{fields} is not as the scope asks" if kind == Ground.SCOPE and rules else code


def referred(how: Referred | None) -> str:
    """How the rates count a case that goes to a person."""
    match how:
        case Referred.RIGHT:
            return "counts as decided rightly: the person is taken to be right"
        case Referred.WRONG:
            return "counts as decided wrongly"
        case Referred.EXCLUDED:
            return "is left out of the rates: they speak of the cases decided without a person"
        case None:
            return "has no rule, because none is referred for doubt"


def cost(amount: float | CaseCost, unit: str) -> str:
    """A cost, or the column that holds one for each case."""
    if isinstance(amount, CaseCost):
        least = f"at least {exact(amount.minimum, unit)}, " if amount.minimum else ""
        most = f"at most {exact(amount.maximum, unit)}"
        return f"differs by case (column {amount.column}), {least}{most}"
    return exact(amount, unit)


def price(path: Path) -> str:
    """What a way towards yes costs: labels once, and people for every case from then on."""
    if path.cost is not None:
        once = number(path.cost.value, path.cost.unit)
    else:
        once = "no labels" if path.cases == 0 else "not known"
    if path.per_case is None:
        return once
    return f"{once}, and {number(path.per_case.value, path.per_case.unit)} a case"


def _written(value: float) -> Decimal:
    """The decimal number that a person wrote, not the binary one beside it."""
    return Decimal(repr(float(value)))


def _rounded(value: Decimal, extra: int, rounding: str) -> Decimal:
    """Three decimals for a rate, three digits for what is larger, two for what is very small."""
    if value == value.to_integral_value() and abs(value) < _LARGE:
        return value.to_integral_value()
    order = value.adjusted()
    decimals = 1 - order
    if 0 <= order < _LARGE.adjusted():
        decimals = max(0, 2 - order)
    elif order in (-1, -2):
        decimals = 3
    return value.quantize(Decimal(1).scaleb(-decimals - extra), rounding=rounding)


def _all_same_side(rounded: Decimal, value: Decimal, others: Iterable[Decimal]) -> bool:
    return all(rounded != other and (rounded > other) == (value > other) for other in others)


def _typeset(value: Decimal, least_decimals: int) -> str:
    """Digits in groups of three, a power of ten for the very large and small, a true minus."""
    size = abs(value)
    if size and not _SMALL <= size < _LARGE:
        mantissa, _, power = f"{value:e}".partition("e")
        text = f"{mantissa}e{int(power)}"
    else:
        decimals = max(least_decimals, -int(value.as_tuple().exponent), 0)
        text = f"{value:,.{decimals}f}"
    return MINUS + text[1:] if text.startswith("-") else text
