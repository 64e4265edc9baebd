"""`roadworthy seal`: test cases are checked, encrypted and written down."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.core.errors import BadInput, ExitCode


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
    vault: Annotated[
        str | None,
        typer.Option("--vault", metavar="URL", help="Have a custodian's vault seal and keep it."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> int:
    """Encrypt a test set and freeze how often it may be looked at."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_sealed
    from roadworthy.workflow.seal import seal as run

    if vault is not None:
        from roadworthy.workflow.custodian import seal_there

        words = {"protocol": protocol, "source": source, "labels": labels, "accept": accept or []}
        told = seal_there(product, vault, _table(test, take_out), looks=looks, **words)
        shell.printed(told, as_json, show_sealed.sealed_json, show_sealed.sealed_there)
        return ExitCode.PASS
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


def _table(test: Path | None, take_out: bool) -> Path:
    """The table to send; what stands in the product's own table is no custodian's set."""
    if test is not None and not take_out:
        return test
    raise BadInput(
        "a custodian's vault seals a table of its own, and none is named."
        if test is None
        else "`--take-out` is for rows that stand in the product's own table.",
        code="usage",
        where="--take-out" if take_out else "TEST",
        next_step="Name the table, `roadworthy seal TEST --vault URL`; cases that the team could "
        "read are no custodian's set.",
    )
