"""dossier: the kept judgement as a page to sign, as Markdown, as JSON and as JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from roadworthy.core.compression import Compression
from roadworthy.core.errors import BadInput
from roadworthy.core.ladder import Ladder
from roadworthy.core.plan import Plan
from roadworthy.core.product import Product
from roadworthy.core.shown import Shown
from roadworthy.core.verdict import Judgement
from roadworthy.io.dossier import Beside, render, render_markdown
from roadworthy.io.judgement_json import from_json
from roadworthy.io.junit import to_junit
from roadworthy.io.product_yaml import load_product, parse_product
from roadworthy.io.registry import instruments
from roadworthy.store.workspace import Workspace, unwritable
from roadworthy.workflow.attested import attested
from roadworthy.workflow.check import judgements
from roadworthy.workflow.compress import compression_of
from roadworthy.workflow.load import Given
from roadworthy.workflow.load import product_file as file_of
from roadworthy.workflow.one_pass import MOST_AS_A_WHOLE
from roadworthy.workflow.parent import parent_of
from roadworthy.workflow.plan import plan_of
from roadworthy.workflow.source import load_cases
from roadworthy.workflow.subject import ladder_of

SETS = ("sealed", "open", "other")
CHANGED = (
    "product.yaml has changed since this was judged: the page tells what was judged then, and "
    "nothing about the present one."
)
NO_LADDER = (
    "The ladder that `train` kept cannot be read any more, so it is left out: run "
    "`roadworthy train` again."
)


@dataclass(frozen=True)
class Written(Shown):
    """Where the dossier stands; ``wrong`` is what the ledger has against it, or nothing."""

    set: str
    outcome: str
    html: Path
    markdown: Path
    json: Path
    junit: Path
    stale: bool = False
    hypothetical: bool = False
    ledger: str = ""
    wrong: str = ""

    def __repr__(self) -> str:
        return f"<Written {str(self.html)!r}>"


@dataclass(frozen=True)
class Kept:
    """A judgement as it was kept: its JSON, and the product as it was judged."""

    name: str
    stored: Mapping[str, Any]
    judgement: Judgement
    product: Product
    made: datetime
    file: Path


def dossier(product: Given, out: str | Path | None = None, set_name: str | None = None) -> Written:
    """Writes the dossier of the latest judgement, or of the one on ``set_name``.

    ``out`` is the folder to write to, by default ``.roadworthy/dossier`` beside product.yaml.

    Raises:
        BadInput: nothing was judged yet, or the folder cannot be written.
    """
    product_file = file_of(product)
    workspace = Workspace.beside(product_file)
    kept = _kept(workspace, product_file, set_name)
    judgement, judged = kept.judgement, kept.product
    stale = _stale(product_file, judgement)
    if stale:
        judgement = replace(judgement, notes=(CHANGED, *judgement.notes))
    ladder, notes = _ladder(workspace, judgement)
    compression = _compression(workspace, judgement)
    judgement = replace(judgement, notes=(*judgement.notes, *notes))
    plan, no_plan = _plan(kept)
    said = attested(product_file, judged, kept.file)
    beside = Beside(plan, no_plan, ladder, compression, kept.made, said)
    abouts = {metric: found.about for metric, found in instruments().items()}
    folder = workspace.path("dossier") if out is None else Path(out)
    contents = {
        "dossier.html": render(judgement, judged, abouts, beside),
        "dossier.md": render_markdown(judgement, judged, abouts, beside),
        "verdict.json": json.dumps(kept.stored, indent=2, allow_nan=False) + "\n",
        "junit.xml": to_junit(judgement),
    }
    html, markdown, verdict, junit = _write(folder, contents)
    return Written(
        set=judgement.set,
        outcome=str(judgement.outcome),
        html=html,
        markdown=markdown,
        json=verdict,
        junit=junit,
        stale=stale,
        hypothetical=bool(judgement.hypothetical),
        ledger=said.told,
        wrong=said.wrong,
    )


def _kept(workspace: Workspace, product_file: Path, set_name: str | None) -> Kept:
    """The judgement that was asked for.

    Raises:
        BadInput: there is none, or what was kept is damaged or of another version.
    """
    kept_in = judgements(product_file)
    latest = workspace.read_json(f"{kept_in}/latest.json") or {}
    name = set_name or str(latest.get("name", ""))
    stored = workspace.read_json(f"{kept_in}/{name}.json") if name in SETS else None
    if stored is None:
        raise BadInput(
            f"there is no judgement{f' on the {set_name} set' if set_name else ''} to write down.",
            code="no_judgement",
            where=str(workspace.folder),
            value=set_name,
            next_step="Run `roadworthy check` or `roadworthy certify` first.",
        )
    place = str(workspace.path(f"{kept_in}/{name}.json"))
    try:
        made = datetime.fromisoformat(stored.pop("made"))
        judgement = from_json(stored)
        text = workspace.path(f"{kept_in}/{name}.yaml").read_text(encoding="utf-8")
        product = parse_product(text, product_file)
    except BadInput as problem:
        known = problem.code in ("judgement", "other_schema")
        raise BadInput(
            problem.message
            if known
            else f"the product.yaml that was kept with this judgement cannot be read by this "
            f"version of roadworthy: {problem.message}",
            code=problem.code if known else "kept_product",
            where=place if known else place.removesuffix(".json") + ".yaml",
            value=problem.value,
            next_step=problem.next_step if known and name != "sealed" else _again(name),
        ) from problem
    except (KeyError, OSError, TypeError, ValueError) as problem:
        raise BadInput(
            f"a kept judgement is incomplete or damaged: {problem!r}.",
            code="judgement",
            where=place,
            next_step=_again(name),
        ) from problem
    return Kept(name, stored, judgement, product, made, Path(place))


def _again(name: str) -> str:
    if name == "sealed":
        return (
            "Restore it from a backup, or use the roadworthy that wrote it: a sealed set is "
            "judged once."
        )
    return "Run `roadworthy check` again."


def _stale(product_file: Path, judgement: Judgement) -> bool:
    """Whether product.yaml says something else now than when this was judged."""
    try:
        now = load_product(product_file).fingerprint
    except BadInput:
        return True
    return now != judgement.fingerprints.get("product.yaml")


def _ladder(workspace: Workspace, judgement: Judgement) -> tuple[Ladder | None, tuple[str, ...]]:
    """The ladder on which the judged model was kept, and a note where it is damaged."""
    try:
        model = judgement.fingerprints.get("model")
        # an heir stands on no ladder: the one of its parent is told
        return ladder_of(parent_of(model, workspace) or model, workspace), ()
    except BadInput:
        return None, (NO_LADDER,)


def _compression(workspace: Workspace, judgement: Judgement) -> Compression | None:
    """The compression that made the judged model, or that started from it."""
    model = judgement.fingerprints.get("model")
    try:
        parent = parent_of(model, workspace)
        found = compression_of(parent or model, workspace)
    except BadInput:
        return None
    return found


def _plan(kept: Kept) -> tuple[Plan | None, str]:
    """The plan of the product as judged, or why it is left out."""
    judgement, judged = kept.judgement, kept.product
    if judgement.population.cases > MOST_AS_A_WHOLE:
        return None, "The table is large, so the plan is left out here: see `roadworthy plan`."
    try:
        parted = load_cases(judged)
        if kept.name != "other" and parted.fingerprint != judgement.fingerprints.get("data"):
            return None, "The table has changed since this was judged, so its plan is left out."
        return plan_of(judged, parted), ""
    except BadInput:
        return None, "The table cannot be read as it was when judged, so its plan is left out."


def _write(folder: Path, contents: Mapping[str, str]) -> list[Path]:
    """Writes all files or none: they tell one story."""
    paths = {folder / name: text for name, text in contents.items()}
    written: list[Path] = []
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in paths.items():
            beside = path.with_name(f".{path.name}.new")
            written.append(beside)
            beside.write_text(text, encoding="utf-8")
        for path in paths:
            path.with_name(f".{path.name}.new").replace(path)
    except OSError as problem:
        raise unwritable(path, problem) from problem
    finally:
        for beside in written:
            beside.unlink(missing_ok=True)
    return list(paths)
