"""Times a model one case at a time, as its users would wait for it."""

from __future__ import annotations

import time
from itertools import count

import polars as pl

from roadworthy.core import columns
from roadworthy.core.model import Model

WARM_UP = 20
MOST_CASES = 1000
# slow answers come in swarms: between two that are noted go so many unnoted ones, or so long
BETWEEN, BETWEEN_MS = 9, 20.0


class Timing:
    """The collector of the ``timings`` table: one row a timed case, columns ``case`` and ``ms``."""

    table = "timings"
    about = "times the model on one case after another, after a warm-up"

    def collect(self, model: Model, cases: pl.DataFrame) -> pl.DataFrame:
        """Answers up to 1,000 cases one by one and notes the wall-clock milliseconds of each."""
        taken = one_by_one(model, cases, MOST_CASES, between=BETWEEN)
        return pl.DataFrame({"case": cases[columns.ID][: len(taken)], "ms": taken})


def one_by_one(
    model: Model, cases: pl.DataFrame, most: int, warm_up: int = WARM_UP, between: int = 0
) -> list[float]:
    """Milliseconds of each of the first ``most`` cases, alone, after ``warm_up`` untimed ones.

    Before each go ``between`` others that nobody times, at most ``BETWEEN_MS`` of them.
    """
    for i in range(min(warm_up, cases.height)):
        model.answer(cases[i : i + 1])
    taken, places = [], count(min(warm_up, cases.height))
    for i in range(min(most, cases.height)):
        end = time.perf_counter_ns() + BETWEEN_MS * 1e6
        for _ in range(between):
            if time.perf_counter_ns() >= end:
                break
            other = next(places) % cases.height
            model.answer(cases[other : other + 1])
        one = cases[i : i + 1]
        start = time.perf_counter_ns()
        model.answer(one)
        taken.append((time.perf_counter_ns() - start) / 1e6)
    return taken
