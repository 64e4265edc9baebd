"""The smallest words of product.yaml: what a number, a share, a column or a level may look like."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

from roadworthy.core.parameters import Prevalence
from roadworthy.core.requirement import Level
from roadworthy.io.nearest import did_you_mean
from roadworthy.io.shapes import AlsoWritten, Checked, shown, wrong

T = TypeVar("T")


def text(value: object) -> str:
    """Text that says something."""
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, bool | int | float):
        raise wrong(f"must be text, not {shown(value)}", f'Put it in quotes: "{shown(value)}".')
    raise wrong(f"must be text, not {shown(value)}", "Write a word or a sentence.")


def column(value: object) -> str:
    """The name of a column of the table."""
    name = text(value)
    if name.startswith("@"):
        raise wrong(f"names the reserved column {shown(name)}", "Rename the column: no leading @.")
    return name


# sums and squares of amounts must stay finite
LARGEST = 1e100


def number(value: object) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(f"must be a number, not {shown(value)}", _number_hint(value))
    if not math.isfinite(value):
        raise wrong(f"must be a finite number, not {value}", "Write a number such as 0.9.")
    return float(value)


def _number_hint(value: object) -> str:
    if isinstance(value, str):
        plain = value.strip().replace("_", "").replace(",", ".").removesuffix("%").strip()
        try:
            meant = float(plain) / (100 if value.strip().endswith("%") else 1)
        except ValueError:
            meant = math.nan
        if math.isfinite(meant):
            return f"Write {meant:g}, without quotes or signs."
    return "Write a number such as 0.9."


def whole(value: object) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(f"must be a whole number, not {shown(value)}", "Write a number such as 1.")
    return value


def at_least(least: int) -> Checked:
    """A whole number of at least ``least``."""

    def check(value: object) -> int:
        if whole(value) < least:
            raise wrong(f"must be at least {least}, not {value}", f"Write {least} or more.")
        return whole(value)

    return Checked(check, {"type": "integer", "minimum": least})


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong(f"must be true or false, not {shown(value)}", "Write true or false.")
    return value


def not_negative(value: object) -> float:
    """A finite number of at least zero."""
    if number(value) < 0:
        raise wrong(f"must not be negative, not {value}", "Write 0 or more.")
    if number(value) > LARGEST:
        raise wrong(f"is too large to be added up: {value}", "Write it in a larger unit.")
    return number(value)


def between(low: float, high: float) -> Checked:
    """A number strictly between two others."""

    def check(value: object) -> float:
        found = number(value)
        if not low < found < high:
            message = f"must lie between {low:g} and {high:g}, not {shown(value)}"
            raise wrong(message, as_share(found) if high == 1 else f"Write more than {low:g}.")
        return found

    schema = {"type": "number", "exclusiveMinimum": low, "exclusiveMaximum": high}
    return Checked(check, schema)


def as_share(value: float) -> str:
    """What to write where a percentage was written.

    >>> as_share(90), as_share(99.9)
    ('Use 0.90.', 'Use 0.999.')
    """
    if not 1 < value < 100:
        return "Write a share such as 0.9."
    share = f"{value / 100:.10g}"
    return f"Use {share if len(share) > 4 else f'{value / 100:.2f}'}."


def share_or_end(value: object) -> float:
    """A number from 0 to 1, the ends included."""
    found = number(value)
    if not 0 <= found <= 1:
        raise wrong(f"must lie from 0 to 1, not {shown(value)}", as_share(found))
    return found


def level(value: object) -> Level:
    """One value of a column: text, a number, true or false."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    raise wrong(f"must be one value of a column, not {shown(value)}", "Write text or a number.")


def prevalence(value: object) -> Prevalence:
    """The share of positives, or ``as_sampled``."""
    if value == "as_sampled":
        return "as_sampled"
    step = "Write as_sampled, or the share of positives where the product will work, such as 0.006."
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(f"must be a share or as_sampled, not {shown(value)}", step)
    if not 0 < value < 1:
        hint = f" {as_share(value)}" if 1 < value < 100 else ""
        raise wrong(f"must lie between 0 and 1, not {shown(value)}", step + hint)
    return value


def ordered(value: object) -> tuple[float, float]:
    """Two numbers, the lower first."""
    if not isinstance(value, list) or len(value) != 2:
        raise wrong(f"must be two numbers, not {shown(value)}", "Write [from, to].")
    low, high = number(value[0]), number(value[1])
    if not low < high:
        raise wrong(f"runs from {low:g} to {high:g}", "Write the lower number first.")
    return low, high


def choice(options: Mapping[str, T]) -> Checked:
    """One of a few words, each of which stands for something."""

    def check(value: object) -> T:
        if isinstance(value, str) and value in options:
            return options[value]
        words = ", ".join(options)
        step = did_you_mean(str(value), options, "words")
        raise wrong(f"must be one of {words}, not {shown(value)}", step)

    return Checked(check, {"enum": list(options)})


def listed(value: object) -> object:
    """A single value stands for a list of one."""
    return value if isinstance(value, list) else [value]


def several(value: list[T]) -> tuple[T, ...]:
    """A list that is not empty and holds nothing twice."""
    if not value:
        raise wrong("is an empty list", "Name at least one, or remove the line.")
    kinds = [(isinstance(item, bool), item) for item in value]
    twice = [item for at, (_, item) in enumerate(kinds) if kinds[at] in kinds[:at]]
    if twice:
        raise wrong(f"lists {shown(twice[0])} twice", "Remove one of them.")
    return tuple(value)


_LEVEL_TYPES = {"type": ["string", "number", "boolean"]}

Text = Annotated[str, Checked(text, {"type": "string", "pattern": r"\S"})]
Column = Annotated[str, Checked(column, {"type": "string", "pattern": r"^(?!@).*\S"})]
Number = Annotated[float, Checked(number, {"type": "number"})]
Whole = Annotated[int, Checked(whole, {"type": "integer"})]
Flag = Annotated[bool, Checked(flag, {"type": "boolean"})]
NotNegative = Annotated[float, Checked(not_negative, {"type": "number", "minimum": 0})]
ShareOrEnd = Annotated[
    float,
    Checked(share_or_end, {"type": "number", "minimum": 0, "maximum": 1}),
]
LevelWord = Annotated[Level, Checked(level, _LEVEL_TYPES)]
PrevalenceWord = Annotated[
    Prevalence,
    Checked(
        prevalence,
        {
            "anyOf": [
                {"const": "as_sampled"},
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            ]
        },
    ),
]
Pair = Annotated[
    tuple[float, float],
    Checked(ordered, {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
]

_SOME = Field(json_schema_extra={"minItems": 1, "uniqueItems": True})
Columns = Annotated[
    list[Column], AfterValidator(several), _SOME, AlsoWritten({"type": "string"}, listed)
]
Texts = Annotated[
    list[Text], AfterValidator(several), _SOME, AlsoWritten({"type": "string"}, listed)
]
Levels = Annotated[
    list[LevelWord], AfterValidator(several), _SOME, AlsoWritten(_LEVEL_TYPES, listed)
]
