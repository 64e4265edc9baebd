"""One profile for property tests: a busy machine is no failure, and every run is the same."""

from __future__ import annotations

from hypothesis import settings
from tests.databases import database, postgresql, where

__all__ = ["database", "postgresql", "where"]  # fixtures that several rooms ask for

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
