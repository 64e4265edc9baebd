"""The conformance kit of rungs: what a kind of model must keep to before `train` may try it.

The kit fits on cases that it makes itself: numbers, categories, gaps and a constant, for every task
that the rung can be fitted for. A rung that is for some tasks only names them, ``tasks=``. One that
reads images (``reads_images``) is given small ones, some of which cannot be read.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.model import Model
from roadworthy.core.product import Task
from roadworthy.core.rung import Fitted, Rung
from roadworthy.models.reading import Reading
from roadworthy.testing.embeddings import STRANGE, embedding_texts
from roadworthy.testing.pictures import PICTURE, pictures

FEATURES = ("size", "shape", "flag", "same")
SEED = 7


def check_rung(rung: Rung, *, tasks: Collection[Task] = tuple(Task)) -> None:
    """Checks every promise of a rung, on every task in ``tasks``.

    Raises:
        AssertionError: a sentence that says which promise is broken.
    """
    name = type(rung).__name__
    assert isinstance(rung.rank, int), f"{name}.rank must be a whole number, not {rung.rank!r}"
    assert rung.why.strip(), f"{name}.why is empty: it says what the cost of such a model is"
    for task in sorted(tasks):
        assert rung.title(task).strip(), f"{name}.title({task}) is empty"
        with TemporaryDirectory(prefix="roadworthy-") as folder:
            bench = _Bench(rung, task, name, Path(folder))
            for check in CHECKS:
                check(bench)


def rung_cases(n: int = 240, seed: int = SEED) -> tuple[pl.DataFrame, dict[Task, pl.Series]]:
    """Cases to learn from, with a column that no rung is offered, and the truth of each task.

    ``size`` has gaps, ``shape`` is text with gaps, ``flag`` is true or false, ``same`` is constant.

    >>> cases, truth = rung_cases()
    >>> cases.columns
    ['size', 'shape', 'flag', 'same', 'unnamed']
    """
    rng = np.random.default_rng(seed)
    size, shape = rng.normal(size=n), rng.choice(["round", "oval", "spiked"], n)
    score = 2.0 * size + np.where(shape == "spiked", 1.5, -0.5) + rng.normal(scale=0.5, size=n)
    gap = rng.random((2, n)) < 0.05
    cases = pl.DataFrame(
        {
            "size": [None if lost else float(x) for x, lost in zip(size, gap[0], strict=True)],
            "shape": [None if lost else str(x) for x, lost in zip(shape, gap[1], strict=True)],
            "flag": rng.random(n) < 0.5,
            "same": np.ones(n),
            # gives the truth away to whoever looks
            "unnamed": score,
        }
    )
    classes = np.where(score > 1, "high", np.where(score < -1, "low", "middle"))
    return cases, {
        Task.BINARY: pl.Series(score > 0),
        Task.MULTICLASS: pl.Series(classes),
        Task.REGRESSION: pl.Series(score),
    }


@dataclass(frozen=True)
class _Bench:
    """A rung, a task, and cases to fit it on."""

    rung: Rung
    task: Task
    name: str
    folder: Path

    def fit(self, cases: pl.DataFrame | None = None, features: Any = None) -> Fitted:
        given = self.known if cases is None else cases
        return self.rung.fit(
            given, self.truth, self.task, self.features if features is None else features, SEED
        )

    @property
    def reads_images(self) -> bool:
        return bool(getattr(self.rung, "reads_images", False))

    @property
    def features(self) -> tuple[str, ...]:
        return (PICTURE, *FEATURES) if self.reads_images else FEATURES

    @property
    def truth(self) -> pl.Series:
        return rung_cases()[1][self.task]

    @cached_property
    def known(self) -> pl.DataFrame:
        """The cases to learn from."""
        return self._shown(rung_cases())

    def _shown(self, made: tuple[pl.DataFrame, dict[Task, pl.Series]]) -> pl.DataFrame:
        cases, truth = made
        if not self.reads_images:
            return cases
        folder = self.folder / str(cases.height)
        return cases.with_columns(pictures(truth[Task.REGRESSION], folder).alias(PICTURE))

    @cached_property
    def fitted(self) -> Fitted:
        return self.fit()

    @cached_property
    def content(self) -> bytes:
        return self.fitted.to_bytes()

    @cached_property
    def fresh(self) -> pl.DataFrame:
        return self._shown(rung_cases(90, 8))

    def answers(self, model: Model, cases: pl.DataFrame, on: str) -> list[Any]:
        """Its answers, each of which must be one that can be judged."""
        try:
            found = model.answer(cases)
        except Exception as reason:
            raise AssertionError(
                f"{self.name}: what it fitted raised {type(reason).__name__} ({reason}) on "
                f"{cases.height} cases {on}, task {self.task}: every case must be answered"
            ) from reason
        assert isinstance(found, pl.Series) and found.len() == cases.height, (
            f"{self.name}: {cases.height} cases {on} must be answered by a polars series of as many"
        )
        given = found.to_list()
        blind = (
            cases[PICTURE].is_null().to_list() if PICTURE in cases.columns else [False] * len(given)
        )
        for answer, lacks in zip(given, blind, strict=True):
            fits = answer is None if lacks and self.reads_images else self._fits(answer)
            assert fits, f"{self.name} answers {answer!r} {on}, for task {self.task}"
        return given

    def alike(self, one: list[Any], other: list[Any]) -> bool:
        """The same to the last digits: sums of numbers may be taken in another order."""
        if one and isinstance(one[0], float):
            near = float(getattr(self.rung, "precision", 1e-9))
            return bool(np.allclose(one, other, rtol=near, atol=near / 1000))
        return one == other

    def _fits(self, answer: Any) -> bool:
        if self.task is Task.MULTICLASS:
            return isinstance(answer, str)
        number = isinstance(answer, float) and np.isfinite(answer)
        return bool(number and (self.task is Task.REGRESSION or 0.0 <= answer <= 1.0))

    def load(self, content: bytes, folder: Path) -> Model:
        file = folder / "artifact"
        file.write_bytes(content)
        return self.rung.load(file)


def _the_same_bytes_for_the_same_cases(bench: _Bench) -> None:
    assert bench.content == bench.fit().to_bytes(), (
        f"{bench.name}: the same cases and seed give other bytes every time, task {bench.task}"
    )


def _it_learns_from_its_features_alone(bench: _Bench) -> None:
    cases = bench.known
    expected = bench.answers(bench.fitted, bench.fresh, "as they are")
    blind = bench.fit(cases.drop("unnamed"))
    assert bench.answers(blind, bench.fresh, "without another column") == expected, (
        f"{bench.name} looks at a column that is none of its features"
    )
    assert set(bench.fitted.needs) <= set(bench.features), (
        f"{bench.name} needs {bench.fitted.needs}, and was offered {bench.features}"
    )


def _answers_hang_on_the_case_alone(bench: _Bench) -> None:
    fresh, model = bench.fresh, bench.fitted
    expected = bench.answers(model, fresh, "as they are")
    turned = fresh.select(list(reversed(fresh.columns))).with_columns(more=pl.lit("x"))
    assert bench.alike(bench.answers(model, turned, "with other columns"), expected), (
        f"{bench.name}: answers hang on the order of the columns, or on columns it did not learn"
    )
    backwards = bench.answers(model, fresh.reverse(), "in another order")
    assert bench.alike(backwards[::-1], expected), (
        f"{bench.name}: the answer to a case hangs on the cases around it"
    )
    alone = bench.answers(model, fresh.head(1), "alone")
    assert bench.alike(alone, expected[:1]), f"{bench.name}: a case alone is answered otherwise"


def _strange_cases_are_answered(bench: _Bench) -> None:
    fresh = bench.fresh.head(3)
    strange = {
        "with a category that was never seen": pl.lit("a shape of tomorrow").alias("shape"),
        "without a number": pl.lit(None, dtype=pl.Float64).alias("size"),
        "with NaN for a number": pl.lit(float("nan")).alias("size"),
        "without a category": pl.lit(None, dtype=pl.String).alias("shape"),
    }
    for on, change in strange.items():
        bench.answers(bench.fitted, fresh.with_columns(change), on)
    nothing = fresh.clear(n=2)
    bench.answers(bench.fitted, nothing, "with nothing but gaps")
    bench.answers(bench.fitted, fresh.clear(), "of an empty table")


def _dead_columns_are_survived(bench: _Bench) -> None:
    cases = bench.known
    dead = cases.with_columns(
        none=pl.lit(None, dtype=pl.Float64), no_text=pl.lit(None, dtype=pl.String)
    )
    model = bench.fit(dead, (*bench.features, "none", "no_text"))
    fresh = bench.fresh.with_columns(none=pl.lit(None, pl.Float64), no_text=pl.lit(None, pl.String))
    bench.answers(model, fresh, "with columns that are always empty")


def _what_cannot_be_fitted_is_bad_input(bench: _Bench) -> None:
    """It fits all the same, as a constant may, or says why not; another exception is a fault."""
    cases, features, truth = bench.known, bench.features, bench.truth
    one = {Task.BINARY: True, Task.MULTICLASS: "high", Task.REGRESSION: 1.0}[bench.task]
    empty = cases.with_columns(pl.lit(None, cases.schema[n]).alias(n) for n in features)
    tried = {
        "one class": (cases, pl.Series([one] * cases.height)),
        "features without a value": (empty, truth),
        "features that never differ": (
            cases.with_columns(pl.col(n).drop_nulls().first().alias(n) for n in features),
            truth,
        ),
        "a text that names the case": (
            cases.with_columns(shape=pl.format("patient {}", pl.int_range(pl.len()))),
            truth,
        ),
    }
    for what, (given, said) in tried.items():
        try:
            model = bench.rung.fit(given, said, bench.task, features, SEED)
        except BadInput as told:
            assert told.next_step, f"{bench.name}: {what} is refused without what to do next"
        except Exception as reason:
            raise AssertionError(
                f"{bench.name}.fit raised {type(reason).__name__} ({reason}) on {what}: raise "
                "BadInput, with what to do next"
            ) from reason
        else:
            bench.answers(model, given.head(3), f"after {what}")


def _the_artefact_gives_back_the_model(bench: _Bench) -> None:
    content = bench.content
    expected = bench.answers(bench.fitted, bench.fresh, "as they are")
    with TemporaryDirectory() as folder:
        again = bench.load(content, Path(folder))
        assert bench.answers(again, bench.fresh, "read back") == expected, (
            f"{bench.name}: what is read back from the artefact answers otherwise"
        )
        assert tuple(again.needs) == tuple(bench.fitted.needs), (
            f"{bench.name}: what is read back needs other columns"
        )
        assert again.files == (Path(folder) / "artifact",), (
            f"{bench.name}: `files` of what is read back must be the artefact alone"
        )
        assert again.name.strip(), f"{bench.name}: what is read back has no name"
        other = bench.fit(features=bench.features[:2]).to_bytes()
        fingerprints = [again.fingerprint, bench.load(content, Path(folder)).fingerprint]
        assert fingerprints[0] == fingerprints[1] != "", (
            f"{bench.name}: the same artefact must have the same fingerprint"
        )
        if other != content:
            changed = bench.load(other, Path(folder)).fingerprint
            assert changed != fingerprints[0], (
                f"{bench.name}: another artefact must have another fingerprint"
            )


def _what_is_no_artefact_is_refused(bench: _Bench) -> None:
    content = bench.content
    _EXPLODED.clear()
    wrong = {
        "an empty file": b"",
        "a text": b"this is no model",
        "half an artefact": content[: len(content) // 2],
        "a pickle": pickle.dumps(_Bomb()),
    }
    with TemporaryDirectory() as folder:
        for what, given in wrong.items():
            try:
                bench.load(given, Path(folder))
            except BadInput:
                pass
            except Exception as reason:
                raise AssertionError(
                    f"{bench.name}.load raised {type(reason).__name__} ({reason}) on {what}: raise "
                    "BadInput"
                ) from reason
            else:
                raise AssertionError(f"{bench.name}.load takes {what} for a model")
            assert not _EXPLODED, f"{bench.name}.load executed what stood in {what}"


def _an_image_that_cannot_be_read_is_left_open(bench: _Bench) -> None:
    if not bench.reads_images:
        return
    damaged, away = bench.folder / "damaged.png", bench.folder / "away.png"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\nand nothing more")
    files = [None, str(damaged), str(away), *bench.fresh[PICTURE][3:6]]
    cases = bench.fresh.head(6).with_columns(pl.Series(PICTURE, files, dtype=pl.String))
    given = bench.fitted.answer(cases).to_list()
    assert [answer is None for answer in given] == [True] * 3 + [False] * 3, (
        f"{bench.name} answers {given} where the first three images cannot be read: those must be "
        "null, and no others"
    )


def _text_is_read(bench: _Bench) -> None:
    """Of rungs that take ``texts`` alone; few cases, since some embeddings and models are slow."""
    if "texts" not in signature(bench.rung.fit).parameters:
        return
    reading, (cases, truth) = Reading(bench.rung, {"message": None}), rung_cases(30)
    cases = cases.with_columns(message=pl.Series(embedding_texts(30)))
    given = (cases, truth[bench.task], bench.task, ("size", "message"), SEED)
    model = reading.fit(*given)
    assert model.to_bytes() == reading.fit(*given).to_bytes(), (
        f"{bench.name}: the same texts and seed give other bytes every time, task {bench.task}"
    )
    strange = pl.DataFrame({"size": 0.0, "message": [*STRANGE, None]})
    bench.answers(model, strange, "with texts of unknown words, or of none")


_EXPLODED: list[str] = []


def _explode() -> None:
    _EXPLODED.append("code of a stranger's ran")


class _Bomb:
    """What a stranger might put into a model file: code that runs when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _explode, ()


CHECKS: tuple[Callable[[_Bench], None], ...] = (
    _the_same_bytes_for_the_same_cases,
    _it_learns_from_its_features_alone,
    _answers_hang_on_the_case_alone,
    _strange_cases_are_answered,
    _dead_columns_are_survived,
    _what_cannot_be_fitted_is_bad_input,
    _an_image_that_cannot_be_read_is_left_open,
    _the_artefact_gives_back_the_model,
    _what_is_no_artefact_is_refused,
    _text_is_read,
)
