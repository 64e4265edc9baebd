"""The conformance kit of embeddings: what a way to read text must keep to before models use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import issparse

from roadworthy.core.embedding import Embedding
from roadworthy.core.errors import BadInput
from roadworthy.models.pipelines import one_thread
from roadworthy.models.reproducible import reproducible

SEED = 7
STRANGE = (
    "",
    "   ",
    "\n\t",
    "zzyzx qwrtpsd",
    "Bitte wo ist mein Päckchen?",
    "包裹在哪里",
    "😀" * 5,
)
LONG = "where is my parcel and why is nobody there " * 500


def check_embedding(embedding: Embedding) -> None:
    """Checks every promise of an embedding.

    Raises:
        AssertionError: a sentence that says which promise is broken.
    """
    name = type(embedding).__name__
    assert embedding.about.strip(), f"{name}.about is empty: it says what the numbers are"
    bench = _Bench(embedding, name)
    for check in CHECKS:
        check(bench)


def embedding_texts(n: int = 120, seed: int = SEED) -> list[str]:
    """Texts to learn from, the first of them empty.

    >>> texts = embedding_texts(3)
    >>> len(texts), texts[0]
    (3, '')
    """
    rng = np.random.default_rng(seed)
    made = [
        f"{rng.choice(_SUBJECTS)} {rng.choice(_VERBS)} the {rng.choice(_THINGS)} {rng.integers(9)}"
        for _ in range(n)
    ]
    return ["", *made[1:]]


_SUBJECTS = ("she", "somebody", "nobody", "the driver", "a neighbour", "my mother", "you")
_VERBS = ("lost", "returned", "wants", "cannot find", "already paid for", "has broken", "sent")
_THINGS = ("parcel", "lamp", "invoice", "jacket", "kettle", "refund", "letter", "password")


@dataclass(frozen=True)
class _Bench:
    embedding: Embedding
    name: str

    def fit(self, texts: Sequence[str] | None = None) -> Mapping[str, Any]:
        given = embedding_texts() if texts is None else texts
        with one_thread():
            found = self.embedding.fit(list(given), SEED)
        assert isinstance(found, Mapping), f"{self.name}.fit must give a mapping, not {found!r}"
        return found

    @cached_property
    def fitted(self) -> Mapping[str, Any]:
        return self.fit()

    def rows(self, texts: Sequence[str], what: str, fitted: Mapping[str, Any] | None = None) -> Any:
        """Its numbers, checked: two dimensions, as many rows as texts, all finite."""
        try:
            found = self.embedding.ready(self.fitted if fitted is None else fitted)(list(texts))
        except Exception as reason:
            raise AssertionError(
                f"{self.name}: {what} raised {type(reason).__name__} ({reason}): every text must "
                "have its numbers"
            ) from reason
        dense = np.asarray(found.toarray() if issparse(found) else found)
        assert dense.ndim == 2 and dense.shape[0] == len(texts), (
            f"{self.name}: {len(texts)} texts must have the shape ({len(texts)}, d), not "
            f"{dense.shape} ({what})"
        )
        assert dense.dtype == np.float64, f"{self.name}: numbers must be float64, not {dense.dtype}"
        assert np.isfinite(dense).all(), f"{self.name}: {what} has a number that is not finite"
        return dense


def _content(fitted: Mapping[str, Any]) -> bytes:
    from skops.io import dumps

    return reproducible(dumps(dict(fitted)))


def _the_same_is_kept_of_the_same_texts(bench: _Bench) -> None:
    assert _content(bench.fitted) == _content(bench.fit()), (
        f"{bench.name}: the same texts and seed must keep the same"
    )


def _what_is_kept_is_plain(bench: _Bench) -> None:
    from skops.io import get_untrusted_types, loads

    content = _content(bench.fitted)
    # numpy.dtype is plain data too
    strange = sorted(set(get_untrusted_types(data=content)) - {"numpy.dtype"})
    assert not strange, (
        f"{bench.name}: what `fit` keeps holds {', '.join(strange)}: keep plain values, arrays and "
        "estimators of scikit-learn"
    )
    texts = embedding_texts(30, 8)
    before = bench.rows(texts, "texts as they are")
    after = bench.rows(texts, "what was written and read", loads(content, trusted=["numpy.dtype"]))
    assert np.array_equal(before, after), (
        f"{bench.name}: what is read back from a file gives other numbers: keep all in `fit`"
    )


def _every_text_has_numbers(bench: _Bench) -> None:
    usual = bench.rows(embedding_texts(30, 8), "ordinary texts").shape[1]
    assert usual > 0, f"{bench.name}: a text has no number at all"
    for texts, what in (
        (STRANGE, "texts of unknown words, or of none"),
        ([LONG], "a long text"),
        ([], "no text at all"),
    ):
        width = bench.rows(texts, what).shape[1]
        assert width == usual, f"{bench.name}: {what}: {width} numbers a text instead of {usual}"


def _numbers_hang_on_the_text_alone(bench: _Bench) -> None:
    texts = [*embedding_texts(30, 8), *STRANGE]
    together = bench.rows(texts, "texts together")
    turned = bench.rows(texts[::-1], "texts in another order")[::-1]
    alone = np.vstack([bench.rows([text], "one text") for text in texts])
    for other, how in ((turned, "in another order"), (alone, "by itself")):
        assert np.allclose(together, other, rtol=1e-9, atol=1e-12), (
            f"{bench.name}: a text {how} has other numbers: they must hang on the text alone"
        )


def _few_or_empty_texts_are_no_surprise(bench: _Bench) -> None:
    for texts in (["where is my parcel"], ["parcel", "lamp"], ["", " "]):
        try:
            fitted = bench.fit(texts)
        except BadInput:
            continue
        except Exception as reason:
            raise AssertionError(
                f"{bench.name}.fit raised {type(reason).__name__} ({reason}) on {texts}: raise "
                "BadInput, or keep something"
            ) from reason
        bench.rows(["a lamp", ""], f"what was learnt from {texts}", fitted)


CHECKS: tuple[Callable[[_Bench], None], ...] = (
    _the_same_is_kept_of_the_same_texts,
    _what_is_kept_is_plain,
    _every_text_has_numbers,
    _numbers_hang_on_the_text_alone,
    _few_or_empty_texts_are_no_surprise,
)
