"""`roadworthy ledger`: what happened, in order, and the proof that nobody changed it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.core.errors import ExitCode

app = typer.Typer(
    name="ledger", help="Show what happened, verify that nobody changed it, and export it."
)

Product = Annotated[Path, typer.Argument(help="product.yaml, or the folder it is in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
HERE = Path("product.yaml")


@app.callback(invoke_without_command=True)
def bare(context: typer.Context, as_json: AsJson = False) -> int:
    """Show what happened, verify that nobody changed it, and export it."""
    return show(HERE, as_json=as_json) if context.invoked_subcommand is None else ExitCode.PASS


@app.command()
def show(
    product: Product = HERE,
    newest: Annotated[int, typer.Option(min=1, help="How many entries, from the end.")] = 20,
    every: Annotated[bool, typer.Option("--all", help="All entries.")] = False,
    as_json: AsJson = False,
) -> int:
    """Show the newest entries."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_store
    from roadworthy.workflow.ledger import show as run

    found = run(product, None if every else newest)
    shell.printed(found, as_json, show_store.listed_json, show_store.listed)
    return ExitCode.PASS


@app.command()
def verify(
    product: Product = HERE,
    head: Annotated[
        Path | None, typer.Option(help="A .head.json that was exported earlier and kept elsewhere.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Verify every entry; exits 1 where one is not as it was written, and names it."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_store
    from roadworthy.workflow.ledger import verify as run

    found = run(product, head)
    shell.printed(found, as_json, show_store.verified_json, show_store.verified)
    return ExitCode.FAIL if found.broken else ExitCode.PASS


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="The file of entries; FILE.head.json goes beside.")],
    product: Product = HERE,
    as_json: AsJson = False,
) -> int:
    """Write every entry as a line of JSON, and the head to keep elsewhere."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_store
    from roadworthy.workflow.ledger import export as run

    shell.printed(run(file, product), as_json, show_store.exported_json, show_store.exported)
    return ExitCode.PASS


@app.command()
def head(product: Product = HERE, as_json: AsJson = False) -> int:
    """Print the number and the hash of the last entry."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_store
    from roadworthy.workflow.ledger import head as run

    shell.printed(run(product), as_json, show_store.head_json, show_store.head)
    return ExitCode.PASS
