"""`roadworthy store`: where it is kept what happened, and whether it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.core.errors import ExitCode

app = typer.Typer(
    name="store", help="Look at the store, bring it up to date, verify it, back it up."
)

Product = Annotated[Path, typer.Argument(help="product.yaml, or the folder it is in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
HERE = Path("product.yaml")


@app.callback(invoke_without_command=True)
def bare(context: typer.Context, as_json: AsJson = False) -> int:
    """Look at the store, bring it up to date, verify it, back it up."""
    return status(HERE, as_json) if context.invoked_subcommand is None else ExitCode.PASS


@app.command()
def status(product: Product = HERE, as_json: AsJson = False) -> int:
    """Say where the store is, what it is, and what it holds."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_store
    from roadworthy.workflow.store import status as run

    shell.printed(run(product), as_json, show_store.status_json, show_store.status)
    return ExitCode.PASS


@app.command()
def upgrade(product: Product = HERE, as_json: AsJson = False) -> int:
    """Make a new store, or run the migrations that an older one lacks: all or none."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_store
    from roadworthy.workflow.store import upgrade as run

    shell.printed(run(product), as_json, show_store.status_json, show_store.status)
    return ExitCode.PASS


@app.command()
def check(
    product: Product = HERE,
    head: Annotated[
        Path | None, typer.Option(help="A .head.json that was exported earlier and kept elsewhere.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Verify the chain of the ledger, every file, and every name of a file."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_store
    from roadworthy.workflow.ledger import read_head
    from roadworthy.workflow.store import check as run

    found = run(product, None if head is None else read_head(head))
    shell.printed(found, as_json, show_store.checked_json, show_store.checked)
    return ExitCode.PASS if found.whole else ExitCode.FAIL


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The new file to write.")],
    product: Product = HERE,
    as_json: AsJson = False,
) -> int:
    """Write the whole store, files and all, to one file."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_store
    from roadworthy.workflow.store import backup as run

    shell.printed(run(file, product), as_json, show_store.moved_json, show_store.backed_up)
    return ExitCode.PASS


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `roadworthy store backup` wrote.")],
    product: Product = HERE,
    as_json: AsJson = False,
) -> int:
    """Fill a new store from a backup, of SQLite or PostgreSQL, after verifying all of it."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_store
    from roadworthy.workflow.store import restore as run

    shell.printed(run(file, product), as_json, show_store.moved_json, show_store.restored)
    return ExitCode.PASS
