"""What editors need to help with product.yaml: its grammar as a JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roadworthy.core.instrument import About, Instrument
from roadworthy.core.requirement import Side
from roadworthy.io import under_words
from roadworthy.io.grammar import ProductWords
from roadworthy.io.ready_words import READY, ReadyWords
from roadworthy.io.requirement_words import RequirementWords, words_of

_SIDES = [side.value for side in Side]
_COMPARISON = {Side.MAX_DROP.value, Side.MIN_GAIN.value, "against", "disagreement"}


def json_schema(instruments: Mapping[str, Instrument]) -> dict[str, Any]:
    """A JSON Schema (2020-12) of product.yaml, for the metrics of ``instruments``.

    It knows which words a requirement of each metric may use. What the product as a whole may
    not say (two equal ids, fractions that do not sum to 1) only the reader knows.
    """
    schema = ProductWords.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = schema.pop("$defs")
    definitions["Requirement"] = _requirement(instruments, definitions)
    definitions["Ready"] = _ready(definitions)
    definitions["Robustness"] = under_words.robustness_schema(
        instruments, definitions["Requirement"], definitions
    )
    robust = {"properties": {"metric": {"const": under_words.ROBUSTNESS}}, "required": ["metric"]}
    schema["properties"]["requirements"].update(
        {
            "items": {
                "if": {"required": ["ready"]},
                "then": {"$ref": "#/$defs/Ready"},
                "else": {
                    "if": robust,
                    "then": {"$ref": "#/$defs/Robustness"},
                    "else": {"$ref": "#/$defs/Requirement"},
                },
            },
            "minItems": 1,
        }
    )
    plain: dict[str, Any] = _plain({**schema, "$defs": definitions})
    return {
        **plain,
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "product.yaml",
        "allOf": [_binary_needs_positive()],
    }


def _requirement(
    instruments: Mapping[str, Instrument], definitions: dict[str, Any]
) -> dict[str, Any]:
    common = RequirementWords.model_json_schema(by_alias=True)
    definitions.update(common.pop("$defs"))
    metrics = {name: _of_metric(name, known, definitions) for name, known in instruments.items()}
    own = {key: True for then in metrics.values() for key in then["propertyNames"]["enum"]}
    words = {**own, **common["properties"]}
    words["under"] = under_words.json_schema(definitions)
    words["metric"] = {"oneOf": [_told(name, known.about) for name, known in instruments.items()]}
    return {
        **common,
        "properties": words,
        "allOf": [
            {"if": {"properties": {"metric": {"const": name}}}, "then": then}
            for name, then in metrics.items()
        ],
    }


def _ready(definitions: dict[str, Any]) -> dict[str, Any]:
    """A ready requirement; one without a margin of its own must be given one."""
    schema = ReadyWords.model_json_schema(by_alias=True)
    definitions.update(schema.pop("$defs", {}))
    schema["properties"]["ready"] = {
        "oneOf": [{"const": one.name, "description": one.meaning} for one in READY.values()]
    }
    schema["properties"]["slices"]["items"] = {"$ref": "#/$defs/SliceWords"}
    bare = [one.name for one in READY.values() if one.max_drop is None]
    needs = {
        "if": {"properties": {"ready": {"enum": bare}}},
        "then": {"required": ["max_drop"]},
    }
    return {**schema, "allOf": [needs]}


def _told(metric: str, about: About) -> dict[str, Any]:
    return {"const": metric, "description": f"{about.title}. {about.definition}"}


def _of_metric(metric: str, instrument: Instrument, definitions: dict[str, Any]) -> dict[str, Any]:
    """What holds for a requirement of one metric, beyond what holds for all."""
    written = words_of(metric, instrument).model_json_schema(by_alias=True)
    definitions.update(written.get("$defs", {}))
    common = set(RequirementWords.keys())
    own = {key: word for key, word in written["properties"].items() if key not in common}
    allowed = [key for key in written["properties"] if key not in _not_for(instrument.about)]
    return {
        "properties": {**own, **_ranges(instrument.about)},
        "propertyNames": {"enum": allowed},
        "required": [key for key in written.get("required", []) if key not in common],
        "dependentRequired": {side: ["against"] for side in _SIDES if side in _COMPARISON},
        "oneOf": _one_limit(instrument.about),
    }


def _not_for(about: About) -> set[str]:
    words = set() if about.comparable else set(_COMPARISON)
    words |= set() if about.per_unit else {"per"}
    words |= set() if about.sliceable else {"slices"}
    if about.limit_optional:
        return words
    wrong_way = {"higher": {"at_most"}, "lower": {"at_least"}}
    return words | wrong_way.get(about.better, set())


def _ranges(about: About) -> dict[str, Any]:
    ends = {"minimum": about.lowest, "maximum": about.highest}
    numbers = {key: value for key, value in ends.items() if value is not None}
    return dict.fromkeys(("at_least", "at_most"), numbers) if numbers else {}


def _one_limit(about: About) -> list[dict[str, Any]]:
    each: list[dict[str, Any]] = [{"required": [side]} for side in _SIDES]
    if about.limit_optional:
        return [*each, {"not": {"anyOf": each}}]
    return each


def _binary_needs_positive() -> dict[str, Any]:
    return {
        "if": {
            "properties": {"task": {"const": "binary"}, "data": {"required": ["truth"]}},
        },
        "then": {"properties": {"data": {"required": ["positive"]}}},
    }


def _plain(schema: Any) -> Any:
    """The schema without ``null``: what is not given is left out, never written as nothing."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _plain(value) for key, value in schema.items() if not _noise(key, value)}
    some = found.get("anyOf")
    if not isinstance(some, list) or {"type": "null"} not in some:
        return found
    written = [item for item in some if item != {"type": "null"}]
    rest = {key: value for key, value in found.items() if key != "anyOf"}
    return {**rest, **written[0]} if len(written) == 1 else {**rest, "anyOf": written}


def _noise(key: str, value: object) -> bool:
    # pydantic's titles repeat the key; a property may be called `title` too, and is a mapping
    if key == "title":
        return isinstance(value, str)
    return key == "default" and (value in (None, "") or isinstance(value, dict | list))
