"""Clustered intervals, against hand calculation and other software."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.statistics import intervals

KEY = b"a test's own key"


def counts(*numbers: int) -> intervals.Counts:
    return np.array(numbers, dtype=np.int64)


def interval(correct: intervals.Counts, asked: intervals.Counts) -> intervals.Interval:
    return intervals.of_category(correct, asked, intervals.resampled(correct, asked, KEY, "Travel"))


def test_wilsons_interval_is_scipys() -> None:
    reference = stats.binomtest(37, 50).proportion_ci(method="wilson")
    assert intervals.wilson(37, 50) == pytest.approx((reference.low, reference.high), abs=1e-12)


def test_the_jackknife_interval_worked_out_by_hand() -> None:
    """Articles 4/4 and 0/4, 2/4 three times over: 6 articles, 12 of 24; by symmetry the middle is logit 0.

    Leaving out 4/4, 0/4 or 2/4 leaves 8, 12 or 10 of 20: logits ln(8.5/12.5), its negative, 0. The variance is
    5/6 * (2 + 2) * 0.385662^2 = 0.495785 (two each of 4/4 and 0/4), its root 0.704120, t(5) = 2.570582: half 1.809998.
    """
    low, high = intervals.jackknife(counts(4, 0, 2, 4, 0, 2), counts(4, 4, 4, 4, 4, 4))
    assert low == pytest.approx(0.140638, abs=1e-6)
    assert high == pytest.approx(1 - 0.140638, abs=1e-6)


def test_articles_that_all_agree_count_once_each() -> None:
    """Ten perfect articles are ten facts, however many pairs they hold."""
    assert interval(counts(*[8] * 10), counts(*[8] * 10)) == (*intervals.wilson(10, 10), "wilson-articles")
    assert interval(counts(*[4] * 60), counts(*[8] * 60)) == (*intervals.wilson(30, 60), "wilson-articles")


def test_the_bootstrap_interval_agrees_with_the_ratio_estimators_standard_error() -> None:
    rng = np.random.default_rng(5)
    asked = rng.integers(2, 20, 400)
    correct = rng.binomial(asked, rng.beta(6, 3, 400))
    value = correct.sum() / asked.sum()
    error = np.sqrt(400 / 399 * ((correct - value * asked) ** 2).sum()) / asked.sum()
    low, high, method = interval(correct, asked)
    assert method == "bootstrap"
    assert low is not None
    assert high is not None
    assert high - low == pytest.approx(2 * intervals.Z * error, rel=0.04)


def test_resamples_draw_one_article_fewer_than_there_are() -> None:
    weights = intervals.resample(7, KEY, "Travel")
    assert weights.shape == (10_000, 7)
    assert set(weights.sum(axis=1)) == {6.0}
    assert weights.mean(axis=0) == pytest.approx([6 / 7] * 7, abs=0.03)


def test_published_resamples_never_change() -> None:
    """The first resamples under a fixed key, written down: no release of numpy may draw others."""
    assert intervals.resample(5, b"wikiorder", "Travel", resamples=3).tolist() == [
        [2, 0, 1, 1, 0],
        [1, 0, 0, 2, 1],
        [0, 2, 2, 0, 0],
    ]


def test_looking_counts_up_gives_what_the_weights_give() -> None:
    correct, asked = counts(1, -2, 3, 0), counts(4, 5, 6, 7)
    weights = intervals.resample(4, KEY, "Travel")
    drawn = intervals.resampled(correct, asked, KEY, "Travel")
    assert drawn.correct == pytest.approx(intervals.resampled_counts(weights, correct) * 4 / 3)
    assert drawn.asked == pytest.approx(intervals.resampled_counts(weights, asked) * 4 / 3)


def test_every_category_has_resamples_of_its_own() -> None:
    assert (intervals.resample(7, KEY, "Travel") != intervals.resample(7, KEY, "Health")).any()


def test_large_counts_are_summed_exactly() -> None:
    asked = counts(*[2**22 + 1] * 9)
    drawn = intervals.resampled(asked, asked, KEY, "Travel")
    assert (drawn.accuracy == 1).all()
    assert drawn.asked[0] == pytest.approx(9 * (2**22 + 1))
