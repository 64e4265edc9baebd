"""What went wrong, with which value, and what to do next: the errors a user may see."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell sees; Python's own 1 is never used for an error."""

    PASS = 0
    FAIL = 1
    BAD_INPUT = 2
    INCONCLUSIVE = 3
    REFUSED = 4
    INTERNAL = 70
    INTERRUPTED = 130


class RoadworthyError(Exception):
    """An error told to the person who can mend it.

    ``code`` is a stable word for programs, ``where`` a file, line, row or key, ``value`` what was
    found there, ``next_step`` what to do about it.
    """

    exit_code: ExitCode = ExitCode.INTERNAL

    def __init__(
        self,
        message: str,
        *,
        code: str,
        next_step: str,
        where: str | None = None,
        value: object = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.where = where
        self.value = value
        self.next_step = next_step

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message} {self.next_step}".strip()


class BadInput(RoadworthyError):
    """What was handed in cannot be used; nothing was changed."""

    exit_code = ExitCode.BAD_INPUT


class Refused(RoadworthyError):
    """The request is well formed, and the rules of the sealed set forbid it."""

    exit_code = ExitCode.REFUSED
