"""Reads product.yaml: the one file in which a team writes down what its product must reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument
from roadworthy.core.product import CompressRules, Product, Scope, TrainRules
from roadworthy.core.report import NormalReport
from roadworthy.core.team import Team
from roadworthy.core.worklist import Worklist
from roadworthy.io import registry
from roadworthy.io.cost_checks import by_ratio
from roadworthy.io.cost_words import harms
from roadworthy.io.grammar import ProductWords
from roadworthy.io.guard_words import implied
from roadworthy.io.nearest import did_you_mean
from roadworthy.io.problems import Page, Problem
from roadworthy.io.product_checks import product_problems
from roadworthy.io.requirement_checks import requirement_problems
from roadworthy.io.requirement_reader import (
    Surroundings,
    Written,
    read_requirements,
    requirement_words,
)
from roadworthy.io.yaml_lines import MAX_CHARACTERS, read_yaml


def load_product(
    path: Path, instruments: Mapping[str, Instrument] | None = None, *, study: bool = True
) -> Product:
    """The product that ``path`` describes.

    ``instruments`` are the metrics it may use; by default those that are installed. Without
    ``study`` the reader study that it names is not read: it is just being analysed.

    Raises:
        BadInput: the file cannot be read, or something in it is wrong; ``where`` names the line.
    """
    return parse_product(_text(path), path, instruments, study=study)


def parse_product(
    text: str,
    file: Path,
    instruments: Mapping[str, Instrument] | None = None,
    *,
    study: bool = True,
) -> Product:
    """The product that ``text`` describes; other files it names are relative to ``file``.

    Its fingerprint covers the text and the files of case ids that requirements name.

    Raises:
        BadInput: something is wrong; the first problem by line is told, and how many more.
    """
    known = registry.instruments() if instruments is None else instruments
    page = Page(file.name, read_yaml(text, file.name))
    words, problems = _product_words(page)
    requirements, more = requirement_words(page, known)
    page.refuse([*problems, *more])
    assert words is not None  # refused otherwise
    around = _surroundings(words, file)
    team = None if words.team is None else words.team.core(file.parent, study)
    if isinstance(team, Problem):
        page.refuse([team])
    found = list(read_requirements(page, requirements, known, around))
    written = [one for one in found if isinstance(one, Written)]
    product = _product(words, around, written, file, text)
    if isinstance(team, Team):
        product = _with_team(product, team)
    page.refuse(
        [
            *(one for one in found if isinstance(one, Problem)),
            *_meaning(page, product, written, known, complete=len(written) == len(found)),
        ]
    )
    if product.guard is None:
        return product
    brought = implied(product.guard, product.confidence, known)
    return replace(product, requirements=(*product.requirements, *brought))


def _product_words(page: Page) -> tuple[ProductWords | None, list[Problem]]:
    try:
        return ProductWords.model_validate(page.value(())), []
    except ValidationError as error:
        return None, list(page.problems(error))


def _surroundings(words: ProductWords, file: Path) -> Surroundings:
    said = words.costs
    costs = None if said is None or said.only_computing else said.core()
    return Surroundings(
        task=words.task,
        data=words.data.core(),
        costs=costs,
        confidence=words.confidence.core(),
        decision=by_ratio(words.decision.core(words.confidence.level), costs),
        environment=None if words.environment is None else words.environment.core(),
        folder=file.parent,
        harms=harms(words.harms),
        marks=None if words.marks is None else words.marks.core(),
    )


def _product(
    words: ProductWords, around: Surroundings, written: Sequence[Written], file: Path, text: str
) -> Product:
    return Product(
        name=words.product,
        data=around.data,
        requirements=tuple(one.requirement for one in written),
        purpose=words.purpose,
        task=words.task,
        scope=Scope(tuple(rule.core() for rule in words.scope)),
        guard=None if words.guard is None else words.guard.core(),
        environment=around.environment,
        marks=around.marks,
        device=None if words.device is None else words.device.core(),
        costs=around.costs,
        running=None if words.costs is None else words.costs.running(),
        harms=around.harms,
        confidence=around.confidence,
        decision=around.decision,
        training=TrainRules() if words.train is None else words.train.core(),
        compress=CompressRules() if words.compress is None else words.compress.core(),
        renewal=words.renewal.core(),
        model=None if words.model is None else words.model.core(),
        worklist=Worklist() if words.worklist is None else words.worklist.core(),
        report=NormalReport() if words.report is None else words.report.core(),
        models=None if words.models is None else tuple(words.models),
        store=None if words.store is None else words.store.core(),
        file=file,
        fingerprint=_fingerprint(text, written),
        text=text,
    )


def _with_team(product: Product, team: Team) -> Product:
    """The product and its team; another reader study is another claim, and another fingerprint."""
    if team.study is None:
        return replace(product, team=team)
    told = f"{product.fingerprint}{team.study!r}"
    return replace(product, team=team, fingerprint=sha256(told.encode()).hexdigest())


def _fingerprint(text: str, written: Sequence[Written]) -> str:
    digest = sha256(text.encode())
    # whoever changes the cases that a requirement names has changed the requirement
    for one in written:
        for name, cases in one.named_cases.items():
            digest.update("\0".join(["", one.requirement.id, name, *cases]).encode())
    return digest.hexdigest()


def _meaning(
    page: Page,
    product: Product,
    written: Sequence[Written],
    instruments: Mapping[str, Instrument],
    complete: bool,
) -> list[Problem]:
    found = [p for one in written for p in requirement_problems(product, one, instruments)]
    # what the requirements say together is only known when all could be read
    return [*found, *(product_problems(page, product, written) if complete else ())]


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > 4 * MAX_CHARACTERS:
            raise _unreadable(path, "is too large for a product.yaml", "Name the right file.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as reason:
        raise _unreadable(path, "is not UTF-8 text", "Save it as UTF-8.") from reason
    except IsADirectoryError as reason:
        step = f"Name the file in it, such as '{path / 'product.yaml'}'."
        raise _unreadable(path, "is a folder", step) from reason
    except OSError as reason:
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        step = did_you_mean(path.name, beside, f"files in '{path.parent}'")
        raise _unreadable(path, "cannot be read", step) from reason


def _unreadable(path: Path, what: str, next_step: str) -> BadInput:
    return BadInput(
        f"'{path}' {what}.",
        code="unreadable",
        where=path.name,
        value=str(path),
        next_step=next_step,
    )
