"""What was not measured, or can never be shown: what must be done before any evidence counts."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.core.certificate import NOT_CERTIFIED
from roadworthy.core.evidence import NotMeasured
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
    # what a certificate lacks has a lever of its own
    if isinstance(verdict.evidence, NotMeasured) and verdict.evidence.reason != NOT_CERTIFIED:
        return Path(
            "make_measurable",
            f"Have {path_words.name(verdict)} measured: {verdict.evidence.reason}.",
            "it is then judged; what comes out is not known yet.",
            cases=0,
        )
    return None
