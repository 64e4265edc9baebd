"""Runs a notebook of the examples from its first cell to its last, and keeps what the cells say.

``python -m tests.notebooks examples/notebook.ipynb`` writes the notebook anew, with its outputs.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

SECONDS = 300


def executed(path: Path, folder: Path) -> Any:
    """The notebook after all cells ran in ``folder``; a cell that errs, or no kernel, raises."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=resources).execute()
    for place, cell in enumerate(notebook.cells):
        # when a cell ran, and under which name, would differ every time
        cell.metadata.clear()
        cell.id = f"cell-{place}"
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    return notebook


def outputs(notebook: Any, mime: str) -> list[str]:
    """What the cells gave in one format, in order."""
    found = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    return [str(output.data[mime]) for output in found if mime in output.get("data", {})]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as place:
            nbformat.write(executed(Path(name), Path(place)), name)
