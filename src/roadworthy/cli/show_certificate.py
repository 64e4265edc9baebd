"""The certificate of a triage product on the terminal: what is guaranteed, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.cli import show
from roadworthy.core.certificate import Certificate
from roadworthy.core.plan import PlannedRisk
from roadworthy.io import certificate_words as words


def certificate(found: Certificate) -> None:
    """Each side in a sentence, where open cases go, and what it rests on."""
    asked = f"  {words.requirement(found)}"
    show.line(f"Certificate: {found.outcome}", asked, style=show.STYLES[found.outcome])
    for side in found.sides:
        show.line(f"  {side.side:<6} {words.guaranteed(side, found.confidence)}")
        for told in (*words.missing(side), *words.protected(side)):
            show.line(f"         {told}")
    for told in words.on_open(found):
        show.line(f"  {told}")
    for told in words.rests_on(found):
        show.line(f"  {told}")
    show.line()


def planned_certificate(found: Sequence[PlannedRisk]) -> None:
    """How many calibration cases certify each risk, and how many audits would show it at work."""
    show.line("The certificate takes calibration cases of their own:", style="bold")
    for risk in found:
        for told in words.planned(risk):
            show.line(f"  {told}")
