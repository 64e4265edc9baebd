"""demo: the whole way on a real example, in a folder of its own, command by command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from roadworthy.cli import quiet, show, show_json
from roadworthy.core.errors import BadInput, ExitCode
from roadworthy.io.judgement_json import to_json
from roadworthy.store.workspace import FOLDER

EXAMPLE = "mammography"
MARK = ".roadworthy-demo"


def run(into: Path, as_json: bool, brief: bool = False) -> int:
    """Copies the example into ``into`` and runs every command on it; returns the last verdict."""
    from roadworthy.workflow.certify import certify
    from roadworthy.workflow.check import check
    from roadworthy.workflow.dossier import dossier
    from roadworthy.workflow.plan import plan
    from roadworthy.workflow.train import train

    silent = as_json or brief
    product = _fresh_copy(into) / "product.yaml"
    _step("plan", product, silent, lambda: plan(product), show.plan)
    _step("train", product, silent, lambda: train(product), show.trained)
    _step("check", product, silent, lambda: check(product), show.judgement)
    verdict = _step("certify", product, silent, lambda: certify(product), show.judgement)
    written = _step("dossier", product, silent, lambda: dossier(product), show.written)
    if as_json:
        paths = show_json.written_json(written)
        print(json.dumps({"verdict": to_json(verdict), "dossier": paths}, indent=2))
    elif brief:
        show.line(quiet.headline(verdict) or "")
    # the demo did what it should, whatever the verdict on the example is
    return ExitCode.PASS


def _step(
    name: str, product: Path, silent: bool, act: Callable[[], Any], show_it: Callable[[Any], None]
) -> Any:
    if not silent:
        show.command(f"roadworthy {name} {product}")
    found = act()
    if not silent:
        show_it(found)
    return found


def _fresh_copy(into: Path) -> Path:
    if into.exists() and not (into / MARK).exists():
        raise BadInput(
            "this folder exists and was not made by the demo.",
            code="folder_in_use",
            where=str(into),
            next_step="Name another: `roadworthy demo --into FOLDER`.",
        )
    try:
        if into.exists():
            shutil.rmtree(into)
        shutil.copytree(_example(), into, ignore=shutil.ignore_patterns(FOLDER))
        (into / MARK).write_text("made by `roadworthy demo`; replaced when it runs again\n")
    except OSError as problem:
        raise BadInput(
            f"the demo's folder cannot be written: {problem.strerror or problem}.",
            code="unwritable_workspace",
            where=str(into),
            next_step="Name another: `roadworthy demo --into FOLDER`.",
        ) from problem
    return into


def _example() -> Path:
    """The example as it is packaged, or as it stands in a checkout."""
    packaged = Path(str(files("roadworthy"))) / "examples" / EXAMPLE
    checkout = Path(__file__).parents[3] / "examples" / EXAMPLE
    return packaged if packaged.exists() else checkout
