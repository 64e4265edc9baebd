"""The notebook of the examples runs to its last cell, and was committed as it ran."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from tests.notebooks import executed, outputs

NOTEBOOK = Path(__file__).parents[1] / "examples" / "notebook.ipynb"


@pytest.mark.slow
def test_the_notebook_ends_in_the_verdicts_that_it_was_committed_with(tmp_path: Path) -> None:
    ran = executed(NOTEBOOK, tmp_path)
    committed = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(committed)
    # the short form of every result: which verdict, on what, on how many cases
    verdicts = [told for told in outputs(ran, "text/plain") if told.startswith("<Judgement")]
    assert len(verdicts) == 3
    assert outputs(ran, "text/plain") == outputs(committed, "text/plain")
    shown = outputs(ran, "text/html")
    assert len(shown) == len(outputs(committed, "text/html"))
    assert any("PASS</span>" in card and "on the sealed set" in card for card in shown)
    assert (tmp_path / "cancer-triage" / ".roadworthy" / "dossier" / "dossier.html").is_file()
