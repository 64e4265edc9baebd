"""A function of Python is a model; whatever it returns or raises, nothing half is judged."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from roadworthy.core import columns
from roadworthy.core.errors import BadInput, ExitCode
from roadworthy.core.model import Brought
from roadworthy.core.product import PythonSource, Task
from roadworthy.models.callable import CallableModel, handed_in, named

_NUMBERS = itertools.count()


def cases(n: int = 4) -> pl.DataFrame:
    ids = [f"c{i}" for i in range(n)]
    return pl.DataFrame({columns.ID: ids, "x": [i / n for i in range(n)], "truth": ["yes"] * n})


def model(function: Callable[[pl.DataFrame], Any], task: Task = Task.BINARY) -> CallableModel:
    return handed_in(function, task, ("x",))


def refused(function: Callable[[pl.DataFrame], Any], task: Task = Task.BINARY) -> BadInput:
    with pytest.raises(BadInput) as caught:
        model(function, task).answer(cases())
    assert caught.value.exit_code is ExitCode.BAD_INPUT
    assert caught.value.next_step
    return caught.value


@pytest.fixture
def module_name() -> Iterator[str]:
    """A module's name that no other test uses, forgotten afterwards."""
    name = f"a_strangers_module_{next(_NUMBERS)}"
    yield name
    for known in [known for known in sys.modules if known.partition(".")[0] == name]:
        del sys.modules[known]


def from_file(folder: Path, name: str, code: str, function: str = "score") -> CallableModel:
    (folder / f"{name}.py").write_text(code)
    return named(PythonSource(f"{name}:{function}"), folder, Task.BINARY, ("x",))


@pytest.mark.parametrize(
    "returned",
    [
        lambda f: f["x"],
        lambda f: f["x"].to_list(),
        lambda f: tuple(f["x"]),
        lambda f: f["x"].to_numpy(),
        lambda f: list(f["x"].to_numpy().astype(np.float32)),
        lambda f: pd.Series(f["x"].to_list()),
    ],
)
def test_any_sequence_of_answers_in_order_will_do(
    returned: Callable[[pl.DataFrame], Any],
) -> None:
    assert model(returned).answer(cases()).to_list() == [0.0, 0.25, 0.5, 0.75]


def test_classes_and_values_too() -> None:
    assert model(lambda f: ["a"] * 4, Task.MULTICLASS).answer(cases()).to_list() == ["a"] * 4
    assert model(lambda f: [-7] * 4, Task.REGRESSION).answer(cases()).to_list() == [-7.0] * 4


def test_it_sees_the_features_alone() -> None:
    seen = []

    def looks(frame: pl.DataFrame) -> pl.Series:
        seen.extend(frame.columns)
        return frame["x"]

    model(looks).answer(cases())
    assert seen == ["x"]


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ([0.1], "1 answers for 4 cases"),
        ([0.1] * 5, "5 answers for 4 cases"),
        (0.5, "a float, not a sequence"),
        (None, "a NoneType, not a sequence"),
        ("abcd", "a str, not a sequence"),
        (np.zeros((4, 2)), r"the shape \(4, 2\)"),
        (np.zeros(()), r"the shape \(\)"),
        (pl.DataFrame({"x": [0.1] * 4}), r"the shape \(4, 1\)"),
        ([0.1, 0.2, float("nan"), 0.4], "case c2 the score NaN"),
        ([0.1, 0.2, 1.5, 0.4], "case c2 the score 1.5"),
        ([0.1, 0.2, None, 0.4], "case c2 the score null"),
        ([0.1, 0.2, "0.3", 0.4], 'case c2 the score "0.3"'),
        ([0.1, 0.2, True, 0.4], "case c2 the score true"),
        (np.array([True] * 4), "case c0 the score true"),
        ([0.1, 0.2, [0.3], 0.4], "case c2 the score"),
    ],
)
def test_what_is_wrong_with_its_answers_is_told(returned: object, told: str) -> None:
    error = refused(lambda frame: returned)
    with pytest.raises(BadInput, match=told):
        raise error


def test_what_it_raises_is_told_with_its_place() -> None:
    def broken(frame: pl.DataFrame) -> Any:
        return frame["size"]

    error = refused(broken)
    assert error.code == "model_raised"
    assert "ColumnNotFoundError" in error.message
    assert "test_callable.py, line" in error.message
    assert "columns x" in error.next_step


def test_its_exit_is_not_taken_for_a_verdict() -> None:
    """``sys.exit(0)`` in a stranger's function would else end the command with the code of PASS."""

    def leaves(frame: pl.DataFrame) -> Any:
        sys.exit(0)

    assert "SystemExit: 0" in refused(leaves).message


def test_what_it_prints_does_not_reach_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    def chatty(frame: pl.DataFrame) -> Any:
        print("hello")
        return frame["x"]

    model(chatty).answer(cases())
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


def test_a_function_of_a_module_beside_the_product_is_found(
    tmp_path: Path, module_name: str
) -> None:
    path = list(sys.path)
    found = from_file(tmp_path, module_name, "def score(f):\n    return f['x'] / 2\n")
    assert isinstance(found, Brought)
    assert found.answer(cases())[3] == 0.375
    assert [file.name for file in found.files] == [f"{module_name}.py"]
    assert sys.path == path


def test_what_the_function_imports_when_it_runs_is_found_too(
    tmp_path: Path, module_name: str
) -> None:
    package = tmp_path / module_name
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "halves.py").write_text("def half(x):\n    return x / 2\n")
    (package / "rule.py").write_text(
        f"def score(f):\n    from {module_name}.halves import half\n    return half(f['x'])\n"
    )
    source = PythonSource(f"{module_name}.rule:score")
    assert named(source, tmp_path, Task.BINARY, ("x",)).answer(cases())[2] == 0.25


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import no_such_package_here", "No module named 'no_such_package_here'"),
        ("1 / 0", r"ZeroDivisionError: division by zero \(a_strangers_module_\d+.py, line 1\)"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("def f(:", "SyntaxError"),
        ("score = 3", "has no function 'score'"),
        ("", "has no function 'score'"),
    ],
)
def test_a_module_that_cannot_be_used_is_told(
    tmp_path: Path, module_name: str, code: str, told: str
) -> None:
    with pytest.raises(BadInput, match=told) as caught:
        from_file(tmp_path, module_name, code)
    assert caught.value.code == "model_not_started"


def test_a_module_that_is_nowhere_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No module named 'nowhere_at_all'"):
        named(PythonSource("nowhere_at_all:f"), tmp_path, Task.BINARY, ("x",))


def test_two_modules_of_one_name_are_not_mixed_up(tmp_path: Path, module_name: str) -> None:
    """Python would hand out the first one's function, and the verdict would be on that."""
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    from_file(one, module_name, "def score(f):\n    return f['x']\n")
    with pytest.raises(BadInput, match="Another module"):
        from_file(other, module_name, "def score(f):\n    return f['x'] / 2\n")


def test_a_module_that_changed_since_it_was_imported_is_refused(
    tmp_path: Path, module_name: str
) -> None:
    from_file(tmp_path, module_name, "def score(f):\n    return f['x']\n")
    with pytest.raises(BadInput, match="changed after it had been imported"):
        from_file(tmp_path, module_name, "def score(f):\n    return f['x'] / 2\n")


def test_another_file_is_another_fingerprint(tmp_path: Path, module_name: str) -> None:
    code = "def score(f):\n    return f['x']\n"
    plain = from_file(tmp_path, module_name, code)
    weights = tmp_path / "weights.bin"
    source = PythonSource(f"{module_name}:score", ("*.bin",))
    found = {plain.fingerprint}
    for content in (b"1", b"2"):
        weights.write_bytes(content)
        found.add(named(source, tmp_path, Task.BINARY, ("x",)).fingerprint)
    assert len(found) == 3
    assert from_file(tmp_path, module_name, code).fingerprint == plain.fingerprint


@dataclass
class Fitted:
    """A model with state, as a fitted estimator has."""

    weight: float

    def score(self, frame: pl.DataFrame) -> pl.Series:
        return frame["x"] * self.weight


FITTED = Fitted(0.5)


def halved(frame: pl.DataFrame) -> pl.Series:
    return FITTED.score(frame)


def weighed(frame: pl.DataFrame) -> pl.Series:
    return halved(frame)


def test_the_fingerprint_covers_state_and_what_has_none_is_never_alike() -> None:
    same = [model(Fitted(0.5).score).fingerprint for _ in range(2)]
    assert same[0] == same[1]
    assert model(Fitted(0.6).score).fingerprint != same[0]

    def scaled(by: float) -> Callable[[pl.DataFrame], Any]:
        return lambda frame: frame["x"] * by

    assert model(scaled(0.5)).fingerprint == model(scaled(0.5)).fingerprint
    assert model(scaled(0.5)).fingerprint != model(scaled(0.6)).fingerprint
    assert model(weighed).fingerprint == model(weighed).fingerprint
    x, y = (model(f).fingerprint for f in (lambda c: c["x"], lambda c: c["y"]))
    assert x != y
    unknown = (lambda holds: lambda frame: holds and frame["x"])(sys.stdout)
    assert model(unknown).fingerprint != model(unknown).fingerprint


def test_the_fingerprint_covers_what_the_function_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a notebook the fitted model is a global name, and the function's text stays the same."""
    found = set()
    for weight in (0.5, 0.6, 0.5):
        monkeypatch.setitem(globals(), "FITTED", Fitted(weight))
        found.add(model(weighed).fingerprint)
    assert len(found) == 2


def test_it_can_be_timed_and_weighed_only_where_it_has_files(
    tmp_path: Path, module_name: str
) -> None:
    in_memory = model(Fitted(0.5).score)
    assert in_memory.why_not("timings") is None
    assert "in memory" in str(in_memory.why_not("artifact"))
    from_a_file = from_file(tmp_path, module_name, "def score(f):\n    return f['x']\n")
    assert from_a_file.why_not("artifact") is None
