"""A typo is told with the word that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 12


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like ``word``, or None when none does.

    >>> nearest("sensitivty", ["specificity", "sensitivity"])
    'sensitivity'
    """
    by_small_letters = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), list(by_small_letters), n=1, cutoff=0.55)
    return by_small_letters[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], kind: str) -> str:
    """One sentence of help: the nearest word, or what there is.

    >>> did_you_mean("xyz", ["age", "vendor"], "columns")
    'Known columns: age, vendor.'
    """
    names = sorted(known)
    close = nearest(word, names)
    if close is not None:
        return f"Did you mean `{close}`?"
    if not names:
        return f"There are no {kind} at all."
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"Known {kind}: {', '.join(names[:_SHOWN])}{more}."
