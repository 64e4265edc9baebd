"""How product.yaml says what `roadworthy compress` must respect."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import model_validator

from roadworthy.core.product import CompressRules
from roadworthy.io.shapes import Checked, Words, shown, wrong
from roadworthy.io.words import number

_MOST_THREADS = 1024


def _margin(value: object) -> float:
    found = number(value)
    if not 0.0 <= found < 1.0:
        raise wrong(f"is {shown(value)}, which is no share from 0 to 1", "Write 0.02 for 2 points.")
    return found


def _threads(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_THREADS:
        return value
    raise wrong(f"is {shown(value)}, which is no number of threads", "Write `threads: 1`.")


class CompressWords(Words):
    """What heirs of a net must respect beside the requirements."""

    margin: (
        Annotated[float, Checked(_margin, {"type": "number", "minimum": 0, "exclusiveMaximum": 1})]
        | None
    ) = None
    """How much worse than its parent a smaller net may be, in shares: 0.02 is two points. It must
    then be shown, overall and on every critical slice; by default the requirements alone count."""
    threads: Annotated[
        int, Checked(_threads, {"type": "integer", "minimum": 1, "maximum": _MOST_THREADS})
    ] = 1
    """With how many threads nets are timed."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise wrong("is empty", "Write `margin: 0.02` or `threads: 2`, or remove it.")
        return self

    def core(self) -> CompressRules:
        """What this says."""
        return CompressRules(self.margin, self.threads)
