"""How product.yaml says what a model may see: columns of the table, and images that it names."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Discriminator, Tag, model_validator

from roadworthy.core.images import Images, Pool
from roadworthy.io.shapes import Words, shown, wrong
from roadworthy.io.words import Columns, at_least, choice

_LEAST_SIDE = 8


class ImageFeatureWords(Words):
    """Columns with paths of images, PNG, JPEG or DICOM, and other columns beside them."""

    image: Columns
    """The column with the path of each case's image, relative to this file; several: several
    images a case."""
    columns: Columns | None = None
    """Other columns that a model may see; by default none."""
    pool: Annotated[Pool, choice({one.value: one for one in Pool})] = Pool.MAX
    """How several images of a case become one: max (the most suspicious) or mean."""
    side: Annotated[int, at_least(_LEAST_SIDE)] = 256
    """The longest side, in pixels, to which larger images are scaled down for nets."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        both = [name for name in self.columns or () if name in self.image]
        if both:
            message = f"names {shown(both[0])}, which is an image"
            raise wrong(message, "Remove it here.", key="columns")
        return self

    def images(self) -> Images:
        """The images that this describes."""
        return Images(tuple(self.image), self.pool, self.side)


def _kind(written: object) -> str:
    return "<images>" if isinstance(written, dict) else "<columns>"


FeatureWords = Annotated[
    Annotated[Columns, Tag("<columns>")] | Annotated[ImageFeatureWords, Tag("<images>")],
    Discriminator(_kind),
]


def named(
    written: list[str] | tuple[str, ...] | ImageFeatureWords | None,
) -> tuple[str, ...] | None:
    """Every column that a model may see, those with images last; None: nothing is said."""
    if isinstance(written, ImageFeatureWords):
        return (*(written.columns or ()), *written.image)
    return None if written is None else tuple(written)
