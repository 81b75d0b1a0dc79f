"""Calibration against scikit-learn; cyclic triads, variants and canaries against counts by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as reference_log_loss

from harness.contract import decoding
from harness.contract.result import ReliabilityBin, Transitivity, Trust
from harness.records import GroundTruth, Prediction, Variant
from harness.statistics import trust

TRUTH = [
    GroundTruth("a", 1, "x", (0, 1)),
    GroundTruth("b", 1, "x", (0, 2)),
    GroundTruth("c", 0, "y", (2, 1)),
    GroundTruth("d", 0, "y", (2, 0)),
]
SCORED = {"a": 0.9, "b": 0.2, "c": 0.1, "d": 0.8}  # labels 1, 0, 0, 1: a and c are right


def asked_again(variant: Variant, **probabilities: float) -> list[Prediction]:
    return [Prediction(pair, p, variant) for pair, p in probabilities.items()]


def measure(scored: dict[str, float], variants: list[Prediction]) -> Trust:
    return trust.measure(TRUTH, scored, variants, Trust(stateful=False, probed=len(variants)))


def test_swapping_should_turn_the_answer_round() -> None:
    found = measure(SCORED, asked_again(Variant.SWAPPED, a=0.1, b=0.3, c=0.1, d=0.2))
    assert found.swap_consistency == 0.5  # a and d
    assert found.both_orders_accuracy == 0.25  # a alone is right both times
    assert found.p_predict_1 == 0.5


def test_a_model_that_always_says_first_is_never_consistent_under_swapping() -> None:
    always = dict.fromkeys("abcd", 1.0)
    found = measure(always, asked_again(Variant.SWAPPED, **always))
    assert (found.swap_consistency, found.both_orders_accuracy, found.p_predict_1) == (0.0, 0.0, 1.0)


def test_repeating_should_change_nothing() -> None:
    assert measure(SCORED, asked_again(Variant.REPEATED, a=0.6, b=0.4, c=0.9)).self_consistency == pytest.approx(
        2 / 3, abs=1e-6
    )


def test_repetitions_that_move_by_more_than_rounding_are_a_stateful_predictor() -> None:
    scored = {f"p{n}": 0.3 for n in range(100)}
    truths = [GroundTruth(name, 0, "x", (1, 0)) for name in scored]

    def repeated(moved: int, by: float) -> Trust:
        again = [Prediction(name, 0.3 + by * (n < moved), Variant.REPEATED) for n, name in enumerate(scored)]
        return trust.measure(truths, scored, again, Trust(stateful=False, probed=100))

    assert not repeated(100, 0.04).stateful  # half precision in another batch
    assert not repeated(2, 0.5).stateful
    assert repeated(3, 0.06).stateful


def test_a_drop_is_accuracy_as_asked_minus_accuracy_of_the_variant_on_the_same_pairs() -> None:
    found = measure(SCORED, asked_again(Variant.REPLACED, a=0.1, c=0.1) + asked_again(Variant.PERTURBED, a=0.1, b=0.9))
    assert found.replaced_pictures_drop == 0.5  # 2 of 2 right before, 1 of 2 now
    assert found.perturbation_drop == 0.0  # a lost, b won
    assert found.exchanged_pictures_drop is None


def test_nothing_asked_is_nothing_claimed() -> None:
    found = measure(SCORED, [])
    known = {name: value for name, value in decoding.to_json(found).items() if value is not None}
    assert known.keys() == {"stateful", "probed", "p_predict_1"}


def test_a_coin_is_calibrated_and_knows_nothing() -> None:
    found = trust.calibration(np.full(4, 0.5), np.array([0, 1, 0, 1]))
    assert (found.brier, found.log_loss, found.expected_calibration_error) == (0.25, 0.693147, 0.0)
    assert found.predicted_in_order == 0.0  # a tie is "out of order"
    assert found.reliability == [ReliabilityBin(stated=0.5, observed=0.5, pairs=4)]


def test_calibration_worked_out_by_hand() -> None:
    """Two bins: 0.9, 0.9 of which one is in order (off by 0.4), and 0.2 out of order (off by 0.2): (0.8 + 0.2) / 3."""
    found = trust.calibration(np.array([0.9, 0.9, 0.2]), np.array([1, 0, 0]))
    assert found.expected_calibration_error == 0.333333
    assert found.brier == round((0.01 + 0.81 + 0.04) / 3, 6)
    assert found.reliability[1] == ReliabilityBin(stated=0.9, observed=0.5, pairs=2)


def test_a_certain_and_wrong_answer_costs_a_finite_loss() -> None:
    assert trust.log_loss(np.array([1.0]), np.array([0])) == pytest.approx(math.log(1e6))


def test_calibration_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    probabilities = rng.uniform(0.01, 0.99, 500)
    labels = (rng.uniform(size=500) < probabilities**1.5).astype(np.int64)
    found = trust.calibration(probabilities, labels)
    assert found.brier == pytest.approx(brier_score_loss(labels, probabilities), abs=1e-6)
    assert found.log_loss == pytest.approx(reference_log_loss(labels, probabilities), abs=1e-6)
    observed, stated = calibration_curve(labels, probabilities, n_bins=10)
    assert [row.observed for row in found.reliability] == pytest.approx(list(observed), abs=1e-6)
    assert [row.stated for row in found.reliability] == pytest.approx(list(stated), abs=1e-6)


def ordered(pair: str, first: int, second: int, article: str = "t") -> GroundTruth:
    return GroundTruth(pair, int(first < second), article, (first, second))


def test_a_cycle_of_three_steps_is_counted_however_the_pairs_were_asked() -> None:
    """0 before 1, 1 before 2, but 2 before 0: a cycle. In article u the same pairs are answered in line."""
    truths = [ordered("p", 0, 1), ordered("q", 2, 1), ordered("r", 0, 2)]
    truths += [ordered("x", 0, 1, "u"), ordered("y", 2, 1, "u"), ordered("z", 0, 2, "u"), ordered("w", 0, 7, "u")]
    predictions = {"p": 0.9, "q": 0.1, "r": 0.2, "x": 0.9, "y": 0.1, "z": 0.8, "w": 1.0}
    assert trust.transitivity(truths, predictions) == Transitivity(triads=2, cyclic=1)
