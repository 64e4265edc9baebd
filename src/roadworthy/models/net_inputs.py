"""What a net of the team's own is fed: columns and images of cases as the arrays that it wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.own_net import Channels, Fit, ImageWords, NetInput
from roadworthy.io.images import Picture, UnreadableError, resized
from roadworthy.models.nets.canvas import within
from roadworthy.models.onnx.session import Port

TEXT = "tensor(string)"
KINDS: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}
_PIXELS = {**{k: KINDS[k] for k in list(KINDS)[:3]}, "tensor(uint8)": np.uint8}
_LAYOUT = ("channels", "height", "width")
Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class ColumnsFeed:
    """Columns as one array: (cases, columns), or (cases,) where the input has one side only."""

    port: Port
    reads: tuple[str, ...]

    def of(self, cases: pl.DataFrame) -> Array:
        """What the input is fed for ``cases``.

        Raises:
            BadInput: a column is no number, or has a gap where whole numbers are wanted.
        """
        made = [self._one(cases, name) for name in self.reads]
        return made[0] if len(self.port.shape) == 1 else np.stack(made, axis=1)

    def _one(self, cases: pl.DataFrame, name: str) -> Array:
        column = cases[name]
        if self.port.kind == TEXT:
            return np.array(column.cast(pl.String).fill_null("").to_list(), dtype=object)
        if not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)):
            raise self._wrong(
                f"holds {column.dtype}, and the input {self.port} wants numbers",
                name,
                "Write it as numbers in the table, as the net learnt it.",
            )
        if not self.port.kind.startswith(("tensor(float", "tensor(double")):
            self._require_whole(cases, column)
        numbers = column.cast(pl.Float64) if column.dtype == pl.Null else column
        return numbers.to_numpy().astype(KINDS[self.port.kind])

    def _require_whole(self, cases: pl.DataFrame, column: pl.Series) -> None:
        odd = column.is_null()
        if column.dtype.is_float():
            odd = odd | (column != column.round(0)).fill_null(True)
        if odd.any():
            row = int(odd.arg_max() or 0)
            raise self._wrong(
                f"holds {column[row]} in {case_at(cases, row)}, and the input {self.port} wants "
                "whole numbers",
                column.name,
                "Fill the gap as the net learnt it, or export the net with an input of floats.",
            )

    def _wrong(self, what: str, name: str, step: str) -> BadInput:
        return BadInput(
            f"The column '{name}' {what}.",
            code="bad_net_input",
            where=f"model.inputs.{self.port.name}",
            value=name,
            next_step=step,
        )


@dataclass(frozen=True)
class Frame:
    """How a picture is brought before a net; ``axes`` is the order of channels, height, width."""

    height: int
    width: int
    channels: Channels
    declared: bool
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    fit: Fit
    last: bool
    kind: Any

    def of(self, picture: Picture) -> Array:
        """One image, (channels, height, width), or with its channels last.

        Raises:
            UnreadableError: it is in colour, and nothing says that these may be averaged.
        """
        pixels = self._channels(picture)
        size = (self.height, self.width)
        if self.fit is Fit.PAD:
            size = within(pixels.shape[:2], size)
            grown = min(self.height / pixels.shape[0], self.width / pixels.shape[1])
            size = size if grown <= 1 else self._grown(pixels.shape, grown)
        made = resized(pixels, *size)
        mean, deviation = (np.array(one, np.float32) for one in (self.mean, self.deviation))
        scaled: NDArray[np.float32] = (made - mean) / deviation
        whole = scaled if self.fit is Fit.STRETCH else self._centred(scaled)
        if self.kind is np.uint8:
            whole = np.rint(whole * 255.0)
        ordered = whole if self.last else whole.transpose(2, 0, 1)
        return np.ascontiguousarray(ordered, dtype=self.kind)

    def _channels(self, picture: Picture) -> NDArray[np.float32]:
        pixels = picture.pixels
        if self.channels is Channels.GREY:
            if pixels.shape[2] > 1 and not self.declared:
                raise UnreadableError(
                    "is in colour, and the model sees one channel (`channels: grey` averages)"
                )
            return picture.grey[:, :, None]
        wide = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
        return wide[:, :, ::-1] if self.channels is Channels.BGR else wide

    def _grown(self, shape: Sequence[int], share: float) -> tuple[int, int]:
        return (
            max(1, min(self.height, round(shape[0] * share))),
            max(1, min(self.width, round(shape[1] * share))),
        )

    def _centred(self, scaled: NDArray[np.float32]) -> NDArray[np.float32]:
        found = np.zeros((self.height, self.width, scaled.shape[2]), dtype=np.float32)
        top, left = (self.height - scaled.shape[0]) // 2, (self.width - scaled.shape[1]) // 2
        found[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
        return found


@dataclass(frozen=True)
class ImagesFeed:
    """Images as one array; ``together``: all of a case at once, in a side of their own."""

    port: Port
    files: tuple[str, ...]
    frame: Frame
    together: bool

    @property
    def pixels(self) -> int:
        """Numbers that a case takes."""
        one = self.frame.height * self.frame.width * self.frame.channels.number
        return one * len(self.files)


Feed: TypeAlias = ColumnsFeed | ImagesFeed


def feed(port: Port, words: NetInput) -> Feed:
    """How an input of a net is fed, from what the net says of it and what product.yaml says.

    Raises:
        BadInput: both do not fit, or neither says what must be known.
    """
    if not port.shape:
        raise misfit(port, "has no side for the batch", "Export it with the batch first.")
    if words.images is not None:
        return _images(port, words.images)
    if port.kind not in KINDS and port.kind != TEXT:
        raise misfit(port, "is fed columns", "Export it with an input of float32.")
    rank, count = len(port.shape), len(words.columns)
    if rank > 2 or (rank == 1 and count > 1):
        step = "Columns are (batch, columns), or (batch) for one; images are `{image: ...}`."
        raise misfit(port, f"is fed {count} column{'s' * (count > 1)}", step)
    if rank == 2 and isinstance(port.shape[1], int) and port.shape[1] != count:
        raise misfit(
            port,
            f"is fed {count} column{'s' * (count > 1)}: {', '.join(words.columns)}",
            f"Name {port.shape[1]}, in the order in which the net learnt them.",
        )
    return ColumnsFeed(port, words.columns)


def _images(port: Port, words: ImageWords) -> ImagesFeed:
    together = len(port.shape) == 5
    if len(port.shape) not in (4, 5) or port.kind not in _PIXELS:
        step = "Export it as float32 (batch, channels, height, width)."
        raise misfit(port, "is fed images", step)
    if together and port.shape[1] not in (len(words.columns), None) and type(port.shape[1]) is int:
        step = f"Name {port.shape[1]} columns under `image`."
        raise misfit(port, f"is fed {len(words.columns)} images a case", step)
    sides = port.shape[-3:]
    last = sides[0] not in (1, 3) and sides[2] in (1, 3)
    channels, height, width = (sides[2], sides[0], sides[1]) if last else sides
    seen = _seen_channels(port, channels, words)
    if port.kind == "tensor(uint8)" and (words.mean, words.deviation) != ((0.0,), (1.0,)):
        step = "Remove `mean` and `deviation`: it is fed whole numbers from 0 to 255."
        raise misfit(port, "is fed images with a mean and a deviation", step)
    if seen is Channels.GREY and max(len(words.mean), len(words.deviation)) > 1:
        step = "Write one number under `mean` and `deviation`."
        raise misfit(port, "has one channel", step)
    size = _size(port, (height, width), words)
    frame = Frame(
        *size,
        seen,
        words.channels is not None,
        words.mean,
        words.deviation,
        words.fit,
        last,
        _PIXELS[port.kind],
    )
    return ImagesFeed(port, tuple(map(columns.file, words.columns)), frame, together)


def _seen_channels(port: Port, has: int | str | None, words: ImageWords) -> Channels:
    if words.channels is None:
        if has not in (1, 3):
            step = "Write `channels: grey`, `rgb` or `bgr`."
            raise misfit(port, "does not say how many channels it sees", step)
        return Channels.GREY if has == 1 else Channels.RGB
    if isinstance(has, int) and has != words.channels.number:
        step = f"Write `channels: {'grey' if has == 1 else 'rgb'}`."
        raise misfit(port, f"is fed images of `channels: {words.channels}`", step)
    return words.channels


def _size(port: Port, has: tuple[Any, ...], words: ImageWords) -> tuple[int, int]:
    fixed = tuple(side if isinstance(side, int) else None for side in has)
    if words.size is None:
        if None in fixed:
            step = "Write the size that it learnt from: `size: [224, 224]`."
            raise misfit(port, "leaves height and width free", step)
        return int(has[0]), int(has[1])
    if any(one not in (None, asked) for one, asked in zip(fixed, words.size, strict=True)):
        asked = f"{words.size[0]} x {words.size[1]}"
        step = f"Write `size: [{has[0]}, {has[1]}]`, or leave it out."
        raise misfit(port, f"is fed images of {asked}", step)
    return words.size


def misfit(port: Port, what: str, step: str) -> BadInput:
    """The error for an input that is not what product.yaml takes it for."""
    return BadInput(
        f"The input {port} {what}.",
        code="net_input",
        where=f"model.inputs.{port.name}",
        value=port.name,
        next_step=step,
    )


def case_at(cases: pl.DataFrame, row: int) -> str:
    """What a case is called where something is wrong with it."""
    return f"case {cases[columns.ID][row]}" if columns.ID in cases.columns else f"row {row}"
