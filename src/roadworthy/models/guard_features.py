"""The columns a guard looks at, on one scale: what is rare in the reference is far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.io.registry import embedding
from roadworthy.models.guard_images import Pictured, pictured
from roadworthy.models.pipelines import MOST_CATEGORIES, one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from roadworthy.core.guard import Floats

# squares of larger ones would leave the range of numbers
_FARTHEST = 1e6
MISSING = ""


@dataclass(frozen=True)
class Number:
    """A column of numbers: its middle, its scale, and the scale on which a gap is told (None: the
    reference has no gap, and one counts among the gaps that nobody has seen).
    """

    name: str
    mean: float
    deviation: float
    median: float
    gaps: float | None


@dataclass(frozen=True)
class Category:
    """A column of texts or of yes and no: its levels and how frequent each was."""

    name: str
    kind: str
    levels: tuple[str, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Written:
    """A column of text through a dense embedding: its middle, and one scale for all directions.

    ``fitted`` is what the embedding kept; without any text a case lies where the embedding has it.
    """

    name: str
    embedding: str
    fitted: Mapping[str, Any]
    mean: Floats
    deviation: float

    @cached_property
    def _embed(self) -> Callable[[Sequence[str]], Any]:
        return embedding(self.embedding).ready(self.fitted)

    def plain(self) -> dict[str, Any]:
        """What is written down; what is made ready from it is not."""
        keys = ("name", "embedding", "fitted", "mean", "deviation")
        return {key: getattr(self, key) for key in keys}

    def of(self, cases: pl.DataFrame) -> Floats:
        """The texts as numbers, shape (d, cases), each direction of variance 1 on average."""
        texts = _texts(cases, self.name, "text").to_list()
        found: Floats = ((self._embed(texts) - self.mean) / self.deviation).T
        return found


@dataclass(frozen=True)
class Encoding:
    """How columns become numbers: standardised, levels as columns of their own, gaps as well.

    ``rare`` is how large something counts that no reference case showed: a new level, or a gap in
    a column without one. It grows with the number of cases that did not show it.
    """

    numbers: tuple[Number, ...]
    categories: tuple[Category, ...]
    rare: float
    texts: tuple[Written, ...] = ()
    images: tuple[Pictured, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that it reads."""
        names = [one.name for one in self.numbers] + [one.name for one in self.categories]
        names += [one.name for one in self.texts] + [one.name for one in self.images]
        return tuple(names)

    def of(self, cases: pl.DataFrame) -> Floats:
        """The cases as numbers, shape (cases, width); NaN where an image cannot be read.

        Raises:
            BadInput: a column is absent, has changed its type, or holds an infinite number.
        """
        parts, unseen = [], np.zeros(cases.height)
        for number in self.numbers:
            values, gap = _values(cases, number.name)
            parts.append((np.where(gap, number.median, values) - number.mean) / number.deviation)
            if number.gaps is None:
                unseen += gap
            else:
                parts.append(_rarity(gap, number.gaps))
        for category in self.categories:
            texts = _texts(cases, category.name, category.kind)
            known = np.zeros(cases.height, dtype=bool)
            for level, share in zip(category.levels, category.shares, strict=True):
                here = (texts == level).to_numpy()
                known |= here
                parts.append(_rarity(here, share))
            unseen += ~known
        for text in self.texts:
            parts.extend(text.of(cases))
        for image in self.images:
            parts.extend(image.of(cases))
        parts.append(unseen * self.rare)
        found: Floats = np.clip(np.stack(parts, axis=1), -_FARTHEST, _FARTHEST)
        return found

    def plain(self) -> dict[str, Any]:
        """Plain values to write down."""
        return {
            "numbers": [vars(number) for number in self.numbers],
            "categories": [vars(category) for category in self.categories],
            "rare": self.rare,
            "texts": [text.plain() for text in self.texts],
            "images": [image.plain() for image in self.images],
        }

    @staticmethod
    def read(plain: dict[str, Any]) -> Encoding:
        """What ``plain`` gave."""
        return Encoding(
            tuple(Number(**number) for number in plain["numbers"]),
            tuple(Category(**category) for category in plain["categories"]),
            plain["rare"],
            tuple(Written(**text) for text in plain.get("texts", ())),
            tuple(Pictured(**image) for image in plain.get("images", ())),
        )


def encoding(
    cases: pl.DataFrame,
    features: tuple[str, ...],
    texts: Mapping[str, str | None] | None = None,
    seed: int = 0,
) -> Encoding:
    """The encoding that the reference ``cases`` ask for.

    ``texts`` are those of the features that hold text, each with its embedding (None: ``lsa``).

    Raises:
        BadInput: a feature is empty or a name for each case, or no feature differs between cases.
    """
    _refuse_unusable(cases, features)
    if all(_known(cases[name]).drop_nulls().n_unique() < 2 for name in features):
        raise BadInput(
            f"the guard's features ({', '.join(map(columns.shown, features))}) never differ in all "
            f"{cases.height} reference cases, so nothing tells far from near.",
            code="constant_features",
            where="guard: features",
            value=list(features),
            next_step="Name columns that differ: `guard: {features: [...]}`.",
        )
    read = {name: how or "lsa" for name, how in (texts or {}).items() if name in features}
    images = tuple(name for name in features if columns.is_file(name))
    others = tuple(name for name in features if name not in read and name not in images)
    numbers = tuple(name for name in others if cases.schema[name].is_numeric())
    return Encoding(
        tuple(_number(cases, name) for name in numbers),
        tuple(_category(cases, name) for name in others if name not in numbers),
        float(np.sqrt(cases.height + 1)),
        tuple(_written(cases, name, how, seed) for name, how in read.items()),
        tuple(pictured(cases, name) for name in images),
    )


def _number(cases: pl.DataFrame, name: str) -> Number:
    values, gap = _values(cases, name)
    known = values[~gap]
    deviation = float(known.std())
    return Number(
        name,
        float(known.mean()),
        # a column that never differs keeps its own unit: whatever differs there is new
        deviation if deviation > 1e-12 * max(1.0, float(np.abs(known).max())) else 1.0,
        float(np.median(known)),
        _share(int(gap.sum()), len(gap)) if gap.any() else None,
    )


def _category(cases: pl.DataFrame, name: str) -> Category:
    kind = _kind(cases.schema[name])
    counts = dict(_texts(cases, name, kind).value_counts().sort(name).rows())
    if len(counts) > MOST_CATEGORIES:
        raise BadInput(
            f"the guard's feature {name!r} holds {len(counts)} different texts in {cases.height} "
            "cases, which is rather a name than a property.",
            code="too_many_categories",
            where=f"column {name}",
            value=len(counts),
            next_step="Name the columns to look at: `guard: {features: [...]}`.",
        )
    shares = tuple(_share(count, cases.height) for count in counts.values())
    return Category(name, kind, tuple(counts), shares)


def _written(cases: pl.DataFrame, name: str, how: str, seed: int) -> Written:
    texts = _texts(cases, name, "text").to_list()
    with one_thread():
        fitted = embedding(how).fit(texts, seed)
        found = embedding(how).ready(fitted)(texts)
    if not isinstance(found, np.ndarray):
        raise BadInput(
            f"the guard reads {name!r} by the embedding `{how}`, whose numbers are many and mostly "
            "0: distances between them tell nothing.",
            code="no_distances",
            where="guard: features",
            value=how,
            next_step="Name a dense one such as `lsa` under `data: {text: }`, or leave the column "
            "out of `guard: {features: [...]}`.",
        )
    scale = float(np.sqrt(found.var(axis=0).mean()))
    return Written(name, how, fitted, found.mean(axis=0), scale if scale > 1e-12 else 1.0)


def _share(count: int, cases: int) -> float:
    """A share that is never 0 nor 1 (Laplace)."""
    return (count + 1) / (cases + 2)


def _rarity(here: np.ndarray[Any, Any], share: float) -> Floats:
    """Yes and no, standardised: a yes counts the more, the rarer it was."""
    found: Floats = (here - share) / np.sqrt(share * (1.0 - share))
    return found


def _values(cases: pl.DataFrame, name: str) -> tuple[Floats, np.ndarray[Any, Any]]:
    column = _column(cases, name)
    # a column without a single value has no type of its own
    empty = column.null_count() == column.len()
    if not (column.dtype.is_numeric() or empty):
        raise _changed(name, "numbers", str(column.dtype))
    values = column.cast(pl.Float64, strict=False)
    infinite = int(values.is_infinite().sum())
    if infinite:
        raise BadInput(
            f"the guard's feature {name!r} is infinite in {infinite} of {column.len()} cases.",
            code="infinite_feature",
            where=f"column {name}",
            value=infinite,
            next_step="Write what is not known as missing, and what is too large as a number.",
        )
    found = values.fill_null(float("nan")).to_numpy()
    return found, np.isnan(found)


def _texts(cases: pl.DataFrame, name: str, kind: str) -> pl.Series:
    column = _column(cases, name)
    if column.null_count() < column.len() and _kind(column.dtype) != kind:
        raise _changed(name, kind, str(column.dtype))
    return column.cast(pl.String).fill_null(MISSING)


def _kind(dtype: pl.DataType) -> str:
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    return "numbers" if dtype.is_numeric() else str(dtype)


def _column(cases: pl.DataFrame, name: str) -> pl.Series:
    if name in cases.columns:
        return cases[name]
    raise BadInput(
        f"the guard looks at the column {name!r}, which is not there.",
        code="missing_column",
        where="guard: features",
        value=name,
        next_step="Bring the column, or fit the guard without it: `guard: {features: [...]}`.",
    )


def _changed(name: str, was: str, now: str) -> BadInput:
    return BadInput(
        f"the column {name!r} held {was} when the guard was fitted, and holds {now} now.",
        code="type_changed",
        where=f"column {name}",
        value=now,
        next_step="Bring it as it was, or fit the guard again: `roadworthy train`.",
    )


def _refuse_unusable(cases: pl.DataFrame, features: tuple[str, ...]) -> None:
    for name in features:
        dtype = _column(cases, name).dtype
        if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
            raise BadInput(
                f"the guard's feature {name!r} holds {dtype}, which has no distances.",
                code="no_distances",
                where=f"column {name}",
                value=str(dtype),
                next_step="Give one column of numbers for each of its values.",
            )
        if _known(_column(cases, name)).null_count() == cases.height:
            raise BadInput(
                f"the guard's feature {columns.shown(name)!r} is missing in all {cases.height} "
                "reference cases.",
                code="empty_feature",
                where=f"column {name}",
                value=name,
                next_step="Leave it out of `guard: {features: [...]}`, or fill it in.",
            )


def _known(column: pl.Series) -> pl.Series:
    return column.fill_nan(None) if column.dtype.is_float() else column
