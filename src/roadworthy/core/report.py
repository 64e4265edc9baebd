"""What the report of a cleared case says in the team's own words, and by which code it is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Coding:
    """A code that other systems know, such as LOINC's 24606-6 for a screening mammogram."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True)
class NormalReport:
    """``examined`` names what was looked at, ``finding`` what a cleared case is told to be.

    ``contact`` is whom to ask; ``template`` a Jinja2 file relative to product.yaml; empty ones, and
    no ``code``, are filled in from what the decisions say of the product.
    """

    examined: str = ""
    finding: str = ""
    contact: str = ""
    template: str = ""
    code: Coding | None = None
