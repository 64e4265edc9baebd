"""marks: what the product marks in open images, for people to look at and for other tools to read.

Sealed cases are never among them: a picture of one would be a look at it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from roadworthy import __version__
from roadworthy.core import columns
from roadworthy.core.errors import BadInput, Refused
from roadworthy.core.images import Unread
from roadworthy.core.marks import Box, Mark, MarkRules
from roadworthy.core.model import Model
from roadworthy.core.product import Product, SetName
from roadworthy.core.shown import Shown
from roadworthy.io import box_table, images
from roadworthy.io.box_table import listed
from roadworthy.io.coco import CocoImage, coco
from roadworthy.io.images import UnreadableError
from roadworthy.io.marks_page import Pictured, page
from roadworthy.io.whole_file import require_free, whole_folder
from roadworthy.stats.froc import froc
from roadworthy.store.workspace import Workspace
from roadworthy.workflow import imaging
from roadworthy.workflow.load import Given, as_product
from roadworthy.workflow.marking import files_of_images, outcome, with_marks
from roadworthy.workflow.new_cases import new_cases
from roadworthy.workflow.set_aside import sealed_names
from roadworthy.workflow.source import Parted, known, load_cases, name_of
from roadworthy.workflow.subject import load_model

EXAMPLE = "marks"
PICTURES = 24
# the rates that FROC studies report (van Ginneken et al. 2010, Med Image Anal 14:707)
RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Point:
    """With at most ``false_marks`` an image: which share of lesions is found, from which score."""

    false_marks: float
    found: float
    threshold: float


@dataclass(frozen=True)
class Marked(Shown):
    """What was marked on the cases of ``set``, and where it was written (None: nowhere).

    ``marks`` are those shown, on ``marked_images`` of ``images``. ``found`` of ``lesions`` have one
    and ``false`` marks find none (None: no true box is known). ``curve`` says what other mark
    thresholds would do. ``pictures`` and ``reports`` are how many files of each kind there are,
    ``unread`` images that cannot be read, ``unreported`` cases without a DICOM report, and why.
    """

    product: str
    set: str
    cases: int
    images: int
    threshold: float
    marks: int
    marked_images: int
    lesions: int | None
    found: int | None
    false: int | None
    curve: tuple[Point, ...]
    pictures: int
    reports: int
    unread: tuple[Unread, ...]
    unreported: tuple[tuple[str, str], ...]
    into: Path

    def __repr__(self) -> str:
        return f"<Marked {self.headline}>"

    @property
    def headline(self) -> str:
        """What was marked, in one line."""
        return f"{self.product}: {self.marks:,} marks on {self.images:,} images of {self.set}"


@dataclass(frozen=True)
class _Image:
    """One image of a case, with its boxes; ``size`` is height and width."""

    case: str
    column: str
    path: str
    file: str
    size: tuple[int, int]
    truths: list[dict[str, Any]] | None
    shown: list[dict[str, Any]]


def marks(
    product: Given,
    into: str | Path = EXAMPLE,
    on: object | None = None,
    pictures: int = PICTURES,
) -> Marked:
    """Writes the marks on held-out open cases, or on the new cases ``on``, to the folder ``into``.

    ``marks.json`` holds them as COCO JSON (``truth.json`` the true boxes, where they are known),
    ``pictures/`` up to ``pictures`` images with both drawn over them, ``index.html`` shows these,
    and ``reports/`` has a DICOM Structured Report for every case of DICOM images with a mark.
    ``on`` is a table or a frame without truth; by default validation cases are taken.

    Raises:
        BadInput: no marks are declared, the model says nothing of where, or ``into`` holds
            something or cannot be written.
        Refused: sealed cases are among those of ``on``.
    """
    product, folder = as_product(product), Path(into)
    rules = _require_marks(product)
    require_free(folder, "marks", EXAMPLE, "--into")
    parted = load_cases(product)
    model = load_model(product, Workspace.beside(product.file), parted.schema)
    cases = _cases(product, parted, model, on)
    cases = with_marks(cases, product, model)
    if cases[columns.MARKS].null_count():
        raise _says_nothing(model)
    found, unread = _images(cases, product, rules, model)
    with whole_folder(folder, EXAMPLE, "--into") as to:
        _write_coco(to, found, product, model, rules)
        drawn = _write_pictures(to, found, rules, pictures)
        shown = page(product.name, _set(product, parted, on), drawn)
        (to / "index.html").write_text(shown, encoding="utf-8")
        reports, unreported = _write_reports(to, found, product, model)
    known_truth = columns.BOXES in cases.columns and not cases[columns.BOXES].null_count()
    counts = _counted(cases, rules) if known_truth else (None, None, None)
    return Marked(
        product=product.name,
        set=_set(product, parted, on),
        cases=cases.height,
        images=len(found),
        threshold=rules.threshold,
        marks=sum(len(one.shown) for one in found),
        marked_images=sum(bool(one.shown) for one in found),
        lesions=counts[0],
        found=counts[1],
        false=counts[2],
        curve=_curve(cases, rules, len(found)) if known_truth else (),
        pictures=len(drawn),
        reports=reports,
        unread=unread,
        unreported=unreported,
        into=folder,
    )


def _require_marks(product: Product) -> MarkRules:
    if product.marks is None:
        raise BadInput(
            "no marks are declared.",
            code="no_marks",
            where=f"{product.file.name}: marks",
            next_step="Add `marks: {boxes: boxes.csv}` with the table of true boxes, or `marks: "
            "{threshold: 0.5}` where there is none.",
        )
    return product.marks


def _says_nothing(model: Model) -> BadInput:
    return BadInput(
        f"{model.name} says nothing of where in an image it looks.",
        code="no_marks",
        where="marks",
        value=model.name,
        next_step="Train a net on images, `data: {features: {image: ...}}`, or name a table of "
        "marks: `marks: {table: FILE}`.",
    )


def _set(product: Product, parted: Parted, on: object | None) -> str:
    if on is not None:
        return name_of(on)
    return str(SetName.VALIDATION) if parted.split else ", ".join(product.data.cases)


def _cases(product: Product, parted: Parted, model: Model, on: object | None) -> pl.DataFrame:
    if on is None:
        return parted.open(SetName.VALIDATION)
    own = product.data.images
    needed = [*filter(None, model.needs), *(own.columns if own else ())]
    cases = new_cases(product, parted, on, needed)
    sealed = int(known(cases, np.union1d(parted.sealed_names(), sealed_names(product))).sum())
    if sealed:
        raise Refused(
            f"{sealed} of its {cases.height} cases are in the sealed set.",
            code="sealed_cases",
            where=name_of(on),
            value=sealed,
            next_step="Leave them out: a picture of one would be a look at it.",
        )
    return cases


def _images(
    cases: pl.DataFrame, product: Product, rules: MarkRules, model: Model
) -> tuple[list[_Image], tuple[Unread, ...]]:
    """The readable images of the cases with their boxes, and the images that are not.

    All pixels are unpacked for that, as where the marks were made: a header promises little.
    """
    found, unread = [], list(imaging.unread(cases, model))
    refused = {(one.case, one.column) for one in unread}
    files = files_of_images(cases, product)
    truths = cases[columns.BOXES] if columns.BOXES in cases.columns else [None] * cases.height
    for at, (case, marked, true) in enumerate(
        zip(cases[columns.ID], cases[columns.MARKS], truths, strict=True)
    ):
        shown = [one for one in listed(marked) if one["score"] >= rules.threshold]
        for column in box_table.image_columns(product):
            if (case, column) in refused:
                continue
            file = files[column][at]
            path = str(cases[column][at]) if column in cases.columns else column
            if file is None:
                unread.append(Unread(case, column, None, "names no image", missing=True))
                continue
            try:
                size = images.size(file)
            except UnreadableError as problem:
                missing = not images.is_plain_file(file)
                unread.append(Unread(case, column, path, str(problem), missing))
                continue
            own = None if true is None else [b for b in listed(true) if b["image"] == column]
            ours = [one for one in shown if one["image"] == column]
            found.append(_Image(case, column, path, file, size, own, ours))
    return found, tuple(unread)


def _write_coco(
    to: Path, found: Sequence[_Image], product: Product, model: Model, rules: MarkRules
) -> None:
    about = {
        "description": f"marks of {product.name} from a score of {rules.threshold:g} on",
        "model": model.name,
        "version": model.fingerprint,
        "roadworthy": __version__,
    }
    _dump(to / "marks.json", coco((_coco(one, one.shown) for one in found), about))
    if all(one.truths is not None for one in found) and found:
        told = {"description": f"true boxes of {product.name}"}
        _dump(to / "truth.json", coco((_coco(one, one.truths or []) for one in found), told))


def _coco(one: _Image, boxes: list[dict[str, Any]]) -> CocoImage:
    return CocoImage(one.path, one.case, one.column, *one.size, boxes)


def _dump(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def _write_pictures(
    to: Path, found: Sequence[_Image], rules: MarkRules, most: int
) -> list[Pictured]:
    """The first images, in the order of the cases, on which there is anything to see."""
    drawn: list[Pictured] = []
    (to / "pictures").mkdir()
    for one in found:
        if len(drawn) == most:
            break
        if not one.shown and not one.truths:
            continue
        name = f"pictures/{len(drawn) + 1:03}.png"
        try:
            images.draw(one.file, _boxes(one.truths or []), _marks(one.shown), to / name)
        except UnreadableError:
            continue
        drawn.append(Pictured(name, one.case, one.path, len(one.shown), *_found(one, rules)))
    return drawn


def _found(one: _Image, rules: MarkRules) -> tuple[int | None, int]:
    """How many true boxes there are (None: nobody knows), and how many of them a mark finds."""
    if one.truths is None:
        return None, 0
    best, _ = outcome(box_table.told(one.truths), box_table.told(one.shown), rules.hit)
    return len(best), int((best >= 0.0).sum())


def _boxes(told: list[dict[str, Any]]) -> list[Box]:
    return [Box(one["x"], one["y"], one["width"], one["height"]) for one in told]


def _marks(told: list[dict[str, Any]]) -> list[Mark]:
    return [Mark(*_whole(one), one["score"]) for one in told]


def _whole(one: dict[str, Any]) -> tuple[int, int, int, int]:
    x, y, width, height = (round(one[side]) for side in ("x", "y", "width", "height"))
    return x, y, max(width, 1), max(height, 1)


def _write_reports(
    to: Path, found: Sequence[_Image], product: Product, model: Model
) -> tuple[int, tuple[tuple[str, str], ...]]:
    """A report for every case of DICOM images with a mark; the cases without one, and why."""
    by = images.MarkedBy(product.name, model.name, model.fingerprint, __version__)
    written, unreported = 0, []
    for case, some in _by_case(found):
        marked = [(one.file, _marks(one.shown)) for one in some if one.shown]
        if not marked or not all(images.is_dicom(file) for file, _ in marked):
            continue
        (to / "reports").mkdir(exist_ok=True)
        try:
            images.write_report(marked, by, to / "reports" / f"{written + 1:06}.dcm")
            written += 1
        except UnreadableError as problem:
            unreported.append((case, str(problem)))
    return written, tuple(unreported)


def _by_case(found: Sequence[_Image]) -> Iterator[tuple[str, list[_Image]]]:
    cases: dict[str, list[_Image]] = {}
    for one in found:
        cases.setdefault(one.case, []).append(one)
    yield from cases.items()


def _counted(cases: pl.DataFrame, rules: MarkRules) -> tuple[int, int, int]:
    best, false = _scores(cases, rules)
    at = rules.threshold
    return len(best), int((best >= at).sum()), int((false >= at).sum())


def _scores(cases: pl.DataFrame, rules: MarkRules) -> tuple[Any, Any]:
    told = zip(cases[columns.BOXES], cases[columns.MARKS], strict=True)
    each = [outcome(boxes, marked, rules.hit) for boxes, marked in told]
    empty = np.empty(0)
    best, false = (np.concatenate([empty, *side]) for side in zip(*each, strict=True))
    return best, false


def _curve(cases: pl.DataFrame, rules: MarkRules, count: int) -> tuple[Point, ...]:
    """The most lesions that can be found with each rate of false marks."""
    best, false = _scores(cases, rules)
    if not len(best) or not count:
        return ()
    curve = froc(best, false, count)
    points = []
    for rate in RATES:
        within = np.flatnonzero(curve.false_marks <= rate)
        if len(within):
            at = int(within[np.argmax(curve.found[within])])
            points.append(Point(rate, float(curve.found[at]), float(curve.threshold[at])))
        if len(within) == len(curve.threshold):
            break
    return tuple(points)
