"""Pictures as JSON and back: kept with the judgement, so that a dossier draws what was judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

from roadworthy.core.picture import Pictures

if TYPE_CHECKING:
    from pydantic import TypeAdapter


def pictures_to_json(pictures: Pictures | None) -> dict[str, Any] | None:
    """The pictures as plain values; only those that are there."""
    if pictures is None:
        return None
    return {key: value for key, value in asdict(pictures).items() if value not in (None, ())}


def pictures_from_json(stored: Mapping[str, Any] | None) -> Pictures | None:
    """What ``pictures_to_json`` wrote.

    Raises:
        ValueError: a value is missing, or of another kind.
    """
    return None if stored is None else _adapter().validate_json(json.dumps(stored), strict=True)


@cache
def _adapter() -> TypeAdapter[Pictures]:
    from pydantic import TypeAdapter

    return TypeAdapter(Pictures)
