"""`roadworthy compress`: the net that `train` kept, as small as the requirements allow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.core.errors import BadInput


def compress(
    product: Annotated[Path, typer.Argument(help="product.yaml, or the folder it is in.")] = Path(
        "product.yaml"
    ),
    look: Annotated[
        bool, typer.Option("--look", help="Measure and show; the model stays as it is.")
    ] = False,
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep", metavar="POINT", help="Keep another point of the last run; parent goes back."
        ),
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Keep it although it was not shown to meet.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> int:
    """Make the kept net smaller, and keep the smallest that still meets the requirements."""
    from roadworthy.cli import show, show_compress
    from roadworthy.cli.app import printed
    from roadworthy.io.compression_json import compression_to_json
    from roadworthy.workflow.compress import compress as run
    from roadworthy.workflow.compress import keep as keep_point

    if anyway and keep is None:
        raise BadInput(
            "`--anyway` says of no point that it is kept.",
            code="usage",
            where="--anyway",
            next_step="Write `--keep POINT --anyway`.",
        )
    with show.busy("compressing", as_json) as tell:
        if keep is not None:
            found = keep_point(product, keep, anyway=anyway)
        else:
            found = run(product, look=look, progress=lambda at: tell(show.epoch(at)), tell=tell)
    printed(found, as_json, compression_to_json, show_compress.compression)
    return found.outcome.exit_code
