"""report: what is written of each case that the product cleared and nobody saw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import IO
from urllib.parse import quote

import polars as pl

from roadworthy.core import decided
from roadworthy.core.errors import BadInput
from roadworthy.core.policy import Route
from roadworthy.core.product import Product
from roadworthy.core.report import NormalReport
from roadworthy.core.shown import Shown
from roadworthy.io import tables
from roadworthy.io.decisions_read import Record, one_of, read_decisions
from roadworthy.io.report_text import ReportText
from roadworthy.io.whole_file import require_free, whole_folder
from roadworthy.workflow.load import Given, as_product

EXAMPLE = "reports"
BATCH = 5_000
LONGEST_NAME = 120
BULK = "DiagnosticReport.ndjson"


class Format(StrEnum):
    """How reports are written: a text a case, a FHIR resource a case, or all of those in a file."""

    TEXT = "text"
    FHIR = "fhir"
    NDJSON = "ndjson"


@dataclass(frozen=True)
class Reported(Shown):
    """How many of the ``cases`` of ``source`` were reported, in the folder ``out``.

    ``out`` is None where none was cleared: then nothing is written. ``first`` is the first text.
    """

    product: str
    source: str
    cases: int
    reports: int
    formats: tuple[Format, ...]
    out: Path | None
    first: str = ""

    @property
    def headline(self) -> str:
        """What was written, in one line."""
        where = "" if self.out is None else f" in {self.out}"
        return f"{self.product}: {self.reports:,} normal reports of {self.cases:,} cases{where}"

    def __repr__(self) -> str:
        return f"<Reported of {self.headline}>"


def report(
    decisions: object,
    out: str | Path,
    product: Given | None = None,
    template: str | Path | None = None,
    formats: Sequence[str] = (Format.TEXT,),
) -> Reported:
    """Writes a report of every cleared case to the folder ``out``; of no other case there is one.

    ``decisions`` is what `decide` wrote (a path), or its table (a frame). ``product`` says what was
    examined, the finding and whom to ask (`report:` in product.yaml), ``template`` is a Jinja2 file
    of the text. ``formats`` are of text (a file a case), fhir (a FHIR R4 DiagnosticReport a case)
    and ndjson (all of these in one file).

    Raises:
        BadInput: these are no decisions, they are another product's, the template names what no
            case has, ``out`` holds something or cannot be written, or a library is missing.
    """
    wanted = _formats(formats)
    given = None if product is None else as_product(product)
    record = read_decisions(getattr(decisions, "table", decisions))
    counted, named = _counted(record)
    name = one_of(named, "several products")
    _require_same(given, named, record.source)
    text = ReportText(_words(given), record, _template(given, template))
    folder = Path(out)
    require_free(folder, "reports", EXAMPLE)
    first, written = "", 0
    with whole_folder(folder, EXAMPLE, empty=counted[1] == 0) as into, ExitStack() as open_files:
        writers = [_writer(one, into, _words(given), open_files) for one in wanted]
        for row in _cleared(record):
            context = text.context(row)
            told = text.of(context)
            for write in writers:
                write(str(row[decided.ID]), context, told)
            first, written = first or told, written + 1
    target = folder if written else None
    return Reported(name, record.source, counted[0], written, wanted, target, first)


Write = Callable[[str, dict[str, object], str], None]


def _writer(kind: Format, into: Path, words: NormalReport, open_files: ExitStack) -> Write:
    """What writes one report in one way."""
    if kind is Format.TEXT:
        return lambda case, _, text: _put(into, case, ".txt", text)
    from roadworthy.io.fhir import DiagnosticReports

    made = DiagnosticReports(words.code)
    if kind is Format.FHIR:
        return lambda case, context, text: _put(into, case, ".json", made.of(context, text) + "\n")
    bulk: IO[str] = open_files.enter_context((into / BULK).open("w", encoding="utf-8"))
    return lambda _, context, text: _line(bulk, made.of(context, text))


def _put(into: Path, case: str, suffix: str, text: str) -> None:
    (into / f"{file_name(case)}{suffix}").write_text(text, encoding="utf-8")


def _line(bulk: IO[str], text: str) -> None:
    bulk.write(text + "\n")


def file_name(case: str) -> str:
    """An id as the name of a file that is valid everywhere, and that no other id has.

    >>> file_name("7/../a"), file_name("7")
    ('7%2F%2E%2E%2Fa', '7')
    """
    name = quote(case, safe=" ").replace(".", "%2E").replace("~", "%7E")
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME]}-{sha256(case.encode()).hexdigest()[:16]}"


def _formats(wanted: Sequence[str]) -> tuple[Format, ...]:
    known = [str(one) for one in Format]
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    for name in names:
        if name not in known:
            raise BadInput(
                f"there is no format '{name}'.",
                code="usage",
                where="--format",
                value=name,
                next_step=f"Write one of {', '.join(known)}.",
            )
    return tuple(dict.fromkeys(Format(name) for name in names)) or (Format.TEXT,)


def _counted(record: Record) -> tuple[tuple[int, int], list[str | None]]:
    """How many cases there are and how many are cleared, and of which products."""
    cleared = pl.col(decided.ROUTE) == Route.CLEAR.value
    asked = record.rows.select(
        pl.len().alias("cases"),
        cleared.sum().alias("cleared"),
        pl.col(decided.PRODUCT).unique().implode(),
    )
    found = tables.collect(asked, record.source)
    return (int(found["cases"][0]), int(found["cleared"][0])), found[decided.PRODUCT][0].to_list()


def _cleared(record: Record) -> Iterator[dict[str, object]]:
    """The cleared cases, some at a time, so that any number of them fits into memory."""
    present = record.rows.collect_schema().names()
    wanted = [name for name in (*decided.COLUMNS, *record.extra) if name in present]
    rows = record.rows.filter(pl.col(decided.ROUTE) == Route.CLEAR.value).select(wanted)
    if not hasattr(pl.LazyFrame, "collect_batches"):  # pragma: no cover (polars below 1.34)
        yield from tables.collect(rows, record.source).iter_rows(named=True)
        return
    for batch in rows.collect_batches(chunk_size=BATCH, maintain_order=True):
        yield from batch.iter_rows(named=True)


def _words(product: Product | None) -> NormalReport:
    return NormalReport() if product is None else product.report


def _template(product: Product | None, template: str | Path | None) -> Path | None:
    if template is not None:
        return Path(template)
    own = _words(product).template
    return product.folder / own if product is not None and own else None


def _require_same(product: Product | None, named: Sequence[str | None], source: str) -> None:
    others = [name for name in named if product is not None and name != product.name]
    if product is not None and others:
        raise BadInput(
            f"these decisions are of '{others[0]}', and {product.file.name} is of "
            f"'{product.name}'.",
            code="other_product",
            where=source,
            value=others[0],
            next_step="Name the product.yaml that decided: `--product FILE`.",
        )
