"""Boxes as COCO JSON, which tools for labelling and pycocotools read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CATEGORY = {"id": 1, "name": "suspect", "supercategory": "mark"}


@dataclass(frozen=True)
class CocoImage:
    """One image: its file as the table of cases has it, its case, its size, and its boxes.

    Boxes have ``x``, ``y``, ``width`` and ``height``, and a ``score`` where they are marks.
    """

    file: str
    case: str
    column: str
    height: int
    width: int
    boxes: Sequence[Mapping[str, Any]]


def coco(images: Iterable[CocoImage], about: Mapping[str, str]) -> dict[str, Any]:
    """The object that ``json.dump`` writes; ``about`` says where the boxes are from.

    Format: cocodataset.org/#format-data (object detection; a box is [x, y, width, height]).
    """
    told: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for number, one in enumerate(images, 1):
        size = {"width": one.width, "height": one.height}
        whose = {"case": one.case, "column": one.column}
        told.append({"id": number, "file_name": one.file, **size, **whose})
        for box in one.boxes:
            boxes.append({"id": len(boxes) + 1, "image_id": number, **_annotation(box)})
    return {
        "info": dict(about),
        "licenses": [],
        "images": told,
        "categories": [CATEGORY],
        "annotations": boxes,
    }


def _annotation(box: Mapping[str, Any]) -> dict[str, Any]:
    x, y, width, height = (box[side] for side in ("x", "y", "width", "height"))
    scored = {"score": box["score"]} if "score" in box else {}
    outline = [[x, y, x + width, y, x + width, y + height, x, y + height]]
    return {
        "category_id": CATEGORY["id"],
        "bbox": [x, y, width, height],
        "area": width * height,
        "iscrowd": 0,
        "segmentation": outline,
        **scored,
    }
