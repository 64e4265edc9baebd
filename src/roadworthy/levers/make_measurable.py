"""What was not measured, or can never be shown: what must be done before any evidence counts."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.core.certificate import NOT_CERTIFIED
from roadworthy.core.device import PROCESSES, TABLES
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.lever import Rejudge
from roadworthy.core.path import Path
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Verdict
from roadworthy.io import path_words


class MakeMeasurable:
    """Names the command, the table or the limit that stands in the way."""

    about = "measure what was not measured"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """One path a reason."""
        found: dict[str, Path] = {}
        for verdict in path_words.still_open(verdicts):
            path = _path(verdict)
            if path is not None:
                found.setdefault(path.change, path)
        return list(found.values())


def _more(table: str, least: int) -> str:
    return f"`device: {{runs: {least}}}`" if table == PROCESSES else f"`--requests {least}`"


def _path(verdict: Verdict) -> Path | None:
    if verdict.need is not None and verdict.need.never:
        return Path(
            "make_measurable",
            f"Give {verdict.requirement} another limit in product.yaml, or make it advisory: it "
            f"can never be shown ({verdict.need.never}).",
            "a set of cases can then show it; `roadworthy plan` says how large. Who set the limit "
            "must agree.",
            cases=0,
        )
    found, need = verdict.evidence, verdict.need
    if isinstance(found, Measured) and need is not None and need.of in TABLES:
        least = need.without_error or 0
        if found.n < least:
            return Path(
                "make_measurable",
                f"Measure {path_words.name(verdict)} on at least {least} {need.of}, not {found.n}: "
                f"`roadworthy measure-device` with {_more(need.of, least)}.",
                "a bound then exists; whether it meets the limit is not known yet.",
                cases=0,
            )
    # what a certificate lacks has a lever of its own
    if isinstance(verdict.evidence, NotMeasured) and verdict.evidence.reason != NOT_CERTIFIED:
        return Path(
            "make_measurable",
            f"Have {path_words.name(verdict)} measured: {verdict.evidence.reason}.",
            "it is then judged; what comes out is not known yet.",
            cases=0,
        )
    return None
