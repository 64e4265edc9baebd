"""The product and a person together: who reads, and how two calls become one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from roadworthy.core.reader_study import ReaderStudy

UNSEEN = (
    "the reader's calls were made without the product's marks; how a reader acts on them was not "
    "seen"
)


class TeamRule(StrEnum):
    """How the team's call comes about.

    ``either``, ``both`` and ``arbitration`` are a second view: the reader reads every case.
    With ``referred`` the reader reads only what the product refers.
    """

    EITHER = "either"
    BOTH = "both"
    ARBITRATION = "arbitration"
    REFERRED = "referred"


@dataclass(frozen=True)
class Team:
    """Whose calls (names from ``data.calls``) meet the product's, and how.

    The ``arbiter`` decides where reader and product disagree. ``refer_between`` is the band of
    scores that the reader would read in triage, for a product that refers none yet. ``study`` is
    the analysed reader study in which readers did see the marks, read from ``study_file``.
    """

    reader: str
    rule: TeamRule
    arbiter: str | None = None
    refer_between: tuple[float, float] | None = None
    study: ReaderStudy | None = None
    study_file: str = ""

    @property
    def calls(self) -> tuple[str, ...]:
        """The names of all whose calls are needed."""
        return (self.reader,) if self.arbiter is None else (self.reader, self.arbiter)
