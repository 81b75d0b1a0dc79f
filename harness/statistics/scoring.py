"""What the benchmark says of one result: a pure function of questions, answers and predictions.

The headline is the macro accuracy, the mean over categories of eq. 4, so that a large category counts no more than a
small one; micro counts every pair once. Intervals are clustered by article (`intervals.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.records import GroundTruth, StepPair
from harness.statistics import calibration, intervals, precision, strata, transitivity
from harness.statistics.tally import Tally, bounded, by_category, grade, rounded


def score(
    questions: Sequence[StepPair], answers: Sequence[GroundTruth], predictions: Mapping[str, float], key: bytes
) -> dict[str, Any]:
    """Every score of one result, ready for JSON. key: what the bootstrap draws by.

    Raises SubmissionError if a question has no prediction. Predictions of other pairs, as canaries are, are left alone.
    """
    correct = grade(questions, answers, predictions)
    tallies = by_category(questions, answers, correct)
    probabilities = np.array([predictions[answer.pair_id] for answer in answers])
    labels = np.array([answer.label for answer in answers])
    return {
        "accuracy": accuracy(tallies, key),
        "precision": precision.of_result(tallies),
        "calibration": calibration.of_result(probabilities, labels),
        "strata": strata.of_result(questions, answers, correct, key),
        "transitivity": transitivity.of_result(answers, predictions),
    }


def accuracy(tallies: Sequence[Tally], key: bytes) -> dict[str, Any]:
    """Macro, micro and categories, each with its interval."""
    drawn = [intervals.resampled(t.correct, t.asked, key, t.category) for t in tallies]
    articles = [len(t.articles) for t in tallies]
    pairs = sum(t.pairs for t in tallies)
    macro = sum(t.accuracy for t in tallies) / len(tallies)
    micro = sum(t.right for t in tallies) / pairs
    drawn_macro = np.mean([d.accuracy for d in drawn], axis=0)
    drawn_micro = np.sum([d.correct for d in drawn], axis=0) / np.sum([d.asked for d in drawn], axis=0)
    return {
        "macro": bounded(macro, intervals.of_several(macro, drawn_macro, articles)),
        "micro": bounded(micro, intervals.of_several(micro, drawn_micro, articles)) | {"pairs": pairs},
        "categories": {t.category: _category(t, d) for t, d in zip(tallies, drawn, strict=True)},
    }


def _category(tally: Tally, drawn: intervals.Resampled) -> dict[str, Any]:
    interval = intervals.of_category(tally.correct, tally.asked, drawn)
    naive = intervals.wilson(tally.right, tally.pairs)
    return bounded(tally.accuracy, interval) | {
        "pairs": tally.pairs,
        "articles": len(tally.articles),
        "method": interval.method,
        "wilson": [rounded(end) for end in naive],
    }
