"""Accuracy by stratum, by hand."""

from __future__ import annotations

from harness.records import GroundTruth, Step, StepPair
from harness.statistics import strata

KEY = b"a test's own key"


def test_distance_is_counted_either_way_and_far_is_three_or_more() -> None:
    found = [
        strata.distance(GroundTruth("x", int(a < b), "t", (a, b))) for a, b in [(0, 1), (5, 4), (2, 0), (0, 3), (9, 1)]
    ]
    assert found == ["1", "1", "2", "3+", "3+"]


def test_each_stratum_has_the_accuracy_of_its_pairs() -> None:
    answers = [
        GroundTruth("p", 1, "t", (0, 1), {"method": "same"}),
        GroundTruth("q", 0, "t", (3, 2), {"method": "other"}),
        GroundTruth("r", 1, "u", (0, 5), {"method": "same"}),
    ]
    heads = {"p": ("Boil it.", "Pour it."), "q": ("Finally, pour.", "Boil it."), "r": ("First, boil.", "Then pour.")}
    questions = [StepPair(n, "Travel", "Go", Step(a, "a.jpg"), Step(b, "b.jpg")) for n, (a, b) in heads.items()]
    found = strata.of_result(questions, answers, {"p": 1, "q": 0, "r": 1}, KEY)
    assert found["step distance"]["1"]["value"] == 0.5
    assert found["step distance"]["3+"] == {
        "value": 1.0, "low": None, "high": None, "pairs": 1, "articles": 1, "method": "none"
    }  # fmt: skip
    assert found["method"]["same"]["value"] == 1.0
    assert found["method"]["same"]["articles"] == 2
    assert found["method"]["other"]["value"] == 0.0
    assert {value: cell["value"] for value, cell in found["headline markers"].items()} == {
        "none": 1.0, "one": 0.0, "both": 1.0
    }  # fmt: skip


def test_a_word_of_order_is_a_whole_word() -> None:
    def marked(headline: str) -> str:
        return strata.markers(StepPair("p", "Travel", "Go", Step(headline, "a.jpg"), Step("Pour.", "b.jpg")))

    assert [marked(h) for h in ("Lastly, rest.", "Beginning now.", "AFTERWARDS rest.")] == ["one"] * 3
    assert [marked(h) for h in ("Spend time.", "Fasten the lasting strap.", "Mend thirsty heads.")] == ["none"] * 3
