"""Coverage names what is blind, and what nobody judged is never covered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.instruments.measuring import at_least, evidence, measured, not_measured, outcome, table
from tests.tables import FINDS, SCORED, simulated, write_product

from roadworthy.core.environment import Context, Environment
from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Measured
from roadworthy.core.requirement import Requirement
from roadworthy.core.verdict import Outcome
from roadworthy.instruments.coverage import Coverage, Parameters
from roadworthy.io.product_yaml import load_product
from roadworthy.stats import binomial
from roadworthy.testing import check_instrument
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.plan import plan

MIX = Environment(
    ("vendor", "year"),
    (Context(("A", 1), 0.7), Context(("A", None), 0.2), Context(("B", 2), 0.1)),
)


def judged(*counts: int, inside: Any = None, unit: Any = None) -> pl.DataFrame:
    vendor, year = ["A", "A", "B"], [1.0, None, 2.0]
    spread = [i for i, count in enumerate(counts) for _ in range(count)]
    return table(
        inside=inside,
        unit=unit,
        vendor=[vendor[i] for i in spread],
        year=[year[i] for i in spread],
    )


def covered(cases: pl.DataFrame, mix: Environment = MIX, least: int = 5) -> Measured:
    return measured("coverage", cases, at_least(0.9), Parameters(mix, least))


def test_it_keeps_the_promises_of_an_instrument() -> None:
    for mix in (MIX, Environment(MIX.by, tuple(Context(c.levels, 10) for c in MIX.contexts), True)):
        asked = Requirement("", "coverage", at_least(0.9), Parameters(mix, 5))
        check_instrument(Coverage(), table=judged(9, 9, 3), requirement=asked)


def test_contexts_with_enough_cases_count_by_their_share_and_the_others_are_named() -> None:
    found = covered(judged(9, 5, 4))
    assert (found.low, found.estimate, found.high) == (0.9, 0.9, 0.9)
    assert "vendor B, year 2 (10\N{NO-BREAK SPACE}%: 4 in scope)" in found.detail
    assert outcome("coverage", judged(9, 5, 4), at_least(0.9), Parameters(MIX, 5)) is Outcome.PASS
    assert outcome("coverage", judged(9, 4, 9), at_least(0.9), Parameters(MIX, 5)) is Outcome.FAIL
    assert "no case" in covered(judged(9, 5, 0)).detail


def test_cases_out_of_scope_cover_nothing_and_are_told_apart() -> None:
    found = covered(judged(9, 5, 6, inside=[True] * 14 + [False] * 6))
    assert found.estimate == pytest.approx(0.9)
    assert "0 in scope, 6 out of it" in found.detail


def test_many_cases_of_one_unit_cover_as_one() -> None:
    units = [str(i) for i in range(14)] + ["same"] * 6
    assert covered(judged(9, 5, 6, unit=units)).estimate == pytest.approx(0.9)


def test_counts_of_a_sample_are_bounded_exactly() -> None:
    counts = [70, 20, 10]
    contexts = tuple(Context(c.levels, n) for c, n in zip(MIX.contexts, counts, strict=True))
    found = covered(judged(9, 9, 0), Environment(MIX.by, contexts, True))
    assert found.estimate == pytest.approx(0.9) and found.n == 100
    assert found.low == pytest.approx(float(binomial.lower(90, 100, 0.05)))


def test_without_cases_or_an_environment_nothing_is_covered() -> None:
    assert "no case" in not_measured("coverage", judged(), at_least(0.9), Parameters(MIX, 5))
    assert "environment" in not_measured("coverage", judged(9), at_least(0.9), Parameters())


@given(st.lists(st.integers(0, 8), min_size=3, max_size=3), st.integers(0, 2))
def test_one_case_more_never_lowers_coverage(counts: list[int], at: int) -> None:
    more = [count + (i == at) for i, count in enumerate(counts)]
    before, after = (
        evidence("coverage", judged(*n), at_least(0.9), Parameters(MIX, 5)) for n in (counts, more)
    )
    assert isinstance(after, Measured)
    assert after.estimate >= (before.estimate if isinstance(before, Measured) else 0.0)


# ---- as it is written

COVERED = {"metric": "coverage", "at_least": 0.95, "min_cases": 10}


def product(folder: Path, environment: Any, **others: Any) -> Path:
    data = {**SCORED, "split": {"validation": 0.5, "sealed": 0.5, "seed": 1}}
    raw = simulated(400, 1).with_columns(
        site=pl.when(pl.int_range(pl.len()) % 50 == 0).then(None).otherwise("site")
    )
    easy = {**FINDS, "at_least": 0.5}
    return write_product(folder, raw, [easy, COVERED], data=data, environment=environment, **others)


def test_shares_are_spelled_out_or_read_from_a_file(tmp_path: Path) -> None:
    file = product(tmp_path / "a", {"by": "site", "shares": {"north": 0.6, "south": 0.4}})
    found = check(file)
    assert found.outcome is Outcome.PASS and plan(file).cases is not None
    counts = pl.DataFrame({"site": ["north", "south", "east"], "cases": [600, 390, 10]})
    (tmp_path / "b").mkdir()
    counts.write_csv(tmp_path / "b" / "mix.csv")
    sampled = product(tmp_path / "b", {"by": "site", "file": "mix.csv"})
    told = check(sampled).verdicts[1]
    assert told.outcome is Outcome.PASS and told.evidence.n == 1000  # type: ignore[union-attr]
    assert "site east" in told.reason
    before = load_product(sampled).fingerprint
    counts.with_columns(cases=pl.lit(5)).write_csv(tmp_path / "b" / "mix.csv")
    assert load_product(sampled).fingerprint != before


def test_a_missing_level_is_no_error_on_a_sealed_set(tmp_path: Path) -> None:
    mix = {"by": "site", "shares": [{"site": "north", "share": 1}]}
    found = certify(product(tmp_path, mix))
    assert found.verdicts[1].outcome is Outcome.PASS


def test_a_context_that_the_scope_keeps_out_is_blind_and_its_path_says_so(tmp_path: Path) -> None:
    mix = {"by": "site", "shares": {"north": 0.6, "south": 0.4}}
    found = check(product(tmp_path, mix, scope=[{"field": "site", "in": ["north"]}]))
    assert found.verdicts[1].outcome is Outcome.FAIL
    assert "site south" in found.verdicts[1].reason and "out of it" in found.verdicts[1].reason
    assert {path.lever for path in found.paths} == {"cover_blind"}


ROWS = [{"site": "north", "age": 30, "share": 0.5}, {"site": "south", "age": 40, "share": 0.5}]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"by": "site"}, "exactly one of `shares` and `file`"),
        ({"by": "site", "shares": {"north": 0.6}}, "sum to 0.6"),
        ({"by": "site", "shares": {"north": 60, "south": 40}}, "share of 60"),
        ({"by": ["site", "age"], "shares": {"north": 1}}, "one level a share"),
        ({"by": ["site", "age"], "shares": [ROWS[0], ROWS[0]]}, "twice"),
        ({"by": "site", "shares": ROWS}, "names `age`"),
        ({"by": ["site", "age"], "shares": [{"site": "north", "share": 1}]}, "lacks `age`"),
        ({"by": "site", "shares": 3}, "mapping or a list"),
        ({"by": "site", "file": "gone.csv"}, "gone.csv"),
        (None, "no environment"),
    ],
)
def test_an_environment_that_cannot_be_meant_is_refused(
    tmp_path: Path, environment: Any, said: str
) -> None:
    words = {} if environment is None else {"environment": environment}
    with pytest.raises(BadInput) as told:
        load_product(write_product(tmp_path, None, [FINDS, COVERED], **words))
    assert said in str(told.value) and told.value.next_step


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        ({"site": ["north"], "n": [1]}, "neither"),
        ({"site": ["north"], "cases": ["many"]}, "holds String"),
        ({"site": ["north"], "cases": [0.5]}, "a count of 0.5"),
        ({"site": ["north"], "cases": [0]}, "counts no case"),
        ({"site": ["north"], "share": [0.2]}, "sum to 0.2"),
        ({"place": ["north"], "share": [1.0]}, "site"),
    ],
)
def test_a_file_that_holds_no_mix_is_refused_by_name(
    tmp_path: Path, mix: dict[str, Any], said: str
) -> None:
    pl.DataFrame(mix).write_parquet(tmp_path / "mix.parquet")
    words = {"environment": {"by": "site", "file": "mix.parquet"}}
    with pytest.raises(BadInput) as told:
        load_product(write_product(tmp_path, None, [FINDS, COVERED], **words))
    assert said in str(told.value) and "mix.parquet" in str(told.value)
