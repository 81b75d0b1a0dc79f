"""Calibration, by hand and against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as reference_log_loss

from harness.statistics import calibration


def test_a_coin_is_calibrated_and_knows_nothing() -> None:
    found = calibration.of_result(np.full(4, 0.5), np.array([0, 1, 0, 1]))
    assert (found["brier"], found["log_loss"], found["expected_calibration_error"]) == (0.25, 0.693147, 0.0)
    assert found["predicted_in_order"] == 0.0  # a tie is "out of order"
    assert found["reliability"] == [{"stated": 0.5, "observed": 0.5, "pairs": 4}]


def test_calibration_worked_out_by_hand() -> None:
    """Two bins: 0.9, 0.9 of which one is in order (off by 0.4), and 0.2 out of order (off by 0.2): (0.8 + 0.2) / 3."""
    found = calibration.of_result(np.array([0.9, 0.9, 0.2]), np.array([1, 0, 0]))
    assert found["expected_calibration_error"] == 0.333333
    assert found["brier"] == round((0.01 + 0.81 + 0.04) / 3, 6)
    assert found["reliability"][1] == {"stated": 0.9, "observed": 0.5, "pairs": 2}


def test_a_certain_and_wrong_answer_costs_a_finite_loss() -> None:
    assert calibration.log_loss(np.array([1.0]), np.array([0])) == pytest.approx(math.log(1e6))


def test_calibration_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    probabilities = rng.uniform(0.01, 0.99, 500)
    labels = (rng.uniform(size=500) < probabilities**1.5).astype(np.int64)
    found = calibration.of_result(probabilities, labels)
    assert found["brier"] == pytest.approx(brier_score_loss(labels, probabilities), abs=1e-6)
    assert found["log_loss"] == pytest.approx(reference_log_loss(labels, probabilities), abs=1e-6)
    observed, stated = calibration_curve(labels, probabilities, n_bins=10)
    assert [row["observed"] for row in found["reliability"]] == pytest.approx(list(observed), abs=1e-6)
    assert [row["stated"] for row in found["reliability"]] == pytest.approx(list(stated), abs=1e-6)
