"""`roadworthy seal`: test cases are checked, encrypted and written down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.core.errors import ExitCode


def seal(
    test: Annotated[
        Path | None,
        typer.Argument(help="A table of test cases; without one, the split's sealed part."),
    ] = None,
    product: Annotated[
        Path, typer.Option("--product", help="product.yaml, or the folder it is in.")
    ] = Path("product.yaml"),
    looks: Annotated[
        int | None, typer.Option(min=1, help="How often it may be looked at, each at its share.")
    ] = None,
    protocol: Annotated[str, typer.Option(help="How the cases were sampled.")] = "",
    source: Annotated[str, typer.Option(help="Where the cases are from.")] = "",
    labels: Annotated[str, typer.Option(help="Who labelled them, and how.")] = "",
    accept: Annotated[
        list[str] | None,
        typer.Option(help="A case whose image resembles an open one, and that you looked at."),
    ] = None,
    take_out: Annotated[
        bool,
        typer.Option("--take-out", help="Write the product's table without the sealed cases."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> int:
    """Encrypt a test set and freeze how often it may be looked at."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_sealed
    from roadworthy.workflow.seal import seal as run

    found = run(
        product,
        test,
        looks=looks,
        protocol=protocol,
        source=source,
        labels=labels,
        accept=accept or (),
        take_out=take_out,
    )
    shell.printed(found, as_json, show_sealed.sealed_json, show_sealed.sealed)
    return ExitCode.PASS
