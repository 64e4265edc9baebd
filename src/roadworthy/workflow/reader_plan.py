"""reader-study plan: which readers and cases could show it, and who reads what when."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from roadworthy.core.errors import BadInput
from roadworthy.core.reader_plan import ReaderPlan, Size
from roadworthy.core.reader_study import Endpoint
from roadworthy.core.requirement import Limit
from roadworthy.io.case_ids import read_case_ids
from roadworthy.io.reader_table import read_readings
from roadworthy.stats import reader_study as mrmc
from roadworthy.store.workspace import Workspace, unwritable
from roadworthy.workflow.reader_study import values_of

SESSIONS = (1, 2)


@dataclass(frozen=True)
class Guess:
    """What a team expects.

    ``expected`` is the endpoint without marks, ``gain`` what the marks add, ``positives`` the share
    of positives among the cases. Correlations of the errors of two readings of the same cases: by
    one reader in both conditions (``r1``), by two readers in one (``r2``), by two readers in two
    (``r3``). ``spread`` is the standard deviation of what the marks do to one reader more than to
    another. A ``pilot`` tells all but gain and positives better.
    """

    expected: float = 0.85
    gain: float = 0.0
    positives: float = 0.5
    r1: float = 0.45
    r2: float = 0.40
    r3: float = 0.30
    spread: float = 0.015
    pilot: Path | None = None


@dataclass(frozen=True)
class Effort:
    """How sure the study must be, how likely to succeed, and what a reading takes."""

    confidence: float = 0.95
    power: float = 0.80
    minutes: float = 2.0
    washout_weeks: int = 4


@dataclass(frozen=True)
class Schedule:
    """Where to write who reads what when; names of cases from a file, one a line; the seed."""

    file: Path
    case_ids: Path | None = None
    seed: int = 0


def plan(
    endpoint: Endpoint,
    limit: Limit,
    readers: Sequence[int],
    cases: Sequence[int],
    guess: Guess,
    effort: Effort,
    schedule: Schedule | None = None,
) -> ReaderPlan:
    """The power of every size of the study; with ``schedule``, who reads what when in the best.

    Raises:
        BadInput: a number makes no sense, the pilot is no crossover, or no size is large enough
            for the schedule.
    """
    _require(readers, cases, guess, effort, limit)
    study = _Study.of(endpoint, limit, guess, effort)
    sizes = tuple(study.size(j, n) for n in cases for j in readers)
    enough = [size for size in sizes if not size.refused and size.power >= effort.power]
    best = min(enough, key=lambda size: (size.hours, size.readers), default=None)
    if schedule is not None:
        _write(schedule.file, _rows(_scheduled(best), schedule))
    return ReaderPlan(
        endpoint=endpoint,
        limit=limit,
        expected=study.expected,
        gain=guess.gain,
        confidence=effort.confidence,
        power=effort.power,
        positives=guess.positives,
        minutes=effort.minutes,
        washout_weeks=effort.washout_weeks,
        sizes=sizes,
        best=best,
        assumed=study.assumed(),
        schedule=schedule.file if schedule else None,
    )


def _require(
    readers: Sequence[int], cases: Sequence[int], guess: Guess, effort: Effort, limit: Limit
) -> None:
    shares: Mapping[str, float] = {
        "--positives": guess.positives,
        "--expected": guess.expected,
        "--power": effort.power,
        "--confidence": effort.confidence,
    }
    for name, value in shares.items():
        if not 0.0 < value < 1.0:
            raise _wrong(
                f"{name} must lie between 0 and 1, not {value:g}.", value, "Write a share."
            )
    for name, several in (("--readers", readers), ("--cases", cases)):
        if min(several, default=0) < 2:
            raise _wrong(f"{name} must be 2 or more.", list(several), "Write numbers such as 10.")
    if not effort.minutes > 0.0 or not guess.spread >= 0.0:
        raise _wrong("--minutes and --spread must not be negative.", effort.minutes, "Write 2.")
    if not -1.0 < guess.r3 <= min(guess.r1, guess.r2) < 1.0:
        raise _wrong(
            "two readers in two conditions cannot be more alike than in one: --r3 must be the "
            "smallest of the three.",
            [guess.r1, guess.r2, guess.r3],
            "Write it below --r1 and --r2, or hand in a pilot: --pilot TABLE.",
        )
    if not guess.gain > limit.threshold:
        raise _wrong(
            f"a gain of {guess.gain:g} does not beat the limit ({limit}), so no study shows it.",
            guess.gain,
            "Expect more (--gain), or allow a larger margin.",
        )


def _wrong(message: str, value: object, next_step: str) -> BadInput:
    return BadInput(
        message, code="usage", where="the command line", value=value, next_step=next_step
    )


@dataclass(frozen=True)
class _Pilot:
    found: mrmc.Components
    cases: int
    readers: int


@dataclass(frozen=True)
class _Study:
    """The spread of readings, declared or from a pilot, at every size."""

    endpoint: Endpoint
    limit: Limit
    guess: Guess
    effort: Effort
    expected: float
    pilot: _Pilot | None

    @staticmethod
    def of(endpoint: Endpoint, limit: Limit, guess: Guess, effort: Effort) -> _Study:
        if guess.pilot is None:
            return _Study(endpoint, limit, guess, effort, guess.expected, None)
        readings = read_readings(guess.pilot)
        values, _, cases = values_of(endpoint, readings)
        pilot = _Pilot(mrmc.components(values), cases, len(readings.readers))
        return _Study(endpoint, limit, guess, effort, float(values.theta[0].mean()), pilot)

    def size(self, readers: int, cases: int) -> Size:
        """The power of one size."""
        positive = round(cases * self.guess.positives)
        split = (positive, cases - positive)
        among = {Endpoint.SENSITIVITY: split[0], Endpoint.SPECIFICITY: split[1]}.get(
            self.endpoint, cases
        )
        hours = readers * cases * mrmc.CONDITIONS * self.effort.minutes / 60.0
        fewest = min(split) if self.endpoint is Endpoint.AUC else among
        if why := _refused(readers, fewest):
            return Size(readers, cases, among, 0.0, hours, why)
        found, scale = self._components(among, split)
        threshold = self.limit.threshold
        power = mrmc.power(
            found,
            readers,
            scale,
            self.guess.gain - threshold,
            1.0 - self.effort.confidence,
            self._least(among, split)(threshold),
        )
        return Size(readers, cases, among, power, hours)

    def _components(self, among: int, split: tuple[int, int]) -> tuple[mrmc.Components, float]:
        if self.pilot is not None:
            return self.pilot.found, among / self.pilot.cases
        # the standard error of one reader's value: of a share, or (Newcombe 2006) of an area
        var = self._least(among, split)(1.0 - self.expected) ** 2
        cov1, cov2, cov3 = (rho * var for rho in (self.guess.r1, self.guess.r2, self.guess.r3))
        return mrmc.Components(var, cov1, cov2, cov3, self.guess.spread**2, 0.0), 1.0

    def _least(self, among: int, split: tuple[int, int]) -> mrmc.Least:
        if self.endpoint is Endpoint.AUC:
            return mrmc.least_area_error(*split)
        return mrmc.least_error(among)

    def assumed(self) -> tuple[str, ...]:
        """What the figures rest on."""
        guess, pilot = self.guess, self.pilot
        if pilot is not None:
            spread = (
                f"readings are as spread as those of the pilot's {pilot.readers} readers on "
                f"{pilot.cases} cases, which is a noisy guess"
            )
        else:
            spread = (
                f"errors correlate by {guess.r1:g} (one reader, both conditions), {guess.r2:g} "
                f"(two readers, one) and {guess.r3:g} (two readers, two), and the marks help "
                f"readers unequally, with a standard deviation of {guess.spread:g}; a pilot tells "
                "better: --pilot TABLE"
            )
        mean = (
            f"readers without marks have a mean {self.endpoint} of {self.expected:.3g}, and gain "
            f"{guess.gain:g} with them"
        )
        return mean, spread


def _refused(readers: int, cases: int) -> str:
    if readers < mrmc.FEWEST_READERS:
        return f"fewer than {mrmc.FEWEST_READERS} readers"
    return "" if cases >= mrmc.FEWEST_CASES else f"fewer than {mrmc.FEWEST_CASES} cases of the kind"


def _scheduled(best: Size | None) -> Size:
    if best is None:
        raise _wrong(
            "no size looked at is large enough, so there is nothing to schedule.",
            None,
            "Look at more readers or cases: `--readers 20 --cases 600`.",
        )
    return best


def _rows(size: Size, schedule: Schedule) -> Iterator[tuple[str, int, int, str, str]]:
    """Reader, session, order, case and condition: counterbalanced, in random order.

    Half of the cases are read with marks in the first session and without in the second, the other
    half the other way round; every second reader has the halves exchanged.
    """
    cases = _cases(size, schedule.case_ids)
    random = np.random.default_rng(schedule.seed)
    half = set(random.permutation(len(cases))[: len(cases) // 2].tolist())
    for reader in range(size.readers):
        for session in SESSIONS:
            for order, place in enumerate(random.permutation(len(cases)).tolist(), start=1):
                with_first = (place in half) != (reader % 2 == 1)
                condition = "with" if with_first == (session == SESSIONS[0]) else "without"
                yield f"reader{reader + 1:02d}", session, order, cases[place], condition


def _cases(size: Size, file: Path | None) -> tuple[str, ...]:
    if file is None:
        return tuple(f"case{place:04d}" for place in range(1, size.cases + 1))
    cases = read_case_ids(file)
    if len(cases) != size.cases:
        raise BadInput(
            f"it names {len(cases)} cases, and the study has {size.cases}.",
            code="other_size",
            where=str(file),
            value=len(cases),
            next_step=f"Plan with `--cases {len(cases)}`.",
        )
    return cases


def _write(path: Path, rows: Iterator[tuple[str, int, int, str, str]]) -> None:
    text = io.StringIO(newline="")
    written = csv.writer(text, lineterminator="\n")
    written.writerow(("reader", "session", "order", "case", "condition"))
    written.writerows(rows)
    try:
        Workspace(path.parent).write(path.name, text.getvalue())
    except OSError as problem:
        raise unwritable(path, problem) from problem
