"""What `roadworthy compress` prints: the answer, then every point from big to small."""

from __future__ import annotations

from roadworthy.cli import show
from roadworthy.core.compression import Compression, PointResult
from roadworthy.core.evidence import Measured
from roadworthy.core.verdict import Verdict
from roadworthy.io import compression_words as words
from roadworthy.io import telling
from roadworthy.workflow.compress import PAGE

POINTS = ("point", "net", "size", "p50 / p99", "memory", "CPU time", "in the sequence")
CELLS = ("point", "requirement", "must be", "seen", "bounds", "verdict")
AGAINST = ("point", "difference to the parent", "decides otherwise", "refers")


def compression(found: Compression) -> None:
    """The answer, what each point costs, what it shows, and how it differs from the parent."""
    show.line()
    show.line(f"{found.product}: {found.sentence}", style=show.STYLES[found.outcome])
    show.line()
    show.table(
        POINTS,
        [costs(one, found) for one in found.points],
        [show.STYLES[one.outcome] if one.point == found.kept else "" for one in found.points],
    )
    rows = [(one, verdict) for one in found.points for verdict in words.shown_cells(one)]
    show.table(CELLS, [_cell(*row) for row in rows], [show.STYLES[v.outcome] for _, v in rows])
    show.table(AGAINST, [_against(one) for one in found.points[1:]], [""] * len(found.points[1:]))
    for note in words.notes(found):
        show.line(note)
    show.line(f"page       .roadworthy/{PAGE}")


def costs(one: PointResult, found: Compression) -> tuple[str, ...]:
    """What a point costs, as the cells of a table."""
    mark = "> " if one.point == found.kept else "  "
    return (
        f"{mark}{one.point}",
        one.title,
        words.weight(one),
        words.clocks(one),
        words.memory(one.metered.peak_mb),
        words.less(found, one),
        words.WORDS[one.tested],
    )


def _cell(one: PointResult, verdict: Verdict) -> tuple[str, ...]:
    named = (
        f"{verdict.requirement} [{verdict.slice}]" if verdict.slice.keys else verdict.requirement
    )
    limit = telling.promise(verdict.metric, verdict.limit)
    if not isinstance(verdict.evidence, Measured):
        return (one.point, named, limit, "-", "-", str(verdict.outcome))
    return (
        one.point,
        named,
        limit,
        telling.estimate(verdict.evidence, verdict.limit),
        telling.bounds(verdict.evidence, verdict.limit),
        str(verdict.outcome),
    )


def _against(one: PointResult) -> tuple[str, ...]:
    return (one.point, words.difference(one), words.disagrees(one), words.refers(one))
