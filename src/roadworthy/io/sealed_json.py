"""A sealed set as JSON and back, as a custodian's vault tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from roadworthy.core.errors import BadInput
from roadworthy.core.seal import Budget, Look, Meant, Provenance, SealedSet
from roadworthy.io.kinds import read


def set_to_json(sealed: SealedSet) -> dict[str, Any]:
    """Everything that the ledger says of a set; of its cases, counts and hashes."""
    return asdict(sealed)


def set_from_json(stored: Mapping[str, Any]) -> SealedSet:
    """The set that ``set_to_json`` wrote.

    Raises:
        BadInput: it is none.
    """
    try:
        told = {one.name: stored[one.name] for one in fields(SealedSet)}
        meant = told["meant"]
        told |= {
            "budget": read(Budget, told["budget"]),
            "provenance": read(Provenance, told["provenance"]),
            "looks": tuple(read(Look, one) for one in told["looks"]),
            "meant": None if meant is None else read(Meant, meant),
            "by": tuple(told["by"]),
            "strata": tuple(dict(one) for one in told["strata"]),
        }
        return SealedSet(**told)
    except (KeyError, TypeError, ValueError) as problem:
        raise BadInput(
            f"this tells of no sealed set: {problem!r}.",
            code="bad_answer",
            next_step="Use the same version of roadworthy as the custodian.",
        ) from problem
