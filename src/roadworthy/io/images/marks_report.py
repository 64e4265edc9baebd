"""Marks on DICOM images as a Structured Report (Comprehensive SR, TID 1500), by highdicom.

Each mark is a planar region: a closed polyline of pixels on its image, named a lesion that software
suspects, with the certainty that the software gives it. The report is of the same patient and study
as the images, UNVERIFIED, and bears the algorithm's name and the model's fingerprint.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from roadworthy.core.errors import BadInput
from roadworthy.core.marks import Mark
from roadworthy.io.images.picture import UnreadableError

if TYPE_CHECKING:
    from pydicom import Dataset

SERIES = 9001
SYNTHETIC = "SYNTHETIC"
# what a report must name of each of its images
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
# what may be unknown of a patient and a study, and must be there all the same (type 2)
_MAY_BE_EMPTY = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber"),
    *("StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName"),
)
_SAYS_SO = ("ImageComments", "SeriesDescription", "PatientName", "PatientComments")


@dataclass(frozen=True)
class MarkedBy:
    """What made the marks: the product, its model's name, and the model's fingerprint."""

    product: str
    model: str
    fingerprint: str
    roadworthy: str


@dataclass(frozen=True)
class ReadMark:
    """A mark as a report has it: on which image (SOP instance UID), where, how sure (0 to 1)."""

    image: str
    x: float
    y: float
    width: float
    height: float
    score: float


def write_report(images: Sequence[tuple[str, Sequence[Mark]]], by: MarkedBy, into: Path) -> None:
    """Writes the report of one case: its DICOM files with the marks on each, at least one mark.

    What was written is read again, and every region compared.

    Raises:
        UnreadableError: a file is no DICOM image, lacks a UID, or is of another patient or study.
        BadInput: highdicom is not installed.
        RuntimeError: what was read again is something else.
    """
    hd = _highdicom()
    sources = [_source(file) for file, _ in images]
    _require_one_study(sources)
    marked = [(source, marks) for source, (_, marks) in zip(sources, images, strict=True)]
    with warnings.catch_warnings():
        # how the names of patients are written is the source's own
        warnings.filterwarnings("ignore", module="highdicom")
        report = _report(hd, marked, by)
    report.save_as(into, enforce_file_format=True)
    if sorted(map(repr, read_report(into))) != sorted(map(repr, _expected(marked))):
        raise RuntimeError(f"the marks in {into} are not those that were written")


def read_report(file: Path) -> list[ReadMark]:
    """The marks of a Structured Report.

    Raises:
        UnreadableError: it is none with planar regions.
        BadInput: highdicom is not installed.
    """
    hd = _highdicom()
    try:
        report = hd.sr.srread(file)
        groups = report.content.get_planar_roi_measurement_groups()
        return [_read(hd, group) for group in groups]
    except Exception as problem:  # whatever a reader makes of a stranger's bytes
        raise UnreadableError(f"is no report of marks: {problem}") from problem


def _highdicom() -> Any:
    try:
        import highdicom
    except ImportError as problem:
        raise BadInput(
            "highdicom writes DICOM reports, and it is not installed.",
            code="missing_extra",
            where="--into",
            next_step="Run `pip install 'roadworthy[dicom]'`.",
        ) from problem
    return highdicom


def _source(file: str) -> Dataset:
    from pydicom import dcmread

    try:
        found = dcmread(file, stop_before_pixels=True)
    except Exception as problem:  # whatever a reader makes of a stranger's bytes
        raise UnreadableError(f"is no DICOM file: {problem}") from problem
    lacking = [name for name in _UIDS if not found.get(name)]
    if lacking:
        raise UnreadableError(f"has no {' and no '.join(lacking)}")
    for name in _MAY_BE_EMPTY:
        if name not in found:
            setattr(found, name, None)
    return found


def _require_one_study(sources: Sequence[Dataset]) -> None:
    first = sources[0]
    for name, what in (("PatientID", "patient"), ("StudyInstanceUID", "study")):
        if any(one.get(name) != first.get(name) for one in sources):
            raise UnreadableError(f"is of another {what} than the other images of its case")


def _report(hd: Any, marked: Sequence[tuple[Dataset, Sequence[Mark]]], by: MarkedBy) -> Any:
    from pydicom.sr.codedict import codes

    named = [
        by.fingerprint,
        *(str(one.SOPInstanceUID) for one, _ in marked),
        repr(_expected(marked)),
    ]

    def uid(what: str) -> str:
        # the same marks are the same report, however often it is written
        return _uid("\0".join([what, *named]))

    device = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=uid("device"), name=_short(by.product), model_name=_short(by.model)
        ),
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=device),
        procedure_reported=hd.sr.CodedConcept("363679005", "SCT", "Imaging procedure"),
        imaging_measurements=[
            _region(hd, codes, source, mark, by, uid(f"mark {at} {place}"), f"mark {at + 1}")
            for place, (source, marks) in enumerate(marked)
            for at, mark in enumerate(marks)
        ],
        title=codes.DCM.ImagingMeasurementReport,
    )
    sources = [source for source, _ in marked]
    report = hd.sr.ComprehensiveSR(
        evidence=sources,
        content=content,
        series_number=SERIES,
        series_instance_uid=uid("series"),
        sop_instance_uid=uid("report"),
        instance_number=1,
        manufacturer=_short(by.product),
        is_complete=True,
        is_final=False,
        is_verified=False,
    )
    synthetic = any(SYNTHETIC in str(one.get(name, "")) for one in sources for name in _SAYS_SO)
    report.SeriesDescription = _short(f"{SYNTHETIC}, no patient" if synthetic else "Marks")
    report.ManufacturerModelName = _short(by.model)
    report.SoftwareVersions = [by.fingerprint[:64], _short(f"roadworthy {by.roadworthy}")]
    return report


def _region(
    hd: Any, codes: Any, source: Dataset, mark: Mark, by: MarkedBy, uid: str, name: str
) -> Any:
    corners = [
        (mark.x, mark.y),
        (mark.x + mark.width, mark.y),
        (mark.x + mark.width, mark.y + mark.height),
        (mark.x, mark.y + mark.height),
        (mark.x, mark.y),
    ]
    region = hd.sr.ImageRegion(
        graphic_type=hd.sr.GraphicTypeValues.POLYLINE,
        graphic_data=np.array(corners, dtype=np.float64),
        source_image=hd.sr.SourceImageForRegion.from_source_image(source),
    )
    certainty = hd.sr.Measurement(
        name=codes.DCM.CertaintyOfFinding, value=_per_cent(mark), unit=codes.UCUM.Percent
    )
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=uid, identifier=name),
        referenced_region=region,
        finding_type=codes.SCT.Lesion,
        finding_category=hd.sr.CodedConcept("415684004", "SCT", "Suspected"),
        algorithm_id=hd.sr.AlgorithmIdentification(
            name=by.product, version=by.fingerprint, parameters=[f"model {by.model}"]
        ),
        measurements=[certainty],
    )


def _per_cent(mark: Mark) -> float:
    # a decimal string holds 16 characters
    return round(100.0 * mark.score, 6)


def _read(hd: Any, group: Any) -> ReadMark:
    region = group.roi
    corners = np.asarray(region.value, dtype=np.float64)
    low, size = corners.min(axis=0), np.ptp(corners, axis=0)
    (sure,) = group.get_measurements()
    image = region.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID
    left, top, width, height = map(float, (*low, *size))
    return ReadMark(str(image), left, top, width, height, round(float(sure.value) / 100.0, 8))


def _expected(marked: Sequence[tuple[Dataset, Sequence[Mark]]]) -> list[ReadMark]:
    return list(_expect(marked))


def _expect(marked: Sequence[tuple[Dataset, Sequence[Mark]]]) -> Iterator[ReadMark]:
    for source, marks in marked:
        for one in marks:
            score = round(_per_cent(one) / 100.0, 8)
            uid, at = str(source.SOPInstanceUID), (float(one.x), float(one.y))
            yield ReadMark(uid, *at, float(one.width), float(one.height), score)


def _uid(text: str) -> str:
    """A UID from a UUID (PS3.5 B.2)."""
    return f"2.25.{uuid5(NAMESPACE_URL, f'roadworthy:marks:{text}').int}"


def _short(text: str) -> str:
    """A long string of DICOM holds 64 characters, and no backslash."""
    return text.replace("\\", "/")[:64]
