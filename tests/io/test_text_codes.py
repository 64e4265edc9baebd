"""Codes tell texts apart as comparing them does, in whatever batches they come."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.io.text_codes import MISSING, TextCodes, TooManyTextsError

TEXTS = st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "a text of many bytes: ä"])))


@given(st.lists(TEXTS, max_size=5))
def test_a_code_stands_for_one_text_in_all_batches(batches: list[list[str | None]]) -> None:
    codes = TextCodes(4)
    for batch in batches:
        found = codes.of(pl.Series(batch, dtype=pl.String)).tolist()
        told = [None if code == MISSING else codes.known[code - 1] for code in found]
        assert told == batch
    assert len(set(codes.known)) == len(codes.known)


def test_256_texts_are_told_apart_and_one_more_is_refused() -> None:
    texts = pl.Series([f"site {i}" for i in range(256)])
    codes = TextCodes(256)
    assert codes.of(texts).tolist() == list(range(1, 257))
    with pytest.raises(TooManyTextsError):
        codes.of(pl.Series(["one more"]))


def test_texts_whose_hashes_agree_are_never_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        pl.Series, "hash", lambda self, *_: pl.Series([7] * len(self), dtype=pl.UInt64)
    )
    with pytest.raises(TooManyTextsError):
        TextCodes(4).of(pl.Series(["a", "b"]))
