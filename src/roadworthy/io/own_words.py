"""An instrument's own words: the fields of its parameters, as they may be written."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, Strict

from roadworthy.core.errors import BadInput
from roadworthy.core.parameters import Prevalence
from roadworthy.core.product import Costs, Harm
from roadworthy.core.requirement import Level
from roadworthy.io.cost_words import CostsWords, HarmWords, harms
from roadworthy.io.environment_words import EnvironmentWords
from roadworthy.io.grammar import ReferredWord, TaskWord
from roadworthy.io.words import (
    Column,
    Flag,
    LevelWord,
    Number,
    PrevalenceWord,
    Text,
    Whole,
    at_least,
    choice,
)

# what a requirement may say instead of the product as a whole
_INHERITED: Mapping[str, Any] = {
    "prevalence": PrevalenceWord,
    "costs": Annotated[CostsWords, AfterValidator(CostsWords.core)],
    "harms": Annotated[dict[str, HarmWords], AfterValidator(harms)],
    "referred": ReferredWord,
    "task": TaskWord,
    "positive": LevelWord,
    "at_most_per_image": Annotated[int, at_least(1)],
    "environment": Annotated[EnvironmentWords, AfterValidator(EnvironmentWords.core)],
}
_PLAIN: Mapping[Any, Any] = {
    str: Text,
    float: Number,
    int: Whole,
    bool: Flag,
    Level: LevelWord,
    Prevalence: PrevalenceWord,
    Costs: _INHERITED["costs"],
    tuple[Harm, ...]: _INHERITED["harms"],
}
_LISTS = (tuple, list, Sequence)


@dataclass(frozen=True)
class OwnWord:
    """How a parameter may be written, its default (``...``: it has none), what it is about."""

    word: Any
    default: Any
    about: str | None


def own_words(metric: str, parameters: type[Any]) -> dict[str, OwnWord]:
    """Every parameter of an instrument by its name.

    Raises:
        BadInput: the instrument inherits something that no product declares.
    """
    hints = get_type_hints(parameters)
    return {
        field.name: OwnWord(
            _word(metric, field, hints[field.name]), _default(field), field.metadata.get("about")
        )
        for field in fields(parameters)
        if field.init
    }


def inherited_from(parameters: type[Any]) -> dict[str, str]:
    """Name of the parameter -> what of the product fills it when the requirement is silent."""
    return {
        field.name: field.metadata["inherited"]
        for field in fields(parameters)
        if "inherited" in field.metadata
    }


def read_from_file(parameters: type[Any]) -> tuple[str, ...]:
    """The parameters whose value is a file of case ids."""
    return tuple(f.name for f in fields(parameters) if f.metadata.get("reads") == "case_ids")


def _word(metric: str, field: Field[Any], hint: Any) -> Any:
    if field.metadata.get("reads") == "case_ids":
        return Text
    if field.metadata.get("column"):
        return Column | None if type(None) in get_args(hint) else Column
    if "inherited" not in field.metadata:
        return written_as(hint)
    source = field.metadata["inherited"]
    if source not in _INHERITED:
        raise BadInput(
            f"The instrument `{metric}` inherits `{source}`, which no product declares.",
            code="broken_plugin",
            value=source,
            next_step=f"It can inherit {', '.join(_INHERITED)}: repair the instrument.",
        )
    return _INHERITED[source] | None


def _default(field: Field[Any]) -> Any:
    if field.default is not MISSING:
        return field.default
    return ... if field.default_factory is MISSING else field.default_factory()


def written_as(hint: Any) -> Any:
    """The word of product.yaml for a type of Python.

    >>> from pydantic import TypeAdapter
    >>> TypeAdapter(written_as(tuple[float, ...])).validate_python([0.5, 1])
    (0.5, 1.0)
    """
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Annotated[Any, choice({str(member.value): member for member in hint})]
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return Annotated[Any, choice({str(word): word for word in inner})]
    if origin in (Union, types.UnionType):
        return Union[tuple(i if i is type(None) else written_as(i) for i in inner)]  # noqa: UP007
    if origin is tuple and inner[-1] is not Ellipsis:
        return Annotated[tuple[tuple(written_as(i) for i in inner)], Strict(False)]  # type: ignore[misc]
    if origin in _LISTS:
        return Annotated[list[written_as(inner[0])], AfterValidator(tuple)]  # type: ignore[misc]
    if origin in (dict, Mapping):
        return dict[str, written_as(inner[1])]  # type: ignore[misc]
    return hint
