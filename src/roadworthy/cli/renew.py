"""`roadworthy renew`: an old test set and its successor, before, at and after the change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from roadworthy.core.errors import BadInput, ExitCode
from roadworthy.core.renewal import EVERY, Right


def renew(
    product: Annotated[
        Path, typer.Argument(help="product.yaml, or the folder it is in.", show_default=True)
    ] = Path("product.yaml"),
    old: Annotated[Path | None, typer.Option("--old", help="The table of the old set.")] = None,
    new: Annotated[Path | None, typer.Option("--new", help="The table of the fresh set.")] = None,
    models: Annotated[
        str | None,
        typer.Option(
            help="Columns with the models' answers (a,b,c): scores, calls or classes. By default "
            "the product's own."
        ),
    ] = None,
    untouched: Annotated[
        str | None,
        typer.Option(help="Which of them were never tuned on the old set; they tell causes apart."),
    ] = None,
    tolerated: Annotated[
        float, typer.Option(help="A drop that does not matter: 0.02 is 2 points.")
    ] = 0.02,
    rate: Annotated[
        Right, typer.Option(help="Which share of right answers is compared.")
    ] = Right.ACCURACY,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            help="Makes calls of scores: 0.5 for all models, or MODEL=0.5; repeat it. By default "
            "the product's."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="Columns whose mix is re-weighted (a,b), - for none but the class. By default "
            "those that requirements slice by."
        ),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say how many fresh labels show a drop; judge nothing.")
    ] = False,
    drop: Annotated[
        list[float] | None, typer.Option(help="With --plan: a drop to show; repeat it.")
    ] = None,
    old_cases: Annotated[
        int | None, typer.Option(help="With --plan, instead of --old: cases of the old set.")
    ] = None,
    old_rate: Annotated[
        float | None, typer.Option(help="With --plan, instead of --old: the rate on it.")
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Say whether the sealed set demands a successor, and why.")
    ] = False,
    traffic: Annotated[
        Path | None, typer.Option(help="With --due: a table of recent cases; no labels needed.")
    ] = None,
    made: Annotated[
        str | None, typer.Option(help="With --due: the day the set was complete (2026-03-31).")
    ] = None,
    from_production: Annotated[
        Path | None,
        typer.Option(help="Draw the next sealed set from newly labelled cases; retire --old."),
    ] = None,
    share: Annotated[
        float, typer.Option(help="With --from-production: the share that is drawn.")
    ] = 0.5,
    out: Annotated[
        Path, typer.Option(help="With --from-production: the folder to write to.")
    ] = Path("renewal"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> int:
    """Compare an old and a fresh test set; plan that, ask whether it is due, draw the next one."""
    _one_way(plan, due, from_production is not None)
    named, cuts = _listed(models), _thresholds(threshold, _listed(models))
    if due:
        return _due(product, old, traffic, made, _listed(by), as_json)
    if from_production is not None:
        return _draw(product, old, from_production, share, out, as_json)
    if plan:
        from roadworthy.workflow.renew_plan import renew_plan

        return _said(
            renew_plan(
                product, old, named, tolerated, rate, cuts, old_cases, old_rate, tuple(drop or ())
            ),
            as_json,
        )
    if old is None or new is None:
        raise _misused(
            "two sets are compared, and one is not named.",
            "Name both tables: `--old A --new B`; or ask `--plan`, `--due` or "
            "`--from-production FILE`.",
        )
    from roadworthy.cli import show
    from roadworthy.workflow.renew import renew as run

    columns = None if by is None else [] if by == "-" else _listed(by)
    with show.busy("comparing", as_json):
        found = run(product, old, new, named, _listed(untouched), tolerated, rate, cuts, columns)
    return _said(found, as_json)


def _due(
    product: Path,
    old: Path | None,
    traffic: Path | None,
    made: str | None,
    by: Sequence[str],
    as_json: bool,
) -> int:
    from roadworthy.workflow.due import due

    return _said(due(product, old, traffic, made, by or None), as_json)


def _draw(
    product: Path,
    old: Path | None,
    production: Path,
    share: float,
    out: Path,
    as_json: bool,
) -> int:
    from roadworthy.workflow.rolling import draw_next

    if old is None:
        raise _misused(
            "the set that retires is not named.", "Name it: `--old A`; it becomes development data."
        )
    return _said(draw_next(product, old, production, share, out), as_json)


def _said(found: object, as_json: bool) -> int:
    from roadworthy.cli import app as shell
    from roadworthy.cli import show_renew

    shell.printed(found, as_json, show_renew.as_json, show_renew.told)
    return int(getattr(found, "exit_code", ExitCode.PASS))


def _one_way(*asked: bool) -> None:
    if sum(asked) > 1:
        raise _misused(
            "several things are asked at once.",
            "Ask one of `--plan`, `--due` and `--from-production`.",
        )


def _listed(words: str | None) -> list[str]:
    return [] if words is None else [word.strip() for word in words.split(",") if word.strip()]


def _thresholds(given: Sequence[str] | None, models: Sequence[str]) -> dict[str, float]:
    """Thresholds by model; one without a name is for every model that has none of its own."""
    named: dict[str, float] = {}
    for word in given or ():
        model, _, number = word.rpartition("=")
        try:
            cut = float(number)
        except ValueError:
            cut = -1.0
        if not 0.0 <= cut <= 1.0 or (model and models and model not in models):
            raise _misused(
                f"{word!r} is no threshold.", "Write `--threshold 0.5`, or `--threshold MODEL=0.5`."
            )
        named[model] = cut
    common = named.pop("", None)
    every = {} if common is None else dict.fromkeys(models or [EVERY], common)
    return {**every, **named}


def _misused(message: str, next_step: str) -> BadInput:
    return BadInput(message, code="usage", where="the command line", next_step=next_step)
