"""One profile for property tests: a busy machine is no failure, and every run is the same."""

from __future__ import annotations

import os
from collections.abc import Iterator

# the tests share the cores already: more threads would only wait for each other
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import pytest
from hypothesis import settings
from tests.databases import database, postgresql, where

__all__ = ["database", "postgresql", "where"]  # fixtures that several rooms ask for

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def few_answers_are_timed() -> Iterator[None]:
    """A rung is timed on few cases: no test hangs on how fast it was."""
    with pytest.MonkeyPatch.context() as patch:
        for user in ("ladder", "other_rungs"):
            patch.setattr(f"roadworthy.workflow.{user}.TIMED", 3)
            patch.setattr(f"roadworthy.workflow.{user}.WARM_UP", 0)
        yield
