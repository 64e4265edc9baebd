"""One page that shows pictures with boxes drawn over them, and says what each box is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from roadworthy.io.harmless import harmless


@dataclass(frozen=True)
class Pictured:
    """A picture, of which image it is, how many marks and true boxes are on it.

    ``truths`` None: nobody knows them; ``found`` is how many of them a mark finds.
    """

    file: str
    case: str
    path: str
    marks: int
    truths: int | None
    found: int


def page(product: str, which: str, pictures: Sequence[Pictured]) -> str:
    """The page as HTML; the pictures lie beside it, nothing else is loaded."""
    title = _told(f"Marks of {product}")
    told = "".join(_figure(one) for one in pictures) or "<p>There is nothing to see on them.</p>"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem;
  padding: 0 1rem; background: #fcfbf7; color: #222 }}
main {{ display: grid; gap: 1.5rem; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)) }}
figure {{ margin: 0 }} img {{ width: 100%; background: #000; image-rendering: pixelated }}
figcaption {{ font-size: .9rem; color: #555; overflow-wrap: anywhere }}
b.true {{ border: 2px solid #3da877; padding: 0 .35rem }}
b.mark {{ border: 2px dashed #d18f00; padding: 0 .35rem }}
</style></head><body><h1>{title}</h1>
<p>On open cases of {_told(which)}, the first {len(pictures)} images with anything to see.
<b class="true">A whole line</b> is a true box; <b class="mark">corners with a number</b> are a mark
and its score from 0 to 1. It is what the product shows, not what is there.</p>
<main>{told}</main></body></html>
"""


def _figure(one: Pictured) -> str:
    marks = f"{one.marks} mark{'s' * (one.marks != 1)}" if one.marks else "no mark"
    told = f"{marks}{_truths(one)}"
    alt = _told(f"{one.path}: {told}")
    return (
        f'<figure><img src="{escape(one.file)}" alt="{alt}"><figcaption>{_told(one.case)}: '
        f"{_told(one.path)}<br><strong>{told}</strong></figcaption></figure>"
    )


def _truths(one: Pictured) -> str:
    if one.truths is None:
        return ""
    if not one.truths:
        return "; no true box"
    missed = one.truths - one.found
    if one.truths == 1:
        return f"; the true box is {'missed' if missed else 'found'}"
    return f"; {one.found} of {one.truths} true boxes found"


def _told(text: str) -> str:
    return escape(harmless(text))
