"""Text from outside, made harmless to show: a name may not reorder, hide or break what is said."""

from __future__ import annotations

import re

# XML 1.0 forbids most control characters, lone surrogates and two non-characters; the embeddings,
# overrides and isolates of the bidirectional algorithm let a name reorder the text around it.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufffe\uffff]"
)

_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")


def harmless(text: str) -> str:
    r"""Control, surrogate and direction-changing characters, shown as U+FFFD.

    Replaced, not removed: who reads must see that something was there. Right-to-left letters stay.

    >>> harmless("a\x00b") == "a\N{REPLACEMENT CHARACTER}b"
    True
    """
    return _HARMFUL.sub("\N{REPLACEMENT CHARACTER}", text)


def one_line(text: str) -> str:
    r"""Harmless text that also stays on its line: a name may not begin a line of its own.

    >>> one_line("t\nPASS")
    't PASS'
    """
    return harmless(_BREAKS.sub(" ", text))
