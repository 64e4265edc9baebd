"""A better guard: what to change when it is not shown to do what product.yaml asks of it."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.core.lever import Rejudge
from roadworthy.core.path import Path
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import path_words, telling

FEW, DETECTS = "guard_false_alarms", "must_detect"


class BetterGuard:
    """More validation cases for its threshold, more cases of a set, or other features."""

    about = "a better guard"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """One path for each open requirement on the guard."""
        left = path_words.still_open(verdicts)
        ours = [one for one in left if one.metric in (FEW, DETECTS)]
        return [_path(one, settles=len(ours) == len(left) == 1) for one in ours]


def _path(verdict: Verdict, settles: bool) -> Path:
    least = None if verdict.need is None else verdict.need.without_error
    if verdict.metric == FEW:
        told = "more" if least is None else telling.count(least)
        return Path(
            "better_guard",
            f"Give the validation set at least {told} cases in scope, and train again: so many "
            "set a threshold that keeps the limit.",
            f"{verdict.requirement} holds by the threshold's rank; until then the guard turns away "
            "only what is farther than every validation case.",
            assumed=("the cases added are like those of the validation set",),
            settles=settles,
        )
    more = verdict.outcome is Outcome.INCONCLUSIVE
    first = "Bring more cases of the set, or show" if more else "Show"
    return Path(
        "better_guard",
        f"{first} the guard what tells them apart: other columns or embeddings, more training "
        f"cases, another method (`guard: {{features: [...], methods: [...]}}`), or more false "
        "alarms allowed.",
        f"{path_words.seen(verdict)}; try on cases of the set that nobody tuned on.",
    )
