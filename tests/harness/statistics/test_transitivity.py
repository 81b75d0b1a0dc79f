"""Cyclic triads, by hand."""

from __future__ import annotations

from harness.records import GroundTruth
from harness.statistics import transitivity


def answer(pair: str, first: int, second: int, article: str = "t") -> GroundTruth:
    return GroundTruth(pair, int(first < second), article, (first, second))


def test_a_cycle_of_three_steps_is_counted_however_the_pairs_were_asked() -> None:
    """0 before 1, 1 before 2, but 2 before 0: a cycle. In article u the same pairs are answered in line."""
    answers = [answer("p", 0, 1), answer("q", 2, 1), answer("r", 0, 2)]
    answers += [answer("x", 0, 1, "u"), answer("y", 2, 1, "u"), answer("z", 0, 2, "u"), answer("w", 0, 7, "u")]
    predictions = {"p": 0.9, "q": 0.1, "r": 0.2, "x": 0.9, "y": 0.1, "z": 0.8, "w": 1.0}
    assert transitivity.of_result(answers, predictions) == {"triads": 2, "cyclic": 1}
