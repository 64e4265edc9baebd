"""How an instrument declares its own words in product.yaml: fields of a dataclass.

>>> @dataclass(frozen=True)
... class Parameters:
...     tolerance: float
...     weights: str = column("a column with weights")
...     prevalence: Prevalence | None = inherited("prevalence")
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field
from typing import Any

from roadworthy.core.product import Prevalence

__all__ = ["NoParameters", "Prevalence", "case_ids", "column", "inherited"]


@dataclass(frozen=True)
class NoParameters:
    """The parameters of an instrument that has none."""


def inherited(name: str) -> Any:
    """A parameter that the product as a whole declares: ``prevalence``, ``costs``, ``referred``."""
    return field(default=None, metadata={"inherited": name})


def column(about: str, default: Any = MISSING) -> Any:
    """A parameter that names a column of the table; the reader checks that it exists."""
    return field(default=default, metadata={"column": True, "about": about})


def case_ids(about: str) -> Any:
    """A file of case ids, one a line; the instrument receives ``tuple[str, ...]``."""
    return field(metadata={"reads": "case_ids", "about": about})
