"""A share of cases where some truths are known by a verification design only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.instrument import Rows
from roadworthy.stats.gathered import Share, shares_units
from roadworthy.stats.verification import Known

MOST_CHANCES = 5
TRUTHS = {"ill": True, "well": False}


@dataclass(frozen=True)
class DesignedTally:
    """Verified hits and cases, how they came to be known, and what else is known.

    ``k`` and ``n`` count the cases that were verified by design. ``beside`` are hits and cases
    whose truth is known although nobody was to look: no bound rests on them, and none may
    contradict them. ``problem`` says why no bound holds; empty: one does.
    """

    k: int
    n: int
    known: tuple[Known, ...] = ()
    unverified: int = 0
    beside: tuple[int, int] = (0, 0)
    problem: str = ""


@dataclass(frozen=True)
class DesignedShare:
    """How many cases a share's ``hit`` holds for, where some truths are known by chance only."""

    of: Share

    @property
    def rows(self) -> Rows:
        return self.of.rows

    def columns(self) -> Mapping[str, pl.Expr]:
        """Hit and among as known, the design, and what each case would be were it ill, or well."""
        would = {
            f"{part}_{world}": _were(expression, truth)
            for world, truth in TRUTHS.items()
            for part, expression in (
                ("hit", self.of.hit),
                # unknown is either: neither a hit nor a miss may be taken as impossible
                ("miss", ~self.of.hit),
                ("among", self.of.among),
            )
        }
        return {
            "hit": self.of.hit.fill_null(False),
            "among": self.of.among.fill_null(False),
            "known": pl.col(columns.POSITIVE).is_not_null(),
            "verified": pl.col(columns.VERIFIED),
            "chance": pl.col(columns.CHANCE),
            **would,
        }

    def reduce(
        self, columns: Mapping[str, NDArray[Any]], unit: NDArray[Any] | None
    ) -> DesignedTally:
        """Counts by the chance with which the truth was to become known."""
        flags = {name: column.astype(bool) for name, column in columns.items() if name != "chance"}
        chance = columns["chance"].astype(np.float64)
        among, counted = flags["among"] & flags["known"], flags["verified"] & flags["among"]
        hit = flags["hit"]
        could = [
            np.logical_or.reduce([flags[f"among_{w}"] & flags[f"{part}_{w}"] for w in TRUTHS])
            for part in ("hit", "miss")
        ]
        chances = np.unique(chance[could[0] | could[1]])
        beside = among & ~flags["verified"]
        problem = _problem(chances, shares_units(unit))
        known = () if problem else _known(chances, chance, counted, hit, could)
        return DesignedTally(
            k=int((hit & counted).sum()),
            n=int(counted.sum()),
            known=known,
            unverified=int(((could[0] | could[1]) & ~flags["known"]).sum()),
            beside=(int((hit & beside).sum()), int(beside.sum())),
            problem=problem,
        )


def _problem(chances: NDArray[np.float64], dependent: bool) -> str:
    if dependent:
        return (
            "several cases share a unit, and no bound is known here for audits of dependent cases"
        )
    if len(chances) > MOST_CHANCES:
        return (
            f"{len(chances)} different audit probabilities have no exact bound here; audit all "
            f"cleared cases with one, or at most {MOST_CHANCES}"
        )
    if (chances == 0.0).any():
        return (
            "some cleared cases could not be drawn for an audit (audit probability 0), so a miss "
            "among them would never be seen"
        )
    return ""


def _known(
    chances: NDArray[np.float64],
    chance: NDArray[np.float64],
    counted: NDArray[np.bool_],
    hit: NDArray[np.bool_],
    could: list[NDArray[np.bool_]],
) -> tuple[Known, ...]:
    found = []
    for one in chances:
        here = chance == one
        hits, misses = int((here & counted & hit).sum()), int((here & counted & ~hit).sum())
        possible = [bool((here & kind).any()) for kind in could]
        found.append(
            Known(float(one), hits, misses, possible[0] or hits > 0, possible[1] or misses > 0)
        )
    return tuple(found)


def _were(expression: pl.Expr, truth: bool) -> pl.Expr:
    """What an expression would be, were the case ill (or well); where that is unknown, true.

    A person who decides right, or counts as wrong, would do so of the other truth too.
    """
    roots = [*dict.fromkeys([*expression.meta.root_names(), columns.POSITIVE])]
    decided = columns.FLAGGED in roots
    roots += [columns.REFERRED] if decided and columns.REFERRED not in roots else []

    def told(rows: pl.Series) -> pl.Series:
        frame = rows.struct.unnest()
        if decided:
            right = pl.col(columns.FLAGGED) == pl.col(columns.POSITIVE)
            call = pl.when(pl.col(columns.REFERRED)).then(right == truth)
            frame = frame.with_columns(
                call.otherwise(pl.col(columns.FLAGGED)).alias(columns.FLAGGED)
            )
        frame = frame.with_columns(pl.lit(truth).alias(columns.POSITIVE))
        return frame.select(expression.fill_null(True).alias("told"), pl.first()).to_series()

    return pl.struct(roots).map_batches(told, return_dtype=pl.Boolean)
