"""More cases: how large a fresh set shows every open requirement at once, and at what price."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.core.lever import Fresh, Rejudge
from roadworthy.core.path import Path
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import path_words, telling

MOST_REPEATED = 200_000


class MoreCases:
    """Fresh cases, judged alone: what was seen before is not pooled with them."""

    about = "judge on more cases"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """One path, unless something fails or can never be shown by any number of cases."""
        if study.certificate is not None and study.certificate.outcome is not Outcome.PASS:
            # what is to be judged must be certified first, on cases of its own
            return []
        fresh = rejudge.fresh(study)
        if fresh.cases is None or not path_words.still_open(verdicts):
            return []
        return [
            Path(
                lever="more_cases",
                change=_change(fresh),
                expected=_expected(study, fresh, rejudge),
                cost=fresh.cost,
                assumed=_assumed(fresh),
                cases=fresh.more,
                settles=fresh.settles,
            )
        ]


def _change(fresh: Fresh) -> str:
    assert fresh.cases is not None
    kinds = path_words.kinds(fresh)
    needed = f"{telling.count(fresh.cases)} fresh cases{kinds}"
    if fresh.sealed and not fresh.more:
        return (
            f"Run `roadworthy certify`: it takes {needed}, and "
            f"{telling.count(fresh.sealed)} are sealed."
        )
    if fresh.sealed:
        return (
            f"Seal {telling.count(fresh.more or 0)} more cases before the set is opened: it takes "
            f"{needed}, and {telling.count(fresh.sealed)} are sealed."
        )
    return f"Judge on {needed}, by themselves."


def _expected(study: OpenStudy, fresh: Fresh, rejudge: Rejudge) -> str:
    assert fresh.cases is not None
    larger = study.tables["cases"].height <= fresh.cases <= MOST_REPEATED
    judged = rejudge.enlarged(study, fresh.cases) if larger else study
    told = path_words.seen_of(rejudge(judged))
    chance = telling.percent(fresh.power)
    if fresh.at_target:
        told = f"{' and '.join(fresh.at_target)} at the target, the others as seen here"
        return f"PASS with a probability of {chance}, if the truth is: {told}."
    where = "here" if judged is study else "on so many"
    if fresh.unsized:
        chance = f"{chance}, all but {' and '.join(fresh.unsized)},"
    return f"PASS with a probability of {chance} if the truth is what was seen; {where}: {told}."


def _assumed(fresh: Fresh) -> tuple[str, ...]:
    said = ["fresh cases are like the open ones", *fresh.assumed]
    if fresh.if_target is not None and not fresh.at_target and fresh.if_target != fresh.cases:
        said.append(f"were the truth the targets, {telling.count(fresh.if_target)} cases")
    if fresh.at_target:
        said.append(f"{' and '.join(fresh.at_target)}: at the target, better than seen here")
    if fresh.unsized:
        said.append(f"no size is known for {' and '.join(fresh.unsized)}")
    return tuple(said)
