"""Can the probabilities be believed? Brier score, log-loss, calibration error, reliability curve.

All are of the event "the steps are in order" and its stated probability. A coin that says 0.5 has Brier 0.25, log-loss
ln 2 = 0.693147 and no calibration error: these tell of belief, not of skill.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.statistics.intervals import Counts, Floats
from harness.statistics.tally import rounded

BINS = 10  # of equal width over [0, 1]; 1 belongs to the last
FLOOR = 1e-6  # a certain and wrong answer costs ln(1e6) = 13.8, not infinity


def of_result(probabilities: Floats, labels: Counts) -> dict[str, Any]:
    """probabilities: of in order, in [0, 1]; labels: 1 in order, 0 out of order; both (pairs,)."""
    curve = reliability(probabilities, labels)
    return {
        "brier": rounded(float(np.mean((probabilities - labels) ** 2))),
        "log_loss": rounded(log_loss(probabilities, labels)),
        "expected_calibration_error": rounded(calibration_error(probabilities, labels)),
        "predicted_in_order": rounded(float(np.mean(probabilities > 0.5))),
        "reliability": curve,
    }


def log_loss(probabilities: Floats, labels: Counts) -> float:
    """Mean negative logarithm of the probability given to the truth, clipped at FLOOR."""
    truth = np.where(labels == 1, probabilities, 1 - probabilities)
    return float(-np.mean(np.log(np.maximum(truth, FLOOR))))


def calibration_error(probabilities: Floats, labels: Counts) -> float:
    """Mean over pairs of |stated - observed| of their bin (Naeini et al. 2015). Bins of few pairs bias it upwards."""
    bins = _bins(probabilities)
    gaps = np.bincount(bins, weights=probabilities - labels, minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def reliability(probabilities: Floats, labels: Counts) -> list[dict[str, Any]]:
    """Of each bin that holds a pair: mean stated probability, share in order, number of pairs."""
    bins = _bins(probabilities)
    rows = []
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            stated, observed = probabilities[inside].mean(), labels[inside].mean()
            rows.append({"stated": rounded(stated), "observed": rounded(observed), "pairs": int(inside.sum())})
    return rows


def _bins(probabilities: Floats) -> Counts:
    return np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
