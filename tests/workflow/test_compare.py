"""Two subjects on the same cases: worse, no worse, or noise; and never a look at sealed cases."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.cli.terminal import roadworthy
from tests.tables import FINDS, LEARNT, SCORED, SPARES, learnable, rewrite, simulated, write_product

from roadworthy.core.comparison import Change
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.verdict import Outcome
from roadworthy.workflow.certify import certify
from roadworthy.workflow.compare import compare
from roadworthy.workflow.doctor import doctor
from roadworthy.workflow.train import train


def paired(lost: int, won: int, alike: int = 200) -> pl.DataFrame:
    """Positives of which the new score loses and wins so many, and some negatives."""
    new = [0.1] * lost + [0.9] * won + [0.9] * alike + [0.1] * 20
    old = [0.9] * lost + [0.1] * won + [0.9] * alike + [0.1] * 20
    ill = [1] * (lost + won + alike) + [0] * 20
    ids = [f"c{i:04}" for i in range(len(ill))]
    return pl.DataFrame({"case": ids, "ill": ill, "score": new, "old": old})


def product(folder: Path, cases: pl.DataFrame, **others: Any) -> Path:
    return write_product(folder, cases, [FINDS], **others)


def change(file: Path) -> Change:
    found = compare(file, score="old").found[0].change
    assert found is not None
    return found


def test_newly_failed_and_fixed_are_counted_with_the_exact_one_sided_p(tmp_path: Path) -> None:
    """8 newly failed against 1 newly fixed: p = .0195 (exact McNemar)."""
    file = product(tmp_path, paired(8, 1))
    found = change(file)
    assert (found.failed, found.fixed, found.cases) == (8, 1, 209)
    assert found.p == pytest.approx(0.0195, abs=5e-5)
    assert found.failed_ids == ("c0000", "c0001", "c0002", "c0003", "c0004")
    assert found.fixed_ids == ("c0008",)
    both = compare(file, score="old").found[0]
    assert both.ours == pytest.approx(201 / 209)
    assert both.theirs == pytest.approx(208 / 209)


def test_five_lost_and_none_won_has_p_one_in_32(tmp_path: Path) -> None:
    assert change(product(tmp_path, paired(5, 0))).p == 1 / 32


@pytest.mark.parametrize(
    ("lost", "won", "outcome", "code"),
    [
        (30, 2, Outcome.FAIL, 1),
        (2, 30, Outcome.PASS, 0),
        (3, 3, Outcome.INCONCLUSIVE, 3),
        (0, 0, Outcome.INCONCLUSIVE, 3),
    ],
)
def test_the_exit_code_tells_worse_no_worse_and_noise(
    lost: int, won: int, outcome: Outcome, code: int, tmp_path: Path
) -> None:
    file = product(tmp_path, paired(lost, won))
    assert roadworthy("compare", file, "--score", "old").code == code
    assert compare(file, score="old").outcome is outcome
    quiet = roadworthy("compare", file, "--score", "old", "--quiet")
    assert (quiet.code, len(quiet.out.splitlines())) == (code, 1)


def test_exchanging_the_two_turns_worse_into_no_worse(tmp_path: Path) -> None:
    cases = paired(30, 2)
    new = product(tmp_path / "new", cases)
    old = product(tmp_path / "old", cases, data={**SCORED, "score": "old"})
    assert compare(new, old).outcome is Outcome.FAIL
    assert compare(old, new).outcome is Outcome.PASS


def test_cases_of_two_tables_are_paired_by_id_and_not_by_place(tmp_path: Path) -> None:
    cases = paired(30, 2)
    new = product(tmp_path / "new", cases)
    shuffled = cases.sample(fraction=1.0, shuffle=True, seed=1).with_columns(score="old")
    old = product(tmp_path / "old", shuffled.drop("old"))
    by_file, by_column = compare(new, old), compare(new, score="old")
    assert by_file.found[0].change == by_column.found[0].change


def test_a_column_of_the_same_name_in_another_table_is_not_the_same_subject(
    tmp_path: Path,
) -> None:
    cases = paired(30, 2)
    new = product(tmp_path, cases)
    cases.with_columns(score="old").write_parquet(tmp_path / "other.parquet")
    old = tmp_path / "old.yaml"
    old.write_text(new.read_text().replace("cases.parquet", "other.parquet"))
    found = compare(new, old)
    assert not found.same
    assert found.outcome is Outcome.FAIL


def test_a_subject_is_no_worse_than_itself(tmp_path: Path) -> None:
    file = product(tmp_path, paired(3, 3))
    found = compare(file, file)
    assert found.same
    assert found.outcome is Outcome.PASS


def test_a_margin_lets_two_that_are_alike_be_shown_alike(tmp_path: Path) -> None:
    file = product(tmp_path, paired(2, 2))
    assert compare(file, score="old").outcome is Outcome.INCONCLUSIVE
    assert compare(file, score="old", max_drop=0.05).outcome is Outcome.PASS
    assert roadworthy("compare", file, "--score", "old", "--max-drop", "2").code == 2


def test_two_that_are_equally_good_are_rarely_told_apart(tmp_path: Path) -> None:
    """Both are right with chance .9, independently, so `worse` is wrong whenever it is said."""
    rng = np.random.default_rng(11)
    worse = 0
    for run in range(20):
        new, old = np.where(rng.random((2, 120)) < 0.9, 0.9, 0.1)
        ids = [f"c{i}" for i in range(120)]
        cases = pl.DataFrame({"case": ids, "ill": 1, "score": new, "old": old})
        file = product(tmp_path / str(run), cases)
        worse += compare(file, score="old").outcome is Outcome.FAIL
    assert worse <= 4  # more has a chance of .003 at 5 %


def test_dependent_cases_have_no_mcnemar_p(tmp_path: Path) -> None:
    cases = paired(8, 2).with_columns(pl.int_range(pl.len()).floordiv(2).alias("patient"))
    file = product(tmp_path, cases, data={**SCORED, "unit": "patient"})
    assert change(file).p is None
    assert "depend" in roadworthy("compare", file, "--score", "old").out


def test_losses_are_compared_by_their_means(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(size=300)
    cases = pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(300)],
            "y": truth,
            "new": truth + rng.normal(size=300) * 0.1,
            "old": truth + rng.normal(size=300) * 1.0,
        }
    )
    near = {"metric": "mae", "at_most": 1, "max_error": 10}
    data = {"id": "case", "truth": "y", "prediction": "new"}
    file = write_product(tmp_path, cases, [near], data=data, task="regression")
    found = compare(file, score="old")
    assert found.outcome is Outcome.PASS
    ours, theirs = found.found[0].ours, found.found[0].theirs
    assert ours is not None
    assert theirs is not None
    assert ours < theirs


def test_what_is_no_mean_over_cases_is_named_and_left_out(tmp_path: Path) -> None:
    auc = {"metric": "auc", "at_least": 0.8}
    file = write_product(tmp_path, paired(3, 3), [FINDS, auc])
    assert [name for name, _ in compare(file, score="old").left_out] == ["auc"]
    only = write_product(tmp_path / "only", paired(3, 3), [auc])
    with pytest.raises(BadInput, match="no requirement can be compared"):
        compare(only, score="old")


def test_sealed_cases_are_never_compared_on(tmp_path: Path) -> None:
    cases = simulated(400, seed=1).with_columns(old=pl.col("score"))
    split = {"validation": 0.5, "sealed": 0.5, "seed": 3}
    file = write_product(tmp_path, cases, [FINDS, SPARES], data={**SCORED, "split": split})
    found = compare(file, score="old")
    assert (found.set, found.cases) == ("the validation set", 200)
    with pytest.raises(Refused, match="sealed"):
        compare(file, score="old", on=cases)
    certify(file)  # nothing above has opened the seal


def test_what_was_compared_on_can_never_be_sealed(tmp_path: Path) -> None:
    cases = simulated(400, seed=1).with_columns(old=pl.col("score"))
    file = write_product(tmp_path, cases, [FINDS])
    compare(file, score="old")
    rewrite(file, data={"split": {"validation": 0.5, "sealed": 0.5, "seed": 3}})
    with pytest.raises(Refused):
        certify(file)


def test_a_case_that_one_of_them_learnt_from_is_refused(tmp_path: Path) -> None:
    cases = learnable(300, seed=5)
    split = {"train": 0.5, "validation": 0.25, "sealed": 0.25, "seed": 1}
    file = product(tmp_path, cases, data={**LEARNT, "split": split})
    train(file)
    fresh = learnable(100, seed=6).with_columns(case=pl.format("new{}", pl.int_range(pl.len())))
    other = product(
        tmp_path / "other", cases, data={**LEARNT, "features": ["noise"], "split": split}
    )
    train(other)
    assert compare(file, other).cases == 75
    assert compare(file, other, on=fresh).cases == 100
    with pytest.raises(Refused):
        compare(file, other, on=cases)
    fitted = product(tmp_path / "open", cases, data={**LEARNT, "split": {**split, "seed": 2}})
    train(fitted)
    rewrite(fitted, data={"split": {**split, "seed": 9}})
    with pytest.raises(BadInput, match="fitted"):
        compare(fitted, file)


ANSWERS = """
import json, sys
for line in sys.stdin:
    case = json.loads(line)
    print(json.dumps({"id": case["id"], "score": case["hint"]}))
"""


def test_a_model_from_elsewhere_is_compared_with_a_column_and_not_with_itself(
    tmp_path: Path,
) -> None:
    cases = paired(30, 2).rename({"score": "hint"})
    data = {**{k: v for k, v in SCORED.items() if k != "score"}, "features": ["hint"]}
    model = {"command": [sys.executable, "model.py"]}
    file = product(tmp_path, cases, data=data, model=model)
    (tmp_path / "model.py").write_text(ANSWERS)
    found = compare(file, score="old")
    assert not found.same
    assert found.outcome is Outcome.FAIL
    assert any("built elsewhere" in note for note in found.notes)
    assert doctor(file).problems == ()


def test_without_open_cases_nothing_is_compared(tmp_path: Path) -> None:
    split = {"calibration": 0.5, "sealed": 0.5, "seed": 1}
    file = product(tmp_path, paired(30, 30), data={**SCORED, "split": split})
    with pytest.raises(BadInput, match="no validation cases"):
        compare(file, score="old")


def test_a_different_truth_is_refused(tmp_path: Path) -> None:
    cases = paired(3, 3)
    new = product(tmp_path / "new", cases)
    old = product(tmp_path / "old", cases.with_columns(ill=1 - pl.col("ill")))
    with pytest.raises(BadInput, match="truth of 226 of 226 cases differs"):
        compare(new, old)


def test_without_ids_both_must_read_the_same_file(tmp_path: Path) -> None:
    data = {key: value for key, value in SCORED.items() if key != "id"}
    new = product(tmp_path / "new", paired(3, 3), data=data)
    other = product(tmp_path / "old", paired(3, 3).reverse(), data=data)
    assert compare(new, score="old").cases == 226
    with pytest.raises(BadInput, match="without ids"):
        compare(new, other)


def test_it_takes_exactly_one_other(tmp_path: Path) -> None:
    file = product(tmp_path, paired(3, 3))
    for words in ((), (file, "--score", "old")):
        found = roadworthy("compare", file, *words)
        assert found.code == 2
        assert "--score COLUMN" in found.err


def test_the_json_holds_both_numbers_and_the_gain(tmp_path: Path) -> None:
    file = product(tmp_path, paired(8, 1))
    one = roadworthy("compare", file, "--score", "old", "--json").json["requirements"][0]
    assert one["gain"] == pytest.approx(one["first"] - one["second"])
    assert one["low"] < one["gain"] < one["high"]
    assert one["change"]["p_mcnemar"] == pytest.approx(0.0195, abs=5e-5)
