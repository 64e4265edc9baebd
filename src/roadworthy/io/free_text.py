"""Whether a column of strings is text that people wrote, or names and codes: told by its words."""

from __future__ import annotations

import polars as pl

# a name has two words, most addresses four
FEWEST_WORDS = 3.0
# a number is no word; where words are not set apart, two signs count as one
_WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]{2}|\p{L}{2,}"


def words_per_text(column: pl.Series) -> float:
    """How many words its values have on average, those without any left out.

    >>> words_per_text(pl.Series(["where is my parcel", "please call me", None, ""]))
    3.5
    """
    counts = column.cast(pl.String).str.extract_all(_WORD).list.len()
    found = counts.filter(counts > 0).mean()
    return float(found) if isinstance(found, int | float) else 0.0


def reads_like_text(words: float, distinct: int, rows: int, most_levels: int) -> bool:
    """Whether so many words in so many different values are text: more than levels could be."""
    return words >= FEWEST_WORDS and (distinct > most_levels or 2 * distinct > rows)
