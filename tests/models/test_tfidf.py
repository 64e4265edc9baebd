"""The weights of words: what rare words weigh, and what is kept of a vocabulary."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from tests.texts import messages

from roadworthy.core.errors import BadInput
from roadworthy.models.tfidf import TfIdf, terms, weights

TEXTS = messages(60, 3, gaps=0.0)["message"].to_list()


def test_what_is_read_back_weighs_as_scikit_learn_does() -> None:
    ours = weights(TfIdf().fit(TEXTS, 0))(TEXTS).toarray()
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    parts = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2)
    theirs = np.hstack([one.fit_transform(TEXTS).toarray() for one in (words, parts)])
    assert np.allclose(ours, theirs)


def test_no_more_terms_are_kept_than_asked_for() -> None:
    found = terms(TEXTS, 10)
    assert len(found["words"].split("\n")) == len(found["parts_rarity"]) == 10


def test_a_language_without_spaces_is_read_by_its_parts() -> None:
    texts = [f"包裹在哪里{i}" for i in range(30)]
    assert weights(terms(texts, 100))(texts).sum() > 0


def test_a_term_of_one_text_alone_is_not_kept_of_many() -> None:
    assert "zebra" not in terms([*TEXTS, "zebra"], 1000)["words"]
    assert "zebra" in terms(["zebra"], 1000)["words"]


def test_texts_without_a_word_are_bad_input() -> None:
    with pytest.raises(BadInput) as told:
        terms(["", " "], 10)
    assert told.value.code == "no_words"
