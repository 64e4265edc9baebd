"""A model that is a function of Python: a polars frame in, one answer a row out."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pickle
import sys
import sysconfig
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.product import PythonSource, Task
from roadworthy.models import shipped
from roadworthy.models.exchange import ID, Awaited

# what a module's file held when it was imported here: Python does not read it again
_IMPORTED: dict[str, str] = {}


@dataclass(frozen=True)
class CallableModel:
    """A function, and the files and the state that its answers depend on."""

    function: Callable[[pl.DataFrame], Any]
    name: str
    task: Task
    needs: tuple[str, ...]
    files: tuple[Path, ...] = ()
    folder: Path = field(default_factory=Path)

    @cached_property
    def fingerprint(self) -> str:
        """Covers its files; without any, its source and all that it reaches in memory. What cannot
        be told of that is never the same twice."""
        held = [] if self.files else _pinned(self.function)
        return shipped.digest(["python", self.name, *held], self.files, self.folder)

    @property
    def notes(self) -> tuple[str, ...]:
        names = ", ".join(path.name for path in self.files)
        covered = names or "its source and what it reaches in memory"
        return (f"The fingerprint of {self.name} covers {covered}.",)

    def why_not(self, table: str) -> str | None:
        if table != "artifact" or self.files:
            return None
        return f"{self.name} is in memory: there is no file to weigh"

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """Calls the function once with the columns ``needs``, and checks what it returns.

        What it prints goes to standard error.

        Raises:
            BadInput: it raises, exits, or returns anything but one proper answer a case.
        """
        with importable(self.folder), redirect_stdout(sys.stderr):
            found = self._call(cases.select(self.needs))
        answers = self._listed(found, cases.height)
        waiting = Awaited(cases, self.task, self.name)
        for place, (case, answer) in enumerate(zip(waiting.ids, answers, strict=True), start=1):
            waiting.take({ID: case, waiting.word: answer}, f"Item {place} of what it returned")
        return waiting.series()

    def _call(self, cases: pl.DataFrame) -> Any:
        # whatever a stranger's function raises is told with the function's name; an exit too,
        # since its status would be taken for a verdict
        try:
            return self.function(cases)
        except (Exception, SystemExit) as problem:
            raise self._wrong(
                f"It raised {raised(problem)}.",
                "model_raised",
                "Mend the function; it is called with a polars frame that has the columns "
                f"{', '.join(self.needs)}.",
            ) from problem

    def _listed(self, found: Any, cases: int) -> list[Any]:
        """The answers as plain values of Python, one a case."""
        shape = getattr(found, "shape", None)
        if isinstance(shape, tuple) and len(shape) != 1:
            raise self._wrong(
                f"It returned an array of the shape {shape}, not one answer a case.",
                "bad_answer",
                "Return one column, such as the chances of the positive class: `[:, 1]`.",
            )
        to_list = getattr(found, "to_list", None) or getattr(found, "tolist", None)
        if to_list is not None:
            found = to_list()
        if not isinstance(found, list | tuple):
            raise self._wrong(
                f"It returned a {type(found).__name__}, not a sequence of answers.",
                "bad_answer",
                "Return a list, an array or a polars or pandas series.",
            )
        if len(found) != cases:
            raise self._wrong(
                f"It returned {len(found)} answers for {cases} cases.",
                "bad_answer",
                "Return one answer a row, in the order of the rows.",
            )
        return [item.item() if isinstance(item, np.generic) else item for item in found]

    def _wrong(self, message: str, code: str, next_step: str) -> BadInput:
        return BadInput(message, code=code, where=self.name, next_step=next_step)


def named(source: PythonSource, folder: Path, task: Task, needs: tuple[str, ...]) -> CallableModel:
    """The function that product.yaml names, imported with ``folder`` on the path.

    Raises:
        BadInput: the module cannot be imported, is another one, or lacks the function.
    """
    found, own = imported(source.python, folder)
    files = tuple(dict.fromkeys((*own, *shipped.declared(source.files, folder))))
    return CallableModel(found, source.python, task, needs, files, folder)


def imported(source: str, folder: Path) -> tuple[Any, tuple[Path, ...]]:
    """What ``module:function`` names, and the module's file where it has one.

    Raises:
        BadInput: the module cannot be imported, is another one, or lacks the function.
    """
    module_name, _, path = source.partition(":")
    with importable(folder), redirect_stdout(sys.stderr):
        module = _import(module_name, source)
    file = Path(module.__file__) if getattr(module, "__file__", None) else None
    _refuse_other(module_name, file, folder, source)
    found: Any = module
    for name in path.split("."):
        found = getattr(found, name, None)
    if not callable(found):
        raise _unusable(
            source,
            f"The module '{module_name}' has no function '{path}'.",
            f"Define it there: `def {path}(...): ...`.",
        )
    return found, () if file is None else (_seen_from(file, folder),)


def handed_in(
    function: Callable[[pl.DataFrame], Any], task: Task, needs: tuple[str, ...]
) -> CallableModel:
    """A callable of a running program, such as a fitted model's own method."""
    return CallableModel(function, _name(function), task, needs)


def _import(name: str, source: str) -> Any:
    known = name in sys.modules
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as problem:
        raise _unusable(
            source,
            f"The module '{name}' cannot be imported: {raised(problem)}.",
            "Mend it. It is looked for beside product.yaml first, and it needs its packages in the "
            "Python that runs roadworthy; `model: {command: }` runs it in another one.",
        ) from problem
    file = getattr(module, "__file__", None)
    if file is not None and Path(file).is_file():
        held = hashlib.sha256(Path(file).read_bytes()).hexdigest()
        if not known:
            _IMPORTED[name] = held
        elif _IMPORTED.setdefault(name, held) != held:
            raise _unusable(
                source,
                f"'{file}' was changed after it had been imported.",
                "Start Python anew: what would answer is the module as it was.",
            )
    return module


def _refuse_other(name: str, file: Path | None, folder: Path, source: str) -> None:
    """Of two modules with one name Python imports the first only."""
    path = folder.joinpath(*name.split("."))
    beside = [p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()]
    if beside and (file is None or beside[0].resolve() != file.resolve()):
        raise _unusable(
            source,
            f"Another module '{name}' is imported already, from {file or 'Python itself'}, "
            f"not from '{beside[0]}'.",
            "Rename yours, or start Python anew.",
        )


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Inside, modules beside product.yaml are found first."""
    path = str(folder.resolve())
    sys.path.insert(0, path)
    try:
        yield
    finally:
        if path in sys.path:
            sys.path.remove(path)


def _seen_from(file: Path, folder: Path) -> Path:
    found, start = file.resolve(), folder.resolve()
    return folder / found.relative_to(start) if found.is_relative_to(start) else found


def _pinned(function: Callable[..., Any]) -> list[str]:
    """Source and state; what has neither is unlike everything, so that nothing is mixed up."""
    try:
        return _told_apart(function, set())
    except (Exception, SystemExit):  # a stranger's own __getstate__ may raise anything
        return [uuid.uuid4().hex]


def _told_apart(value: Any, seen: set[int]) -> list[str]:
    """What distinguishes ``value`` from others: functions by source and by all that they reach."""
    if inspect.ismodule(value):
        return ["module", value.__name__]
    if not inspect.isfunction(value) or "site-packages" in value.__code__.co_filename:
        return ["value", hashlib.sha256(pickle.dumps(value)).hexdigest()]
    if id(value) in seen:
        return ["above"]
    seen.add(id(value))
    found = [
        inspect.getsource(value),
        *_told_apart((value.__defaults__, value.__kwdefaults__), seen),
    ]
    if value.__name__ == "<lambda>":  # two of them may stand on one line
        code = value.__code__
        found += [str(code.co_names), str([c for c in code.co_consts if not inspect.iscode(c)])]
    reached = inspect.getclosurevars(value)
    for name, held in sorted({**reached.globals, **reached.nonlocals}.items()):
        found += [name, *_told_apart(held, seen)]
    return found


def _name(function: Callable[..., Any]) -> str:
    plain = getattr(function, "__qualname__", None) or type(function).__qualname__
    module = getattr(function, "__module__", None)
    return f"{module}:{plain}" if module else str(plain)


def raised(problem: BaseException) -> str:
    """What was raised, and where in the stranger's own code, if it was there."""
    return f"{_told(problem)}{_place(problem)}"


def _told(problem: BaseException) -> str:
    said = " ".join(str(problem).split())
    return type(problem).__name__ + (f": {said.rstrip('.')}" if said else "")


def _place(problem: BaseException) -> str:
    """Where in the stranger's own code it was raised, if it was there and not in a package."""
    packages = ("<", sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), __file__)
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(packages)]
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""


def _unusable(source: str, message: str, next_step: str) -> BadInput:
    return BadInput(message, code="model_not_started", where=source, next_step=next_step)
