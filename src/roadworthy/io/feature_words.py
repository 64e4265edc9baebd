"""How product.yaml says what a model may see: columns of the table, and images that it names."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Discriminator, Tag, model_validator

from roadworthy.core.images import Images, Pool
from roadworthy.io.nearest import did_you_mean
from roadworthy.io.shapes import Words, shown, wrong
from roadworthy.io.words import Columns, Text, at_least, choice

_LEAST_SIDE = 8


_Pool = Annotated[Pool, choice({one.value: one for one in Pool})]


class PoolWords(Words):
    """How the images of a side become one, and how sides become the case: max or mean."""

    image: _Pool = Pool.MAX
    """How the images of one side become one: max (the most suspicious) or mean."""
    side: _Pool = Pool.MAX
    """How the sides become the case: max (the most suspicious) or mean."""


def _how_many(written: object) -> str:
    return "<sides>" if isinstance(written, dict) else "<columns>"


def _words(written: object) -> str:
    return "<rules>" if isinstance(written, dict) else "<rule>"


ImageWords = Annotated[
    Annotated[Columns, Tag("<columns>")] | Annotated[dict[Text, Columns], Tag("<sides>")],
    Discriminator(_how_many),
]
PoolWord = Annotated[
    Annotated[_Pool, Tag("<rule>")] | Annotated[PoolWords, Tag("<rules>")],
    Discriminator(_words),
]


class ImageFeatureWords(Words):
    """Columns with paths of images, PNG, JPEG or DICOM, and other columns beside them."""

    image: ImageWords
    """The column with the path of each case's image, relative to this file; several: several
    images a case; or the columns of each side by its name."""
    columns: Columns | None = None
    """Other columns that a model may see; by default none."""
    pool: PoolWord = Pool.MAX
    """How several images of a case become one: max (the most suspicious) or mean; or, where there
    are sides, how images become a side and sides the case."""
    side: Annotated[int, at_least(_LEAST_SIDE)] = 256
    """The longest side, in pixels, to which larger images are scaled down for nets."""
    optional: Columns | None = None
    """Columns of images that a case may lack, such as priors: it is then answered by the others."""

    @property
    def named(self) -> tuple[str, ...]:
        """Every column with images, side after side."""
        if isinstance(self.image, dict):
            return tuple(name for names in self.image.values() for name in names)
        return tuple(self.image)

    @model_validator(mode="before")
    @classmethod
    def _no_units(cls, found: object) -> object:
        pool = found.get("pool") if isinstance(found, dict) else None
        if isinstance(pool, dict) and "unit" in pool:
            step = "Remove it. `per: unit` in a requirement counts a unit by its highest score."
            raise wrong("pools units, and the case is what is answered", step, key="pool")
        return found

    @model_validator(mode="after")
    def _apart(self) -> Self:
        both = [name for name in self.columns or () if name in self.named]
        if both:
            message = f"names {shown(both[0])}, which is an image"
            raise wrong(message, "Remove it here.", key="columns")
        return self

    @model_validator(mode="after")
    def _sides(self) -> Self:
        if not isinstance(self.image, dict):
            if isinstance(self.pool, PoolWords):
                step = "Group the images, `image: {left: [...], right: [...]}`, or write one word."
                raise wrong("tells of sides, and there are none", step, key="pool")
            return self
        twice = [name for name in self.named if self.named.count(name) > 1]
        if twice:
            held = [side for side, names in self.image.items() if twice[0] in names]
            message = f"names {shown(twice[0])} in {' and in '.join(map(shown, held))}"
            raise wrong(message, "Let every image be of one side.", key="image")
        if not self.image:
            raise wrong("names no side", "Name one: `image: {left: [...]}`.", key="image")
        return self

    @model_validator(mode="after")
    def _lacking(self) -> Self:
        optional = self.optional or []
        for name in optional:
            if name not in self.named:
                message = f"names {shown(name)}, which is no image"
                raise wrong(message, did_you_mean(name, self.named, "images"), key="optional")
        if set(optional) == set(self.named):
            message = "names every image, and a case without any has no answer"
            raise wrong(message, "Leave out one that every case has.", key="optional")
        return self

    def images(self) -> Images:
        """The images that this describes."""
        sides = self.image if isinstance(self.image, dict) else {}
        words = self.pool if isinstance(self.pool, PoolWords) else None
        plain = self.pool if isinstance(self.pool, Pool) else Pool.MAX
        return Images(
            columns=self.named,
            pool=words.side if words else plain,
            side=self.side,
            sides=tuple((name, tuple(found)) for name, found in sides.items()),
            within=words.image if words else plain,
            optional=tuple(self.optional or ()),
        )


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
        return (*(written.columns or ()), *written.named)
    return None if written is None else tuple(written)
