"""leaderboard: scores for development, told only when they beat the best by more than chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Product
from roadworthy.core.renewal import Right
from roadworthy.core.shown import Shown
from roadworthy.io.canonical import texts
from roadworthy.stats.leaderboard import ladder
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.both_sets import answers_on
from roadworthy.workflow.load import Given, as_product

CERTIFIES_NOTHING = (
    "This certifies nothing: these cases are open for choosing. `roadworthy certify` opens sealed "
    "ones for proof."
)


@dataclass(frozen=True)
class Submission:
    """One entry: the model, what was told of it, and whether it became the best."""

    model: str
    told: float
    new: bool


@dataclass(frozen=True)
class Leaderboard(Shown):
    """All submissions to one table, in order; ``best`` is the model that leads."""

    product: str
    table: str
    right: Right
    cases: int
    best: str
    submissions: tuple[Submission, ...]

    @property
    def headline(self) -> str:
        """The answer in one line."""
        last = self.submissions[-1]
        told = "the new best" if last.new else "not better by more than chance"
        return f"{last.model}: {told}; best {self.best} {last.told:.3f}; certifies nothing"


def leaderboard(
    product: Given,
    on: object,
    submit: str,
    right: Right = Right.ACCURACY,
    thresholds: Mapping[str, float] | None = None,
) -> Leaderboard:
    """Submits the column ``submit`` of table ``on``, and tells what the Ladder tells of it.

    The best one's answers and all that was told are kept in the workspace, so that a board goes on.

    Raises:
        BadInput, Refused: as ``renew`` says of its tables.
    """
    product = as_product(product)
    cases, (answer,) = answers_on(product, on, [submit], right, thresholds or {})
    ordered = cases.select(columns.ID, columns.UNIT, *_truth(cases)).with_columns(
        answer.cast(pl.Int8).alias("@right")
    )
    ordered = ordered.sort(columns.ID)
    told = texts(ordered.drop("@right")).to_list()
    table = sha256("\n".join([right, *told]).encode()).hexdigest()[:16]
    return _entered(product, submit, right, ordered, table)


def _entered(
    product: Product, submit: str, right: Right, cases: pl.DataFrame, table: str
) -> Leaderboard:
    workspace, name = Workspace.beside(product.file), f"leaderboard/{table}.json"
    mine = cases["@right"].to_numpy()
    kept = workspace.read_json(name)
    unit = cases[columns.UNIT].rank("dense").to_numpy()
    if kept is None:
        standing, best, earlier = ladder([mine], unit)[-1], submit, []
    else:
        theirs = np.array([int(one) for one in kept["right"]])
        if theirs.size != mine.size:
            raise BadInput(
                "this leaderboard in the workspace does not fit its table.",
                code="broken_workspace",
                where=str(workspace.path(name)),
                next_step="Restore it from a backup, or remove it to begin another board.",
            )
        standing = ladder([theirs, mine], unit)[-1]
        best = submit if standing.new else kept["best"]
        earlier = [Submission(**one) for one in kept["submissions"]]
    entered = (*earlier, Submission(submit, standing.told, standing.new))
    leads = "".join(map(str, mine.tolist())) if kept is None or standing.new else kept["right"]
    workspace.write_json(
        name,
        {
            "schema": 1,
            "best": best,
            "right": leads,
            "submissions": [vars(one) for one in entered],
        },
    )
    return Leaderboard(product.name, table, right, cases.height, best, entered)


def _truth(cases: pl.DataFrame) -> list[str]:
    return [name for name in (columns.POSITIVE, columns.TRUTH) if name in cases.columns]
