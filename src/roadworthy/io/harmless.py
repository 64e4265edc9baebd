"""Text from outside, made harmless to show: a name may not reorder, hide or break what is said."""

from __future__ import annotations

import re

# XML 1.0 forbids most control characters, lone surrogates and two non-characters; the embeddings,
# overrides and isolates of the bidirectional algorithm let a name reorder the text around it.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufffe\uffff]"
)

LONGEST = 100

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


def short(text: str, most: int = LONGEST) -> str:
    """A name on one line that leaves room for what is said of it; what is cut off is counted.

    >>> short("density"), short("x" * 500, most=4)
    ('density', 'xxxx… (496 more characters)')
    """
    line = one_line(text)
    return line if len(line) <= most else f"{line[:most]}… ({len(line) - most:,} more characters)"


# what GitHub's Markdown gives a meaning to anywhere in a line; no underscore within a word has one
_SPECIAL = re.compile(r"[\\`*\[\]<>|~$]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w])|!(?=\[)")
# ... and only where a line begins
_BEGINS = re.compile(r"^(\s*)(?:([-+=#>:])|(\d{1,9})([.)])(?=\s|$))")
# links that nobody marked as such, and the names and pictures that sites put in later
_ADDRESS = re.compile(r"(?i)(https?|ftp):(?=/)|(www)\.")
_CALLS = re.compile(r"@|:(?=[\w+-]+:)|#(?=\d)")


def markdown(text: str) -> str:
    r"""Text that says in Markdown what it says here, and nothing else; on one line.

    For GitHub-flavoured Markdown, also within a table. An empty comment stands after ``@`` and the
    like, where no backslash helps: sites look for these after Markdown is done.

    >>> print(markdown("a|b *c* <b> 0.90 (see x_y)"))
    a\|b \*c\* \<b\> 0.90 (see x_y)
    """
    line = _SPECIAL.sub(lambda found: f"\\{found[0]}", one_line(text).strip())
    line = _ADDRESS.sub(lambda found: found[1] + "\\:" if found[1] else found[2] + "\\.", line)
    line = _BEGINS.sub(_begun, line)
    return _CALLS.sub(lambda found: f"{found[0]}<!-- -->", line)


def _begun(found: re.Match[str]) -> str:
    space, sign, number, dot = found.groups()
    return f"{space}\\{sign}" if sign else f"{space}{number}\\{dot}"
