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
from roadworthy.cli import (
    after_decision,
    compress,
    device,
    leaderboard,
    ledger,
    quiet,
    reader_study,
    renew,
    seal,
    show,
    show_json,
    store,
    vault,
)
from roadworthy.cli.spelling import EXPLAIN, spelled_out
from roadworthy.core.errors import BadInput, ExitCode, RoadworthyError
from roadworthy.io.harmless import harmless

# Typer's own base of every usage error: click's, or, since Typer 0.27, a copy that it brings
UsageProblem: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)

app = typer.Typer(
    name="roadworthy",
    help="Write down what a machine-learning product must reach; get PASS, FAIL or INCONCLUSIVE.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(reader_study.app)
app.add_typer(store.app)
app.add_typer(ledger.app)
app.add_typer(vault.app)

ProductFile = Annotated[
    Path, typer.Argument(help="product.yaml, or the folder it is in.", show_default=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def main() -> None:
    """Runs a command; every way to end has an exit code of its own."""
    wants_json = "--json" in sys.argv[1:]
    try:
        words = spelled_out(sys.argv[1:])
        code = app(args=words, prog_name="roadworthy", standalone_mode=False)
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
    except (BrokenPipeError, SystemExit) as ended:
        # only a printed completion script ends with 0 like this. Otherwise the reader left before
        # there was an outcome: neither Python's own 1, which says FAIL, nor 0, which says PASS;
        # where there is an outcome, `_print` keeps it
        finished = isinstance(ended, SystemExit) and ended.code == 0
        code = ExitCode.PASS if finished else ExitCode.INTERNAL
        if not finished:
            _nobody_reads()
    except Exception as problem:
        code = _internal(problem, wants_json)
    sys.exit(_written(int(code or 0)))


@app.command()
def init(
    table: Annotated[Path, typer.Argument(help="A CSV or Parquet file with one row a case.")],
    out: Annotated[
        Path, typer.Option("--out", help="The file to write; one that exists is left alone.")
    ] = Path("product.yaml"),
    truth: Annotated[str | None, typer.Option(help="The column with the truth.")] = None,
    positive: Annotated[
        str | None, typer.Option(help="The value of the truth that counts as positive.")
    ] = None,
    id: Annotated[
        str | None, typer.Option("--id", help="The column that names each case; - for none.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="The column with the patient, drive or lot; - for none.")
    ] = None,
    score: Annotated[
        str | None, typer.Option(help="The column with scores or predictions; - for none.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: take what the table suggests.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Draft product.yaml from a table of cases, for the team to correct."""
    from roadworthy.cli import show_init
    from roadworthy.workflow.guess import Told
    from roadworthy.workflow.init import init as run

    told = Told(truth, positive, id, unit, score)
    found = run(table, out, told, show_init.person(silent=yes or as_json or quiet.asked.get()))
    _print(found, as_json, show_init.drafted_json, show_init.drafted)
    return ExitCode.PASS


@app.command()
def plan(product: ProductFile = Path("product.yaml"), as_json: AsJson = False) -> int:
    """Say how many cases, of which kind and at what cost, could show the requirements."""
    from roadworthy.workflow.plan import plan as run

    found = run(product)
    _print(found, as_json, show_json.plan_json, show.plan)
    return ExitCode.INCONCLUSIVE if found.never else ExitCode.PASS


@app.command()
def train(product: ProductFile = Path("product.yaml"), as_json: AsJson = False) -> int:
    """Fit models from cheap to costly; keep the cheapest that meets the requirements."""
    from roadworthy.workflow.train import train as run

    with show.busy("fitting", as_json) as tell:
        found = run(product, lambda epoch: tell(show.epoch(epoch)))
    _print(found, as_json, show_json.trained_json, show.trained)
    return ExitCode.PASS


app.command()(compress.compress)


@app.command()
def images(
    product: ProductFile = Path("product.yaml"),
    write: Annotated[
        Path | None,
        typer.Option("--write", help="A new CSV or Parquet file: the cases and their context."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Read every image once; name those that cannot be read, and what DICOM headers say."""
    from roadworthy.cli import show_images
    from roadworthy.workflow.image_files import look

    with show.busy("reading", as_json):
        found = look(product, write)
    _print(found, as_json, show_images.looked_json, show_images.looked)
    return ExitCode.PASS


@app.command()
def marks(
    product: ProductFile = Path("product.yaml"),
    into: Annotated[
        Path, typer.Option("--into", help="The folder to write; it must be new or empty.")
    ] = Path("marks"),
    on: Annotated[
        Path | None, typer.Option("--on", help="New cases, without truth, in place of held-out.")
    ] = None,
    pictures: Annotated[
        int, typer.Option(min=0, help="How many images to draw the boxes over.")
    ] = 24,
    as_json: AsJson = False,
) -> int:
    """Write marks on open images: COCO JSON, DICOM reports, and pictures to look at."""
    from roadworthy.cli import show_marks
    from roadworthy.workflow.marks import marks as run

    with show.busy("marking", as_json):
        found = run(product, into, on, pictures)
    _print(found, as_json, show_marks.marked_json, show_marks.marked)
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
        found = run(product, on, time)
    _print(found, as_json, to_json, show.judgement)
    return found.exit_code


app.command()(seal.seal)


@app.command()
def certify(
    product: ProductFile = Path("product.yaml"),
    reveal: Annotated[
        str | None,
        typer.Option(help="numbers: show all, and retire the set. requirements: PASS or not each."),
    ] = None,
    on_set: Annotated[
        str | None, typer.Option("--set", help="The sealed set to look at; else the newest.")
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Judge the answers in this table, in place of the column.")
    ] = None,
    vault_url: Annotated[
        str | None,
        typer.Option("--vault", metavar="URL", help="Have it judged by a custodian's vault."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Look at the sealed set, and judge the product on it."""
    from roadworthy.io.judgement_json import to_json
    from roadworthy.workflow.certify import certify as run

    with show.busy("judging", as_json):
        found = run(product, reveal=reveal, on=on_set, predictions=predictions, vault=vault_url)
    _print(found, as_json, to_json, show.judgement)
    return found.exit_code


@app.command()
def decide(
    cases: Annotated[Path, typer.Argument(help="A CSV or Parquet file of new cases; no truth.")],
    product: Annotated[
        Path, typer.Option("--product", help="product.yaml, or the folder it is in.")
    ] = Path("product.yaml"),
    out: Annotated[
        Path, typer.Option("--out", help="The Parquet or CSV file with one record a case.")
    ] = Path("decisions.parquet"),
    as_json: AsJson = False,
) -> int:
    """Decide new cases: cleared, flagged, or to a person, each with its reason."""
    from roadworthy.cli import show_decisions
    from roadworthy.workflow.decide import decide as run

    with show.busy("deciding", as_json):
        found = run(product, cases, out)
    _print(found, as_json, show_decisions.decisions_json, show_decisions.decisions)
    return found.exit_code


app.command()(after_decision.worklist)
app.command()(after_decision.report)


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

    found = run(product, out, on_set)
    _print(found, as_json, show_json.written_json, show.written)
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
def compare(
    product: Annotated[Path, typer.Argument(help="The first product.yaml, such as the new one.")],
    other: Annotated[
        Path | None, typer.Argument(help="The second product.yaml, such as the old one.")
    ] = None,
    score: Annotated[
        str | None,
        typer.Option(help="Or a column of the first's table with the second's scores."),
    ] = None,
    on: Annotated[
        Path | None, typer.Option("--on", help="Compare on another table with the same columns.")
    ] = None,
    max_drop: Annotated[
        float, typer.Option(min=0, max=1, help="How much worse a share may be: 0.02 is 2 points.")
    ] = 0.0,
    as_json: AsJson = False,
) -> int:
    """Tell two subjects apart on the same open cases, pair by pair."""
    from roadworthy.cli import show_compare
    from roadworthy.workflow.compare import compare as run

    with show.busy("comparing", as_json):
        found = run(product, other, score, on, max_drop)
    _print(found, as_json, show_compare.comparison_json, show_compare.comparison)
    return found.outcome.exit_code


app.command("measure-device")(device.measure_device)
app.command()(renew.renew)
app.command()(leaderboard.leaderboard)


@app.command()
def doctor(
    product: Annotated[
        Path | None, typer.Argument(help="product.yaml, or its folder; by default the one here.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Look for what is wrong with the installation and a product, and say what to do."""
    from roadworthy.cli import show_doctor
    from roadworthy.workflow.doctor import doctor as run

    here = Path("product.yaml")
    found = run(product or (here if here.exists() else None))
    _print(found, as_json, show_doctor.health_json, show_doctor.health)
    return ExitCode.BAD_INPUT if found.problems else ExitCode.PASS


@app.command()
def explain(
    metric: Annotated[
        str | None,
        typer.Argument(
            help="A metric of product.yaml; none: all are listed.",
            autocompletion=lambda incomplete: _metrics(incomplete),
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Say what a metric is, how it is misread, and how product.yaml asks for it."""
    from roadworthy.cli import show_explain
    from roadworthy.workflow.explain import every_metric
    from roadworthy.workflow.explain import explain as run

    if metric is None:
        _print(every_metric(), as_json, show_explain.listed_json, show_explain.listed)
    else:
        _print(run(metric), as_json, show_explain.explained_json, show_explain.explained)
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

    return run(into, as_json, quiet.asked.get())


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    brief: Annotated[
        bool, typer.Option(quiet.WORD, help="Print one line with the outcome, after any command.")
    ] = False,
    about: Annotated[
        str | None,
        typer.Option(EXPLAIN, metavar="METRIC", help="The same as `roadworthy explain METRIC`."),
    ] = None,
) -> None:
    """Write down what a machine-learning product must reach; get PASS, FAIL or INCONCLUSIVE."""
    quiet.asked.set(brief)
    if about is not None:
        explain(about)
        raise typer.Exit()
    if version:
        print(f"roadworthy {__version__}")
        raise typer.Exit()
    if context.invoked_subcommand is None:
        print(context.get_help())


def _metrics(incomplete: str) -> list[str]:
    from roadworthy.io.registry import instruments

    return [name for name in instruments() if name.startswith(incomplete)]


def _print(
    found: Any, as_json: bool, to_json: Callable[[Any], Any], show_it: Callable[[Any], None]
) -> None:
    line = quiet.headline(found) if quiet.asked.get() else None
    try:
        if as_json:
            print(json.dumps(to_json(found), indent=2, allow_nan=False))
        elif line is not None:
            show.line(line)
        else:
            show_it(found)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        # the reader left early: the answer, and so the exit code, is what it is
        _nobody_reads()


# what commands in files of their own print with
printed = _print


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
    # only the whole message names the argument that is missing
    whole = getattr(problem, "format_message", None)
    told = BadInput(
        harmless(str(whole() if whole else problem)),
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
