"""Missing view: one image of the exam was not taken, or was lost on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from roadworthy.stats.perturbing import emptied, require_share

if TYPE_CHECKING:
    import polars as pl

    from roadworthy.core.perturbation import Floats


@dataclass(frozen=True)
class MissingView:
    """No image in ``column``, for all cases or a ``share`` of them that is drawn."""

    column: str
    share: float = 1.0
    about: ClassVar[str] = "takes the image of one column away"

    def __post_init__(self) -> None:
        require_share(self.share)

    def values(self, values: pl.Series, chance: Floats) -> pl.Series:
        return emptied(values, chance, self.share)
