"""check: open data as often as one likes, never the sealed cases, never what was learnt from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.tables import FINDS, SCORED, SPARES, counted, rewrite, simulated, write_product

from roadworthy.core.errors import BadInput, ExitCode, Refused
from roadworthy.core.evidence import Measured, NotMeasured
from roadworthy.core.product import SetName
from roadworthy.core.requirement import Tier
from roadworthy.core.verdict import Outcome, Verdict
from roadworthy.io.judgement_json import from_json
from roadworthy.io.product_yaml import load_product
from roadworthy.workflow.check import check
from roadworthy.workflow.source import Parted, load_cases

Copies = Callable[[], Path]
TRAINED_WITH = {"train": 0.4, "validation": 0.2, "calibration": 0.1, "sealed": 0.3}
PARTED = {"train": 0.2, "validation": 0.3, "sealed": 0.5, "seed": 1}


def parted(file: Path) -> Parted:
    return load_cases(load_product(file))


def table(file: Path, name: str, cases: pl.DataFrame) -> Path:
    path = file.parent / name
    cases.write_parquet(path)
    return path


def raw(file: Path) -> pl.DataFrame:
    return pl.read_parquet(file.parent / "cases.parquet")


def split(folder: Path, **others: Any) -> Path:
    return write_product(folder, simulated(600, 1), data={**SCORED, "split": PARTED}, **others)


def test_with_a_split_the_validation_cases_are_judged(tmp_path: Path) -> None:
    judgement = check(split(tmp_path))
    assert judgement.set == "validation"
    assert judgement.population.cases == 180


def test_without_a_split_all_cases_are_judged_and_the_set_is_the_file(tmp_path: Path) -> None:
    judgement = check(write_product(tmp_path, simulated(600, 1)))
    assert judgement.set == "cases.parquet"
    assert judgement.population.cases == 600


def test_open_data_is_named_as_open_data(tmp_path: Path) -> None:
    assert any("open data" in note for note in check(split(tmp_path)).notes)


def test_the_same_check_gives_the_same_answer_again_and_again(tmp_path: Path) -> None:
    file = split(tmp_path)
    assert check(file) == check(file)


def test_a_table_with_a_sealed_case_is_refused_with_exit_code_4(tmp_path: Path) -> None:
    file = split(tmp_path)
    hidden = raw(file).filter(~pl.col("case").is_in(parted(file).all_open["case"].implode()))
    fresh = simulated(50, 7).with_columns(case=pl.format("n{}", pl.int_range(50)))
    on = table(file, "on.parquet", pl.concat([fresh, hidden.head(1)]))
    with pytest.raises(Refused) as told:
        check(file, on)
    assert (told.value.code, told.value.exit_code) == ("sealed_cases", ExitCode.REFUSED)
    assert told.value.value == 1


def test_leading_zeros_and_number_types_do_not_hide_a_sealed_case(tmp_path: Path) -> None:
    cases = simulated(600, 1).with_columns(case=pl.format("00{}", pl.int_range(600)))
    cases.write_csv(tmp_path / "cases.csv")
    data = {**SCORED, "cases": "cases.csv", "split": PARTED}
    file = write_product(tmp_path, None, data=data)
    cases.write_csv(tmp_path / "same.csv")
    with pytest.raises(Refused):
        check(file, tmp_path / "same.csv")
    numbers = simulated(600, 1).with_columns(case=pl.int_range(600))
    file = write_product(tmp_path / "n", numbers, data={**SCORED, "split": PARTED})
    on = table(file, "on.parquet", numbers.with_columns(pl.col("case").cast(pl.Float64)))
    with pytest.raises(Refused):
        check(file, on)


@pytest.mark.parametrize("name", [SetName.TRAIN, SetName.VALIDATION])
def test_a_table_with_a_case_that_the_model_learnt_from_is_refused(
    trained: Copies, name: SetName
) -> None:
    file = trained()
    known = parted(file).open(name)["case"]
    one = raw(file).filter(pl.col("case") == known[0])
    with pytest.raises(BadInput) as told:
        check(file, table(file, "on.parquet", one))
    assert (told.value.code, told.value.exit_code) == ("seen_cases", ExitCode.BAD_INPUT)


def test_another_case_of_a_known_patient_is_not_fresh(tmp_path: Path) -> None:
    """A second exam of a patient whom the model learnt from, or who is sealed, is nothing new."""
    cases = simulated(600, 1).with_columns(patient=pl.format("p{}", pl.int_range(600) // 2))
    data = {**SCORED, "unit": "patient", "split": PARTED}
    file = write_product(tmp_path, cases, data=data, decision={"threshold": "auto"})
    sets = parted(file)
    validation, sealed = sets.open(SetName.VALIDATION), sets.sealed_inputs(load_product(file))
    exam = simulated(1, 2).with_columns(case=pl.lit("a new exam"))
    with pytest.raises(BadInput) as told:
        check(file, exam.with_columns(patient=pl.lit(validation["patient"][0])))
    assert told.value.code == "seen_cases"
    with pytest.raises(Refused) as refused:
        check(file, exam.with_columns(patient=pl.lit(sealed["patient"][0])))
    assert refused.value.code == "sealed_cases"
    fresh = exam.with_columns(patient=pl.lit("somebody else"), ill=pl.lit(0, pl.Int64))
    assert check(file, fresh).population.cases == 1


def test_an_automatic_threshold_is_not_judged_on_the_cases_that_chose_it_as_if_fresh(
    tmp_path: Path,
) -> None:
    file = split(tmp_path, decision={"threshold": "auto"})
    known = parted(file).open(SetName.VALIDATION)["case"]
    on = table(file, "on.parquet", raw(file).filter(pl.col("case").is_in(known.implode())))
    with pytest.raises(BadInput) as told:
        check(file, on)
    assert told.value.code == "seen_cases"


def test_fresh_cases_are_judged_as_a_path_or_as_a_frame(tmp_path: Path) -> None:
    file = split(tmp_path)
    fresh = simulated(300, 7).with_columns(case=pl.format("n{}", pl.int_range(300)))
    by_path, by_frame = check(file, table(file, "on.parquet", fresh)), check(file, fresh)
    assert by_path.set.endswith("on.parquet")
    assert by_path.verdicts == by_frame.verdicts
    assert by_path.population.cases == 300


def test_a_fresh_table_that_lacks_a_known_slice_level_says_so(tmp_path: Path) -> None:
    file = split(tmp_path)
    rewrite(file, requirements=[{**FINDS, "slices": [{"by": "site"}]}])
    fresh = simulated(300, 7).with_columns(
        case=pl.format("n{}", pl.int_range(300)), site=pl.lit("north")
    )
    lacking = check(file, fresh).verdicts[-1]
    assert str(lacking.slice) == "site = south"
    assert isinstance(lacking.evidence, NotMeasured)


def test_a_fresh_table_without_a_needed_column_is_bad_input(tmp_path: Path) -> None:
    file = split(tmp_path)
    with pytest.raises(BadInput) as told:
        check(file, table(file, "on.parquet", simulated(20, 7).drop("score")))
    assert told.value.code == "missing_column"


def test_a_trained_model_is_needed_when_there_are_no_scores(tmp_path: Path) -> None:
    data = {key: word for key, word in SCORED.items() if key != "score"}
    cases = simulated(600, 1).drop("score")
    file = write_product(tmp_path, cases, data={**data, "split": PARTED})
    with pytest.raises(BadInput) as told:
        check(file)
    assert told.value.code == "no_model"


@pytest.mark.parametrize("split_now", [{**TRAINED_WITH, "seed": 4}, None], ids=["seed", "no split"])
def test_after_another_split_a_model_is_not_judged_on_what_it_was_fitted_on(
    trained: Copies, split_now: Any
) -> None:
    file = trained()
    rewrite(file, data={"split": split_now}, decision={"threshold": 0.5})
    if split_now is None:
        file.write_text(file.read_text().replace("  split: null\n", ""))
    with pytest.raises(BadInput) as told:
        check(file)
    assert told.value.code == "fitted_cases"
    assert "train" in told.value.next_step


def test_a_split_without_validation_cases_leaves_nothing_to_check_but_another_table(
    tmp_path: Path,
) -> None:
    halves = {"train": 0.5, "sealed": 0.5, "seed": 1}
    file = write_product(tmp_path, simulated(600, 1), data={**SCORED, "split": halves})
    with pytest.raises(BadInput) as told:
        check(file)
    assert told.value.code == "no_cases"
    fresh = simulated(300, 7).with_columns(case=pl.format("n{}", pl.int_range(300)))
    assert check(file, fresh).population.cases == 300


def test_cases_out_of_scope_leave_the_rates_and_are_counted(tmp_path: Path) -> None:
    good, bad = (
        counted(100, 0, 50),
        counted(0, 40).with_columns(case=pl.format("b{}", pl.int_range(40))),
    )
    cases = pl.concat([good.with_columns(site=pl.lit("in")), bad.with_columns(site=pl.lit("out"))])
    scope = [{"field": "site", "in": ["in"]}]
    share = {"metric": "automation", "at_least": 0.5}
    data = {**SCORED, "prevalence": "as_sampled"}
    judgement = check(write_product(tmp_path, cases, [FINDS, share], data=data, scope=scope))
    finds, automation = judgement.verdicts
    assert isinstance(finds.evidence, Measured) and isinstance(automation.evidence, Measured)
    assert (finds.evidence.n, finds.evidence.estimate) == (100, 1.0)
    assert automation.evidence.estimate == pytest.approx(150 / 190)
    people = judgement.population
    assert (people.cases, people.inside, people.outside) == (190, 150, (("OUT_OF_SCOPE:site", 40),))


def test_referred_cases_count_as_declared(tmp_path: Path) -> None:
    cases = counted(80, 0, 80).with_columns(
        score=pl.when(pl.int_range(160) % 4 == 0).then(0.45).otherwise("score")
    )
    found = {}
    for referred in ("right", "wrong", "excluded"):
        decision = {"threshold": 0.5, "refer_between": [0.4, 0.5], "referred": referred}
        share = {"metric": "automation", "at_least": 0.1}
        data = {**SCORED, "prevalence": "as_sampled"}
        file = write_product(
            tmp_path / referred, cases, [FINDS, share], data=data, decision=decision
        )
        judgement = check(file)
        evidence = judgement.verdicts[0].evidence
        assert isinstance(evidence, Measured)
        found[referred] = (evidence.n, evidence.estimate)
        assert judgement.population.referred == 40
        assert judgement.verdicts[1].evidence.estimate == 0.75  # type: ignore[union-attr]
    assert found == {"right": (80, 1.0), "wrong": (80, 0.75), "excluded": (60, 1.0)}


def test_units_are_counted_and_a_case_of_its_own_is_no_unit(tmp_path: Path) -> None:
    cases = simulated(200, 1).with_columns(patient=pl.format("p{}", pl.int_range(200) // 2))
    with_units = check(write_product(tmp_path / "a", cases, data={**SCORED, "unit": "patient"}))
    without = check(write_product(tmp_path / "b", cases))
    assert (with_units.population.units, without.population.units) == (100, None)


# ---- other tables


FAST = {"metric": "latency_p99_ms", "at_most": 10_000}
LIGHT = {"metric": "model_size_mb", "at_most": 1}


def verdict(file: Path, metric: str, **how: Any) -> Verdict:
    return next(v for v in check(file, **how).verdicts if v.metric == metric)


def test_without_timings_latency_is_not_measured_and_says_what_to_run(trained: Copies) -> None:
    file = trained()
    rewrite(file, requirements=[FINDS, FAST], device="here")
    found = verdict(file, "latency_p99_ms")
    assert isinstance(found.evidence, NotMeasured)
    assert "--time" in found.reason
    assert found.outcome is Outcome.INCONCLUSIVE


def test_timings_are_taken_once_and_used_by_later_checks_of_the_same_model(trained: Copies) -> None:
    file = trained()
    requirements = [{**FINDS, "at_least": 0.75}, FAST]
    rewrite(file, requirements=requirements, decision={"threshold": 0.3}, device="here")
    taken = verdict(file, "latency_p99_ms", time=True)
    assert isinstance(taken.evidence, Measured)
    assert verdict(file, "latency_p99_ms").evidence == taken.evidence


def test_timing_again_until_it_pleases_is_paid_for(trained: Copies) -> None:
    file = trained()
    rewrite(file, requirements=[FINDS, FAST], decision={"threshold": 0.3}, device="here")
    shares = [1 - verdict(file, "latency_p99_ms", time=True).effective_confidence for _ in "12"]
    assert shares == pytest.approx([0.05, 0.025])
    assert any("timed 2 times" in note for note in check(file).notes)


def test_times_on_other_threads_are_none_of_the_declared_ones(trained: Copies) -> None:
    file = trained()
    threads = {"name": "here", "threads": 2}
    rewrite(file, requirements=[FINDS, FAST], decision={"threshold": 0.3}, device=threads)
    assert isinstance(verdict(file, "latency_p99_ms", time=True).evidence, Measured)
    rewrite(file, device={**threads, "threads": 1})
    found = verdict(file, "latency_p99_ms")
    assert isinstance(found.evidence, NotMeasured) and "other threads" in found.reason


def test_a_model_is_weighed_by_the_bytes_of_its_file(trained: Copies) -> None:
    file = trained()
    rewrite(file, requirements=[FINDS, LIGHT, {**LIGHT, "id": "tiny", "at_most": 0.000001}])
    found = {v.requirement: v for v in check(file).verdicts}
    size = (file.parent / ".roadworthy" / "model.skops").stat().st_size
    evidence = found["model_size_mb"].evidence
    assert isinstance(evidence, Measured)
    assert evidence.estimate == size / 1e6
    assert found["model_size_mb"].outcome is Outcome.PASS
    assert found["tiny"].outcome is Outcome.FAIL


def test_a_score_column_cannot_be_timed_or_weighed(tmp_path: Path) -> None:
    file = write_product(tmp_path, simulated(100, 1), [FINDS, FAST, LIGHT])
    for found in check(file, time=True).verdicts[1:]:
        assert isinstance(found.evidence, NotMeasured)
        assert found.outcome is Outcome.INCONCLUSIVE


def test_timings_may_be_brought_along(tmp_path: Path) -> None:
    pl.DataFrame({"ms": [1.0] * 1000}).write_csv(tmp_path / "timings.csv")
    data = {**SCORED, "tables": {"timings": "timings.csv"}}
    file = write_product(tmp_path, counted(100, 0), [FINDS, FAST], data=data)
    assert check(file).outcome is Outcome.PASS


# ---- what is kept


def test_the_judgement_is_kept_as_it_was_told(tmp_path: Path) -> None:
    file = split(tmp_path)
    judgement = check(file)
    kept = json.loads(
        (tmp_path / ".roadworthy" / "judgements" / "product" / "open.json").read_text()
    )
    kept.pop("made")
    again = from_json(kept)
    assert (again.outcome, again.set, again.subject) == (
        judgement.outcome,
        judgement.set,
        judgement.subject,
    )
    assert len(again.verdicts) == len(judgement.verdicts)


def test_an_advisory_requirement_that_fails_is_shown_and_does_not_gate(tmp_path: Path) -> None:
    cases = counted(100, 0, 10, 90)
    advisory = {**SPARES, "tier": "advisory"}
    judgement = check(write_product(tmp_path, cases, [FINDS, advisory]))
    assert judgement.verdicts[1].outcome is Outcome.FAIL
    assert judgement.verdicts[1].tier is Tier.ADVISORY
    assert judgement.outcome is Outcome.PASS


def test_the_fingerprint_of_the_subject_covers_threshold_band_and_scope(tmp_path: Path) -> None:
    file = write_product(tmp_path, simulated(100, 1))
    prints = {check(file).subject.fingerprint}
    band = {"threshold": 0.5, "refer_between": [0.4, 0.5], "referred": "excluded"}
    for changed in (
        {"decision": {"threshold": 0.6}},
        {"decision": band},
        {"decision": {**band, "referred": "wrong"}},
        {"scope": [{"field": "age", "between": [20, 60]}]},
    ):
        rewrite(file, **changed)
        prints.add(check(file).subject.fingerprint)
    assert len(prints) == 5
    rewrite(file, product="renamed", purpose="another")
    assert check(file).subject.fingerprint in prints


def test_a_frame_whose_ids_lost_their_zeros_is_refused(tmp_path: Path) -> None:
    """Sealed case 00007 would come back as a new case 7."""
    raw = simulated(400, 3).with_columns(case=pl.format("0{}", pl.int_range(400)))
    file = write_product(tmp_path, None, [FINDS], data={**SCORED, "cases": "c.csv"})
    raw.write_csv(tmp_path / "c.csv")
    with pytest.raises(BadInput) as told:
        check(file, on=pl.read_csv(tmp_path / "c.csv"))
    assert told.value.code == "other_names"
