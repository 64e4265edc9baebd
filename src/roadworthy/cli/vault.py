"""`roadworthy vault`: the sealed test set and its custodian."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.core.errors import ExitCode

app = typer.Typer(name="vault", help="The sealed test set: why it answers as it does.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.callback()
def vault() -> None:
    """The sealed test set: why it answers as it does."""


@app.command()
def status(
    product: Annotated[Path, typer.Argument(help="product.yaml, or the folder it is in.")] = Path(
        "product.yaml"
    ),
    as_json: AsJson = False,
) -> int:
    """Show every sealed set: its state, its looks, who took them, and what they were told."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_sealed
    from roadworthy.workflow.vault_status import vault_status

    shell.printed(vault_status(product), as_json, show_sealed.status_json, show_sealed.status)
    return ExitCode.PASS


@app.command()
def explain(as_json: AsJson = False) -> int:
    """Say why a sealed set answers in one bit, and what looks and shown scores cost."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_vault
    from roadworthy.workflow.vault_explain import vault_explain

    shell.printed(vault_explain(), as_json, show_vault.explained_json, show_vault.explained)
    return ExitCode.PASS
