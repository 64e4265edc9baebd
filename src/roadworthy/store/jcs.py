"""RFC 8785: one text for one JSON value, so that its hash is the same on every machine."""

from __future__ import annotations

from typing import Any

import rfc8785


def canonical(value: Any) -> str:
    """``value`` as canonical JSON: keys in order, no spaces, numbers as ECMAScript writes them.

    >>> canonical({"b": 1.0, "a": [True, None, "é"]})
    '{"a":[true,null,"é"],"b":1}'

    Raises:
        ValueError: JSON has no text for it: NaN, infinity, a whole number beyond 2^53 (which other
            programs would round), half a surrogate pair, or another type of Python.
    """
    return rfc8785.dumps(value).decode()
