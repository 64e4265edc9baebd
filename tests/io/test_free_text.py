"""What people wrote is told from names, codes and categories by its words."""

from __future__ import annotations

import polars as pl
import pytest
from tests.texts import messages

from roadworthy.io.free_text import reads_like_text, words_per_text

TABLE = pl.DataFrame(
    {
        "message": messages(300, 1)["message"],
        "name": [f"Jane Doe{i}" for i in range(300)],
        "chinese": [f"我的包裹在哪里请告诉我{i}" for i in range(300)],
        "numbered": [f"note {i / 7} of 300" for i in range(300)],
        "code": [f"ab-{i}" for i in range(300)],
        "kind": ["a kind that is told in many words", "another kind of the same"] * 150,
        "empty": pl.Series([None] * 300, dtype=pl.String),
    }
)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("message", True),
        ("chinese", True),
        ("numbered", False),
        ("name", False),
        ("code", False),
        ("kind", False),
        ("empty", False),
    ],
)
def test_only_many_different_texts_of_several_words_are_text(column: str, text: bool) -> None:
    values = TABLE[column]
    found = reads_like_text(words_per_text(values), values.n_unique(), values.len(), 100)
    assert found is text
