"""The folder ``.roadworthy`` beside product.yaml; nothing in it is ever half-written."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roadworthy.core.errors import BadInput

FOLDER = ".roadworthy"
VERSION = 1


@dataclass(frozen=True)
class Workspace:
    """Where one product keeps its state."""

    folder: Path

    @staticmethod
    def beside(product_file: Path) -> Workspace:
        """The workspace of the product that ``product_file`` declares."""
        return Workspace(product_file.parent / FOLDER)

    def path(self, name: str) -> Path:
        """A file of the workspace."""
        return self.folder / name

    def write(self, name: str, content: str | bytes | memoryview) -> Path:
        """Writes a file whole or not at all, and returns where it stands."""
        target = self.path(name)
        data = content.encode() if isinstance(content, str) else content
        with self._beside(target, data) as temporary:
            Path(temporary).replace(target)
        return target

    def write_json(self, name: str, content: Mapping[str, Any]) -> Path:
        """Writes JSON that never holds NaN or Infinity."""
        return self.write(name, as_json(content))

    def read_json(self, name: str) -> dict[str, Any] | None:
        """What ``write_json`` wrote; None when there is no such file."""
        path = self.path(name)
        self.require_version()
        try:
            found = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as problem:
            raise BadInput(
                f"this file of the workspace cannot be read: {problem}.",
                code="broken_workspace",
                where=str(path),
                next_step="Restore it from a backup, or remove it and run the command again.",
            ) from problem
        if not isinstance(found, dict):
            raise BadInput(
                "this file of the workspace does not hold what roadworthy wrote.",
                code="broken_workspace",
                where=str(path),
                next_step="Restore it from a backup, or remove it and run the command again.",
            )
        return found

    def require_version(self) -> None:
        """Refuses a workspace that another version of roadworthy laid out differently.

        Raises:
            BadInput: it has another version than this roadworthy reads and writes.
        """
        try:
            found = (self.folder / "VERSION").read_text(encoding="utf-8").strip()
        except OSError:
            return
        except ValueError:
            found = "(unreadable)"
        if found == str(VERSION):
            return
        newer = found.isdigit() and int(found) > VERSION
        raise BadInput(
            f"this workspace has version {found[:20] or '(empty)'}, and this roadworthy reads "
            f"version {VERSION}.",
            code="other_workspace_version",
            where=str(self.folder),
            value=found[:20],
            # no advice to start afresh: the folder remembers which sealed sets were opened
            next_step="Use the roadworthy that wrote it, which is newer than this one."
            if newer
            else "Use the roadworthy that wrote it, or restore the file VERSION from a backup.",
        )

    def create(self, name: str, content: Mapping[str, Any]) -> bool:
        """Writes a whole file that must not exist yet; False when somebody else was first."""
        target = self.path(name)
        with self._beside(target, as_json(content).encode()) as temporary:
            try:
                os.link(temporary, target)
            except FileExistsError:
                return False
        return True

    @contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A folder for files that are gone afterwards; nobody else may open it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._note_version()
            made = tempfile.TemporaryDirectory(dir=self.folder, prefix=f"{name}-")
        except OSError as problem:
            raise unwritable(self.folder, problem) from problem
        with made as folder:
            yield Path(folder)

    @contextmanager
    def _beside(self, target: Path, data: bytes | memoryview) -> Iterator[str]:
        """A finished file in the folder of ``target``, to be moved or linked into its place."""
        temporary = None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._note_version()
            handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield temporary
        except OSError as problem:
            raise unwritable(target, problem) from problem
        finally:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)

    def _note_version(self) -> None:
        note = self.folder / "VERSION"
        self.require_version()
        if note.exists():
            return
        # moved into place whole: whoever opens the workspace meanwhile must not find it empty
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".VERSION.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{VERSION}\n")
        Path(temporary).replace(note)


def as_json(content: Mapping[str, Any]) -> str:
    """What ``write_json`` writes."""
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def unwritable(path: Path, problem: OSError) -> BadInput:
    """The workspace cannot be written."""
    return BadInput(
        f"cannot be written: {problem.strerror or problem}.",
        code="unwritable_workspace",
        where=str(path),
        next_step="Make the folder writable, or copy product.yaml and its data elsewhere.",
    )
