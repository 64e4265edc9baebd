"""A rate by a verification design passes falsely at most alpha often, however few are audited."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from roadworthy.stats import binomial
from roadworthy.stats.verification import Known, audits_needed, estimate, lower, upper

ALPHA = 0.05


def sensitivity(found: int, missed: int, chance: float) -> list[Known]:
    """Positives found, all verified; misses among the cleared, audited with ``chance``."""
    return [
        Known(1.0, found, 0, could_miss=False),
        Known(chance, 0, missed, could_hit=False),
    ]


def chances_of(cases: int, shares: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Every table of counts of so many cases in ``shares`` and the rest, and how likely it is."""
    tables = np.array([t for t in product(range(cases + 1), repeat=len(shares)) if sum(t) <= cases])
    rest = cases - tables.sum(axis=1, keepdims=True)
    p = np.array([*shares, 1.0 - sum(shares)])
    return tables, stats.multinomial.pmf(np.hstack([tables, rest]), cases, p)


class TestExact:
    """Every outcome of small studies, counted out."""

    @pytest.mark.parametrize("chance", [0.05, 0.3, 0.9, 1.0])
    @pytest.mark.parametrize("alpha", [0.05, 0.01])
    def test_false_pass_and_false_fail_keep_alpha(self, chance: float, alpha: float) -> None:
        for found, missed in product((0.002, 0.05, 0.6), (0.0005, 0.02, 0.2)):
            tables, likely = chances_of(30, (found, missed * chance))
            truth = found / (found + missed)
            known = [sensitivity(int(x), int(y), chance) for x, y in tables]
            low = np.array([lower(one, alpha) for one in known])
            high = np.array([upper(one, alpha) for one in known])
            assert likely[low > truth + 1e-12].sum() <= alpha
            assert likely[high < truth - 1e-12].sum() <= alpha

    @pytest.mark.parametrize("chance", [0.1, 0.5])
    def test_several_kinds_of_hits_and_misses_keep_alpha_too(self, chance: float) -> None:
        for h1, h2, m1, m2 in product((0.1, 0.4), (0.0, 0.2), (0.0, 0.05), (0.01, 0.3)):
            tables, likely = chances_of(7, (h1, h2 * chance, m1, m2 * chance))
            truth = (h1 + h2) / (h1 + h2 + m1 + m2)
            known = [[Known(1.0, a, c), Known(chance, b, d)] for a, b, c, d in tables.tolist()]
            low = np.array([lower(one, 0.1) for one in known])
            high = np.array([upper(one, 0.1) for one in known])
            assert likely[low > truth + 1e-12].sum() <= 0.1
            assert likely[high < truth - 1e-12].sum() <= 0.1

    @given(k=st.integers(0, 60), more=st.integers(0, 60), alpha=st.floats(0.001, 0.4))
    def test_where_all_are_verified_it_is_clopper_pearson(
        self, k: int, more: int, alpha: float
    ) -> None:
        n = k + more
        assert lower([Known(1.0, k, more)], alpha) == pytest.approx(
            float(binomial.lower(k, n, alpha)), abs=1e-12
        )
        assert upper([Known(1.0, k, more)], alpha) == pytest.approx(
            float(binomial.upper(k, n, alpha)), abs=1e-12
        )


class TestAtWork:
    """Simulated clinics: rare positives, audits drawn case by case, or a fixed number of them."""

    @pytest.mark.parametrize("share", [0.02, 0.2, 1.0])
    @pytest.mark.parametrize("drawn", ["by chance", "a fixed number"])
    def test_false_pass_keeps_alpha_at_a_prevalence_of_six_in_a_thousand(
        self, share: float, drawn: str
    ) -> None:
        rng, runs, cases = np.random.default_rng(7), 3000, 60_000
        for missed in (0.01, 0.1):
            ill = rng.binomial(cases, 0.006, runs)
            misses = rng.binomial(ill, missed)
            cleared = misses + rng.binomial(cases - ill, 0.7)
            if drawn == "by chance":
                seen = rng.binomial(misses, share)
            else:
                audits = np.round(share * cleared).astype(int)
                seen = rng.hypergeometric(misses, cleared - misses, audits)
            pairs, often = np.unique(
                np.column_stack([ill - misses, seen]), axis=0, return_counts=True
            )
            low = np.array([lower(sensitivity(x, y, share), ALPHA) for x, y in pairs.tolist()])
            false_pass = often[low > 1.0 - missed].sum() / runs
            assert false_pass <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / runs)

    def test_the_verified_cases_alone_would_pass_nearly_always(self) -> None:
        """Verification bias: 10 % are missed, 2 % of the cleared are audited, "at most 5 %"."""
        rng = np.random.default_rng(7)
        ill = rng.binomial(60_000, 0.006, 1000)
        misses = rng.binomial(ill, 0.10)
        seen = rng.binomial(misses, 0.02)
        found = ill - misses
        alone = binomial.lower(found, found + seen, ALPHA)
        assert (alone >= 0.95).mean() > 0.9
        designed = [lower(sensitivity(x, y, 0.02), ALPHA) for x, y in zip(found, seen, strict=True)]
        assert (np.array(designed) >= 0.95).mean() == 0.0

    def test_without_a_single_positive_nothing_is_known(self) -> None:
        assert lower(sensitivity(0, 0, 0.02), ALPHA) == 0.0
        assert upper(sensitivity(0, 0, 0.02), ALPHA) == 1.0
        assert estimate(sensitivity(0, 0, 0.02)) is None

    def test_without_a_single_hit_the_rate_may_be_nought(self) -> None:
        assert lower(sensitivity(0, 5, 0.02), ALPHA) == 0.0


class TestMonotone:
    @given(
        found=st.integers(0, 300),
        missed=st.integers(0, 20),
        chance=st.floats(0.01, 1.0),
        alpha=st.floats(0.001, 0.3),
    )
    @settings(max_examples=60)
    def test_one_more_miss_never_helps_and_one_more_found_never_harms(
        self, found: int, missed: int, chance: float, alpha: float
    ) -> None:
        here = lower(sensitivity(found, missed, chance), alpha)
        assert lower(sensitivity(found, missed + 1, chance), alpha) <= here + 1e-12
        assert lower(sensitivity(found + 1, missed, chance), alpha) >= here - 1e-12
        assert here <= (estimate(sensitivity(found, missed, chance)) or 0.0) + 1e-12

    @given(found=st.integers(1, 300), missed=st.integers(0, 9), chance=st.floats(0.01, 0.99))
    @settings(max_examples=40)
    def test_fewer_audits_with_the_same_result_prove_less(
        self, found: int, missed: int, chance: float
    ) -> None:
        many = lower(sensitivity(found, missed, 1.0), ALPHA)
        assert lower(sensitivity(found, missed, chance), ALPHA) <= many + 1e-12


class TestAuditsNeeded:
    def test_the_known_figure_of_screening(self) -> None:
        needed = audits_needed(0.01, 0.006 * 0.99, 0.7, 0.02, ALPHA)
        assert needed == pytest.approx(34_950, rel=0.001)

    @pytest.mark.parametrize("chance", [0.02, 0.3, 1.0])
    def test_so_many_show_it_and_a_few_less_do_not(self, chance: float) -> None:
        found, cleared = 0.006, 0.7
        needed = audits_needed(0.05, found, cleared, chance, ALPHA)
        assert needed is not None
        positives = needed / chance / cleared * found
        enough = lower(sensitivity(int(np.ceil(positives)) + 1, 0, chance), ALPHA)
        short = lower(sensitivity(int(positives * 0.98) - 1, 0, chance), ALPHA)
        assert enough >= 0.95 > short

    def test_no_number_shows_that_there_is_never_a_miss(self) -> None:
        assert audits_needed(0.0, 0.006, 0.7, 0.02, ALPHA) is None


class TestRefused:
    @pytest.mark.parametrize(
        "known", [(0.0, 1, 1), (1.1, 1, 1), (0.5, -1, 0), (0.5, 1, 0, False, True)]
    )
    def test_impossible_counts(self, known: tuple[float, int, int]) -> None:
        with pytest.raises(ValueError, match=r"chance|negative|cannot"):
            Known(*known)
