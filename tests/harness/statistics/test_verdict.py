"""The verdict: what each sentence says, and that none claims what its interval does not show."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.result import Estimate
from harness.records import Modality
from harness.statistics import verdict
from harness.statistics.verdict import Evidence, Opponent, against, outcome


def estimate(value: float, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(value=value, low=low, high=high)


def said(found: Evidence) -> list[str]:
    return [sentence.text for sentence in verdict.verdict(found)]


def test_a_whole_verdict_reads_as_the_issue_asks() -> None:
    found = Evidence(
        accuracy=estimate(0.823, 0.775, 0.869),
        ceiling=verdict.ceiling("wikiorder-sample", Modality.VISION_TEXT),
        pictures=estimate(0.059, 0.015, 0.105),
        text=estimate(0.107, 0.061, 0.152),
        simple=[Opponent("Coin", "better"), Opponent("Bag of words", "not shown")],
        others=[Opponent("BLIP", "not shown"), Opponent("Small", "better"), Opponent("Large", "worse")],
        advice="submit it.",
    )
    assert said(found) == [
        "Accuracy 82.3 % [77.5, 86.9] of at most 87.5 %.",
        "Uses the pictures: yes, +5.9 points [1.5, 10.5].",
        "Uses the headlines: yes, +10.7 points [6.1, 15.2].",
        "Better than every simple row: not shown (Bag of words).",
        "Better than Small. Worse than Large. Not separable from BLIP.",
        "Next: submit it.",
    ]


def test_what_did_not_run_is_not_tested_and_says_what_is_missing() -> None:
    text = " ".join(said(Evidence(accuracy=estimate(0.7, 0.6, 0.8))))
    assert "Uses the pictures: not tested; needs vision+text and text." in text
    assert "Uses the headlines: not tested; needs vision+text and vision." in text
    assert "Better than every simple row: not tested" in text
    assert "at most" not in text, "the ceiling of this set is not known"


@pytest.mark.parametrize(
    ("accuracy", "words"),
    [
        (estimate(0.52, 0.5, 0.54), "Not shown to be above chance"),
        (estimate(0.9), "90.0 % (no interval) of at most 87.5 %. Not shown to be above chance"),
        (estimate(0.95, 0.9, 0.98), "Resolvably above what the set allows: look for a leak."),
    ],
)
def test_an_accuracy_that_shows_little_or_too_much_says_so(accuracy: Estimate, words: str) -> None:
    assert words in said(Evidence(accuracy=accuracy, ceiling=0.875))[0]


def test_an_accuracy_above_the_ceiling_but_not_resolvably_is_no_reason_for_suspicion() -> None:
    assert "leak" not in said(Evidence(accuracy=estimate(0.9, 0.86, 0.93), ceiling=0.875))[0]


def test_a_harmful_modality_and_a_better_simple_row_are_told() -> None:
    found = Evidence(
        accuracy=estimate(0.6, 0.55, 0.65),
        pictures=estimate(-0.05, -0.08, -0.02),
        simple=[Opponent("Bag of words", "worse"), Opponent("Coin", "better")],
    )
    text = " ".join(said(found))
    assert "Uses the pictures: to its harm, -5.0 points [-8.0, -2.0]." in text
    assert "Better than every simple row: no; worse than Bag of words." in text


def test_many_rows_are_counted_and_not_listed() -> None:
    others = [Opponent(f"Model {i}", "not shown") for i in range(9)]
    assert said(Evidence(accuracy=estimate(0.6, 0.55, 0.65), others=others))[-1] == (
        "Not separable from Model 0, Model 1, Model 2 and 6 more."
    )


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_no_sentence_claims_what_its_interval_does_not(value: float, below: float, above: float, bounded: bool) -> None:
    found = estimate(value, value - below, value + above) if bounded else estimate(value)
    shown = bounded and (value - below > 0 or value + above < 0)
    assert (outcome(found) != "not shown") is shown
    claims = re.search(r"is (better|worse) than", against("a", "b", found))
    assert bool(claims) is shown
    if claims:
        assert (claims[1] == "better") is (value > 0)
    use = next(s for s in verdict.verdict(Evidence(accuracy=estimate(0.5), pictures=found)) if s.topic == "pictures")
    assert (use.answer == "yes") is (shown and value > 0)
