"""The observations a verdict rests on, and the types that keep sealed ones from leaking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from roadworthy.core.certificate import Certificate
from roadworthy.core.subject import Subject

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Study:
    """A subject and its named observation tables; ``set`` says which cases they are.

    ``levels`` are the slice levels that other open data of the product holds: the judged data must
    show them too, or say that it lacks them. ``candidates`` is among how many the subject was
    chosen on these very cases; 1 means that they are fresh. ``certificate`` is that of a triage
    product. ``share`` is the share of alpha that this look at a sealed set may spend.
    """

    subject: Subject
    set: str
    tables: Mapping[str, pl.DataFrame]
    open_levels: pl.DataFrame | None = None
    candidates: int = 1
    missing_tables: Mapping[str, str] = field(default_factory=dict)
    certificate: Certificate | None = None
    share: float = 1.0


@dataclass(frozen=True)
class OpenStudy(Study):
    """A study on open data: the only kind that training, tuning, levers and paths accept."""
