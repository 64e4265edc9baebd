"""The commands on decisions that were made: who reads which case, and what is told of others."""

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


def report(
    decisions: DecisionsFile = Path("decisions.parquet"),
    out: Annotated[
        Path, typer.Option("--out", help="The folder to write; it must be new or empty.")
    ] = Path("reports"),
    product: Annotated[
        Path | None,
        typer.Option("--product", help="product.yaml with `report:`; by default the one here."),
    ] = None,
    template: Annotated[
        Path | None, typer.Option(help="A Jinja2 template of the text; else the product's.")
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="text, fhir (a file a case) or ndjson (one); repeat it."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Write a normal report of every cleared case, which no person sees."""
    from roadworthy.cli import show_report
    from roadworthy.cli.app import printed
    from roadworthy.workflow.report import report as run

    here = Path("product.yaml")
    given = product or (here if here.exists() else None)
    with show.busy("writing", as_json):
        found = run(decisions, out, given, template, formats or ["text"])
    printed(found, as_json, show_report.reported_json, show_report.reported)
    return ExitCode.PASS
