"""What the output of a net of the team's own says of each case, or why it says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit

from roadworthy.core.errors import BadInput
from roadworthy.core.images import Pool
from roadworthy.core.own_net import Gives, NetWords
from roadworthy.core.product import Task

Floats = NDArray[np.float64]
# chances in float32 or float16 add up to 1 this nearly
_NEARLY = 5e-3


@dataclass(frozen=True)
class Reading:
    """How outputs are read; ``who`` is the net's name where something is wrong with it."""

    who: str
    task: Task
    words: NetWords
    pool: Pool

    def answers(self, out: NDArray[Any], each: int, cases: Sequence[str]) -> pl.Series:
        """One answer a case, from ``each`` rows of ``out`` a case; ``cases`` are their names.

        Raises:
            BadInput: the shape is wrong, a value is not finite, or no probability although
                probabilities are declared; nothing is clipped.
        """
        rows = self._rows(out, len(cases) * each)
        self._require(
            np.isfinite(rows),
            rows,
            each,
            cases,
            _ENDLESS,
            _NOT_FINITE,
        )
        if self.words.gives is Gives.PROBABILITY:
            self._require_chances(rows, each, cases)
        if self.task is Task.MULTICLASS:
            best = self._pooled(rows, each).argmax(axis=1)
            return pl.Series([self.words.classes[at] for at in best], dtype=pl.String)
        if self.task is Task.REGRESSION or self.words.gives is Gives.PROBABILITY:
            return pl.Series(self._pooled(rows[:, -1:], each)[:, 0], dtype=pl.Float64)
        logits = rows if rows.shape[1] == 1 else rows[:, 1:] - rows[:, :1]
        return pl.Series(expit(self._pooled(logits, each)[:, 0]), dtype=pl.Float64)

    def _pooled(self, rows: Floats, each: int) -> Floats:
        by_case = rows.reshape(-1, each, rows.shape[1])
        found: Floats = by_case.max(axis=1) if self.pool is Pool.MAX else by_case.mean(axis=1)
        return found

    def _rows(self, out: NDArray[Any], wanted: int) -> Floats:
        """Shape (rows, outputs), in float64."""
        if not isinstance(out, np.ndarray) or out.dtype.kind not in "fiub":
            kind = getattr(out, "dtype", type(out).__name__)
            raise self._wrong(f"Its output is {kind}, not numbers", "Export an output of float32.")
        widths = self._widths
        shape = (
            "(batch)" if out.ndim == 1 else f"({', '.join(['batch', *map(str, out.shape[1:])])})"
        )
        flat = out[:, None] if out.ndim == 1 else out
        if flat.ndim != 2 or flat.shape[1] not in widths:
            told = " or ".join(f"(batch, {width})" for width in widths)
            raise self._wrong(
                f"Its output has the shape {shape}, and {self.task} wants {told}",
                f"`classes` names {len(self.words.classes)}: name all of them, in order."
                if self.task is Task.MULTICLASS
                else "Name another `output`, or add the last layer that makes one number a case.",
            )
        if len(flat) != wanted:
            step = "Export it with a free batch; it must answer every case by itself."
            raise self._wrong(f"It was asked {wanted} times and gave {len(flat)} answers", step)
        return flat.astype(np.float64)

    @property
    def _widths(self) -> tuple[int, ...]:
        if self.task is Task.MULTICLASS:
            return (len(self.words.classes),)
        return (1, 2) if self.task is Task.BINARY else (1,)

    def _require_chances(self, rows: Floats, each: int, cases: Sequence[str]) -> None:
        fine = (rows >= 0.0) & (rows <= 1.0)
        self._require(fine, rows, each, cases, _BEYOND, _LOGITS)
        if rows.shape[1] > 1:
            sums = rows.sum(axis=1, keepdims=True)
            fine = np.abs(sums - 1.0) <= _NEARLY
            told = "Its probabilities of {case} add up to {value} and not to 1"
            self._require(fine, sums, each, cases, told, _LOGITS)

    def _require(
        self,
        fine: NDArray[np.bool_],
        rows: Floats,
        each: int,
        cases: Sequence[str],
        what: str,
        step: str,
    ) -> None:
        if fine.all():
            return
        row, output = (int(at) for at in np.argwhere(~fine)[0])
        value, bad = float(rows[row, output]), int((~fine).any(axis=1).sum())
        case = cases[row // each] + (f", image {row % each + 1}" if each > 1 else "")
        more = f" (and {bad - 1} more of {len(rows):,} are like it)" if bad > 1 else ""
        raise self._wrong(what.format(case=case, value=f"{value:g}") + more, step, value)

    def _wrong(self, message: str, step: str, value: float | None = None) -> BadInput:
        return BadInput(
            f"{message}.",
            code="bad_answer",
            where=self.who,
            value=value,
            next_step=step,
        )


_ENDLESS = "Its output of {case} is {value}, no finite number"
_BEYOND = "Its output of {case} is {value}, no probability"
_NOT_FINITE = (
    "Look at the columns and images of this case: a gap is handed on as NaN. What cannot be "
    "decided belongs out of scope, or to a person."
)
_LOGITS = "If these are logits, write `gives: logit`; nothing is clipped to 0..1."
