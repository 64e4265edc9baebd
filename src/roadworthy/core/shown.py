"""How a result shows itself to people in Python, by words that are written in another room."""

from __future__ import annotations

from typing import Protocol


class Renderer(Protocol):
    """Whoever knows how results look; a result itself only knows what it holds."""

    def text(self, found: object) -> str:
        """What the command line would print of it."""

    def html(self, found: object) -> str:
        """What a notebook shows of it: one harmless piece of HTML."""


_renderers: list[Renderer] = []


def show_with(renderer: Renderer) -> None:
    """From now on results are shown by ``renderer``."""
    _renderers[:] = [renderer]


class Shown:
    """A result that ``print`` and notebooks show as a person reads it.

    Its ``repr`` is one line. Where nobody registered a renderer, that line is all there is.
    """

    def __str__(self) -> str:
        return _renderers[0].text(self) if _renderers else repr(self)

    def _repr_html_(self) -> str | None:
        return _renderers[0].html(self) if _renderers else None
