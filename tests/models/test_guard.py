"""A guard sees what the classifier's own doubt does not, and says what it cannot work with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from roadworthy.core.errors import BadInput
from roadworthy.io.registry import guards
from roadworthy.models import knn
from roadworthy.models.guard import FittedGuard, Guarded, fit_guard, load_guard
from roadworthy.models.scored_table import ScoredTable
from roadworthy.stats import binomial

METHODS = ("knn", "mahalanobis")
PIXELS = tuple(f"px_{i:02d}" for i in range(64))


def images(found: NDArray[Any]) -> pl.DataFrame:
    return pl.DataFrame(found.reshape(len(found), -1), schema=list(PIXELS))


@pytest.fixture(scope="module")
def digits() -> dict[str, Any]:
    """Digits in halves, and the second half turned by a quarter."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.images))
    fit, held = order[:900], order[900:]
    return {
        "fit": images(data.images[fit]),
        "truth": data.target[fit],
        "held": images(data.images[held]),
        "turned": images(np.rot90(data.images[held], axes=(1, 2))),
    }


@pytest.fixture(scope="module")
def guard(digits: dict[str, Any]) -> FittedGuard:
    return fit_guard(digits["fit"], PIXELS, METHODS, "said", seed=1)


def auroc(familiar: NDArray[Any], strange: NDArray[Any]) -> float:
    truth = np.repeat([0, 1], [len(familiar), len(strange)])
    return float(roc_auc_score(truth, np.concatenate([familiar, strange])))


def test_a_quarter_turn_is_caught_by_the_guard_and_not_by_the_classifiers_own_doubt(
    digits: dict[str, Any], guard: FittedGuard
) -> None:
    seen = auroc(guard.scores(digits["held"]), guard.scores(digits["turned"]))
    assert seen >= 0.95
    model = LogisticRegression(max_iter=2000).fit(digits["fit"].to_numpy(), digits["truth"])

    def entropy(cases: pl.DataFrame) -> NDArray[Any]:
        p = np.clip(model.predict_proba(cases.to_numpy()), 1e-12, 1)
        found: NDArray[Any] = -(p * np.log(p)).sum(axis=1)
        return found

    doubt = auroc(entropy(digits["held"]), entropy(digits["turned"]))
    assert doubt < 0.5


def test_the_threshold_keeps_false_alarms_rare_and_turned_digits_out(
    digits: dict[str, Any], guard: FittedGuard
) -> None:
    held = digits["held"]
    set_here = guard.set_on(guard.scores(held[:400]).tolist(), 0.02, 0.05)
    others, turned = set_here.turned_away(held[400:]), set_here.turned_away(digits["turned"])
    assert binomial.lower(int(others.sum()), others.len(), 0.01) <= 0.02
    assert binomial.lower(int(turned.sum()), turned.len(), 0.05) >= 0.90


@given(st.integers(0, 2**31), st.floats(1.01, 10.0))
def test_a_case_that_moves_away_from_every_reference_case_is_never_let_in_by_knn(
    seed: int, further: float
) -> None:
    draw = np.random.default_rng(seed)
    reference = draw.normal(size=(60, 3))
    method = guards()["knn"]
    distances = method.ready(method.fit(reference, 0))
    # beyond the hull along a ray from the centre every single distance grows
    way = draw.normal(size=3)
    ray = way / np.linalg.norm(way) * (2 * np.abs(reference).max() * 3)
    near, far = distances(np.stack([ray, ray * further]))
    assert far >= near


@given(st.lists(st.floats(0, 50), min_size=2, max_size=2), st.integers(0, 99))
def test_a_score_never_falls_when_one_distance_grows(found: list[float], seed: int) -> None:
    from roadworthy.models.guard import Measure

    scale = np.sort(np.random.default_rng(seed).exponential(size=30))
    measure = Measure("given", {}, scale)
    object.__setattr__(measure, "_distances", lambda cases: cases[:, 0])
    low, high = measure.surprise(np.array([[min(found)], [max(found)]]))
    assert low <= high


def mixed(n: int, seed: int = 0) -> pl.DataFrame:
    """Numbers with gaps, texts, and yes and no."""
    draw = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "x": draw.normal(size=n),
            "y": [None if draw.random() < 0.2 else float(draw.normal()) for _ in range(n)],
            "kind": draw.choice(["a", "b"], n),
            "new": draw.random(n) < 0.5,
        }
    )


MIXED = ("x", "y", "kind", "new")


def fitted(cases: pl.DataFrame, features: tuple[str, ...] = MIXED) -> FittedGuard:
    found = fit_guard(cases, features, METHODS, "said", seed=1)
    return found.set_on(found.scores(cases).tolist(), 0.02, 0.05)


def test_a_new_level_and_a_gap_where_there_was_none_are_strange_and_known_gaps_are_not() -> None:
    one = fitted(mixed(400))
    usual = {"x": 0.0, "y": 0.1, "kind": "a", "new": True}
    rows = [usual, {**usual, "kind": "z"}, {**usual, "x": None}, {**usual, "y": None}]
    cases = pl.DataFrame(rows, schema=mixed(1).schema)
    assert one.turned_away(cases).to_list() == [False, True, True, False]


def test_what_never_differed_among_the_reference_and_differs_now_is_strange() -> None:
    flat = mixed(400).with_columns(y=pl.lit(3.0))
    one = fitted(flat, ("x", "y"))
    assert one.turned_away(pl.DataFrame({"x": [0.0, 0.0], "y": [3.0, 30.0]})).to_list() == [
        False,
        True,
    ]


def test_a_case_is_told_the_same_alone_and_beside_others(
    digits: dict[str, Any], guard: FittedGuard
) -> None:
    cases = pl.concat([digits["held"][:100], digits["turned"][:100]])
    alone = np.concatenate([guard.scores(cases[i : i + 1]) for i in range(0, 200, 7)])
    assert np.array_equal(alone, guard.scores(cases)[::7])


def test_the_same_guard_is_the_same_file_and_reads_back_as_itself(tmp_path: Path) -> None:
    one, again = fitted(mixed(300)).before("m"), fitted(mixed(300)).before("m")
    assert one.to_bytes() == again.to_bytes()
    file = tmp_path / "guard.skops"
    file.write_bytes(one.to_bytes())
    read = load_guard(file)
    assert read.fingerprint == one.fingerprint and read.card == one.card
    assert np.array_equal(read.scores(mixed(50, 7)), one.scores(mixed(50, 7)))
    assert read.before("another").fingerprint != one.fingerprint
    ran = Guarded(ScoredTable("x", pl.Float64()), read)
    assert ran.files == (file,) and set(ran.needs) == set(MIXED)


@pytest.mark.parametrize("content", [b"", b"no skops file", b"PK\x05\x06" + b"\0" * 18])
def test_a_file_that_is_no_guard_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "guard.skops"
    file.write_bytes(content)
    with pytest.raises(BadInput) as told:
        load_guard(file)
    assert told.value.code == "unreadable_guard"


def test_a_guard_that_holds_code_is_not_opened(tmp_path: Path) -> None:
    from skops.io import dump

    file = tmp_path / "guard.skops"
    dump({"encoding": Path}, file)
    with pytest.raises(BadInput, match="not trusted"):
        load_guard(file)


@pytest.mark.parametrize(
    ("change", "features", "code"),
    [
        ({}, ("x", "gone"), "missing_column"),
        ({"x": pl.lit(1.0), "y": pl.lit(2.0)}, ("x", "y"), "constant_features"),
        ({"y": pl.lit(None, dtype=pl.Float64)}, MIXED, "empty_feature"),
        ({"y": pl.lit(float("nan"))}, MIXED, "empty_feature"),
        ({"x": pl.lit(float("inf"))}, MIXED, "infinite_feature"),
        ({"kind": pl.int_range(pl.len()).cast(pl.String)}, MIXED, "too_many_categories"),
        ({"x": pl.concat_list("x", "x")}, MIXED, "no_distances"),
    ],
)
def test_features_that_tell_nothing_are_refused_by_name(
    change: dict[str, pl.Expr], features: tuple[str, ...], code: str
) -> None:
    with pytest.raises(BadInput) as told:
        fitted(mixed(200).with_columns(**change), features)
    assert told.value.code == code and told.value.next_step


def test_fewer_cases_than_neighbours_are_refused() -> None:
    with pytest.raises(BadInput) as told:
        fitted(mixed(5))
    assert told.value.code == "too_few_cases" and "knn" in told.value.message


@pytest.mark.parametrize(
    "change", [{"x": pl.col("x").cast(pl.String)}, {"kind": pl.lit(3)}, {"new": pl.lit("yes")}]
)
def test_a_column_whose_type_changed_since_is_refused_by_name(change: dict[str, pl.Expr]) -> None:
    with pytest.raises(BadInput) as told:
        fitted(mixed(200)).turned_away(mixed(20).with_columns(**change))
    assert told.value.code == "type_changed" and next(iter(change)) in told.value.message


def test_of_very_many_reference_cases_some_are_kept_and_always_the_same() -> None:
    reference = np.random.default_rng(0).normal(size=(knn.MOST_REFERENCE + 5_000, 2))
    kept, again, other = (guards()["knn"].fit(reference, seed)["reference"] for seed in (1, 1, 2))
    assert len(kept) == knn.MOST_REFERENCE
    assert np.array_equal(kept, again) and not np.array_equal(kept, other)
