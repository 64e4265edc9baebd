"""doctor: what is wrong with an installation or a product, each with what to do about it."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path

import polars as pl

from roadworthy.core.errors import BadInput, RoadworthyError
from roadworthy.core.product import Product
from roadworthy.core.shown import Shown
from roadworthy.io.free_text import FEWEST_WORDS, words_per_text
from roadworthy.io.judgement_json import from_json
from roadworthy.io.product_yaml import load_product, parse_product
from roadworthy.io.registry import COLLECTORS, INSTRUMENTS, collectors, instruments
from roadworthy.models.pipelines import MOST_CATEGORIES
from roadworthy.store.earlier import opened_before
from roadworthy.store.workspace import VERSION, Workspace
from roadworthy.workflow.check import judgements
from roadworthy.workflow.finding import Finding, as_finding, problem_of
from roadworthy.workflow.load import Given, product_file
from roadworthy.workflow.source import Parted, feature_columns, load_cases
from roadworthy.workflow.studies import resolve
from roadworthy.workflow.subject import MODEL, load_model
from roadworthy.workflow.upkeep import upkeep
from roadworthy.workflow.vault import vault_if_there

PACKAGE = "roadworthy"
OLDEST_PYTHON = (3, 11)
LEAST_FREE = 500_000_000


@dataclass(frozen=True)
class Health(Shown):
    """Everything that was looked at, in the order in which it matters."""

    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        return f"<Health: {self.headline}>"

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What must be mended."""
        return tuple(finding for finding in self.findings if not finding.ok)

    @property
    def headline(self) -> str:
        """How many problems there are."""
        count = len(self.problems)
        return "no problem" if not count else f"{count} problem{'s' * (count > 1)}"


def doctor(product: Given | None = None) -> Health:
    """Looks at the installation and, when one is given, at a product; changes nothing."""
    findings = [*_installation()]
    if product is not None:
        findings += _product(product_file(product))
    return Health(tuple(findings))


def _installation() -> Iterator[Finding]:
    yield _python(sys.version_info[:3])
    yield from _packages(requires(PACKAGE) or [])
    yield _announced("metrics", INSTRUMENTS)
    yield _announced("collectors", COLLECTORS)
    yield from _other_plugins()


def _python(running: tuple[int, ...]) -> Finding:
    told = ".".join(map(str, running))
    if running[:2] >= OLDEST_PYTHON:
        return Finding("python", told)
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return Finding("python", f"{told} is too old", f"Install Python {oldest} or later.")


def _packages(required: list[str]) -> Iterator[Finding]:
    """Every package that is needed, each extra by itself; an extra that is absent is no problem."""
    extras: dict[str, list[str]] = {}
    needed = []
    for line in required:
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", line)
        if extra:
            extras.setdefault(extra[1], []).append(line)
        else:
            needed.append(line)
    wrong = [found for line in needed if (found := _package(line))]
    yield from wrong
    if not wrong:
        yield Finding("packages", f"all {len(needed)} that are needed")
    for name, lines in extras.items():
        absent = [_name(line) for line in lines if _installed(_name(line)) is None]
        told = f"lacks {', '.join(absent)}: `pip install '{PACKAGE}[{name}]'` adds it"
        yield Finding(f"extra {name}", told if absent else "installed")


def _package(line: str) -> Finding | None:
    name, wanted = _name(line), line.split(";")[0].strip()
    found, least = _installed(name), re.search(r">=\s*([0-9.]+)", line)
    if found is None:
        return Finding(f"package {name}", "is not installed", f"Run `pip install '{wanted}'`.")
    if least and _numbers(found) < _numbers(least[1]):
        step = f"Run `pip install --upgrade '{wanted}'`."
        return Finding(f"package {name}", f"{found} is too old", step)
    return None


def _name(line: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", line.strip(), maxsplit=1)[0]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version; a zero at the end says nothing."""
    parts = [int(part) for part in re.findall(r"\d+", text.split("+")[0])[:3]]
    return tuple(parts + [0] * (3 - len(parts)))


def _announced(what: str, group: str) -> Finding:
    """Every plug-in of a group is loaded; the first that cannot be is told, with its package."""
    known = instruments() if group == INSTRUMENTS else collectors()
    if not known:
        step = f"Install {PACKAGE} again: its entry points are missing."
        return Finding(what, "none are announced", step)
    broken = [problem for name in known if (problem := problem_of(lambda name=name: known[name]))]  # type: ignore[misc]
    if not broken:
        return Finding(what, f"all {len(known)} can be loaded")
    return Finding(what, f"{len(broken)} of {len(known)}: {broken[0].message}", broken[0].next_step)


def _other_plugins() -> Iterator[Finding]:
    groups = sorted(g for g in entry_points().groups if g.startswith(f"{PACKAGE}."))
    for group in groups:
        if group in (INSTRUMENTS, COLLECTORS):
            continue
        points = list(entry_points(group=group))
        what = group.removeprefix(f"{PACKAGE}.")
        for point in points:
            try:
                point.load()
            # whatever a stranger's module raises is told with its name
            except Exception as reason:
                told = f"`{point.name}` cannot be loaded: {type(reason).__name__}: {reason}"
                yield Finding(what, told, f"Repair, update or uninstall {point.value}.")
                break
        else:
            yield Finding(what, f"all {len(points)} can be loaded")


def _product(file: Path) -> Iterator[Finding]:
    yield _disk(file.parent)
    yield from _workspace(file)
    product: list[Product] = []
    problem = problem_of(lambda: product.append(load_product(file)))
    if problem:
        yield as_finding(file.name, problem)
        return
    one = product[0]
    count = len(one.requirements)
    yield Finding(file.name, f"{one.name}, {count} requirement{'s' * (count != 1)}")
    yield from _sealed(one)
    parted: list[Parted] = []
    problem = problem_of(lambda: parted.append(load_cases(one)))
    if problem:
        yield as_finding("cases", problem)
        return
    yield Finding("cases", _sizes(parted[0]))
    yield _named_columns(one, parted[0])
    yield from _texts(one, parted[0])
    yield _model(one, parted[0])
    yield from upkeep(one, parted[0])


def _disk(folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(folder if folder.is_dir() else Path()).free
    except OSError as problem:
        return Finding("disk", f"cannot be looked at: {problem}", "Mount or repair the disk.")
    told = f"{free / 1e9:,.1f} GB free"
    return Finding("disk", told, "" if free >= LEAST_FREE else "Free at least 0.5 GB.")


def _workspace(file: Path) -> Iterator[Finding]:
    workspace = Workspace.beside(file)
    folder = workspace.folder
    if not folder.exists():
        yield _writable("workspace", folder.parent, "not there yet; it can be made")
        return
    if not folder.is_dir():
        yield Finding("workspace", f"{folder} is no folder", "Rename that file.")
        return
    found = _version(workspace)
    if found != str(VERSION):
        told = f"{folder} is of version {found}, and this roadworthy writes {VERSION}"
        yield Finding("workspace", told, "Use the roadworthy that made it, or move it away.")
    else:
        yield _writable("workspace", folder, f"{folder}, version {found}")
    yield from _kept(workspace, file)


def _version(workspace: Workspace) -> str:
    try:
        return workspace.path("VERSION").read_text().strip() or "(empty)"
    except (OSError, UnicodeDecodeError):
        return "(unreadable)"


def _writable(what: str, folder: Path, told: str) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding(what, told)
    except OSError as problem:
        reason = problem.strerror or problem
        step = "Make the folder writable, or copy product.yaml and its data elsewhere."
        return Finding(what, f"{folder} cannot be written: {reason}", step)


def _kept(workspace: Workspace, file: Path) -> Iterator[Finding]:
    """The judgements that were kept: all of them must still be readable."""
    folder = judgements(file)
    kept = sorted(workspace.path(folder).glob("*.json"))
    wrong = [
        found
        for path in kept
        if (found := problem_of(lambda p=path: _read_judgement(workspace, folder, p, file)))  # type: ignore[misc]
    ]
    yield from (as_finding("judgements", problem) for problem in wrong)
    if kept and not wrong:
        count = sum(path.stem != "latest" for path in kept)
        yield Finding("judgements", f"{count} can be read")


def _read_judgement(workspace: Workspace, folder: str, path: Path, file: Path) -> None:
    kept = workspace.read_json(f"{folder}/{path.name}") or {}
    if path.stem == "latest":
        return
    made = kept.pop("made", None)
    try:
        from_json(kept)
        text = path.with_suffix(".yaml").read_text()
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise _broken(path, problem) from problem
    if made is None:
        raise _broken(path, ValueError("it does not say when it was made"))
    parse_product(text, file)


def _sealed(product: Product) -> Iterator[Finding]:
    """The sealed sets: their ledger is whole, their files are those that were kept."""
    try:
        opened_before(Workspace.beside(product.file))
        with vault_if_there(product) as vault:
            sets = vault.sets() if vault else ()
            for one in sets:
                assert vault is not None
                vault.artifacts.check(one.content)
                vault.artifacts.check(one.names)
                vault.artifacts.check(one.items)
    except RoadworthyError as problem:
        yield as_finding("sealed sets", problem)
        return
    if sets:
        told = ", ".join(f"{one.id} ({one.state}, {len(one.looks)} looked)" for one in sets)
        yield Finding("sealed sets", f"{len(sets)} in the vault: {told}")


def _broken(path: Path, problem: Exception) -> BadInput:
    return BadInput(
        f"{path.name} cannot be read: {problem}.",
        code="broken_workspace",
        where=str(path),
        next_step="Restore it from a backup; a judgement can be made again by `roadworthy check`.",
    )


def _sizes(parted: Parted) -> str:
    sizes = parted.sizes()
    total = f"{sum(sizes.values()):,} can be read"
    if not parted.split:
        return f"{total}, all of them open"
    return f"{total}: " + ", ".join(f"{count:,} {name}" for name, count in sizes.items())


def _named_columns(product: Product, parted: Parted) -> Finding:
    problem = problem_of(lambda: resolve(product, parted.schema, instruments()))
    return as_finding("columns", problem) if problem else Finding("columns", "all that are named")


def _texts(product: Product, parted: Parted) -> Iterator[Finding]:
    """What is read as text, and what looks like text and is not declared."""
    cases, data = parted.all_open, product.data
    for name in data.text:
        words, distinct = words_per_text(cases[name]), cases[name].n_unique()
        told = f"{name}: {distinct:,} different ones, {words:.0f} words on average"
        if words >= FEWEST_WORDS:
            yield Finding("text", told)
            continue
        step = "Take it out of `data: {text: }` unless people wrote it."
        yield Finding("text", f"{told}: rather names or codes than text", step)
    undeclared = [name for name in _learnt(product, parted) if name not in data.text]
    for name in undeclared:
        column = cases[name]
        if column.dtype == pl.String and column.n_unique() > MOST_CATEGORIES:
            words = words_per_text(column)
            told = f"{name}: {column.n_unique():,} different ones, {words:.0f} words on average"
            yield Finding(
                "text", f"{told}: no model takes it for categories", _declare(name, words)
            )


def _learnt(product: Product, parted: Parted) -> tuple[str, ...]:
    """What a model would learn from here; nothing where the answers are there already."""
    data = product.data
    if product.model is not None or data.score or data.prediction or data.truth is None:
        return ()
    try:
        return feature_columns(product, parted.schema)
    except BadInput:
        return ()


def _declare(name: str, words: float) -> str:
    if words >= FEWEST_WORDS:
        return f"If people wrote it, say so: `data: {{text: [{name}]}}`."
    return "Name the columns to learn from: `data: {features: [...]}`."


def _model(product: Product, parted: Parted) -> Finding:
    workspace = Workspace.beside(product.file)
    scored = product.data.score or product.data.prediction
    brought = product.model is not None
    if not scored and not brought and product.data.truth and not workspace.path(MODEL).exists():
        return Finding("model", "none yet: `roadworthy train` makes one")
    problem = problem_of(lambda: _matching(product, workspace, parted))
    if problem:
        return as_finding("model", problem)
    if brought:
        return Finding("model", "your own is named; `roadworthy check` asks it")
    told = f"the column {scored}" if scored else "can be loaded, and fits product.yaml and table"
    return Finding("model", told if product.data.truth else "none is needed")


def _matching(product: Product, workspace: Workspace, parted: Parted) -> None:
    model = load_model(product, workspace, parted.schema)
    absent = [name for name in model.needs if name and name not in parted.schema]
    if absent:
        raise BadInput(
            f"{model.name} needs the column '{absent[0]}', and the table has none.",
            code="missing_column",
            value=absent[0],
            next_step="Add the column, or run `roadworthy train` again.",
        )
