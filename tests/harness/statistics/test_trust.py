"""What variants of a question say, against counts by hand."""

import pytest

from harness.records import GroundTruth, Prediction
from harness.statistics import trust

TRUTH = [
    GroundTruth("a", 1, "x", (0, 1)),
    GroundTruth("b", 1, "x", (0, 2)),
    GroundTruth("c", 0, "y", (2, 1)),
    GroundTruth("d", 0, "y", (2, 0)),
]
SCORED = {"a": 0.9, "b": 0.2, "c": 0.1, "d": 0.8}  # labels 1, 0, 0, 1: a and c are right


def probes(variant: str, **answers: float) -> list[Prediction]:
    return [Prediction(f"{pair}:{variant}", p) for pair, p in answers.items()]


def test_swapping_should_turn_the_answer_round() -> None:
    found = trust.measure(TRUTH, SCORED, probes("swapped", a=0.1, b=0.3, c=0.1, d=0.2))
    assert found["swap_consistency"] == 0.5  # a and d
    assert found["both_orders_accuracy"] == 0.25  # a alone is right both times
    assert found["p_predict_1"] == 0.5


def test_a_model_that_always_says_first_is_never_consistent_under_swapping() -> None:
    always = dict.fromkeys("abcd", 1.0)
    found = trust.measure(TRUTH, always, probes("swapped", **always))
    assert (found["swap_consistency"], found["both_orders_accuracy"], found["p_predict_1"]) == (0.0, 0.0, 1.0)


def test_repeating_should_change_nothing() -> None:
    assert trust.measure(TRUTH, SCORED, probes("repeated", a=0.6, b=0.4, c=0.9))["self_consistency"] == pytest.approx(
        2 / 3, abs=1e-6
    )


def test_a_drop_is_accuracy_as_asked_minus_accuracy_of_the_variant_on_the_same_pairs() -> None:
    found = trust.measure(TRUTH, SCORED, probes("blanked", a=0.1, c=0.1) + probes("perturbed", a=0.1, b=0.9))
    assert found["blanked_pictures_drop"] == 0.5  # 2 of 2 right before, 1 of 2 now
    assert found["perturbation_drop"] == 0.0  # a lost, b won
    assert found["exchanged_pictures_drop"] is None


def test_nothing_asked_is_nothing_claimed() -> None:
    found = trust.measure(TRUTH, SCORED, [])
    assert {name for name, value in found.items() if value is not None} == {"p_predict_1"}
