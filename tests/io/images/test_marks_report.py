"""A DICOM report of marks says what was marked on which image, by what, and that nobody checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import generate_uid
from tests.io.images.test_dicom import dataset

from roadworthy.core.marks import Mark
from roadworthy.io.images import MarkedBy, UnreadableError, read_report, write_report

BY = MarkedBy("find-spots", "small net", "ab12" * 16, "0.1.0")
MARKS = [Mark(1, 0, 3, 4, 0.25), Mark(4, 2, 2, 2, 0.123456789)]


def image(folder: Path, name: str = "a", **more: Any) -> str:
    known = {
        "PatientID": "p1",
        "PatientName": "SYNTHETIC",
        "Modality": "MG",
        "StudyInstanceUID": "1.2.3.4",
        "SeriesInstanceUID": "1.2.3.4.5",
        "SOPInstanceUID": generate_uid(entropy_srcs=[name]),
    }
    made = dataset(**{**known, **more})
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.save_as(folder / f"{name}.dcm", enforce_file_format=True)
    return str(folder / f"{name}.dcm")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    one, other = image(tmp_path, "a"), image(tmp_path, "b")
    write_report([(one, MARKS), (other, MARKS[:1])], BY, tmp_path / "sr.dcm")
    found = read_report(tmp_path / "sr.dcm")
    assert [(m.x, m.y, m.width, m.height) for m in found] == [
        (1, 0, 3, 4),
        (4, 2, 2, 2),
        (1, 0, 3, 4),
    ]
    assert [m.score for m in found] == pytest.approx([0.25, 0.123456789, 0.25], abs=1e-8)
    uids = [pydicom.dcmread(file).SOPInstanceUID for file in (one, other)]
    assert [m.image for m in found] == [uids[0], uids[0], uids[1]]


def test_it_is_of_the_same_study_unverified_and_names_the_algorithm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report([(image(tmp_path), MARKS)], BY, tmp_path / "sr.dcm")
    # every value is checked against its kind while it is read
    mode = pydicom.config.settings
    monkeypatch.setattr(mode, "_reading_validation_mode", pydicom.config.RAISE)
    found = pydicom.dcmread(tmp_path / "sr.dcm")
    told = str(found)
    assert (found.Modality, found.VerificationFlag) == ("SR", "UNVERIFIED")
    assert (found.StudyInstanceUID, found.PatientID) == ("1.2.3.4", "p1")
    assert found.SeriesInstanceUID != "1.2.3.4.5"
    assert "SYNTHETIC" in found.SeriesDescription
    assert found.SoftwareVersions[0] == BY.fingerprint
    for word in ("find-spots", BY.fingerprint, "1500", "Suspected", "Certainty of Finding"):
        assert word in told


def test_the_same_marks_are_the_same_report(tmp_path: Path) -> None:
    file = image(tmp_path)
    uids = []
    for name, marks in (("1", MARKS), ("2", MARKS), ("3", MARKS[:1])):
        write_report([(file, marks)], BY, tmp_path / f"{name}.dcm")
        uids.append(pydicom.dcmread(tmp_path / f"{name}.dcm").SOPInstanceUID)
    assert uids[0] == uids[1] != uids[2]


def test_an_image_without_a_study_or_of_another_one_has_no_report(tmp_path: Path) -> None:
    bare = image(tmp_path, "a", StudyInstanceUID="", SeriesInstanceUID="")
    with pytest.raises(UnreadableError, match="no StudyInstanceUID and no SeriesInstanceUID"):
        write_report([(bare, MARKS)], BY, tmp_path / "sr.dcm")
    two = image(tmp_path, "b"), image(tmp_path, "c", StudyInstanceUID="1.2.9")
    with pytest.raises(UnreadableError, match="of another study"):
        write_report([(file, MARKS) for file in two], BY, tmp_path / "sr.dcm")
    others = two[0], image(tmp_path, "d", PatientID="p2")
    with pytest.raises(UnreadableError, match="of another patient"):
        write_report([(file, MARKS) for file in others], BY, tmp_path / "sr.dcm")
    assert not (tmp_path / "sr.dcm").exists()


def test_what_is_no_report_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no report of marks"):
        read_report(Path(image(tmp_path)))
    (tmp_path / "x.dcm").write_text("nothing")
    with pytest.raises(UnreadableError, match="no report of marks"):
        read_report(tmp_path / "x.dcm")
