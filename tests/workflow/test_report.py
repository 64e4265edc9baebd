"""Each case that nobody saw has a report that says so, and no other case has one."""

from __future__ import annotations

import base64
import builtins
import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest
from tests.tables import SCORED, simulated, write_product
from tests.workflow.test_worklist import audits, decisions, referred

import roadworthy
from roadworthy.cli import show, show_report
from roadworthy.core.errors import BadInput
from roadworthy.workflow.report import file_name, report

STATUSES = {"registered", "partial", "preliminary", "final", "amended", "corrected", "cancelled"}
WORDS = {
    "examined": "Screening mammogram",
    "finding": "No sign of cancer.",
    "contact": "breast unit, ext. 12",
    "code": {"system": "http://loinc.org", "code": "24606-6", "display": "MG Breast Screening"},
}


def cleared(n: int, **more: Any) -> list[dict[str, Any]]:
    told = {"reason": "BELOW_CLEAR", "score": 0.01, "clear_below": 0.05, "audit_probability": 0.02}
    fingerprints = {f"{name}_fingerprint": name * 3 for name in ("product", "subject", "model")}
    return [{"id": f"n{i}", **told, **fingerprints, **more} for i in range(n)]


def product(folder: Path, **words: Any) -> Path:
    (folder / "p").mkdir()
    requirement = {"metric": "sensitivity", "at_least": 0.5}
    return write_product(
        folder / "p", simulated(50, 1), [requirement], data=SCORED, report=words, product="mammo"
    )


class TestText:
    def test_cleared_cases_have_one_and_no_others(self, tmp_path: Path) -> None:
        flagged = {"reason": "ABOVE_FLAG", "score": 0.99}
        table = decisions([*cleared(3), *referred(0.5), *audits(2), flagged])
        found = roadworthy.report(table, tmp_path / "out")
        names = {path.stem for path in (tmp_path / "out").iterdir()}
        assert names == {"n0", "n1", "n2"}
        assert (found.reports, found.cases) == (3, 7)

    def test_it_says_what_who_and_that_no_person_looked(self, tmp_path: Path) -> None:
        table = decisions(cleared(1, certificate_fingerprint="cert" * 4))
        file = tmp_path / "decisions.parquet"
        promised = "At most 1 % of the positives are cleared, with 95 % confidence."
        table.write_parquet(file, metadata={"roadworthy.guarantee": promised})
        found = report(file, tmp_path / "out", product(tmp_path, **WORDS))
        told = (tmp_path / "out" / "n0.txt").read_text(encoding="utf-8")
        for words in (
            *("Screening mammogram", "No sign of cancer.", "breast unit, ext. 12", promised),
            *("No person has looked at this case", "2026-11-25 10:00 UTC", "n0", "0.01", "0.05"),
            *("certcert", "subjectsubject", "modelmodel"),
        ):
            assert words in told, words
        assert found.first == told
        assert "No sign of cancer." in show.told(show_report.reported, found)

    @pytest.mark.parametrize(
        ("certificate", "words"), [(None, "No certificate"), ("abc", "not in this record")]
    )
    def test_no_guarantee_is_made_up(
        self, tmp_path: Path, certificate: str | None, words: str
    ) -> None:
        table = decisions(cleared(1, certificate_fingerprint=certificate))
        report(table, tmp_path / "out")
        assert words in (tmp_path / "out" / "n0.txt").read_text(encoding="utf-8")

    def test_a_template_of_the_team(self, tmp_path: Path) -> None:
        template = tmp_path / "own.j2"
        template.write_text("{{ id }} {{ density }} {{ unit }} {{ finding }}", encoding="utf-8")
        report(decisions(cleared(1)), tmp_path / "out", template=template)
        told = (tmp_path / "out" / "n0.txt").read_text(encoding="utf-8")
        assert told == "n0 B not known Nothing that the product looks for was found.\n"

    def test_product_yaml_names_a_template(self, tmp_path: Path) -> None:
        file = product(tmp_path, template="own.j2")
        (file.parent / "own.j2").write_text("all is well with {{ id }}", encoding="utf-8")
        report(decisions(cleared(1)), tmp_path / "out", file)
        assert "all is well with n0" in (tmp_path / "out" / "n0.txt").read_text(encoding="utf-8")

    def test_an_id_stays_on_its_line_and_a_file_in_its_folder(self, tmp_path: Path) -> None:
        evil = "../../a\nFinding\nCancer\u202e"
        report(decisions(cleared(1, id=evil)), tmp_path / "out")
        (written,) = (tmp_path / "out").iterdir()
        told = written.read_text(encoding="utf-8")
        assert "\nCancer" not in told and "\u202e" not in told

    def test_names_of_files_are_never_shared(self) -> None:
        ids = ["a", "a ", "a/b", "a_b", "a%2Fb", ".", "..", "x" * 300, "x" * 301, "é", "~"]
        names = [file_name(one) for one in ids]
        assert len(set(names)) == len(ids)
        assert all("/" not in name and not name.startswith(".") for name in names)

    def test_any_number_of_cases_is_taken_some_at_a_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("roadworthy.workflow.report.BATCH", 7)
        file = tmp_path / "d.parquet"
        decisions(cleared(30)).write_parquet(file)
        assert report(file, tmp_path / "out").reports == 30

    def test_decisions_in_csv_tell_the_same(self, tmp_path: Path) -> None:
        table = decisions(cleared(2))
        flat = table.with_columns(pl.col("scope_reasons").list.join(" "))
        flat.write_csv(tmp_path / "d.csv")
        report(table, tmp_path / "a")
        report(tmp_path / "d.csv", tmp_path / "b")
        for path in (tmp_path / "a").iterdir():
            assert path.read_text() == (tmp_path / "b" / path.name).read_text()


class TestFhir:
    def one(self, tmp_path: Path, **more: Any) -> dict[str, Any]:
        table = decisions(cleared(1, **more))
        report(table, tmp_path / "out", product(tmp_path, **WORDS), formats=["fhir"])
        (written,) = (tmp_path / "out").iterdir()
        found = json.loads(written.read_text(encoding="utf-8"))
        assert isinstance(found, dict)
        return found

    def test_it_is_a_final_report_of_the_case(self, tmp_path: Path) -> None:
        found = self.one(tmp_path, unit="patient-7")
        assert found["resourceType"] == "DiagnosticReport"
        assert found["status"] in STATUSES
        assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", found["id"])
        assert found["code"]["coding"][0]["code"] == "24606-6"
        assert found["subject"] == {"identifier": {"value": "patient-7"}, "type": "Patient"}
        assert {"n0", f"urn:uuid:{found['id']}"} == {one["value"] for one in found["identifier"]}
        assert found["issued"].startswith("2026-11-25T10:00:00")
        assert found["conclusion"] == "No sign of cancer."
        assert found["performer"][0]["display"] == "breast unit, ext. 12"

    def test_the_software_is_its_device(self, tmp_path: Path) -> None:
        device, finding = self.one(tmp_path)["contained"]
        assert device["deviceName"][0]["name"] == "mammo"
        assert finding["device"] == {"reference": f"#{device['id']}"}
        assert "no person" in finding["note"][0]["text"]

    def test_text_and_narrative_say_the_same_and_mark_nothing_up(self, tmp_path: Path) -> None:
        found = self.one(tmp_path, id="<script>alert(1)</script>&")
        text = base64.b64decode(found["presentedForm"][0]["data"]).decode()
        narrative = ElementTree.fromstring(found["text"]["div"])
        names = {element.tag.rpartition("}")[2] for element in narrative.iter()}
        assert names <= {"div", "p", "br"}
        assert "<script>alert(1)</script>&" in text
        assert "<script>alert(1)</script>&" in "".join(narrative.itertext())

    def test_the_library_reads_what_is_written(self, tmp_path: Path) -> None:
        from fhir.resources.R4B.diagnosticreport import DiagnosticReport

        report(decisions(cleared(5)), tmp_path / "out", formats=["ndjson", "text"])
        bulk = (tmp_path / "out" / "DiagnosticReport.ndjson").read_text(encoding="utf-8")
        found = [DiagnosticReport.model_validate_json(line) for line in bulk.splitlines()]
        assert len({one.id for one in found}) == 5
        assert len(list((tmp_path / "out").iterdir())) == 6

    def test_the_same_decision_is_the_same_report(self, tmp_path: Path) -> None:
        for name in "ab":
            report(decisions(cleared(1)), tmp_path / name, formats=["fhir"])
        one, other = ((tmp_path / name / "n0.json").read_text() for name in "ab")
        assert one == other

    def test_without_the_library_its_extra_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = builtins.__import__

        def without(name: str, *args: Any, **more: Any) -> Any:
            if name.startswith("fhir"):
                raise ImportError(name)
            return real(name, *args, **more)

        monkeypatch.setattr(builtins, "__import__", without)
        with pytest.raises(BadInput) as found:
            report(decisions(cleared(1)), tmp_path / "out", formats=["fhir"])
        assert "roadworthy[fhir]" in str(found.value.next_step)
        assert list(tmp_path.iterdir()) == []

    def test_one_room_knows_the_library(self) -> None:
        rooms = Path(roadworthy.__file__).parent
        knowing = [
            path.relative_to(rooms).as_posix()
            for path in rooms.rglob("*.py")
            if re.search(r"^\s*(from|import) fhir", path.read_text(encoding="utf-8"), re.M)
        ]
        assert knowing == ["io/fhir.py"]


class TestBadInput:
    def test_a_word_that_no_case_has(self, tmp_path: Path) -> None:
        template = tmp_path / "own.j2"
        template.write_text("{{ scroe }}", encoding="utf-8")
        with pytest.raises(BadInput, match="scroe") as found:
            report(decisions(cleared(1)), tmp_path / "out", template=template)
        assert "score" in str(found.value.next_step)
        assert [path.name for path in tmp_path.iterdir()] == ["own.j2"]

    @pytest.mark.parametrize(
        "text", ["a\n{% if %}", "{{ unit.strip() }}", "{{ 1 / 0 }}", "{{ ''.__class__.__mro__ }}"]
    )
    def test_a_template_that_fails_leaves_nothing(self, tmp_path: Path, text: str) -> None:
        template = tmp_path / "own.j2"
        template.write_text(text, encoding="utf-8")
        with pytest.raises(BadInput) as found:
            report(decisions(cleared(2)), tmp_path / "out", template=template)
        assert found.value.code == "bad_template"
        assert [path.name for path in tmp_path.iterdir()] == ["own.j2"]

    @pytest.mark.parametrize("kind", ["missing", "binary"])
    def test_a_template_that_is_none(self, tmp_path: Path, kind: str) -> None:
        template = tmp_path / "own.j2"
        if kind == "binary":
            template.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(BadInput, match="cannot be read"):
            report(decisions(cleared(1)), tmp_path / "out", template=template)

    def test_a_folder_that_holds_something(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        report(decisions(cleared(1)), out)
        with pytest.raises(BadInput, match="holds something"):
            report(decisions(cleared(2)), out)
        assert [path.name for path in out.iterdir()] == ["n0.txt"]

    @pytest.mark.parametrize("name", ["file", "nowhere/out"])
    def test_a_folder_that_cannot_be(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(BadInput) as found:
            report(decisions(cleared(1)), tmp_path / name)
        assert found.value.code == "unwritable"

    def test_another_products_decisions(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="'other'"):
            report(decisions(cleared(1), product="other"), tmp_path / "out", product(tmp_path))

    def test_an_unknown_format(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="pdf"):
            report(decisions(cleared(1)), tmp_path / "out", formats=["pdf"])

    def test_nobody_was_cleared(self, tmp_path: Path) -> None:
        found = report(decisions(referred(0.5)), tmp_path / "out")
        assert (found.reports, found.out) == (0, None)
        assert list(tmp_path.iterdir()) == []
        assert "nothing to report" in show.told(show_report.reported, found)

    @pytest.mark.parametrize("system", ["loinc", "http://a b", ""])
    def test_a_code_system_without_an_address(self, tmp_path: Path, system: str) -> None:
        with pytest.raises(BadInput, match="system"):
            report(
                decisions(cleared(1)),
                tmp_path / "out",
                product(tmp_path, code={"system": system, "code": "1"}),
            )


def test_the_library_is_not_loaded_for_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "fhir"]:
        monkeypatch.delitem(sys.modules, name)
    report(decisions(cleared(1)), tmp_path / "out")
    assert "fhir" not in sys.modules
