"""dossier: the kept judgement as a page to sign, as JSON and as JUnit XML."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from roadworthy.core.errors import BadInput
from roadworthy.core.verdict import Judgement
from roadworthy.io.dossier import render
from roadworthy.io.judgement_json import from_json
from roadworthy.io.junit import to_junit
from roadworthy.io.product_yaml import load_product, parse_product
from roadworthy.io.registry import instruments
from roadworthy.store.workspace import Workspace, unwritable
from roadworthy.workflow.check import judgements

SETS = ("sealed", "open", "other")
CHANGED = (
    "product.yaml has changed since this was judged: the page tells what was judged then, and "
    "nothing about the present one."
)


@dataclass(frozen=True)
class Written:
    """Where the dossier stands."""

    set: str
    outcome: str
    html: Path
    json: Path
    junit: Path
    stale: bool = False
    hypothetical: bool = False


def dossier(product_file: Path, out: Path | None = None, set_name: str | None = None) -> Written:
    """Writes the dossier of the latest judgement, or of the one on ``set_name``."""
    workspace = Workspace.beside(product_file)
    kept_in = judgements(product_file)
    name = set_name or str((workspace.read_json(f"{kept_in}/latest.json") or {}).get("name", ""))
    kept = workspace.read_json(f"{kept_in}/{name}.json") if name in SETS else None
    if kept is None:
        raise BadInput(
            f"there is no judgement{f' on the {set_name} set' if set_name else ''} to write down.",
            code="no_judgement",
            where=str(workspace.folder),
            value=set_name,
            next_step="Run `roadworthy check` or `roadworthy certify` first.",
        )
    made = datetime.fromisoformat(kept.pop("made"))
    judgement = from_json(kept)
    stale = _stale(product_file, judgement)
    if stale:
        judgement = replace(judgement, notes=(CHANGED, *judgement.notes))
    text = workspace.path(f"{kept_in}/{name}.yaml").read_text(encoding="utf-8")
    product = parse_product(text, product_file)
    abouts = {metric: found.about for metric, found in instruments().items()}
    folder = out or workspace.path("dossier")
    contents = {
        "dossier.html": render(judgement, product, abouts, made=made),
        "verdict.json": json.dumps(kept, indent=2, allow_nan=False) + "\n",
        "junit.xml": to_junit(judgement),
    }
    paths = [_write(folder / file, text) for file, text in contents.items()]
    html, verdict, junit = paths
    outcome, hypothetical = str(judgement.outcome), bool(judgement.hypothetical)
    return Written(judgement.set, outcome, html, verdict, junit, stale, hypothetical)


def _stale(product_file: Path, judgement: Judgement) -> bool:
    """Whether product.yaml says something else now than when this was judged."""
    try:
        now = load_product(product_file).fingerprint
    except BadInput:
        return True
    return now != judgement.fingerprints.get("product.yaml")


def _write(path: Path, text: str) -> Path:
    beside = Workspace(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as problem:
        raise unwritable(beside.folder / path.name, problem) from problem
    return path
