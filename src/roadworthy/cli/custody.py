"""`roadworthy vault serve`, `token` and `retire`: a custodian holds the key, and nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.core.errors import ExitCode

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Folder = Annotated[
    Path,
    typer.Argument(help="The custodian's folder: key, tokens, store. No engineer reads it."),
]
Tokens = Annotated[
    Path | None, typer.Option(help="The file of tokens; by default tokens.json in the folder.")
]
HERE = Path("vault")


def serve(
    folder: Folder = HERE,
    store: Annotated[
        str | None,
        typer.Option(help="A database, postgresql://...; by default store.db in the folder."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8443,
    tokens: Tokens = None,
    certfile: Annotated[Path | None, typer.Option(help="The TLS certificate, in PEM.")] = None,
    keyfile: Annotated[Path | None, typer.Option(help="The key of the certificate.")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Without TLS on a network: behind a TLS proxy.")
    ] = False,
    max_megabytes: Annotated[
        int, typer.Option(min=1, help="How large a bundle may be, and what is in it.")
    ] = 512,
    answer_every: Annotated[
        float,
        typer.Option(min=0.01, max=3600, help="Answers leave at multiples of so many seconds."),
    ] = 1.0,
) -> int:
    """Keep sealed sets for a team that never holds them, and answer its looks."""
    from roadworthy.cli import show_custody
    from roadworthy.serve.running import Listening, listen
    from roadworthy.workflow.desk import Desk

    listen(
        Desk.at(folder, store),
        tokens or folder / "tokens.json",
        Listening(host, port, certfile, keyfile, insecure),
        most_megabytes=max_megabytes,
        tick_s=answer_every,
        ready=lambda address, count: show_custody.ready(address, count, folder),
    )
    return ExitCode.PASS


def token(
    folder: Folder = HERE,
    role: Annotated[str | None, typer.Option(help="engineer, custodian or auditor.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Who will hold it; the ledger tells people by this name.")
    ] = None,
    revoke: Annotated[
        str | None, typer.Option(metavar="NAME", help="End the token of this name instead.")
    ] = None,
    tokens: Tokens = None,
    as_json: AsJson = False,
) -> int:
    """Make a token for somebody, and print it once; or end one."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_custody
    from roadworthy.workflow.tokens import ended, given

    file = tokens or folder / "tokens.json"
    found = given(file, name, role) if revoke is None else ended(file, revoke)
    shell.printed(found, as_json, show_custody.token_json, show_custody.token)
    return ExitCode.PASS


def retire(
    name: Annotated[str, typer.Argument(help="The sealed set, or the beginning of its id.")],
    vault: Annotated[
        str, typer.Option("--vault", metavar="URL", help="The custodian's vault that keeps it.")
    ],
    why: Annotated[str, typer.Option(help="Why; the ledger keeps it.")],
    as_json: AsJson = False,
) -> int:
    """Retire a sealed set of a custodian's vault, for good."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_custody
    from roadworthy.workflow.custodian import retire_there

    found = retire_there(vault, name, why)
    shell.printed(found, as_json, show_custody.retired_json, show_custody.retired)
    return ExitCode.PASS
