"""The command line as a user may type it, and as the commands read it."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.cli import quiet

EXPLAIN = "--explain"


def spelled_out(words: Sequence[str]) -> list[str]:
    """``--quiet`` goes before the command, and ``--explain METRIC`` is the command of that name.

    >>> spelled_out(["check", "product.yaml", "--quiet"])
    ['--quiet', 'check', 'product.yaml']
    >>> spelled_out(["--explain", "ppv", "--json"])
    ['explain', 'ppv', '--json']
    """
    if EXPLAIN in words[:1]:
        return spelled_out(["explain", *words[1:]])
    end = list(words).index("--") if "--" in words else len(words)
    if quiet.WORD not in words[:end]:
        return list(words)
    return [quiet.WORD, *(word for word in words[:end] if word != quiet.WORD), *words[end:]]
