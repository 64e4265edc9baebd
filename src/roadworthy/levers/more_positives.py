"""More calibration cases of the kind that is missing: how many certify what is asked."""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from roadworthy.core import columns
from roadworthy.core.certificate import NOT_CERTIFIED, CertifiedSide
from roadworthy.core.evidence import NotMeasured
from roadworthy.core.lever import Rejudge
from roadworthy.core.path import Amount, Path
from roadworthy.core.study import OpenStudy
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io import certificate_words as words
from roadworthy.io import path_words, telling


class MorePositives:
    """Fresh calibration cases for each side that could not be certified."""

    about = "certify on more calibration cases"

    def propose(
        self, study: OpenStudy, verdicts: Sequence[Verdict], rejudge: Rejudge
    ) -> list[Path]:
        """One path a risk that lacks cases; none where a certificate is there or is not wanted."""
        found = study.certificate
        if found is None or found.outcome is Outcome.PASS:
            return []
        short = [side for side in found.sides if side.needs is not None and side.needs.more]
        others = any(side.threshold is None and side not in short for side in found.sides)
        waiting = NotMeasured(NOT_CERTIFIED)
        missed = [v for v in path_words.still_open(verdicts) if v.evidence != waiting]
        alone = len(short) == 1 and not others and not missed
        return [_path(study, side, rejudge, alone) for side in short]


def _path(study: OpenStudy, side: CertifiedSide, rejudge: Rejudge, alone: bool) -> Path:
    needs = side.needs
    assert needs is not None
    cases = _cases(study, side)
    label = None if rejudge.product.costs is None else rejudge.product.costs.label
    cost = None
    if cases is not None and label is not None and rejudge.product.costs is not None:
        cost = Amount(cases * label, rejudge.product.costs.unit)
    about = "" if cases is None else f", about {telling.count(cases)} cases"
    promised = words.promise(side.risk, side.at_most)
    miss, end = ("miss", "lowest") if side.side == "clear" else ("false alarm", "highest")
    # a predictive value must also be reached by the test's sequence, so this is the least
    least = "at least " if side.risk.predictive else ""
    return Path(
        lever="more_positives",
        change=f"Certify on a fresh calibration set of {least}{telling.count(needs.cases)} "
        f"{needs.of}{about}: {telling.count(needs.cases)} without a {miss} certify {promised}.",
        expected=f"the product may {side.side} alone. These {telling.count(needs.have)} "
        f"{needs.of} could certify {words.attainable(side)} now; whoever set the limit decides.",
        cost=cost,
        assumed=(
            f"how many cases it may then {side.side} hangs on the {end}-scoring of them",
            "the calibration cases used so far are spent, save under looks declared before",
        ),
        cases=cases,
        settles=alone,
    )


def _cases(study: OpenStudy, side: CertifiedSide) -> int | None:
    """How many cases bring the needed ones, at the share of their class among open cases."""
    assert side.needs is not None
    if side.risk.predictive:
        return None
    positive = study.tables["cases"].filter(pl.col(columns.INSIDE))[columns.POSITIVE]
    kind = positive if side.side == "clear" else ~positive
    # where none of the kind was seen, nobody can say how many cases bring them
    seen = int(kind.sum())
    return math.ceil(side.needs.cases * len(kind) / seen) if seen else None
