"""A size is counted, so it is certain on either side of its limit."""

from __future__ import annotations

import polars as pl
from tests.instruments.measuring import at_most, measured, need, not_measured, outcome

from roadworthy.core.verdict import Outcome

FILES = pl.DataFrame({"file": ["model", "card"], "bytes": [1_500_000, 500_000]})


def test_all_files_count_in_megabytes_of_a_million_bytes() -> None:
    found = measured("model_size_mb", FILES, at_most(2.0))
    assert (found.low, found.estimate, found.high, found.n) == (2.0, 2.0, 2.0, 2)


def test_the_limit_itself_is_met_and_a_byte_more_is_not() -> None:
    assert outcome("model_size_mb", FILES, at_most(2.0)) is Outcome.PASS
    assert outcome("model_size_mb", FILES, at_most(1.999999)) is Outcome.FAIL


def test_without_a_file_nothing_was_weighed() -> None:
    assert "no artefact" in not_measured("model_size_mb", FILES.clear(), at_most(2.0))
    assert need("model_size_mb", at_most(2.0)).at_target == 1
