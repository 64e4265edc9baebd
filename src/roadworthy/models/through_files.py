"""A model from elsewhere that opens images itself: for each few cases, changed files lie ready."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from roadworthy.core import columns
from roadworthy.core.errors import BadInput
from roadworthy.core.model import Model
from roadworthy.io import images
from roadworthy.io.images import Picture, UnreadableError

_AT_ONCE = 256


@dataclass(frozen=True)
class ThroughFiles:
    """The model ``inner``; the columns ``images`` of its cases are handles of perturbed files.

    They are written as PNG, without loss, into ``scratch``, are named relative to ``folder`` as
    the table's own are, and are gone when their cases are answered.
    """

    inner: Model
    images: tuple[str, ...]
    folder: Path
    scratch: Path

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def fingerprint(self) -> str:
        return self.inner.fingerprint

    @property
    def files(self) -> tuple[Path, ...]:
        return self.inner.files

    @property
    def needs(self) -> tuple[str, ...]:
        return self.inner.needs

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(getattr(self.inner, "notes", ()))

    def why_not(self, table: str) -> str | None:
        return "it was run on perturbed cases alone"

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """As the model answers.

        Raises:
            BadInput: it does not answer as it should, or reads DICOM, which is not written here.
        """
        found = [self._answer(some) for some in cases.iter_slices(_AT_ONCE)]
        return pl.concat(found) if found else self.inner.answer(cases)

    def _answer(self, cases: pl.DataFrame) -> pl.Series:
        written: list[Path] = []
        try:
            shown = [self._column(cases, name, written) for name in self.images]
            return self.inner.answer(cases.with_columns(shown))
        finally:
            for file in written:
                file.unlink(missing_ok=True)

    def _column(self, cases: pl.DataFrame, name: str, written: list[Path]) -> pl.Series:
        paths = cases[name].to_list()
        for row, handle in enumerate(cases[columns.file(name)]):
            if handle is None:
                continue
            if images.is_dicom(images.behind(handle)):
                raise BadInput(
                    f"{self.inner.name} opens DICOM files itself, and changed ones are not "
                    "written here",
                    code="no_perturbed_dicom",
                    where=f"column {name}",
                    value=str(paths[row]),
                    next_step="Let it read PNG, or hand it over as ONNX.",
                )
            picture = _read(handle)
            if picture is not None:
                file = self.scratch / f"{len(written)}.png"
                images.write_png(picture, file)
                written.append(file)
                paths[row] = os.path.relpath(file, self.folder)
        return pl.Series(name, paths, dtype=pl.String)


def _read(handle: str) -> Picture | None:
    """The picture; None: it cannot be read, and the model is given the file as it is."""
    try:
        return images.read(handle)
    except UnreadableError:
        return None
