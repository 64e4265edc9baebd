"""Ready requirements: one line of a team's wishes, and the ordinary ones that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from roadworthy.core.requirement import Tier, Whose
from roadworthy.io.grammar import ConfidenceWord, PowerWord
from roadworthy.io.requirement_words import TierWord, WhoseWord
from roadworthy.io.shapes import Words
from roadworthy.io.words import Column, NotNegative, Number, Text, between, choice

METRICS = ("sensitivity", "specificity")


@dataclass(frozen=True)
class Ready:
    """What a ready requirement means, and what it asks of both metrics when nothing is said."""

    name: str
    meaning: str
    max_drop: float | None


READY: Mapping[str, Ready] = {
    "no_worse_than_reader": Ready(
        "no_worse_than_reader",
        "Finds no fewer positives and spares no fewer negatives than the reader alone, but for "
        "max_drop: non-inferior on sensitivity and on specificity, on the same cases.",
        None,
    ),
    "equal_or_better_than_reader": Ready(
        "equal_or_better_than_reader",
        "Finds at least as many positives and spares at least as many negatives as the reader "
        "alone, with no margin. Only one that is truly better on both can show it; for one that "
        "is as good, give a margin: no_worse_than_reader.",
        0.0,
    ),
}


class ReadyWords(Words):
    """A ready requirement: stands for one on sensitivity and one on specificity."""

    ready: Annotated[str, choice({name: name for name in READY})]
    """Which one."""
    reader: Column
    """Whom to compare with: a name from data.calls, or a column with calls."""
    max_drop: NotNegative | None = None
    """How much worse either may be; needed for no_worse_than_reader."""
    id: Text | None = None
    """A name of its own; by default that of the ready requirement."""
    of: WhoseWord = Whose.PRODUCT
    """Who is compared: the product, or product and reader together."""
    target: Number | None = None
    """The gain that is expected of both; plans the sample size, never judges."""
    disagreement: Annotated[float, between(0, 1)] | None = None
    """The share of cases on which both may disagree; plans the sample size."""
    confidence: ConfidenceWord | None = None
    """How sure these verdicts must be; by default the product's."""
    power: PowerWord | None = None
    """How likely to pass at the target; by default the product's."""
    slices: list[Any] = Field(default=[])
    """Parts of the set on which both must hold as well."""
    tier: TierWord = Tier.CRITICAL
    """critical gates the product, advisory is shown only."""
    because: Text = ""
    """Where the number comes from."""


_SHARED = ("of", "target", "disagreement", "confidence", "power", "slices", "tier", "because")


def spelled_out(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ordinary requirements that a ready one stands for, as they would be written.

    >>> for one in spelled_out({"ready": "no_worse_than_reader", "reader": "r", "max_drop": 0.05}):
    ...     print(one["id"], one["metric"], one["against"], one["max_drop"])
    no_worse_than_reader-sensitivity sensitivity r 0.05
    no_worse_than_reader-specificity specificity r 0.05
    """
    ready = READY[item["ready"]]
    shared = {key: item[key] for key in _SHARED if key in item}
    drop = item.get("max_drop", ready.max_drop)
    name = item.get("id", ready.name)
    return [
        {
            **shared,
            "id": f"{name}-{metric}",
            "metric": metric,
            "against": item["reader"],
            "max_drop": drop,
        }
        for metric in METRICS
    ]
