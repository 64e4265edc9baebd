"""What may happen to a case on its way to the product: noise, blur, a missing view, a wrong value.

A perturbation is a frozen dataclass: its fields are its own words in product.yaml, and a lone value
stands for the first of them. It changes what the product sees, and nothing of the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    Pixels: TypeAlias = NDArray[np.float32]
    Floats: TypeAlias = NDArray[np.float64]

CASES_UNDER = "cases under "


@runtime_checkable
class ChangesImages(Protocol):
    """Changes every image of a case. Announced by an entry point in ``roadworthy.perturbations``.

    Its constructor raises a ValueError, as the end of a sentence, for values without a meaning.
    """

    about: ClassVar[str]

    def image(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        """Changed pixels (height, width, channels), float32 from 0 black to 1 white.

        ``rng`` hangs on the seed, the case and the column of the image, and on nothing else.
        """


@runtime_checkable
class ChangesColumn(Protocol):
    """Changes the values of one column. Announced in ``roadworthy.perturbations`` too.

    Where the column names images, it can take them away, and nothing else.
    """

    about: ClassVar[str]

    @property
    def column(self) -> str:
        """The column."""

    def values(self, values: pl.Series, chance: Floats) -> pl.Series:
        """The changed values, in order; ``chance`` is a uniform number in (0, 1) for each case.

        A case's value hangs on its own value and number alone.
        """


Perturbation: TypeAlias = ChangesImages | ChangesColumn


@dataclass(frozen=True)
class Under:
    """One perturbation, by its announced name, with its words."""

    name: str
    perturbation: Perturbation

    @property
    def table(self) -> str:
        """The observation table of the cases as they are under it."""
        return f"{CASES_UNDER}{self}"

    @property
    def slug(self) -> str:
        """What is added to the id of a requirement."""
        return str(self).replace(" ", "-")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it changes, beside those of images."""
        found = self.perturbation
        return (found.column,) if isinstance(found, ChangesColumn) else ()

    def __str__(self) -> str:
        return " ".join([self.name, *map(_told, _given(self.perturbation))])


def _given(perturbation: Perturbation) -> list[Any]:
    """The first word, and every other that is not its default."""
    first, *others = fields(perturbation)  # type: ignore[arg-type]
    values = [getattr(perturbation, first.name)]
    for one in others:
        value = getattr(perturbation, one.name)
        values += [] if value == one.default else [value]
    return values


def _told(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
