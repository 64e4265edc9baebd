"""Another threshold: the one at which open data meets most, and what it trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.lever import Change, Rejudge
from roadworthy.core.path import Path
from roadworthy.core.policy import Policy
from roadworthy.core.standing import standing
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Verdict
from roadworthy.io import path_words

CANDIDATES = 15


class Threshold:
    """Moves the threshold of a binary product; scores and cases stay."""

    about = "move the threshold"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """The threshold that meets most, when it meets more than the present one."""
        policy, before = rejudge.policy, rejudge(study)
        start = standing(before)
        if policy is None or start.settled:
            return []
        tried = [replace(policy, threshold=score) for score in _candidates(study, policy)]
        found = [(rejudge(study, Change(policy=other)), other) for other in tried]
        after, best = min(found, key=lambda pair: standing(pair[0]), default=(before, policy))
        if not standing(after).meets_more_than(start):
            return []
        fresh = rejudge.fresh(study, Change(policy=best))
        trade = path_words.traded(before, after)
        return [
            Path(
                lever="threshold",
                change=f"Move the threshold from {policy.threshold:.4g} to {best.threshold:.4g}.",
                expected=f"{trade}; {path_words.outcome_of(after)}: {path_words.seen_of(after)}. "
                f"It was {path_words.SELECTED}, among {len(tried)} thresholds: "
                f"{path_words.proof(fresh)}.",
                cost=fresh.cost,
                assumed=fresh.assumed,
                selection=True,
                write=path_words.decision(rejudge.product, best, None),
                cases=fresh.more,
                settles=fresh.cases is not None and not standing(after).missed,
            )
        ]


def _candidates(study: OpenStudy, policy: Policy) -> list[float]:
    """At most so many scores of cases in scope, evenly spaced by rank, without the present one."""
    table = study.tables["cases"]
    scores = table.filter(pl.col(columns.INSIDE))[columns.SCORE].sort().to_numpy()
    if len(scores) == 0:
        return []
    ranks = np.linspace(0, len(scores) - 1, CANDIDATES).round().astype(int)
    return [float(score) for score in np.unique(scores[ranks]) if score != policy.threshold]
