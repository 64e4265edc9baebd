"""Two subjects on the same cases: what was shown of the first against the second."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.core.evidence import Evidence
from roadworthy.core.instrument import About
from roadworthy.core.outcome import Outcome
from roadworthy.core.shown import Shown
from roadworthy.core.verdict import Verdict


@dataclass(frozen=True)
class Change:
    """Cases on which the two differ: where ours is now worse, and where it is now better.

    ``p`` is the exact one-sided McNemar p-value against "new failures are no likelier than fixes"
    (for losses: the sign test); None when cases of one unit depend on each other.
    """

    failed: int
    fixed: int
    cases: int
    p: float | None
    failed_ids: tuple[str, ...]
    fixed_ids: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """One requirement's metric of both, the gain of the first over the second, and what is shown.

    ``outcome``: PASS says that ours is shown to be no worse by more than the margin, FAIL that it
    is shown to be worse, INCONCLUSIVE that neither can be told from noise.
    """

    verdict: Verdict
    about: About
    ours: float | None
    theirs: float | None
    change: Change | None

    @property
    def outcome(self) -> Outcome:
        return self.verdict.outcome

    @property
    def evidence(self) -> Evidence:
        return self.verdict.evidence


@dataclass(frozen=True)
class Comparison(Shown):
    """The first subject against the second: every requirement that can be compared."""

    product: str
    ours: str
    theirs: str
    set: str
    cases: int
    units: int | None
    outcome: Outcome
    found: tuple[Compared, ...]
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    same: bool
    max_drop: float = 0.0

    def __repr__(self) -> str:
        return f"<Comparison: {self.headline!r}>"

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        return f"{self.ours} against {self.theirs}: {self.sentence}"

    @property
    def sentence(self) -> str:
        """What was shown of the first subject."""
        if self.same:
            return "both are the same"
        if self.outcome is Outcome.FAIL:
            worse = [one.verdict.requirement for one in self.found if one.outcome is Outcome.FAIL]
            return f"worse on {', '.join(worse)}"
        if self.outcome is Outcome.PASS:
            by = f" by more than {self.max_drop:g}" if self.max_drop else ""
            return f"no worse{by} on every requirement"
        return "cannot be told from noise"
