"""The part of product.yaml on a net that was built elsewhere: an ONNX file, or a torch module."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, model_validator

from roadworthy.core.own_net import (
    Channels,
    Fit,
    Gives,
    ImageWords,
    NetInput,
    NetWords,
    OnnxSource,
    TorchSource,
)
from roadworthy.io.function_words import FunctionWord, SealedWord
from roadworthy.io.shapes import Checked, Words, shown, wrong
from roadworthy.io.words import Columns, Text, Texts, choice, number, whole

_MOST_SIDE = 1 << 16


def _size(value: object) -> tuple[int, int]:
    if isinstance(value, int) and not isinstance(value, bool):
        value = [value, value]
    if not isinstance(value, list) or len(value) != 2:
        message = f"must be a height and a width in pixels, not {shown(value)}"
        raise wrong(message, "Write [224, 224].")
    height, width = (whole(one) for one in value)
    if not (1 <= height <= _MOST_SIDE and 1 <= width <= _MOST_SIDE):
        raise wrong(f"is {height} x {width}, and no image is", "Write pixels, such as [224, 224].")
    return height, width


def _numbers(value: object) -> tuple[float, ...]:
    found = tuple(number(one) for one in (value if isinstance(value, list) else [value]))
    if len(found) not in (1, 3):
        raise wrong(f"has {len(found)} numbers", "Write one number, or three, one a channel.")
    return found


def _deviation(value: object) -> tuple[float, ...]:
    found = _numbers(value)
    if min(found) <= 0:
        raise wrong(f"must be more than 0, not {min(found):g}", "Leave it out to divide by 1.")
    return found


_NUMBERS = {
    "anyOf": [
        {"type": "number"},
        {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 3},
    ]
}
_SIZE = {
    "anyOf": [
        {"type": "integer", "minimum": 1},
        {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2},
    ]
}


class ImageInputWords(Words):
    """Images as a net sees them; pixels lie from 0 to 1 before mean and deviation."""

    image: Columns
    """The column with the path of each case's image, one of `data.features.image`; several: each
    image is answered, and the answers are pooled as `pool` says."""
    size: Annotated[tuple[int, int], Checked(_size, _SIZE)] | None = None
    """Height and width in pixels; by default those of the file."""
    channels: Annotated[Channels, choice({one.value: one for one in Channels})] | None = None
    """grey, rgb or bgr; by default as many as the file has. Written grey: colours are averaged."""
    mean: Annotated[tuple[float, ...], Checked(_numbers, _NUMBERS)] = (0.0,)
    """What is taken from every pixel: one number, or one a channel."""
    deviation: Annotated[tuple[float, ...], Checked(_deviation, _NUMBERS)] = (1.0,)
    """What every pixel is then divided by: one number, or one a channel."""
    fit: Annotated[Fit, choice({one.value: one for one in Fit})] = Fit.STRETCH
    """stretch, or pad: in proportion, in the middle, with the mean around it."""

    @model_validator(mode="after")
    def _a_number_a_channel(self) -> Self:
        count = None if self.channels is None else self.channels.number
        for key in ("mean", "deviation"):
            found = len(getattr(self, key))
            if count == 1 and found == 3:
                raise wrong("has three numbers for one channel", "Write one number.", key=key)
        return self

    def core(self, name: str) -> NetInput:
        """The input that this describes."""
        words = ImageWords(
            tuple(self.image), self.size, self.channels, self.mean, self.deviation, self.fit
        )
        return NetInput(name, images=words)


def _kind(written: object) -> str:
    return "<images>" if isinstance(written, dict) else "<columns>"


InputWords = Annotated[
    Annotated[Columns, Tag("<columns>")] | Annotated[ImageInputWords, Tag("<images>")],
    Discriminator(_kind),
]


class OwnNetWords(Words):
    """What every net is fed, and what it gives."""

    inputs: dict[str, InputWords]
    """Each input by its name: columns of numbers, or `{image: ...}`."""
    gives: Annotated[Gives, choice({one.value: one for one in Gives})]
    """What the output is: probability, logit, or (regression) value."""
    output: Text | None = None
    """The name of the output; needed where there are several."""
    classes: Texts | None = None
    """Multiclass: the classes in the order of the output, spelt as in the truth column."""

    @model_validator(mode="after")
    def _some_input(self) -> Self:
        if not self.inputs:
            raise wrong("is empty", "Write each input's name and its columns.", key="inputs")
        return self

    def net(self) -> NetWords:
        """What is the same of every net."""
        inputs = tuple(_input(name, words) for name, words in self.inputs.items())
        return NetWords(inputs, self.gives, self.output, tuple(self.classes or ()))


def _input(name: str, words: Any) -> NetInput:
    if isinstance(words, ImageInputWords):
        return words.core(name)
    return NetInput(name, tuple(words))


class OnnxWords(OwnNetWords):
    """An ONNX file: it runs here, on the CPU, and cannot reach anything."""

    onnx: Text
    """The file, relative to this one; weights outside of it lie beside it."""

    def core(self) -> OnnxSource:
        """The source that this describes."""
        return OnnxSource(self.onnx, self.net())


class TorchWords(OwnNetWords):
    """A module of torch: a function builds it, a file holds its weights."""

    torch: FunctionWord
    """The function that builds it, as package.module:function, importable from the folder of this
    file."""
    weights: Text | None = None
    """Its state_dict: `.pt` or `.pth` (plain tensors only), or `.npz`."""
    files: Annotated[Texts, Field()] | None = None
    """Files (globs too) that its answers depend on beside the module and its weights."""
    sealed: SealedWord | None = None
    """predictions: it may be handed sealed cases; what comes back counts as weaker evidence."""

    def core(self) -> TorchSource:
        """The source that this describes."""
        sealed, files = self.sealed is not None, tuple(self.files or ())
        return TorchSource(self.torch, self.net(), self.weights, files, sealed)
