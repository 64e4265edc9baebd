"""When a sealed set is too old: `renewal:` in product.yaml."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from roadworthy.core.renewal import Renewal
from roadworthy.io.shapes import Checked, Words, shown, wrong
from roadworthy.io.words import as_share, at_least, number


def day(value: object) -> date:
    """A day, as YAML reads one or as text."""
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise wrong(f"must be a day, not {shown(value)}", "Write it as 2026-03-31.") from None


def _share(value: object) -> float:
    found = number(value)
    if not 0 <= found < 1:
        raise wrong(f"must be a share below 1, not {shown(value)}", as_share(found))
    return found


Day = Annotated[date, Checked(day, {"type": "string", "format": "date"})]
ShareWord = Annotated[
    float, Checked(_share, {"type": "number", "minimum": 0, "exclusiveMaximum": 1})
]


class RenewalWords(Words):
    """When the sealed set demands a successor, beside a spent budget and a changed scope."""

    fresh_for: Annotated[int, at_least(1)] | None = None
    """For how many days a sealed set is fresh."""
    made: Day | None = None
    """The day on which its cases were complete, where no seal says so."""
    new_kind: ShareWord = 0.05
    """The share of traffic from which a category that the set lacks demands a successor."""
    moved_by: ShareWord = 0.10
    """The least distance (0 to 1) between old and recent values of a column that is a move."""

    def core(self) -> Renewal:
        """The rules that this describes."""
        return Renewal(self.fresh_for, self.made, self.new_kind, self.moved_by)
