"""What instruments may ask of the data: shares, averages, pairs, ranks; each reduced per cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.instrument import Rows, Statistic
from roadworthy.stats import auc, calibration, ranked, sketches
from roadworthy.stats.paired import PairedCounts

Arrays: TypeAlias = Mapping[str, NDArray[Any]]
Codes: TypeAlias = NDArray[Any] | None
R = TypeVar("R")
ALL_CASES = pl.lit(True)

# above this many cases the AUC comes from a histogram whose error is bounded, not from a sort; so
# many scores take nearly as much memory as their histogram
EXACT_AUC_CASES = 50_000


@dataclass(frozen=True)
class ByUnit:
    """Sums per unit of independence: ``sums`` and ``sizes`` have shape (units,)."""

    sums: NDArray[np.float64]
    sizes: NDArray[np.float64]

    @property
    def dependent(self) -> bool:
        """Whether any unit holds more than one case."""
        return bool(len(self.sizes)) and float(self.sizes.max()) > 1.0

    @staticmethod
    def of(values: NDArray[np.float64], unit: Codes) -> ByUnit:
        """Sum ``values`` (cases,) by unit; units keep the order in which they first appear."""
        if unit is None or len(values) == 0:
            return ByUnit(values, np.ones(len(values)))
        _, first, code = np.unique(unit, return_index=True, return_inverse=True)
        sums = np.bincount(code, weights=values)
        sizes = np.bincount(code, weights=np.ones(len(values)))
        order = np.argsort(first, kind="stable")
        return ByUnit(
            np.asarray(sums[order], dtype=np.float64), np.asarray(sizes[order], dtype=np.float64)
        )


NO_UNITS = ByUnit(np.empty(0), np.empty(0))


@dataclass(frozen=True)
class Tally:
    """``k`` hits among ``n`` cases, and the same by unit when cases depend on one another."""

    k: int
    n: int
    units: ByUnit | None = None

    @property
    def estimate(self) -> float:
        return self.k / self.n


@dataclass(frozen=True)
class Average:
    """Values per case as sums by unit; ``smallest`` and ``largest`` single values (None: none)."""

    units: ByUnit
    n: int
    smallest: float | None
    largest: float | None
    spread: float


@dataclass(frozen=True)
class Pairing:
    """Pairs in which one side was right and the other wrong; gains by unit when cases depend."""

    counts: PairedCounts
    units: ByUnit


@dataclass(frozen=True)
class Ranks:
    """The AUC, how far it can be from the exact one, and the (effective) class sizes.

    Dependent cases count as (cases) / (cases of the largest unit): what is left if cases of a unit
    are fully alike and the errors sit in the largest units. (Kish's (sum m)^2 / sum m^2 passes a
    failing model in .1 to .25 of studies then.) It is halved when a unit holds both classes:
    independent pairs then need two units each.
    """

    auc: float | None
    error: float
    positives: int
    negatives: int
    effective_positives: float
    effective_negatives: float
    units_positive: int
    units_negative: int
    dependent: bool


@dataclass(frozen=True)
class Share:
    """How many cases ``hit`` holds for, among those that ``among`` holds for."""

    hit: pl.Expr
    among: pl.Expr = ALL_CASES
    rows: Rows = Rows.RATED

    def columns(self) -> Mapping[str, pl.Expr]:
        return {"hit": self.hit, "among": self.among}

    def reduce(self, columns: Arrays, unit: Codes) -> Tally:
        among = columns["among"].astype(bool)
        hit = columns["hit"].astype(bool)[among]
        tally = Tally(int(hit.sum()), len(hit))
        if unit is None:
            return tally
        units = ByUnit.of(hit.astype(np.float64), unit[among])
        return Tally(tally.k, tally.n, units if units.dependent else None)

    def sketch(self) -> sketches.Counts[Tally]:
        """Hits and cases by part."""

        def properties(columns: Arrays) -> tuple[NDArray[np.bool_], ...]:
            among = columns["among"].astype(bool)
            return columns["hit"].astype(bool) & among, among

        return sketches.Counts(properties, lambda k, n: Tally(k, n))


@dataclass(frozen=True)
class PartsOfCases:
    """``hits`` of the ``parts`` that each case has, such as the lesions of an exam.

    Parts of a case depend on one another, so every case is a unit, or belongs to one.
    """

    hits: pl.Expr
    parts: pl.Expr
    rows: Rows = Rows.INSIDE

    def columns(self) -> Mapping[str, pl.Expr]:
        return {"hits": self.hits.cast(pl.Float64), "parts": self.parts.cast(pl.Float64)}

    def reduce(self, columns: Arrays, unit: Codes) -> Tally:
        hits, parts = (columns[name].astype(np.float64) for name in ("hits", "parts"))
        units = ByUnit(ByUnit.of(hits, unit).sums, ByUnit.of(parts, unit).sums)
        tally = Tally(int(hits.sum()), int(parts.sum()))
        return Tally(tally.k, tally.n, units) if units.dependent else tally


@dataclass(frozen=True)
class MeanOfParts:
    """A mean over the ``parts`` that each case has, of ``total`` of all of them together.

    Such as marks per image of exams of several images. ``smallest`` and ``largest`` are those of
    cases' own means.
    """

    total: pl.Expr
    parts: pl.Expr
    rows: Rows = Rows.INSIDE

    def columns(self) -> Mapping[str, pl.Expr]:
        return {"total": self.total.cast(pl.Float64), "parts": self.parts.cast(pl.Float64)}

    def reduce(self, columns: Arrays, unit: Codes) -> Average:
        some = columns["parts"].astype(np.float64) > 0
        total, parts = (columns[name].astype(np.float64)[some] for name in ("total", "parts"))
        own = None if unit is None else unit[some]
        each, n = total / parts, int(parts.sum())
        mean = float(total.sum()) / n if n else 0.0
        return Average(
            ByUnit(ByUnit.of(total, own).sums, ByUnit.of(parts, own).sums),
            n,
            float(each.min()) if n else None,
            float(each.max()) if n else None,
            # what parts of one case have alike is not known, so they count as fully alike
            float(np.sqrt(((each - mean) ** 2 * parts).sum() / n)) if n else 0.0,
        )


@dataclass(frozen=True)
class Mean:
    """The values of ``of`` among the cases that ``among`` holds for."""

    of: pl.Expr
    among: pl.Expr = ALL_CASES
    rows: Rows = Rows.RATED

    def columns(self) -> Mapping[str, pl.Expr]:
        return {"of": self.of.cast(pl.Float64), "among": self.among}

    def reduce(self, columns: Arrays, unit: Codes) -> Average:
        among = columns["among"].astype(bool)
        values = columns["of"][among].astype(np.float64)
        some = len(values) > 0
        return Average(
            ByUnit.of(values, None if unit is None else unit[among]),
            len(values),
            float(values.min()) if some else None,
            float(values.max()) if some else None,
            float(values.std()) if some else 0.0,
        )


@dataclass(frozen=True)
class Pairs:
    """On the same cases: ours right and theirs wrong, and the reverse."""

    ours: pl.Expr
    theirs: pl.Expr
    among: pl.Expr = ALL_CASES
    rows: Rows = Rows.RATED

    def columns(self) -> Mapping[str, pl.Expr]:
        return {"ours": self.ours, "theirs": self.theirs, "among": self.among}

    def reduce(self, columns: Arrays, unit: Codes) -> Pairing:
        among = columns["among"].astype(bool)
        ours, theirs = (columns[side].astype(bool)[among] for side in ("ours", "theirs"))
        counts = PairedCounts(
            int((ours & ~theirs).sum()), int((~ours & theirs).sum()), int(among.sum())
        )
        if unit is None:
            return Pairing(counts, NO_UNITS)
        units = ByUnit.of(ours.astype(np.float64) - theirs, unit[among])
        return Pairing(counts, units if units.dependent else NO_UNITS)

    def sketch(self) -> sketches.Counts[Pairing]:
        """Gained, lost and all pairs by part."""

        def properties(columns: Arrays) -> tuple[NDArray[np.bool_], ...]:
            among = columns["among"].astype(bool)
            ours, theirs = (columns[side].astype(bool) & among for side in ("ours", "theirs"))
            return ours & ~theirs, ~ours & theirs, among

        return sketches.Counts(
            properties,
            lambda gained, lost, n: Pairing(PairedCounts(gained, lost, n), NO_UNITS),
        )


@dataclass(frozen=True)
class Ranking:
    """How well ``score`` ranks the positives above the negatives."""

    score: pl.Expr
    positive: pl.Expr
    rows: Rows = Rows.INSIDE

    def columns(self) -> Mapping[str, pl.Expr]:
        return {"score": self.score, "positive": self.positive}

    def reduce(self, columns: Arrays, unit: Codes) -> Ranks:
        positive = columns["positive"].astype(bool)
        score = columns["score"].astype(np.float64)
        estimate, error = _auc(score, positive)
        sizes = [
            ByUnit.of(np.ones(int(side.sum())), None if unit is None else unit[side]).sizes
            for side in (positive, ~positive)
        ]
        mixed = unit is not None and len(np.intersect1d(unit[positive], unit[~positive])) > 0
        left = 0.5 if mixed else 1.0
        alike = [left * float(s.sum() / s.max()) if len(s) else 0.0 for s in sizes]
        return Ranks(
            estimate,
            error,
            int(positive.sum()),
            int((~positive).sum()),
            alike[0],
            alike[1],
            len(sizes[0]),
            len(sizes[1]),
            any(len(s) and s.max() > 1 for s in sizes),
        )

    def sketch(self) -> ranked.Ranked[Ranks]:
        """Scores while they are few, a histogram from then on."""

        def told(area: float | None, error: float, positives: int, negatives: int) -> Ranks:
            sizes = float(positives), float(negatives)
            return Ranks(
                area, error, positives, negatives, *sizes, positives, negatives, dependent=False
            )

        return ranked.Ranked(EXACT_AUC_CASES, told)


def _auc(score: NDArray[np.float64], positive: NDArray[np.bool_]) -> tuple[float | None, float]:
    if positive.all() or not positive.any():
        return None, 0.0
    if len(score) <= EXACT_AUC_CASES:
        return auc.exact(score[positive], score[~positive]), 0.0
    histogram = auc.ScoreHistogram.of(score, positive)
    return histogram.auc(), histogram.auc_error()


@dataclass(frozen=True)
class WhenDependent(Generic[R]):
    """A statistic that is only needed when cases depend on one another; None when they do not.

    Where counts would do for independent cases, this saves keeping a value a case.
    """

    needed: Statistic[R]

    @property
    def rows(self) -> Rows:
        return self.needed.rows

    def columns(self) -> Mapping[str, pl.Expr]:
        return self.needed.columns()

    def reduce(self, columns: Arrays, unit: Codes) -> R | None:
        return None if unit is None else self.needed.reduce(columns, unit)

    def sketch(self) -> sketches.Nothing:
        """Nothing: sketches are of independent cases."""
        return sketches.Nothing()


@dataclass(frozen=True)
class Reliability:
    """Scores and truths in bins of equal width."""

    score: pl.Expr
    positive: pl.Expr
    bins: int
    rows: Rows = Rows.INSIDE

    def columns(self) -> Mapping[str, pl.Expr]:
        return {"score": self.score, "positive": self.positive}

    def reduce(self, columns: Arrays, unit: Codes) -> Binned:
        edges = np.linspace(0.0, 1.0, self.bins + 1)
        found = calibration.bins(
            columns["score"].astype(np.float64), columns["positive"].astype(bool), edges
        )
        return Binned(found, shares_units(unit))


@dataclass(frozen=True)
class Binned:
    """The bins of a reliability diagram, and whether the cases in them depend on one another."""

    bins: calibration.Bins
    dependent: bool


@dataclass(frozen=True)
class Raw:
    """The values themselves, for bounds that rest on order statistics."""

    of: pl.Expr
    rows: Rows = Rows.ALL

    def columns(self) -> Mapping[str, pl.Expr]:
        return {"of": self.of.cast(pl.Float64)}

    def reduce(self, columns: Arrays, unit: Codes) -> NDArray[np.float64]:
        return columns["of"].astype(np.float64)


@dataclass(frozen=True)
class Totalled:
    """A sum, how many rows it is over, the least of them, and whether they depend.

    ``whole``: every single value is a whole number.
    """

    total: float
    n: int
    least: float
    dependent: bool
    whole: bool


@dataclass(frozen=True)
class Total:
    """The sum of a column, such as events, miles or bytes."""

    of: pl.Expr
    rows: Rows = Rows.INSIDE

    def columns(self) -> Mapping[str, pl.Expr]:
        return {"of": self.of.cast(pl.Float64)}

    def reduce(self, columns: Arrays, unit: Codes) -> Totalled:
        values = columns["of"].astype(np.float64)
        return Totalled(
            float(values.sum()),
            len(values),
            float(values.min()) if len(values) else 0.0,
            shares_units(unit),
            bool(np.all(values == np.floor(values)) and np.all(np.isfinite(values))),
        )


def shares_units(unit: Codes) -> bool:
    """Whether any unit holds more than one case."""
    return unit is not None and len(np.unique(unit)) < len(unit)
