"""Another threshold: the one at which open data meets most, and what it trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.evidence import Measured
from roadworthy.core.lever import PARTIAL, Change, Rejudge
from roadworthy.core.path import Path
from roadworthy.core.policy import Policy
from roadworthy.core.standing import out_of_reach, standing
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
        apart = out_of_reach(verdicts) | out_of_reach(before)
        start = standing(before, apart)
        if not isinstance(policy, Policy) or start.settled:
            return []
        look = rejudge.sketch(study)
        unseen = apart | out_of_reach(rejudge(look))
        tried = [replace(policy, threshold=score) for score in _candidates(look, policy)]
        best = min(
            tried,
            key=lambda other: standing(rejudge(look, Change(policy=other)), unseen),
            default=policy,
        )
        after = rejudge(study, Change(policy=best))
        if not standing(after, apart).meets_more_than(start) or _gives_up(before, after):
            return []
        enough = not standing(after, apart).missed
        fresh = rejudge.fresh(study, Change(policy=best)) if enough else PARTIAL
        return [
            Path(
                lever="threshold",
                change=f"Move the threshold from {policy.threshold:.4g} to {best.threshold:.4g}.",
                expected=path_words.then(before, after),
                cost=fresh.cost,
                assumed=fresh.assumed,
                selection=True,
                write=path_words.decision(rejudge.product, best, None),
                cases=fresh.more,
                settles=fresh.settles,
                proof=path_words.proof(fresh, f"{len(tried)} thresholds"),
            )
        ]


def _gives_up(before: Sequence[Verdict], after: Sequence[Verdict]) -> bool:
    """Whether a requirement that is missed anyway is missed by more."""
    was = {(v.requirement, v.slice): v.evidence for v in before}
    for verdict in path_words.still_open(after):
        old, new, limit = was[verdict.requirement, verdict.slice], verdict.evidence, verdict.limit
        if not isinstance(old, Measured) or not isinstance(new, Measured):
            continue
        worse = (new.estimate < old.estimate) is limit.wants_high and new.estimate != old.estimate
        if worse and not limit.met_by(new.estimate):
            return True
    return False


def _candidates(study: OpenStudy, policy: Policy) -> list[float]:
    """At most so many scores of cases in scope, evenly spaced by rank, without the present one."""
    table = study.tables["cases"]
    scores = table.filter(pl.col(columns.INSIDE))[columns.SCORE].sort().to_numpy()
    if len(scores) == 0:
        return []
    ranks = np.linspace(0, len(scores) - 1, CANDIDATES).round().astype(int)
    return [float(score) for score in np.unique(scores[ranks]) if score != policy.threshold]
