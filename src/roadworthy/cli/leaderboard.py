"""`roadworthy leaderboard`: development scores that chance cannot climb; no proof of anything."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.core.errors import ExitCode
from roadworthy.core.renewal import EVERY, Right

if TYPE_CHECKING:
    from roadworthy.workflow.leaderboard import Leaderboard


def leaderboard(
    on: Annotated[Path, typer.Option("--on", help="The table of development cases.")],
    submit: Annotated[
        str, typer.Option("--submit", help="The column with the new model's answers.")
    ],
    product: Annotated[
        Path, typer.Argument(help="product.yaml, or the folder it is in.", show_default=True)
    ] = Path("product.yaml"),
    rate: Annotated[Right, typer.Option(help="Which share of right answers counts.")] = (
        Right.ACCURACY
    ),
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Makes calls of scores.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> int:
    """Enter a model on a development leaderboard (the Ladder); certifies nothing."""
    from roadworthy.cli import app as shell
    from roadworthy.workflow.leaderboard import leaderboard as run

    cuts = {} if threshold is None else {EVERY: threshold}
    shell.printed(run(product, on, submit, rate, cuts), as_json, board_json, board)
    return ExitCode.PASS


def board(found: Leaderboard) -> None:
    """What was told of the new entry, then the board."""
    from roadworthy.cli import show
    from roadworthy.workflow.leaderboard import CERTIFIES_NOTHING

    last = found.submissions[-1]
    told = "is the new best" if last.new else "does not beat the best by more than chance"
    show.line()
    show.line(
        f"{last.model} {told}",
        f"  ({found.right} of the best: {last.told:.3f}, {found.cases:,} cases)",
        style="bold",
    )
    show.table(
        ("entry", "model", "best after it", "new best"),
        [
            (str(number), one.model, f"{one.told:.3f}", "yes" if one.new else "no")
            for number, one in enumerate(found.submissions, 1)
        ],
        ["" for _ in found.submissions],
    )
    show.line(CERTIFIES_NOTHING)


def board_json(found: Leaderboard) -> dict[str, Any]:
    """The board as one JSON object; it says itself that it is no proof."""
    return {"schema": 1, "certifies": None, **asdict(found)}
