"""One pass over batches gives bit for bit what reading the whole table gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.tables import FINDS, SCORED, judged_on, write_product
from tests.workflow.test_gather import same

import roadworthy
from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.instrument import Instrument, Rows, Statistic
from roadworthy.core.product import Product
from roadworthy.core.requirement import Requirement
from roadworthy.core.verdict import Outcome
from roadworthy.instruments.sensitivity import Sensitivity
from roadworthy.io.product_yaml import load_product
from roadworthy.io.registry import instruments
from roadworthy.io.row_sums import rows_fingerprint
from roadworthy.models.scored_table import ScoredTable
from roadworthy.stats import gathered
from roadworthy.store.seen import OPEN, open_names
from roadworthy.store.workspace import Workspace
from roadworthy.workflow import check as checking
from roadworthy.workflow import ids, one_pass
from roadworthy.workflow.elementwise import is_elementwise
from roadworthy.workflow.gather import gather
from roadworthy.workflow.measure import population
from roadworthy.workflow.not_streamed import NotStreamedError
from roadworthy.workflow.slicing import cells
from roadworthy.workflow.source import names
from roadworthy.workflow.stream import Streamed, Table, stream
from roadworthy.workflow.subject import Judged, kept_policy

ROW = st.tuples(
    st.integers(0, 1),
    st.sampled_from([0.0, 0.1, 0.45, 0.45000001, 0.55, 0.9, 1.0]),
    st.sampled_from(["a", "b", "c", None]),
    st.sampled_from([10.0, 40.0, 50.0, 80.0, None, float("nan")]),
    st.integers(0, 1),
    st.sampled_from([None, True, False]),
)
BY = [
    {"by": "site", "min_share": 0},
    {"by": "age", "ranges": [[10, 40], [50, 90]]},
    {"by": ["site", "new"], "min_share": 0.1},
]
REQUIREMENTS = [
    {**FINDS, "slices": [*BY, {"by": "twin", "at_least": 0.5}]},
    {"metric": "specificity", "at_least": 0.5, "slices": BY},
    {"metric": "ppv", "at_least": 0.5, "slices": [*BY, {"by": "age", "min_share": 0}]},
    {"metric": "sensitivity", "id": "gain", "against": "twin", "max_drop": 0.1, "slices": BY},
    {"metric": "automation", "at_least": 0.1, "slices": BY},
    {"metric": "auc", "at_least": 0.5, "slices": BY},
    {"metric": "expected_cost", "at_most": 10, "slices": BY},
]


def table(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    ill, score, site, age, twin, new = zip(*rows, strict=True)
    named = {"ill": ill, "score": score, "site": site, "age": age, "twin": twin, "new": new}
    return pl.DataFrame(
        {"case": [f"c{i}" for i in range(len(rows))], **named},
        schema_overrides={
            "site": pl.String,
            "age": pl.Float64,
            "score": pl.Float64,
            "new": pl.Boolean,
        },
    )


def large(n: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    ill = rng.random(n) < 0.2
    return pl.DataFrame(
        {
            "case": rng.permutation(n),
            "ill": ill.astype(int),
            "score": np.clip(rng.normal(0.3 + 0.4 * ill, 0.2), 0.0, 1.0),
            "site": rng.choice(["a", "b", "c"], n),
            "age": 5.0 * rng.integers(2, 20, n),
            "twin": rng.integers(0, 2, n),
            "new": rng.random(n) < 0.5,
        }
    )


def written(folder: Path, requirements: Sequence[Any] = REQUIREMENTS) -> Product:
    file = write_product(
        folder,
        None,
        requirements,
        data={**SCORED, "prevalence": "as_sampled"},
        costs={"unit": "EUR", "miss": 100, "false_alarm": 3, "refer": 1},
        scope=[{"field": "age", "between": [20, 90], "missing": "accept"}],
        decision={"threshold": 0.5, "refer_between": [0.4, 0.5], "referred": "excluded"},
    )
    return load_product(file)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    return written(tmp_path_factory.mktemp("streamed"))


def streamed(
    product: Product,
    raw: pl.DataFrame,
    batch: int = 500_000,
    recorded: bool = False,
    registry: Mapping[str, Instrument] | None = None,
) -> Streamed:
    model = ScoredTable("score", pl.Float64())
    judged = Judged(product, model, kept_policy(product, model, Workspace.beside(product.file)))
    on = Table(raw.lazy(), batch=batch, recorded=recorded)
    return stream(judged, product.requirements, on, registry or instruments())


def assert_same(
    product: Product,
    raw: pl.DataFrame,
    batch: int,
    registry: Mapping[str, Instrument] | None = None,
) -> None:
    found = judged_on(product, raw).tables["cases"]
    once = streamed(product, raw, batch, True, registry)
    inside = found.filter(pl.col(columns.INSIDE))
    planned = [c for r in product.requirements for c in cells(r, inside, inside, product.scope)]
    ours = [cell for r in product.requirements for cell in once.cells[r.id]]
    assert ours == planned
    present = [i for i, cell in enumerate(planned) if not cell.absent]
    expected = gather(found, [planned[i] for i in present], registry or instruments())
    for i, at_once in zip(present, expected, strict=True):
        got = once.gathered[id(ours[i])]
        assert got.keys() == at_once.keys()
        for name in got:
            assert type(got[name]) is type(at_once[name])
            assert same(got[name], at_once[name]), (str(ours[i].slice), name)
    told = population(found)
    assert once.population.cases == told.cases
    assert (once.population.inside, once.population.referred) == (told.inside, told.referred)
    assert once.population.positives == told.positives
    assert sorted(once.population.outside) == sorted(told.outside)
    assert once.names is not None
    assert np.array_equal(once.names, names(found))
    assert once.fingerprint == rows_fingerprint([raw], raw.schema)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=40), st.sampled_from([1, 3, 7, 1000]))
def test_counts_are_those_of_the_whole_table_for_every_slice_and_batch(
    product: Product, rows: list[Any], batch: int
) -> None:
    assert_same(product, table(rows), batch)


@settings(max_examples=30, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=60), st.sampled_from([2, 5, 1000]), st.integers(0, 30))
def test_an_auc_of_many_cases_is_the_one_of_the_whole_table(
    product: Product, rows: list[Any], batch: int, most: int
) -> None:
    """Parts begin exact and turn into a histogram on the way, each at its own time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathered, "EXACT_AUC_CASES", most)
        assert_same(product, table(rows), batch)


@pytest.mark.parametrize("most", [1_000_000, 20_000, 3_000])
def test_scores_that_all_differ_are_ranked_as_in_the_whole_table(
    product: Product, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(gathered, "EXACT_AUC_CASES", most)
    assert_same(product, large(30_000, 1), 7_000)


class Highest:
    """A stranger's statistic: the highest score, with a sketch of its own."""

    rows = Rows.INSIDE

    def __init__(self) -> None:
        self.seen: dict[int, float] = {}

    def columns(self) -> Mapping[str, pl.Expr]:
        return {"score": pl.col(columns.SCORE)}

    def reduce(self, columns: Mapping[str, NDArray[Any]], unit: NDArray[Any] | None) -> float:
        return float(columns["score"].max(initial=0.0))

    def sketch(self) -> Highest:
        return Highest()

    def add(
        self,
        columns: Mapping[str, NDArray[Any]],
        part: NDArray[Any],
        weight: NDArray[Any] | None = None,
    ) -> None:
        for one in np.unique(part).tolist():
            highest = float(columns["score"][part == one].max())
            self.seen[one] = max(self.seen.get(one, 0.0), highest)

    def merge(self, other: Highest) -> None:
        for one, highest in other.seen.items():
            self.seen[one] = max(self.seen.get(one, 0.0), highest)

    def of(self, parts: Sequence[int]) -> float:
        return max((self.seen.get(one, 0.0) for one in parts), default=0.0)


class Plain:
    """The same, of a stranger who offers no sketch."""

    rows = Rows.INSIDE
    columns, reduce = Highest.columns, Highest.reduce


def asking(statistic: Any) -> dict[str, Instrument]:
    """Sensitivity asks for a stranger's statistic too."""

    class Own(Sensitivity):
        def statistics(self, requirement: Requirement[Any]) -> Mapping[str, Statistic[Any]]:
            return {**super().statistics(requirement), "highest": statistic()}

    return {**instruments(), "sensitivity": Own()}


def test_a_strangers_sketch_is_gathered_in_the_same_pass(product: Product) -> None:
    assert_same(product, large(3_000, 7), 700, asking(Highest))


def test_a_strangers_statistic_without_a_sketch_is_read_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = asking(Plain)
    product = written(tmp_path, [{**FINDS, "at_least": 0.1}])
    with pytest.raises(NotStreamedError):
        streamed(product, large(3_000, 7), 700, registry=registry)
    large(3_000, 7).write_parquet(product.folder / "cases.parquet")
    monkeypatch.setattr(checking, "instruments", lambda: registry)
    monkeypatch.setattr(one_pass, "MOST_AS_A_WHOLE", 0)
    assert roadworthy.check(product.file).verdicts


# ---- check


EASY = [
    {**FINDS, "at_least": 0.1, "slices": [{"by": "site"}]},
    {"metric": "auc", "at_least": 0.5, "slices": [{"by": "site"}]},
]


def test_a_file_is_judged_alike_in_one_pass_and_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, EASY).file
    large(4_000, 2).write_parquet(tmp_path / "cases.parquet")
    passed: list[Streamed] = []

    def watched(*given: Any) -> Streamed:
        passed.append(stream(*given))
        return passed[-1]

    monkeypatch.setattr(one_pass, "stream", watched)
    other = large(5_000, 3).with_columns(pl.col("case") + 10_000)
    once = roadworthy.check(file), roadworthy.check(file, on=other)
    assert once[0].outcome is once[1].outcome is Outcome.PASS
    assert len(passed) == 2, "both were judged in one pass"
    noted = open_names(Workspace.beside(file))
    Workspace.beside(file).path(OPEN).unlink()
    monkeypatch.setattr(checking, "check_own", lambda *_: None)
    monkeypatch.setattr(checking, "check_other", lambda *_: None)
    assert once == (roadworthy.check(file), roadworthy.check(file, on=other))
    assert np.array_equal(noted, open_names(Workspace.beside(file)))


def test_a_sealed_case_is_refused_in_one_pass_too(tmp_path: Path) -> None:
    split = {"validation": 0.5, "sealed": 0.5, "seed": 1}
    file = write_product(tmp_path, large(400, 9), data={**SCORED, "split": split})
    mixed = pl.concat([large(400, 9), large(400, 9).with_columns(pl.col("case") + 1_000)])
    with pytest.raises(roadworthy.core.errors.Refused) as told:
        roadworthy.check(file, on=mixed)
    assert told.value.code == "sealed_cases"


WRONG = {
    "a score above 1": pl.when(pl.col("case") == 3999).then(2.0).otherwise("score").alias("score"),
    "a score that is missing": pl.when(pl.col("case") == 7).then(None).otherwise("score"),
    "a third truth": pl.when(pl.col("case") == 3998).then(2).otherwise("ill"),
    "an id used twice": pl.col("case").replace(3997, 5),
    "a missing id": pl.when(pl.col("case") > 0).then("case"),
    "a call nobody declared": pl.when(pl.col("case") == 9).then(5).otherwise("twin"),
    "slices without end": pl.col("case").cast(pl.String),
}
WHERE = {
    "a score above 1": "score",
    "a score that is missing": "score",
    "a third truth": "ill",
    "an id used twice": "case",
    "a missing id": "case",
    "a call nobody declared": "twin",
    "slices without end": "site",
}


@pytest.mark.parametrize("what", list(WRONG))
def test_what_is_wrong_with_a_table_is_said_as_if_it_was_read_as_a_whole(
    product: Product, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    right = large(4_000, 4)
    assert streamed(product, right, 1_000).population.cases == 4_000
    raw = right.with_columns(WRONG[what].alias(WHERE[what]))
    with pytest.raises(NotStreamedError):
        streamed(product, raw, 1_000)
    raw.write_parquet(product.folder / "cases.parquet")
    with pytest.raises(BadInput) as told:
        roadworthy.check(product.file)
    monkeypatch.setattr(checking, "check_own", lambda *_: None)
    with pytest.raises(BadInput) as whole:
        roadworthy.check(product.file)
    assert str(told.value) == str(whole.value)


@pytest.mark.parametrize(
    ("changed", "one"),
    [
        ({"unit": "site"}, FINDS),
        ({}, {"metric": "brier", "at_most": 0.5}),
        ({}, {**FINDS, "per": "unit"}),
    ],
)
def test_what_does_not_add_up_is_read_as_a_whole(
    tmp_path: Path, changed: dict[str, Any], one: dict[str, Any]
) -> None:
    data = {**SCORED, "unit": "case", "prevalence": "as_sampled", **changed}
    file = write_product(tmp_path, large(400, 5), [one], data=data)
    with pytest.raises(NotStreamedError):
        streamed(load_product(file), pl.read_parquet(tmp_path / "cases.parquet"))
    assert roadworthy.check(file).verdicts


def test_two_ids_with_one_hash_are_two_cases(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    def coarse(some: pl.Series, named: bool) -> NDArray[np.uint64]:
        return (some.hash(seed=0) % 64).cast(pl.UInt64).to_numpy()

    monkeypatch.setattr(ids, "_hashed", coarse)
    assert streamed(product, large(500, 6), 100).population.cases == 500
    twice = large(500, 6).with_columns(pl.col("case").replace(3, 5))
    with pytest.raises(NotStreamedError):
        streamed(product, twice, 100)


def test_an_expression_that_looks_at_other_rows_is_never_cut_into_batches() -> None:
    a, b = pl.col("a"), pl.col("b")
    alone = [a & ~b.fill_null(False), a.is_in(["x"]), (a - b).abs() ** 2, a.cast(pl.Float64)]
    alone += [pl.when(a).then(b).otherwise(1), pl.lit(True), a.is_between(0, 1), a >= 0.5]
    across = [a > a.mean(), a.rank(), a.cum_sum(), a.shift(), a.sum().over("b"), a.sort()]
    across += [a.is_duplicated(), pl.len() + a, a.fill_null(strategy="forward"), pl.all()]
    across += [a.is_in(b.implode()), a.map_batches(lambda some: some), pl.col("^a$"), a.filter(b)]
    assert [is_elementwise(one) for one in alone] == [True] * len(alone)
    assert [is_elementwise(one) for one in across] == [False] * len(across)
