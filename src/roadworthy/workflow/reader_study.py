"""reader-study analyse: are readers with the product's marks no worse than without them?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from roadworthy import __version__
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.reader_study import WITHOUT, Compared, Endpoint, ReaderStudy
from roadworthy.core.requirement import Limit, Side
from roadworthy.core.verdict import Outcome
from roadworthy.io.product_yaml import load_product
from roadworthy.io.reader_study_json import reader_study_to_json
from roadworthy.io.reader_table import Readings, read_readings
from roadworthy.io.registry import instruments
from roadworthy.stats import reader_study as mrmc
from roadworthy.stats.multiplicity import holm
from roadworthy.store.workspace import Workspace, unwritable
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.studies import settle
from roadworthy.workflow.verification import refuse_unverified

OUT = "reader_study.json"


def analyse(
    table: Path,
    limit: Limit,
    endpoints: Sequence[Endpoint] = (),
    product: Path | None = None,
    positive: str | None = None,
    confidence: float = 0.95,
    washout_days: int = 28,
    out: Path | None = None,
) -> ReaderStudy:
    """Judges the readings in ``table`` and writes the result to ``out``.

    ``limit`` is a max_drop or a min_gain, the same for all ``endpoints`` (by default all that the
    table can show: sensitivity and specificity of calls, the AUC of scores). All of them must pass.
    ``product`` says whose marks the readers saw.

    Raises:
        BadInput: the table is no complete crossover; see ``read_readings``.
    """
    readings = read_readings(table, positive, washout_days)
    asked = _asked(readings, endpoints)
    whose = ("", "") if product is None else subject_of(product)
    alpha = 1.0 - confidence
    found = _judged([_compared(one, readings, limit, alpha) for one in asked], alpha)
    study = ReaderStudy(
        outcome=Outcome.worst(one.outcome for one in found),
        found=found,
        readers=len(readings.readers),
        cases=len(readings.cases),
        positives=int(readings.positive.sum()),
        confidence=confidence,
        product=whose[0],
        subject=whose[1],
        table=readings.fingerprint,
        version=__version__,
        notes=_notes(readings, product),
    )
    _write(out or table.with_name(OUT), study)
    return study


def _asked(readings: Readings, endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    can = [] if readings.scores is None else [Endpoint.AUC]
    can += [] if readings.calls is None else [Endpoint.SENSITIVITY, Endpoint.SPECIFICITY]
    return list(dict.fromkeys(endpoints)) or can


def subject_of(file: Path) -> tuple[str, str]:
    """The product's name, and the fingerprint of what it judges with."""
    product = load_product(file, study=False)
    parted = load_cases(product)
    refuse_unverified(product, parted.schema, "a reader study")
    judged = settle(product, Workspace.beside(product.file), parted, instruments()).judged
    return product.name, judged.subject.fingerprint


def _compared(endpoint: Endpoint, readings: Readings, limit: Limit, alpha: float) -> Compared:
    positive = readings.positive
    values, least, cases = values_of(endpoint, readings)
    kind = {Endpoint.SENSITIVITY: positive, Endpoint.SPECIFICITY: ~positive}.get(endpoint)
    of = {Endpoint.SENSITIVITY: "positives", Endpoint.SPECIFICITY: "negatives"}.get(
        endpoint, "cases"
    )
    by_reader = tuple(
        (name, float(before), float(after))
        for name, before, after in zip(readings.readers, *values.theta, strict=True)
    )
    fewest = min(int(positive.sum()), int((~positive).sum())) if kind is None else cases
    if why := _too_few(
        len(readings.readers), fewest, of if kind is not None else "cases of one class"
    ):
        return Compared(
            endpoint, limit, Outcome.INCONCLUSIVE, NotMeasured(why), cases, of, by_reader=by_reader
        )
    gain = mrmc.difference(values)
    base = mrmc.Base(len(readings.readers), cases, of, least)
    return Compared(
        endpoint=endpoint,
        limit=limit,
        outcome=Outcome.INCONCLUSIVE,
        evidence=mrmc.evidence(gain, limit, alpha, base),
        n=cases,
        of=of,
        without=mrmc.arm(values, 0),
        with_marks=mrmc.arm(values, 1),
        difference=gain,
        by_reader=by_reader,
    )


def values_of(endpoint: Endpoint, readings: Readings) -> tuple[mrmc.Values, mrmc.Least, int]:
    """Every reader's value, the least error to believe, and how many cases it is about."""
    positive = readings.positive
    m, n = int(positive.sum()), int((~positive).sum())
    if endpoint is Endpoint.AUC:
        if readings.scores is None:
            raise _missing("auc", "score")
        return mrmc.areas(readings.scores, positive), mrmc.least_area_error(m, n), m + n
    if readings.calls is None:
        raise _missing(endpoint.value, "call")
    if endpoint is Endpoint.SENSITIVITY:
        return mrmc.calls(readings.calls[:, :, positive]), mrmc.least_error(m), m
    return mrmc.calls(~readings.calls[:, :, ~positive]), mrmc.least_error(n), n


def _missing(endpoint: str, column: str) -> BadInput:
    return BadInput(
        f"{endpoint} needs a column `{column}`, and the table has none.",
        code="missing_column",
        where="the readings",
        value=endpoint,
        next_step="Add it, or ask for another endpoint.",
    )


def _too_few(readers: int, cases: int, of: str) -> str:
    if readers < mrmc.FEWEST_READERS:
        return (
            f"{readers} readers say too little of other readers: with fewer than "
            f"{mrmc.FEWEST_READERS} the test was seen to pass failing ones too often"
        )
    if cases < mrmc.FEWEST_CASES:
        return f"{cases} {of} are too few: it takes {mrmc.FEWEST_CASES}"
    return ""


def _judged(found: Sequence[Compared], alpha: float) -> tuple[Compared, ...]:
    """PASS where the unfavourable bound meets the limit; FAIL after Holm over the endpoints."""
    p = [one.evidence.p_fail for one in found if isinstance(one.evidence, Measured)]
    failed = iter(holm(np.array(p), np.full(len(p), alpha)) if p else ())
    return tuple(
        replace(one, outcome=_outcome(one.evidence, alpha, bool(next(failed))))
        if isinstance(one.evidence, Measured)
        else one
        for one in found
    )


def _outcome(evidence: Measured, alpha: float, failed: bool) -> Outcome:
    if evidence.p_pass <= alpha:
        return Outcome.PASS
    return Outcome.FAIL if failed else Outcome.INCONCLUSIVE


def _notes(readings: Readings, product: Path | None) -> tuple[str, ...]:
    washout = (
        f"at least {readings.days} days lie between both readings of a case"
        if readings.days is not None
        else "no dates are recorded, so the washout between the sessions is taken on trust"
    )
    found = [
        f"{readings.first:.0%} of the cases were read with marks first; {washout}.",
        "Cases are taken as independent of one another: one a patient.",
    ]
    if product is None:
        found.append(
            "Nobody said whose marks the readers saw, so `team: {study: }` will not count it: "
            "name the product, `--product product.yaml`."
        )
    return tuple(found)


def _write(out: Path, study: ReaderStudy) -> None:
    content = json.dumps(reader_study_to_json(study), indent=2, allow_nan=False) + "\n"
    try:
        Workspace(out.parent).write(out.name, content)
    except OSError as problem:
        raise unwritable(out, problem) from problem


def margin(max_drop: float | None, min_gain: float | None) -> Limit:
    """The limit that two options name: exactly one of them.

    Raises:
        BadInput: none or both were given, or one is no share.
    """
    given = [(Side.MAX_DROP, max_drop), (Side.MIN_GAIN, min_gain)]
    named = [(side, value) for side, value in given if value is not None]
    if len(named) == 1 and 0.0 <= named[0][1] < 1.0:
        return Limit(named[0][0], named[0][1], against=WITHOUT)
    raise BadInput(
        "a reader study is judged against one margin, a share below 1."
        if named
        else "nothing says how much worse readers with marks may be.",
        code="usage",
        where="the command line",
        value=None if not named else [value for _, value in named],
        next_step="Write `--max-drop 0.05` (no worse than that) or `--min-gain 0` (better).",
    )
