"""Where nobody looked at most cleared cases, only a declared design gives a number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.tables import LEARNT, SCORED, SPARES, learnable, write_product

from roadworthy.core.errors import BadInput
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.verdict import Judgement, Outcome, Verdict
from roadworthy.stats import binomial
from roadworthy.stats.verification import Known, lower
from roadworthy.workflow.certify import certify
from roadworthy.workflow.check import check
from roadworthy.workflow.compare import compare
from roadworthy.workflow.train import train

RATES = ["sensitivity", "specificity", "false_negative_rate", "false_positive_rate", "npv", "ppv"]
DATA = {**SCORED, "verification": {}, "prevalence": "as_sampled"}
REFERS = {"threshold": 0.7, "refer_between": [0.3, 0.7], "referred": "right"}
SPARING = {"id": "sparing", "metric": "automation", "at_least": 0.01}


def asked(*metrics: str, **more: Any) -> list[dict[str, Any]]:
    less = {"false_negative_rate", "false_positive_rate", "brier", "expected_cost"}
    limits = {m: {"at_most": 0.4} if m in less else {"at_least": 0.6} for m in metrics}
    return [*({"id": m, "metric": m, **limits[m], **more} for m in metrics), SPARING]


def at_work(n: int = 6000, audited: float = 0.25, missed: float = 0.0) -> pl.DataFrame:
    """A product at work: a tenth ill, a fifth referred, and a share of the cleared audited."""
    rng = np.random.default_rng(5)
    ill = np.arange(n) % 10 == 0
    low, middle = rng.random(n) < 0.8, rng.random(n) < 0.2
    lost = ill & (rng.random(n) < missed)
    score = np.where((ill & ~lost) | (~ill & ~low), 0.9, 0.1)
    score = np.where(middle & ~lost, 0.5, score)
    policy = np.select([score < 0.3, score < 0.7], ["clear", "refer"], "flag")
    drawn = (policy == "clear") & (rng.random(n) < audited)
    route = np.where(drawn, "refer", policy)
    return pl.DataFrame(
        {
            "case": [f"c{i}" for i in range(n)],
            "ill": [None if r == "clear" else int(y) for y, r in zip(ill, route, strict=True)],
            "score": score,
            "policy_route": policy,
            "route": route,
            "audit_probability": np.where(policy == "clear", audited, 1.0),
        }
    )


def judged(
    folder: Path, table: pl.DataFrame, requirements: list[dict[str, Any]], **more: Any
) -> Judgement:
    said = {"data": DATA, "decision": REFERS, **more}
    return check(write_product(folder, table, requirements, **said))


def of(found: Judgement, requirement: str) -> Verdict:
    return next(one for one in found.verdicts if one.requirement == requirement)


def measured(found: Judgement, requirement: str) -> Measured:
    evidence = of(found, requirement).evidence
    assert isinstance(evidence, Measured), evidence
    return evidence


class TestRates:
    def test_where_every_cleared_case_is_audited_nothing_differs(self, tmp_path: Path) -> None:
        table = at_work(3000, audited=1.0, missed=0.05)
        excluded = {"decision": {**REFERS, "referred": "excluded"}}
        plain = {k: v for k, v in DATA.items() if k != "verification"}
        with_design = judged(tmp_path / "a", table, asked(*RATES), **excluded)
        without = judged(tmp_path / "b", table, asked(*RATES), **excluded, data=plain)
        for metric in RATES:
            one, other = measured(with_design, metric), measured(without, metric)
            assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-9), metric
            assert one.estimate == pytest.approx(other.estimate)
            assert (one.p_pass, one.p_fail) == pytest.approx((other.p_pass, other.p_fail), abs=1e-6)

    def test_the_bounds_are_those_of_the_statistic(self, tmp_path: Path) -> None:
        table = at_work(missed=0.05)
        found = measured(judged(tmp_path, table, asked("sensitivity")), "sensitivity")
        known = table.filter(pl.col("ill") == 1)
        missed = known.filter(pl.col("policy_route") == "clear").height
        kinds = [
            Known(0.25, 0, missed, could_hit=False),
            Known(1.0, known.height - missed, 0, could_miss=False),
        ]
        assert missed > 0
        assert found.low == pytest.approx(lower(kinds, 0.05))
        assert "not verified" in found.detail
        assert found.of == "verified positives"

    def test_they_hold_the_truth_that_nobody_saw(self, tmp_path: Path) -> None:
        table = at_work(40_000, missed=0.05)
        everyone = at_work(40_000, audited=1.0, missed=0.05)
        plain = {k: v for k, v in DATA.items() if k != "verification"}
        found = judged(tmp_path / "a", table, asked(*RATES, "accuracy"))
        truth = judged(tmp_path / "b", everyone, asked(*RATES, "accuracy"), data=plain)
        for metric in (*RATES, "accuracy"):
            one, real = measured(found, metric), measured(truth, metric).estimate
            assert one.low is not None and one.high is not None
            assert one.low <= real <= one.high, metric

    def test_a_declared_prevalence_is_used_too(self, tmp_path: Path) -> None:
        table = at_work(20_000, missed=0.02)
        found = judged(tmp_path, table, asked("npv", "ppv"), data={**DATA, "prevalence": 0.006})
        assert measured(found, "npv").estimate > 0.999
        assert (measured(found, "npv").low or 0.0) > 0.99
        assert measured(found, "ppv").estimate < 0.05

    def test_few_audits_pass_nothing_that_the_verified_alone_would(self, tmp_path: Path) -> None:
        table = at_work(3000, audited=0.004)
        requirement = [{"id": "finds", "metric": "sensitivity", "at_least": 0.9}, SPARING]
        found = judged(tmp_path, table, requirement)
        positives = table.filter(pl.col("ill") == 1).height
        assert float(binomial.lower(positives, positives, 0.05)) > 0.98
        assert of(found, "finds").outcome is Outcome.INCONCLUSIVE

    def test_a_miss_that_came_to_light_by_itself_only_makes_it_worse(self, tmp_path: Path) -> None:
        table = at_work()
        before = measured(judged(tmp_path / "a", table, asked("sensitivity")), "sensitivity")
        light = table.with_row_index().with_columns(
            pl.when((pl.col("route") == "clear") & (pl.col("index") < 4000))
            .then(1)
            .otherwise(pl.col("ill"))
            .alias("ill")
        )
        after = measured(judged(tmp_path / "b", light, asked("sensitivity")), "sensitivity")
        assert after.low is not None and before.low is not None
        assert after.low < 0.5 < before.low
        assert "were not drawn prove nothing" in after.detail

    def test_the_policy_need_not_be_the_one_that_drew(self, tmp_path: Path) -> None:
        """Another threshold refers what that one cleared, and clears what it referred."""
        table = at_work(20_000, missed=0.05)
        other = {"threshold": 0.6, "referred": "excluded", "refer_between": [0.05, 0.2]}
        found = judged(tmp_path, table, asked("sensitivity", "npv"), decision=other)
        assert isinstance(of(found, "npv").evidence, Measured | NotMeasured)
        evidence = of(found, "sensitivity").evidence
        assert isinstance(evidence, Measured)
        assert evidence.low is not None and evidence.low <= evidence.estimate

    def test_sealed_cases_are_judged_by_design_as_well(self, tmp_path: Path) -> None:
        table = at_work(12_000)
        split = {"validation": 0.5, "sealed": 0.5, "seed": 1}
        file = write_product(
            tmp_path, table, asked("sensitivity"), data={**DATA, "split": split}, decision=REFERS
        )
        found = certify(file)
        assert found.outcome is Outcome.PASS
        assert "verified" in measured(found, "sensitivity").of

    def test_another_table_is_judged_by_design_as_well(self, tmp_path: Path) -> None:
        file = write_product(tmp_path, at_work(800), asked("npv"), data=DATA, decision=REFERS)
        other = at_work(3000).with_columns(pl.col("case") + "-new")
        assert "verified" in measured(check(file, on=other), "npv").of

    def test_cases_from_before_need_no_design(self, tmp_path: Path) -> None:
        """The own table was gathered before the product decided anything: all is measured."""
        own = at_work(800, audited=1.0).drop("policy_route", "route", "audit_probability")
        file = write_product(tmp_path, own, asked("auc"), data=DATA, decision=REFERS)
        assert isinstance(of(check(file), "auc").evidence, Measured)
        later = at_work(3000).with_columns(pl.col("case") + "-new")
        assert isinstance(of(check(file, on=later), "auc").evidence, NotMeasured)


class TestNotMeasured:
    @pytest.mark.parametrize("metric", ["auc", "brier", "calibration_error", "expected_cost"])
    def test_what_has_no_bound_by_design(self, tmp_path: Path, metric: str) -> None:
        requirement: dict[str, Any] = {"id": "x", "metric": metric}
        requirement |= {"at_least": 0.5} if metric == "auc" else {"at_most": 0.9}
        costs = {"unit": "EUR", "miss": 10, "false_alarm": 1, "refer": 1}
        found = judged(tmp_path, at_work(1000), [requirement, SPARING], costs=costs)
        told = of(found, "x").evidence
        assert isinstance(told, NotMeasured)
        assert "verified cases only" in told.reason
        assert found.outcome is Outcome.INCONCLUSIVE

    def test_comparisons(self, tmp_path: Path) -> None:
        table = at_work(1000).with_columns(read=pl.lit(1))
        requirement = {"id": "x", "metric": "sensitivity", "against": "read", "max_drop": 0.1}
        found = judged(tmp_path, table, [requirement, SPARING])
        assert isinstance(of(found, "x").evidence, NotMeasured)

    def test_cases_that_share_a_unit(self, tmp_path: Path) -> None:
        table = at_work(1000).with_row_index().with_columns(patient=pl.col("index") // 2)
        found = judged(tmp_path, table, asked("npv"), data={**DATA, "unit": "patient"})
        told = of(found, "npv").evidence
        assert isinstance(told, NotMeasured) and "share a unit" in told.reason

    def test_cleared_cases_that_could_not_be_drawn(self, tmp_path: Path) -> None:
        chance = pl.when(pl.col("policy_route") == "clear").then(0.0).otherwise(1.0)
        table = at_work(1000, audited=0.0).with_columns(chance.alias("audit_probability"))
        found = judged(tmp_path, table, asked("sensitivity"))
        told = of(found, "sensitivity").evidence
        assert isinstance(told, NotMeasured) and "could not be drawn" in told.reason

    def test_a_probability_for_every_case(self, tmp_path: Path) -> None:
        chance = pl.int_range(1, pl.len() + 1) / (2 * pl.len())
        table = at_work(1000).with_columns(chance.alias("audit_probability"))
        told = of(judged(tmp_path, table, asked("npv")), "npv").evidence
        assert isinstance(told, NotMeasured) and "different audit probabilities" in told.reason

    def test_a_kind_that_nobody_saw_is_not_taken_as_impossible(self, tmp_path: Path) -> None:
        """The policy judged here refers, as wrong, what the one that drew the audits cleared."""
        kinds = [(200, 0.8, 1), (5, 0.4, 1), (300, 0.4, 0), (40, 0.1, 1), (10, 0.1, 0)]
        kinds += [(300, 0.9, 0)]
        score = np.concatenate([np.full(n, s) for n, s, _ in kinds])
        ill = np.concatenate([np.full(n, y) for n, _, y in kinds])
        policy = np.select([score < 0.3, score < 0.5], ["clear", "refer"], "flag")
        truth = [None if p == "clear" else int(y) for p, y in zip(policy, ill, strict=True)]
        table = pl.DataFrame(
            {
                "case": [f"c{i}" for i in range(len(score))],
                "ill": truth,
                "score": score,
                "policy_route": policy,
                "route": policy,
                "audit_probability": np.where(policy == "clear", 0.02, 1.0),
            }
        )
        refers = {"threshold": 0.5, "refer_between": [0.0, 0.5], "referred": "wrong"}
        found = measured(
            judged(tmp_path, table, asked("sensitivity"), decision=refers), "sensitivity"
        )
        assert found.low is not None and found.low < 200 / 245


class TestBadInput:
    def told(self, folder: Path, table: pl.DataFrame, **more: Any) -> BadInput:
        with pytest.raises(BadInput) as found:
            judged(folder, table, asked("sensitivity"), **more)
        return found.value

    def test_truth_missing_without_a_design(self, tmp_path: Path) -> None:
        plain = {k: v for k, v in DATA.items() if k != "verification"}
        told = self.told(tmp_path, at_work(500), data=plain)
        assert "verification" in str(told.next_step)

    def test_a_drawn_case_that_nobody_read_yet(self, tmp_path: Path) -> None:
        drawn = (pl.col("policy_route") == "clear") & (pl.col("route") == "refer")
        table = at_work(500).with_columns(pl.when(drawn).then(None).otherwise("ill").alias("ill"))
        told = self.told(tmp_path, table)
        assert told.code == "unread_cases"
        assert "drawn for an audit" in str(told)

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("route", "cleared"),
            ("policy_route", None),
            ("audit_probability", 1.5),
            ("audit_probability", None),
            ("audit_probability", 1.0),
        ],
    )
    def test_columns_that_decide_did_not_write(
        self, tmp_path: Path, column: str, value: object
    ) -> None:
        here = pl.col("route") == "clear"
        kind = pl.Float64 if column == "audit_probability" else pl.String
        changed = pl.when(here).then(pl.lit(value, kind)).otherwise(column).alias(column)
        told = self.told(tmp_path, at_work(500).with_columns(changed))
        assert told.code == "bad_verification"
        assert column in str(told.where)

    @pytest.mark.parametrize("kept", [0.1, 1.0])
    def test_audits_that_are_not_the_ones_that_were_drawn(
        self, tmp_path: Path, kept: float
    ) -> None:
        """Whoever reads some of the audits, or more, has a selection, whichever they are."""
        table = at_work(4000, audited=kept if kept < 1.0 else 0.5)
        clear = pl.col("policy_route") == "clear"
        table = table.with_columns(
            pl.when(clear).then(pl.lit(0.25)).otherwise(1.0).alias("audit_probability")
        )
        told = self.told(tmp_path, table)
        assert told.code == "bad_verification"
        assert "not the audits that were drawn" in str(told)

    def test_routes_that_were_exchanged(self, tmp_path: Path) -> None:
        swapped = {"policy_route": "route", "route": "policy_route"}
        told = self.told(tmp_path, at_work(500), data={**DATA, "verification": swapped})
        assert "exchanged" in str(told.next_step)

    def test_a_column_that_is_not_there(self, tmp_path: Path) -> None:
        told = self.told(tmp_path, at_work(500).drop("audit_probability"))
        assert told.code == "missing_column"

    def test_nothing_is_learnt_where_some_truths_are_unknown(self, tmp_path: Path) -> None:
        read = pl.int_range(pl.len()) % 2 == 1
        table = learnable(400, 3).with_columns(
            policy_route=pl.lit("clear"),
            route=pl.when(read).then(pl.lit("refer")).otherwise(pl.lit("clear")),
            audit_probability=pl.lit(0.5),
            ill=pl.when(read).then("ill"),
        )
        split = {"train": 0.5, "validation": 0.5, "seed": 1}
        data = {**LEARNT, "split": split, "verification": {}}
        with pytest.raises(BadInput) as found:
            train(write_product(tmp_path, table, [SPARES], data=data))
        assert found.value.code == "unverified_cases"

    def test_a_table_at_work_always_has_the_design(self, tmp_path: Path) -> None:
        """Whoever leaves the columns and the unverified cases away is not believed."""
        design = ["policy_route", "route", "audit_probability"]
        own = at_work(800, audited=1.0).drop(design)
        file = write_product(tmp_path, own, asked("npv"), data=DATA, decision=REFERS)
        other = at_work(800).drop_nulls("ill").drop(design).with_columns(pl.col("case") + "-new")
        with pytest.raises(BadInput) as found:
            check(file, on=other)
        assert found.value.code == "missing_column"

    def test_nothing_is_compared(self, tmp_path: Path) -> None:
        table = at_work(500).with_columns(other=pl.col("score"))
        file = write_product(tmp_path, table, asked("npv"), data=DATA, decision=REFERS)
        with pytest.raises(BadInput) as found:
            compare(file, score="other")
        assert found.value.code == "unverified_cases"

    def test_only_a_binary_product_clears(self, tmp_path: Path) -> None:
        data = {"id": "case", "truth": "ill", "prediction": "score", "verification": {}}
        with pytest.raises(BadInput) as found:
            judged(
                tmp_path,
                at_work(50),
                [{"metric": "mae", "at_most": 1, "max_error": 1}],
                data=data,
                task="regression",
                decision={},
            )
        assert "cleared" in str(found.value)
