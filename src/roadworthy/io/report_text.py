"""The text of a normal report: a template of the team's, or roadworthy's own, filled in by case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment

from roadworthy.core import decided
from roadworthy.core.errors import BadInput
from roadworthy.core.report import NormalReport
from roadworthy.io import telling
from roadworthy.io.box_table import listed
from roadworthy.io.decision_words import why
from roadworthy.io.decisions_read import Record
from roadworthy.io.harmless import harmless, one_line
from roadworthy.io.nearest import did_you_mean

OWN = "normal_report.txt.j2"
FINDING = "Nothing that the product looks for was found."
MADE = (
    *("why", "date", "examined", "finding", "contact", "purpose"),
    *("guarantee", "no_guarantee", "audited", "marked"),
)
"""What a template may name beside the columns of the record."""


class ReportText:
    """Fills in one template for case after case.

    Raises:
        BadInput: the template cannot be read, is none, or names what no case has.
    """

    def __init__(self, words: NormalReport, record: Record, template: Path | None) -> None:
        self._words, self._record = words, record
        self._where = "the template" if template is None else str(template)
        self._template = self._compiled(_source(template))

    def context(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that a template may name of one case; text stays on its line, and harmless."""
        told = {name: row.get(name) for name in (*decided.COLUMNS, *self._record.extra)}
        at, product = row[decided.DECIDED_AT], one_line(str(row[decided.PRODUCT]))
        words, record = self._words, self._record
        certified = row[decided.CERTIFICATE_FINGERPRINT] is not None
        return {
            **{name: _shown(value) for name, value in told.items()},
            "why": why(str(row[decided.REASON]), str(row[decided.SCOPE_REASONS] or "")),
            "date": f"{at:%Y-%m-%d %H:%M} UTC" if isinstance(at, datetime) else "at a time unknown",
            "examined": harmless(words.examined or f"Case of {product}"),
            "finding": harmless(words.finding or FINDING),
            "contact": harmless(words.contact or f"the team that runs {product}"),
            "audited": telling.percent(share) if (share := row[decided.AUDIT_PROBABILITY]) else "",
            "marked": _marked(row.get(decided.MARKS)),
            "purpose": harmless(record.purpose),
            "guarantee": harmless(record.guarantee) if certified else "",
            "no_guarantee": _NOT_TOLD if certified else _NOT_CERTIFIED,
        }

    def of(self, context: Mapping[str, Any]) -> str:
        """The text of one case."""
        try:
            return self._template.render(context).strip() + "\n"
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as problem:
            raise BadInput(
                f"the template fails for case {context[decided.ID]!r}: "
                f"{one_line(str(problem) or type(problem).__name__)}.",
                code="bad_template",
                where=self._where,
                value=str(context[decided.ID]),
                next_step="Mend the template; a value that may be missing needs `{% if %}`.",
            ) from problem

    def _compiled(self, source: str) -> Template:
        environment = SandboxedEnvironment(
            undefined=StrictUndefined, finalize=_finalized, trim_blocks=True, lstrip_blocks=True
        )
        try:
            named = meta.find_undeclared_variables(environment.parse(source))
            known = {*decided.COLUMNS, *MADE, *self._record.extra}
            self._require_known(named - known - set(environment.globals), known)
            return environment.from_string(source)
        except TemplateSyntaxError as problem:
            raise BadInput(
                f"line {problem.lineno} is no Jinja2: {one_line(problem.message or '')}.",
                code="bad_template",
                where=self._where,
                value=problem.lineno,
                next_step="Mend that line: https://jinja.palletsprojects.com/templates.",
            ) from problem

    def _require_known(self, unknown: set[str], known: set[str]) -> None:
        if unknown:
            first = sorted(unknown)[0]
            raise BadInput(
                f"the template names '{first}', which no case has.",
                code="unknown_variable",
                where=self._where,
                value=sorted(unknown),
                next_step=did_you_mean(first, known, "words"),
            )


def _marked(marks: object) -> str:
    """How many marks are shown; empty where nothing says where."""
    if marks is None:
        return ""
    count = len(listed(str(marks)))
    return f"{count} mark{'s' * (count != 1)}" if count else "no mark"


_NOT_TOLD = "What its certificate guarantees is not in this record of decisions; ask for it."
_NOT_CERTIFIED = "No certificate says how many such cases are cleared wrongly."


def _source(template: Path | None) -> str:
    if template is None:
        return files("roadworthy.io").joinpath(OWN).read_text(encoding="utf-8")
    try:
        return template.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        told = getattr(problem, "strerror", None) or "it is no UTF-8 text"
        raise BadInput(
            f"the template '{template}' cannot be read: {told}.",
            code="bad_template",
            where=str(template),
            value=str(template),
            next_step="Name a text file: `--template FILE`.",
        ) from problem


def _shown(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    return one_line(value) if isinstance(value, str) else value


def _finalized(value: object) -> object:
    """What stands in the text; a gap is told, never left out."""
    return "not known" if value is None else value
