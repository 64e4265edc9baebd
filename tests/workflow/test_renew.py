"""Old and fresh set of the same models: what dropped, what holds, why, and what cannot be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.cli.terminal import roadworthy
from tests.tables import SCORED, rewrite, write_product

from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.renewal import Held, Renewed, Right
from roadworthy.core.verdict import Outcome
from roadworthy.store.seen import open_names
from roadworthy.store.workspace import Workspace
from roadworthy.workflow.renew import renew
from roadworthy.workflow.source import names

RIGHT = {"id": "right", "metric": "accuracy", "at_least": 0.70}
DATA = {**SCORED, "prevalence": "as_sampled"}


def answered(
    n: int, prefix: str, seed: int = 0, north: float = 0.5, **rates: float
) -> pl.DataFrame:
    """Cases with a score a model, right at exactly these rates; ``site`` in two levels."""
    rng = np.random.default_rng(seed)
    ill = np.arange(n) % 2
    scores = {
        name: np.where((rng.permutation(n) < rate * n) == (ill == 1), 0.9, 0.1)
        for name, rate in rates.items()
    }
    site = np.where(rng.permutation(n) < north * n, "north", "south")
    return pl.DataFrame(
        {"case": [f"{prefix}{i}" for i in range(n)], "ill": ill, "site": site, **scores}
    )


OLD = answered(1200, "o", score=0.93, second=0.92, base=0.85)


@pytest.fixture
def product(tmp_path: Path) -> Path:
    return write_product(tmp_path, OLD, [RIGHT], data=DATA)


def renewed(file: Path, fresh: pl.DataFrame, old: pl.DataFrame = OLD, **asked: Any) -> Renewed:
    models = asked.pop("models", [name for name in ("score", "second", "base") if name in fresh])
    return renew(file, old, fresh, models, **asked)


def outcomes(found: Renewed) -> dict[str, Held]:
    return {one.model: one.outcome for one in found.models}


class TestVerdict:
    """DROPPED, HOLDS, or nothing."""

    def test_each_model_gets_its_own(self, product: Path) -> None:
        fresh = answered(1200, "f", 1, score=0.80, second=0.93, base=0.84)
        found = renewed(product, fresh, tolerated=0.03, by=[])
        assert outcomes(found)["score"] is Held.DROPPED
        assert outcomes(found)["second"] is Held.HOLDS
        assert found.outcome is Held.DROPPED
        assert found.exit_code == 1

    def test_few_cases_tell_nothing(self, product: Path) -> None:
        found = renewed(product, answered(60, "f", 1, score=0.9), by=[])
        assert outcomes(found) == {"score": Held.INCONCLUSIVE}
        assert found.exit_code == 3

    def test_all_that_hold_end_with_zero(self, product: Path) -> None:
        found = renewed(product, answered(1500, "f", 1, score=0.935), tolerated=0.05)
        assert (found.outcome, found.exit_code) == (Held.HOLDS, 0)

    def test_a_requirement_that_fails_on_the_fresh_set_is_no_success(self, product: Path) -> None:
        rewrite(product, requirements=[{**RIGHT, "at_least": 0.96}])
        found = renewed(product, answered(1500, "f", 1, score=0.92), tolerated=0.06)
        assert found.outcome is Held.HOLDS
        assert found.requirements is not None
        assert found.requirements.outcome is Outcome.FAIL
        assert found.exit_code == 1

    def test_the_requirement_is_judged_on_the_fresh_set_alone(self, product: Path) -> None:
        found = renewed(product, answered(400, "f", 1, score=0.92))
        assert found.requirements is not None
        assert found.requirements.population.cases == 400

    def test_more_models_ask_for_more(self, product: Path) -> None:
        fresh = answered(1200, "f", 1, score=0.885, second=0.92, base=0.85)
        alone = renewed(product, fresh, models=["score"], by=[]).models[0].p_dropped
        beside = renewed(product, fresh, by=[]).models[0].p_dropped
        assert alone is not None and beside is not None
        assert beside == pytest.approx(3 * alone)

    def test_sensitivity_looks_at_positives_alone(self, product: Path) -> None:
        fresh = answered(800, "f", 1, score=0.9)
        found = renewed(product, fresh, right=Right.SENSITIVITY)
        assert (found.old_cases, found.fresh_cases) == (600, 400)
        assert "class" not in found.by


class TestMix:
    """Both drops are shown; the verdict is on the re-weighted one."""

    def test_another_mix_of_sites_is_no_drop(self, tmp_path: Path) -> None:
        parts = [
            answered(1000, "on", 1, 1.0, score=0.98),
            answered(1000, "os", 2, 0.0, score=0.75),
            answered(200, "fn", 3, 1.0, score=0.98),
            answered(1000, "fs", 4, 0.0, score=0.75),
        ]
        old, fresh = pl.concat(parts[:2]), pl.concat(parts[2:])
        file = write_product(tmp_path, old, [{**RIGHT, "slices": [{"by": "site"}]}], data=DATA)
        one = renewed(file, fresh, old, tolerated=0.05).models[0]
        assert one.crude is not None and one.reweighted is not None
        assert one.crude.low > 0.05
        assert abs(one.reweighted.estimate) < 0.02
        assert one.outcome is not Held.DROPPED

    def test_a_kind_that_the_old_set_lacks_is_named(self, product: Path) -> None:
        fresh = answered(400, "f", 1, score=0.9).with_columns(
            site=pl.when(pl.int_range(pl.len()) < 40).then(pl.lit("west")).otherwise("site")
        )
        found = renewed(product, fresh, by=["site"])
        assert any(one.uncovered and "west" in one.stratum for one in found.mix)
        assert any("10.0%" in note for note in found.notes)

    def test_too_many_levels_are_refused_by_name(self, product: Path) -> None:
        with pytest.raises(BadInput, match="too many"):
            renewed(product, answered(90, "f", 1, score=0.9), by=["case"])


class TestCause:
    """Unknown, unless one cause alone explains the drops."""

    def cause(self, product: Path, untouched: list[str], **rates: float) -> tuple[str, str]:
        found = renewed(product, answered(1200, "f", 1, **rates), untouched=untouched)
        return found.attribution.cause, found.attribution.why

    def test_two_models_are_too_few(self, product: Path) -> None:
        cause, why = self.cause(product, ["second"], score=0.7, second=0.7)
        assert cause == "cause unknown"
        assert "3 models" in why

    def test_nobody_untouched_is_unknown(self, product: Path) -> None:
        cause, why = self.cause(product, [], score=0.7, second=0.7, base=0.6)
        assert cause == "cause unknown"
        assert "--untouched" in why

    def test_no_drop_needs_no_cause(self, product: Path) -> None:
        cause, why = self.cause(product, ["base"], score=0.93, second=0.92, base=0.85)
        assert (cause, "no model was shown to drop" in why) == ("cause unknown", True)

    def test_an_untouched_model_that_drops_too_means_a_harder_set(self, product: Path) -> None:
        cause, _ = self.cause(product, ["base"], score=0.85, second=0.84, base=0.74)
        assert cause == "the fresh set is harder or the world moved"

    def test_a_lead_that_melts_alone_is_consistent_with_overuse(self, tmp_path: Path) -> None:
        old = answered(3000, "o", score=0.96, second=0.955, base=0.80)
        file = write_product(tmp_path, old, [RIGHT], data=DATA)
        fresh = answered(3000, "f", 1, score=0.80, second=0.80, base=0.80)
        found = renewed(file, fresh, old, untouched=["base"])
        assert found.attribution.cause == "consistent with over-use of the old set"
        assert found.attribution.high is not None and found.attribution.high < 1.0


class TestBadInput:
    """What cannot be compared is refused, with the name of what is wrong."""

    def test_a_missing_model(self, product: Path) -> None:
        with pytest.raises(BadInput, match="no column 'other'"):
            renewed(product, answered(90, "f", 1, score=0.9), models=["other"])

    def test_a_case_in_both(self, product: Path) -> None:
        with pytest.raises(BadInput, match="1 cases stand in the old and in the fresh") as told:
            fresh = pl.concat([answered(90, "f", 1, score=0.9, second=0.9, base=0.9), OLD[:1]])
            renewed(product, fresh)
        assert told.value.code == "shared_cases"

    def test_a_unit_in_both(self, tmp_path: Path) -> None:
        old = OLD.with_columns(patient=pl.int_range(pl.len()) // 2)
        fresh = answered(90, "f", 1, score=0.9).with_columns(patient=pl.int_range(pl.len()) + 599)
        file = write_product(tmp_path, old, [RIGHT], data={**DATA, "unit": "patient"})
        with pytest.raises(BadInput, match="units stand in"):
            renewed(file, fresh, old)

    @pytest.mark.parametrize("kind", [0, 1])
    def test_a_class_that_is_absent(self, product: Path, kind: int) -> None:
        fresh = answered(200, "f", 1, score=0.9).filter(pl.col("ill") == kind)
        with pytest.raises(BadInput, match="the fresh table holds no") as told:
            renewed(product, fresh)
        assert told.value.code == "missing_class"

    def test_a_missing_answer(self, product: Path) -> None:
        fresh = answered(90, "f", 1, score=0.9)
        fresh[5, "score"] = None
        with pytest.raises(BadInput, match="1 of 1290 cases have no answer of 'score'"):
            renewed(product, fresh)

    def test_a_truth_that_was_never_declared(self, product: Path) -> None:
        fresh = answered(90, "f", 1, score=0.9).with_columns(ill=pl.col("ill") + 1)
        with pytest.raises(BadInput, match="never declared"):
            renewed(product, fresh)

    def test_scores_beyond_one(self, product: Path) -> None:
        fresh = answered(90, "f", 1, score=0.9).with_columns(score=pl.col("score") * 100)
        with pytest.raises(BadInput, match="neither calls"):
            renewed(product, fresh)

    def test_an_untouched_model_that_is_none(self, product: Path) -> None:
        with pytest.raises(BadInput, match="none of the models"):
            renewed(product, answered(90, "f", 1, score=0.9), untouched=["base"])

    def test_ids_of_another_type(self, product: Path) -> None:
        fresh = answered(90, "f", 1, score=0.9).with_columns(case=pl.int_range(pl.len()))
        with pytest.raises(BadInput, match="the column 'case' holds String"):
            renewed(product, fresh)

    def test_few_units_are_told_and_nothing_is_claimed(self, tmp_path: Path) -> None:
        old = OLD.with_columns(patient=pl.lit("o") + (pl.int_range(pl.len()) // 40).cast(pl.String))
        file = write_product(tmp_path, old, [RIGHT], data={**DATA, "unit": "patient"})
        fresh = answered(400, "f", 1, score=0.5).with_columns(patient=pl.col("case"))
        one = renewed(file, fresh, old).models[0]
        assert one.outcome is Held.INCONCLUSIVE
        assert "30 units" in one.reason

    def test_sealed_cases_are_no_old_set(self, product: Path) -> None:
        rewrite(product, data={"split": {"validation": 0.5, "sealed": 0.5}})
        with pytest.raises(Refused, match="sealed"):
            renewed(product, answered(90, "f", 1, score=0.9))


def test_what_was_compared_was_looked_at(product: Path) -> None:
    fresh = answered(90, "f", 1, score=0.9)
    found = renewed(product, fresh)
    told = fresh.with_columns(pl.col("case").alias("@id"), pl.col("case").alias("@unit"))
    seen = open_names(Workspace.beside(product))
    assert np.isin(names(told), seen).all()
    assert any("neither can be sealed" in note for note in found.notes)


class TestCommand:
    """What the shell sees."""

    def written(self, folder: Path, **rates: float) -> tuple[str, str]:
        OLD.write_csv(folder / "old.csv")
        answered(1200, "f", 1, **rates).write_csv(folder / "new.csv")
        return str(folder / "old.csv"), str(folder / "new.csv")

    def test_it_prints_the_answer_and_every_model(
        self, product: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        old, new = self.written(product.parent, score=0.80, second=0.92, base=0.85)
        ran = roadworthy(
            "renew", str(product), "--old", old, "--new", new,
            "--models", "score,second,base", "--untouched", "base", "--threshold", "0.5",
        )  # fmt: skip
        assert ran.code == 1
        for told in ("tested: DROPPED", "base (untouched)", "Cause: ", "on the fresh set alone"):
            assert told in ran.out

    def test_json_says_the_same(self, product: Path) -> None:
        old, new = self.written(product.parent, score=0.93)
        ran = roadworthy(
            "renew", str(product), "--old", old, "--new", new, "--tolerated", "0.05", "--json"
        )
        assert (ran.code, ran.json["outcome"]) == (0, "HOLDS")
        assert ran.json["models"][0]["p_holds"] < 0.05
        assert ran.json["requirements"]["outcome"] == "PASS"

    def test_a_plan_says_how_many_labels_or_never(self, product: Path) -> None:
        words = ("renew", str(product), "--plan", "--old-cases", "1000", "--old-rate", "0.9")
        ran = roadworthy(*words, "--drop", "0.1", "--drop", "0.03", "--json")
        needs = ran.json["needs"]
        assert ran.code == 0
        assert 100 < needs[0]["to_show_drop"] < 1000
        assert needs[1]["to_show_drop"] is None and "1,000 old cases" in needs[1]["why"]

    def test_a_plan_that_can_never_show_anything_is_inconclusive(self, product: Path) -> None:
        words = ("renew", str(product), "--plan", "--old-cases", "50", "--old-rate", "0.9")
        assert roadworthy(*words, "--drop", "0.03").code == 3

    @pytest.mark.parametrize(
        "words",
        [
            (),
            ("--plan",),
            ("--plan", "--due"),
            ("--old", "missing.csv", "--new", "missing.csv"),
            ("--plan", "--old-cases", "100", "--old-rate", "0.9", "--drop", "0.01"),
            ("--due", "--made", "yesterday"),
            ("--plan", "--old-cases", "100", "--old-rate", "0.9", "--threshold", "high"),
            ("--from-production", "new.csv"),
        ],
    )
    def test_misuse_is_told(self, product: Path, words: tuple[str, ...]) -> None:
        ran = roadworthy("renew", str(product), *words, "--json")
        assert ran.code == 2
        assert ran.json["error"]["next"]
