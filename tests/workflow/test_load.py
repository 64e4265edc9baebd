"""A product is loaded once, and every verb works with it or with the path that names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from tests.tables import FINDS, SPARES, counted, learnable, simulated, write_product

import roadworthy
from roadworthy.core.errors import BadInput
from roadworthy.core.product import Confidence
from roadworthy.io.product_yaml import load_product

VERBS: dict[str, Callable[[Any], Any]] = {
    "plan": roadworthy.plan,
    "check": roadworthy.check,
    "compare": lambda given: roadworthy.compare(given, score="score"),
    "dossier": roadworthy.dossier,
    "doctor": roadworthy.doctor,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_product(tmp_path / "here", counted(40, 2, 30, 2), [FINDS, SPARES])


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_takes_a_product_a_path_its_text_or_its_folder(file: Path, verb: str) -> None:
    roadworthy.check(file)
    found = [VERBS[verb](g) for g in (file, str(file), file.parent, roadworthy.load(file))]
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("given", [pl.DataFrame({"a": [1]}), 7, b"product.yaml"])
def test_what_is_no_product_is_told_by_its_argument(given: object, verb: str) -> None:
    with pytest.raises(BadInput, match=f"product: A {type(given).__name__} is no product"):
        VERBS[verb](given)


def test_what_was_loaded_is_judged_and_a_changed_file_is_told(file: Path) -> None:
    product = roadworthy.load(file)
    text = file.read_text()
    file.write_text(text.replace("0.9", "0.99"))
    judgement, planned = roadworthy.check(product), roadworthy.plan(product)
    limits = {verdict.requirement: verdict.limit.value for verdict in judgement.verdicts}
    assert limits["finds"] == 0.9
    assert any("has changed since this product was loaded" in note for note in judgement.notes)
    assert any("has changed since this product was loaded" in note for note in planned.notes)
    kept = file.parent / ".roadworthy" / "judgements" / "product"
    assert (kept / "open.yaml").read_text() == text
    assert roadworthy.dossier(product).stale
    assert not roadworthy.check(roadworthy.load(file)).notes[:-1]


def test_a_file_that_is_gone_is_told_as_well(file: Path) -> None:
    product = roadworthy.load(file)
    file.unlink()
    assert any("has changed" in note for note in roadworthy.check(product).notes)


def test_a_product_that_was_changed_in_python_is_not_judged_under_its_name(file: Path) -> None:
    """Its text, its fingerprint and its dossier would still be those of the file."""
    product = roadworthy.load(file)
    easier = replace(product, confidence=Confidence(level=0.5))
    for verb in (roadworthy.check, roadworthy.plan, roadworthy.certify, roadworthy.train):
        with pytest.raises(BadInput, match="was changed in Python"):
            verb(easier)


@pytest.fixture
def frames(tmp_path: Path) -> tuple[Path, pl.DataFrame]:
    """A product whose table is not there, and a frame with its columns."""
    requirements = [{**FINDS, "slices": [{"by": "site"}]}, SPARES]
    return write_product(tmp_path / "frames", None, requirements), simulated(400, 8)


FORMS: dict[str, Callable[[pl.DataFrame], object]] = {
    "polars": lambda frame: frame,
    "lazy": lambda frame: frame.lazy(),
    "pandas": lambda frame: frame.to_pandas(),
    "indexed": lambda frame: frame.to_pandas().set_index("case"),
    "arrow": lambda frame: frame.to_pandas(use_pyarrow_extension_array=True),
    "nullable": lambda frame: frame.to_pandas().convert_dtypes(),
    "categorical": lambda frame: frame.to_pandas().astype({"site": "category"}),
    "shuffled": lambda frame: frame.to_pandas().sample(frac=1, random_state=1),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_frame_is_judged_alike_in_every_form(
    frames: tuple[Path, pl.DataFrame], tmp_path: Path, form: str
) -> None:
    file, frame = frames
    there = write_product(tmp_path / "there", frame, [])
    there.write_text(file.read_text())
    expected = roadworthy.check(there)
    judgement = roadworthy.check(file, FORMS[form](frame))
    assert judgement.verdicts == expected.verdicts
    assert judgement.population == expected.population
    assert judgement.set == "the frame"
    assert any("cases.parquet is not there" in note for note in judgement.notes)


def test_a_frame_without_its_table_is_refused_where_cases_are_sealed(tmp_path: Path) -> None:
    """Nobody could say which of its cases are sealed, or were learnt from."""
    split = {"train": 0.5, "sealed": 0.5, "seed": 1}
    data = {"id": "case", "truth": "ill", "positive": "yes", "split": split}
    frame = learnable(60, 3)
    file = write_product(tmp_path, None, [FINDS], data=data)
    with pytest.raises(BadInput, match="only it says which cases are sealed") as caught:
        roadworthy.check(file, frame, model=lambda cases: cases["size"])
    assert caught.value.code == "missing_file"


def test_a_model_of_python_is_judged_on_a_frame_alone(tmp_path: Path) -> None:
    data = {"id": "case", "truth": "ill", "positive": 1, "features": ["score"]}
    file = write_product(tmp_path, None, [FINDS, SPARES], data=data)
    judgement = roadworthy.check(file, counted(60, 0, 60, 0), model=lambda cases: cases["score"])
    assert judgement.outcome == "PASS"
    assert not file.with_name("cases.parquet").exists()


WRONG: dict[str, tuple[Callable[[pd.DataFrame], object], str]] = {
    "no column": (lambda frame: frame.drop(columns="score"), "the frame: data: There is no column"),
    "no rows": (lambda frame: frame.head(0), "the frame: The table has no rows"),
    "series": (lambda frame: frame["score"], "the frame: A Series is not a table"),
    "array": (lambda frame: frame.to_numpy(), "the frame: A ndarray is not a table"),
    "numbered": (lambda frame: frame.rename(columns={"age": 3}), "column name 3 is not text"),
    "mixed": (lambda frame: frame.assign(age=["a", 1] * 200), "column 'age' holds object"),
    "complex": (lambda frame: frame.assign(age=1j), "column 'age' holds complex128"),
    "period": (
        lambda frame: frame.assign(age=pd.period_range("2020", periods=400, freq="D")),
        r"column 'age' holds period\[D\]",
    ),
    "index": (lambda frame: frame.set_index("case", drop=False), "'case' is used twice"),
    "lost": (lambda frame: pl.scan_parquet("nowhere"), "the frame: The table cannot be read"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_a_frame_names_the_frame(
    frames: tuple[Path, pl.DataFrame], wrong: str
) -> None:
    file, frame = frames
    make, says = WRONG[wrong]
    with pytest.raises(BadInput, match=says) as caught:
        roadworthy.check(file, make(frame.to_pandas()))
    assert caught.value.next_step
    assert ".parquet" not in str(caught.value)
    assert not (file.parent / ".roadworthy").exists()


@pytest.mark.parametrize("table", [pl.DataFrame({"a": [1]}), None, 3])
def test_init_says_that_it_needs_a_file(table: Any, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no path"):
        roadworthy.init(table, tmp_path / "product.yaml")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("drop", [-0.1, 1.5, float("nan")])
def test_a_margin_is_a_share(file: Path, drop: float) -> None:
    with pytest.raises(BadInput, match="a margin is a share"):
        roadworthy.compare(file, score="score", max_drop=drop)


def test_what_is_loaded_is_what_the_reader_reads(file: Path) -> None:
    assert roadworthy.load(str(file)) == load_product(file)
    with pytest.raises(roadworthy.RoadworthyError, match="cannot be read"):
        roadworthy.load(file.with_name("prodcut.yaml"))
