"""What Python shows of results: the command line's own words for print, cards for notebooks."""

from __future__ import annotations

from roadworthy.core.shown import show_with

__all__ = ["register"]


class _Renderer:
    """Loads what it needs when something is shown, and not before."""

    def text(self, found: object) -> str:
        from roadworthy.notebook.text import text

        return text(found)

    def html(self, found: object) -> str:
        from roadworthy.notebook.page import html

        return html(found)


def register() -> None:
    """From now on results show themselves."""
    show_with(_Renderer())
