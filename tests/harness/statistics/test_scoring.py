"""Accuracy and strata against numbers by hand; precision against statsmodels and by simulation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import statsmodels.api as sm

from harness.contract import decoding
from harness.contract.result import Accuracy, AccuracyEstimate, GroupAccuracy
from harness.errors import InputError, SubmissionError
from harness.records import GroundTruth, Step, StepPair
from harness.statistics import intervals, scoring, tally
from tests.harness.statistics.simulation import simulate

KEY = b"a test's own key"


def pair(pair_id: str, category: str = "Travel") -> StepPair:
    return StepPair(pair_id, category, "Go", Step(f"a {pair_id}", "images/a.jpg"), Step(f"b {pair_id}", "images/b.jpg"))


def truth(pair_id: str, label: int, article: str) -> GroundTruth:
    return GroundTruth(pair_id, label, article, (0, 1) if label else (1, 0))


def benchmark(
    articles: Sequence[tuple[str, str, int, int]],
) -> tuple[list[StepPair], list[GroundTruth], dict[str, float]]:
    """(category, article, correct, asked) of each article, as questions, ground truth and predictions."""
    questions, truths, predictions = [], [], {}
    for category, article, correct, asked in articles:
        for number in range(asked):
            name = f"{article}-{number}"
            questions.append(pair(name, category))
            truths.append(truth(name, number % 2, article))
            predictions[name] = 0.9 if (number % 2 == 1) == (number < correct) else 0.1
    return questions, truths, predictions


def test_accuracy_is_the_share_correct_by_category_and_macro_weighs_categories_alike() -> None:
    travel = [("Travel", f"t{n}", 3, 4) for n in range(5)]  # 15 of 20
    health = [("Health", f"h{n}", 1, 2) for n in range(5)]  # 5 of 10
    accuracy = scoring.score(*benchmark(travel + health), KEY).accuracy
    assert accuracy.categories["Travel"].value == 0.75
    assert accuracy.categories["Health"].value == 0.5
    assert accuracy.macro.value == 0.625
    assert accuracy.micro.value == round(20 / 30, 6)
    assert accuracy.micro.pairs == 30
    assert list(accuracy.categories) == ["Health", "Travel"]


def test_the_ends_of_macro_and_micro_are_quantiles_of_resampled_articles() -> None:
    """Once more from the whole matrix of weights, at unequal sizes of articles and categories."""
    random = np.random.default_rng(2)
    asked = {"Health": random.integers(1, 9, 60), "Travel": random.integers(1, 30, 12)}
    correct = {name: random.binomial(counts, 0.7) for name, counts in asked.items()}
    rows = [
        (name, f"{name}{n}", int(right), int(total))
        for name in asked
        for n, (right, total) in enumerate(zip(correct[name], asked[name], strict=True))
    ]
    found = scoring.score(*benchmark(rows), KEY).accuracy
    drawn = {}
    for name, totals in asked.items():
        order = np.lexsort((correct[name], totals))
        weights = intervals.resample(len(totals), KEY, name).astype(float)
        scale = len(totals) / (len(totals) - 1)
        drawn[name] = scale * weights @ correct[name][order], scale * weights @ totals[order]
    macro = np.mean([right / total for right, total in drawn.values()], axis=0)
    right, total = (np.sum([part[side] for part in drawn.values()], axis=0) for side in (0, 1))
    for estimate, values in ((found.macro, macro), (found.micro, right / total)):
        ends = np.quantile(values, [0.025, 0.975])
        assert (estimate.low, estimate.high) == pytest.approx(tuple(ends), abs=2e-6)


def test_a_tie_counts_as_out_of_order() -> None:
    questions, truths = [pair("x"), pair("y")], [truth("x", 0, "a"), truth("y", 1, "a")]
    assert tally.grade(questions, truths, {"x": 0.5, "y": 0.5}) == {"x": 1, "y": 0}


def test_the_form_is_what_the_board_reads() -> None:
    articles = [("Travel", f"t{n:02}", n % 4, 4) for n in range(12)]
    accuracy = scoring.score(*benchmark(articles), KEY).accuracy
    written = decoding.to_json(accuracy)
    assert set(written) == {"macro", "micro", "categories"}
    assert set(written["macro"]) == {"value", "low", "high"}
    assert set(written["micro"]) == {"value", "low", "high", "pairs"}
    travel = accuracy.categories["Travel"]
    assert set(written["categories"]["Travel"]) == {"value", "low", "high", "pairs", "articles", "method", "wilson"}
    assert (travel.pairs, travel.articles, travel.method) == (48, 12, "jackknife")
    assert travel.low is not None
    assert travel.high is not None
    assert travel.low < travel.value < travel.high
    assert decoding.decode(Accuracy, decoding.json_line(accuracy), "a test") == accuracy


@pytest.mark.parametrize(
    ("articles", "method"), [(5, "none"), (6, "jackknife"), (49, "jackknife"), (50, "bootstrap"), (80, "bootstrap")]
)
def test_the_interval_is_chosen_by_the_number_of_articles(articles: int, method: str) -> None:
    rows = [("Travel", f"t{n:02}", 1 + n % 3, 4) for n in range(articles)]
    travel = scoring.score(*benchmark(rows), KEY).accuracy.categories["Travel"]
    assert travel.method == method
    assert (travel.low is None) == (travel.high is None) == (method == "none")


def test_a_category_of_one_article_leaves_macro_without_an_interval() -> None:
    rows = [("Travel", f"t{n}", 1 + n % 3, 4) for n in range(20)]
    assert scoring.score(*benchmark(rows), KEY).accuracy.macro.low is not None
    alone = scoring.score(*benchmark([*rows, ("Health", "h", 1, 2)]), KEY).accuracy
    middle = round((alone.categories["Travel"].value + 0.5) / 2, 6)
    assert alone.macro == AccuracyEstimate(value=middle, low=None, high=None)


def test_the_order_of_pairs_and_the_names_of_articles_move_no_number() -> None:
    rows = [("Travel", f"t{n:02}", n * 7 % 4, 3 + n % 5) for n in range(60)]
    renamed = [("Travel", f"u{99 - n:02}", n * 7 % 4, 3 + n % 5) for n in range(60)]
    questions, truths, predictions = benchmark(rows)
    once = scoring.score(questions, truths, predictions, KEY)
    assert scoring.score(questions[::-1], truths[::-1], predictions, KEY) == once
    assert scoring.score(*benchmark(renamed), KEY) == once
    assert scoring.score(questions, truths, predictions, b"another") != once


def test_a_pair_left_out_is_the_submissions_fault() -> None:
    questions, truths, predictions = benchmark([("Travel", "t", 2, 4)])
    del predictions["t-2"]
    with pytest.raises(SubmissionError, match=r"answers 3 of 4 pairs; 1 missing, such as t-2\. Answer each pair"):
        scoring.score(questions, truths, predictions, KEY)


def test_predictions_of_pairs_that_do_not_count_are_left_alone() -> None:
    questions, truths, predictions = benchmark([("Travel", f"t{n}", 2, 4) for n in range(6)])
    assert scoring.score(questions, truths, predictions | {"canary": 1.0}, KEY) == scoring.score(
        questions, truths, predictions, KEY
    )


def test_an_article_in_two_categories_is_refused() -> None:
    with pytest.raises(InputError, match="article t has pairs in Travel and in Health"):
        scoring.score(
            [pair("x", "Travel"), pair("y", "Health")],
            [truth("x", 1, "t"), truth("y", 1, "t")],
            {"x": 1, "y": 1},
            KEY,
        )


def test_ground_truth_of_another_set_is_refused() -> None:
    with pytest.raises(InputError, match="same pairs in the same order"):
        scoring.score([pair("x")], [truth("y", 1, "t")], {"x": 1}, KEY)


def test_no_pair_is_no_score() -> None:
    with pytest.raises(InputError, match="no pair to score"):
        scoring.score([], [], {}, KEY)


def test_the_standard_error_is_that_of_cluster_robust_regression() -> None:
    correct, asked = simulate(np.random.default_rng(3), articles=40, accuracy=0.7)
    answers = np.concatenate([[1] * c + [0] * (n - c) for c, n in zip(correct, asked, strict=True)])
    article = np.repeat(np.arange(40), asked)
    fit = sm.OLS(answers, np.ones(len(answers))).fit(cov_type="cluster", cov_kwds={"groups": article})
    assert intervals.standard_error(correct, asked) == pytest.approx(fit.bse[0], rel=1e-12)


def test_pairs_that_repeat_each_other_count_once() -> None:
    """Eight articles of five pairs, all right or all wrong: 40 pairs tell as much as seven or eight.

    Residuals are +-2.5, so the error is sqrt(8/7 * 8 * 6.25) / 40 = 0.188982; squared over 0.25 / 40 it is 40/7.
    """
    travel = tally.from_counts("Travel", {f"a{n}": (5 * (n % 2), 5) for n in range(8)})
    found = scoring.precision([travel]).categories["Travel"]
    assert found.standard_error == 0.188982
    assert found.design_effect == pytest.approx(40 / 7, abs=1e-6)
    assert found.effective_pairs == 7.0


def test_too_few_articles_tell_nothing_of_precision() -> None:
    travel = tally.from_counts("Travel", {f"a{n}": (1, 2) for n in range(5)})
    found = scoring.precision([travel])
    assert set(decoding.to_json(found.categories["Travel"]).values()) == {None}
    assert set(decoding.to_json(found.macro).values()) == {None}


def test_macro_error_joins_those_of_the_categories() -> None:
    """Two categories alike: the mean of two independent figures errs by 1 / sqrt(2) of one."""
    tallies = [tally.from_counts(name, {f"{name}{n}": (n % 4, 4) for n in range(16)}) for name in ("Health", "Travel")]
    found = scoring.precision(tallies)
    one = found.categories["Travel"].standard_error
    assert one is not None
    assert found.macro.standard_error == pytest.approx(one / np.sqrt(2), abs=1e-6)


def test_a_difference_of_the_stated_size_is_found_four_times_in_five() -> None:
    """Two results with independent errors, truly apart by the resolvable difference, 2,000 times."""
    rng = np.random.default_rng(11)
    trials, articles, low = 2000, 60, 0.65
    typical = np.mean([intervals.standard_error(*simulate(rng, articles, low)) for _ in range(200)])
    apart = intervals.resolvable(np.sqrt(2) * float(typical), articles - 1)
    found = 0
    for _ in range(trials):
        first, second = (tally.Tally("Travel", (), *simulate(rng, articles, p)) for p in (low, low + apart))
        error = np.hypot(*(intervals.standard_error(t.correct, t.asked) for t in (first, second)))
        found += abs(first.accuracy - second.accuracy) > intervals.student_quantile(0.975, articles - 1) * error
    assert 0.76 < found / trials < 0.85


def test_distance_is_counted_either_way_and_far_is_three_or_more() -> None:
    found = [
        scoring.step_distance(GroundTruth("x", int(a < b), "t", (a, b)))
        for a, b in [(0, 1), (5, 4), (2, 0), (0, 3), (9, 1)]
    ]
    assert found == ["1", "1", "2", "3+", "3+"]


def test_each_stratum_has_the_accuracy_of_its_pairs() -> None:
    truths = [
        GroundTruth("p", 1, "t", (0, 1), {"method": "same"}),
        GroundTruth("q", 0, "t", (3, 2), {"method": "other"}),
        GroundTruth("r", 1, "u", (0, 5), {"method": "same"}),
    ]
    heads = {"p": ("Boil it.", "Pour it."), "q": ("Finally, pour.", "Boil it."), "r": ("First, boil.", "Then pour.")}
    questions = [StepPair(n, "Travel", "Go", Step(a, "a.jpg"), Step(b, "b.jpg")) for n, (a, b) in heads.items()]
    found = scoring.strata(questions, truths, {"p": 1, "q": 0, "r": 1}, KEY)
    assert found["step distance"]["1"].value == 0.5
    assert found["step distance"]["3+"] == GroupAccuracy(
        value=1.0, low=None, high=None, pairs=1, articles=1, method="none"
    )  # fmt: skip
    assert found["method"]["same"].value == 1.0
    assert found["method"]["same"].articles == 2
    assert found["method"]["other"].value == 0.0
    assert {value: cell.value for value, cell in found["headline markers"].items()} == {
        "none": 1.0, "one": 0.0, "both": 1.0
    }  # fmt: skip


def test_a_word_of_order_is_a_whole_word() -> None:
    def marked(headline: str) -> str:
        return scoring.order_markers(StepPair("p", "Travel", "Go", Step(headline, "a.jpg"), Step("Pour.", "b.jpg")))

    assert [marked(h) for h in ("Lastly, rest.", "Beginning now.", "AFTERWARDS rest.")] == ["one"] * 3
    assert [marked(h) for h in ("Spend time.", "Fasten the lasting strap.", "Mend thirsty heads.")] == ["none"] * 3
