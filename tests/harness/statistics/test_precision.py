"""How much a split can tell, against statsmodels and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from harness.statistics import precision
from harness.statistics.tally import Tally, from_counts
from tests.harness.statistics.simulation import simulate


def test_the_standard_error_is_that_of_cluster_robust_regression() -> None:
    correct, asked = simulate(np.random.default_rng(3), articles=40, accuracy=0.7)
    answers = np.concatenate([[1] * c + [0] * (n - c) for c, n in zip(correct, asked, strict=True)])
    article = np.repeat(np.arange(40), asked)
    fit = sm.OLS(answers, np.ones(len(answers))).fit(cov_type="cluster", cov_kwds={"groups": article})
    assert precision.standard_error(correct, asked) == pytest.approx(fit.bse[0], rel=1e-12)


def test_pairs_that_repeat_each_other_count_once() -> None:
    """Eight articles of five pairs, all right or all wrong: 40 pairs tell as much as seven or eight.

    Residuals are +-2.5, so the error is sqrt(8/7 * 8 * 6.25) / 40 = 0.188982; squared over 0.25 / 40 it is 40/7.
    """
    tally = from_counts("Travel", {f"a{n}": (5 * (n % 2), 5) for n in range(8)})
    found = precision.of_result([tally])["categories"]["Travel"]
    assert found["standard_error"] == 0.188982
    assert found["design_effect"] == pytest.approx(40 / 7, abs=1e-6)
    assert found["effective_pairs"] == 7.0


def test_too_few_articles_tell_nothing_of_precision() -> None:
    tally = from_counts("Travel", {f"a{n}": (1, 2) for n in range(5)})
    found = precision.of_result([tally])
    assert set(found["categories"]["Travel"].values()) == {None}
    assert set(found["macro"].values()) == {None}


def test_macro_error_joins_those_of_the_categories() -> None:
    """Two categories alike: the mean of two independent figures errs by 1 / sqrt(2) of one."""
    tallies = [from_counts(name, {f"{name}{n}": (n % 4, 4) for n in range(16)}) for name in ("Health", "Travel")]
    found = precision.of_result(tallies)
    one = found["categories"]["Travel"]["standard_error"]
    assert found["macro"]["standard_error"] == pytest.approx(one / np.sqrt(2), abs=1e-6)


def test_a_difference_of_the_stated_size_is_found_four_times_in_five() -> None:
    """Two results with independent errors, truly apart by the resolvable difference, 2,000 times."""
    rng = np.random.default_rng(11)
    trials, articles, low = 2000, 60, 0.65
    typical = np.mean([precision.standard_error(*simulate(rng, articles, low)) for _ in range(200)])
    apart = precision.resolvable(np.sqrt(2) * float(typical), articles - 1)
    found = 0
    for _ in range(trials):
        first, second = (Tally("Travel", (), *simulate(rng, articles, p)) for p in (low, low + apart))
        error = np.hypot(*(precision.standard_error(t.correct, t.asked) for t in (first, second)))
        found += abs(first.accuracy - second.accuracy) > precision.student_quantile(0.975, articles - 1) * error
    assert 0.76 < found / trials < 0.85
