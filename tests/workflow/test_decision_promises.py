"""What is promised of decisions, asked of whole products on real data, and what is refused."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats as scipy_stats
from tests.tables import FINDS, LEARNT, learnable, write_product
from tests.workflow.test_triage import AUTOMATION, BOTH, product, scored

from roadworthy.core.certificate import Certificate
from roadworthy.core.errors import BadInput
from roadworthy.core.verdict import Outcome
from roadworthy.io import telling
from roadworthy.workflow.check import check
from roadworthy.workflow.dossier import dossier
from roadworthy.workflow.train import train

EXAMPLES = Path(__file__).parents[2] / "examples"
PRICED = {"unit": "EUR", "false_alarm": 1, "refer": 1, "miss": {"column": "price", "max": 10}}
CHEAP = {"id": "cheap", "metric": "expected_cost", "at_most": 5}


def masses(folder: Path, at_most: float, seed: int) -> Path:
    """The breast masses of scikit-learn, which one risk of the clear side must be certified on."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    names = [str(name).replace(" ", "_") for name in found.feature_names[:10]]
    raw = pl.DataFrame(dict(zip(names, found.data[:, :10].T, strict=True)))
    raw = raw.with_columns(
        case=pl.format("m{}", pl.int_range(raw.height)), ill=pl.Series(1 - found.target)
    )
    data = {
        "id": "case",
        "truth": "ill",
        "positive": 1,
        "prevalence": "as_sampled",
        "split": {"train": 0.3, "validation": 0.15, "calibration": 0.55, "seed": seed},
    }
    decision = {"mode": "triage", "clear": {"fnr_at_most": at_most}, "referred": "right"}
    return write_product(
        folder, raw, [AUTOMATION], data=data, decision=decision, models=["logistic"]
    )


def certified(file: Path) -> Certificate:
    train(file)
    found = check(file).certificate
    assert found is not None
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_on_wdbc_five_per_cent_is_certified_and_most_normals_are_cleared(
    tmp_path: Path, seed: int
) -> None:
    found = certified(masses(tmp_path, 0.05, seed))
    (side,) = found.sides
    assert found.outcome is Outcome.PASS
    assert scipy_stats.binom.cdf(side.k, side.n, 0.05) <= 0.05
    assert found.open is not None
    # about 63 in 100 are normal
    assert found.open.cleared >= 0.7 * 0.55


def test_on_wdbc_one_per_cent_takes_299_positives_with_no_miss(tmp_path: Path) -> None:
    file = masses(tmp_path, 0.01, 1)
    found = certified(file)
    (side,) = found.sides
    assert found.outcome is Outcome.INCONCLUSIVE and side.threshold is None
    assert side.needs is not None and side.needs.cases == 299
    assert "299 positives with no miss" in side.reason
    (path,) = check(file).paths
    assert "299 positives" in path.change and path.lever == "more_positives"
    assert path.cases is not None and path.cases > 299


@pytest.mark.slow
def test_the_mammography_dossier_shows_four_ways_of_working_with_bounds(tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLES / "mammography", tmp_path / "mammography")
    file = folder / "product.yaml"
    train(file)
    ways = {way.name: way for way in check(file).ways}
    four = ["product alone", "radiologist alone", "second view: both call", "triage"]
    written = dossier(file)
    for text in (written.html.read_text(), written.markdown.read_text()):
        section = text[text.index("Ways of working, side by side") :]
        told = " ".join(re.sub("<[^>]*>|[|()]", " ", section).split())
        for name in four:
            row = told[told.index(name) :]
            for figure in (ways[name].sensitivity, ways[name].specificity, ways[name].cost):
                assert figure is not None and figure.low < figure.estimate < figure.high
                shown = re.sub("[()]", "", telling.figure(figure, whole=False))
                assert shown in row[:400]


@pytest.mark.parametrize(
    ("price", "told"),
    [
        (pl.when(pl.int_range(1200) % 50 == 0).then(None).otherwise(3.0), "24 of 1200 costs"),
        (pl.lit(30.0), "declared maximum 10"),
        (pl.lit(-3.0), "1200 of 1200 costs"),
        (pl.lit(float("nan")), "1200 of 1200 costs"),
        (pl.lit("dear"), "numbers are needed"),
    ],
    ids=["gaps", "above", "negative", "nan", "text"],
)
def test_a_cost_column_that_holds_no_price_of_every_case_is_refused(
    tmp_path: Path, price: pl.Expr, told: str
) -> None:
    raw = scored().with_columns(price.alias("price"))
    with pytest.raises(BadInput, match=told) as problem:
        check(product(tmp_path, raw, BOTH, costs=PRICED))
    assert problem.value.next_step
    # nothing was certified on the way
    assert not (tmp_path / ".roadworthy" / "certificates").exists()


def test_a_cost_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'price'") as problem:
        check(product(tmp_path, costs=PRICED))
    assert problem.value.code == "missing_column" and "@" not in problem.value.next_step


@pytest.mark.parametrize("value", ["ok", None, 2])
def test_a_human_column_with_values_that_are_no_calls_is_refused(
    tmp_path: Path, value: Any
) -> None:
    call = pl.col("reader").cast(pl.String)
    stray = pl.when(pl.int_range(1200) % 50 == 0).then(pl.lit(value, pl.String)).otherwise(call)
    raw = scored().with_columns(stray.alias("reader"))
    data = {"calls": {"reader": {"column": "reader", "positive": ["1"], "negative": ["0"]}}}
    with pytest.raises(BadInput, match="24 of 1200 cases") as problem:
        check(product(tmp_path, raw, BOTH, data=data))
    assert problem.value.next_step


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = {**LEARNT, "split": {"train": 0.5, "validation": 0.5, "seed": 1}}
    folder = tmp_path_factory.mktemp("learnt")
    easy = {**FINDS, "at_least": 0.5}
    file = write_product(folder, learnable(400, 1), [easy], data=data, models=["logistic"])
    train(file)
    return file


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda raw: raw.with_columns(pl.col("size").cast(pl.String)), "changed_type"),
        (lambda raw: raw.with_columns(shape=pl.lit(1.5)), "changed_type"),
        (lambda raw: raw.drop("noise"), "missing_column"),
        (lambda raw: raw.with_columns(ill=pl.lit(1)), "undeclared_value"),
    ],
    ids=["text", "number", "gone", "truth"],
)
def test_cases_whose_columns_changed_are_not_judged(learnt: Path, change: Any, code: str) -> None:
    others = change(learnable(90, 7).with_columns(case="o" + pl.col("case")))
    with pytest.raises(BadInput) as problem:
        check(learnt, others)
    assert problem.value.code == code and problem.value.next_step


def test_the_others_of_the_same_kind_are(learnt: Path) -> None:
    others = learnable(90, 7).with_columns(case="o" + pl.col("case"))
    found = check(learnt, others.with_columns(pl.col("size").cast(pl.Float32)))
    assert found.population.cases == 90 and np.isfinite(found.verdicts[0].confidence)
