"""The commands, and what the shell gets to know of how they ended."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from roadworthy import __version__
from roadworthy.cli import show
from roadworthy.core.errors import BadInput, ExitCode, RoadworthyError
from roadworthy.io.harmless import harmless

# Typer's own base of every usage error: click's, or, since Typer 0.27, a copy that it brings
UsageProblem: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)

app = typer.Typer(
    name="roadworthy",
    help="Write down what a machine-learning product must reach; get PASS, FAIL or INCONCLUSIVE.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ProductFile = Annotated[
    Path, typer.Argument(help="product.yaml, or the folder it is in.", show_default=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def main() -> None:
    """Runs a command; every way to end has an exit code of its own."""
    wants_json = "--json" in sys.argv[1:]
    try:
        code = app(standalone_mode=False)
        if code == ExitCode.INTERRUPTED:  # Typer turns an interrupt into this number, and is silent
            code = _interrupted(wants_json)
    except RoadworthyError as problem:
        show.error(problem, wants_json)
        code = problem.exit_code
    except typer.Abort:
        code = _interrupted(wants_json)
    except UsageProblem as problem:
        code = _misused(problem, wants_json)
    except KeyboardInterrupt:
        code = _interrupted(wants_json)
    except (BrokenPipeError, SystemExit):
        # rich and typer end with Python's own 1, which would say FAIL, when the reader left
        _nobody_reads()
        code = ExitCode.PASS
    except Exception as problem:
        code = _internal(problem, wants_json)
    sys.exit(_written(int(code or 0)))


@app.command()
def plan(product: ProductFile = Path("product.yaml"), as_json: AsJson = False) -> int:
    """Say how many cases, of which kind and at what cost, could show the requirements."""
    from roadworthy.workflow.plan import plan as run

    found = run(_file(product))
    _print(found, as_json, show.plan_json, show.plan)
    return ExitCode.INCONCLUSIVE if found.never else ExitCode.PASS


@app.command()
def train(product: ProductFile = Path("product.yaml"), as_json: AsJson = False) -> int:
    """Fit models from cheap to costly; keep the cheapest that meets the requirements."""
    from roadworthy.workflow.train import train as run

    with show.busy("fitting", as_json):
        found = run(_file(product))
    _print(found, as_json, show.trained_json, show.trained)
    return ExitCode.PASS


@app.command()
def check(
    product: ProductFile = Path("product.yaml"),
    on: Annotated[
        Path | None, typer.Option("--on", help="Judge on another table with the same columns.")
    ] = None,
    time: Annotated[
        bool, typer.Option("--time", help="Time the model case by case first, for latencies.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Judge the product on open data."""
    from roadworthy.io.judgement_json import to_json
    from roadworthy.workflow.check import check as run

    with show.busy("judging", as_json):
        found = run(_file(product), on, time)
    _print(found, as_json, to_json, show.judgement)
    return found.outcome.exit_code


@app.command()
def certify(product: ProductFile = Path("product.yaml"), as_json: AsJson = False) -> int:
    """Open the sealed set, once, and judge the product on it."""
    from roadworthy.io.judgement_json import to_json
    from roadworthy.workflow.certify import certify as run

    with show.busy("judging", as_json):
        found = run(_file(product))
    _print(found, as_json, to_json, show.judgement)
    return found.outcome.exit_code


@app.command()
def dossier(
    product: ProductFile = Path("product.yaml"),
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder to write to (.roadworthy/dossier).")
    ] = None,
    on_set: Annotated[
        str | None, typer.Option("--set", help="sealed, open or other (`--on`); else the latest.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Write the latest judgement down: one HTML page to sign, JSON, and JUnit XML."""
    from roadworthy.workflow.dossier import dossier as run

    found = run(_file(product), out, on_set)
    _print(found, as_json, show.written_json, show.written)
    return ExitCode.PASS


@app.command()
def schema(
    as_json: Annotated[bool, typer.Option("--json", help="The schema is JSON anyway.")] = False,
) -> int:
    """Print the JSON Schema of product.yaml, for editors."""
    from roadworthy.io.registry import instruments
    from roadworthy.io.schema import json_schema

    print(json.dumps(json_schema(instruments()), indent=2))
    return ExitCode.PASS


@app.command()
def demo(
    into: Annotated[
        Path, typer.Option("--into", help="The folder to work in; an earlier demo is replaced.")
    ] = Path("roadworthy-demo"),
    as_json: AsJson = False,
) -> int:
    """Plan, train, check, certify and write the dossier of a real example."""
    from roadworthy.cli.demo import run

    return run(into, as_json)


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Write down what a machine-learning product must reach; get PASS, FAIL or INCONCLUSIVE."""
    if version:
        print(f"roadworthy {__version__}")
        raise typer.Exit()
    if context.invoked_subcommand is None:
        print(context.get_help())


def _file(product: Path) -> Path:
    return product / "product.yaml" if product.is_dir() else product


def _print(
    found: Any, as_json: bool, to_json: Callable[[Any], Any], show_it: Callable[[Any], None]
) -> None:
    try:
        if as_json:
            print(json.dumps(to_json(found), indent=2, allow_nan=False))
        else:
            show_it(found)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        # the reader left early: the answer, and so the exit code, is what it is
        _nobody_reads()


def _written(code: int) -> int:
    """The exit code, unless what was said cannot be written: Python would end with its own 120."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _nobody_reads()
    except OSError:
        _nobody_reads()
        return ExitCode.INTERNAL
    return code


def _nobody_reads() -> None:
    """Whatever is still to be printed goes nowhere, also at the very end of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _misused(problem: Exception, wants_json: bool) -> int:
    told = BadInput(
        harmless(str(getattr(problem, "message", problem))),
        code="usage",
        next_step="See `roadworthy --help`.",
        where="the command line",
    )
    show.error(told, wants_json)
    return ExitCode.BAD_INPUT


def _interrupted(wants_json: bool) -> int:
    told = RoadworthyError(
        "Interrupted; nothing was half-written.", code="interrupted", next_step="Run it again."
    )
    show.error(told, wants_json)
    return ExitCode.INTERRUPTED


def _internal(problem: Exception, wants_json: bool) -> int:
    told = RoadworthyError(
        f"This is a fault of roadworthy: {type(problem).__name__}: {harmless(str(problem))}.",
        code="internal",
        next_step="Please report it, with what ROADWORTHY_DEBUG=1 prints.",
    )
    if os.environ.get("ROADWORTHY_DEBUG"):
        traceback.print_exception(problem)
    try:
        show.error(told, wants_json)
    except OSError:
        # the disk that standard output goes to is full: the exit code still tells
        _nobody_reads()
    return ExitCode.INTERNAL
