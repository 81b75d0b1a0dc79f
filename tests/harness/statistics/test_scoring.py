"""The scores of one result, against numbers worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from harness.errors import InputError, SubmissionError
from harness.records import GroundTruth, Step, StepPair
from harness.statistics import scoring, tally

KEY = b"a test's own key"


def pair(pair_id: str, category: str = "Travel") -> StepPair:
    return StepPair(pair_id, category, "Go", Step(f"a {pair_id}", "images/a.jpg"), Step(f"b {pair_id}", "images/b.jpg"))


def answer(pair_id: str, label: int, article: str) -> GroundTruth:
    return GroundTruth(pair_id, label, article, (0, 1) if label else (1, 0))


def benchmark(
    articles: Sequence[tuple[str, str, int, int]],
) -> tuple[list[StepPair], list[GroundTruth], dict[str, float]]:
    """(category, article, correct, asked) of each article, as questions, answers and predictions."""
    questions, answers, predictions = [], [], {}
    for category, article, correct, asked in articles:
        for number in range(asked):
            name = f"{article}-{number}"
            questions.append(pair(name, category))
            answers.append(answer(name, number % 2, article))
            predictions[name] = 0.9 if (number % 2 == 1) == (number < correct) else 0.1
    return questions, answers, predictions


def test_accuracy_is_the_share_correct_by_category_and_macro_weighs_categories_alike() -> None:
    travel = [("Travel", f"t{n}", 3, 4) for n in range(5)]  # 15 of 20
    health = [("Health", f"h{n}", 1, 2) for n in range(5)]  # 5 of 10
    accuracy = scoring.score(*benchmark(travel + health), KEY)["accuracy"]
    assert accuracy["categories"]["Travel"]["value"] == 0.75
    assert accuracy["categories"]["Health"]["value"] == 0.5
    assert accuracy["macro"]["value"] == 0.625
    assert accuracy["micro"]["value"] == round(20 / 30, 6)
    assert accuracy["micro"]["pairs"] == 30
    assert list(accuracy["categories"]) == ["Health", "Travel"]


def test_a_tie_counts_as_out_of_order() -> None:
    questions, answers = [pair("x"), pair("y")], [answer("x", 0, "a"), answer("y", 1, "a")]
    assert tally.grade(questions, answers, {"x": 0.5, "y": 0.5}) == {"x": 1, "y": 0}


def test_the_form_is_what_the_board_reads() -> None:
    articles = [("Travel", f"t{n:02}", n % 4, 4) for n in range(12)]
    accuracy = scoring.score(*benchmark(articles), KEY)["accuracy"]
    assert set(accuracy) == {"macro", "micro", "categories"}
    assert set(accuracy["macro"]) == {"value", "low", "high"}
    assert set(accuracy["micro"]) == {"value", "low", "high", "pairs"}
    travel = accuracy["categories"]["Travel"]
    assert set(travel) == {"value", "low", "high", "pairs", "articles", "method", "wilson"}
    assert (travel["pairs"], travel["articles"], travel["method"]) == (48, 12, "jackknife")
    assert travel["low"] < travel["value"] < travel["high"]
    assert json.loads(json.dumps(accuracy, allow_nan=False)) == accuracy


@pytest.mark.parametrize(
    ("articles", "method"), [(5, "none"), (6, "jackknife"), (49, "jackknife"), (50, "bootstrap"), (80, "bootstrap")]
)
def test_the_interval_is_chosen_by_the_number_of_articles(articles: int, method: str) -> None:
    rows = [("Travel", f"t{n:02}", 1 + n % 3, 4) for n in range(articles)]
    travel = scoring.score(*benchmark(rows), KEY)["accuracy"]["categories"]["Travel"]
    assert travel["method"] == method
    assert (travel["low"] is None) == (travel["high"] is None) == (method == "none")


def test_a_category_of_one_article_leaves_macro_without_an_interval() -> None:
    rows = [("Travel", f"t{n}", 1 + n % 3, 4) for n in range(20)]
    assert scoring.score(*benchmark(rows), KEY)["accuracy"]["macro"]["low"] is not None
    alone = scoring.score(*benchmark([*rows, ("Health", "h", 1, 2)]), KEY)["accuracy"]
    assert alone["macro"] == {"value": round((alone["categories"]["Travel"]["value"] + 0.5) / 2, 6)} | {
        "low": None,
        "high": None,
    }


def test_the_order_of_pairs_and_the_names_of_articles_move_no_number() -> None:
    rows = [("Travel", f"t{n:02}", n * 7 % 4, 3 + n % 5) for n in range(60)]
    renamed = [("Travel", f"u{99 - n:02}", n * 7 % 4, 3 + n % 5) for n in range(60)]
    questions, answers, predictions = benchmark(rows)
    once = scoring.score(questions, answers, predictions, KEY)
    assert scoring.score(questions[::-1], answers[::-1], predictions, KEY) == once
    assert scoring.score(*benchmark(renamed), KEY) == once
    assert scoring.score(questions, answers, predictions, b"another") != once


def test_a_pair_left_out_is_the_submissions_fault() -> None:
    questions, answers, predictions = benchmark([("Travel", "t", 2, 4)])
    del predictions["t-2"]
    with pytest.raises(SubmissionError, match=r"answers 3 of 4 pairs; 1 missing, such as t-2\. Answer each pair"):
        scoring.score(questions, answers, predictions, KEY)


def test_predictions_of_pairs_that_do_not_count_are_left_alone() -> None:
    questions, answers, predictions = benchmark([("Travel", f"t{n}", 2, 4) for n in range(6)])
    assert scoring.score(questions, answers, predictions | {"canary": 1.0}, KEY) == scoring.score(
        questions, answers, predictions, KEY
    )


def test_an_article_in_two_categories_is_refused() -> None:
    with pytest.raises(InputError, match="article t has pairs in Travel and in Health"):
        scoring.score(
            [pair("x", "Travel"), pair("y", "Health")],
            [answer("x", 1, "t"), answer("y", 1, "t")],
            {"x": 1, "y": 1},
            KEY,
        )


def test_answers_of_another_set_are_refused() -> None:
    with pytest.raises(InputError, match="same pairs in the same order"):
        scoring.score([pair("x")], [answer("y", 1, "t")], {"x": 1}, KEY)


def test_no_pair_is_no_score() -> None:
    with pytest.raises(InputError, match="no pair to score"):
        scoring.score([], [], {}, KEY)
