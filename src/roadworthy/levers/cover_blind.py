"""Cover blind contexts: which cases the judged set lacks for the environment that was declared."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.core.evidence import Measured
from roadworthy.core.lever import Rejudge
from roadworthy.core.path import Path
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Verdict
from roadworthy.io import path_words, telling

COVERAGE = "coverage"


class CoverBlind:
    """Names the contexts that lack cases; drawing more of the same would not bring them."""

    about = "cover blind contexts"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """One path for each requirement on coverage that is open."""
        left = path_words.still_open(verdicts)
        ours = [one for one in left if one.metric == COVERAGE]
        return [_path(one, settles=len(ours) == len(left)) for one in ours]


def _path(verdict: Verdict, settles: bool) -> Path:
    found = verdict.evidence
    detail = found.detail if isinstance(found, Measured) else found.reason
    return Path(
        "cover_blind",
        f"Collect cases for {verdict.requirement}: {detail}. A context that the scope keeps out "
        "needs another scope, or another environment, with whoever declared it.",
        f"{verdict.requirement} reaches {telling.exact(verdict.limit.value)} once the contexts "
        "named hold enough cases in scope.",
        assumed=("what else is required holds in those contexts too",),
        settles=settles,
    )
