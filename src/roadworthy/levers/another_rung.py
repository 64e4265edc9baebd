"""Another rung of the ladder: the cheapest other model with which every requirement can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from roadworthy.core.evidence import NotMeasured
from roadworthy.core.lever import Change, OtherRung, Rejudge, Rungs
from roadworthy.core.path import Path
from roadworthy.core.standing import Cell, Standing, out_of_reach, standing
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Verdict
from roadworthy.io import path_words


@dataclass(frozen=True)
class _Tried:
    """Another model, its verdicts, and how near to yes both are where both can be told."""

    other: OtherRung
    verdicts: tuple[Verdict, ...]
    before: Standing
    after: Standing

    @property
    def good(self) -> bool:
        return not self.after.missed and self.after.meets_more_than(self.before)


class AnotherRung:
    """Keeps another kind of model: one that was not kept, not tried, or not trained here at all."""

    about = "keep another rung of the ladder"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """The cheapest rung with which all is shown, else the cheapest whose estimates all hold."""
        before = rejudge(study)
        apart = out_of_reach(verdicts) | out_of_reach(before)
        if standing(before, apart).settled:
            return []
        rungs, look = rejudge.rungs(study), rejudge.sketch(study)
        tried = [_try(look, other, apart, rejudge) for other in rungs.others]
        best = min(
            (one for one in tried if one.good),
            key=lambda one: not one.after.settled,
            default=None,
        )
        found = None if best is None else _try(study, best.other, apart, rejudge)
        if found is None or not found.good:
            return [_to_be_tried(rungs)] if rungs.untried else []
        return [_path(study, found, rungs, before, rejudge)]


def _try(study: OpenStudy, other: OtherRung, apart: frozenset[Cell], rejudge: Rejudge) -> _Tried:
    before, after = rejudge(study), rejudge(study, Change(rung=other))
    # what another model was not measured for, such as its times, is left open and told
    unknown = apart | out_of_reach(after)
    return _Tried(other, after, standing(before, unknown), standing(after, unknown))


def _path(
    study: OpenStudy,
    found: _Tried,
    rungs: Rungs,
    before: Sequence[Verdict],
    rejudge: Rejudge,
) -> Path:
    other, present = found.other, rungs.present
    fresh = rejudge.fresh(study, Change(rung=other))
    instead = f", instead of {present.title}" if present else ""
    unknown = _not_measured(found.verdicts)
    return Path(
        lever="another_rung",
        change=f"Keep {other.title}, {other.history}{instead}: "
        f"{path_words.takes(other, present)}. {_steps(rejudge)}",
        expected=path_words.then(before, found.verdicts),
        cost=fresh.cost,
        assumed=(
            *([f"it meets {unknown}, for which it was not measured yet"] if unknown else []),
            *fresh.assumed,
            # the ladder that follows pays for every model that was tried on these cases
            path_words.PAYING,
        ),
        selection=True,
        write=path_words.rung(rejudge.product, other),
        cases=fresh.more,
        settles=fresh.settles,
        proof=path_words.proof(fresh, f"{rungs.pairs} models and thresholds"),
    )


def _steps(rejudge: Rejudge) -> str:
    """What to do beside writing the lines."""
    data, model = rejudge.product.data, rejudge.product.model
    out = [word for word, said in (("score", data.score), ("prediction", data.prediction)) if said]
    out = [f"`{word}:` of `data:`" for word in out] + ["`model:`"] * (model is not None)
    leave = f"leave out {' and '.join(out)}, " if out else ""
    return f"Write this, {leave}and run `roadworthy train`."


def _not_measured(verdicts: Sequence[Verdict]) -> str:
    left = path_words.still_open(verdicts)
    return " and ".join(
        path_words.name(verdict) for verdict in left if isinstance(verdict.evidence, NotMeasured)
    )


def _to_be_tried(rungs: Rungs) -> Path:
    titles = " and ".join(title for _, title in rungs.untried)
    return Path(
        "another_rung",
        f"Let `roadworthy train` try {titles}.",
        "not known: there are too many training cases to fit it within a check.",
        write=f"models: [{', '.join(name for name, _ in rungs.untried)}]",
    )
