"""A model that is any command: cases go in as JSON lines, answers come out as JSON lines."""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from roadworthy.core.errors import BadInput
from roadworthy.core.product import CommandSource, Task
from roadworthy.models import shipped
from roadworthy.models.exchange import Awaited, excerpt, json_lines, to_send

LONGEST_LINE = 1 << 20
PIPE = 1 << 16
STDERR_KEPT = 1 << 14
LAST_LINES = 8
LAST_WIDTH = 200
TICK_S = 0.2
GRACE_S = 2.0


@dataclass(frozen=True)
class CommandModel:
    """A command that reads cases and writes answers, run anew for every table of cases.

    It runs in ``folder``, without a shell, in a process group of its own, which is killed when
    the time is up, when an answer is wrong, and when the command itself has ended. ``before`` goes
    before the command, to shut it in (`models.confined`).
    """

    source: CommandSource
    folder: Path
    task: Task
    needs: tuple[str, ...]
    before: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"`{excerpt(shlex.join(self.source.command).encode())}`"

    @cached_property
    def files(self) -> tuple[Path, ...]:
        own = shipped.named_in(self.source.command, self.folder)
        return tuple(dict.fromkeys((*own, *shipped.declared(self.source.files, self.folder))))

    @cached_property
    def fingerprint(self) -> str:
        """Covers the command line and its files; not the interpreter, nor what nobody named."""
        return shipped.digest(["command", *self.source.command], self.files, self.folder)

    @property
    def notes(self) -> tuple[str, ...]:
        names = ", ".join(path.name for path in self.files) or "no file at all"
        return (f"The fingerprint of {self.name} covers the command line and {names}.",)

    def why_not(self, table: str) -> str | None:
        if table == "artifact":
            step = "list them, `model: {files: [...]}`"
            return None if self.files else f"{self.name} names no file that is shipped; {step}"
        return (
            "a command answers a whole table in one run, and starting it takes longer than a case; "
            "serve the model, `model: {url: }`, or bring your own times, "
            f"`data: {{tables: {{{table}: FILE}}}}`"
        )

    def answer(self, cases: pl.DataFrame) -> pl.Series:
        """Runs the command once and hands back one checked answer a case, in the cases' order.

        Raises:
            BadInput: the command cannot be started, hangs, dies, or answers wrongly.
        """
        table = to_send(cases, self.needs)
        waiting = Awaited(cases, self.task, self.name)
        source = replace(self.source, command=(*self.before, *self.source.command))
        with _Run(source, self.folder, self.name) as run:
            run.exchange(json_lines(table), waiting)
            return waiting.series(run.last_words())


class _Run:
    """One run of a command: writes and reads at once, so that neither side waits for the other."""

    def __init__(self, source: CommandSource, folder: Path, name: str) -> None:
        self.name, self.timeout_s = name, source.timeout_s
        self.stderr, self.rest, self.line = b"", b"", 0
        self.process = _start(source, folder, name)
        self.end = time.monotonic() + source.timeout_s

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *problem: object) -> None:
        self._kill()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def exchange(self, pieces: Iterator[bytes], waiting: Awaited) -> None:
        """Sends everything and takes every answer, until the command has ended well."""
        process = self.process
        assert process.stdin and process.stdout and process.stderr
        with selectors.DefaultSelector() as pipes:
            for pipe in (process.stdin, process.stdout, process.stderr):
                os.set_blocking(pipe.fileno(), False)
            sender = _Sender(process.stdin.fileno(), pieces)
            pipes.register(process.stdin, selectors.EVENT_WRITE, sender)
            pipes.register(process.stdout, selectors.EVENT_READ, "stdout")
            pipes.register(process.stderr, selectors.EVENT_READ, "stderr")
            self._pump(pipes, waiting)
        if self.rest.strip():
            self._take(self.rest, waiting)
        self._ended(waiting)

    def last_words(self) -> str:
        """The end of what it said on standard error, below the message; nothing: empty."""
        lines = self.stderr.decode(errors="replace").strip().splitlines()[-LAST_LINES:]
        shown = [line if len(line) <= LAST_WIDTH else f"{line[:LAST_WIDTH]} ..." for line in lines]
        return "".join(f"\n    {line}" for line in (["It said:", *shown] if shown else []))

    def _pump(self, pipes: selectors.BaseSelector, waiting: Awaited) -> None:
        """Until both of its outputs are closed; a child that keeps them open is not waited for."""
        quiet_until = float("inf")
        while any(key.data in ("stdout", "stderr") for key in pipes.get_map().values()):
            left = self.end - time.monotonic()
            if left <= 0:
                raise self._late(waiting)
            ready = pipes.select(min(left, TICK_S))
            for key, _ in ready:
                if not self._serve(key, waiting):
                    pipes.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]
            if self.process.poll() is None or ready:
                quiet_until = float("inf")
            elif quiet_until == float("inf"):
                quiet_until = time.monotonic() + GRACE_S
            elif time.monotonic() > quiet_until:
                return

    def _serve(self, key: selectors.SelectorKey, waiting: Awaited) -> bool:
        """Moves what can be moved now; False when this pipe is done."""
        if isinstance(key.data, _Sender):
            return key.data.send()
        part = os.read(key.fd, PIPE)
        if key.data == "stderr":
            self.stderr = (self.stderr + part)[-STDERR_KEPT:]
        else:
            self._split(part, waiting)
        return bool(part)

    def _split(self, part: bytes, waiting: Awaited) -> None:
        *lines, self.rest = (self.rest + part).split(b"\n")
        for line in lines:
            self._take(line, waiting)
        if len(self.rest) > LONGEST_LINE:
            raise BadInput(
                f"Line {self.line + 1} of its output does not end within {LONGEST_LINE:,} bytes: "
                f"{excerpt(self.rest)}",
                code="bad_answer",
                where=self.name,
                next_step="Print one short JSON object a line.",
            )

    def _take(self, line: bytes, waiting: Awaited) -> None:
        self.line += 1
        if line.strip():
            waiting.take_text(line, f"Line {self.line} of its output")

    def _ended(self, waiting: Awaited) -> None:
        try:
            status = self.process.wait(max(self.end - time.monotonic(), 0.01))
        except subprocess.TimeoutExpired as problem:
            raise self._late(waiting) from problem
        if status == 0:
            return
        how = f"ended with status {status}" if status > 0 else f"was killed by {_signal(-status)}"
        raise BadInput(
            f"It {how} after {waiting.count} of {len(waiting.ids)} answers; none of them counts."
            f"{self.last_words()}",
            code="model_died",
            where=self.name,
            value=status,
            next_step="Mend it, or give it what it needs; it must end with status 0.",
        )

    def _late(self, waiting: Awaited) -> BadInput:
        return BadInput(
            f"It gave {waiting.count} of {len(waiting.ids)} answers in {self.timeout_s:g} s and "
            f"was stopped; none of them counts.{self.last_words()}",
            code="model_timeout",
            where=self.name,
            value=self.timeout_s,
            next_step="It must read to the end of its input, answer, and end. If it only needs "
            "longer: `model: {timeout_s: ...}`.",
        )

    def _kill(self) -> None:
        """The command and every child that stayed in its group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()  # it may have left its own group
        self.process.wait()


class _Sender:
    """Writes pieces into a pipe as fast as its reader takes them."""

    def __init__(self, pipe: int, pieces: Iterator[bytes]) -> None:
        self.pipe, self.pieces, self.left = pipe, pieces, memoryview(b"")

    def send(self) -> bool:
        """False when all is written, or when nobody reads any more."""
        if not self.left:
            self.left = memoryview(next(self.pieces, b""))
        try:
            self.left = self.left[os.write(self.pipe, self.left[:PIPE]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            # it may have read enough; whether it answered everything is seen later
            return False
        return bool(self.left) or self._more()

    def _more(self) -> bool:
        self.left = memoryview(next(self.pieces, b""))
        return bool(self.left)


def _start(source: CommandSource, folder: Path, name: str) -> subprocess.Popen[bytes]:
    if os.name != "posix":
        step = "Serve it: `model: {url: http://127.0.0.1:8000/score}`."
        raise _not_started(name, "commands are run on Linux and macOS only", step)
    try:
        return subprocess.Popen(
            source.command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except (OSError, ValueError) as problem:
        program = source.command[0]
        why = getattr(problem, "strerror", None) or str(problem)
        step = f"Is '{program}' installed, and is its path right, seen from '{folder}'?"
        if isinstance(problem, PermissionError):
            step = f"Make it executable, `chmod +x {program}`, or name its interpreter first."
        elif why == "Exec format error":
            step = f"Name the interpreter that reads '{program}' first, such as python."
        raise _not_started(name, why, step, program) from problem


def _not_started(name: str, why: str, step: str, value: object = None) -> BadInput:
    return BadInput(
        f"It cannot be started: {why}.",
        code="model_not_started",
        where=name,
        value=value,
        next_step=step,
    )


def _signal(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
