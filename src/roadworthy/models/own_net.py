"""A net that the team brings: fed as product.yaml says, asked in batches, its outputs read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roadworthy.core.errors import BadInput
from roadworthy.core.images import Images
from roadworthy.core.own_net import NetWords
from roadworthy.core.product import Task
from roadworthy.io.images import Picture
from roadworthy.io.nearest import did_you_mean
from roadworthy.models import image_cases
from roadworthy.models.net_answers import Reading
from roadworthy.models.net_inputs import ColumnsFeed, Feed, ImagesFeed, case_at, feed
from roadworthy.models.nets.answering import at_once
from roadworthy.models.onnx.session import Port

Arrays = dict[str, NDArray[Any]]
Ask = Callable[[Mapping[str, NDArray[Any]]], NDArray[Any]]


@dataclass(frozen=True)
class OwnNet:
    """Answers what ``ask`` gives for the arrays of ``feeds``, an array a name."""

    name: str
    task: Task
    feeds: tuple[Feed, ...]
    ask: Ask
    reading: Reading
    files: tuple[Path, ...]
    fingerprint: str
    notes: tuple[str, ...] = field(default=())

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that are read: those of the table, then those with images."""
        table = (name for one in self.feeds if isinstance(one, ColumnsFeed) for name in one.reads)
        images = (name for one in self._seeing for name in one.files)
        return tuple(dict.fromkeys((*table, *images)))

    def why_not(self, table: str) -> str | None:
        return None

    def look(self, picture: Picture) -> object:
        """The image as the net sees it.

        Raises:
            UnreadableError: it is none that this net can see.
        """
        return [one.frame.of(picture) for one in self._seeing]

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """One answer a case; null where an image cannot be read.

        Raises:
            BadInput: a column is not what an input wants, the net fails, or an output is nothing
                that could be an answer.
        """
        readable: list[bool] = []
        found = [
            self.reading.answers(self.ask(arrays), self._each, ids)
            for ids, arrays in self._batches(cases, readable)
        ]
        kind = pl.String if self.task is Task.MULTICLASS else pl.Float64
        answers = pl.concat(found) if found else pl.Series(dtype=kind)
        return image_cases.scattered(answers, pl.Series(readable, dtype=pl.Boolean), self.task)

    @property
    def _seeing(self) -> tuple[ImagesFeed, ...]:
        return tuple(one for one in self.feeds if isinstance(one, ImagesFeed))

    @property
    def _each(self) -> int:
        """How many times a case is asked: once, or once for each of its images."""
        apart = [len(one.files) for one in self._seeing if not one.together]
        return apart[0] if apart else 1

    def _batches(
        self, cases: pl.DataFrame, readable: list[bool]
    ) -> Iterator[tuple[list[str], Arrays]]:
        """Cases, some at a time; those are left out, and noted, of which an image is broken."""
        size = at_once(sum(one.pixels for one in self._seeing))
        streams = [image_cases.each(cases, one.files, one.frame.of) for one in self._seeing]
        whole = zip(*streams, strict=True) if streams else iter([()] * cases.height)
        numbered = enumerate(whole)
        while some := list(islice(numbered, size)):
            seen = [(row, images) for row, images in some if None not in images]
            readable += [None not in images for _, images in some]
            if seen:
                rows = [row for row, _ in seen]
                shown = [[images[at] for _, images in seen] for at in range(len(streams))]
                yield [case_at(cases, row) for row in rows], self._arrays(cases[rows], shown)

    def _arrays(self, cases: pl.DataFrame, shown: list[Any]) -> Arrays:
        found, images = Arrays(), iter(shown)
        for one in self.feeds:
            if isinstance(one, ColumnsFeed):
                found[one.port.name] = np.repeat(one.of(cases), self._each, axis=0)
                continue
            stacked = np.stack([np.stack(of_a_case) for of_a_case in next(images)])
            found[one.port.name] = (
                stacked if one.together else stacked.reshape(-1, *stacked.shape[2:])
            )
        return found


def own_net(
    who: str,
    task: Task,
    words: NetWords,
    images: Images | None,
    ports: tuple[Port, ...],
    ask: Ask,
    files: tuple[Path, ...],
    fingerprint: str,
    notes: tuple[str, ...] = (),
) -> OwnNet:
    """The model, once every input of the net is known to be fed.

    Raises:
        BadInput: product.yaml names other inputs than the net has, or feeds them otherwise.
    """
    named, has = {one.name: one for one in words.inputs}, {port.name: port for port in ports}
    told = ", ".join(map(str, ports)) or "none"
    for name in named:
        if name not in has:
            raise _inputs(who, f"has no input '{name}'; it has {told}", name, list(has))
    lacking = [name for name in has if name not in named]
    if lacking:
        raise _inputs(who, f"has the input {has[lacking[0]]}, which nothing feeds", lacking[0], [])
    feeds = tuple(feed(has[name], one) for name, one in named.items())
    counts = {len(one.files) for one in feeds if isinstance(one, ImagesFeed) and not one.together}
    if len(counts) > 1:
        raise _inputs(who, "is fed different numbers of images by its inputs", None, [])
    if images and (images.sides or images.optional):
        key = "sides" if images.sides else "optional"
        raise _alike(who, key)
    reading = Reading(who, task, words, images.pool if images else Images(()).pool)
    return OwnNet(who, task, feeds, ask, reading, files, fingerprint, notes)


def _alike(who: str, what: str) -> BadInput:
    return BadInput(
        f"{who} is asked for every image alike, and features tell of {what}.",
        code="net_input",
        where="data.features",
        value=what,
        next_step="List the images, `image: [...]`, with one word for `pool`.",
    )


def _inputs(who: str, what: str, name: str | None, known: list[str]) -> BadInput:
    step = did_you_mean(name, known, "inputs") if name and known else ""
    return BadInput(
        f"{who} {what}.",
        code="net_input",
        where="model.inputs",
        value=name,
        next_step=step or f"Add `{name or 'image'}: [columns]` or `{{image: ...}}` there.",
    )
