"""A stranger's program that sees sealed cases: without a network, and with nowhere to write."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache

# every mount becomes read-only, but for a memory that vanishes with the program
_READ_ONLY = """
mount --make-rprivate / || exit 97
cut -d' ' -f5 /proc/self/mountinfo | while read -r at; do
  mount -o remount,bind,ro "$at" 2>/dev/null
done
cut -d' ' -f5,6 /proc/self/mountinfo | grep -q '^/ ro' || exit 97
mount -t tmpfs tmpfs /dev/shm 2>/dev/null && export TMPDIR=/dev/shm
exec "$@"
"""
_ALONE = ("unshare", "--user", "--map-root-user", "--net", "--ipc", "--mount")
_WAYS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        (*_ALONE, "sh", "-c", _READ_ONLY, "sh"),
        "without a network, and could write nowhere but to its answers",
    ),
    (
        ("unshare", "--user", "--map-root-user", "--net", "--ipc"),
        "without a network; what it wrote to the disk was not stopped",
    ),
    (("unshare", "--net"), "without a network; what it wrote to the disk was not stopped"),
)
NOT_CONFINED = (
    "with a network and a disk, since this machine cannot shut a program in: it could have carried "
    "sealed cases away (weaker evidence)"
)


@dataclass(frozen=True)
class Confinement:
    """What goes before a command so that it is shut in, and what that stopped, in words."""

    before: tuple[str, ...]
    told: str

    @property
    def weak(self) -> bool:
        """Whether nothing was stopped."""
        return not self.before


@cache
def confinement() -> Confinement:
    """The strictest way that this machine has; tried once."""
    if shutil.which("unshare"):
        for before, told in _WAYS:
            if _works(before):
                return Confinement(before, told)
    return Confinement((), NOT_CONFINED)


def _works(before: tuple[str, ...]) -> bool:
    try:
        ran = subprocess.run([*before, "true"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return ran.returncode == 0
