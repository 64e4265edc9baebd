"""How perturbations are written, and the requirements that a `robustness` stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Annotated, Any

from pydantic import Field, ValidationError, create_model

from roadworthy.core.perturbation import Under
from roadworthy.core.requirement import Side
from roadworthy.io import registry
from roadworthy.io.nearest import did_you_mean
from roadworthy.io.own_words import own_words
from roadworthy.io.shapes import FAULT, Checked, Fault, Words, faults, shown, wrong
from roadworthy.io.words import Text

ROBUSTNESS = "robustness"
_EXAMPLE = "Write one perturbation and its strength, such as {noise: 0.05}."
_SIDES = tuple(side.value for side in Side)
_OWN = (*_SIDES, "target", "tier")


def under(value: object) -> Under:
    """One perturbation by its name, with a lone value or a mapping of its words."""
    if not isinstance(value, dict) or len(value) != 1:
        raise wrong(f"must be one perturbation, not {shown(value)}", _EXAMPLE)
    name, given = next(iter(value.items()))
    known = registry.perturbations()
    if name not in known:
        step = did_you_mean(str(name), known, "perturbations")
        raise wrong(f"names {shown(name)}, which is no perturbation", step)
    kind: Any = known[name]
    first = fields(kind)[0].name
    try:
        words = _words_of(name, kind).model_validate(
            given if isinstance(given, dict) else {first: given}
        )
        return Under(name, kind(**{one.name: getattr(words, one.name) for one in fields(kind)}))
    except ValidationError as error:
        raise faults(_faults(name, error)) from error
    except ValueError as reason:
        raise wrong(f"cannot be: {reason}", "Correct that value.", key=name) from reason


@cache
def _words_of(name: str, kind: Any) -> type[Words]:
    found: dict[str, Any] = {
        key: (one.word, Field(one.default, description=one.about))
        for key, one in own_words(name, kind).items()
    }
    model: type[Words] = create_model(name, __base__=Words, **found)
    return model


def _faults(name: str, error: ValidationError) -> list[Fault]:
    found: list[Fault] = []
    for one in error.errors():
        place = (name, *map(str, one["loc"]))
        if one["type"] == FAULT:
            told = one["ctx"]["faults"]
            found += [replace(fault, key=(*place, *fault.keys)) for fault in told]
        else:
            found.append(Fault("is missing", "Add it.", "missing_key", place))
    return found


# which perturbations there are is asked when the grammar is told, not when it is made
_SCHEMA = {"type": "object", "minProperties": 1, "maxProperties": 1}
UnderWord = Annotated[Under, Checked(under, _SCHEMA)]


def json_schema(definitions: dict[str, Any]) -> dict[str, Any]:
    """What `under` may say, for editors; ``definitions`` gets what it refers to."""
    about = "A perturbation of the cases under which it must hold."
    found = {**_SCHEMA, "properties": _each(definitions), "additionalProperties": False}
    return {**found, "description": about}


def _each(definitions: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, kind in registry.perturbations().items():
        words = _words_of(name, kind).model_json_schema(by_alias=True)
        definitions.update(words.pop("$defs", {}))
        first = next(iter(words["properties"].values()))
        found[name] = {"description": f"{name}: {kind.about}.", "anyOf": [first, words]}
    return found


def robustness_schema(
    metrics: Mapping[str, Any], requirement: Mapping[str, Any], definitions: dict[str, Any]
) -> dict[str, Any]:
    """A `robustness` for editors: the words of a ``requirement``, and perturbations.

    ``metrics`` tell of each metric that it can be of. Which words belong to which metric, and that
    there is a limit for each perturbation, only the reader knows.
    """
    words = dict(requirement["properties"])
    sides = {key: words[key] for key in _OWN}
    each = {"type": "object", "minProperties": 1, "additionalProperties": False}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["metric", "of", "under"],
        "properties": {
            **words,
            "metric": {"const": ROBUSTNESS, "description": RobustnessWords.__doc__},
            "of": {"enum": list(metrics), "description": "The metric that must hold all the same."},
            "under": {
                "description": "Perturbations, each with a limit of its own if need be.",
                "type": "array",
                "minItems": 1,
                "items": {**each, "properties": {**_each(definitions), **sides}},
            },
        },
    }


class RobustnessWords(Words):
    """Another metric's limit on cases that are perturbed: stands for one requirement each."""

    metric: Text
    """robustness."""
    of: Text
    """The metric that must hold all the same, such as sensitivity."""
    under: list[Any]
    """Perturbations such as {noise: 0.05}; each may have a limit, target or tier of its own."""


def own_keys(item: Mapping[str, Any]) -> dict[str, Any]:
    """What of a `robustness` is not handed on to the requirements that it stands for."""
    known = RobustnessWords.keys()
    return {key: value for key, value in item.items() if key in known}


def spelled_out(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ordinary requirements that a `robustness` stands for, as they would be written.

    >>> sturdy = {"metric": "robustness", "of": "accuracy", "at_least": 0.8, "id": "sturdy",
    ...           "under": [{"noise": 0.05}, {"jpeg": 40, "at_least": 0.7}]}
    >>> for one in spelled_out(sturdy):
    ...     print(one["id"], one["metric"], one["at_least"], one["under"])
    sturdy-noise-0.05 accuracy 0.8 {'noise': 0.05}
    sturdy-jpeg-40 accuracy 0.7 {'jpeg': 40}
    """
    shared = {key: value for key, value in item.items() if key not in ("metric", "of", "under")}
    found = []
    for one in item["under"]:
        if not isinstance(one, dict):
            under(one)
        own = {key: value for key, value in one.items() if key in _OWN}
        said = {key: value for key, value in one.items() if key not in _OWN}
        kept = dict(shared)
        if any(side in own for side in _SIDES):
            kept = {key: value for key, value in shared.items() if key not in _SIDES}
        name = f"{item.get('id', ROBUSTNESS)}-{under(said).slug}"
        found.append({**kept, **own, "id": name, "metric": item["of"], "under": said})
    return found
