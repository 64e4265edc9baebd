"""How `roadworthy images` is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roadworthy.cli.show import line
from roadworthy.io.levels import counts

if TYPE_CHECKING:
    from roadworthy.workflow.image_files import Looked

SHOWN = 20


def looked_json(found: Looked) -> dict[str, Any]:
    """What was seen as one JSON object."""
    return {
        "schema": 1,
        "images": found.images,
        "cases": found.cases,
        "unread": [
            {
                "case": one.case,
                "column": one.column,
                "file": one.file,
                "code": one.code,
                "why": one.why,
            }
            for one in found.unread
        ],
        "sizes": [
            {"width": width, "height": height, "bits": bits, "images": count}
            for (width, height, bits), count in found.sizes
        ],
        "context": found.context.columns,
        "written": None if found.written is None else str(found.written),
    }


def looked(found: Looked) -> None:
    """How many could be read, which could not and why, and what the headers say."""
    line(f"{found.images - len(found.unread):,} of {found.images:,} images can be read.")
    for (width, height, bits), count in found.sizes[:SHOWN]:
        line(f"  {width} x {height}, {bits} bit  {count:,}")
    for one in found.unread[:SHOWN]:
        line(f"  {one}")
    if len(found.unread) > SHOWN:
        line(f"  and {len(found.unread) - SHOWN:,} more; `--json` names them all")
    if found.unread:
        line("Training leaves such cases out; a triage product refers them, any other stops.")
    for name in found.context.columns:
        line(f"  {name}: {counts(found.context[name], 6)}")
    if found.written is not None:
        line(f"written: {found.written}")
