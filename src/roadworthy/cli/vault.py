"""`roadworthy vault`: the sealed test set and its custodian."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli import custody
from roadworthy.core.errors import ExitCode

app = typer.Typer(
    name="vault", help="Sealed test sets: what stands sealed, who looked, and a custodian's server."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.callback()
def vault() -> None:
    """See sealed test sets and who looked; keep them for a team that never holds them."""


@app.command()
def status(
    product: Annotated[Path, typer.Argument(help="product.yaml, or the folder it is in.")] = Path(
        "product.yaml"
    ),
    url: Annotated[
        str | None,
        typer.Option("--vault", metavar="URL", help="Ask a custodian's vault, not the store here."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show every sealed set: its state, its looks, who took them, and what they were told."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_sealed
    from roadworthy.workflow.custodian import status_there
    from roadworthy.workflow.vault_status import vault_status

    found = vault_status(product) if url is None else status_there(url)
    shell.printed(found, as_json, show_sealed.status_json, show_sealed.status)
    return ExitCode.PASS


@app.command()
def explain(as_json: AsJson = False) -> int:
    """Say why a sealed set answers in one bit, and what looks and shown scores cost."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_vault
    from roadworthy.workflow.vault_explain import vault_explain

    shell.printed(vault_explain(), as_json, show_vault.explained_json, show_vault.explained)
    return ExitCode.PASS


app.command()(custody.serve)
app.command()(custody.token)
app.command()(custody.retire)
