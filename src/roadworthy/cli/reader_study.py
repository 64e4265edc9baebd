"""`roadworthy reader-study`: a crossover study of readers with and without the product's marks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roadworthy.core.errors import ExitCode
from roadworthy.core.reader_study import Endpoint

app = typer.Typer(
    name="reader-study",
    help="Plan and analyse a study of readers with and without the product's marks.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
MaxDrop = Annotated[
    float | None, typer.Option(help="How much worse readers with marks may be: 0.05 is 5 points.")
]
MinGain = Annotated[
    float | None, typer.Option(help="Or how much better they must be; 0 asks for better at all.")
]
Confidence = Annotated[float, typer.Option(min=0.5, max=0.9999, help="How sure it must be.")]


@app.command()
def plan(
    max_drop: MaxDrop = None,
    min_gain: MinGain = None,
    endpoint: Annotated[
        Endpoint, typer.Option(help="What is compared: of calls, or the AUC of scores.")
    ] = Endpoint.SENSITIVITY,
    readers: Annotated[
        list[int] | None, typer.Option(help="Numbers of readers to look at; repeat it.")
    ] = None,
    cases: Annotated[
        list[int] | None, typer.Option(help="Numbers of cases to look at; repeat it.")
    ] = None,
    positives: Annotated[float, typer.Option(help="The share of positives among them.")] = 0.5,
    expected: Annotated[float, typer.Option(help="The readers' mean value without marks.")] = 0.85,
    gain: Annotated[float, typer.Option(help="What the marks are expected to add.")] = 0.0,
    r1: Annotated[
        float, typer.Option(help="Correlation of errors: one reader, both conditions.")
    ] = 0.45,
    r2: Annotated[float, typer.Option(help="Two readers, one condition.")] = 0.40,
    r3: Annotated[float, typer.Option(help="Two readers, two conditions.")] = 0.30,
    spread: Annotated[
        float, typer.Option(help="Standard deviation of what the marks do to single readers.")
    ] = 0.015,
    pilot: Annotated[
        Path | None, typer.Option(help="A pilot's table, instead of the four numbers above.")
    ] = None,
    confidence: Confidence = 0.95,
    power: Annotated[float, typer.Option(help="How likely it must succeed.")] = 0.80,
    minutes: Annotated[float, typer.Option(help="Minutes that a reading takes.")] = 2.0,
    weeks: Annotated[int, typer.Option(min=0, help="Weeks between both sessions.")] = 4,
    schedule: Annotated[
        Path | None, typer.Option(help="Write who reads what when as CSV, for the best size.")
    ] = None,
    case_ids: Annotated[
        Path | None, typer.Option(help="The cases' names for the schedule, one a line.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another schedule.")] = 0,
    as_json: AsJson = False,
) -> int:
    """Say how many readers and cases could show it, and write the readers' schedule."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_reader_study
    from roadworthy.workflow.reader_plan import Effort, Guess, Schedule
    from roadworthy.workflow.reader_plan import plan as run
    from roadworthy.workflow.reader_study import margin

    found = run(
        endpoint,
        margin(max_drop, min_gain),
        readers or [5, 8, 10, 15],
        cases or [100, 200, 300, 400, 600],
        Guess(expected, gain, positives, r1, r2, r3, spread, pilot),
        Effort(confidence, power, minutes, weeks),
        None if schedule is None else Schedule(schedule, case_ids, seed),
    )
    shell.printed(found, as_json, show_reader_study.plan_json, show_reader_study.plan)
    return ExitCode.PASS if found.best else ExitCode.INCONCLUSIVE


@app.command()
def analyse(
    table: Annotated[
        Path,
        typer.Argument(
            help="One row a reading: reader, case, condition (with, without), session, truth, and "
            "call or score; date if there is one."
        ),
    ],
    max_drop: MaxDrop = None,
    min_gain: MinGain = None,
    endpoint: Annotated[
        list[Endpoint] | None,
        typer.Option(help="What must hold; repeat it. By default all that the table can show."),
    ] = None,
    product: Annotated[
        Path | None, typer.Option(help="product.yaml of the product whose marks they saw.")
    ] = None,
    positive: Annotated[
        str | None, typer.Option(help="The value of truth that counts as positive.")
    ] = None,
    confidence: Confidence = 0.95,
    washout_days: Annotated[
        int, typer.Option(min=0, help="The least days between both readings of a case.")
    ] = 28,
    out: Annotated[
        Path | None, typer.Option(help="The file to write (reader_study.json beside the table).")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Check the design of a finished study, judge it, and write reader_study.json."""
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_reader_study
    from roadworthy.io.reader_study_json import reader_study_to_json
    from roadworthy.workflow.reader_study import OUT, margin
    from roadworthy.workflow.reader_study import analyse as run

    target = out or table.with_name(OUT)
    found = run(
        table,
        margin(max_drop, min_gain),
        endpoint or (),
        product and (product / "product.yaml" if product.is_dir() else product),
        positive,
        confidence,
        washout_days,
        target,
    )
    shell.printed(
        found,
        as_json,
        reader_study_to_json,
        lambda study: show_reader_study.study(study, target),
    )
    return found.outcome.exit_code
