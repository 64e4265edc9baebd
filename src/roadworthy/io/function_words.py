"""How product.yaml names a function of Python, and says that it may be handed sealed cases."""

from __future__ import annotations

import re
from typing import Annotated

from roadworthy.io.shapes import Checked, shown, wrong
from roadworthy.io.words import choice, text

_FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_SCHEMA = r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$"


def _function(value: object) -> str:
    written = text(value)
    if not _FUNCTION.fullmatch(written):
        message = f"names no function of a module: {shown(value)}"
        raise wrong(message, "Write package.module:function, such as my_model:score.")
    return written


FunctionWord = Annotated[str, Checked(_function, {"type": "string", "pattern": _SCHEMA})]
SealedWord = Annotated[str, choice({"predictions": "predictions"})]
