"""Paired comparisons, by hand, by simulation, and against scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from harness.errors import InputError
from harness.records import GroundTruth, Step, StepPair
from harness.statistics import comparison, intervals
from harness.statistics.comparison import McNemarTest
from harness.statistics.tally import Tally, from_counts
from tests.harness.statistics.simulation import simulate

KEY = b"a test's own key"


def tally(*counts: tuple[int, int], category: str = "Travel") -> Tally:
    return from_counts(category, {f"a{number:03}": count for number, count in enumerate(counts)})


def test_the_difference_is_first_minus_second() -> None:
    first, second = tally((3, 4), (4, 4)), tally((1, 4), (2, 4))
    found = comparison.compare([first], [second], KEY)
    assert found.categories["Travel"].value == 0.5
    assert found.macro.value == found.micro.value == 0.5


def test_every_flip_is_tried_where_there_are_few() -> None:
    """Differences 1, 1, 2: of the eight signed sums two, 4 and -4, are as extreme."""
    assert comparison.sign_flip(np.array([1.0, 1.0, 2.0, 0.0]), KEY) == 0.25


def test_a_result_does_not_differ_from_itself() -> None:
    rows = [tally(*[(n % 4, 4) for n in range(20)])]
    found = comparison.compare(rows, rows, KEY, agreed={"Travel"})
    travel = found.categories["Travel"]
    assert (travel.value, travel.low, travel.high, travel.p, travel.method) == (0.0, 0.0, 0.0, 1.0, "exact")
    assert travel.resolvable_difference is None
    for overall in (found.macro, found.micro):
        assert (overall.value, overall.low, overall.high, overall.p) == (0.0, 0.0, 0.0, 1.0)


def test_equal_counts_of_answers_that_may_differ_are_not_an_exact_zero() -> None:
    rows = [tally(*[(n % 4, 4) for n in range(20)])]
    found = comparison.compare(rows, rows, KEY)
    assert found.categories["Travel"].method == "wilson-articles"
    assert found.categories["Travel"].low == -(found.categories["Travel"].high or 0) < 0
    assert found.macro.low == -(found.macro.high or 0) < 0


def test_categories_agree_where_every_label_does() -> None:
    home = {"p": "Travel", "q": "Health"}
    first, second = {"p": 0.9, "q": 0.6}, {"p": 0.8, "q": 0.4}
    both = ["Health", "Travel"]
    assert comparison.agreed_categories(both, first, second, home) == {"Travel"}
    assert comparison.agreed_categories(both, first, second, None) == set()
    assert comparison.agreed_categories(both, first, {"p": 0.7, "q": 0.51}, None) == {"Health", "Travel"}


def test_answers_that_all_stay_drop_by_exactly_nothing_and_those_that_cancel_do_not() -> None:
    truths = [GroundTruth(f"{article}{n}", 1, article, (0, n + 1)) for article in "abcdef" for n in range(2)]
    asked = {truth.pair_id: 0.9 if truth.pair_id.endswith("0") else 0.1 for truth in truths}
    stayed = comparison.drop(truths, asked, asked, KEY, "replaced")
    swapped = comparison.drop(truths, asked, {pair: 1 - p for pair, p in asked.items()}, KEY, "replaced")
    assert (stayed.low, stayed.high, stayed.method) == (0.0, 0.0, "exact")
    assert swapped.value == 0.0
    assert swapped.low is not None
    assert swapped.low < 0


def test_the_permutation_test_is_scipys() -> None:
    rng = np.random.default_rng(8)
    apart = rng.integers(-3, 5, 60).astype(float)
    reference = stats.permutation_test(
        (apart, np.zeros(60)), lambda x, y: (x - y).sum(), permutation_type="samples", n_resamples=20_000, rng=rng
    )
    assert comparison.sign_flip(apart, KEY) == pytest.approx(reference.pvalue, abs=0.01)


def test_permutation_p_values_are_uniform_when_nothing_differs() -> None:
    """Two results that err independently and equally, 400 times.

    Articles weigh differently, as categories of unequal size in the macro figure do, so that few sums are tied.
    """
    rng = np.random.default_rng(21)
    values = []
    for number in range(400):
        _, asked = simulate(rng, 40, 0.7)
        difference = (rng.binomial(asked, 0.7) - rng.binomial(asked, 0.7)) * rng.uniform(0.5, 1.5, 40)
        values.append(comparison.sign_flip(difference, KEY, str(number)))
    assert stats.kstest(values, "uniform").pvalue > 0.01


def test_paired_intervals_hold_the_true_difference() -> None:
    """Results that share each article's difficulty, the first right in 10 % of what the second gets wrong."""
    rng = np.random.default_rng(4)
    for articles in (20, 60):
        held = 0
        for _ in range(400):
            asked = rng.integers(2, 12, articles)
            second = rng.binomial(asked, rng.beta(6, 4, articles))
            difference = rng.binomial(asked - second, 0.1)
            drawn = intervals.resampled(difference, asked, KEY, "Travel", resamples=1_000)
            low, high, _ = intervals.of_difference(difference, asked, drawn)
            held += low is not None and high is not None and low <= 0.1 * 0.4 <= high
        assert 0.91 < held / 400 < 0.98


def test_mcnemars_test_is_statsmodels() -> None:
    reference = mcnemar([[50, 12], [4, 34]], exact=True)
    assert comparison.mcnemar(12, 4) == pytest.approx(reference.pvalue)
    assert comparison.mcnemar(0, 0) == 1.0


def test_holms_correction_is_statsmodels() -> None:
    values = [0.01, 0.5, 0.03, 0.002, 0.03]
    assert comparison.holm(values) == pytest.approx(list(multipletests(values, method="holm")[1]))


def test_the_pairs_that_only_one_got_right_are_named_and_counted() -> None:
    questions = [
        StepPair(name, category, "Go", Step("a", "a.jpg"), Step("b", "b.jpg"))
        for name, category in [("p", "Travel"), ("q", "Health"), ("r", "Travel"), ("s", "Travel")]
    ]
    found = comparison.pairs_apart(questions, {"p": 1, "q": 0, "r": 1, "s": 1}, {"p": 0, "q": 1, "r": 1, "s": 0})
    assert (found.only_first, found.only_second) == (["p", "s"], ["q"])
    assert found.mcnemar.categories["Travel"] == McNemarTest(only_first=2, only_second=0, p=0.5)
    assert found.mcnemar.p == 1.0


def test_a_drop_is_the_accuracy_lost_on_the_pairs_asked_again() -> None:
    """Six articles of two pairs, all right; asked again, the first pair of each is wrong, the second not asked."""
    truths = [GroundTruth(f"{article}{n}", 1, article, (0, n + 1)) for article in "abcdef" for n in range(2)]
    asked = {truth.pair_id: 0.9 for truth in truths}
    found = comparison.drop(truths, asked, {f"{article}0": 0.2 for article in "abcdef"}, KEY, "blanked")
    assert (found.value, found.pairs, found.articles, found.p) == (1.0, 6, 6, 2 / 2**6)


def test_results_on_different_pairs_are_not_compared() -> None:
    with pytest.raises(InputError, match="compare within one set"):
        comparison.compare([tally((1, 2))], [tally((1, 3))], KEY)
