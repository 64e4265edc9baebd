"""The judge: a wrong PASS at most alpha often, a wrong FAIL in any of many cells at most alpha."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from tests.tables import (
    FINDS,
    SCORED,
    SPARES,
    counted,
    outcomes,
    outcomes_on,
    simulated,
    verdicts_on,
    write_product,
)

from roadworthy.core.errors import ExitCode
from roadworthy.core.evidence import Evidence, Measured, NotMeasured, Regime
from roadworthy.core.parameters import NoParameters
from roadworthy.core.requirement import WHOLE, Limit, Requirement, Side, Slice, SliceKey, Tier
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.stats import binomial, paired
from roadworthy.stats.paired import PairedCounts
from roadworthy.workflow.check import check
from roadworthy.workflow.judge import Weighed, judge, product_outcome
from roadworthy.workflow.slicing import Cell

ALPHA = 0.05


def evidence(p_pass: float, p_fail: float) -> Measured:
    return Measured(0.9, 0.85, 0.95, p_pass, p_fail, 100, "cases", "given")


def weighed(
    found: Evidence, *, tier: Tier = Tier.CRITICAL, alpha: float = ALPHA, part: Slice = WHOLE
) -> Weighed:
    limit = Limit(Side.AT_LEAST, 0.9)
    requirement = Requirement("r", "sensitivity", limit, NoParameters(), tier=tier)
    return Weighed(Cell(requirement, part), found, Regime(alpha))


def told(found: Sequence[Verdict]) -> list[Outcome]:
    return [verdict.outcome for verdict in found]


P = st.floats(0.0, 1.0)
CELLS = st.lists(st.tuples(P, P, st.sampled_from([0.05, 0.01, 0.2])), min_size=1, max_size=12)


@given(CELLS)
def test_a_cell_passes_exactly_when_its_own_p_is_at_most_alpha_whatever_stands_beside_it(
    cells: list[tuple[float, float, float]],
) -> None:
    found = judge([weighed(evidence(p, q), alpha=a) for p, q, a in cells])
    for verdict, (p, _, alpha) in zip(found, cells, strict=True):
        assert (verdict.outcome is Outcome.PASS) == (p <= alpha)


@given(CELLS)
def test_fail_is_holm_over_all_measured_cells_in_the_order_of_p_over_alpha(
    cells: list[tuple[float, float, float]],
) -> None:
    found = judge([weighed(evidence(1.0, q), alpha=a) for _, q, a in cells])
    ratios = sorted(q / a for _, q, a in cells)
    kept = 0
    while kept < len(ratios) and ratios[kept] * (len(ratios) - kept) <= 1.0:
        kept += 1
    assert sum(v.outcome is Outcome.FAIL for v in found) == kept
    worst = max(
        (q / a for (_, q, a), v in zip(cells, found, strict=True) if v.outcome is Outcome.FAIL),
        default=0.0,
    )
    spared = [
        q / a for (_, q, a), v in zip(cells, found, strict=True) if v.outcome is not Outcome.FAIL
    ]
    assert all(ratio >= worst for ratio in spared)


def test_one_bad_cell_among_five_that_holm_spares_is_inconclusive_and_says_why() -> None:
    found = judge([weighed(evidence(1.0, p)) for p in (0.03, 0.5, 0.5, 0.5, 0.5)])
    assert told(found) == [Outcome.INCONCLUSIVE] * 5
    assert "Holm" in found[0].reason
    assert "Holm" not in found[1].reason


def test_the_published_holm_example_fails_its_first_two() -> None:
    found = judge([weighed(evidence(1.0, p)) for p in (0.04, 0.001, 0.03, 0.01)])
    fail, open_ = Outcome.FAIL, Outcome.INCONCLUSIVE
    assert told(found) == [open_, fail, open_, fail]


def test_advisory_cells_are_a_family_of_their_own_and_cost_the_gating_ones_nothing() -> None:
    noise = [weighed(evidence(1.0, 0.6), tier=Tier.ADVISORY) for _ in range(50)]
    found = judge([weighed(evidence(1.0, 0.04)), *noise])
    assert found[0].outcome is Outcome.FAIL
    found = judge(
        [
            *[weighed(evidence(1.0, 0.6)) for _ in range(50)],
            weighed(evidence(1.0, 0.04), tier=Tier.ADVISORY),
        ]
    )
    assert found[-1].outcome is Outcome.FAIL
    assert product_outcome(found) is Outcome.INCONCLUSIVE


def test_what_was_not_measured_is_inconclusive_and_takes_no_part_in_holm() -> None:
    nothing = [weighed(NotMeasured("nobody counted")) for _ in range(50)]
    found = judge([*nothing, weighed(evidence(1.0, 0.04))])
    assert told(found[:-1]) == [Outcome.INCONCLUSIVE] * 50
    assert all("nobody counted" in verdict.reason for verdict in found[:-1])
    assert found[-1].outcome is Outcome.FAIL


@given(st.lists(st.sampled_from(list(Outcome)), max_size=6))
def test_the_product_takes_its_worst_gating_cell_and_nothing_is_never_a_pass(
    kinds: list[Outcome],
) -> None:
    by: dict[Outcome, Evidence] = {
        Outcome.PASS: evidence(0.0, 1.0),
        Outcome.INCONCLUSIVE: NotMeasured("no"),
        Outcome.FAIL: evidence(1.0, 0.0),
    }
    found = judge([weighed(by[kind]) for kind in kinds])
    shown_only = judge([weighed(by[Outcome.FAIL], tier=Tier.ADVISORY)])
    order = [Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.FAIL]
    expected = max(kinds, key=order.index, default=Outcome.INCONCLUSIVE)
    assert product_outcome(found + shown_only) is expected


def test_only_advisory_cells_that_pass_leave_the_product_inconclusive() -> None:
    found = judge([weighed(evidence(0.0, 1.0), tier=Tier.ADVISORY)])
    assert found[0].outcome is Outcome.PASS
    assert product_outcome(found) is Outcome.INCONCLUSIVE


def test_a_small_slice_of_a_critical_requirement_does_not_gate() -> None:
    key = SliceKey("site", "tiny")
    requirement = weighed(evidence(1.0, 0.0)).cell.requirement
    cell = Cell(requirement, Slice((key,)), small="0.1% of the cases")
    found = judge([Weighed(cell, evidence(1.0, 0.0), Regime(ALPHA)), weighed(evidence(0.0, 1.0))])
    assert found[0].tier is Tier.ADVISORY
    assert product_outcome(found) is Outcome.PASS


def test_exit_codes_follow_the_outcome() -> None:
    codes = {outcome: outcome.exit_code for outcome in Outcome}
    assert codes == {
        Outcome.PASS: ExitCode(0),
        Outcome.FAIL: ExitCode(1),
        Outcome.INCONCLUSIVE: ExitCode(3),
    }


# ---- through gather, measure and the real instruments


@pytest.fixture(scope="module")
def at_95(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_product(tmp_path_factory.mktemp("at95"), None, [{**FINDS, "at_least": 0.95}])


def test_59_of_59_pass_95_percent_and_58_of_58_need_one_more(at_95: Path) -> None:
    enough, too_few = verdicts_on(at_95, counted(59, 0)), verdicts_on(at_95, counted(58, 0))
    assert told(enough) == [Outcome.PASS]
    assert enough[0].need is None
    assert told(too_few) == [Outcome.INCONCLUSIVE]
    assert too_few[0].need is not None
    assert too_few[0].need.at_observed == 59
    assert too_few[0].need.without_error == 59


def test_any_number_of_requirements_passes_at_the_same_59(at_95: Path, tmp_path: Path) -> None:
    many = [{**FINDS, "id": f"r{i}", "at_least": 0.95} for i in range(20)]
    found = verdicts_on(write_product(tmp_path, None, many), counted(59, 0))
    assert told(found) == [Outcome.PASS] * 20


def test_no_positive_at_all_is_inconclusive(at_95: Path) -> None:
    found = verdicts_on(at_95, counted(0, 0, cleared=100))
    assert told(found) == [Outcome.INCONCLUSIVE]
    assert isinstance(found[0].evidence, NotMeasured)


ORDER = [Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.FAIL]


@given(st.integers(0, 150), st.integers(0, 40), st.integers(1, 20))
def test_a_wrong_case_more_never_makes_the_verdict_better(
    at_95: Path, found: int, missed: int, more: int
) -> None:
    before = outcomes_on(at_95, counted(found, missed, 5))[0]
    after = outcomes_on(at_95, counted(found, missed + more, 5))[0]
    assert ORDER.index(after) >= ORDER.index(before)


@given(st.integers(0, 150), st.integers(0, 40), st.integers(1, 20))
def test_a_right_case_more_never_makes_the_verdict_worse(
    at_95: Path, found: int, missed: int, more: int
) -> None:
    before = outcomes_on(at_95, counted(found, missed, 5))[0]
    after = outcomes_on(at_95, counted(found + more, missed, 5))[0]
    assert ORDER.index(after) <= ORDER.index(before)


@pytest.mark.parametrize(
    ("true", "passes", "open_", "fails"),
    [
        (0.85, None, None, 0.683),
        (0.90, 0.032, 0.925, 0.043),
        (0.95, 0.796, None, None),
        (0.97, 0.992, None, None),
    ],
)
def test_the_operating_characteristic_at_200_positives_is_the_exact_one(
    tmp_path: Path, true: float, passes: float | None, open_: float | None, fails: float | None
) -> None:
    file = write_product(tmp_path, None, [FINDS])
    by_count = [outcomes_on(file, counted(k, 200 - k))[0] for k in range(140, 201)]
    chance = binom.pmf(np.arange(140, 201), 200, true)
    share = {o: float(chance[[found is o for found in by_count]].sum()) for o in Outcome}
    for outcome, expected in (
        (Outcome.PASS, passes),
        (Outcome.INCONCLUSIVE, open_),
        (Outcome.FAIL, fails),
    ):
        if expected is not None:
            assert share[outcome] == pytest.approx(expected, abs=0.0006)


def test_five_requirements_all_exactly_at_their_limits_fail_no_more_often_than_alpha() -> None:
    """The intersection of five true requirements: P(any FAIL) <= alpha + 3 SE."""
    limits, n, runs = np.array([0.90, 0.80, 0.95, 0.70, 0.85]), 400, 4000
    rng = np.random.default_rng(20)
    hits = rng.binomial(n, limits, size=(runs, 5))
    p_pass = np.column_stack([binomial.p_above(hits[:, j], n, limits[j]) for j in range(5)])
    p_fail = np.column_stack([binomial.p_below(hits[:, j], n, limits[j]) for j in range(5)])
    found = [
        told(judge([weighed(evidence(a, b)) for a, b in zip(above, below, strict=True)]))
        for above, below in zip(p_pass, p_fail, strict=True)
    ]
    failed = np.mean([Outcome.FAIL in one for one in found])
    passed = np.mean([set(one) == {Outcome.PASS} for one in found])
    per_cell = np.mean([[o is Outcome.PASS for o in one] for one in found], axis=0)
    noise = 3 * np.sqrt(ALPHA * (1 - ALPHA) / runs)
    assert 0.02 < failed <= ALPHA + noise
    assert passed <= ALPHA**5 + noise / 10
    assert np.all(per_cell <= ALPHA + noise)


def at_the_limits(runs: int) -> list[pl.DataFrame]:
    return [simulated(240, seed, sensitivity=0.90, specificity=0.50) for seed in range(runs)]


def test_a_product_at_its_limits_on_all_slices_seldom_fails_on_the_real_path(
    tmp_path: Path,
) -> None:
    requirements = [{**FINDS, "slices": [{"by": "site"}]}, {**SPARES, "slices": [{"by": "site"}]}]
    file = write_product(tmp_path, None, requirements)
    runs = 300
    found = [outcomes_on(file, raw) for raw in at_the_limits(runs)]
    assert all(len(one) == 6 for one in found)
    failed = np.mean([Outcome.FAIL in one for one in found])
    passed = np.mean([set(one) == {Outcome.PASS} for one in found])
    noise = 3 * np.sqrt(ALPHA * (1 - ALPHA) / runs)
    assert failed <= ALPHA + noise
    assert passed <= ALPHA + noise


def test_a_model_judged_against_itself_never_fails(tmp_path: Path) -> None:
    against = {"against": "twin", "max_drop": 0.05}
    requirements = [
        {"id": "a", "metric": "sensitivity", **against},
        {"id": "b", "metric": "specificity", **against},
    ]
    file = write_product(tmp_path, None, requirements)
    for seed in range(12):
        raw = simulated(300, seed).with_columns(twin=(pl.col("score") >= 0.5).cast(pl.Int64))
        assert Outcome.FAIL not in outcomes_on(file, raw)


def test_two_equally_good_models_seldom_fail_or_beat_one_another() -> None:
    """A/A on five sets each: both are right on 95 % of 60 cases, independently; the margin is 0."""
    rng = np.random.default_rng(21)
    runs, n, right = 2000, 60, 0.95
    apart = right * (1 - right)
    drawn = rng.multinomial(n, [apart, apart, 1 - 2 * apart], size=(runs, 5))

    @cache
    def compared(gained: int, lost: int) -> Measured:
        counts = PairedCounts(gained, lost, n)
        return evidence(paired.p_above(counts, 0.0), paired.p_below(counts, 0.0))

    found = [
        told(judge([weighed(compared(int(g), int(lost))) for g, lost, _ in one])) for one in drawn
    ]
    failed = np.mean([Outcome.FAIL in one for one in found])
    passed = np.mean([[o is Outcome.PASS for o in one] for one in found])
    assert failed <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / runs)
    assert 0.0 < passed <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / (5 * runs))


def test_check_and_memory_agree(tmp_path: Path) -> None:
    raw = simulated(400, 3)
    file = write_product(
        tmp_path, raw, [{**FINDS, "slices": [{"by": "site"}]}, SPARES], data=SCORED
    )
    assert outcomes(check(file).verdicts) == outcomes(verdicts_on(file, raw))
