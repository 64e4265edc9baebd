"""Few numbers a text: near for texts that share words, and small for texts that share none."""

from __future__ import annotations

import numpy as np
from tests.texts import messages

from roadworthy.models.lsa import DIRECTIONS, Lsa

TEXTS = messages(300, 3, gaps=0.0)["message"].to_list()


def test_a_direction_has_length_one_and_the_last_number_says_how_much_it_explains() -> None:
    embed = Lsa().ready(Lsa().fit(TEXTS, 7))
    found = np.asarray(embed(messages(50, 8, gaps=0.0)["message"].to_list()))
    assert found.shape == (50, DIRECTIONS + 1)
    assert np.allclose(np.linalg.norm(found[:, :-1], axis=1), 1.0)
    strange = np.asarray(embed(["völlig fremde Wörter ohne Sinn", ""]))
    assert strange[:, -1].max() < 0.5 * found[:, -1].min()


def test_no_more_directions_than_texts() -> None:
    fitted = Lsa().fit(["the lamp", "a tent", "the tent"], 7)
    assert np.asarray(Lsa().ready(fitted)(["lamp"])).shape == (1, 4)


def test_texts_that_share_words_lie_near() -> None:
    embed = Lsa().ready(Lsa().fit(TEXTS, 7))
    here, near, far = np.asarray(
        embed(["the lamp is broken", "the tent is broken", "the lamp comes in what colour"])
    )[:, :-1]
    assert here @ near > here @ far
