"""Entropy says how unsure an answer is, mutual information how much of it members differ on."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy

from roadworthy.models import uncertainty

shares = st.floats(0.0, 1.0)
ensembles = st.lists(st.lists(shares, min_size=3, max_size=3), min_size=1, max_size=6)


@given(st.lists(shares, min_size=1, max_size=20))
def test_entropy_is_that_of_a_coin(p: list[float]) -> None:
    assert np.allclose(uncertainty.entropy(p), scipy_entropy(np.array([p, 1.0 - np.array(p)])))


@given(ensembles)
def test_what_members_disagree_on_lies_between_nothing_and_the_entropy_of_their_mean(
    members: list[list[float]],
) -> None:
    shared = uncertainty.mutual_information(members)
    assert (shared >= 0.0).all()
    assert (shared <= uncertainty.entropy(np.mean(members, axis=0)) + 1e-12).all()


@given(st.lists(shares, min_size=3, max_size=3))
def test_members_that_agree_share_no_disagreement_however_unsure_they_are(p: list[float]) -> None:
    assert np.allclose(uncertainty.mutual_information([p] * 4), 0.0, atol=1e-12)


@given(ensembles)
def test_the_interval_encloses_the_mean(members: list[list[float]]) -> None:
    found = uncertainty.of_members(members)
    assert ((found["low"] <= found["score"]) & (found["score"] <= found["high"])).all()


def test_one_model_has_no_members_and_says_so_with_no_number() -> None:
    found = uncertainty.of_scores([0.2, 0.8])
    assert found["low"].null_count() == found["mutual_information"].null_count() == 2
    assert found["entropy"][0] == found["entropy"][1]
