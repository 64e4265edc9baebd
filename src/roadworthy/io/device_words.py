"""The part of product.yaml on the machine that the product will work on."""

from __future__ import annotations

from typing import Annotated, Any

from roadworthy.core.device import HERE, Device
from roadworthy.io.shapes import AlsoWritten, Words
from roadworthy.io.words import Text, at_least


class DeviceWords(Words):
    """The machine that the product will work on: times and memory are measured there."""

    name: Text
    """What the machine is called, such as clinic-pc; here: the one on which roadworthy runs."""
    threads: Annotated[int, at_least(1)] = 1
    """How many threads the model may use."""
    runs: Annotated[int, at_least(1)] = 30
    """In how many fresh processes it is measured; 29 show a limit on memory at 95 %."""

    def core(self) -> Device:
        """The machine that this describes."""
        return Device(self.name.strip(), self.threads, self.runs)


def _longer(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


DeviceWord = Annotated[
    DeviceWords,
    AlsoWritten({"type": "string", "minLength": 1, "examples": [HERE]}, _longer),
]
