"""The doctor looks at guard, certificate and reader study, spends nothing, and says what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.tables import rewrite, write_product
from tests.workflow.test_guarding import guarded as guarded
from tests.workflow.test_guarding import guarded_once as guarded_once
from tests.workflow.test_guarding import product as guarded_product
from tests.workflow.test_team import ASKED, DATA, good, study, subject_of, team
from tests.workflow.test_triage import CLEAR, kept, product

from roadworthy.io.product_yaml import load_product
from roadworthy.io.reader_study_json import reader_study_to_json
from roadworthy.workflow.check import check
from roadworthy.workflow.doctor import doctor
from roadworthy.workflow.finding import Finding
from roadworthy.workflow.train import train
from roadworthy.workflow.witnessed import note_made


def finding(file: Path, what: str) -> Finding:
    return next(one for one in doctor(file).findings if one.what == what)


class TestCertificate:
    def test_before_the_look_it_says_so_and_takes_none(self, tmp_path: Path) -> None:
        file = product(tmp_path)
        found = finding(file, "certificate")
        assert found.ok and "none yet" in found.told and "600 calibration cases" in found.told
        assert not (tmp_path / ".roadworthy").exists()

    def test_a_kept_one_is_told_with_its_look_and_until_when(self, tmp_path: Path) -> None:
        file = product(tmp_path, decision={**CLEAR, "valid_days": 90})
        check(file)
        found = finding(file, "certificate")
        assert found.ok
        for told in ("PASS", "FNR at most 0.05", "look 1 of 1", "(90 days left)"):
            assert told in found.told
        assert len(kept(file, ".look.json")) == 1

    def test_one_that_ends_soon_asks_for_cases_in_time(self, tmp_path: Path) -> None:
        file = product(tmp_path, decision={**CLEAR, "valid_days": 3})
        check(file)
        found = finding(file, "certificate")
        assert "(3 days left): bring fresh calibration cases" in found.told

    @pytest.mark.parametrize(
        ("key", "value", "told"),
        [
            ("expires", "2020-01-01", "was valid until 2020-01-01"),
            ("fingerprints", {"model": "other"}, "belongs to something else"),
            ("sides", "none", "cannot be read"),
        ],
    )
    def test_expired_foreign_and_broken_ones_are_problems(
        self, tmp_path: Path, key: str, value: Any, told: str
    ) -> None:
        file = product(tmp_path)
        check(file)
        (path,) = kept(file)
        words = json.loads(path.read_text())
        words[key] = {**words[key], **value} if isinstance(value, dict) else value
        note_made(load_product(file), words)
        path.write_text(json.dumps(words))
        found = finding(file, "certificate")
        assert told in found.told and found.next_step

    def test_calibration_cases_that_certified_another_decision_are_a_problem(
        self, tmp_path: Path
    ) -> None:
        file = product(tmp_path)
        check(file)
        rewrite(file, decision={"clear": {"fnr_at_most": 0.04}})
        found = finding(file, "certificate")
        assert not found.ok and "certified another decision" in found.told

    def test_one_that_does_not_pass_says_who_tells_more(self, tmp_path: Path) -> None:
        file = product(tmp_path, decision={"mode": "triage", "clear": {"fnr_at_most": 0.001}})
        check(file)
        found = finding(file, "certificate")
        assert found.told.startswith("INCONCLUSIVE") and "roadworthy check" in found.told


class TestGuard:
    def test_one_in_order_is_told_with_its_cases(self, guarded: Path) -> None:
        found = finding(guarded, "guard")
        assert found.ok and "knn and mahalanobis, set on" in found.told
        assert "149" not in found.told
        assert finding(guarded, "must_detect far").ok

    def test_before_training_there_is_none(self, tmp_path: Path) -> None:
        found = finding(guarded_product(tmp_path), "guard")
        assert found.ok and "roadworthy train" in found.told

    def test_a_stale_one_is_a_problem(self, guarded: Path) -> None:
        rewrite(guarded, scope=[{"field": "site", "in": ["north"]}])
        found = finding(guarded, "guard")
        assert "another scope" in found.told and "roadworthy train" in found.next_step

    def test_a_lost_one_and_a_lost_set_are_problems(self, guarded: Path) -> None:
        (guarded.parent / ".roadworthy" / "guard.skops").unlink()
        (guarded.parent / "far.parquet").unlink()
        assert "roadworthy train" in finding(guarded, "guard").next_step
        assert not finding(guarded, "must_detect far").ok

    def test_too_few_cases_for_its_threshold_are_told(self, tmp_path: Path) -> None:
        data = {"split": {"train": 0.5, "validation": 0.1, "sealed": 0.4, "seed": 1}}
        file = guarded_product(tmp_path)
        rewrite(file, data=data)
        train(file)
        found = finding(file, "guard")
        assert "shown with 149 or more" in found.told


class TestStudy:
    def written(self, folder: Path, subject: str) -> Path:
        folder.mkdir()
        (folder / "study.json").write_text(json.dumps(reader_study_to_json(study(subject, 0.9))))
        named = {**team("both"), "study": "study.json"}
        return write_product(folder, good(), ASKED, data=DATA, team=named)

    def test_one_of_this_very_version_is_in_order(self, tmp_path: Path) -> None:
        file = self.written(tmp_path / "studied", subject_of(tmp_path))
        found = finding(file, "reader study")
        assert found.ok and "on this very version" in found.told

    @pytest.mark.parametrize(("whose", "told"), [("another", "another version"), ("", "not name")])
    def test_one_of_other_marks_is_a_problem(self, tmp_path: Path, whose: str, told: str) -> None:
        found = finding(self.written(tmp_path / "studied", whose), "reader study")
        assert told in found.told and "reader-study plan" in found.next_step

    def test_without_one_it_says_what_stays_hypothetical(self, tmp_path: Path) -> None:
        file = write_product(tmp_path, good(), ASKED, data=DATA, team=team("both"))
        found = finding(file, "reader study")
        assert found.ok and "stays hypothetical" in found.told
