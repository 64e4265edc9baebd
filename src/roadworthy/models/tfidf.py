"""Texts as the weights of their words: how often a word stands here, and how rare it is elsewhere.

Sparse: a column for every word, pair of words and part of a word that training texts share, with
logarithmic counts (Salton & Buckley 1988). Parts of words survive typing errors and endings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from roadworthy.core.errors import BadInput

if TYPE_CHECKING:
    from roadworthy.core.embedding import Embedded

MOST_TERMS = 20_000
# in more texts than these a term that stands in one of them alone says nothing
_FEW = 20
_KINDS: Mapping[str, Mapping[str, Any]] = {
    "words": {"analyzer": "word", "ngram_range": (1, 2)},
    "parts": {"analyzer": "char_wb", "ngram_range": (3, 5)},
}


class TfIdf:
    """TF-IDF of words and pairs of words, and of parts of words, each of length one."""

    about = "the weights of words, pairs of words and parts of words (TF-IDF); sparse"

    def fit(self, texts: Sequence[str], seed: int) -> Mapping[str, Any]:
        """Nothing is drawn, so ``seed`` changes nothing."""
        return terms(texts, MOST_TERMS)

    def ready(self, fitted: Mapping[str, Any]) -> Callable[[Sequence[str]], Embedded]:
        return weights(fitted)


def terms(texts: Sequence[str], most: int) -> dict[str, Any]:
    """The ``most`` frequent terms of each kind with their rarity, as plain text and arrays.

    Raises:
        BadInput: the texts share no word, nor a part of one.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    found: dict[str, Any] = {}
    for kind, how in _KINDS.items():
        vectorizer = TfidfVectorizer(
            **how, sublinear_tf=True, min_df=2 if len(texts) > _FEW else 1, max_features=most
        )
        try:
            vectorizer.fit(texts)
        except ValueError:  # no term of this kind is left
            continue
        # no term holds a line break, and one long text is read in no time
        found[kind] = "\n".join(vectorizer.get_feature_names_out())
        found[f"{kind}_rarity"] = vectorizer.idf_
    if not found:
        raise _no_words(len(texts))
    return found


def weights(fitted: Mapping[str, Any]) -> Callable[[Sequence[str]], Any]:
    """The weights of the terms in texts, a sparse row matrix of shape (texts, terms)."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizers = []
    for kind, how in _KINDS.items():
        if kind in fitted:
            known = TfidfVectorizer(**how, sublinear_tf=True, vocabulary=fitted[kind].split("\n"))
            known.idf_ = fitted[f"{kind}_rarity"]
            vectorizers.append(known)

    def embed(texts: Sequence[str]) -> Any:
        if not texts:
            return csr_matrix((0, sum(len(one.vocabulary_) for one in vectorizers)))
        return hstack([one.transform(texts) for one in vectorizers], format="csr")

    return embed


def _no_words(texts: int) -> BadInput:
    return BadInput(
        f"the {texts} training texts share no word, so there is nothing to learn from them.",
        code="no_words",
        where="data.text",
        value=texts,
        next_step="Name a column of text that people wrote, or take it out of `data: {text: }`.",
    )
