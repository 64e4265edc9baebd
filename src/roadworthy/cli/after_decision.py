"""The commands on decisions that were made: who reads which case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli import show
from roadworthy.core.errors import ExitCode

DecisionsFile = Annotated[
    Path, typer.Argument(help="What `roadworthy decide` wrote, Parquet or CSV.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def worklist(
    decisions: DecisionsFile = Path("decisions.parquet"),
    queue: Annotated[str | None, typer.Option(help="The cases of one queue alone.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A CSV or Parquet file with the whole list.")
    ] = None,
    unblind: Annotated[
        bool, typer.Option("--unblind", help="Show scores, routes and audits; not for readers.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Rank the cases that go to people, audits of cleared cases unnoticed among them."""
    from roadworthy.cli import show_worklist
    from roadworthy.cli.app import printed
    from roadworthy.workflow.worklist import worklist as run

    with show.busy("ranking", as_json):
        found = run(decisions, queue, out, unblind)
    printed(found, as_json, show_worklist.worklist_json, show_worklist.worklist)
    return ExitCode.PASS
