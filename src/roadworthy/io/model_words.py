"""The part of product.yaml on a model that was built elsewhere: how it is asked."""

from __future__ import annotations

import shlex
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from roadworthy.core.product import CommandSource, PythonSource, UrlSource
from roadworthy.io.function_words import FunctionWord, SealedWord
from roadworthy.io.net_words import OnnxWords, TorchWords
from roadworthy.io.shapes import Checked, Words, shown, wrong
from roadworthy.io.words import Text, Texts, at_least, number, text

KINDS = ("command", "url", "python", "onnx", "torch")


def _command(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        words = shlex.split(value)
    except ValueError:
        words = value.split()
    raise wrong(
        f"must be a list of words, not {shown(value)}",
        f"Write [{', '.join(words)}]: no shell reads it.",
    )


def _some_words(value: list[str]) -> list[str]:
    if not value:
        raise wrong("is an empty list", "Write the program first: [python, score.py].")
    return value


def _seconds(value: object) -> float:
    if number(value) <= 0:
        raise wrong(f"must be more than 0, not {shown(value)}", "Write seconds, such as 60.")
    return number(value)


def _address(value: object) -> str:
    written = text(value)
    try:
        parts = urlsplit(written)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not (known and written.isascii() and written.isprintable()) or " " in written:
        message = f"is no address of http or https: {shown(value)}"
        raise wrong(message, "Write it as http://127.0.0.1:8000/score.")
    if parts.username is not None or parts.password is not None:
        message = "holds a user name or a password, which would stand in every dossier"
        raise wrong(message, "Remove it: put the model behind an address that needs none.")
    return written


Seconds = Annotated[float, Checked(_seconds, {"type": "number", "exclusiveMinimum": 0})]


class CommandWords(Words):
    """Any program: JSON lines with cases on its input, JSON lines with answers on its output."""

    command: Annotated[
        list[Text],
        AfterValidator(_some_words),
        BeforeValidator(_command),
        Field(json_schema_extra={"minItems": 1}),
    ]
    """The program and its arguments; it runs in the folder of this file."""
    timeout_s: Seconds = 600.0
    """It is stopped when it has not answered every case after so many seconds."""
    files: Texts | None = None
    """Files (globs too) that its answers depend on and that the command does not name."""

    def core(self) -> CommandSource:
        """The source that this describes."""
        return CommandSource(tuple(self.command), self.timeout_s, tuple(self.files or ()))


class UrlWords(Words):
    """A server: a JSON array of cases is posted, a JSON array of answers comes back."""

    url: Annotated[str, Checked(_address, {"type": "string", "pattern": "^https?://"})]
    """The address."""
    timeout_s: Seconds = 30.0
    """How many seconds one request may take."""
    batch: Annotated[int, at_least(1)] = 256
    """How many cases one request carries."""
    sealed: SealedWord | None = None
    """predictions: sealed cases may be sent there; what comes back counts as weaker evidence."""

    def core(self) -> UrlSource:
        """The source that this describes."""
        return UrlSource(self.url, self.timeout_s, self.batch, self.sealed is not None)


class PythonWords(Words):
    """A function of Python: a polars frame in, one answer a row out, in order."""

    python: FunctionWord
    """The function, as package.module:function, importable from the folder of this file."""
    files: Texts | None = None
    """Files (globs too) that its answers depend on beside the module, such as weights."""
    sealed: SealedWord | None = None
    """predictions: it may be handed sealed cases; what comes back counts as weaker evidence."""

    def core(self) -> PythonSource:
        """The source that this describes."""
        return PythonSource(self.python, tuple(self.files or ()), self.sealed is not None)


def _one_kind(written: Any) -> Any:
    if not isinstance(written, dict):
        raise wrong(
            f"must be a mapping of keys, not {shown(written)}",
            "Write {command: [python, score.py]}, {url: ...}, {python: module:function}, "
            "{onnx: net.onnx} or {torch: module:function}.",
        )
    found = [key for key in KINDS if key in written]
    if len(found) != 1:
        several = f"names {' and '.join(found)}" if found else "does not say how to ask it"
        raise wrong(several, "Give exactly one of command, url, python, onnx and torch.")
    return written


def _kind(written: Any) -> str:
    if isinstance(written, dict):
        return next((f"<{key}>" for key in KINDS if key in written), "<command>")
    return "<command>"


ModelWords = Annotated[
    Annotated[CommandWords, Tag("<command>")]
    | Annotated[UrlWords, Tag("<url>")]
    | Annotated[PythonWords, Tag("<python>")]
    | Annotated[OnnxWords, Tag("<onnx>")]
    | Annotated[TorchWords, Tag("<torch>")],
    Discriminator(_kind),
    BeforeValidator(_one_kind),
]
