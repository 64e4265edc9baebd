"""What the weights of a net do not say, as plain values: readable where torch is not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from roadworthy.core.product import Task
from roadworthy.models.nets.canvas import Canvas
from roadworthy.models.nets.columns import Columns
from roadworthy.models.nets.shape import Shape

FORMAT = 1


@dataclass(frozen=True)
class Card:
    """What the weights do not say: columns, images, classes, the scale of values."""

    name: str
    task: Task
    shape: Shape
    columns: Columns
    images: tuple[str, ...]
    canvas: Canvas | None
    classes: tuple[str, ...]
    middle: float
    scale: float
    fitted_on: int

    def plain(self) -> dict[str, Any]:
        """Plain values."""
        own = {key: getattr(self, key) for key in ("name", "middle", "scale", "fitted_on")}
        return {
            **own,
            "format": FORMAT,
            "task": str(self.task),
            "shape": self.shape.plain(),
            "columns": self.columns.plain(),
            "images": list(self.images),
            "canvas": None if self.canvas is None else asdict(self.canvas),
            "classes": list(self.classes),
        }

    @staticmethod
    def read(plain: dict[str, Any]) -> Card:
        """What ``plain`` gave.

        Raises:
            ValueError, KeyError, TypeError: it is no such card.
        """
        if plain["format"] != FORMAT:
            raise ValueError(f"its format is {plain['format']}, and {FORMAT} is read")
        canvas = None if plain["canvas"] is None else Canvas.read(plain["canvas"])
        return Card(
            name=str(plain["name"]),
            task=Task(plain["task"]),
            shape=Shape.read(plain["shape"]),
            columns=Columns.read(plain["columns"]),
            images=tuple(map(str, plain["images"])),
            canvas=canvas,
            classes=tuple(map(str, plain["classes"])),
            middle=float(plain["middle"]),
            scale=float(plain["scale"]),
            fitted_on=int(plain["fitted_on"]),
        )
