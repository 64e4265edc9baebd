"""Shapes are checked by pydantic; what is wrong is said here, in sentences for the user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from roadworthy.io.nearest import did_you_mean

FAULT = "roadworthy"


@dataclass(frozen=True)
class Fault:
    """What is wrong with one value, as the end of a sentence that begins with its key."""

    message: str
    next_step: str
    code: str = "wrong_value"
    key: str | tuple[str, ...] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Where below the value it is."""
        if self.key is None:
            return ()
        return (self.key,) if isinstance(self.key, str) else self.key


def wrong(
    message: str, next_step: str, *, code: str = "wrong_value", key: str | None = None
) -> PydanticCustomError:
    """The error that carries one fault through pydantic to the reader."""
    return faults([Fault(message, next_step, code, key)])


def faults(found: Iterable[Fault]) -> PydanticCustomError:
    """The error that carries several faults of one mapping."""
    return PydanticCustomError(FAULT, "see faults", {"faults": tuple(found)})


def shown(value: object) -> str:
    """A value as it would be written, short enough for a sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:56]}...'"


class Words(BaseModel):
    """A mapping of known keys, none of them empty."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, found: object) -> object:
        if not isinstance(found, dict):
            known = ", ".join(cls.keys())
            raise wrong(f"must be a mapping of keys, not {shown(found)}", f"Known keys: {known}.")
        problems = [_key_fault(key, value, cls.keys()) for key, value in found.items()]
        present = [fault for fault in problems if fault is not None]
        if present:
            raise faults(present)
        return found

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The keys as they are written."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())


def _key_fault(key: str, value: object, known: tuple[str, ...]) -> Fault | None:
    if key not in known:
        return Fault("is an unknown key", did_you_mean(key, known, "keys"), "unknown_key", key)
    if value is None:
        return Fault("is empty", "Give it a value, or remove the line.", "empty_key", key)
    return None


@dataclass(frozen=True, eq=False)
class Checked:
    """A value that ``check`` accepts and turns into its meaning; ``schema`` tells editors."""

    check: Callable[[Any], Any]
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(self.schema)


@dataclass(frozen=True, eq=False)
class AlsoWritten:
    """A second, shorter spelling: ``schema`` describes it, ``longer`` turns it into the other."""

    schema: Mapping[str, Any]
    longer: Callable[[Any], Any]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.longer, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [dict(self.schema), handler(schema)]}
