"""The command line: input and output, nothing else."""

from __future__ import annotations

from roadworthy.cli.app import main

__all__ = ["main"]
