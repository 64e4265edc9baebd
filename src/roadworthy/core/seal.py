"""The sealed test set, and each time somebody opened it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Seal:
    """A set of cases that judges: its fingerprint, its size, and how often it may be opened."""

    fingerprint: str
    cases: int
    looks: int


@dataclass(frozen=True)
class Opening:
    """Permission to look, written down before anything was seen."""

    seal: str
    subject: str
    product: str
    at: str
