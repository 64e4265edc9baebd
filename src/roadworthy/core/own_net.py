"""A net of the team's own, as product.yaml describes it: what it is fed, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Gives(StrEnum):
    """What the output means: chances from 0 to 1, their logits, or values."""

    PROBABILITY = "probability"
    LOGIT = "logit"
    VALUE = "value"


class Channels(StrEnum):
    """Which channels a net sees, in which order."""

    GREY = "grey"
    RGB = "rgb"
    BGR = "bgr"

    @property
    def number(self) -> int:
        """How many there are."""
        return 1 if self is Channels.GREY else 3


class Fit(StrEnum):
    """How an image of another shape is brought to the net's size."""

    STRETCH = "stretch"
    PAD = "pad"


@dataclass(frozen=True)
class ImageWords:
    """How images are shown to a net; what is None is taken from its file.

    ``size`` is height and width in pixels. A pixel, from 0 to 1, becomes (pixel - mean) /
    deviation, channel by channel.
    """

    columns: tuple[str, ...]
    size: tuple[int, int] | None = None
    channels: Channels | None = None
    mean: tuple[float, ...] = (0.0,)
    deviation: tuple[float, ...] = (1.0,)
    fit: Fit = Fit.STRETCH


@dataclass(frozen=True)
class NetInput:
    """One input by its name: columns of the table, or images."""

    name: str
    columns: tuple[str, ...] = ()
    images: ImageWords | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns of the table that it reads, those with paths of images too."""
        return self.columns if self.images is None else self.images.columns


@dataclass(frozen=True)
class NetWords:
    """Inputs, the output by its name (None: the only one), and its meaning.

    ``classes`` are those of a multiclass task, in the order of the output.
    """

    inputs: tuple[NetInput, ...]
    gives: Gives
    output: str | None = None
    classes: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """All columns that it reads, each once."""
        return tuple(dict.fromkeys(name for one in self.inputs for name in one.reads))


@dataclass(frozen=True)
class OnnxSource:
    """A model that is an ONNX file."""

    onnx: str
    net: NetWords


@dataclass(frozen=True)
class TorchSource:
    """A model that is an ``nn.Module``: a function that builds it, and a file with its weights.

    ``files`` are what its answers depend on beside both. ``sealed_out``: it is code, and sealed
    cases may be handed to it all the same.
    """

    torch: str
    net: NetWords
    weights: str | None = None
    files: tuple[str, ...] = field(default=())
    sealed_out: bool = False
