"""init drafts a product.yaml that parses and plans unedited, whatever the table is called."""

from __future__ import annotations

import os
import string
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from tests.cli.terminal import roadworthy

from roadworthy.core.errors import BadInput
from roadworthy.core.product import Task
from roadworthy.io import table_sample
from roadworthy.io.csv_shape import first_rows
from roadworthy.io.product_yaml import load_product
from roadworthy.io.yaml_lines import read_yaml
from roadworthy.workflow.check import check
from roadworthy.workflow.draft import quoted
from roadworthy.workflow.guess import Told
from roadworthy.workflow.init import Drafted, Person, init
from roadworthy.workflow.plan import plan
from roadworthy.workflow.train import train

EXAMPLES = Path(__file__).parents[2] / "examples"


def written(folder: Path, table: pl.DataFrame, name: str = "table.csv") -> Path:
    file = folder / name
    table.write_csv(file) if name.endswith(".csv") else table.write_parquet(file)
    return file


def drafted(folder: Path, table: pl.DataFrame, name: str = "table.csv", **told: str) -> Drafted:
    return init(written(folder, table, name), folder / "product.yaml", Told(**told))


def breast() -> pl.DataFrame:
    found = load_breast_cancer(as_frame=True)
    names = [str(found.target_names[code]) for code in found.target]
    numbers = pl.from_pandas(found.frame.drop(columns="target"))
    return numbers.with_columns(
        pl.format("W{}", pl.int_range(pl.len())).alias("id"), pl.Series("diagnosis", names)
    )


def diabetes() -> pl.DataFrame:
    return pl.from_pandas(load_diabetes(as_frame=True).frame).with_row_index("patient")


def wine() -> pl.DataFrame:
    return pl.from_pandas(load_wine(as_frame=True).frame).with_row_index("id")


def digits() -> pl.DataFrame:
    return pl.from_pandas(load_digits(as_frame=True).frame).with_row_index("image")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "name", "truth", "task", "id_"),
    [
        (breast(), "breast.csv", "diagnosis", Task.BINARY, "id"),
        (diabetes(), "diabetes.parquet", "target", Task.REGRESSION, "patient"),
        (wine(), "wine.csv", "target", Task.MULTICLASS, "id"),
        (digits(), "digits.parquet", "target", Task.MULTICLASS, "image"),
    ],
    ids=["breast", "diabetes", "wine", "digits"],
)
def test_an_unseen_table_becomes_a_product_that_plans_trains_and_is_judged(
    table: pl.DataFrame, name: str, truth: str, task: Task, id_: str, tmp_path: Path
) -> None:
    found = drafted(tmp_path, table, name)
    product = load_product(found.file)
    assert (product.data.truth, product.task, product.data.id) == (truth, task, id_)
    assert len(plan(found.file).cells) == len(product.requirements)
    assert train(found.file).features == tuple(
        name for name in table.columns if name not in (truth, id_)
    )
    assert check(found.file).set == "validation"


def test_the_positive_class_is_told_by_its_name_and_not_by_its_number(tmp_path: Path) -> None:
    """In scikit-learn's own coding benign is 1."""
    product = load_product(drafted(tmp_path, breast()).file)
    assert product.data.positive == "malignant"


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        (["yes", "no"], "yes"),
        ([1, 0], 1),
        ([-1, 1], 1),
        ([True, False], True),
        (["defect", "ok"], "defect"),
        (["healthy", "tumour"], "tumour"),
        (["N", "Y"], "Y"),
    ],
)
def test_the_positive_level_is_the_named_one_even_where_it_is_frequent(
    values: list[object], positive: object, tmp_path: Path
) -> None:
    for name in ("table.csv", "table.parquet"):
        column = [positive] * 40 + [v for v in values if v != positive] * 20
        folder = tmp_path / name
        folder.mkdir()
        product = load_product(drafted(folder, pl.DataFrame({"label": column}), name).file)
        assert product.data.positive == positive
        assert type(product.data.positive) is type(positive)


def test_of_two_unknown_words_the_rarer_is_positive(tmp_path: Path) -> None:
    table = pl.DataFrame({"label": ["foo"] * 30 + ["bar"] * 10})
    assert load_product(drafted(tmp_path, table).file).data.positive == "bar"


@pytest.mark.parametrize("example", ["mammography", "predictions"])
def test_the_examples_are_told_as_their_authors_told_them(example: str, tmp_path: Path) -> None:
    authors = load_product(EXAMPLES / example / "product.yaml")
    table = EXAMPLES / example / authors.data.cases[0]
    found = load_product(init(table, tmp_path / "product.yaml").file)
    for key in ("id", "truth", "positive", "score", "features"):
        assert getattr(found.data, key) == getattr(authors.data, key), key
    assert plan(tmp_path / "product.yaml").never == ()


def cases(n: int = 200, **more: object) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    table = {
        "case": [f"c{i:03}" for i in range(n)],
        "outcome": rng.choice(["ill", "well"], n),
        "size": rng.normal(size=n),
    }
    return pl.DataFrame({**table, **more})


def test_roles_are_found_by_names_and_values(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    table = cases(
        patientID=[f"p{i // 2}" for i in range(200)],
        exam_date=["2024-03-01"] * 200,
        ai_score=rng.random(200),
        radiologist=rng.choice(["ill", "well"], 200),
        vendor=rng.choice(["A", "B"], 200),
    )
    product = load_product(drafted(tmp_path, table).file)
    data = product.data
    assert (data.id, data.unit, data.truth, data.positive) == (
        "case",
        "patientID",
        "outcome",
        "ill",
    )
    assert data.score == "ai_score"
    assert [(one.name, one.positive, one.negative) for one in data.calls] == [
        ("radiologist", ("ill",), ("well",))
    ]
    assert product.requirements[0].slices[0].by == ("vendor",)
    assert product.requirements[-1].limit.against == "radiologist"
    assert check(product.file).population.units == 100


def test_what_gives_the_truth_away_is_no_feature(tmp_path: Path) -> None:
    table = cases()
    table = table.with_columns((pl.col("outcome") == "ill").cast(pl.Int8).alias("code"))
    found = drafted(tmp_path, table, truth="outcome")
    assert "code" not in found.guess.features
    assert dict(found.guess.left_out)["code"] == "says the same as the truth"


def test_dates_and_numbered_notes_are_no_features(tmp_path: Path) -> None:
    table = cases(seen=["2024-03-01"] * 200, note=[f"note {i // 1.5}" for i in range(200)])
    assert drafted(tmp_path, table).guess.features == ("size",)


def test_a_column_of_set_names_is_the_split(tmp_path: Path) -> None:
    table = cases(split=["train"] * 100 + ["validation"] * 50 + ["sealed"] * 50)
    split = load_product(drafted(tmp_path, table).file).data.split
    assert split is not None
    assert split.column == "split"


def test_too_few_cases_are_not_split(tmp_path: Path) -> None:
    found = drafted(tmp_path, cases(20))
    assert not found.split
    assert load_product(found.file).data.split is None


def test_every_limit_says_that_it_is_a_guess(tmp_path: Path) -> None:
    text = drafted(tmp_path, cases()).file.read_text()
    assert "Every limit and target below is a guess" in text


def test_what_is_told_is_never_guessed_over(tmp_path: Path) -> None:
    found = drafted(tmp_path, cases(p=[0.5, 0.6] * 100), positive="well", score="-", id="-")
    assert found.guess.positive is not None
    assert found.guess.positive.value == "well"
    assert (found.guess.answer, found.guess.id) == (None, None)


@pytest.mark.parametrize(
    ("table", "told", "message"),
    [
        (pl.DataFrame({"a": [1.5, 2.5], "b": [1.0, 2.5]}), {}, "cannot be told. It could be"),
        (pl.DataFrame({"a": ["x", "x"]}), {}, "No column could be the truth"),
        (pl.DataFrame({"label": [1, 0, None, 1]}), {}, "'label' has no value in 1 of 4 rows"),
        (cases(), {"truth": "outcom"}, "no column 'outcom'"),
        (cases(), {"truth": "outcome", "positive": "sick"}, "no value 'sick'"),
        (cases(lot=["a"] * 200), {"id": "lot"}, "does not tell cases apart"),
        (cases(), {"score": "size"}, "number from 0 to 1"),
        (pl.DataFrame({"label": ["x"] * 9}), {"truth": "label"}, "no truth"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_is_written(
    table: pl.DataFrame, told: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=message):
        drafted(tmp_path, table, **told)
    assert not (tmp_path / "product.yaml").exists()


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "product.yaml").write_text("mine")
    with pytest.raises(BadInput, match="exists"):
        drafted(tmp_path, cases())
    assert (tmp_path / "product.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("table.xlsx", b"PK"),
        ("table.csv", b""),
        ("table.csv", b"a;b\n1;2\n"),
        ("table.csv", b"a,b\n1\n"),
        ("table.csv", b"\xff\xfe\x00"),
        ("table.parquet", b"PAR1 and then nothing"),
        ("table.csv", b"a,@b\n1,2\n"),
    ],
)
def test_an_unreadable_table_is_bad_input_with_a_next_step(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    found = roadworthy("init", tmp_path / name, "--out", tmp_path / "product.yaml")
    assert found.code == 2
    assert len(found.err.strip().splitlines()) >= 2
    assert "Traceback" not in found.err
    assert not (tmp_path / "product.yaml").exists()


def test_of_a_huge_file_only_the_first_rows_are_read(tmp_path: Path) -> None:
    """Five gigabytes, of which all but the first rows are a hole in the disk."""
    file = written(tmp_path, cases())
    head = file.read_bytes()
    rows = b"".join(f"c{i},ill,0.5\n".encode() for i in range(1_600_000))
    with file.open("ab") as table:
        table.write(rows)
        os.truncate(file, 5_000_000_000)
    assert len(head) + len(rows) > table_sample.HEAD_BYTES
    found = init(file, tmp_path / "product.yaml", Told(truth="outcome"))
    assert not found.table.whole
    assert found.table.rows > 100 * found.table.read
    text = found.file.read_text()
    assert f"Only the first {found.table.read:,} rows were read" in text
    assert load_product(found.file).data.truth == "outcome"


def test_a_huge_file_without_a_line_end_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(b"a,b")
    os.truncate(file, 5_000_000_000)
    with pytest.raises(BadInput, match="no end of a row"):
        init(file, tmp_path / "product.yaml")


def test_the_head_of_a_csv_file_ends_with_a_whole_row(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(b'a,b\n1,"x\ny"\n2,"z\nz"\n')
    assert first_rows(file, 15) == b'a,b\n1,"x\ny"\n'
    assert first_rows(file, 1000) == file.read_bytes()


def test_of_a_long_parquet_file_only_the_first_rows_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_sample, "WHOLE_BYTES", 1000)
    found = drafted(tmp_path, cases(1000), "table.parquet")
    assert found.table.rows == 1000
    assert found.table.read < 1000
    assert load_product(found.file).data.truth == "outcome"


def test_a_person_is_asked_with_the_best_guess_as_default(tmp_path: Path) -> None:
    questions: list[tuple[str, str]] = []
    told: list[str] = []
    answers = iter(["outcom", "outcome", "well", "-", "-", "-"])

    def ask(question: str, default: str) -> str:
        questions.append((question, default))
        return next(answers)

    file = written(tmp_path, cases())
    found = init(file, tmp_path / "product.yaml", person=Person(ask, told.append))
    assert [default for _, default in questions] == ["outcome", "outcome", "ill", "case", "-", "-"]
    assert told == ["There is no column 'outcom' that could be named here. Did you mean `outcome`?"]
    assert found.guess.positive is not None
    assert found.guess.positive.value == "well"
    assert found.guess.id is None


def test_nobody_is_asked_what_was_told_already(tmp_path: Path) -> None:
    def ask(question: str, default: str) -> str:
        raise AssertionError(question)

    told = Told(truth="outcome", positive="ill", id="case", unit="-", score="-")
    file = written(tmp_path, cases())
    assert init(file, tmp_path / "product.yaml", told, Person(ask, print)).split


def test_the_command_says_what_it_found_and_what_comes_next(tmp_path: Path) -> None:
    table, out = written(tmp_path, cases()), tmp_path / "product.yaml"
    found = roadworthy("init", table, "--out", out)
    assert found.code == 0
    assert "outcome, positive when ill" in found.out
    assert f"roadworthy plan {out}" in found.out
    again = roadworthy("init", table, "--out", out, "--json")
    assert (again.code, again.json["error"]["code"]) == (2, "file_exists")
    out.unlink()
    told = roadworthy("init", table, "--out", out, "--json").json
    assert (told["truth"], told["split"]) == ("outcome", True)


def _can_be_told(name: str) -> bool:
    """Blank and reserved names are refused, ``-`` says "none", and two kinds are patterns."""
    pattern = name == "*" or (name.startswith("^") and name.endswith("$"))
    return name.strip() not in ("", "-") and not name.startswith("@") and not pattern


TRAPS = (
    "yes",
    "no",
    "null",
    "~",
    "true",
    "1",
    "007",
    "1e3",
    "-",
    "'",
    "{x}",
    "[y]",
    "&a",
    "*a",
    "!tag",
    "%",
    "|",
    ">",
    "?",
    ",",
    "a,",
    "<<",
    "=",
    "\\",
    "ä",
    "名前",
    "🩻",
    "score",
    "label",
    "patient",
    "id",
    "positive",
    '"',
    "\u202ex",
    "\ufeff",
    "\x07bell",
)
SPACED = ["- a", "a: b", "a #b", "two\nlines", "tab\there", " x ", "a\N{LINE SEPARATOR}b", "a\x85b"]
HOSTILE = st.one_of(
    st.sampled_from([*TRAPS, *SPACED]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1),
    st.text(string.printable, min_size=1),
).filter(_can_be_told)


@pytest.mark.slow
@given(
    names=st.lists(HOSTILE, min_size=4, max_size=4, unique=True),
    levels=st.lists(HOSTILE, min_size=2, max_size=2, unique=True),
    parquet=st.booleans(),
    seed=st.integers(0, 9),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hostile_names_and_levels_come_through_unharmed(
    names: list[str], levels: list[str], parquet: bool, seed: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    table = pl.DataFrame(
        {
            names[0]: [f"c{i}" for i in range(60)],
            names[1]: [levels[i % 3 == 0] for i in range(60)],
            names[2]: rng.normal(size=60),
            names[3]: rng.choice(["a", "b", "c"], 60),
        }
    )
    out = tmp_path / "product.yaml"
    out.unlink(missing_ok=True)
    file = written(tmp_path, table, "table.parquet" if parquet else "table.csv")
    try:
        init(file, out, Told(truth=names[1], id=names[0]))
    except BadInput as problem:
        # what CSV cannot hold apart (an empty name, a level read as a number) is refused whole
        assert not parquet, problem
        assert problem.code in ("missing_column", "unreadable", "no_truth"), problem
        assert not out.exists()
        return
    product = load_product(out)
    assert product.data.truth == names[1]
    assert product.data.id == names[0]
    if parquet:
        assert product.data.positive in levels
    assert plan(out).cells


@given(st.one_of(HOSTILE, st.booleans(), st.integers(-(10**17), 10**17)))
def test_what_is_quoted_is_read_back_as_it_was(value: str | int | bool) -> None:
    read = read_yaml(f"key: {quoted(value)}\nlist: [{quoted(value)}, {quoted(value)}]\n", "a.yaml")
    assert read.value == {"key": value, "list": [value, value]}
