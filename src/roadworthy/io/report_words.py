"""The words of what the report of a cleared case says."""

from __future__ import annotations

from typing import Annotated

from roadworthy.core.report import Coding, NormalReport
from roadworthy.io.shapes import Checked, Words, shown, wrong
from roadworthy.io.words import Text


def _address(value: object) -> str:
    told = value.strip() if isinstance(value, str) else ""
    if ":" not in told or any(letter.isspace() for letter in told):
        step = "Write the code system's own, such as http://loinc.org."
        raise wrong(f"must be an address, not {shown(value)}", step)
    return told


class CodingWords(Words):
    """A code that other systems know what was examined by."""

    system: Annotated[str, Checked(_address, {"type": "string", "pattern": ":"})]
    """The address of the code system, such as http://loinc.org."""
    code: Text
    """The code, such as 24606-6; in quotation marks if it is a number."""
    display: Text = ""
    """What the code system calls it."""

    def core(self) -> Coding:
        """The code that this describes."""
        return Coding(self.system, self.code, self.display)


class ReportWords(Words):
    """What `roadworthy report` writes of each cleared case."""

    examined: Text = ""
    """What was examined, such as Screening mammogram."""
    finding: Text = ""
    """What the report says of a cleared case, in the words of those who read it."""
    contact: Text = ""
    """Whom to ask about a report."""
    template: Text = ""
    """A Jinja2 template of the text, relative to this file; by default roadworthy's own."""
    code: CodingWords | None = None
    """The code of what was examined, for FHIR."""

    def core(self) -> NormalReport:
        """The report that this describes."""
        code = None if self.code is None else self.code.core()
        return NormalReport(self.examined, self.finding, self.contact, self.template, code)
